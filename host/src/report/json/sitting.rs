use schemars::JsonSchema;
use serde::Serialize;

use super::answer::health_name;
use super::run::FaultReport;
use super::status::SentReport;
use crate::model::{EffectState, RunState, Text};
use crate::pipeline::{
    Counted, EffectRecord, MeasureRecord, Overriding, SittingRecord, Standing, StandingRefusal,
};

/// What is recorded of a run, as of its last sitting.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SittingReport {
    /// Counts from 1 within the run.
    pub number: u32,
    /// Where the run is recorded, without a password.
    pub store: String,
    /// Whether the run goes on.
    pub state: RunState,
    /// The signal that ended the sitting: `SIGINT` or `SIGTERM`.
    pub cancelled: Option<String>,
    /// The messages of the run that have somewhere to go.
    pub deliveries: Vec<SentReport>,
}

/// An effect that has begun.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EffectReport {
    /// Which one: the stage, the sort and a number.
    pub effect: String,
    /// `done`, `failed`, `not-begun`, `not-done` or `unknown`.
    pub state: String,
    /// What it does.
    pub what: String,
    /// Why it failed.
    pub why: Option<String>,
    /// The same key makes the same thing once.
    pub key: String,
}

/// One measurement of what a stage deployed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MeasuredReport {
    /// Counts from 1 within the stage.
    pub attempt: u32,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// `healthy`, `degraded`, `failing` or `inconclusive`.
    pub health: String,
    /// What became of each call, by the name of the plugin.
    pub calls: Vec<MeasuredCallReport>,
}

/// One plugin's part of a measurement.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MeasuredCallReport {
    /// Name of the plugin in the pipeline file.
    pub plugin: String,
    /// What became of the call.
    pub outcome: String,
    /// Why there is no answer; none when it answered.
    pub fault: Option<FaultReport>,
    /// What it answered; none when it did not.
    pub answer: Option<super::AnswerReport>,
}

/// What signed statements come to in a stage.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ApprovalReport {
    /// Approvals that fill a place.
    pub counted: Vec<CountedReport>,
    /// Approvals that are right and are not needed.
    pub spare: Vec<CountedReport>,
    /// Who is against it.
    pub refusals: Vec<CountedReport>,
    /// Statements that do not count, and why.
    pub rejected: Vec<RejectedReport>,
}

/// What overrides come to in a stage.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OverrideReport {
    /// Whether the stage is let go.
    pub given: bool,
    /// How many more people it takes; none where nobody can override.
    pub missing: Option<u32>,
    /// Who signed.
    pub counted: Vec<CountedReport>,
    /// Statements that do not count, and why.
    pub rejected: Vec<RejectedReport>,
}

/// A statement that counts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CountedReport {
    /// Digest of the statement.
    pub statement: String,
    /// Under which names it was signed.
    pub principals: String,
    /// When it was signed, RFC 3339 in UTC.
    pub issued: String,
    /// Why.
    pub reason: Option<String>,
}

/// A statement that does not count.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RejectedReport {
    /// Digest of the statement.
    pub statement: String,
    /// Why.
    pub why: String,
}

impl SittingReport {
    pub(super) fn new(record: &SittingRecord) -> Self {
        Self {
            number: record.number,
            store: record.store.clone(),
            state: record.state,
            cancelled: record.cancelled.map(str::to_owned),
            deliveries: record.outbox.iter().map(SentReport::new).collect(),
        }
    }
}

impl EffectReport {
    pub(super) fn new(record: &EffectRecord) -> Self {
        let intent = record.state.intent();
        Self {
            effect: record.effect.to_string(),
            state: record.state.name().to_owned(),
            what: intent.what.raw().to_owned(),
            why: match &record.state {
                EffectState::Failed(_, why) | EffectState::NotBegun(_, why) => {
                    Some(why.raw().to_owned())
                }
                _ => None,
            },
            key: intent.key.clone(),
        }
    }
}

impl ApprovalReport {
    pub(super) fn new(standing: &Standing) -> Self {
        Self {
            counted: standing.counted.iter().map(CountedReport::new).collect(),
            spare: standing.spare.iter().map(CountedReport::new).collect(),
            refusals: standing.refusals.iter().map(refusal).collect(),
            rejected: standing
                .rejected
                .iter()
                .map(|rejected| RejectedReport {
                    statement: rejected.statement.to_string(),
                    why: rejected.why.to_string(),
                })
                .collect(),
        }
    }
}

impl OverrideReport {
    pub(super) fn new(over: &Overriding) -> Self {
        Self {
            given: over.is_given,
            missing: over.missing,
            counted: over.counted.iter().map(CountedReport::new).collect(),
            rejected: over
                .rejected
                .iter()
                .map(|rejected| RejectedReport {
                    statement: rejected.statement.to_string(),
                    why: rejected.why.to_string(),
                })
                .collect(),
        }
    }
}

impl CountedReport {
    fn new(counted: &Counted) -> Self {
        Self {
            statement: counted.statement.to_string(),
            principals: counted.principals.raw().to_owned(),
            issued: counted.issued.to_string(),
            reason: counted
                .reason
                .as_ref()
                .map(|text| Text::raw(text).to_owned()),
        }
    }
}

fn refusal(refusal: &StandingRefusal) -> CountedReport {
    CountedReport {
        statement: refusal.statement.to_string(),
        principals: refusal.principals.raw().to_owned(),
        issued: refusal.issued.to_string(),
        reason: Some(refusal.reason.raw().to_owned()),
    }
}

impl MeasuredReport {
    pub(super) fn new(
        record: &MeasureRecord,
        answer: impl Fn(&crate::model::Outcome) -> Option<super::AnswerReport>,
    ) -> Self {
        Self {
            attempt: record.attempt,
            at: record.at.to_string(),
            health: health_name(record.health).to_owned(),
            calls: record
                .calls
                .iter()
                .map(|(plugin, call)| MeasuredCallReport {
                    plugin: plugin.clone(),
                    outcome: call.outcome.name().to_owned(),
                    fault: FaultReport::new(&call.outcome),
                    answer: answer(&call.outcome),
                })
                .collect(),
        }
    }
}
