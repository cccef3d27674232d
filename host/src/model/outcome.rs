use serde::{Deserialize, Serialize};

use super::{Body, Edit, Finding, Location, Text, Verdict};

/// What became of one plugin call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It answered.
    Answered(Answer),
    /// It said that it could not decide.
    Fault(GuestFault),
    /// It trapped: a panic, an out-of-bounds access, an exit.
    Trapped {
        /// What the engine, or the guest's panic message, says.
        message: Text,
        /// Guest frames, innermost first; demangled names.
        backtrace: Vec<Text>,
    },
    /// It used up its fuel.
    OutOfFuel {
        /// The limit, in units of fuel (about one WebAssembly instruction each).
        limit: u64,
    },
    /// It asked for more memory than it may have.
    OutOfMemory {
        /// The limit on all its memories and tables together, in bytes.
        limit_bytes: u64,
    },
    /// It did not answer in time.
    TimedOut {
        /// The limit on the whole call, in milliseconds.
        limit_ms: u64,
    },
    /// The time of the whole run was over before it answered, or before it was asked.
    RunOutOfTime {
        /// The limit on all stages together, in milliseconds.
        limit_ms: u64,
    },
    /// It sent more across the boundary than it may.
    TooMuchOutput {
        /// Which bound it crossed.
        what: LimitKind,
        /// The bound, in the unit of `what`.
        limit: u64,
    },
    /// It answered something that its manifest or the contract does not allow.
    Malformed {
        /// What is wrong with the answer.
        message: Text,
    },
}

impl Outcome {
    /// The stable name of the outcome in JSON and in texts.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Fault(_) => "fault",
            Self::Trapped { .. } => "trapped",
            Self::OutOfFuel { .. } => "out-of-fuel",
            Self::OutOfMemory { .. } => "out-of-memory",
            Self::TimedOut { .. } | Self::RunOutOfTime { .. } => "timed-out",
            Self::TooMuchOutput { .. } => "too-much-output",
            Self::Malformed { .. } => "malformed",
        }
    }

    /// Whether another time, on another machine or beside other calls, the same call may come to
    /// something else.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        matches!(
            self,
            Self::TimedOut { .. }
                | Self::RunOutOfTime { .. }
                | Self::TooMuchOutput {
                    what: LimitKind::RunRequests | LimitKind::RunResponseBytes,
                    ..
                }
        )
    }
}

/// A bound on what crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitKind {
    /// Bytes of one answer.
    AnswerBytes,
    /// Items of one answer: findings, factors, edits, messages, steps.
    AnswerItems,
    /// Bytes of one text in an answer.
    TextBytes,
    /// Log lines.
    LogLines,
    /// Bytes of log lines and of standard output and error together.
    LogBytes,
    /// Calls from the guest to the host.
    HostCalls,
    /// Bytes handed to the guest by all host calls together.
    HostCallBytes,
    /// Bytes of the host calls in the transcript of a call.
    TranscriptBytes,
    /// Requests to other systems in one call.
    Requests,
    /// Bytes of one response of another system.
    ResponseBytes,
    /// Requests to other systems of all calls of a sitting together.
    RunRequests,
    /// Bytes of the responses to all of these.
    RunResponseBytes,
    /// Handles to resources of the host or of its own that the guest holds at once.
    Handles,
    /// Messages for one event.
    Messages,
    /// Bytes of the bodies of all messages of a run together.
    MessageBytes,
}

/// What a plugin answered, by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// `policy`.
    Findings(Vec<Finding>),
    /// `risk`.
    Assessment(Assessment),
    /// `resource`.
    Requirements(Vec<Requirement>),
    /// `document`.
    Edits(Vec<Edit>),
    /// `notify`.
    Messages(Vec<Message>),
    /// `action`.
    Steps(Vec<Step>),
    /// `verify`.
    Reading(Reading),
}

/// A fault that a plugin returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestFault {
    /// What could not be done, and why.
    pub message: Text,
    /// What sort of fault it is.
    pub code: Option<FaultCode>,
    /// Whether the same call may succeed later.
    pub retry: bool,
}

/// What sort of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultCode {
    /// The settings fit their schema and still make no sense.
    Settings,
    /// Something is not there.
    Missing,
    /// Something does not have the expected form.
    Malformed,
    /// Another system did not answer.
    Unavailable,
    /// A defect of the plugin.
    Internal,
}

/// The answer of a risk plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// Any finite number that grows with risk.
    #[serde(with = "super::exact")]
    pub magnitude: f64,
    /// Reasons, most important first.
    pub factors: Vec<Factor>,
}

/// One reason for risk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Kebab-case name.
    pub name: Text,
    /// What was seen.
    pub evidence: Text,
    /// Its part of the magnitude.
    #[serde(with = "super::exact")]
    pub weight: f64,
    /// Whether it is a rule of thumb.
    pub heuristic: bool,
    /// Where to look.
    pub location: Location,
}

/// One thing that has to be free, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// What is claimed.
    pub demand: Demand,
    /// Why.
    pub reason: Text,
}

