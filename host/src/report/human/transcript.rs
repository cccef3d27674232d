use std::time::Duration;

use anstyle::Style;

use super::{Page, answer, finding, page, rest_after};
use crate::model::{
    Answer, Digest, FileRefusal, Finding, HostAnswer, HostCall, HostQuestion, HttpRefusal, Input,
    Outcome, Text, Transcript, TreeGrant,
};
use crate::report::commits::Commits;
use crate::report::json::{instant, level_name};
use crate::report::{outcome, words};

/// How many calls to the host, and how many lines of the log, are shown before the rest is counted.
const ROWS_SHOWN_MAX: usize = 1_000;

/// How many findings are shown before the rest is counted.
const FINDINGS_SHOWN_MAX: usize = 100;

/// The most of the settings that is shown, in characters.
const SETTINGS_CHARACTERS_MAX: usize = 2_000;

/// Puts the transcript of a call that took so many milliseconds on a page, as a table for whoever
/// audits it: what was asked of which bytes, what it asked for, what it answered, and what it used of
/// what it might use.
pub fn human_transcript(page: &mut Page, transcript: &Transcript, duration_ms: u64) {
    given(page, transcript);
    used(page, transcript, duration_ms);
    host_calls(page, transcript);
    log(page, transcript);
    came_to(page, &transcript.outcome);
    let again = if transcript.reproducible {
        "The same call comes to the same, to the byte."
    } else {
        "The same call may come to something else: this one ran out of time, the repository could not \
         be read, or it was held against the record of another."
    };
    page.led(0, page::heading(), "Again: ", again);
}

fn given(page: &mut Page, transcript: &Transcript) {
    let given = &transcript.given;
    let stage = given
        .stage
        .as_ref()
        .map_or_else(String::new, |stage| format!(", stage {}", stage.terminal()));
    let title = format!(
        "Call of {} {} ({}){stage}",
        given.plugin.terminal(),
        given.version,
        given.question.kind()
    );
    page.led(0, page::heading(), &title, "");
    row(page, "Transcript", &transcript.digest().to_string());
    row(
        page,
        "Plugin",
        &format!(
            "{} {}, built against holdpoint:plugin {}",
            given.name.terminal(),
            given.version,
            given.api
        ),
    );
    row(page, "Component", &given.component.to_string());
    row(page, "Manifest", &given.manifest.to_string());
    row(page, "Asked", &question(&given.question));
    row(page, "Settings", &shown_settings(&given.settings));
    row(page, "Subject", &given.subject.to_string());
    let circumstances = &given.circumstances;
    let dry = if circumstances.dry_run {
        ", dry run"
    } else {
        ""
    };
    row(
        page,
        "Time",
        &format!(
            "{} ({}, {} s ahead of UTC){dry}",
            circumstances.time, circumstances.zone, given.utc_offset
        ),
    );
    if let Some(ci) = &circumstances.ci {
        let initiator = ci.initiator.as_ref().map_or_else(
            || "somebody".to_owned(),
            |initiator| initiator.terminal().to_string(),
        );
        row(
            page,
            "Started",
            &format!("by {initiator}, as {} claims", ci.system),
        );
    }
    row(page, "Sitting", &given.circumstances_digest.to_string());
    let clock = i64::try_from(given.clock).unwrap_or(i64::MAX);
    row(page, "Clock", &format!("from {} on", instant(clock)));
    row(page, "Seed", &given.seed_hex());
    let mut granted = Vec::new();
    let tree: Vec<&str> = given.grants.tree.iter().map(TreeGrant::as_str).collect();
    if !tree.is_empty() {
        granted.push(format!("files of the judged commit: {}", tree.join(", ")));
    }
    if !given.grants.evidence.is_empty() {
        let names = Text::from(given.grants.evidence.join(", "));
        granted.push(format!("evidence: {}", names.terminal()));
    }
    if given.grants.history {
        granted.push("earlier releases on the target".to_owned());
    }
    granted.extend(given.grants.http.iter().map(ToString::to_string));
    let requests = given.grants.requests.iter();
    granted.extend(requests.map(|grant| format!("to be made by the host: {grant}")));
    granted.extend(
        given
            .grants
            .ca
            .map(|digest| format!("certificates {digest}")),
    );
    let secrets = given.grants.secrets.iter();
    granted.extend(secrets.map(|(name, grant)| format!("the secret `{name}` from {grant}")));
    let grants = if granted.is_empty() {
        "nothing beyond the release itself".to_owned()
    } else {
        granted.join("; ")
    };
    row(page, "Granted", &grants);
    page.gap();
}

