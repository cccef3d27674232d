use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ObjectName, Severity, Text};

/// A rule's full name: the plugin's and the rule's, with `/` between them. Findings of the host
/// itself are under `holdpoint/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(String);

impl RuleId {
    /// The name of a rule of a plugin. Both come from a checked manifest or from the host, so both
    /// are kebab-case.
    #[must_use]
    pub fn new(plugin: &str, rule: &str) -> Self {
        Self(format!("{plugin}/{rule}"))
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One reason against a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// How much it matters, after the operator's word on the rule.
    pub severity: Severity,
    /// What is wrong here.
    pub message: Text,
    /// Where it is.
    pub location: Location,
    /// What to do about it.
    pub help: Option<Text>,
}

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Location {
    /// The release as a whole.
    Release,
    /// A commit of the range.
    Commit(ObjectName),
    /// A file of the judged commit.
    File {
        /// Its path.
        path: Text,
        /// Line, counted from 1.
        line: Option<u32>,
    },
    /// An artifact or a piece of evidence, by name.
    Artifact(Text),
}
