use holdpoint_conventional::Versioning;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Circumstances, Digest, Text};

/// What is judged, with everything that was read about it, under which circumstances.
#[derive(Clone, Debug)]
pub struct Release {
    /// What is judged; equal for every sitting of a run.
    pub subject: Subject,
    /// The digest of `subject`, worked out once.
    pub digest: Digest,
    /// What is known about this sitting.
    pub circumstances: Circumstances,
}

/// The subject document: a range of commits of one project on its way to one target, with all that
/// was read about it. Its JSON is what the subject digest is taken of, so the order of the fields
/// is part of the format.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Subject {
    /// Name of the project.
    pub project: Text,
    /// Version to be released; none when nothing names one and no commit asks for one.
    pub version: Option<Version>,
    /// Version that the range starts from; none before the first release.
    pub previous: Option<Version>,
    /// The judged commit.
    pub head: ObjectName,
    /// The commit that the range starts after; none when it reaches back to the root commits.
    pub base: Option<ObjectName>,
    /// Where the release is going.
    pub target: Option<Text>,
    /// Path filter, relative to the root of the repository, with `/`.
    pub path: Option<Text>,
    /// How the project counts versions.
    pub versioning: Versioning,
    /// Tags on the judged commit that the tag pattern matches, highest version first.
    pub tags: Vec<Text>,
    /// Sizes.
    pub totals: Totals,
    /// What is shipped.
    pub artifacts: Vec<Artifact>,
    /// Files about the release.
    pub evidence: Vec<Evidence>,
    /// Newest first, a commit before its parents.
    pub commits: Vec<Commit>,
    /// Ordered by path as bytes.
    pub changes: Vec<Change>,
}

/// How much is in a release. Counts stop at their largest value.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Totals {
    /// Commits in the range, merges included: `git rev-list --count BASE..HEAD`.
    pub commits: u32,
    /// Commits with more than one parent.
    pub merges: u32,
    /// Files that differ between base and head, a renamed file once: `git diff -M BASE HEAD`.
    pub files: u32,
    /// Lines added between base and head.
    pub insertions: u32,
    /// Lines deleted between base and head.
    pub deletions: u32,
}

/// A full object name: 40 or 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct ObjectName(String);

impl ObjectName {
    /// An object name, if the text is one.
    #[must_use]
    pub fn new(hex: &str) -> Option<Self> {
        let is_hex = hex
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_hex && matches!(hex.len(), 40 | 64)).then(|| Self(hex.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..10]
    }
}

impl std::fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ObjectName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = String::deserialize(deserializer)?;
        Self::new(&hex).ok_or_else(|| serde::de::Error::custom("not a full object name"))
    }
}

/// A commit of the range.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Commit {
    /// Its name.
    pub id: ObjectName,
    /// Its parents.
    pub parents: Vec<ObjectName>,
    /// Who wrote it.
    pub author: Person,
    /// When it was written, in seconds since 1970-01-01T00:00:00Z.
    pub authored: i64,
    /// Who committed it.
    pub committer: Person,
    /// When it was committed, in seconds since 1970-01-01T00:00:00Z.
    pub committed: i64,
    /// First line of the message.
    pub summary: Text,
    /// The rest of the message, without leading and trailing blank lines.
    pub body: Text,
    /// `key: value` lines of the last paragraph.
    pub trailers: Vec<Trailer>,
    /// Whether a signature is present; it has not been verified.
    pub signed: bool,
    /// Size and spread of its change to the first parent; zero for a merge.
    pub measures: Measures,
}

/// A name and an address, as claimed in a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Name.
    pub name: Text,
    /// Electronic mail address.
    pub email: Text,
}

/// One `key: value` line at the end of a commit message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// The key, as written.
    pub key: Text,
    /// The value, folded lines joined with one space.
    pub value: Text,
}

/// Size and spread of one commit's change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Files touched, a renamed file once.
    pub files: u32,
    /// Folders with a touched file directly in them.
    pub directories: u32,
    /// Top-level folders with a touched file below them; files at the root count as one.
    pub subsystems: u32,
    /// Lines added.
    pub insertions: u32,
    /// Lines deleted.
    pub deletions: u32,
    /// Shannon entropy in bits of the changed lines over the touched files.
    #[serde(with = "super::exact")]
    pub entropy: f64,
    /// Whether the message names a defect.
    pub fix: bool,
}

/// A file that differs between base and head.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    /// Path in the judged commit, or in the base for a deleted file.
    pub path: Text,
    /// Where a renamed file came from.
    pub old_path: Option<Text>,
    /// What happened to it.
    pub how: ChangeKind,
    /// Lines added.
    pub insertions: u32,
    /// Lines deleted.
    pub deletions: u32,
    /// Whether either side is binary.
    pub binary: bool,
    /// Its code owners.
    pub owners: Owners,
}

impl Change {
    /// The lines that it adds and deletes.
    #[must_use]
    pub fn lines(&self) -> (u32, u32) {
        (self.insertions, self.deletions)
    }
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Not in the base.
    Added,
    /// Content or mode differs.
    Modified,
    /// Not in the judged commit.
    Deleted,
    /// At another path, with at least half of its content.
    Renamed,
    /// A file became a link, a link became a submodule.
    Retyped,
}

/// The code owners of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owners {
    /// Read from the trusted configuration.
    Trusted(Vec<Text>),
    /// Read from the base or the judged commit: a claim.
    Claimed(Vec<Text>),
}

impl Owners {
    /// The owners, whoever says so.
    #[must_use]
    pub fn names(&self) -> &[Text] {
        match self {
            Self::Trusted(names) | Self::Claimed(names) => names,
        }
    }
}

/// A file that is shipped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Artifact {
    /// Name given by the operator.
    pub name: Text,
    /// Digest of the bytes that were read.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
}

/// A file about the release.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// Name given by the operator.
    pub name: Text,
    /// Media type, as the operator states.
    pub media_type: Text,
    /// Digest of the bytes that were read.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
}
