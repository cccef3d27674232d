use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::SCHEMA_VERSION;
use super::history::SummaryReport;
use crate::model::{
    EffectState, Entry, MessageState, OutboxMessage, Progress, RunSummary, Statement,
};
use crate::report::journal;

/// What `status --format json` writes: all that is recorded of a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Holdpoint status")]
pub struct StatusReport {
    /// Version of this document's form.
    pub schema: u32,
    /// Where it is recorded, without a password.
    pub store: String,
    /// The run.
    pub run: SummaryReport,
    /// Its effects that have begun.
    pub effects: Vec<KnownEffectReport>,
    /// What people signed about it, in the order in which it came.
    pub statements: Vec<StatementReport>,
    /// Its messages, in the order in which they were composed.
    pub messages: Vec<SentReport>,
    /// Its journal, in order.
    pub journal: Vec<EntryReport>,
}

/// What is known of an effect.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KnownEffectReport {
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

/// What a person signed. Whether it counts is decided in every sitting anew.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StatementReport {
    /// Names it.
    pub digest: String,
    /// When it was given, RFC 3339 in UTC.
    pub time: String,
    /// The document that was signed.
    pub document: String,
}

/// A message on its way.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SentReport {
    /// Name of the channel.
    pub channel: String,
    /// The event.
    pub event: String,
    /// One line on what it says.
    pub summary: String,
    /// `pending`, `sending`, `sent` or `undelivered`.
    pub state: String,
    /// Why it is not there.
    pub why: Option<String>,
}

/// One line of the journal.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EntryReport {
    /// Counts from 1.
    pub number: u32,
    /// The sitting that wrote it; 0 for none.
    pub sitting: u32,
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// What happened, by its stable name.
    pub what: String,
    /// The same in one sentence.
    pub sentence: String,
}

impl StatusReport {
    /// The report of a run.
    #[must_use]
    pub fn new(
        store: String,
        run: &RunSummary,
        entries: &[Entry],
        statements: &[Statement],
        messages: &[OutboxMessage],
    ) -> Self {
        Self {
            schema: SCHEMA_VERSION,
            store,
            run: SummaryReport::new(run),
            effects: Progress::of(entries)
                .effects()
                .map(|(effect, state)| KnownEffectReport {
                    effect: effect.to_string(),
                    state: state.name().to_owned(),
                    what: state.intent().what.raw().to_owned(),
                    why: match state {
                        EffectState::Failed(_, why) | EffectState::NotBegun(_, why) => {
                            Some(why.raw().to_owned())
                        }
                        _ => None,
                    },
                    key: state.intent().key.clone(),
                })
                .collect(),
            statements: statements
                .iter()
                .map(|statement| StatementReport {
                    digest: statement.digest().to_string(),
                    time: statement.time.to_string(),
                    document: String::from_utf8_lossy(&statement.document).into_owned(),
                })
                .collect(),
            messages: messages.iter().map(SentReport::new).collect(),
            journal: entries
                .iter()
                .map(|entry| EntryReport {
                    number: entry.number,
                    sitting: entry.sitting,
                    time: written(entry.time),
                    what: entry.record.name().to_owned(),
                    sentence: journal::sentence(entry),
                })
                .collect(),
        }
    }
}

fn written(time: Timestamp) -> String {
    time.to_string()
}

impl SentReport {
    pub(super) fn new(message: &OutboxMessage) -> Self {
        let (state, why) = match &message.state {
            MessageState::Pending { said, .. } => ("pending", said.as_ref()),
            MessageState::Sending { .. } => ("sending", None),
            MessageState::Sent { .. } => ("sent", None),
            MessageState::Undelivered { said } => ("undelivered", Some(said)),
        };
        Self {
            channel: message.key.channel.clone(),
            event: message.key.event.clone(),
            summary: message.summary.raw().to_owned(),
            state: state.to_owned(),
            why: why.map(|why| why.raw().to_owned()),
        }
    }
}
