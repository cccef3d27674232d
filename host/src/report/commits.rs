use std::collections::HashMap;

use crate::model::{ObjectName, Subject, Text};

/// The commits of a release by name, for the places of findings.
pub(super) struct Commits<'a>(HashMap<&'a ObjectName, &'a Text>);

impl<'a> Commits<'a> {
    pub(super) fn new(subject: &'a Subject) -> Self {
        let summaries = subject
            .commits
            .iter()
            .map(|commit| (&commit.id, &commit.summary));
        Self(summaries.collect())
    }

    /// No commits: for what is shown without the subject at hand.
    pub(super) fn unknown() -> Self {
        Self(HashMap::new())
    }

    /// First line of the message; none when the commit is not in the range.
    pub(super) fn summary(&self, commit: &ObjectName) -> Option<&'a Text> {
        self.0.get(commit).copied()
    }
}
