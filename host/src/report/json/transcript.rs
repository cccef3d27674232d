use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::run::{CircumstancesReport, FaultReport, GrantsReport, LimitsReport, LogLineReport};
use super::{AnswerReport, EditPlaceReport, PlaceReport, SCHEMA_VERSION, instant};
use crate::model::{
    Answer, Channel, Digest, Edit, Event, EventKind, FileRefusal, Finding, HostAnswer, HostCall,
    HostQuestion, HttpRefusal, Input, Kind, Outcome, Severity, Text, Transcript, Verdict,
};
use crate::report::commits::Commits;

/// Everything that crossed the boundary of the sandbox in one call of a plugin.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TranscriptReport {
    /// Version of this document.
    pub schema: u32,
    /// Digest of the transcript as it is kept.
    pub digest: String,
    /// Version of the format in which it is kept.
    pub format: u32,
    /// Name of the plugin in the pipeline file.
    pub plugin: String,
    /// Name of the plugin in its manifest.
    pub name: String,
    /// The plugin's version.
    pub version: Version,
    /// Version of the WIT package that it was built against.
    pub api: Version,
    /// Digest of the component.
    pub component: String,
    /// Digest of the manifest.
    pub manifest: String,
    /// The stage that asked; none outside of the stages.
    pub stage: Option<String>,
    /// What was asked.
    pub question: QuestionReport,
    /// The settings, as the plugin was given them.
    pub settings: serde_json::Value,
    /// Digest of the subject document.
    pub subject: String,
    /// What was known about the sitting.
    pub circumstances: CircumstancesReport,
    /// Digest of the circumstances.
    pub circumstances_digest: String,
    /// Seconds that clocks in the operator's zone were ahead of UTC, as the plugin was told.
    pub utc_offset: i32,
    /// Where the plugin's clocks began, RFC 3339 in UTC.
    pub clock: String,
    /// Seed of its random numbers, 64 hexadecimal digits.
    pub seed: String,
    /// The bounds that were in force.
    pub limits: LimitsReport,
    /// What it may use beyond the release itself.
    pub grants: GrantsReport,
    /// The calls from the plugin to the host that were answered, in order.
    pub host_calls: Vec<HostCallReport>,
    /// What it logged and printed, in order.
    pub log: Vec<LogLineReport>,
    /// What became of the call: `answered`, `fault`, `trapped`, `out-of-fuel`, `out-of-memory`,
    /// `timed-out`, `too-much-output` or `malformed`.
    pub outcome: String,
    /// Why there is no answer; none when it answered.
    pub fault: Option<FaultReport>,
    /// What it answered; none when it did not.
    pub answer: Option<GivenAnswerReport>,
    /// Fuel used.
    pub fuel: u64,
    /// Largest sum of its memories and tables, in bytes.
    pub memory_bytes: u64,
    /// Digest of what fuel and memory depend on: the engine and how it is set.
    pub engine: String,
    /// Wall-clock time in milliseconds; no part of what is kept under the digest.
    pub duration_ms: u64,
    /// Whether the same call comes to the same.
    pub reproducible: bool,
}

/// What was asked of the plugin.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct QuestionReport {
    /// The kind that answers it.
    pub kind: Kind,
    /// Which attempt it was, from 1; only of a verify plugin.
    pub attempt: Option<u32>,
    /// What it was told of; only of a notify plugin.
    pub event: Option<ToldEventReport>,
    /// Whom it composed for; only of a notify plugin.
    pub channel: Option<ToldChannelReport>,
}

/// What a notify plugin was told of.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ToldEventReport {
    /// What happened.
    pub kind: EventKind,
    /// The run's identifier.
    pub run: String,
    /// The stage that it happened in.
    pub stage: Option<String>,
    /// What the stage, or the run, came to.
    pub verdict: Option<Verdict>,
    /// Why.
    pub reason: String,
    /// The findings that block.
    pub findings: Vec<GivenFindingReport>,
}

/// Whom a notify plugin composed for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ToldChannelReport {
    /// Name in the operator's configuration.
    pub name: String,
    /// Media type of the bodies that it takes.
    pub media_type: String,
    /// The largest body, in bytes.
    pub body_bytes_max: u32,
}

