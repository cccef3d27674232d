use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::model::{Effects, RunState, RunSummary, Verdict};

/// What `history --format json` writes: the runs of a store, newest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Holdpoint history")]
pub struct HistoryReport {
    /// Version of this document's form.
    pub schema: u32,
    /// Where they are recorded, without a password.
    pub store: String,
    /// The runs.
    pub runs: Vec<SummaryReport>,
}

/// A run, as a list shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SummaryReport {
    /// Its identifier.
    pub run: String,
    /// Name of the project.
    pub project: String,
    /// Where the release is going.
    pub target: Option<String>,
    /// Version to be released.
    pub version: Option<Version>,
    /// Full object name of the judged commit.
    pub head: String,
    /// Whether it goes on.
    pub state: RunState,
    /// The verdict of the last sitting; none before there is one.
    pub verdict: Option<Verdict>,
    /// Whether somebody broke the glass.
    pub overridden: bool,
    /// What became of its effects.
    pub effects: Effects,
    /// Sittings so far.
    pub sittings: u32,
    /// When it was made, RFC 3339 in UTC.
    pub began: String,
    /// When something was last recorded of it.
    pub changed: String,
    /// Digest of the subject document.
    pub subject: String,
    /// Digest of everything that decides.
    pub configuration: String,
}

impl HistoryReport {
    /// The report of these runs.
    #[must_use]
    pub fn new(store: String, runs: &[RunSummary]) -> Self {
        Self {
            schema: SCHEMA_VERSION,
            store,
            runs: runs.iter().map(SummaryReport::new).collect(),
        }
    }
}

impl SummaryReport {
    pub(super) fn new(run: &RunSummary) -> Self {
        Self {
            run: run.id.to_string(),
            project: run.key.project.raw().to_owned(),
            target: run
                .key
                .target
                .as_ref()
                .map(|target| target.raw().to_owned()),
            version: run.version.clone(),
            head: run.head.to_string(),
            state: run.state,
            verdict: run.verdict,
            overridden: run.overridden,
            effects: run.effects,
            sittings: run.sittings,
            began: run.began.to_string(),
            changed: run.changed.to_string(),
            subject: run.key.subject.to_string(),
            configuration: run.key.configuration.to_string(),
        }
    }
}
