use std::path::Path;

use super::{Collected, Error, Query};
use crate::model::ObjectName;

/// A repository, opened with its own configuration distrusted.
pub struct Repository {}

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
