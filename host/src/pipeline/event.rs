use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::channel::{ChannelPlan, MESSAGES_MAX};
use super::load::Configuration;
use super::run::{Calls, Judged, Prepared};
use super::{JudgedFinding, MessageRecord, StageRecord};
use crate::model::{
    Answer, Channel, Digest, Event, EventKind, Finding, LimitKind, Outcome, Text, Verdict,
};
use crate::sandbox::{Call, Input};

/// The most findings that an event carries: nobody reads more in a message.
pub const EVENT_FINDINGS_MAX: usize = 1_000;

/// The most text of findings that an event carries, in bytes: a plugin has to fit it in its memory
/// several times over.
pub const EVENT_FINDING_BYTES_MAX: usize = 4 << 20;

/// The bodies of all messages of a run together, in bytes: they are kept until the report is
/// written.
pub const MESSAGE_BYTES_MAX: u64 = 16 << 20;

/// The longest list of what is missing in the reason of an event, in characters.
const REASON_CHARACTERS_MAX: usize = 2_000;

/// What happened in a run, in order, given what its stages came to. Nothing can be approved,
/// overridden, carried out or verified yet.
pub(super) fn events(run: &str, stages: &[StageRecord], verdict: Verdict) -> Vec<Event> {
    let event = |kind, stage: Option<&StageRecord>, verdict, reason: String, findings| Event {
        kind,
        run: run.to_owned(),
        stage: stage.map(|stage| stage.id.clone()),
        verdict,
        reason: Text::from(reason),
        findings,
    };
    let plugins: usize = stages.iter().map(|stage| stage.plugins.len()).sum();
    let mut events = vec![
        event(
            EventKind::Planned,
            None,
            None,
            format!(
                "{} with {} {} planned.",
                count(stages.len(), "stage", "stages"),
                count(plugins, "call of a plugin", "calls of plugins"),
                if stages.len() == 1 { "is" } else { "are" }
            ),
            Vec::new(),
        ),
        event(
            EventKind::Started,
            None,
            None,
            format!(
                "The first stage, {}, begins.",
                stages.first().map_or("none", |stage| stage.id.as_str())
            ),
            Vec::new(),
        ),
    ];
    for stage in stages {
        let kind = match stage.verdict {
            Verdict::Go => continue,
            Verdict::Wait => EventKind::Waiting,
            Verdict::NoGo | Verdict::Fault => EventKind::Blocked,
        };
        events.push(event(
            kind,
            Some(stage),
            Some(stage.verdict),
            stage_reason(stage),
            blocking([stage]),
        ));
    }
    events.push(event(
        EventKind::Finished,
        None,
        Some(verdict),
        run_reason(stages, verdict),
        blocking(stages),
    ));
    events
}

/// Tells the channels of the events, one event after the other and the channels of one side by
/// side. Whatever a plugin does here, no verdict changes.
pub(super) async fn tell(
    calls: &Calls,
    configuration: &Configuration,
    prepared: &Prepared,
    judged: &Judged,
    events: Vec<Event>,
) -> Vec<MessageRecord> {
    let release = &judged.release;
    let mut records = Vec::new();
    let mut bytes = 0;
    for event in events {
        let mut tasks = JoinSet::new();
        for (name, channel) in &configuration.plan.channels {
            let (Some(loaded), Some(resolved)) = (
                prepared.loaded.get(&channel.plugin),
                configuration.plugins.get(&channel.plugin),
            ) else {
                continue;
            };
            if !channel.events.contains(&event.kind) {
                continue;
            }
            let call = Call {
                release: Arc::clone(release),
                settings: resolved.settings.to_string(),
                input: Input::Notify {
                    event: event.clone(),
                    channel: taken(name, channel),
                },
                limits: configuration.plan.channel_limits(channel),
                seed: seed(&release.digest, &resolved.plugin.digest, name, &event),
            };
            let span = tracing::info_span!(
                "call",
                plugin = %channel.plugin,
                channel = %name,
                event = event.kind.name(),
                outcome = tracing::field::Empty
            );
            let made = (
                name.clone(),
                channel.plugin.clone(),
                resolved.plugin.manifest.version.clone(),
            );
            let (digest, limits) = (resolved.plugin.digest, call.limits);
            let (kind, stage) = (event.kind, event.stage.clone());
            let called = calls.call(loaded.with_tree(Arc::clone(&judged.tree)), call);
            let record = async move {
                let (channel, plugin, version) = made;
                MessageRecord {
                    channel,
                    plugin,
                    version,
                    digest,
                    event: kind,
                    stage,
                    limits,
                    call: called.await,
                }
            };
            tasks.spawn(record.instrument(span));
        }
        let mut told = BTreeMap::new();
        while let Some(joined) = tasks.join_next().await {
            match joined {
                Ok(record) => {
                    told.insert(record.channel.clone(), record);
                }
                // Nobody cancels these tasks: what is left is a panic of the host, which stays one.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        for mut record in told.into_values() {
            record.call.outcome = bounded(record.call.outcome, &mut bytes);
            records.push(record);
        }
    }
    records
}

/// What a plugin is told of its channel.
fn taken(name: &str, channel: &ChannelPlan) -> Channel {
    Channel {
        name: name.to_owned(),
        media_type: channel.media_type.clone(),
        body_bytes_max: channel.body_bytes_max,
    }
}

/// The seed of a call's random numbers. The run's identifier is not part of it, so that the same
/// run twice differs in nothing else.
fn seed(subject: &Digest, plugin: &Digest, channel: &str, event: &Event) -> [u8; 32] {
    *Digest::of_json(&(subject, plugin, channel, event.kind, &event.stage)).bytes()
}

/// The outcome, unless it has more messages than an event, or more text than a run may have.
/// `bytes` counts the bodies that are kept.
fn bounded(outcome: Outcome, bytes: &mut u64) -> Outcome {
    let Outcome::Answered(Answer::Messages(messages)) = &outcome else {
        return outcome;
    };
    let too_much = |what, limit| Outcome::TooMuchOutput { what, limit };
    if messages.len() as u64 > MESSAGES_MAX {
        return too_much(LimitKind::Messages, MESSAGES_MAX);
    }
    let more: u64 = messages
        .iter()
        .map(|message| message.body.raw().len() as u64)
        .sum();
    if *bytes + more > MESSAGE_BYTES_MAX {
        return too_much(LimitKind::MessageBytes, MESSAGE_BYTES_MAX);
    }
    *bytes += more;
    outcome
}

/// The findings that block, those that matter most first, as many as an event carries.
fn blocking<'a>(stages: impl IntoIterator<Item = &'a StageRecord>) -> Vec<Finding> {
    let mut bytes = 0;
    judged(stages)
        .filter(|judged| judged.blocks)
        .map(|judged| &judged.finding)
        .take(EVENT_FINDINGS_MAX)
        .take_while(|finding| {
            bytes += finding.message.raw().len()
                + finding.help.as_ref().map_or(0, |help| help.raw().len());
            bytes <= EVENT_FINDING_BYTES_MAX
        })
        .cloned()
        .collect()
}

