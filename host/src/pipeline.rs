//! The stages of a release: configuration, order, fold, waivers.
//!
//! [`load`] reads and checks everything that decides, [`prepare`] compiles the plugins, [`run`]
//! calls them and folds their answers. `docs/pipeline.md` beside this package describes the file.

mod address_table;
mod approval;
mod at;
mod beside;
mod channel;
mod clean_checkout;
mod commands;
mod compare;
mod compose;
mod delivery;
mod destination;
mod destination_plan;
mod edit_file;
mod edits;
mod event;
mod file;
mod fold;
mod grants;
mod help;
mod history;
mod kept;
mod keyring;
mod kill_point;
mod load;
mod networks;
mod notice;
mod order;
mod parse;
mod place;
mod plan;
mod problem;
mod process;
mod quantity;
mod read;
mod record;
mod registries;
mod requests;
mod resolve;
mod retry;
mod run;
mod sitting;
mod source;
mod tables;
mod taking;
mod threshold;
mod tighten;
mod value;
mod value_command;
mod verification;
mod waiver;

/// The operator's time zone where no file names one.
pub const DEFAULT_ZONE: &str = "UTC";

pub use address_table::{AddressEntry, Delivery, SecretTable, ValueTable};
pub use approval::{
    APPROVALS_VALID, ApprovalQuestion, ApprovalRule, Approvers, ApproversPlan, AssumeQuestion,
    Assumption, Counted, Need, OVERRIDE_COUNT_MIN, OVERRIDE_VALID, OVERRIDE_VALID_MAX,
    OverridePlan, OverrideQuestion, Overriding, PEOPLE_MAX, Part, People, Rejected, Rejection,
    Risk, Standing, StandingRefusal, Who, assumption, findings_digest, in_force, overriding,
    standing,
};
pub use at::At;
pub use beside::{SETTINGS_FILES_BYTES_MAX, SETTINGS_FILES_MAX};
pub use channel::{BODY_BYTES_MAX, ChannelPlan, MESSAGES_MAX};
pub use clean_checkout::{ARTIFACTS_FOLDER, CheckoutError, CleanCheckout};
pub use commands::{
    ARGUMENT_BYTES_MAX, ARGUMENTS_MAX, COMMAND_TIMEOUT, COMMAND_TIMEOUT_MAX, COMMANDS_MAX,
    CommandPlan, CommandsPlan, CommandsProblem, ENVIRONMENT_NAMES_MAX, RenderError, RenderProblem,
    RenderedCommands, Template, command_words,
};
pub use compare::Past;
pub use delivery::{Until, deliver, idempotency_key};
pub use destination::Destination;
pub use destination_plan::{ADDRESS_RANGES_MAX, AddressPlan, DestinationPlan, SecretPlan};
pub use edit_file::{EditRefusal, Edited, edit_file};
pub use edits::{Before, EDITED_BYTES_MAX, EditRecord, EditedFile};
pub use event::{EVENT_FINDING_BYTES_MAX, EVENT_FINDINGS_MAX, MESSAGE_BYTES_MAX};
pub use file::{
    ApprovalTable, ApproversTable, ArtifactTable, ChannelTable, EvidenceTable, Expiry, File,
    LimitsTable, OverrideTable, PluginTable, RegistryTable, ReleaseTable, RuleSetting,
    RunLimitsTable, SettingsFiles, StageTable, UseEntry, UseTable, WaiverTable,
};
pub use fold::{Judge, Judgement, worst};
pub use grants::{GrantsTable, HttpGrantTable, SecretGrantTable};
pub use history::{HISTORY_RUNS_MAX, history};
pub use keyring::{Signer, TRUSTED_KEYS_MAX, TrustPlan, TrustedKeyPlan};
pub use load::{Configuration, Flags, Request, Stage, Use, load};
pub use networks::Variable;
pub use notice::{RangeNotes, passed_over_words};
pub use order::order;
pub use parse::{parse, schema, source};
pub use plan::{Layer, Plan, PluginPlan, ReleasePlan, RunLimits, Set, StagePlan, UsePlan};
pub use problem::{ConfigurationError, FILE_BYTES_MAX, Problem};
pub use process::{
    CommandCall, CommandEnd, CommandRecord, GRACE_MS, LINE_BYTES_MAX, LeftBehind, LeftProcess,
    MissingVariable, OUTPUT_BYTES_MAX, Output, OutputLine, StartError, chosen_environment,
    run_command,
};
pub use quantity::{Life, QuantityError, Size, Span};
pub use read::{FILE_NAME, Named, embedded, trust_of_revision};
pub use record::{
    ConfigurationRecord, EffectRecord, JudgedFinding, MeasureRecord, MessageRecord, Mode, OnFault,
    PluginRecord, RunRecord, SittingRecord, SourceRecord, StageRecord, Trust, WaiverRecord,
};
pub use registries::RegistryPlan;
pub use resolve::{Resolved, STAGE_KINDS};
pub use retry::RetryPolicy;
pub use run::{Judged, Prepared, Progress, prepare, run};
pub use sitting::{Beginning, Begun, Desk, Session, SittingError, begin, sit};
pub use source::{Origin, Site, Source};
pub use taking::Taking;
pub use threshold::{Percentile, Thresholds};
pub use tighten::tighten;
pub use value::{VALUE_BYTES_MAX, ValueUser};
pub use value_command::{
    VALUE_COMMAND_TIMEOUT, VALUE_COMMAND_TIMEOUT_MAX, VALUE_OUTPUT_BYTES_MAX, ValueCommandError,
    put_out_by,
};
pub use verification::{ATTEMPTS_MAX, INTERVAL, Inconclusive, Verification, VerificationPlan};
pub use waiver::{Place, Waiver};
