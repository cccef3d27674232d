//! One event as blocks.

use holdpoint_sdk::{Event, EventKind, Fault, Finding, Location, Release, Severity, Verdict};
use serde_json::{Value, json};

use crate::text::{FALLBACK_MAX, FIELD_MAX, HEADER_MAX, SECTION_MAX, marked, plain};

/// The most blocks of a message (Slack, "Blocks").
pub(crate) const BLOCKS_MAX: usize = 50;

/// Blocks that are not findings: header, reason, numbers, the count of what is left out, the foot.
const OTHER_BLOCKS: usize = 5;

/// The most findings of a message. Slack takes more blocks; nobody reads more in a channel.
pub(crate) const FINDINGS_MAX: usize = 20;

const _: () = assert!(FINDINGS_MAX + OTHER_BLOCKS <= BLOCKS_MAX);

/// The longest name of a project, a version or a stage in a title, in characters.
const NAME_MAX: usize = 40;

/// The body, with as many findings as fit and a count of the others.
pub(crate) fn body(release: &Release, event: &Event, bytes_max: usize) -> Result<String, Fault> {
    for shown in (0..=event.findings.len().min(FINDINGS_MAX)).rev() {
        let body = message(release, event, shown).to_string();
        if body.len() <= bytes_max {
            return Ok(body);
        }
        if shown == 0 {
            return Err(Fault::settings(format!(
                "the smallest message has {} bytes and the channel takes {bytes_max}: raise \
                 `body-max` of the channel",
                body.len()
            )));
        }
    }
    Err(Fault::internal("no message was composed"))
}

/// What happened to what, in one line.
pub(crate) fn title(release: &Release, event: &Event) -> String {
    let subject = &release.subject;
    let mut title = name(&subject.project);
    if let Some(version) = &subject.version {
        title.push_str(&format!(" {}", name(version)));
    }
    if let Some(target) = &subject.target {
        title.push_str(&format!(" to {}", name(target)));
    }
    title.push_str(": ");
    title.push_str(match (event.kind, event.verdict) {
        (EventKind::Planned, _) => "release planned",
        (EventKind::Started, _) => "release started",
        (EventKind::Waiting, _) => "waiting",
        (EventKind::Approved, _) => "approved",
        (EventKind::Blocked, Some(Verdict::Fault)) => "blocked by a fault",
        (EventKind::Blocked, _) => "blocked",
        (EventKind::Overridden, _) => "overridden",
        (EventKind::Deployed, _) => "deployed",
        (EventKind::Verified, _) => "verified",
        (EventKind::Undone, _) => "undone",
        (EventKind::Finished, None) => "finished",
        (EventKind::Finished, Some(verdict)) => match verdict {
            Verdict::Go => "finished, go",
            Verdict::NoGo => "finished, no-go",
            Verdict::Wait => "finished, wait",
            Verdict::Fault => "finished, fault",
        },
    });
    if let Some(stage) = &event.stage {
        title.push_str(&format!(" in stage {}", name(stage)));
    }
    title
}

fn message(release: &Release, event: &Event, shown: usize) -> Value {
    let title = title(release, event);
    let mut blocks = vec![
        json!({ "type": "header", "text": plain(&title, HEADER_MAX) }),
        section(&event.reason),
    ];
    // The end of a run repeats what each stage was blocked by: numbers are enough there.
    let is_end = event.kind == EventKind::Finished;
    if is_end || event.kind == EventKind::Planned {
        blocks.push(numbers(release, event));
    }
    let mut left_out = event.findings.len();
    if !is_end {
        blocks.extend(by_severity(&event.findings).take(shown).map(finding));
        left_out -= shown;
    }
    if left_out > 0 && !is_end {
        blocks.push(section(&format!("… and {left_out} more that block.")));
    }
    let job = release.circumstances.job_url.as_deref();
    let foot = match job {
        Some(url) => format!("Run {}, job {url}", event.run),
        None => format!("Run {}", event.run),
    };
    blocks.push(json!({ "type": "context", "elements": [plain(&foot, FIELD_MAX)] }));
    json!({
        "text": marked(&format!("{title}. {}", event.reason), FALLBACK_MAX),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": plain(text, SECTION_MAX) })
}

fn numbers(release: &Release, event: &Event) -> Value {
    let (subject, totals) = (&release.subject, &release.totals);
    let mut fields = vec![
        ("Version", subject.version.clone()),
        ("After", subject.previous.clone()),
        ("Commits", Some(totals.commits.to_string())),
        (
            "Files",
            Some(format!(
                "{}, {} lines added, {} deleted",
                totals.files, totals.insertions, totals.deletions
            )),
        ),
    ];
    if event.kind == EventKind::Finished {
        fields.push((
            "Findings that block",
            Some(event.findings.len().to_string()),
        ));
    }
    let fields: Vec<Value> = fields
        .into_iter()
        .filter_map(|(name, value)| Some(plain(&format!("{name}\n{}", value?), FIELD_MAX)))
        .collect();
    json!({ "type": "section", "fields": fields })
}

/// Those that matter most first.
fn by_severity(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    [
        Some(Severity::Error),
        Some(Severity::Warning),
        Some(Severity::Info),
        None,
    ]
    .into_iter()
    .flat_map(move |severity| {
        findings
            .iter()
            .filter(move |finding| finding.severity == severity)
    })
}

/// The longest message or help of a finding, in characters before they are escaped.
const FINDING_TEXT_MAX: usize = 700;

fn finding(finding: &Finding) -> Value {
    let severity = match finding.severity {
        Some(Severity::Error) => "error ",
        Some(Severity::Warning) => "warning ",
        Some(Severity::Info) => "info ",
        None => "",
    };
    let place = match &finding.location {
        Location::Release => String::new(),
        Location::Commit(id) => format!(", commit {}", short(id, 10)),
        Location::File(file) => match file.line {
            Some(line) => format!(", {}:{line}", short(&file.path, NAME_MAX * 4)),
            None => format!(", {}", short(&file.path, NAME_MAX * 4)),
        },
        Location::Artifact(name) => format!(", {}", short(name, NAME_MAX * 4)),
    };
    let mut text = format!(
        "{severity}{}{place}\n{}",
        short(&finding.rule, NAME_MAX * 4),
        cut(&finding.message, FINDING_TEXT_MAX)
    );
    if let Some(help) = &finding.help {
        text.push_str(&format!("\nHelp: {}", cut(help, FINDING_TEXT_MAX)));
    }
    section(&text)
}

fn name(text: &str) -> String {
    // One line, whatever a name has in it.
    let line: String = text
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    match line.trim() {
        "" => "a project without a name".to_owned(),
        line => cut(line, NAME_MAX),
    }
}

fn short(text: &str, characters_max: usize) -> String {
    text.chars().take(characters_max).collect()
}

fn cut(text: &str, characters_max: usize) -> String {
    match text.char_indices().nth(characters_max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(characters_max - 1).chain(['…']).collect(),
    }
}
