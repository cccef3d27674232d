use holdpoint_conventional::{Bump, Rule};
use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::model::Text;
use crate::release::{Proposal, Reason};

/// What `next --format json` writes: the next version, and why.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Holdpoint next version")]
pub struct NextReport {
    /// Version of this document's form.
    pub schema: u32,
    /// The next version; none when nothing asks for a release.
    pub version: Option<Version>,
    /// The tag that it would have; none when nothing asks for a release.
    pub tag: Option<String>,
    /// The highest version released before, pre-releases included; none before the first release.
    pub previous: Option<Version>,
    /// The tag of that version.
    pub previous_tag: Option<String>,
    /// The recorded run that released that version, where it has no such tag.
    pub previous_run: Option<String>,
    /// Further tags of the project on the commit of that tag, whose versions are lower.
    pub ignored_tags: Vec<String>,
    /// What the commits ask for together, before the rule for versions below 1.0.0; none when they
    /// ask for nothing.
    pub asked: Option<Bump>,
    /// The rule that gave the version.
    pub rule: Rule,
    /// Full object name of the commit that would be released.
    pub head: String,
    /// Commits after the previous version, merges included.
    pub commits: u32,
    /// What each commit asks for, newest first. Those that ask for nothing are left out, unless
    /// their message could not be read.
    pub reasons: Vec<ReasonReport>,
}

/// What one commit asks for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReasonReport {
    /// Its full object name.
    pub commit: String,
    /// First line of its message.
    pub summary: String,
    /// What it asks for, before the rule for versions below 1.0.0.
    pub asks: Option<Bump>,
    /// Why its message could not be read as a Conventional Commit.
    pub problem: Option<String>,
}

impl NextReport {
    /// The report of a proposal.
    #[must_use]
    pub fn new(proposal: &Proposal) -> Self {
        let string = |text: &Text| text.raw().to_owned();
        Self {
            schema: SCHEMA_VERSION,
            version: proposal.next.clone(),
            tag: proposal.next_tag.as_ref().map(string),
            previous: proposal.previous.clone(),
            previous_tag: proposal.previous_tag.as_ref().map(string),
            previous_run: proposal.previous_run.as_ref().map(ToString::to_string),
            ignored_tags: proposal.ignored_tags.iter().map(string).collect(),
            asked: proposal.asked,
            rule: proposal.rule,
            head: proposal.head.to_string(),
            commits: proposal.commits,
            reasons: proposal.reasons.iter().map(ReasonReport::new).collect(),
        }
    }
}

impl ReasonReport {
    fn new(reason: &Reason) -> Self {
        Self {
            commit: reason.commit.to_string(),
            summary: reason.summary.raw().to_owned(),
            asks: reason.asks,
            problem: reason
                .problem
                .as_ref()
                .map(|problem| problem.raw().to_owned()),
        }
    }
}
