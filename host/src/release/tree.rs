use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gix::ObjectId;

use super::Error;
use super::handle::{Entry, Handle, entries};
use crate::model::Text;

/// The files of one commit, read-only: as committed, no filter is applied, no link is followed and
/// no submodule entered. Can be read from any thread.
pub struct Tree(Source);

enum Source {
    Commit(Box<Commit>),
    Files(Files),
}

struct Commit {
    repository: gix::ThreadSafeRepository,
    partial: bool,
    root: ObjectId,
}

/// Files that are at hand and in no repository, for tests of plugins.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The bytes of each file, by its path.
    pub contents: BTreeMap<String, Vec<u8>>,
    /// The names in folders of which not every file is in `contents`.
    pub folders: BTreeMap<String, Vec<String>>,
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
        Self(Source::Commit(Box::new(Commit {
            repository,
            partial,
            root,
        })))
    }

    /// Files that are at hand.
    #[must_use]
    pub fn of_files(files: Files) -> Self {
        Self(Source::Files(files))
    }

    /// The bytes of a regular file, by its path relative to the root, with `/`.
    ///
    /// # Errors
    ///
    /// [`TreeError::NotThat`] for a folder, a link and a submodule; [`TreeError::Missing`] for what
    /// is not there, also below a link; [`TreeError::TooLarge`] beyond `bytes_max`.
    pub fn read(&self, path: &str, bytes_max: u64) -> Result<Vec<u8>, TreeError> {
        let (handle, root) = match &self.0 {
            Source::Commit(commit) => commit.open(),
            Source::Files(files) => return files.read(path, bytes_max),
        };
        let entry = handle.entry(root, path.as_bytes())?;
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
        let (handle, root) = match &self.0 {
            Source::Commit(commit) => commit.open(),
            Source::Files(files) => return files.entries(folder, names_max),
        };
        let entry = handle.entry(root, folder.as_bytes())?;
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
}

impl Commit {
    fn open(&self) -> (Handle, ObjectId) {
        let handle = Handle::new(self.repository.to_thread_local(), self.partial, true);
        (handle, self.root)
    }
}

impl Files {
    fn read(&self, path: &str, bytes_max: u64) -> Result<Vec<u8>, TreeError> {
        match self.contents.get(path) {
            Some(bytes) if bytes.len() as u64 > bytes_max => Err(TreeError::TooLarge),
            Some(bytes) => Ok(bytes.clone()),
            None if self.is_folder(path) => Err(TreeError::NotThat),
            None => Err(TreeError::Missing),
        }
    }

    fn entries(&self, folder: &str, names_max: usize) -> Result<Vec<Text>, TreeError> {
        if self.contents.contains_key(folder) {
            return Err(TreeError::NotThat);
        }
        if !self.is_folder(folder) {
            return Err(TreeError::Missing);
        }
        let names = match self.folders.get(folder) {
            Some(names) => names.clone(),
            None => self.names_below(folder).into_iter().collect(),
        };
        if names.len() > names_max {
            return Err(TreeError::TooLarge);
        }
        Ok(names.into_iter().map(Text::from).collect())
    }

    fn is_folder(&self, path: &str) -> bool {
        self.folders.contains_key(path) || !self.names_below(path).is_empty()
    }

    fn names_below(&self, folder: &str) -> BTreeSet<String> {
        let below = format!("{folder}/");
        let paths = self.contents.keys();
        let rests = paths.filter_map(|path| path.strip_prefix(&below));
        rests
            .map(|rest| match rest.split_once('/') {
                Some((folder, _)) => format!("{folder}/"),
                None => rest.to_owned(),
            })
            .collect()
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Tree");
        match &self.0 {
            Source::Commit(commit) => shown.field("root", &commit.root),
            Source::Files(files) => shown.field("files", &files.contents.len()),
        };
        shown.finish_non_exhaustive()
    }
}
