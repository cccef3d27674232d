use holdpoint_conventional::{Bump, Rule, Versioning};
use semver::{Prerelease, Version};
use serde::{Deserialize, Serialize};

use super::{Error, Repository, TagPattern};
use crate::model::{ObjectName, Text};

/// What to work the next version out from.
#[derive(Clone, Debug)]
pub struct NextQuery {
    /// Revision that would be released; none for `HEAD`.
    pub to: Option<String>,
    /// Only commits that touch this path count, relative to the root of the repository.
    pub path: Option<String>,
    /// How tags are written.
    pub tag: TagPattern,
    /// How versions are counted.
    pub versioning: Versioning,
    /// The first version of a project without a release.
    pub initial: Version,
    /// Label of the pre-release that is wanted, such as `rc`; none for a final version.
    pub pre_release: Option<Prerelease>,
}

impl Default for NextQuery {
    /// The next final version after the last tag `v…` up to `HEAD`; the first version is 0.1.0.
    fn default() -> Self {
        Self {
            to: None,
            path: None,
            tag: TagPattern::default(),
            versioning: Versioning::default(),
            initial: Version::new(0, 1, 0),
            pre_release: None,
        }
    }
}

/// The next version, and why.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Proposal {
    /// The commit that would be released.
    pub head: ObjectName,
    /// The highest version released before, pre-releases included.
    pub previous: Option<Version>,
    /// The tag of that version.
    #[schemars(with = "Option<String>")]
    pub previous_tag: Option<Text>,
    /// Further tags of the pattern on the commit of that tag, which were not chosen because their
    /// versions are lower.
    #[schemars(with = "Vec<String>")]
    pub ignored_tags: Vec<Text>,
    /// The next version; none when nothing asks for one.
    pub next: Option<Version>,
    /// The tag that it would have.
    #[schemars(with = "Option<String>")]
    pub next_tag: Option<Text>,
    /// What the commits since the previous version ask for, before the rule for versions below
    /// 1.0.0.
    pub asked: Option<Bump>,
    /// The rule that gave the version.
    pub rule: Rule,
    /// How versions below 1.0.0 are counted.
    pub versioning: Versioning,
    /// How many commits lie after the previous version, merges included.
    pub commits: u32,
    /// What each of them asks for, newest first; those that ask for nothing are left out, unless
    /// their message could not be read.
    pub reasons: Vec<Reason>,
}

/// What one commit asks for.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Reason {
    /// The commit.
    pub commit: ObjectName,
    /// First line of its message.
    #[schemars(with = "String")]
    pub summary: Text,
    /// What it asks for, before the rule for versions below 1.0.0.
    pub asks: Option<Bump>,
    /// Why its message could not be read as a Conventional Commit. Never set for a merge.
    #[schemars(with = "Option<String>")]
    pub problem: Option<Text>,
}

/// Works out the next version from the tags and the commits since the last of them.
///
/// # Errors
///
/// When something that it needs is missing or malformed; [`Error::help`] says what to do.
pub fn next(repository: &Repository, query: &NextQuery) -> Result<Proposal, Error> {
    let _ = (repository, query);
    todo!()
}
