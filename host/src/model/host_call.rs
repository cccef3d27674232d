use serde::{Deserialize, Serialize};

use super::{Capability, Digest, Text};

/// One call from a plugin to the host, with what it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCall {
    /// What the plugin asked for.
    pub asked: HostQuestion,
    /// What it was given.
    pub answer: HostAnswer,
}

/// A function of the host with its arguments, as a plugin called it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "function")]
pub enum HostQuestion {
    /// Commits of the range.
    #[serde(rename = "commits.page")]
    CommitsPage {
        /// From which on, counted from 0.
        start: u32,
        /// How many.
        count: u32,
    },
    /// Messages and people of commits of the range.
    #[serde(rename = "commits.texts")]
    CommitsTexts {
        /// From which on, counted from 0.
        start: u32,
        /// How many.
        count: u32,
    },
    /// Files that differ.
    #[serde(rename = "changes.page")]
    ChangesPage {
        /// From which on, counted from 0.
        start: u32,
        /// How many.
        count: u32,
    },
    /// Files that are shipped.
    #[serde(rename = "artifacts.page")]
    ArtifactsPage {
        /// From which on, counted from 0.
        start: u32,
        /// How many.
        count: u32,
    },
    /// The names in a folder of the judged commit.
    #[serde(rename = "tree.entries")]
    TreeEntries {
        /// The folder.
        folder: Text,
    },
    /// The bytes of a file of the judged commit.
    #[serde(rename = "tree.read")]
    TreeRead {
        /// Its path.
        path: Text,
    },
    /// A line for the log. Its words stand there, and only there.
    #[serde(rename = "log.write")]
    LogWrite {
        /// Which line of the log it became, counted from 1.
        line: u32,
    },
}

/// What a plugin was given. What is in the subject or in the judged commit is named, not copied:
/// with both at hand it can be given again, and held against this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostAnswer {
    /// The function answers nothing.
    Nothing,
    /// Items of the subject, from the one that was asked for on. Which ones follows from the subject,
    /// whose digest stands in the transcript: they are counted here, and not hashed once more.
    Items {
        /// How many.
        items: u32,
        /// What they count against the bound on what the host hands out.
        bytes: u64,
    },
    /// Names in a folder.
    Names {
        /// How many.
        items: u32,
        /// What they count against the bound on what the host hands out.
        bytes: u64,
        /// Digest of the names.
        digest: Digest,
    },
    /// A file.
    File {
        /// Its size.
        bytes: u64,
        /// Digest of its bytes.
        digest: Digest,
    },
    /// It was not given.
    Refused(TreeRefusal),
}

/// Why something of the judged commit was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TreeRefusal {
    /// There is nothing at that path.
    Missing,
    /// Something else is at that path.
    NotAFile,
    /// The operator has not granted it.
    NotGranted,
    /// It is larger than what may cross in one value.
    TooLarge,
}

impl HostQuestion {
    /// The interface that the function belongs to.
    #[must_use]
    pub fn interface(&self) -> Capability {
        match self {
            Self::CommitsPage { .. } | Self::CommitsTexts { .. } => Capability::Commits,
            Self::ChangesPage { .. } => Capability::Changes,
            Self::ArtifactsPage { .. } => Capability::Artifacts,
            Self::TreeEntries { .. } | Self::TreeRead { .. } => Capability::Tree,
            Self::LogWrite { .. } => Capability::Log,
        }
    }

    /// The name of the function in its interface.
    #[must_use]
    pub fn function(&self) -> &'static str {
        match self {
            Self::CommitsPage { .. } | Self::ChangesPage { .. } | Self::ArtifactsPage { .. } => {
                "page"
            }
            Self::CommitsTexts { .. } => "texts",
            Self::TreeEntries { .. } => "entries",
            Self::TreeRead { .. } => "read",
            Self::LogWrite { .. } => "write",
        }
    }

    /// The bytes that its texts have in a transcript at most: some characters are written as six.
    #[must_use]
    pub fn text_bytes(&self) -> u64 {
        let text = match self {
            Self::TreeEntries { folder: text } | Self::TreeRead { path: text } => text,
            Self::CommitsPage { .. }
            | Self::CommitsTexts { .. }
            | Self::ChangesPage { .. }
            | Self::ArtifactsPage { .. }
            | Self::LogWrite { .. } => return 0,
        };
        text.raw()
            .bytes()
            .map(|byte| match byte {
                b'"' | b'\\' => 2,
                0..0x20 => 6,
                _ => 1,
            })
            .sum()
    }
}

impl HostAnswer {
    /// What it counts against the bound on what the host hands out, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Nothing | Self::Refused(_) => 0,
            Self::Items { bytes, .. } | Self::Names { bytes, .. } | Self::File { bytes, .. } => {
                *bytes
            }
        }
    }
}
