use std::path::{Path, PathBuf};

use holdpoint_conventional::Versioning;
use semver::Version;

use crate::model::{ObjectName, Subject, Text};

/// A repository, opened with its own configuration distrusted.
pub struct Repository {}

/// Why a release could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {}

/// How the project writes its tags: text around one `{version}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern {}

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
}

/// A file that the operator named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// Name in findings and imports.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Media type; only for evidence.
    pub media_type: Option<String>,
}

/// What was read.
#[derive(Debug)]
pub struct Collected {
    /// The subject document.
    pub subject: Subject,
    /// Whether the working tree differs from the judged commit; none where there is none or where
    /// the judged commit is not what is checked out.
    pub dirty: Option<bool>,
    /// Commits since the last release that the range or the path filter leaves out.
    pub narrowing: Option<Narrowing>,
}

/// Commits since the last release that are not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// How many.
    pub commits: u32,
    /// What leaves them out, in words: `--from 4f1c…`, `--path services/pay`.
    pub by: Text,
}

impl Repository {
    /// Opens the repository that `folder` lies in.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be read.
    pub fn open(_folder: &Path) -> Result<Self, Error> {
        todo!()
    }

    /// Root of the working tree; none for a bare repository.
    #[must_use]
    pub fn work_tree(&self) -> Option<&Path> {
        todo!()
    }

    /// Folder with the objects and refs.
    #[must_use]
    pub fn git_folder(&self) -> &Path {
        todo!()
    }

    /// The bytes of a file at a revision, and the commit that the revision names.
    ///
    /// # Errors
    ///
    /// When the revision or the file is not there, or is larger than `bytes_max`.
    pub fn read_at(
        &self,
        _revision: &str,
        _path: &str,
        _bytes_max: u64,
    ) -> Result<(ObjectName, Vec<u8>), Error> {
        todo!()
    }

    /// Reads the release.
    ///
    /// # Errors
    ///
    /// When something that it needs is missing or malformed; the message says what to do.
    pub fn collect(&self, _query: &Query, _progress: &dyn Fn(u32)) -> Result<Collected, Error> {
        todo!()
    }
}
