use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::answer::MessageReport;
use super::run::{FaultReport, LimitsReport, LogLineReport};
use crate::model::{Answer, EventKind, MessageState, Outcome};
use crate::pipeline::{MessageRecord, SittingRecord};

/// What the plugin of one channel made of one event.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EventReport {
    /// Name of the channel.
    pub channel: String,
    /// Name of its plugin in the pipeline file.
    pub plugin: String,
    /// The plugin's version.
    pub version: Version,
    /// Digest of the component.
    pub digest: String,
    /// What happened.
    pub event: EventKind,
    /// The stage that it happened in; none for the run as a whole.
    pub stage: Option<String>,
    /// What became of the call, as of a plugin in a stage. It changes no verdict.
    pub outcome: String,
    /// Why there is no answer; none when it answered.
    pub fault: Option<FaultReport>,
    /// What would be said; empty for nothing, and when it did not answer.
    pub messages: Vec<MessageReport>,
    /// Whether all of its messages have arrived at the channel's address.
    pub sent: bool,
    /// The bounds that were in force.
    pub limits: LimitsReport,
    /// Fuel used.
    pub fuel: u64,
    /// Largest sum of its memories and tables, in bytes.
    pub memory_bytes: u64,
    /// Wall-clock time in milliseconds; differs from run to run.
    pub duration_ms: u64,
    /// What it logged and printed, in order.
    pub log: Vec<LogLineReport>,
}

impl EventReport {
    pub(super) fn new(record: &MessageRecord, sitting: Option<&SittingRecord>) -> Self {
        let call = &record.call;
        Self {
            channel: record.channel.clone(),
            plugin: record.plugin.clone(),
            version: record.version.clone(),
            digest: record.digest.to_string(),
            event: record.event,
            stage: record.stage.clone(),
            outcome: call.outcome.name().to_owned(),
            fault: FaultReport::new(&call.outcome),
            messages: match &call.outcome {
                Outcome::Answered(Answer::Messages(messages)) => {
                    messages.iter().map(MessageReport::new).collect()
                }
                _ => Vec::new(),
            },
            sent: sitting.is_some_and(|sitting| is_sent(record, sitting)),
            limits: LimitsReport::new(&record.limits),
            fuel: call.fuel,
            memory_bytes: call.memory_bytes,
            duration_ms: u64::try_from(call.duration.as_millis()).unwrap_or(u64::MAX),
            log: call.log.iter().map(LogLineReport::new).collect(),
        }
    }
}

/// Whether there is a message of this event for this channel, and every one has arrived.
fn is_sent(record: &MessageRecord, sitting: &SittingRecord) -> bool {
    let Some(event) = &record.event_id else {
        return false;
    };
    let mut own = sitting
        .outbox
        .iter()
        .filter(|message| message.key.channel == record.channel && message.key.event == *event)
        .peekable();
    own.peek().is_some() && own.all(|message| matches!(message.state, MessageState::Sent { .. }))
}
