//! One case of a plugin's tests: a release, settings, what other systems answer, and so the call that
//! is made of them. It is read from what a person wrote, and from what was recorded of a real call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::load::Loaded;
use super::record::Recording;
use crate::model::{
    Body, Channel, Circumstances, Digest, Event, EventKind, Finding, Grants, Header, HostAnswer,
    HostCall, HostQuestion, HttpMethod as _, HttpRefusal, Input, Kind, Limits, Outcome,
    PastRelease, PlannedGrant, PlannedMethod, Release, Subject, Text, Transcript, TreeGrant,
    UrlPrefix, Verdict,
};
use crate::release::{EvidenceBytes, Files, Tree, WrittenPast, WrittenRelease};

/// The largest body of a channel where a case says nothing of it.
const BODY_BYTES: u32 = 64 << 10;

/// One case, ready to be called.
#[derive(Clone, Debug)]
pub struct Case {
    /// The kind that is asked; none where the plugin has only one.
    pub kind: Option<Kind>,
    /// Settings as JSON.
    pub settings: serde_json::Value,
    release: Arc<Release>,
    tree: Arc<Tree>,
    evidence: Arc<EvidenceBytes>,
    history: Arc<[PastRelease]>,
    grants: Arc<Grants>,
    answers: Answers,
    event: WrittenEvent,
    channel: WrittenChannel,
    attempt: u32,
}

/// Why a text is not a case.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// It is not TOML, or a value is not of its type.
    #[error("line {line}: {reason}")]
    Malformed {
        /// The line, counted from 1.
        line: usize,
        /// What was expected.
        reason: String,
    },
    /// A value makes no sense.
    #[error("{0}")]
    Value(String),
    /// What was recorded cannot be read.
    #[error("what was recorded cannot be read")]
    Recorded(#[source] serde_json::Error),
    /// Two things say what the release is.
    #[error("`recorded` says what the release is, and so do other keys")]
    Twice,
}

/// A case as a person writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    kind: Option<Kind>,
    /// The file beside it with a release that was recorded.
    recorded: Option<String>,
    settings: Option<toml::Table>,
    release: Option<WrittenRelease>,
    /// Files of the judged commit.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// What of them is granted; without it all.
    tree: Option<Vec<TreeGrant>>,
    /// Names of the evidence that is granted; without it all.
    evidence: Option<Vec<String>>,
    /// The releases before, newest first.
    #[serde(default)]
    history: Vec<WrittenPast>,
    /// What other systems answer.
    #[serde(default)]
    answers: Vec<WrittenAnswer>,
    /// What the URLs of the requests begin with that an action may plan.
    #[serde(default)]
    requests: Vec<String>,
    /// Names of secrets that are granted.
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    event: WrittenEvent,
    #[serde(default)]
    channel: WrittenChannel,
    /// Which attempt of a verification it is.
    attempt: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct WrittenEvent {
    kind: EventKind,
    run: String,
    stage: Option<String>,
    verdict: Option<Verdict>,
    reason: String,
    #[serde(skip)]
    findings: Vec<Finding>,
}

