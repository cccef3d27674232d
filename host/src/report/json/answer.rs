use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{
    Answer, Approval, Content, Demand, Edit, Health, Lease, Location, Message, NewContent,
    PlannedRequest, Sharing, Text, Window,
};
use crate::pipeline::{Before, EditRecord};
use crate::report::commits::Commits;

/// What a plugin answered, apart from findings, which stand beside it with what was made of them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum AnswerReport {
    /// Of a policy plugin: its findings stand in `findings`.
    Policy,
    /// Of a risk plugin.
    Risk {
        /// Any number that grows with risk and is comparable between releases of one project.
        magnitude: f64,
        /// Reasons, most important first.
        factors: Vec<FactorReport>,
    },
    /// Of a resource plugin.
    Resource {
        /// What has to be free.
        claims: Vec<ClaimReport>,
    },
    /// Of a document plugin.
    Document {
        /// New content of files; nothing is written.
        edits: Vec<EditReport>,
    },
    /// Of a notify plugin.
    Notify {
        /// What would be said; nothing is sent.
        messages: Vec<MessageReport>,
    },
    /// Of an action plugin.
    Action {
        /// What would be asked for, in order; nothing is sent.
        steps: Vec<StepReport>,
    },
    /// Of a verify plugin.
    Verify {
        /// `healthy`, `degraded`, `failing` or `inconclusive`.
        health: String,
        /// Why.
        reason: String,
        /// What was measured.
        measures: Vec<MeasureReport>,
    },
}

/// One reason for risk.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FactorReport {
    /// Its name.
    pub name: String,
    /// What was seen.
    pub evidence: String,
    /// Its part of the magnitude.
    pub weight: f64,
    /// Whether it is a rule of thumb.
    pub heuristic: bool,
    /// Where to look.
    pub place: PlaceReport,
}

/// One thing that has to be free, and why.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ClaimReport {
    /// What is claimed.
    #[serde(flatten)]
    pub demand: DemandReport,
    /// Why.
    pub reason: String,
}

/// What is claimed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "claim")]
pub enum DemandReport {
    /// A lease on a key.
    Lease {
        /// The key.
        key: String,
        /// Whether others may hold it too.
        shared: bool,
    },
    /// A window to be in, half-open.
    Window {
        /// From when on, RFC 3339; none for always.
        start: Option<String>,
        /// Until when, RFC 3339; none for ever.
        end: Option<String>,
    },
    /// People who have to release the hold.
    Approval {
        /// A person or a role.
        principal: String,
        /// How many of them.
        count: u32,
    },
}

/// Where in a file something is written.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum EditPlaceReport {
    /// In place of all of it.
    Whole,
    /// Between two lines.
    Section {
        /// The line before.
        begin: String,
        /// The line after.
        end: String,
    },
    /// Below a heading.
    Insertion {
        /// The heading.
        heading: String,
    },
}

/// New content of a file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EditReport {
    /// Path relative to the root of the repository.
    pub path: String,
    /// What is edited.
    pub title: String,
    /// Where in the file.
    pub place: EditPlaceReport,
    /// What is written there.
    pub content: String,
    /// What the judged commit has at that path.
    pub before: Before,
    /// Lines that are added; none where there are no lines to be compared.
    pub insertions: Option<u32>,
    /// Lines that are taken away; none where there are no lines to be compared.
    pub deletions: Option<u32>,
    /// What changes, in the form of `diff -u` without its first two lines; empty when nothing does,
    /// none where there are no lines to be compared.
    pub difference: Option<String>,
}

/// A body for a channel.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MessageReport {
    /// One line on what it says.
    pub summary: String,
    /// Media type of the body.
    pub media_type: String,
    /// The body.
    pub body: String,
}

/// One step of an action's plan.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StepReport {
    /// Name, unique in the plan.
    pub name: String,
    /// What it does.
    pub title: String,
    /// What is asked for.
    pub request: RequestReport,
    /// The URL that is asked to see whether it was made; null when nothing shows it.
    pub probe: Option<String>,
    /// What takes it back.
    pub undo: Option<RequestReport>,
}

/// A request that changes something.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RequestReport {
    /// Method.
    pub method: String,
    /// Absolute URL.
    pub url: String,
    /// Names of its headers, in order; their values may hold placeholders of secrets.
    pub headers: Vec<String>,
    /// Size of its body, in bytes; null where it is an artifact.
    pub body_bytes: Option<u64>,
    /// Name of the artifact that it sends; null where it sends none.
    pub artifact: Option<String>,
    /// Status codes that mean success.
    pub success: Vec<u16>,
    /// Not empty where making it twice is the same as once.
    pub idempotency_key: String,
}

/// One thing that was measured.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MeasureReport {
    /// Name.
    pub name: String,
    /// The value; none when there is no data.
    pub value: Option<f64>,
    /// Unit.
    pub unit: String,
    /// The bound that it is held against, in words.
    pub bound: String,
}

/// Where something is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum PlaceReport {
    /// The release as a whole.
    Release,
    /// A commit of the range.
    Commit {
        /// Its full object name.
        commit: String,
        /// First line of its message; none when it is not in the range.
        summary: Option<String>,
    },
    /// A file of the judged commit.
    File {
        /// Its path.
        path: String,
        /// Line, counted from 1.
        line: Option<u32>,
    },
    /// An artifact or a piece of evidence.
    Artifact {
        /// Its name.
        name: String,
    },
}

