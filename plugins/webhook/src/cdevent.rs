//! One event as a `CDEvent` in a `CloudEvent`.
//!
//! `CDEvents` 0.5.1 (<https://github.com/cdevents/spec/tree/v0.5.1>) has words for some of the
//! events; the others are custom events of its `dev.cdeventsx` form.

use holdpoint_sdk::{Event, EventKind, Fault, Finding, Location, Release, Severity, Verdict};
use serde_json::{Map, Value, json};

use crate::time::rfc3339;
use crate::uri;

/// The version of `CDEvents`. The schemas of 0.5.0 ask for a key that they do not allow, so that no
/// event can be valid under them.
const CDEVENTS: &str = "0.5.1";

/// The longest text of a finding, a reason or a name, in characters.
const TEXT_CHARACTERS_MAX: usize = 1_000;

/// The body for a channel that takes bodies of this size. Findings that do not fit are counted.
pub(crate) fn body(
    release: &Release,
    event: &Event,
    source: &str,
    bytes_max: usize,
) -> Result<String, Fault> {
    // The number is at its longest while the room for findings is worked out.
    let bare = envelope(release, event, source, &[], event.findings.len());
    let bytes = bare.to_string().len();
    let Some(mut room) = bytes_max.checked_sub(bytes) else {
        return Err(Fault::settings(format!(
            "the smallest event has {bytes} bytes and the channel takes {bytes_max}: raise \
             `body-max` of the channel"
        )));
    };
    let mut findings = Vec::new();
    for finding in &event.findings {
        let finding = written(finding);
        // And a comma.
        match room.checked_sub(finding.to_string().len() + 1) {
            Some(left) => room = left,
            None => break,
        }
        findings.push(finding);
    }
    let left_out = event.findings.len() - findings.len();
    Ok(envelope(release, event, source, &findings, left_out).to_string())
}

/// One line for the record.
pub(crate) fn summary(event: &Event) -> String {
    let kind = kind(event.kind);
    match &event.stage {
        Some(stage) => format!("{kind}, stage {}", shortened(stage)),
        None => kind.to_owned(),
    }
}

fn envelope(
    release: &Release,
    event: &Event,
    source: &str,
    findings: &[Value],
    left_out: usize,
) -> Value {
    let name = name(event.kind);
    // The same event of the same run is the same to whoever gets it twice.
    let id = match &event.stage {
        Some(stage) => format!("{}/{name}/{}", event.run, shortened(stage)),
        None => format!("{}/{name}", event.run),
    };
    let kind = kind(event.kind);
    let time = rfc3339(release.circumstances.time);
    let subject = subject_id(release, event);
    json!({
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": kind,
        "subject": subject,
        "time": time,
        "datacontenttype": "application/json",
        "data": {
            "context": {
                "specversion": CDEVENTS,
                "id": id,
                "source": source,
                "type": kind,
                "timestamp": time,
            },
            "subject": {
                "id": subject,
                "source": source,
                "content": content(release, event),
            },
            "customData": custom(release, event, findings, left_out),
            "customDataContentType": "application/json",
        },
    })
}

/// The type of an event.
pub(crate) fn kind(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Planned => "dev.cdevents.pipelinerun.queued.0.3.0",
        EventKind::Started => "dev.cdevents.pipelinerun.started.0.3.0",
        EventKind::Waiting => "dev.cdeventsx.holdpoint-release.waiting.0.1.0",
        EventKind::Approved => "dev.cdeventsx.holdpoint-release.approved.0.1.0",
        EventKind::Blocked => "dev.cdeventsx.holdpoint-release.blocked.0.1.0",
        EventKind::Overridden => "dev.cdeventsx.holdpoint-release.overridden.0.1.0",
        EventKind::Deployed => "dev.cdevents.service.deployed.0.3.0",
        EventKind::Verified => "dev.cdeventsx.holdpoint-release.verified.0.1.0",
        EventKind::Undone => "dev.cdevents.service.rolledback.0.3.0",
        EventKind::Finished => "dev.cdevents.pipelinerun.finished.0.3.0",
    }
}

/// An event in one word.
fn name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Planned => "planned",
        EventKind::Started => "started",
        EventKind::Waiting => "waiting",
        EventKind::Approved => "approved",
        EventKind::Blocked => "blocked",
        EventKind::Overridden => "overridden",
        EventKind::Deployed => "deployed",
        EventKind::Verified => "verified",
        EventKind::Undone => "undone",
        EventKind::Finished => "finished",
    }
}