impl Default for WrittenEvent {
    fn default() -> Self {
        Self {
            kind: EventKind::Finished,
            run: "0".repeat(32),
            stage: None,
            verdict: Some(Verdict::Go),
            reason: "Every stage is go.".to_owned(),
            findings: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct WrittenChannel {
    name: String,
    media_type: String,
    body_bytes_max: u32,
}

impl Default for WrittenChannel {
    fn default() -> Self {
        Self {
            name: "releases".to_owned(),
            media_type: "application/json".to_owned(),
            body_bytes_max: BODY_BYTES,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenAnswer {
    #[serde(default = "get")]
    method: String,
    url: String,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    /// Why there is no response, in place of one.
    error: Option<HttpRefusal>,
}

fn get() -> String {
    "GET".to_owned()
}

fn ok() -> u16 {
    200
}

/// What was recorded of a call: all that it was given, and what it was answered from outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RecordedCase {
    settings: serde_json::Value,
    question: Input,
    circumstances: Circumstances,
    grants: Grants,
    /// Files of the judged commit that it read.
    files: BTreeMap<String, Body>,
    /// Names in folders that it looked into.
    folders: BTreeMap<String, Vec<String>>,
    /// The evidence that it read.
    #[serde(default)]
    evidence: Vec<Body>,
    /// Its calls to the host that were answered from outside.
    answers: Vec<HostCall>,
    subject: Subject,
}

impl Case {
    /// Reads a case. `recorded` gives the text of the file that it names for what was recorded.
    ///
    /// # Errors
    ///
    /// When it is not TOML, has an unknown key or a value that makes no sense.
    pub fn parse<E>(
        text: &str,
        recorded: impl FnOnce(&str) -> Result<String, E>,
    ) -> Result<Result<Self, CaseError>, E> {
        let written: Written = match toml::from_str(text) {
            Ok(written) => written,
            Err(error) => return Ok(Err(malformed(text, &error))),
        };
        let Some(name) = &written.recorded else {
            return Ok(written.case());
        };
        if written.release.is_some()
            || written.settings.is_some()
            || written.tree.is_some()
            || written.evidence.is_some()
            || !written.history.is_empty()
            || !written.files.is_empty()
            || !written.answers.is_empty()
            || !written.secrets.is_empty()
            || !written.requests.is_empty()
        {
            return Ok(Err(CaseError::Twice));
        }
        let recorded = recorded(name)?;
        Ok(serde_json::from_str(&recorded)
            .map(RecordedCase::case)
            .map_err(CaseError::Recorded))
    }

    /// The call of a plugin with these kinds.
    ///
    /// # Errors
    ///
    /// When the case names no kind and the plugin has several, or names one that it does not have.
    pub fn call(&self, kinds: &[Kind]) -> Result<Call, CaseError> {
        let kind = match (self.kind, kinds) {
            (Some(kind), kinds) if kinds.contains(&kind) => kind,
            (None, [kind]) => *kind,
            (Some(kind), _) => {
                return Err(CaseError::Value(format!(
                    "the plugin is not of the kind `{kind}`"
                )));
            }
            (None, _) => {
                let kinds: Vec<String> = kinds.iter().map(|kind| format!("\"{kind}\"")).collect();
                return Err(CaseError::Value(format!(
                    "the plugin has several kinds: add `kind = …`, one of {}",
                    kinds.join(", ")
                )));
            }
        };
        Ok(Call {
            release: Arc::clone(&self.release),
            settings: self.settings.to_string(),
            input: self.input(kind),
            limits: Limits::default(),
            seed: [0; 32],
            recording: Some(Recording {
                answers: Some(self.answers.clone()),
                ..Recording::new("case", None)
            }),
        })
    }

    fn input(&self, kind: Kind) -> Input {
        match kind {
            Kind::Policy => Input::Policy,
            Kind::Risk => Input::Risk,
            Kind::Resource => Input::Resource,
            Kind::Document => Input::Document,
            Kind::Action => Input::Action,
            Kind::Verify => Input::Verify {
                attempt: self.attempt,
            },
            Kind::Notify => Input::Notify {
                event: Event {
                    kind: self.event.kind,
                    run: self.event.run.clone(),
                    stage: self.event.stage.clone(),
                    verdict: self.event.verdict,
                    reason: Text::from(self.event.reason.as_str()),
                    findings: self.event.findings.clone(),
                },
                channel: Channel {
                    name: self.channel.name.clone(),
                    media_type: self.channel.media_type.clone(),
                    body_bytes_max: self.channel.body_bytes_max,
                },
            },
        }
    }
}

impl Written {
    fn case(self) -> Result<Case, CaseError> {
        let settings = serde_json::to_value(self.settings.unwrap_or_default())
            .map_err(|error| CaseError::Value(format!("the settings are no JSON: {error}")))?;
        let contents: BTreeMap<String, Vec<u8>> = self
            .files
            .into_iter()
            .map(|(path, text)| (path, text.into_bytes()))
            .collect();
        let tree = match self.tree {
            Some(tree) => tree,
            None => all_of(&contents)?,
        };
        let release = self.release.unwrap_or_default();
        let evidence = match self.evidence {
            Some(names) => names,
            None => release
                .evidence
                .iter()
                .map(|file| file.name.clone())
                .collect(),
        };
        let history = self.history.iter().map(WrittenPast::past_release);
        let history: Vec<PastRelease> = history.collect();
        let requests = self.requests.iter().map(|url| {
            Ok(PlannedGrant {
                methods: PlannedMethod::ALL.to_vec(),
                url: UrlPrefix::new(url)
                    .map_err(|error| CaseError::Value(format!("`requests`: {error}")))?,
                addresses: Vec::new(),
            })
        });
        let requests = requests.collect::<Result<_, _>>()?;
        let placeholders = self.secrets.into_iter().map(|name| HostCall {
            answer: HostAnswer::Placeholder(Some(Text::from(format!("placeholder-of-{name}")))),
            asked: HostQuestion::SecretsPlaceholder {
                name: Text::from(name),
            },
        });
        let mut answers = Answers::recorded(placeholders.collect());
        answers
            .0
            .extend(self.answers.into_iter().map(WrittenAnswer::answer));
        Ok(Case {
            kind: self.kind,
            settings,
            release: Arc::new(release.release()),
            tree: Arc::new(Tree::of_files(Files {
                contents,
                folders: BTreeMap::new(),
            })),
            evidence: Arc::new(release.evidence_bytes()),
            grants: Arc::new(Grants {
                tree,
                evidence,
                history: !history.is_empty(),
                requests,
                ..Grants::default()
            }),
            history: history.into(),
            answers,
            event: self.event,
            channel: self.channel,
            attempt: self.attempt.unwrap_or(1),
        })
    }
}

impl RecordedCase {
    /// What is to be kept of a call that was made on a release, to make it again without asking
    /// anybody. `tree` has the files of the judged commit, `bytes` those of the evidence.
    #[must_use]
    pub fn new(
        transcript: &Transcript,
        release: &Release,
        (tree, bytes): (&Tree, &EvidenceBytes),
    ) -> Self {
        let given = &transcript.given;
        let mut files = BTreeMap::new();
        let mut folders = BTreeMap::new();
        let mut evidence = BTreeMap::new();
        let mut answers = Vec::new();
        for call in &transcript.host_calls {
            match (&call.asked, &call.answer) {
                (HostQuestion::TreeRead { path }, HostAnswer::File { bytes, .. }) => {
                    if let Ok(content) = tree.read(path.raw(), *bytes) {
                        files.insert(path.raw().to_owned(), Body(content));
                    }
                }
                (HostQuestion::TreeEntries { folder }, HostAnswer::Names { items, .. }) => {
                    let folder = folder.raw().trim_end_matches('/');
                    let items = usize::try_from(*items).unwrap_or(usize::MAX);
                    if let Ok(names) = tree.entries(folder, items) {
                        let names = names.iter().map(|name| name.raw().to_owned());
                        folders.insert(folder.to_owned(), names.collect());
                    }
                }
                (HostQuestion::EvidenceRead { .. }, HostAnswer::File { digest, .. }) => {
                    if let Some(content) = bytes.get(digest) {
                        evidence.insert(*digest, Body(content.to_vec()));
                    }
                }
                (
                    HostQuestion::HttpSend { .. }
                    | HostQuestion::SecretsPlaceholder { .. }
                    | HostQuestion::HistoryPage { .. },
                    _,
                ) => {
                    answers.push(call.clone());
                }
                _ => {}
            }
        }
        Self {
            settings: serde_json::from_str(given.settings.raw()).unwrap_or_default(),
            question: given.question.clone(),
            circumstances: given.circumstances.clone(),
            grants: given.grants.clone(),
            files,
            folders,
            evidence: evidence.into_values().collect(),
            answers,
            subject: release.subject.clone(),
        }
    }

    /// The case that is made of it.
    #[must_use]
    pub fn case(self) -> Case {
        let kind = self.question.kind();
        let (mut event, mut channel) = (WrittenEvent::default(), WrittenChannel::default());
        let mut attempt = 1;
        match self.question {
            Input::Notify {
                event: recorded,
                channel: told,
            } => {
                event = WrittenEvent {
                    kind: recorded.kind,
                    run: recorded.run,
                    stage: recorded.stage,
                    verdict: recorded.verdict,
                    reason: recorded.reason.raw().to_owned(),
                    findings: recorded.findings,
                };
                channel = WrittenChannel {
                    name: told.name,
                    media_type: told.media_type,
                    body_bytes_max: told.body_bytes_max,
                };
            }
            Input::Verify { attempt: recorded } => attempt = recorded,
            _ => {}
        }
        let contents = self.files.into_iter().map(|(path, body)| (path, body.0));
        let evidence = self.evidence.into_iter().map(|body| body.0);
        Case {
            kind: Some(kind),
            settings: self.settings,
            release: Arc::new(Release {
                digest: Digest::of_json(&self.subject),
                subject: self.subject,
                circumstances: self.circumstances,
            }),
            tree: Arc::new(Tree::of_files(Files {
                contents: contents.collect(),
                folders: self.folders,
            })),
            evidence: Arc::new(EvidenceBytes::new(evidence)),
            // What it was told of earlier releases is among the answers.
            history: Arc::default(),
            grants: Arc::new(self.grants),
            answers: Answers::recorded(self.answers),
            event,
            channel,
            attempt,
        }
    }
}

impl Loaded {
    /// The same component, with what a case gives it in reach and nothing else.
    #[must_use]
    pub fn for_case(&self, case: &Case) -> Self {
        self.with_grants(Arc::clone(&case.grants))
            .with_tree(Arc::clone(&case.tree))
            .with_evidence(Arc::clone(&case.evidence))
            .with_history(Arc::clone(&case.history))
            .with_network(None)
    }
}

/// What an outcome is held against: what it says, without what each build of the plugin says
/// differently.
#[must_use]
pub fn expectation(outcome: &Outcome) -> String {
    let outcome = match outcome {
        Outcome::Trapped { message, .. } => Outcome::Trapped {
            message: message.clone(),
            backtrace: Vec::new(),
        },
        outcome => outcome.clone(),
    };
    let mut text = serde_json::to_string_pretty(&outcome).unwrap_or_default();
    text.push('\n');
    text
}

/// What is answered to a plugin in a test in place of other systems. Where several answers fit a
/// question they are given in order, and the last one from then on.
#[derive(Clone, Debug, Default)]
pub struct Answers(Vec<Kept>);

#[derive(Clone, Debug)]
struct Kept {
    asked: Pattern,
    answer: HostAnswer,
    is_given: bool,
}

#[derive(Clone, Debug)]
enum Pattern {
    /// This question.
    Exactly(HostQuestion),
    /// A request of this method to this URL, whatever else is in it.
    Request { method: String, url: String },
}

impl Answers {
    /// What was answered before.
    fn recorded(calls: Vec<HostCall>) -> Self {
        let kept = calls.into_iter().map(|call| Kept {
            asked: Pattern::Exactly(call.asked),
            answer: call.answer,
            is_given: false,
        });
        Self(kept.collect())
    }

    /// The answer to a question; none where there is none.
    pub(super) fn to(&mut self, question: &HostQuestion) -> Option<HostAnswer> {
        let fits = |kept: &Kept| kept.asked.fits(question);
        let next = self.0.iter().position(|kept| fits(kept) && !kept.is_given);
        let number = next.or_else(|| self.0.iter().rposition(fits))?;
        let kept = self.0.get_mut(number)?;
        kept.is_given = true;
        Some(kept.answer.clone())
    }
}

impl Pattern {
    fn fits(&self, question: &HostQuestion) -> bool {
        match (self, question) {
            (Self::Exactly(asked), question) => asked == question,
            (
                Self::Request { method, url },
                HostQuestion::HttpSend {
                    method: sent,
                    url: to,
                    ..
                },
            ) => sent.raw() == method && to.raw() == url,
            _ => false,
        }
    }
}

impl WrittenAnswer {
    fn answer(self) -> Kept {
        let headers = self.headers.into_iter().map(|(name, value)| Header {
            name: Text::from(name.to_ascii_lowercase()),
            value: Text::from(value),
        });
        Kept {
            answer: match self.error {
                Some(why) => HostAnswer::NoResponse {
                    why,
                    message: Text::from(self.body),
                },
                None => HostAnswer::Response {
                    status: self.status,
                    headers: headers.collect(),
                    body: Body(self.body.into_bytes()),
                },
            },
            asked: Pattern::Request {
                method: self.method,
                url: self.url,
            },
            is_given: false,
        }
    }
}

/// Everything at the top of these files.
fn all_of(contents: &BTreeMap<String, Vec<u8>>) -> Result<Vec<TreeGrant>, CaseError> {
    let tops: BTreeSet<String> = contents
        .keys()
        .map(|path| match path.split_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => path.clone(),
        })
        .collect();
    tops.iter()
        .map(|path| TreeGrant::new(path).map_err(|error| CaseError::Value(error.to_string())))
        .collect()
}

fn malformed(text: &str, error: &toml::de::Error) -> CaseError {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.bytes().take(start);
    CaseError::Malformed {
        line: 1 + before.filter(|byte| *byte == b'\n').count(),
        reason: error.message().to_owned(),
    }
}