/// One call from the plugin to the host. What a function does not take, or does not answer, is null.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HostCallReport {
    /// Counts from 1.
    pub number: u32,
    /// The interface: `commits`, `changes`, `artifacts`, `evidence`, `history`, `tree`, `http`, `secrets` or `log`.
    pub interface: String,
    /// The function of the interface.
    pub function: String,
    /// From which item on it asked, counted from 0.
    pub start: Option<u32>,
    /// How many items it asked for.
    pub count: Option<u32>,
    /// The file or the folder that it asked for.
    pub path: Option<String>,
    /// The name of the evidence that it asked for.
    pub evidence: Option<String>,
    /// Which line of the log it wrote, counted from 1.
    pub line: Option<u32>,
    /// The method of its request.
    pub method: Option<String>,
    /// The URL of its request.
    pub url: Option<String>,
    /// The name of the secret that it asked for.
    pub secret: Option<String>,
    /// The status of the response.
    pub status: Option<u16>,
    /// How many items it was given.
    pub items: Option<u32>,
    /// How much it was given, in bytes.
    pub bytes: Option<u64>,
    /// Digest of what it was given, where that does not follow from the subject.
    pub digest: Option<String>,
    /// Why it was given nothing: `missing`, `not-a-file`, `not-granted`, `too-large`, `malformed`,
    /// `unreachable` or `timed-out`.
    pub refused: Option<String>,
    /// The same in words, as far as it was told.
    pub message: Option<String>,
}

/// What a plugin answered, as it answered it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum GivenAnswerReport {
    /// Of a policy plugin.
    Policy {
        /// `policy`.
        kind: Kind,
        /// Its findings, before anything was made of them.
        findings: Vec<GivenFindingReport>,
    },
    /// Of a document plugin.
    Document {
        /// `document`.
        kind: Kind,
        /// New content of files.
        edits: Vec<GivenEditReport>,
    },
    /// Of any other.
    Other(AnswerReport),
}

/// One finding, as the plugin gave it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GivenFindingReport {
    /// Full name of the rule: the plugin's and the rule's.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where it is.
    pub place: PlaceReport,
    /// What to do about it.
    pub help: Option<String>,
}

/// New content of a file, as the plugin gave it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GivenEditReport {
    /// Path relative to the root of the repository.
    pub path: String,
    /// What is edited.
    pub title: String,
    /// Where in the file.
    pub place: EditPlaceReport,
    /// What is written there.
    pub content: String,
}

impl TranscriptReport {
    /// The report of a call that took so many milliseconds.
    #[must_use]
    pub fn new(transcript: &Transcript, duration_ms: u64) -> Self {
        let given = &transcript.given;
        let outcome = &transcript.outcome;
        Self {
            schema: SCHEMA_VERSION,
            digest: transcript.digest().to_string(),
            format: transcript.format,
            plugin: given.plugin.raw().to_owned(),
            name: given.name.raw().to_owned(),
            version: given.version.clone(),
            api: given.api.clone(),
            component: given.component.to_string(),
            manifest: given.manifest.to_string(),
            stage: given.stage.as_ref().map(|stage| stage.raw().to_owned()),
            question: QuestionReport::new(&given.question),
            settings: serde_json::from_str(given.settings.raw())
                .unwrap_or_else(|_| given.settings.raw().into()),
            subject: given.subject.to_string(),
            circumstances: CircumstancesReport::new(&given.circumstances),
            circumstances_digest: given.circumstances_digest.to_string(),
            utc_offset: given.utc_offset,
            clock: instant(i64::try_from(given.clock).unwrap_or(i64::MAX)),
            seed: given.seed_hex(),
            limits: LimitsReport::new(&given.limits),
            grants: GrantsReport::new(&given.grants),
            host_calls: (1..)
                .zip(&transcript.host_calls)
                .map(|(number, call)| HostCallReport::new(number, call))
                .collect(),
            log: transcript.log.iter().map(LogLineReport::new).collect(),
            outcome: outcome.name().to_owned(),
            fault: FaultReport::new(outcome),
            answer: match outcome {
                Outcome::Answered(answer) => Some(GivenAnswerReport::new(answer)),
                _ => None,
            },
            fuel: transcript.fuel,
            memory_bytes: transcript.memory_bytes,
            engine: transcript.engine.to_string(),
            duration_ms,
            reproducible: transcript.reproducible,
        }
    }
}

impl QuestionReport {
    fn new(question: &Input) -> Self {
        let (event, channel) = match question {
            Input::Notify { event, channel } => (Some(event), Some(channel)),
            _ => (None, None),
        };
        Self {
            kind: question.kind(),
            attempt: match question {
                Input::Verify { attempt } => Some(*attempt),
                _ => None,
            },
            event: event.map(ToldEventReport::new),
            channel: channel.map(ToldChannelReport::new),
        }
    }
}

impl ToldEventReport {
    fn new(event: &Event) -> Self {
        Self {
            kind: event.kind,
            run: event.run.clone(),
            stage: event.stage.clone(),
            verdict: event.verdict,
            reason: event.reason.raw().to_owned(),
            findings: event.findings.iter().map(GivenFindingReport::new).collect(),
        }
    }
}

impl ToldChannelReport {
    fn new(channel: &Channel) -> Self {
        Self {
            name: channel.name.clone(),
            media_type: channel.media_type.clone(),
            body_bytes_max: channel.body_bytes_max,
        }
    }
}