fn question(question: &Input) -> String {
    match question {
        Input::Policy => "policy.check".to_owned(),
        Input::Risk => "risk.assess".to_owned(),
        Input::Resource => "resource.claim".to_owned(),
        Input::Document => "document.render".to_owned(),
        Input::Action => "action.plan".to_owned(),
        Input::Verify { attempt } => format!("verify.measure, attempt {attempt}"),
        Input::Notify { event, channel } => {
            let stage = event
                .stage
                .as_ref()
                .map_or_else(String::new, |stage| format!(" in stage {stage}"));
            format!(
                "notify.compose of the event {}{stage} ({}, with {}) for the channel {}, which takes \
                 {} of {}",
                event.kind.name(),
                event.reason.terminal(),
                words::count(event.findings.len() as u64, "finding", "findings"),
                channel.name,
                words::bytes(u64::from(channel.body_bytes_max)),
                channel.media_type
            )
        }
    }
}

fn shown_settings(settings: &Text) -> String {
    let shown = settings.shortened(SETTINGS_CHARACTERS_MAX);
    shown.terminal().to_string()
}

fn used(page: &mut Page, transcript: &Transcript, duration_ms: u64) {
    let limits = &transcript.given.limits;
    page.led(0, page::heading(), "Used", "");
    let of = |used: String, limit: String| format!("{used} of {limit}");
    row(
        page,
        "Fuel",
        &of(words::number(transcript.fuel), words::number(limits.fuel)),
    );
    row(
        page,
        "Time",
        &of(
            words::duration(Duration::from_millis(duration_ms)),
            words::duration(limits.timeout),
        ),
    );
    row(
        page,
        "Memory",
        &of(
            words::bytes(transcript.memory_bytes),
            words::bytes(limits.memory_bytes),
        ),
    );
    row(
        page,
        "Host calls",
        &of(
            words::number(transcript.host_calls.len() as u64),
            words::number(limits.host_calls),
        ),
    );
    let bytes = transcript
        .host_calls
        .iter()
        .map(|call| call.answer.bytes())
        .fold(0, u64::saturating_add);
    row(
        page,
        "Host data",
        &of(words::bytes(bytes), words::bytes(limits.host_call_bytes)),
    );
    row(
        page,
        "Log",
        &format!(
            "{} of {}, which may have {}",
            words::number(transcript.log.len() as u64),
            words::count(limits.log_lines, "line", "lines"),
            words::bytes(limits.log_bytes)
        ),
    );
    row(
        page,
        "Answer",
        &format!(
            "may have {}, {}, and texts of {}",
            words::bytes(limits.answer_bytes),
            words::count(limits.answer_items, "item", "items"),
            words::bytes(limits.text_bytes)
        ),
    );
    row(page, "Engine", &transcript.engine.to_string());
    page.gap();
}

fn host_calls(page: &mut Page, transcript: &Transcript) {
    let calls = &transcript.host_calls;
    page.led(0, page::heading(), "Calls to the host", "");
    for (number, call) in (1_u32..).zip(calls).take(ROWS_SHOWN_MAX) {
        let function = format!("{}.{}", call.asked.interface(), call.asked.function());
        // As wide as the longest name of a function.
        let lead = format!("{number:>5}  {function:<14}  ");
        page.led(0, Style::new().dimmed(), &lead, &host_call(call));
    }
    if calls.is_empty() {
        page.text(2, "none");
    }
    rest_after(page, 2, calls.len(), ROWS_SHOWN_MAX);
    page.gap();
}

