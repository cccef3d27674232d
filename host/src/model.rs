//! The nouns of a release, and pure rules about them. Nothing here reads, writes or asks.

mod base;
mod circumstances;
mod difference;
mod digest;
mod edit;
mod exact;
mod finding;
mod grants;
mod harmless;
mod host_call;
mod http_grant;
mod http_method;
mod http_url;
mod input;
mod journal;
mod limits;
mod log;
mod outbox;
mod outcome;
mod past_release;
mod progress;
mod release;
mod run;
mod score;
mod secret_grant;
mod statement;
mod text;
mod transcript;
mod url_template;
mod verdict;

pub use base::{BaseSource, Extent};
pub use circumstances::{Circumstances, ContinuousIntegration};
pub use difference::Difference;
pub use digest::{Digest, DigestWriter, ParseDigestError};
pub use edit::{Edit, NewContent, Unfit};
pub use finding::{Finding, Location, RuleId};
pub use grants::{Grants, TreeGrant, TreeGrantError};
pub use harmless::write_harmless;
pub use holdpoint_build::{Capability, Kind, Severity};
pub use host_call::{Body, FileRefusal, HostAnswer, HostCall, HostQuestion, HttpRefusal};
pub use http_grant::{HttpGrant, PlannedGrant, UrlPrefix, UrlPrefixError};
pub use http_method::{AskingMethod, HttpMethod, PlannedMethod};
pub use http_url::{HttpUrl, URL_BYTES_MAX, UrlError};
pub use input::Input;
pub use journal::{
    Asked, CallEntry, Decision, EffectId, EffectOutcome, Entry, Intent, Invocation, Measured,
    Measuring, ParseEffectError, Part, Planned, PlannedStep, Record, Settlement,
};
pub use limits::Limits;
pub use log::{LogLevel, LogLine};
pub use outbox::{MessageKey, MessageState, OutboxMessage};
pub use outcome::{Answer, Event, EventKind, FaultCode, GuestFault, LimitKind, Outcome};
pub use outcome::{
    Approval, Assessment, Channel, Content, Demand, Element, Factor, Header, Health, Lease,
    Measurement, Message, PlannedRequest, Probe, Reading, Requirement, Sharing, Step, Window,
};
pub use past_release::{Ending, PastRelease};
pub use progress::{EffectState, Progress};
pub use release::{
    Artifact, Change, ChangeKind, Commit, Evidence, Measures, ObjectName, Owners, Person, Release,
    Subject, Totals, Trailer,
};
pub use run::{Holder, RunId, RunKey, RunState, RunSummary, is_run_prefix};
pub use score::{Basis, COMPARED_RELEASES_MIN, Earlier, SCALE_MIDDLE, ScaleReason, Score};
pub use secret_grant::{SECRET_BYTES_MIN, SecretGrant, SecretSlot, ValueCommand, ValueSource};
pub use statement::{
    Act, Assumed, Binding, REASON_BYTES_MAX, STATEMENT_BYTES_MAX, STATEMENT_NAMESPACE, Statement,
    StatementBody, StatementProblem,
};
pub use text::Text;
pub(crate) use text::is_unsafe_on_terminal;
pub use transcript::{CutCall, Given, Transcript, TranscriptError};
pub(crate) use url_template::URL_ENCODED;
pub(crate) use url_template::scalar;
pub use url_template::{Reference, ReferenceError, UrlTemplate, UrlTemplateError};
pub use verdict::{Effects, Verdict};
