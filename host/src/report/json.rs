//! For machines: one documented schema a document, and text that cannot harm who looks at it.

mod ahead;
mod answer;
mod base;
mod check;
mod error;
mod event;
mod history;
mod next;
mod run;
mod score;
mod sitting;
mod status;
mod transcript;

pub use crate::model::write_harmless as write;
pub use ahead::{
    CheckedApprovalReport, CheckedEffectsReport, CheckedOverrideReport, CheckedRangeReport,
};
pub use answer::{
    AnswerReport, ClaimReport, DemandReport, EditPlaceReport, EditReport, FactorReport,
    MeasureReport, MessageReport, PlaceReport, RequestReport, StepReport,
};
pub(super) use answer::{health_name, instant};
pub use base::{BaseSourceKind, BaseSourceReport};
pub use check::{
    CheckReport, CheckedChannelReport, CheckedEvidenceReport, CheckedFileReport,
    CheckedPluginReport, CheckedStageReport, CheckedWaiverReport, RuleReport, SignerReport,
};
pub use error::{ErrorBody, ErrorReport, FilePlace};
pub use event::EventReport;
pub use history::{HistoryReport, SummaryReport};
pub use next::{NextReport, ReasonReport};
pub(super) use run::level_name;
pub use run::{
    CiReport, CircumstancesReport, ConfigurationReport, ConfinementReport, EvidenceReport,
    FaultReport, FindingReport, GrantsReport, HttpGrantReport, LimitsReport, LogLineReport,
    NamedFileReport, PluginReport, RunReport, SecretGrantReport, SourceReport, StageReport,
    SubjectReport, WaiverReport,
};
pub use score::{BasisReport, ReasonForScaleReport, ScoreReport};
pub use sitting::{
    ApprovalReport, CountedReport, EffectReport, MeasuredCallReport, MeasuredReport,
    OverrideReport, RejectedReport, SittingReport,
};
pub use status::{EntryReport, KnownEffectReport, SentReport, StatementReport, StatusReport};
pub use transcript::{
    GivenAnswerReport, GivenEditReport, GivenFindingReport, HostCallReport, QuestionReport,
    ToldChannelReport, ToldEventReport, TranscriptReport,
};

/// Version of the documents. It is counted up when a field goes away or changes its meaning; a new
/// field does not count.
pub const SCHEMA_VERSION: u32 = 1;

/// JSON Schema of what `run --format json` writes.
#[must_use]
pub fn run_schema() -> schemars::Schema {
    schemars::schema_for!(RunReport)
}

/// JSON Schema of what `check --format json` writes.
#[must_use]
pub fn check_schema() -> schemars::Schema {
    schemars::schema_for!(CheckReport)
}

/// JSON Schema of what `next --format json` writes.
#[must_use]
pub fn next_schema() -> schemars::Schema {
    schemars::schema_for!(NextReport)
}

/// JSON Schema of what `status --format json` writes.
#[must_use]
pub fn status_schema() -> schemars::Schema {
    schemars::schema_for!(StatusReport)
}

/// JSON Schema of what `history --format json` writes.
#[must_use]
pub fn history_schema() -> schemars::Schema {
    schemars::schema_for!(HistoryReport)
}

/// JSON Schema of what `status RUN --plugin NAME --format json` writes.
#[must_use]
pub fn transcript_schema() -> schemars::Schema {
    schemars::schema_for!(TranscriptReport)
}
