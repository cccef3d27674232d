//! The nouns of a release, and pure rules about them. Nothing here reads, writes or asks.

mod circumstances;
mod digest;
mod finding;
mod grants;
mod outcome;
mod release;
mod score;
mod text;
mod verdict;

pub use circumstances::{Circumstances, ContinuousIntegration};
pub use digest::{Digest, DigestWriter, ParseDigestError};
pub use finding::{Finding, Location, RuleId};
pub use grants::{Grants, TreeGrant, TreeGrantError};
pub use holdpoint_build::{Capability, Kind, Severity};
pub use outcome::{Answer, Event, EventKind, FaultCode, GuestFault, LimitKind, Outcome};
pub use outcome::{
    Approval, Assessment, Channel, Demand, Edit, Factor, Header, Health, Lease, Measurement,
    Message, PlannedRequest, Reading, Requirement, Sharing, Step, Window,
};
pub use release::{
    Artifact, Change, ChangeKind, Commit, Evidence, Measures, ObjectName, Owners, Person, Release,
    Subject, Totals, Trailer,
};
pub use score::{Basis, COMPARED_RELEASES_MIN, Earlier, SCALE_MIDDLE, ScaleReason, Score};
pub use text::Text;
pub(crate) use text::is_unsafe_on_terminal;
pub use verdict::{Effects, Verdict};
