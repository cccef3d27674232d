use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Circumstances, Digest, Grants, HostCall, Input, Limits, LogLine, Outcome, Text};

/// Everything that crossed the boundary of the sandbox in one call of a plugin.
///
/// A guest is deterministic, so this and the subject document that it points into are enough to run
/// the call again and get the same bytes. Two calls that are equal have transcripts that are equal to
/// the byte: the wall-clock time that a call took stands elsewhere, in the journal.
///
/// Its JSON is the format: fields in this order, no space between them, and every number that is not
/// whole as text.
///
/// What is not in it, because it follows from what is:
/// - Pages of commits, changes and artifacts and files of the judged commit are named by the function
///   that was called and its arguments, not copied; see [`HostAnswer`](super::HostAnswer).
/// - The virtual WASI interfaces are not recorded call by call. Clocks start at
///   [`clock`](Given::clock) and are moved only by what the guest does, random numbers follow from
///   [`seed`](Given::seed), standard input is empty, there are no files, no environment and no
///   sockets, and what is printed is in [`log`](Self::log).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// [`Transcript::FORMAT`] of the program that wrote it.
    pub format: u32,
    /// What the call was begun with.
    pub given: Given,
    /// The calls from the plugin to the host that were answered, in order.
    pub host_calls: Vec<HostCall>,
    /// What the plugin logged and printed, in order.
    pub log: Vec<LogLine>,
    /// What became of the call, with the whole answer.
    pub outcome: Outcome,
    /// Fuel used.
    pub fuel: u64,
    /// Largest sum of its memories and tables, in bytes.
    pub memory_bytes: u64,
    /// What fuel and memory depend on: the engine and how it is set.
    pub engine: Digest,
    /// Whether the same call comes to the same. One that ran out of wall-clock time does not, and
    /// neither does one for which the repository could not be read, or that was ended because it did
    /// not fit what was recorded of it before.
    pub reproducible: bool,
}

/// Everything that a plugin is given in one call before it asks for more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Given {
    /// Name of the plugin in the pipeline file.
    pub plugin: Text,
    /// Name of the plugin in its manifest.
    pub name: Text,
    /// Version of the plugin.
    pub version: Version,
    /// Version of the WIT package that it was built against.
    pub api: Version,
    /// Digest of the component.
    pub component: Digest,
    /// Digest of the manifest.
    pub manifest: Digest,
    /// The stage that asked; none outside of the stages.
    pub stage: Option<Text>,
    /// What was asked.
    pub question: Input,
    /// The settings, JSON as the plugin was given it.
    pub settings: Text,
    /// Digest of the subject document.
    pub subject: Digest,
    /// What was known about the sitting.
    pub circumstances: Circumstances,
    /// Digest of the circumstances.
    pub circumstances_digest: Digest,
    /// Seconds that clocks in the operator's zone were ahead of UTC, as the plugin was told: a machine
    /// with other data about time zones may see it otherwise.
    pub utc_offset: i32,
    /// Where the plugin's clocks began, in seconds since 1970-01-01T00:00:00Z.
    pub clock: u64,
    /// Seed of its random numbers: 64 hexadecimal digits.
    #[serde(with = "seed")]
    pub seed: [u8; 32],
    /// The bounds.
    pub limits: Limits,
    /// What it may use beyond the release itself: granted, and asked for in its manifest.
    pub grants: Grants,
}

/// What is known of a call that was cut in the middle: what it was given, and the calls to the host
/// that were answered before it was cut, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CutCall {
    /// What the call was begun with.
    pub given: Given,
    /// The calls to the host that were answered.
    pub host_calls: Vec<HostCall>,
}

impl CutCall {
    /// The bytes that are kept.
    ///
    /// # Panics
    ///
    /// Never: the JSON of these types cannot fail to be written.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("the model's types can be written as JSON")
    }

    /// Reads what [`bytes`](Self::bytes) gave; none for anything else.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// Why bytes are not a [`Transcript`].
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    /// A newer program wrote it.
    #[error("the transcript has format {found}, and this version of Holdpoint reads up to {known}")]
    Newer {
        /// Its format.
        found: u32,
        /// The newest that this program reads.
        known: u32,
    },
    /// It is not JSON of a transcript.
    #[error("the transcript cannot be read")]
    Malformed(#[source] serde_json::Error),
    /// It says the same as a transcript, in other bytes: its digest names something else.
    #[error("the transcript is not written as format {format} is written")]
    Rewritten {
        /// Its format.
        format: u32,
    },
    /// Two of its parts contradict each other.
    #[error("the circumstances in the transcript are not those of the digest beside them")]
    Circumstances,
}

impl TranscriptError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Newer { .. } => {
                "read it with the version of Holdpoint that wrote it, or a newer one"
            }
            Self::Malformed(_) | Self::Rewritten { .. } | Self::Circumstances => {
                "something else has written to it: take it from the store or a copy of it again"
            }
        }
    }
}

impl Transcript {
    /// The format that this program writes, and the newest that it reads. It is counted up with every
    /// change to the JSON.
    pub const FORMAT: u32 = 1;

    /// The bytes that are kept.
    ///
    /// # Panics
    ///
    /// Never: the JSON of these types cannot fail to be written.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("the model's types can be written as JSON")
    }

    /// What names it: the digest of its bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_json(self)
    }

    /// Reads what [`bytes`](Self::bytes) gave. What is read gives the same bytes again.
    ///
    /// # Errors
    ///
    /// When a newer program wrote them, they are not a transcript, or they say what a transcript says
    /// in another way.
    pub fn read(bytes: &[u8]) -> Result<Self, TranscriptError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let malformed = TranscriptError::Malformed;
        let Head { format } = serde_json::from_slice(bytes).map_err(malformed)?;
        if format > Self::FORMAT {
            return Err(TranscriptError::Newer {
                found: format,
                known: Self::FORMAT,
            });
        }
        let transcript: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        if format != Self::FORMAT || transcript.bytes() != bytes {
            return Err(TranscriptError::Rewritten { format });
        }
        let given = &transcript.given;
        if Digest::of_json(&given.circumstances) != given.circumstances_digest {
            return Err(TranscriptError::Circumstances);
        }
        Ok(transcript)
    }

    /// What is known of the call up to its `length`th call to the host.
    #[must_use]
    pub fn cut(&self, length: usize) -> CutCall {
        CutCall {
            given: self.given.clone(),
            host_calls: self.host_calls.iter().take(length).cloned().collect(),
        }
    }
}

impl Given {
    /// The seed in 64 hexadecimal digits.
    #[must_use]
    pub fn seed_hex(&self) -> String {
        Digest::from_bytes(self.seed).hex()
    }
}

/// The seed as hexadecimal digits, which a person can compare.
mod seed {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::model::Digest;

    pub(super) fn serialize<S: Serializer>(
        seed: &[u8; 32],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Digest::from_bytes(*seed).hex())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; 32], D::Error> {
        let hex = String::deserialize(deserializer)?;
        let digest: Digest = format!("sha256:{hex}")
            .parse()
            .map_err(|_| D::Error::custom("not a seed: expected 64 hexadecimal digits"))?;
        Ok(*digest.bytes())
    }
}