fn host_call(HostCall { asked, answer }: &HostCall) -> String {
    let from = match asked {
        HostQuestion::EvidenceRead { .. } => "evidence",
        _ => "a file of the judged commit",
    };
    let (asked, of) = match asked {
        HostQuestion::CommitsPage { start, count }
        | HostQuestion::CommitsTexts { start, count } => {
            (range(*start, *count), ("commit", "commits"))
        }
        HostQuestion::ChangesPage { start, count } => (range(*start, *count), ("file", "files")),
        HostQuestion::ArtifactsPage { start, count } => {
            (range(*start, *count), ("artifact", "artifacts"))
        }
        HostQuestion::EvidenceItems => (
            "all".to_owned(),
            ("piece of evidence", "pieces of evidence"),
        ),
        HostQuestion::HistoryPage { start, count } => {
            (range(*start, *count), ("release", "releases"))
        }
        HostQuestion::TreeEntries { folder: path } | HostQuestion::TreeRead { path } => {
            (path.terminal().to_string(), ("name", "names"))
        }
        HostQuestion::HttpSend {
            method, url, body, ..
        } => {
            let body = match body.0.len() as u64 {
                0 => String::new(),
                bytes => format!(" with {}", words::bytes(bytes)),
            };
            (
                format!("{} {}{body}", method.terminal(), url.terminal()),
                ("", ""),
            )
        }
        HostQuestion::EvidenceRead { name } | HostQuestion::SecretsPlaceholder { name } => {
            (name.terminal().to_string(), ("", ""))
        }
        HostQuestion::LogWrite { line } => (format!("line {line} of the log"), ("", "")),
    };
    let answer = match answer {
        HostAnswer::Nothing => return asked,
        HostAnswer::Items { items, bytes } => format!(
            "{} of the subject, {}",
            words::count(*items, of.0, of.1),
            words::bytes(*bytes)
        ),
        HostAnswer::Names {
            items,
            bytes,
            digest,
        } => format!(
            "{} in the judged commit, {}, {digest}",
            words::count(*items, of.0, of.1),
            words::bytes(*bytes)
        ),
        HostAnswer::File { bytes, digest } => {
            format!("{from}, {}, {digest}", words::bytes(*bytes))
        }
        HostAnswer::Releases(releases) => format!(
            "{}, {}, {}",
            words::count(releases.len() as u64, of.0, of.1),
            words::bytes(answer.bytes()),
            Digest::of_json(releases)
        ),
        HostAnswer::Refused(FileRefusal::Missing) => "not given: there is nothing".to_owned(),
        HostAnswer::Refused(FileRefusal::NotAFile) => {
            "not given: something else is there".to_owned()
        }
        HostAnswer::Refused(FileRefusal::NotGranted) | HostAnswer::Placeholder(None) => {
            "not given: it is not granted".to_owned()
        }
        HostAnswer::Refused(FileRefusal::TooLarge) => "not given: it is too large".to_owned(),
        HostAnswer::Response { status, body, .. } => format!(
            "{status}, {}, {}",
            words::bytes(body.0.len() as u64),
            Digest::of(&body.0)
        ),
        HostAnswer::NoResponse { why, message } => {
            let why = match why {
                HttpRefusal::NotGranted => "not granted",
                HttpRefusal::Malformed => "malformed",
                HttpRefusal::Unreachable => "unreachable",
                HttpRefusal::TimedOut => "no answer in time",
            };
            if message.raw().is_empty() {
                why.to_owned()
            } else {
                format!("{why}: {}", message.terminal())
            }
        }
        HostAnswer::Placeholder(Some(text)) => text.terminal().to_string(),
    };
    format!("{asked} -> {answer}")
}

fn range(start: u32, count: u32) -> String {
    format!("from {start} on, at most {count}")
}

fn log(page: &mut Page, transcript: &Transcript) {
    page.led(0, page::heading(), "Log", "");
    for (number, line) in (1_u32..).zip(&transcript.log).take(ROWS_SHOWN_MAX) {
        let level = level_name(line.level);
        let text = format!("{number:>5}  {level:<5}  {}", line.text.terminal());
        page.line(2, Style::new(), &Text::from(text));
    }
    if transcript.log.is_empty() {
        page.text(2, "empty");
    }
    rest_after(page, 2, transcript.log.len(), ROWS_SHOWN_MAX);
    page.gap();
}

fn came_to(page: &mut Page, outcome: &Outcome) {
    let commits = Commits::unknown();
    if let Some(happened) = outcome::words(outcome) {
        let happened = format!(": it {}", happened.terminal());
        page.led(0, page::heading(), "No answer", &happened);
    }
    match outcome {
        Outcome::Answered(Answer::Findings(findings)) => {
            let count = words::count(findings.len() as u64, "finding", "findings");
            page.led(0, page::heading(), "Answer", &format!(": {count}"));
            for finding in findings.iter().take(FINDINGS_SHOWN_MAX) {
                self::finding(page, finding, &commits);
            }
            rest_after(page, 2, findings.len(), FINDINGS_SHOWN_MAX);
        }
        Outcome::Answered(Answer::Edits(edits)) => {
            let count = words::count(edits.len() as u64, "edit", "edits");
            page.led(0, page::heading(), "Answer", &format!(": {count}"));
            for edit in edits.iter().take(FINDINGS_SHOWN_MAX) {
                let size = words::bytes(edit.content.text().raw().len() as u64);
                let body = format!(
                    "{}: {}, {size}",
                    edit.path.terminal(),
                    edit.title.terminal()
                );
                page.text(2, &body);
            }
            rest_after(page, 2, edits.len(), FINDINGS_SHOWN_MAX);
        }
        Outcome::Answered(other) => {
            page.led(0, page::heading(), "Answer", "");
            answer::put(page, 2, other, &commits);
        }
        Outcome::Trapped { backtrace, .. } => {
            for frame in backtrace {
                page.block(2, frame);
            }
        }
        _ => {}
    }
    page.gap();
}

fn finding(page: &mut Page, finding: &Finding, commits: &Commits<'_>) {
    let lead = format!("{} {}", finding.severity, finding.rule);
    let place = finding::place(&finding.location, commits);
    let body = format!(": {place}: {}", finding.message.terminal());
    page.led(2, page::of_severity(finding.severity), &lead, &body);
    if let Some(help) = &finding.help {
        let help = help.terminal().to_string();
        page.led(4, page::heading(), "Help: ", &help);
    }
}

/// A name and what belongs to it, the latter in a column of its own.
fn row(page: &mut Page, name: &str, body: &str) {
    page.led(2, Style::new().dimmed(), &format!("{name:<12}"), body);
}
