use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Circumstances, Digest, Effects, Health, Holder, Kind, RunId, Step, Text, Verdict};

/// One line of a run's journal. The journal is only added to; what a run has come to is a fold over
/// it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1 within the run, without a gap.
    pub number: u32,
    /// The sitting that wrote it, from 1; 0 for what is written outside of one.
    pub sitting: u32,
    /// When it was written.
    pub time: Timestamp,
    /// What happened.
    pub record: Record,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The run was made.
    Began {
        /// Who started it, as the environment claims.
        initiator: Option<Text>,
        /// Random text that a signature on this run has to repeat: 32 hexadecimal digits.
        nonce: String,
        /// How it was asked for, so that another sitting can ask for the same.
        #[serde(default)]
        invocation: Invocation,
    },
    /// A sitting began.
    Sat {
        /// Version of the host.
        version: semver::Version,
        /// Who works on it.
        holder: Holder,
        /// What is known about the sitting.
        circumstances: Circumstances,
    },
    /// A stage was decided about.
    Decided(Decision),
    /// What the actions of a stage plan is settled: it is carried out and taken back as it is written
    /// here, whatever they would plan in another sitting.
    Planned(Planned),
    /// An effect is about to begin.
    Intended(Intent),
    /// It is known what became of an effect.
    Settled(Settlement),
    /// What a stage deployed is about to be measured once.
    Measuring(Measuring),
    /// A plugin that measures was answered from outside. Should it be cut in the middle, it goes on
    /// from there.
    Asked(Asked),
    /// What a stage deployed was measured once.
    Measured(Measured),
    /// A stage was let go although its verdict is another one.
    Overridden {
        /// The stage.
        stage: String,
        /// What it came to, and still does.
        verdict: Verdict,
        /// The signed statements that let it go.
        statements: Vec<Digest>,
    },
    /// A signal ended the sitting.
    Cancelled {
        /// `SIGINT` or `SIGTERM`.
        signal: String,
    },
    /// The sitting came to its end.
    Rested {
        /// The verdict of the stages.
        verdict: Verdict,
        /// Whether somebody broke the glass.
        overridden: bool,
        /// What has become of the effects.
        effects: Effects,
        /// Whether the run is over.
        finished: bool,
    },
    /// Somebody ended the run.
    Aborted {
        /// Who, as the environment claims.
        by: Option<Text>,
        /// Why.
        reason: Text,
    },
    /// A newer run on the same target took its place.
    Superseded {
        /// That run.
        by: RunId,
    },
}

impl Record {
    /// The stable name of what happened.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Began { .. } => "began",
            Self::Sat { .. } => "sat",
            Self::Decided(_) => "decided",
            Self::Planned(_) => "planned",
            Self::Intended(_) => "intended",
            Self::Settled(_) => "settled",
            Self::Measuring(_) => "measuring",
            Self::Asked(_) => "asked",
            Self::Measured(_) => "measured",
            Self::Overridden { .. } => "overridden",
            Self::Cancelled { .. } => "cancelled",
            Self::Rested { .. } => "rested",
            Self::Aborted { .. } => "aborted",
            Self::Superseded { .. } => "superseded",
        }
    }

    /// What it is about, where there are several of its name in one sitting: a stage or an effect.
    #[must_use]
    pub fn about(&self) -> Option<String> {
        match self {
            Self::Decided(decision) => Some(decision.stage.clone()),
            Self::Planned(planned) => Some(planned.stage.clone()),
            Self::Intended(intent) => Some(intent.effect.to_string()),
            Self::Settled(settlement) => Some(settlement.effect.to_string()),
            Self::Measuring(measuring) => {
                Some(format!("{}/{}", measuring.stage, measuring.attempt))
            }
            Self::Asked(asked) => Some(format!(
                "{}/{}/{}",
                asked.stage, asked.attempt, asked.plugin
            )),
            Self::Measured(measured) => Some(format!("{}/{}", measured.stage, measured.attempt)),
            Self::Overridden { stage, .. } => Some(stage.clone()),
            _ => None,
        }
    }
}

/// How a run was asked for: the options that say what is judged and what decides, as they were
/// written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Invocation {
    /// The folder that it was asked for in.
    pub folder: Option<Text>,
    /// `--pipeline`
    pub pipeline: Option<Text>,
    /// `--policy`
    pub policy: Option<Text>,
    /// `--from`
    pub from: Option<Text>,
    /// `--to`
    pub to: Option<Text>,
    /// `--path`
    pub path: Option<Text>,
    /// `--target`
    pub target: Option<Text>,
    /// `--as`
    pub version: Option<semver::Version>,
}

/// What a stage came to in one sitting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The stage.
    pub stage: String,
    /// What it came to.
    pub verdict: Verdict,
    /// Digest of the findings that an approval of this stage releases: rule, severity and place,
    /// sorted.
    pub findings: Digest,
    /// The highest score of its risk plugins.
    pub score: Option<f64>,
    /// What is missing, in words; empty where nothing is.
    pub missing: Vec<Text>,
    /// The signed statements that counted.
    pub statements: Vec<Digest>,
    /// The commands that it lets go, each with its arguments, and the requests that it makes: what
    /// an approval of it is for.
    #[serde(default)]
    pub commands: Vec<Vec<Text>>,
    /// The longest life of an approval that it takes, in seconds.
    #[serde(default)]
    pub approvals_valid_seconds: u64,
    /// Its calls, in the order of the file.
    pub calls: Vec<CallEntry>,
}