/// A run for what happens to a run, a service for what happens to one.
fn subject_id(release: &Release, event: &Event) -> String {
    match event.kind {
        EventKind::Deployed | EventKind::Undone => {
            format!("service/{}", uri::segment(&release.subject.project))
        }
        _ => format!("run/{}", event.run),
    }
}

/// What `CDEvents` has words for.
fn content(release: &Release, event: &Event) -> Value {
    match event.kind {
        EventKind::Deployed | EventKind::Undone => json!({
            "environment": { "id": environment(release) },
            "artifactId": package(release),
        }),
        EventKind::Planned | EventKind::Started => json!({
            "pipelineName": shortened(&release.subject.project),
            "uri": address(release, event),
        }),
        EventKind::Finished => {
            let mut content = json!({
                "pipelineName": shortened(&release.subject.project),
                "uri": address(release, event),
                "outcome": outcome(event.verdict),
            });
            if event.verdict != Some(Verdict::Go) {
                content["errors"] = shortened(&event.reason).into();
            }
            content
        }
        EventKind::Waiting
        | EventKind::Approved
        | EventKind::Blocked
        | EventKind::Overridden
        | EventKind::Verified => json!({ "stage": event.stage.as_deref().map(shortened) }),
    }
}

/// A run that ends without a decision because something is missing was neither a success nor a
/// failure.
fn outcome(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Go) => "success",
        Some(Verdict::NoGo) => "failure",
        Some(Verdict::Wait) => "cancel",
        Some(Verdict::Fault) | None => "error",
    }
}

/// The CI job, as it claims, else a name that no other run has.
fn address(release: &Release, event: &Event) -> String {
    match &release.circumstances.job_url {
        Some(url) if uri::is_web(url) => url.clone(),
        _ => format!("holdpoint:run/{}", event.run),
    }
}

/// `CDEvents` asks for a name, and a release without a target has none.
fn environment(release: &Release) -> String {
    match release.subject.target.as_deref() {
        None | Some("") => "default".to_owned(),
        Some(target) => shortened(target),
    }
}

/// A package URL of the type `generic`, as `CDEvents` asks for.
fn package(release: &Release) -> String {
    let subject = &release.subject;
    let version = subject.version.as_ref().unwrap_or(&subject.head);
    let project = uri::segment(&subject.project);
    format!("pkg:generic/{project}@{}", uri::segment(version))
}

/// What `CDEvents` has no words for.
fn custom(release: &Release, event: &Event, findings: &[Value], left_out: usize) -> Value {
    let (subject, totals) = (&release.subject, &release.totals);
    json!({
        "run": event.run,
        "event": name(event.kind),
        "stage": event.stage.as_deref().map(shortened),
        "verdict": event.verdict.map(verdict),
        "reason": shortened(&event.reason),
        "project": shortened(&subject.project),
        "version": subject.version.as_deref().map(shortened),
        "previous": subject.previous.as_deref().map(shortened),
        "target": subject.target.as_deref().map(shortened),
        "head": subject.head,
        "base": subject.base,
        "subject_digest": subject.digest,
        "commits": totals.commits,
        "files": totals.files,
        "dry_run": release.circumstances.dry_run,
        "findings": findings,
        "findings_left_out": left_out,
    })
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Go => "go",
        Verdict::NoGo => "no-go",
        Verdict::Wait => "wait",
        Verdict::Fault => "fault",
    }
}

fn written(finding: &Finding) -> Value {
    let mut written = Map::new();
    let mut put = |key: &str, value: Value| written.insert(key.to_owned(), value);
    put("rule", shortened(&finding.rule).into());
    let severity = finding.severity.map(|severity| match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    });
    put("severity", severity.into());
    put("message", shortened(&finding.message).into());
    match &finding.location {
        Location::Release => {}
        Location::Commit(id) => {
            put("commit", shortened(id).into());
        }
        Location::File(file) => {
            put("path", shortened(&file.path).into());
            put("line", file.line.into());
        }
        Location::Artifact(name) => {
            put("artifact", shortened(name).into());
        }
    }
    put("help", finding.help.as_deref().map(shortened).into());
    Value::Object(written)
}

/// Text of at most so many characters, with an ellipsis where it was cut.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARACTERS_MAX) {
        None => text.to_owned(),
        Some(_) => text
            .chars()
            .take(TEXT_CHARACTERS_MAX - 1)
            .chain(['…'])
            .collect(),
    }
}
