use std::fmt;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Digest, Effects, Extent, ObjectName, Text, Verdict};

/// Identifier of a run: 32 lower-case hexadecimal digits, made at random.
///
/// ```
/// use holdpoint::model::RunId;
///
/// let run = RunId::new("0123456789abcdef0123456789abcdef").unwrap();
/// assert_eq!(run.short(), "0123456789ab");
/// assert!(RunId::new("latest").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// Digits of an identifier.
    pub const DIGITS: usize = 32;

    /// An identifier, if the text is one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (text.len() == Self::DIGITS && is_hex(text)).then(|| Self(text.to_owned()))
    }

    /// An identifier of 128 random bits.
    #[must_use]
    pub fn from_bits(bits: u128) -> Self {
        Self(format!("{bits:032x}"))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, for people. A store takes any beginning that is not ambiguous.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

/// Whether a text could be the beginning of an identifier: hexadecimal digits, at least one.
#[must_use]
pub fn is_run_prefix(text: &str) -> bool {
    (1..=RunId::DIGITS).contains(&text.len()) && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom("not the identifier of a run"))
    }
}

/// What makes a run the same run: one subject under one configuration on one target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunKey {
    /// Name of the project.
    pub project: Text,
    /// Where the release is going.
    pub target: Option<Text>,
    /// Digest of the subject document.
    pub subject: Digest,
    /// Digest of everything that decides.
    pub configuration: Digest,
}

/// A run, as a list shows it. The journal is what counts: this follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its identifier.
    pub id: RunId,
    /// What makes it the same run.
    pub key: RunKey,
    /// Version to be released.
    pub version: Option<Version>,
    /// The judged commit.
    pub head: ObjectName,
    /// When it was made.
    pub began: Timestamp,
    /// When something was last recorded of it.
    pub changed: Timestamp,
    /// Sittings so far.
    pub sittings: u32,
    /// Whether it goes on.
    pub state: RunState,
    /// The verdict of the last sitting; none before there is one.
    pub verdict: Option<Verdict>,
    /// Whether somebody broke the glass.
    pub overridden: bool,
    /// What became of its effects.
    pub effects: Effects,
    /// What it judged, in short; none where that was not recorded.
    #[serde(default)]
    pub extent: Option<Extent>,
}

impl RunSummary {
    /// Whether what it judged is a release of a target since: the target was named, everything in
    /// the run was let go, and nothing of it was undone. Effects are not asked for: where a pipeline
    /// has none, whoever asked for the run deploys by its exit code.
    #[must_use]
    pub fn is_release(&self) -> bool {
        self.key.target.is_some()
            && self.state == RunState::Finished
            && (self.verdict == Some(Verdict::Go) || self.overridden)
            && matches!(self.effects, Effects::None | Effects::Done)
    }
}

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Another sitting may go on with it.
    Open,
    /// It came to its end.
    Finished,
    /// Somebody ended it.
    Aborted,
    /// A newer run on the same target took its place.
    Superseded,
}

impl RunState {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Finished => "finished",
            Self::Aborted => "aborted",
            Self::Superseded => "superseded",
        }
    }

    /// The state of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Finished, Self::Aborted, Self::Superseded]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A process that works, or worked, on a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Name of the machine.
    pub host: Text,
    /// Number of the process on it.
    pub process: u32,
    /// Who started it: a user, or whom a CI system names.
    pub user: Option<Text>,
    /// Address of the CI job.
    pub job: Option<Text>,
    /// When it began.
    pub since: Timestamp,
}
