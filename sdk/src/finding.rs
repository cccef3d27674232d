use crate::{FileLocation, Finding, Location, Severity};

impl Finding {
    /// A finding about the release as a whole, with the rule's own severity and help.
    ///
    /// `rule` is an id of `plugin.toml`, without the plugin's name. The message says in a sentence
    /// or two what is wrong *here*, and names what it is about.
    pub fn new(rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            severity: None,
            message: message.into(),
            location: Location::Release,
            help: None,
        }
    }

    /// The same, at a commit given by its full object name.
    #[must_use]
    pub fn at_commit(mut self, id: impl Into<String>) -> Self {
        self.location = Location::Commit(id.into());
        self
    }

    /// The same, at a file of the judged commit.
    #[must_use]
    pub fn at_file(mut self, path: impl Into<String>) -> Self {
        self.location = Location::File(FileLocation {
            path: path.into(),
            line: None,
        });
        self
    }

    /// The same, at a line of a file; lines count from 1.
    #[must_use]
    pub fn at_line(mut self, path: impl Into<String>, line: u32) -> Self {
        self.location = Location::File(FileLocation {
            path: path.into(),
            line: Some(line),
        });
        self
    }

    /// The same, at an artifact or a piece of evidence given by its name.
    #[must_use]
    pub fn at_artifact(mut self, name: impl Into<String>) -> Self {
        self.location = Location::Artifact(name.into());
        self
    }

    /// The same, with another severity than the rule's.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// The same, with help for just this finding.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