/// What a resource plugin claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// A lease on a key.
    Lease(Lease),
    /// A window to be in.
    Window(Window),
    /// An approval.
    Approval(Approval),
}

/// A key to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The key.
    pub key: Text,
    /// How it is shared.
    pub sharing: Sharing,
}

/// How a lease is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// Nobody else may hold it.
    Exclusive,
    /// Others may hold it shared.
    Shared,
}

/// A half-open span of time, in seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// From when on.
    pub start: Option<i64>,
    /// Until when.
    pub end: Option<i64>,
}

/// People who have to release the hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// A person or a role.
    pub principal: Text,
    /// How many of them.
    pub count: u32,
}

/// A body for a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Media type of the body.
    pub media_type: Text,
    /// The body.
    pub body: Text,
    /// One line on what it says.
    pub summary: Text,
}

/// What happened to a run, as a notify plugin hears of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The run's identifier.
    pub run: String,
    /// The stage that it happened in.
    pub stage: Option<String>,
    /// What the stage, or the run, came to; none when that is not known yet.
    pub verdict: Option<Verdict>,
    /// Why.
    pub reason: Text,
    /// The findings that block.
    pub findings: Vec<Finding>,
}

/// What happened to a run.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The stages and their plugins are known.
    Planned,
    /// The first stage begins.
    Started,
    /// An approval, a window or a lease is missing.
    Waiting,
    /// A hold was released.
    Approved,
    /// A finding or a fault stops the release.
    Blocked,
    /// Somebody broke the glass.
    Overridden,
    /// The commands were carried out.
    Deployed,
    /// The target was found healthy.
    Verified,
    /// What was carried out was undone.
    Undone,
    /// The run is over.
    Finished,
}

impl EventKind {
    /// Every kind, in the order of a run.
    pub const ALL: [Self; 10] = [
        Self::Planned,
        Self::Started,
        Self::Waiting,
        Self::Approved,
        Self::Blocked,
        Self::Overridden,
        Self::Deployed,
        Self::Verified,
        Self::Undone,
        Self::Finished,
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Started => "started",
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Blocked => "blocked",
            Self::Overridden => "overridden",
            Self::Deployed => "deployed",
            Self::Verified => "verified",
            Self::Undone => "undone",
            Self::Finished => "finished",
        }
    }
}

/// What a channel takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Name in the operator's configuration.
    pub name: String,
    /// Media type of the bodies that it takes.
    pub media_type: String,
    /// The largest body.
    pub body_bytes_max: u32,
}

/// One header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Name.
    pub name: Text,
    /// Value.
    pub value: Text,
}

/// What a request of a plan carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// These bytes.
    Bytes(Body),
    /// The artifact of this name.
    Artifact(Text),
}

/// A request that changes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRequest {
    /// Method.
    pub method: Text,
    /// Absolute URL, in which `{{NAME.POINTER}}` stands for a part of an earlier answer.
    pub url: Text,
    /// Headers, in order.
    pub headers: Vec<Header>,
    /// What it carries.
    pub content: Content,
    /// Status codes that mean success.
    pub success: Vec<u16>,
    /// Not empty where making it twice is the same as once.
    pub idempotency_key: Text,
}

/// One element of a list in an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// JSON pointer to the list.
    pub list: Text,
    /// What the element that is meant has: JSON pointers, each to a text, number or truth value, and
    /// what that is.
    pub members: Vec<(Text, Text)>,
}

/// A question that shows whether a step was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Absolute URL, as in a request.
    pub url: Text,
    /// Headers, in order.
    pub headers: Vec<Header>,
    /// Status codes of an answer that is understood.
    pub success: Vec<u16>,
    /// The element that the answer has if the step was made; none where every answer that is
    /// understood says so.
    pub element: Option<Element>,
}

/// One step of an action's plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Name, unique in the plan.
    pub name: Text,
    /// What it does.
    pub title: Text,
    /// What is asked for.
    pub request: PlannedRequest,
    /// What shows whether it was made.
    pub probe: Option<Probe>,
    /// What takes it back.
    pub undo: Option<PlannedRequest>,
}

impl Step {
    /// Whether it can become known what became of it, where nobody knows: it can be found out, or
    /// made again.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.probe.is_some() || self.request.is_idempotent()
    }
}

impl PlannedRequest {
    /// Whether twice is the same as once: it has a key, or a method that says so (RFC 9110, section
    /// 9.2.2).
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        !self.idempotency_key.is_empty() || matches!(self.method.raw(), "PUT" | "DELETE")
    }
}

/// The answer of a verify plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What was found.
    pub health: Health,
    /// Why.
    pub reason: Text,
    /// What was measured.
    pub measures: Vec<Measurement>,
}

/// What a verify plugin found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// As it should be.
    Healthy,
    /// Worse than it should be.
    Degraded,
    /// Failing.
    Failing,
    /// No data.
    Inconclusive,
}

/// One thing that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Name.
    pub name: Text,
    /// The value; none when there is no data.
    #[serde(with = "super::exact::optional")]
    pub value: Option<f64>,
    /// Unit.
    pub unit: Text,
    /// The bound that it is held against.
    pub bound: Text,
}