impl HostCallReport {
    fn new(number: u32, HostCall { asked, answer }: &HostCall) -> Self {
        let mut report = Self {
            number,
            interface: asked.interface().name().to_owned(),
            function: asked.function().to_owned(),
            start: None,
            count: None,
            path: None,
            evidence: None,
            line: None,
            method: None,
            url: None,
            secret: None,
            status: None,
            items: None,
            bytes: None,
            digest: None,
            refused: None,
            message: None,
        };
        report.ask(asked);
        report.answer(answer);
        report
    }

    fn ask(&mut self, asked: &HostQuestion) {
        let text = |text: &Text| Some(text.raw().to_owned());
        match asked {
            HostQuestion::CommitsPage { start, count }
            | HostQuestion::CommitsTexts { start, count }
            | HostQuestion::ChangesPage { start, count }
            | HostQuestion::ArtifactsPage { start, count }
            | HostQuestion::HistoryPage { start, count } => {
                (self.start, self.count) = (Some(*start), Some(*count));
            }
            HostQuestion::EvidenceItems => {}
            HostQuestion::EvidenceRead { name } => self.evidence = text(name),
            HostQuestion::TreeEntries { folder: path } | HostQuestion::TreeRead { path } => {
                self.path = text(path);
            }
            HostQuestion::HttpSend { method, url, .. } => {
                (self.method, self.url) = (text(method), text(url));
            }
            HostQuestion::SecretsPlaceholder { name } => self.secret = text(name),
            HostQuestion::LogWrite { line } => self.line = Some(*line),
        }
    }

    fn answer(&mut self, answer: &HostAnswer) {
        match answer {
            HostAnswer::Nothing | HostAnswer::Placeholder(Some(_)) => {}
            HostAnswer::Items { items, bytes } => {
                (self.items, self.bytes) = (Some(*items), Some(*bytes));
            }
            HostAnswer::Names {
                items,
                bytes,
                digest,
            } => {
                (self.items, self.bytes) = (Some(*items), Some(*bytes));
                self.digest = Some(digest.to_string());
            }
            HostAnswer::File { bytes, digest } => {
                (self.bytes, self.digest) = (Some(*bytes), Some(digest.to_string()));
            }
            HostAnswer::Releases(releases) => {
                self.items = Some(u32::try_from(releases.len()).unwrap_or(u32::MAX));
                self.bytes = Some(answer.bytes());
                self.digest = Some(Digest::of_json(releases).to_string());
            }
            HostAnswer::Refused(why) => self.refused = Some(refusal_name(*why).to_owned()),
            HostAnswer::Response { status, body, .. } => {
                (self.status, self.bytes) = (Some(*status), Some(body.0.len() as u64));
                self.digest = Some(Digest::of(&body.0).to_string());
            }
            HostAnswer::NoResponse { why, message } => {
                let why = match why {
                    HttpRefusal::NotGranted => "not-granted",
                    HttpRefusal::Malformed => "malformed",
                    HttpRefusal::Unreachable => "unreachable",
                    HttpRefusal::TimedOut => "timed-out",
                };
                self.refused = Some(why.to_owned());
                self.message = Some(message.raw().to_owned());
            }
            HostAnswer::Placeholder(None) => self.refused = Some("not-granted".to_owned()),
        }
    }
}

impl GivenAnswerReport {
    fn new(answer: &Answer) -> Self {
        match answer {
            Answer::Findings(findings) => Self::Policy {
                kind: Kind::Policy,
                findings: findings.iter().map(GivenFindingReport::new).collect(),
            },
            Answer::Edits(edits) => Self::Document {
                kind: Kind::Document,
                edits: edits.iter().map(GivenEditReport::new).collect(),
            },
            other => Self::Other(AnswerReport::new(other, &[], &Commits::unknown())),
        }
    }
}

impl GivenFindingReport {
    fn new(finding: &Finding) -> Self {
        Self {
            rule: finding.rule.as_str().to_owned(),
            severity: finding.severity,
            message: finding.message.raw().to_owned(),
            place: PlaceReport::new(&finding.location, &Commits::unknown()),
            help: finding.help.as_ref().map(|help| help.raw().to_owned()),
        }
    }
}

impl GivenEditReport {
    fn new(edit: &Edit) -> Self {
        Self {
            path: edit.path.raw().to_owned(),
            title: edit.title.raw().to_owned(),
            place: EditPlaceReport::new(&edit.content),
            content: edit.content.text().raw().to_owned(),
        }
    }
}

fn refusal_name(refusal: FileRefusal) -> &'static str {
    match refusal {
        FileRefusal::Missing => "missing",
        FileRefusal::NotAFile => "not-a-file",
        FileRefusal::NotGranted => "not-granted",
        FileRefusal::TooLarge => "too-large",
    }
}
