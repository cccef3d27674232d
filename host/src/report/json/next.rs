use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::report::NextRecord;

/// What `next --format json` writes: the next version, and why.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Holdpoint next version")]
pub struct NextReport {
    /// Version of this document's form.
    pub schema: u32,
    /// Name of the project.
    pub project: String,
    /// The next version; none when nothing asks for a release.
    pub version: Option<Version>,
    /// How the project would write its tag; none when nothing asks for a release.
    pub tag: Option<String>,
    /// The version that it follows; none before the first release.
    pub previous: Option<Version>,
    /// Which part of the version is counted up: `major`, `minor` or `patch`; none when no commit
    /// asks for it.
    pub bump: Option<holdpoint_conventional::Bump>,
    /// Full object name of the commit that would be released.
    pub head: String,
    /// Full object name of the commit that the range starts after.
    pub base: Option<String>,
    /// Why, in words.
    pub reason: String,
    /// The commits that ask for it, newest first.
    pub reasons: Vec<ReasonReport>,
    /// Commits in the range, merges included.
    pub commits: u32,
}

/// A commit that asks for a release.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReasonReport {
    /// Its full object name.
    pub commit: String,
    /// First line of its message.
    pub summary: String,
    /// What it asks for.
    pub bump: holdpoint_conventional::Bump,
}

impl NextReport {
    /// The report of an answer.
    #[must_use]
    pub fn new(record: &NextRecord) -> Self {
        Self {
            schema: SCHEMA_VERSION,
            project: record.project.raw().to_owned(),
            version: record.version.clone(),
            tag: record.tag.as_ref().map(|tag| tag.raw().to_owned()),
            previous: record.previous.clone(),
            bump: record.bump,
            head: record.head.to_string(),
            base: record.base.as_ref().map(ToString::to_string),
            reason: record.reason.clone(),
            reasons: record
                .askers
                .iter()
                .map(|asker| ReasonReport {
                    commit: asker.commit.to_string(),
                    summary: asker.summary.raw().to_owned(),
                    bump: asker.bump,
                })
                .collect(),
            commits: record.commits,
        }
    }
}
