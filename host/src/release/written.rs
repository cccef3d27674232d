//! A release that a person writes by hand, to try a plugin on.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use holdpoint_conventional::Versioning;
use jiff::Timestamp;
use semver::Version;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::EvidenceBytes;
use super::files::UNKNOWN_MEDIA_TYPE;
use super::message::Message;
use crate::model::{
    Artifact, Change, ChangeKind, Circumstances, Commit, ContinuousIntegration, Digest, Ending,
    Evidence, Measures, ObjectName, Owners, PastRelease, Person, Release, Subject, Text, Totals,
};

/// The sitting's time where none is written: a Monday.
const TIME: &str = "2026-01-05T09:00:00Z";

/// When the first commit was made where nothing says so; each later one is a minute after the one
/// before.
const FIRST_COMMIT: i64 = 1_767_225_600;

/// A release as a person writes it: everything may be left out.
///
/// Without a word it is version 1.1.0 of the project `example`, after 1.0.0, with nothing in it, on
/// Monday, 2026-01-05 at nine o'clock UTC.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct WrittenRelease {
    /// Name of the project.
    pub project: String,
    /// The version to be released; empty for none.
    #[serde(deserialize_with = "version")]
    pub version: Option<Version>,
    /// The version released before; empty for the first release.
    #[serde(deserialize_with = "version")]
    pub previous: Option<Version>,
    /// Where it is going.
    pub target: Option<String>,
    /// Path filter of the range.
    pub path: Option<String>,
    /// The sitting's time, RFC 3339.
    pub time: Timestamp,
    /// IANA name of the operator's time zone.
    pub zone: String,
    /// The CI system.
    pub ci: Option<String>,
    /// Who started the CI job.
    pub initiator: Option<String>,
    /// Address of the CI job.
    pub job_url: Option<String>,
    /// Whether the working tree differs from the judged commit.
    pub dirty: Option<bool>,
    /// Whether effects are shown and not carried out.
    pub dry_run: bool,
    /// The commits in the order they were made: messages, or tables.
    pub commits: Vec<Short<WrittenCommit>>,
    /// The files that differ: paths of modified files, or tables.
    pub changes: Vec<Short<WrittenChange>>,
    /// The files that are shipped: names, or tables.
    pub artifacts: Vec<Short<WrittenArtifact>>,
    /// Files about the release.
    pub evidence: Vec<WrittenEvidence>,
}

impl Default for WrittenRelease {
    fn default() -> Self {
        Self {
            project: "example".to_owned(),
            version: Some(Version::new(1, 1, 0)),
            previous: Some(Version::new(1, 0, 0)),
            target: None,
            path: None,
            time: TIME.parse().unwrap_or_default(),
            zone: "UTC".to_owned(),
            ci: None,
            initiator: None,
            job_url: None,
            dirty: None,
            dry_run: true,
            commits: Vec::new(),
            changes: Vec::new(),
            artifacts: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

/// A commit: its message, and what is not as usual.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WrittenCommit {
    /// The whole message.
    pub message: String,
    /// Full object name; counted from 1 where none is written.
    pub id: Option<ObjectName>,
    /// `Name <address>`.
    pub author: Option<String>,
    /// When it was made.
    pub time: Option<Timestamp>,
    /// Whether it has two parents.
    #[serde(default)]
    pub merge: bool,
    /// Whether a signature is present.
    #[serde(default)]
    pub signed: bool,
    /// Files touched.
    pub files: Option<u32>,
    /// Folders with a touched file directly in them.
    pub directories: Option<u32>,
    /// Top-level folders with a touched file below them.
    pub subsystems: Option<u32>,
    /// Lines added.
    pub insertions: Option<u32>,
    /// Lines deleted.
    pub deletions: Option<u32>,
    /// Shannon entropy of the changed lines over the files, in bits.
    pub entropy: Option<f64>,
}

/// A file that differs: its path, and what is not as usual.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WrittenChange {
    /// Its path.
    pub path: String,
    /// Where a renamed file came from.
    pub old_path: Option<String>,
    /// `added`, `modified`, `deleted`, `renamed` or `retyped`.
    pub how: Option<ChangeKind>,
    /// Lines added.
    #[serde(default)]
    pub insertions: u32,
    /// Lines deleted.
    #[serde(default)]
    pub deletions: u32,
    /// Whether either side is binary.
    #[serde(default)]
    pub binary: bool,
    /// Its code owners, from the trusted configuration.
    #[serde(default)]
    pub owners: Vec<String>,
}

/// A file that is shipped.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WrittenArtifact {
    /// Its name.
    pub name: String,
    /// Digest of its bytes; of none where none is written.
    pub digest: Option<Digest>,
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
}