fn judged<'a>(
    stages: impl IntoIterator<Item = &'a StageRecord>,
) -> impl Iterator<Item = &'a JudgedFinding> {
    stages
        .into_iter()
        .flat_map(|stage| &stage.plugins)
        .flat_map(|plugin| &plugin.findings)
}

/// Why a stage is not go: what could not be decided, what blocks, and what is missing.
fn stage_reason(stage: &StageRecord) -> String {
    let names = |verdict| {
        let names: Vec<&str> = stage
            .plugins
            .iter()
            .filter(|plugin| plugin.verdict == verdict)
            .map(|plugin| plugin.name.as_str())
            .collect();
        names.join(", ")
    };
    let mut parts = Vec::new();
    let undecided = names(Verdict::Fault);
    if !undecided.is_empty() {
        parts.push(format!("{undecided} could not decide"));
    }
    let blocks = judged([stage]).filter(|judged| judged.blocks).count();
    if blocks > 0 {
        let blocks = count(blocks, "finding of {} blocks", "findings of {} block");
        parts.push(blocks.replace("{}", &names(Verdict::NoGo)));
    }
    let missing = missing(stage);
    if !missing.is_empty() {
        parts.push(format!("what is asked for is not there: {missing}"));
    }
    if parts.is_empty() {
        parts.push("a call was not made".to_owned());
    }
    format!("Stage {}: {}.", stage.id, parts.join("; "))
}

/// What those plugins that wait say they wait for.
fn missing(stage: &StageRecord) -> String {
    let reasons: Vec<&str> = stage
        .plugins
        .iter()
        .filter(|plugin| plugin.verdict == Verdict::Wait)
        .flat_map(|plugin| match &plugin.call.outcome {
            Outcome::Answered(Answer::Requirements(requirements)) => requirements.as_slice(),
            _ => &[],
        })
        .map(|requirement| requirement.reason.raw())
        .collect();
    Text::from(reasons.join("; "))
        .shortened(REASON_CHARACTERS_MAX)
        .raw()
        .to_owned()
}

fn run_reason(stages: &[StageRecord], verdict: Verdict) -> String {
    let of_verdict: Vec<&str> = stages
        .iter()
        .filter(|stage| stage.verdict == verdict)
        .map(|stage| stage.id.as_str())
        .collect();
    let what = match verdict {
        Verdict::Go if stages.len() == 1 => return "The one stage is go.".to_owned(),
        Verdict::Go => return format!("All {} stages are go.", stages.len()),
        Verdict::Wait => "something is missing".to_owned(),
        Verdict::NoGo => {
            let blocks = judged(stages).filter(|judged| judged.blocks).count();
            count(blocks, "finding blocks", "findings block")
        }
        Verdict::Fault => "a plugin could not decide".to_owned(),
    };
    format!(
        "The verdict is {verdict}: {what}, in {}.",
        of_verdict.join(", ")
    )
}

fn count(value: usize, one: &str, many: &str) -> String {
    match value {
        1 => format!("1 {one}"),
        value => format!("{value} {many}"),
    }
}
