use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::problem::{ConfigurationError, Problem};
use super::{SourceRecord, Trust};
use crate::model::{Digest, ObjectName, Text};

/// A file of the configuration, read once.
#[derive(Debug)]
pub struct Source {
    /// Where it was read from.
    pub origin: Origin,
    /// Its name for people: `embedded`, a path, `REF:PATH` with the full name of the ref.
    pub name: Text,
    /// Its content.
    pub text: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Whether the change under judgement could have written it.
    pub trust: Trust,
}

/// Where a file of the configuration was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Part of the program.
    Embedded,
    /// A file, by its path with links followed.
    File(PathBuf),
    /// A file of the repository at a revision.
    Revision {
        /// The commit that the revision named when it was read.
        commit: ObjectName,
        /// The path, relative to the root of the repository.
        path: String,
    },
}

impl Source {
    /// What the run record says of it.
    #[must_use]
    pub fn record(&self) -> SourceRecord {
        let origin = match &self.origin {
            Origin::Embedded | Origin::File(_) => self.name.clone(),
            Origin::Revision { commit, .. } => {
                Text::from(format!("{} at {commit}", self.name.raw()))
            }
        };
        SourceRecord {
            origin,
            digest: self.digest,
        }
    }
}

/// A place in a file of the configuration: what an error points at.
#[derive(Clone, Debug)]
pub struct Site {
    /// The file.
    pub source: Arc<Source>,
    /// Bytes from the start of the file.
    pub span: Range<usize>,
}

impl Site {
    /// A place in this file.
    #[must_use]
    pub fn new(source: &Arc<Source>, span: &Range<usize>) -> Self {
        Self {
            source: Arc::clone(source),
            span: span.clone(),
        }
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        let start = self.span.start.min(self.source.text.len());
        let before = self.source.text.as_bytes().get(..start).unwrap_or_default();
        before.split(|byte| *byte == b'\n').count()
    }

    /// The file's name and the line, for people.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} line {}", self.source.name.terminal(), self.line())
    }

    /// The error that this is the place of.
    pub(super) fn error(&self, problem: impl Into<Problem>) -> ConfigurationError {
        ConfigurationError::at(problem, self.clone())
    }
}