/// A file about the release.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WrittenEvidence {
    /// Its name.
    pub name: String,
    /// Media type; that of unknown bytes where none is written.
    pub media_type: Option<String>,
    /// What is in it.
    pub content: String,
}

/// A release before.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WrittenPast {
    /// Its version; none when it had none.
    pub version: Option<Version>,
    /// Its judged commit; the one before the first where none is written.
    pub head: Option<ObjectName>,
    /// When it ended.
    pub time: Timestamp,
    /// How its run ended; none where it is known from a tag only.
    pub ended: Option<Ending>,
    /// Commits in it.
    #[serde(default)]
    pub commits: u32,
    /// Merges among them.
    #[serde(default)]
    pub merges: u32,
    /// Files that differ.
    #[serde(default)]
    pub files: u32,
    /// Lines added.
    #[serde(default)]
    pub insertions: u32,
    /// Lines deleted.
    #[serde(default)]
    pub deletions: u32,
}

impl WrittenPast {
    /// The release that is meant.
    #[must_use]
    pub fn past_release(&self) -> PastRelease {
        PastRelease {
            version: self.version.clone(),
            head: self.head.clone().unwrap_or_else(before_the_first),
            time: self.time.as_second(),
            totals: Totals {
                commits: self.commits,
                merges: self.merges,
                files: self.files,
                insertions: self.insertions,
                deletions: self.deletions,
            },
            ended: self.ended,
        }
    }
}

/// Something that is written as a table, or as the one text in it that matters.
#[derive(Clone, Debug)]
pub struct Short<T>(pub T);

impl<'de, T: Deserialize<'de> + FromStr<Err = std::convert::Infallible>> Deserialize<'de>
    for Short<T>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + FromStr<Err = std::convert::Infallible>> Visitor<'de>
            for Either<T>
        {
            type Value = T;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text or a table")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(Either(PhantomData)).map(Self)
    }
}

impl FromStr for WrittenCommit {
    type Err = std::convert::Infallible;

    fn from_str(message: &str) -> Result<Self, Self::Err> {
        Ok(Self {
            message: message.to_owned(),
            id: None,
            author: None,
            time: None,
            merge: false,
            signed: false,
            files: None,
            directories: None,
            subsystems: None,
            insertions: None,
            deletions: None,
            entropy: None,
        })
    }
}

impl FromStr for WrittenChange {
    type Err = std::convert::Infallible;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        Ok(Self {
            path: path.to_owned(),
            old_path: None,
            how: None,
            insertions: 0,
            deletions: 0,
            binary: false,
            owners: Vec::new(),
        })
    }
}

impl FromStr for WrittenArtifact {
    type Err = std::convert::Infallible;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(Self {
            name: name.to_owned(),
            digest: None,
            size: 0,
        })
    }
}

/// A version; an empty text for none.
fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Version>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(D::Error::custom)
}

impl WrittenRelease {
    /// The release that is meant.
    #[must_use]
    pub fn release(&self) -> Release {
        let mut commits: Vec<Commit> = Vec::with_capacity(self.commits.len());
        for (number, Short(written)) in self.commits.iter().enumerate() {
            let before = commits
                .last()
                .map_or_else(before_the_first, |commit| commit.id.clone());
            commits.push(commit(written, number, before));
        }
        // Newest first, as plugins are given them.
        commits.reverse();
        let mut changes: Vec<Change> = self
            .changes
            .iter()
            .map(|Short(written)| change(written))
            .collect();
        changes.sort_by(|left, right| left.path.raw().cmp(right.path.raw()));
        let sum =
            |count: fn(&Change) -> u32| changes.iter().map(count).fold(0, u32::saturating_add);
        let subject = Subject {
            project: text(&self.project),
            version: self.version.clone(),
            previous: self.previous.clone(),
            head: commits
                .first()
                .map_or_else(before_the_first, |commit| commit.id.clone()),
            base: self.previous.is_some().then(before_the_first),
            target: self.target.as_deref().map(text),
            path: self.path.as_deref().map(text),
            versioning: Versioning::default(),
            tags: Vec::new(),
            totals: Totals {
                commits: length(commits.len()),
                merges: length(
                    commits
                        .iter()
                        .filter(|commit| commit.parents.len() > 1)
                        .count(),
                ),
                files: length(changes.len()),
                insertions: sum(|change| change.insertions),
                deletions: sum(|change| change.deletions),
            },
            artifacts: self
                .artifacts
                .iter()
                .map(|Short(written)| artifact(written))
                .collect(),
            evidence: self.evidence.iter().map(evidence).collect(),
            commits,
            changes,
        };
        Release {
            digest: Digest::of_json(&subject),
            subject,
            circumstances: self.circumstances(),
        }
    }

