//! The stages of a release: configuration, order, fold, waivers.
//!
//! [`load`] reads and checks everything that decides, [`prepare`] compiles the plugins, [`run`]
//! calls them and folds their answers. `docs/pipeline.md` beside this package describes the file.

mod at;
mod beside;
mod channel;
mod compare;
mod compose;
mod edits;
mod event;
mod file;
mod fold;
mod help;
mod kept;
mod load;
mod notice;
mod order;
mod parse;
mod place;
mod plan;
mod problem;
mod quantity;
mod read;
mod record;
mod resolve;
mod run;
mod source;
mod tables;
mod threshold;
mod tighten;
mod waiver;

/// The operator's time zone where no file names one.
const DEFAULT_ZONE: &str = "UTC";

pub use at::At;
pub use beside::SETTINGS_FILES_MAX;
pub use channel::{BODY_BYTES_MAX, ChannelPlan, MESSAGES_MAX};
pub use compare::Past;
pub use edits::{Before, EditRecord};
pub use event::{EVENT_FINDING_BYTES_MAX, EVENT_FINDINGS_MAX, MESSAGE_BYTES_MAX};
pub use file::{
    ArtifactTable, ChannelTable, EvidenceTable, Expiry, File, GrantsTable, LimitsTable,
    PluginTable, ReleaseTable, RuleSetting, RunLimitsTable, SettingsFiles, StageTable, UseEntry,
    UseTable, WaiverTable,
};
pub use fold::{Judge, Judgement, worst};
pub use load::{Configuration, Flags, Request, Stage, Use, load};
pub use notice::RangeNotes;
pub use order::order;
pub use parse::{parse, schema, source};
pub use plan::{Layer, Plan, PluginPlan, ReleasePlan, RunLimits, Set, StagePlan, UsePlan};
pub use problem::{ConfigurationError, FILE_BYTES_MAX, Problem};
pub use quantity::{QuantityError, Size, Span};
pub use read::{FILE_NAME, Named, embedded, trust_of_revision};
pub use record::{
    ConfigurationRecord, JudgedFinding, MessageRecord, Mode, OnFault, PluginRecord, RunRecord,
    SourceRecord, StageRecord, Trust, WaiverRecord,
};
pub use resolve::{Resolved, STAGE_KINDS};
pub use run::{Judged, Prepared, Progress, prepare, run};
pub use source::{Origin, Site, Source};
pub use threshold::{Percentile, Thresholds};
pub use tighten::tighten;
pub use waiver::{Place, Waiver};
