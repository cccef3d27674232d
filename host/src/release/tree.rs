use std::fmt;

use gix::ObjectId;

use super::Error;
use super::handle::{Entry, Handle, entries};
use crate::model::Text;

/// The files of one commit, read-only: as committed, no filter is applied, no link is followed and
/// no submodule entered. Can be read from any thread.
pub struct Tree {
    repository: gix::ThreadSafeRepository,
    partial: bool,
    root: ObjectId,
}

/// Why a file or the names in a folder could not be had.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// There is nothing at that path.
    #[error("there is nothing at that path")]
    Missing,
    /// Something else is at that path.
    #[error("something else is at that path")]
    NotThat,
    /// It is larger than the caller takes.
    #[error("it is too large")]
    TooLarge,
    /// The repository cannot be read.
    #[error("the repository cannot be read")]
    Repository(#[from] Error),
}

impl Tree {
    pub(super) fn new(
        repository: gix::ThreadSafeRepository,
        partial: bool,
        root: ObjectId,
    ) -> Self {
        Self {
            repository,
            partial,
            root,
        }
    }

    /// The bytes of a regular file, by its path relative to the root, with `/`.
    ///
    /// # Errors
    ///
    /// [`TreeError::NotThat`] for a folder, a link and a submodule; [`TreeError::Missing`] for what
    /// is not there, also below a link; [`TreeError::TooLarge`] beyond `bytes_max`.
    pub fn read(&self, path: &str, bytes_max: u64) -> Result<Vec<u8>, TreeError> {
        let handle = self.handle();
        let entry = handle.entry(self.root, path.as_bytes())?;
        let Entry { mode, id } = entry.ok_or(TreeError::Missing)?;
        if !mode.is_blob() {
            return Err(TreeError::NotThat);
        }
        if handle.size(id)? > bytes_max {
            return Err(TreeError::TooLarge);
        }
        Ok(handle.blob(id)?)
    }

    /// The names of what is directly in a folder, ordered as bytes; folders end with `/`.
    ///
    /// # Errors
    ///
    /// [`TreeError::NotThat`] for what is not a folder, [`TreeError::TooLarge`] when there are more
    /// than `names_max`.
    pub fn entries(&self, folder: &str, names_max: usize) -> Result<Vec<Text>, TreeError> {
        let handle = self.handle();
        let entry = handle.entry(self.root, folder.as_bytes())?;
        let Entry { mode, id } = entry.ok_or(TreeError::Missing)?;
        if !mode.is_tree() {
            return Err(TreeError::NotThat);
        }
        let tree = handle.tree(id)?;
        let entries = entries(&tree)?;
        if entries.len() > names_max {
            return Err(TreeError::TooLarge);
        }
        let mut names: Vec<Vec<u8>> = entries
            .into_iter()
            .map(|(name, entry)| {
                let end: &[u8] = if entry.mode.is_tree() { b"/" } else { b"" };
                [name, end].concat()
            })
            .collect();
        names.sort();
        Ok(names.iter().map(|name| Text::from_bytes(name)).collect())
    }

    fn handle(&self) -> Handle {
        Handle::new(self.repository.to_thread_local(), self.partial, true)
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tree")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}