    /// What is in the files about it.
    #[must_use]
    pub fn evidence_bytes(&self) -> EvidenceBytes {
        let files = self.evidence.iter();
        EvidenceBytes::new(files.map(|file| file.content.clone().into_bytes()))
    }

    fn circumstances(&self) -> Circumstances {
        let claims = [&self.ci, &self.initiator, &self.job_url];
        Circumstances {
            time: self.time,
            zone: self.zone.clone(),
            ci: claims
                .iter()
                .any(|claim| claim.is_some())
                .then(|| ContinuousIntegration {
                    system: self.ci.clone().unwrap_or_else(|| "github".to_owned()),
                    initiator: self.initiator.as_deref().map(text),
                    commit: None,
                    reference: None,
                    repository: None,
                    job: None,
                    url: self.job_url.as_deref().map(text),
                }),
            dirty: self.dirty,
            dry_run: self.dry_run,
        }
    }
}

fn commit(written: &WrittenCommit, number: usize, parent: ObjectName) -> Commit {
    let message = Message::parse(written.message.as_bytes());
    let person = person(
        written
            .author
            .as_deref()
            .unwrap_or("Ada Author <ada@example.com>"),
    );
    let seconds = FIRST_COMMIT.saturating_add(60 * i64::try_from(number).unwrap_or(0));
    let time = written.time.map_or(seconds, Timestamp::as_second);
    let usual = u32::from(!written.merge);
    let mut parents = vec![parent];
    if written.merge {
        parents.push(named(u64::MAX));
    }
    Commit {
        id: written
            .id
            .clone()
            .unwrap_or_else(|| named(number as u64 + 1)),
        parents,
        author: person.clone(),
        authored: time,
        committer: person,
        committed: time,
        measures: Measures {
            files: written.files.unwrap_or(usual),
            directories: written.directories.unwrap_or(usual),
            subsystems: written.subsystems.unwrap_or(usual),
            insertions: written.insertions.unwrap_or(usual),
            deletions: written.deletions.unwrap_or(0),
            entropy: written.entropy.unwrap_or(0.0),
            fix: !written.merge && message.names_a_defect(),
        },
        summary: message.summary,
        body: message.body,
        trailers: message.trailers,
        signed: written.signed,
    }
}

fn change(written: &WrittenChange) -> Change {
    let usual = match written.old_path {
        Some(_) => ChangeKind::Renamed,
        None => ChangeKind::Modified,
    };
    Change {
        path: text(&written.path),
        old_path: written.old_path.as_deref().map(text),
        how: written.how.unwrap_or(usual),
        insertions: written.insertions,
        deletions: written.deletions,
        binary: written.binary,
        owners: Owners::Trusted(written.owners.iter().map(|owner| text(owner)).collect()),
    }
}

fn artifact(written: &WrittenArtifact) -> Artifact {
    Artifact {
        name: text(&written.name),
        digest: written.digest.unwrap_or_else(|| Digest::of(b"")),
        size: written.size,
    }
}

fn evidence(written: &WrittenEvidence) -> Evidence {
    let media_type = written.media_type.as_deref().unwrap_or(UNKNOWN_MEDIA_TYPE);
    Evidence {
        name: text(&written.name),
        media_type: text(media_type),
        digest: Digest::of(written.content.as_bytes()),
        size: u64::try_from(written.content.len()).unwrap_or(u64::MAX),
    }
}

/// A person from `Name <address>`; without brackets all of it is the name.
fn person(written: &str) -> Person {
    let (name, email) = written.split_once('<').unwrap_or((written, ""));
    Person {
        name: text(name.trim()),
        email: text(email.trim().trim_end_matches('>')),
    }
}

/// The commit that the range starts after.
fn before_the_first() -> ObjectName {
    named(0)
}

/// A made-up object name.
fn named(number: u64) -> ObjectName {
    ObjectName::new(&format!("{number:040x}"))
        .unwrap_or_else(|| unreachable!("40 digits are a name"))
}

fn text(text: &str) -> Text {
    Text::from(text)
}

fn length(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
