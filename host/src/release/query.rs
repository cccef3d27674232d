use std::path::PathBuf;
use std::str::FromStr;

use holdpoint_conventional::Versioning;
use semver::Version;

use super::recorded::PassedOver;
use super::{Error, EvidenceBytes};
use crate::model::{BaseSource, RunSummary, Subject, Text};

/// How the project writes its tags: text around one `{version}`. A project that does not say it
/// writes `v{version}` or `{version}`.
///
/// ```
/// use holdpoint::release::TagPattern;
///
/// let pattern: TagPattern = "payments-v{version}".parse().unwrap();
/// assert_eq!(pattern.version(b"payments-v1.4.0"), Some(semver::Version::new(1, 4, 0)));
/// assert_eq!(pattern.version(b"v1.4.0"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern {
    before: String,
    after: String,
    /// Whether the version alone names a release as well.
    or_bare: bool,
}

/// What stands for the version in a [`TagPattern`].
const PLACEHOLDER: &str = "{version}";

impl TagPattern {
    /// The version that a tag names; none when the tag is not of this form.
    #[must_use]
    pub fn version(&self, tag: &[u8]) -> Option<Version> {
        let parse =
            |version: &[u8]| -> Option<Version> { std::str::from_utf8(version).ok()?.parse().ok() };
        tag.strip_prefix(self.before.as_bytes())
            .and_then(|rest| rest.strip_suffix(self.after.as_bytes()))
            .and_then(parse)
            .or_else(|| parse(tag).filter(|_| self.or_bare))
    }

    /// The tag of a version, written like the tag of the release before it.
    #[must_use]
    pub fn tag(&self, version: &Version, previous: Option<&Text>) -> String {
        let is_bare = |tag: &Text| tag.raw().parse::<Version>().is_ok();
        if self.or_bare && previous.is_some_and(is_bare) {
            version.to_string()
        } else {
            format!("{}{version}{}", self.before, self.after)
        }
    }
}

impl Default for TagPattern {
    /// `v{version}`, and `{version}` as well: most projects write one or the other, and a newcomer
    /// who has set nothing would otherwise be shown the whole history.
    fn default() -> Self {
        Self {
            before: "v".to_owned(),
            after: String::new(),
            or_bare: true,
        }
    }
}

impl std::fmt::Display for TagPattern {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}{PLACEHOLDER}{}", self.before, self.after)?;
        if self.or_bare {
            write!(formatter, " or {PLACEHOLDER}")?;
        }
        Ok(())
    }
}

impl FromStr for TagPattern {
    type Err = Error;

    /// # Errors
    ///
    /// When `{version}` is not in it exactly once.
    fn from_str(pattern: &str) -> Result<Self, Error> {
        match pattern.split_once(PLACEHOLDER) {
            Some((before, after)) if !after.contains(PLACEHOLDER) => Ok(Self {
                before: before.to_owned(),
                after: after.to_owned(),
                or_bare: false,
            }),
            _ => Err(Error::TagPattern {
                pattern: Text::from(pattern),
            }),
        }
    }
}

/// What to read.
#[derive(Clone, Debug)]
pub struct Query {
    /// Name of the project; none for the name of the repository's folder.
    pub project: Option<String>,
    /// Where the release is going.
    pub target: Option<String>,
    /// Revision that the range starts after; none for the last release.
    pub from: Option<String>,
    /// Revision that is judged; none for `HEAD`.
    pub to: Option<String>,
    /// Path filter, relative to the root of the repository.
    pub path: Option<String>,
    /// The version to be released; none for the tag on the judged commit, else what the commits
    /// ask for.
    pub version: Option<Version>,
    /// How tags are written.
    pub tag: TagPattern,
    /// How versions are counted.
    pub versioning: Versioning,
    /// The first version of a project without a release.
    pub initial: Version,
    /// What is shipped.
    pub artifacts: Vec<NamedFile>,
    /// Files about the release.
    pub evidence: Vec<NamedFile>,
    /// Content of a CODEOWNERS file from the trusted configuration.
    pub trusted_owners: Option<Vec<u8>>,
    /// What was released on the target, as it is recorded, newest first.
    pub recorded: Vec<RunSummary>,
}

impl Default for Query {
    /// Everything since the last tag `v…` up to `HEAD`; the first version is 0.1.0.
    fn default() -> Self {
        Self {
            project: None,
            target: None,
            from: None,
            to: None,
            path: None,
            version: None,
            tag: TagPattern::default(),
            versioning: Versioning::default(),
            initial: Version::new(0, 1, 0),
            artifacts: Vec::new(),
            evidence: Vec::new(),
            trusted_owners: None,
            recorded: Vec::new(),
        }
    }
}

/// A file that the operator named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// Name in findings and imports.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The folder that it must lie in, links followed; none where the operator may name any file.
    /// For a path from a configuration that is not trusted, and for evidence in the working tree, where
    /// the change under judgement can have put a link.
    pub within: Option<PathBuf>,
    /// Media type; only for evidence.
    pub media_type: Option<String>,
}

/// What was read.
#[derive(Debug)]
pub struct Collected {
    /// The subject document.
    pub subject: Subject,
    /// The bytes of its evidence.
    pub evidence: EvidenceBytes,
    /// Whether the working tree differs from the judged commit; none where there is none or where
    /// the judged commit is not what is checked out.
    pub dirty: Option<bool>,
    /// Commits since the last release that the range or the path filter leaves out, one entry for
    /// each option that does.
    pub narrowing: Vec<Narrowing>,
    /// What says where the range starts.
    pub source: BaseSource,
    /// What runs on the target by the record, where the range cannot start there.
    pub passed_over: Option<PassedOver>,
    /// Set when the range starts at a tag whose release does not follow the one before it: whoever can push a tag can so
    /// take commits out of the range.
    pub jump: Option<Jump>,
}

impl Collected {
    /// The tag that the range starts after; none when something else says where it starts.
    #[must_use]
    pub fn base_tag(&self) -> Option<&Text> {
        match &self.source {
            BaseSource::Tag { tag } => Some(tag),
            _ => None,
        }
    }
}

/// A last release whose version is not the next major, minor or patch version after the highest
/// lower one that it contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    /// The tag of the lower version.
    pub from: Text,
    /// The tag of the last release.
    pub to: Text,
    /// Commits that lie between the two tags.
    pub commits: u32,
}

/// Commits since the last release that are not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// How many.
    pub commits: u32,
    /// What leaves them out.
    pub by: NarrowedBy,
    /// The same in words: `--from 4f1c…`, `--path services/pay`.
    pub words: Text,
}

/// What leaves commits out of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NarrowedBy {
    /// The revision that the range starts after.
    From,
    /// The path filter.
    Path,
}
