use holdpoint_conventional::Bump;
use semver::Version;

use crate::model::{ObjectName, Text};

/// The next version of a project, and why: what the reports of `next` are made of.
#[derive(Clone, Debug)]
pub struct NextRecord {
    /// Name of the project.
    pub project: Text,
    /// The next version; none when nothing asks for a release.
    pub version: Option<Version>,
    /// Its tag.
    pub tag: Option<Text>,
    /// The version that it follows.
    pub previous: Option<Version>,
    /// What is counted up.
    pub bump: Option<Bump>,
    /// The commit that would be released.
    pub head: ObjectName,
    /// The commit that the range starts after.
    pub base: Option<ObjectName>,
    /// Why, in a sentence.
    pub reason: String,
    /// The commits that ask for it, newest first.
    pub askers: Vec<Asker>,
    /// Commits in the range.
    pub commits: u32,
}

/// A commit that asks for a release.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Its name.
    pub commit: ObjectName,
    /// First line of its message.
    pub summary: Text,
    /// What it asks for.
    pub bump: Bump,
}