impl PlaceReport {
    pub(super) fn new(location: &Location, commits: &Commits<'_>) -> Self {
        match location {
            Location::Release => Self::Release,
            Location::Commit(id) => Self::Commit {
                commit: id.to_string(),
                summary: commits.summary(id).map(Text::raw).map(str::to_owned),
            },
            Location::File { path, line } => Self::File {
                path: path.raw().to_owned(),
                line: *line,
            },
            Location::Artifact(name) => Self::Artifact {
                name: name.raw().to_owned(),
            },
        }
    }
}

impl EditPlaceReport {
    pub(super) fn new(content: &NewContent) -> Self {
        match content {
            NewContent::Whole(_) => Self::Whole,
            NewContent::Section { begin, end, .. } => Self::Section {
                begin: begin.raw().to_owned(),
                end: end.raw().to_owned(),
            },
            NewContent::Insertion { heading, .. } => Self::Insertion {
                heading: heading.raw().to_owned(),
            },
        }
    }
}

impl EditReport {
    fn new(edit: &Edit, record: &EditRecord) -> Self {
        let difference = record.difference.as_ref();
        Self {
            path: edit.path.raw().to_owned(),
            title: edit.title.raw().to_owned(),
            place: EditPlaceReport::new(&edit.content),
            content: edit.content.text().raw().to_owned(),
            before: record.before,
            insertions: difference.map(|difference| difference.insertions),
            deletions: difference.map(|difference| difference.deletions),
            difference: difference.map(|difference| difference.unified.raw().to_owned()),
        }
    }
}

impl AnswerReport {
    pub(super) fn new(answer: &Answer, edits: &[EditRecord], commits: &Commits<'_>) -> Self {
        match answer {
            Answer::Findings(_) => Self::Policy,
            Answer::Assessment(assessment) => Self::Risk {
                magnitude: assessment.magnitude,
                factors: assessment
                    .factors
                    .iter()
                    .map(|factor| FactorReport {
                        name: factor.name.raw().to_owned(),
                        evidence: factor.evidence.raw().to_owned(),
                        weight: factor.weight,
                        heuristic: factor.heuristic,
                        place: PlaceReport::new(&factor.location, commits),
                    })
                    .collect(),
            },
            Answer::Requirements(requirements) => Self::Resource {
                claims: requirements
                    .iter()
                    .map(|requirement| ClaimReport {
                        demand: DemandReport::new(&requirement.demand),
                        reason: requirement.reason.raw().to_owned(),
                    })
                    .collect(),
            },
            Answer::Edits(answered) => Self::Document {
                edits: answered
                    .iter()
                    .zip(edits)
                    .map(|(edit, record)| EditReport::new(edit, record))
                    .collect(),
            },
            Answer::Messages(messages) => Self::Notify {
                messages: messages.iter().map(MessageReport::new).collect(),
            },
            Answer::Steps(steps) => Self::Action {
                steps: steps
                    .iter()
                    .map(|step| StepReport {
                        name: step.name.raw().to_owned(),
                        title: step.title.raw().to_owned(),
                        request: RequestReport::new(&step.request),
                        probe: step.probe.as_ref().map(|probe| probe.url.raw().to_owned()),
                        undo: step.undo.as_ref().map(RequestReport::new),
                    })
                    .collect(),
            },
            Answer::Reading(reading) => Self::Verify {
                health: health_name(reading.health).to_owned(),
                reason: reading.reason.raw().to_owned(),
                measures: reading
                    .measures
                    .iter()
                    .map(|measure| MeasureReport {
                        name: measure.name.raw().to_owned(),
                        value: measure.value,
                        unit: measure.unit.raw().to_owned(),
                        bound: measure.bound.raw().to_owned(),
                    })
                    .collect(),
            },
        }
    }
}

impl MessageReport {
    pub(super) fn new(message: &Message) -> Self {
        Self {
            summary: message.summary.raw().to_owned(),
            media_type: message.media_type.raw().to_owned(),
            body: message.body.raw().to_owned(),
        }
    }
}

impl DemandReport {
    fn new(demand: &Demand) -> Self {
        match demand {
            Demand::Lease(Lease { key, sharing }) => Self::Lease {
                key: key.raw().to_owned(),
                shared: *sharing == Sharing::Shared,
            },
            Demand::Window(Window { start, end }) => Self::Window {
                start: start.map(instant),
                end: end.map(instant),
            },
            Demand::Approval(Approval { principal, count }) => Self::Approval {
                principal: principal.raw().to_owned(),
                count: *count,
            },
        }
    }
}

impl RequestReport {
    fn new(request: &PlannedRequest) -> Self {
        let (body_bytes, artifact) = match &request.content {
            Content::Bytes(body) => (Some(body.0.len() as u64), None),
            Content::Artifact(name) => (None, Some(name.raw().to_owned())),
        };
        Self {
            method: request.method.raw().to_owned(),
            url: request.url.raw().to_owned(),
            headers: request
                .headers
                .iter()
                .map(|header| header.name.raw().to_owned())
                .collect(),
            body_bytes,
            artifact,
            success: request.success.clone(),
            idempotency_key: request.idempotency_key.raw().to_owned(),
        }
    }
}

/// The name of a health in JSON and in texts.
pub(in crate::report) fn health_name(health: Health) -> &'static str {
    match health {
        Health::Healthy => "healthy",
        Health::Degraded => "degraded",
        Health::Failing => "failing",
        Health::Inconclusive => "inconclusive",
    }
}

/// RFC 3339 in UTC, or the bare number where it is beyond the years that can be written.
pub(in crate::report) fn instant(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| format!("{seconds} s"), |time| time.to_string())
}