/// One call of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEntry {
    /// Name of the plugin in the pipeline.
    pub plugin: String,
    /// Which question was asked.
    pub kind: Kind,
    /// What became of the call.
    pub outcome: String,
    /// What it contributes to the verdict.
    pub verdict: Verdict,
    /// Digest of its transcript; none where no transcript was kept.
    pub transcript: Option<Digest>,
    /// Wall-clock time of the call in milliseconds. It is not in the transcript, so that equal calls
    /// have equal ones.
    pub duration_ms: u64,
}

/// What the actions of a stage plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The stage.
    pub stage: String,
    /// Digest of the document that has the steps: a list of [`PlannedStep`] in JSON, in the order in
    /// which they are made.
    pub steps: Digest,
}

/// One step, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Name of the plugin in the pipeline.
    pub plugin: String,
    /// The step.
    pub step: Step,
}

/// A measurement that is about to begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measuring {
    /// The stage.
    pub stage: String,
    /// Counts from 1 within the stage, over all sittings.
    pub attempt: u32,
    /// What the plugins are told about the moment: also by another sitting, which goes on with it.
    pub circumstances: Circumstances,
}

/// What a plugin that measures was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The stage.
    pub stage: String,
    /// Which measurement of the stage.
    pub attempt: u32,
    /// Name of the plugin in the pipeline.
    pub plugin: String,
    /// Digest of the document that has its next calls to the host, a
    /// [`CutCall`](super::CutCall).
    pub calls: Digest,
}

/// One measurement of what a stage deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The stage.
    pub stage: String,
    /// Counts from 1 within the stage, over all sittings.
    pub attempt: u32,
    /// When it was measured: what the plugins were told.
    pub at: Timestamp,
    /// What it came to: the worst of its plugins. Failing where one could not answer and its faults
    /// count.
    pub health: Health,
    /// Its calls, in the order of the file.
    pub calls: Vec<CallEntry>,
}

/// Which effect of a run: the same in every sitting. Written `STAGE/PART/NUMBER`.
///
/// ```
/// use holdpoint::model::{EffectId, Part};
///
/// let effect = EffectId { stage: "deploy".into(), part: Part::Run, number: 1 };
/// assert_eq!(effect.to_string(), "deploy/run/1");
/// assert_eq!("deploy/run/1".parse(), Ok(effect));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectId {
    /// The stage.
    pub stage: String,
    /// Which sort of effect of the stage.
    pub part: Part,
    /// Counts from 1 within the part.
    pub number: u32,
}

/// A sort of effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A file is written.
    Edit,
    /// A command is run.
    Run,
    /// A request is made.
    Request,
    /// A request that takes back what the one of the same number did.
    Revert,
    /// A command that takes back what `Run` did.
    Undo,
}

impl Part {
    /// All of them, in the order in which they come in a stage.
    pub const ALL: [Self; 5] = [
        Self::Edit,
        Self::Run,
        Self::Request,
        Self::Revert,
        Self::Undo,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Run => "run",
            Self::Request => "request",
            Self::Revert => "revert",
            Self::Undo => "undo",
        }
    }
}

/// Why a text is not an [`EffectId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an effect: expected a stage, `edit`, `run`, `request`, `revert` or `undo`, and a number, \
     such as `deploy/run/1`"
)]
pub struct ParseEffectError;

impl fmt::Display for EffectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}/{}/{}",
            self.stage,
            self.part.name(),
            self.number
        )
    }
}

impl FromStr for EffectId {
    type Err = ParseEffectError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('/');
        let (Some(stage), Some(part), Some(number), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ParseEffectError);
        };
        let part = Part::ALL
            .into_iter()
            .find(|known| known.name() == part)
            .ok_or(ParseEffectError)?;
        let number = number.parse().map_err(|_| ParseEffectError)?;
        if stage.is_empty() || number == 0 {
            return Err(ParseEffectError);
        }
        Ok(Self {
            stage: stage.to_owned(),
            part,
            number,
        })
    }
}

impl Serialize for EffectId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EffectId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// An effect that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Which one.
    pub effect: EffectId,
    /// What it does, for people.
    pub what: Text,
    /// Digest of exactly what is carried out.
    pub digest: Digest,
    /// The same key makes the same thing once.
    pub key: String,
    /// Whether it may be carried out again when its outcome is not known.
    pub repeatable: bool,
}

/// What became of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Which one.
    pub effect: EffectId,
    /// What became of it.
    pub outcome: EffectOutcome,
    /// Who says so, where it was not seen: the signed statement of a person.
    pub assumed: Option<Digest>,
    /// Digest of what it put out; none where it put out nothing.
    pub output: Option<Digest>,
    /// Time that it took, in milliseconds.
    pub duration_ms: u64,
}

/// What became of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectOutcome {
    /// It was carried out.
    Done,
    /// It failed; what it did before that is not known.
    Failed(Text),
    /// It could not begin: it did nothing.
    NotBegun(Text),
    /// A person says that it did not happen: it may begin anew.
    NotDone,
}
