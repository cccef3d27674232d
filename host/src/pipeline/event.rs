use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::channel::{ChannelPlan, MESSAGES_MAX};
use super::load::{Configuration, Stage};
use super::run::{Calls, Judged, Prepared};
use super::{JudgedFinding, MessageRecord, StageRecord};
use crate::model::{
    Answer, Channel, Digest, Event, EventKind, Finding, Kind, LimitKind, Outcome, Text, Verdict,
};
use crate::sandbox::{Call, Input, Recording};

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

/// What happens in a rehearsal, in order, given what its stages came to: nobody approves, overrides
/// or carries out anything.
pub(super) fn events(
    run: &str,
    plan: &[Stage],
    stages: &[StageRecord],
    verdict: Verdict,
) -> Vec<Event> {
    let mut events = beginning(run, plan);
    for stage in stages {
        events.extend(of_decision(run, stage));
    }
    events.push(finished(run, stages, verdict, false));
    events
}

/// The stages are known, and the first one begins.
pub(super) fn beginning(run: &str, stages: &[Stage]) -> Vec<Event> {
    let calls = stages.iter().flat_map(|stage| &stage.uses);
    let calls = calls.filter(|used| used.kind != Kind::Verify).count();
    let planned = format!(
        "{} with {} {} planned.",
        count(stages.len(), "stage", "stages"),
        count(calls, "call of a plugin", "calls of plugins"),
        if stages.len() == 1 { "is" } else { "are" }
    );
    let started = format!(
        "The first stage, {}, begins.",
        stages.first().map_or("none", |stage| stage.id.as_str())
    );
    vec![
        of_run(run, EventKind::Planned, None, planned),
        of_run(run, EventKind::Started, None, started),
    ]
}

/// A stage waits or is stopped; what it waited for has come; somebody broke the glass.
pub(super) fn of_decision(run: &str, stage: &StageRecord) -> Vec<Event> {
    let mut events = Vec::new();
    if let Some(approval) = &stage.approval
        && approval.verdict == Verdict::Go
        && !approval.counted.is_empty()
    {
        let names: Vec<&str> = approval
            .counted
            .iter()
            .map(|counted| counted.principals.raw())
            .collect();
        let reason = format!("Stage {} was approved by {}.", stage.id, names.join(", "));
        events.push(of_stage(run, EventKind::Approved, &stage.id, None, reason));
    }
    let kind = match stage.verdict {
        Verdict::Go => return events,
        Verdict::Wait => EventKind::Waiting,
        Verdict::NoGo | Verdict::Fault => EventKind::Blocked,
    };
    let mut event = of_stage(
        run,
        kind,
        &stage.id,
        Some(stage.verdict),
        stage_reason(stage),
    );
    event.findings = blocking([stage]);
    events.push(event);
    if let Some(over) = stage.overriding.as_ref().filter(|over| over.is_given) {
        let names: Vec<String> = over
            .counted
            .iter()
            .map(|counted| {
                let reason = counted.reason.as_ref().map_or("", Text::raw);
                format!("{} ({reason})", counted.principals.raw())
            })
            .collect();
        let reason = format!(
            "Stage {} is let go although its verdict is {}: {}.",
            stage.id,
            stage.verdict,
            names.join(", ")
        );
        let verdict = Some(stage.verdict);
        events.push(of_stage(
            run,
            EventKind::Overridden,
            &stage.id,
            verdict,
            reason,
        ));
    }
    events
}

/// Something that happened in a stage.
pub(super) fn of_stage(
    run: &str,
    kind: EventKind,
    stage: &str,
    verdict: Option<Verdict>,
    reason: String,
) -> Event {
    Event {
        stage: Some(stage.to_owned()),
        ..of_run(run, kind, verdict, reason)
    }
}

/// Something that happened to the run as a whole.
pub(super) fn of_run(
    run: &str,
    kind: EventKind,
    verdict: Option<Verdict>,
    reason: String,
) -> Event {
    Event {
        kind,
        run: run.to_owned(),
        stage: None,
        verdict,
        reason: Text::from(reason),
        findings: Vec::new(),
    }
}

/// The run is over.
pub(super) fn finished(
    run: &str,
    stages: &[StageRecord],
    verdict: Verdict,
    is_undone: bool,
) -> Event {
    let mut reason = run_reason(stages, verdict);
    if is_undone {
        reason.push_str(" An effect failed, and what was carried out was undone.");
    }
    Event {
        findings: blocking(stages),
        ..of_run(run, EventKind::Finished, Some(verdict), reason)
    }
}

/// Tells the channels of the events, one event after the other and the channels of one side by
/// side, as far as `hears` says so. Whatever a plugin does here, no verdict changes.
pub(super) async fn tell(
    calls: &Calls,
    configuration: &Configuration,
    prepared: &Prepared,
    judged: &Judged,
    events: Vec<Event>,
    hears: &(dyn Fn(&str) -> bool + Sync),
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
            if !channel.events.contains(&event.kind) || !hears(name) {
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
                recording: Some(Recording::new(&channel.plugin, event.stage.as_deref())),
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
            let called = calls.call(judged.in_reach_of(loaded), call);
            let record = async move {
                let (channel, plugin, version) = made;
                MessageRecord {
                    channel,
                    plugin,
                    version,
                    digest,
                    event: kind,
                    stage,
                    event_id: None,
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
    let missing = match missing(stage) {
        none if none.is_empty() => said_missing(stage),
        claimed => claimed,
    };
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

/// What the host says is missing: approvals, leases.
fn said_missing(stage: &StageRecord) -> String {
    let missing: Vec<&str> = stage.missing.iter().map(Text::raw).collect();
    Text::from(missing.join("; "))
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
