use std::path::{Path, PathBuf};

use super::handle::Handle;
use super::{
    CheckedOut, Collected, EarlierRelease, EarlierReleases, Error, Query, Start, Tree, checkout,
    collect, distrust, earlier, revision,
};
use crate::model::{ObjectName, Subject, Text, Totals};

/// A repository, opened with its own configuration distrusted.
///
/// - Of its configuration, only what says how objects and files are stored is kept. No filter, text
///   conversion, external diff, hook, file system monitor or credential helper is ever started.
/// - `GIT_*` variables, the user's and the system's configuration are not read.
/// - Replace refs, grafts and the commit-graph file are ignored: commits have the parents that they
///   were made with.
/// - Objects borrowed from a folder outside of the git folder (`objects/info/alternates`, as
///   `git clone --shared` and `--reference` make it) are refused.
/// - `core.worktree` is ignored: the working tree is where `.git` was found.
/// - `.gitattributes` do not say which files are binary, only their content does: otherwise a
///   change could hide its own size.
/// - Nothing is fetched: an object that a partial clone left out is an error.
/// - Nothing is written.
#[derive(Clone)]
pub struct Repository {
    shared: gix::ThreadSafeRepository,
    work_tree: Option<PathBuf>,
    work_trees: Vec<PathBuf>,
    git_folder: PathBuf,
    partial: bool,
    verifies: bool,
}

impl Repository {
    /// Opens the repository that `folder` lies in.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be read.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let distrust::Opened {
            repository,
            work_tree,
            work_trees,
            partial,
        } = distrust::open(folder)?;
        Ok(Self {
            git_folder: repository.common_dir().to_owned(),
            shared: repository.into_sync(),
            work_tree,
            work_trees,
            partial,
            verifies: false,
        })
    }

    /// The same repository, where every object that is read is held against its name. For what is
    /// believed because of a name: a file of a commit that the operator named, and what is kept for
    /// later runs.
    #[must_use]
    pub fn verifying(&self) -> Self {
        Self {
            verifies: true,
            ..self.clone()
        }
    }

    /// Root of the working tree; none for a bare repository.
    #[must_use]
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// Roots of all working trees that share the objects and refs, links followed: this one, the
    /// main one and those made by `git worktree add`.
    #[must_use]
    pub fn work_trees(&self) -> &[PathBuf] {
        &self.work_trees
    }

    /// Folder with the objects and refs.
    #[must_use]
    pub fn git_folder(&self) -> &Path {
        &self.git_folder
    }

    /// The bytes of a file at a revision, and the commit that the revision names.
    ///
    /// # Errors
    ///
    /// When the revision or the file is not there, or is larger than `bytes_max`.
    pub fn read_at(
        &self,
        revision: &str,
        path: &str,
        bytes_max: u64,
    ) -> Result<(ObjectName, Vec<u8>), Error> {
        let handle = self.verifying().handle();
        let commit = revision::commit(&handle, revision)?;
        let tree = handle.commit_tree(commit)?;
        let bytes = handle
            .file(tree, path.as_bytes(), bytes_max)?
            .ok_or_else(|| Error::NoSuchFile {
                path: Text::from(path),
                commit: handle.name(&commit),
            })?;
        Ok((handle.name(&commit), bytes))
    }

    /// The files of a commit.
    ///
    /// # Errors
    ///
    /// When there is no such commit.
    pub fn tree(&self, commit: &ObjectName) -> Result<Tree, Error> {
        let handle = self.handle();
        let commit = revision::commit(&handle, commit.as_str())?;
        let root = handle.commit_tree(commit)?;
        Ok(Tree::new(self.shared.clone(), self.partial, root))
    }

    /// Writes the files of a commit into a folder that is empty: regular files with the mode 644 or
    /// 755, links as they are, submodules as empty folders, and no `.git`. Every object is held
    /// against its name. Everything is looked at first, so that a commit with something that cannot
    /// be written leaves nothing behind, except where the system refuses to write.
    ///
    /// # Errors
    ///
    /// When there is no such commit, an object is not what its name says, a name cannot be written,
    /// there is more than is written (see [`bounds`](super::bounds)), the system refuses, or
    /// `is_cancelled` says so.
    pub fn checkout(
        &self,
        commit: &ObjectName,
        into: &cap_std::fs::Dir,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<CheckedOut, Error> {
        let handle = self.verifying().handle();
        let commit = revision::commit(&handle, commit.as_str())?;
        let root = handle.commit_tree(commit)?;
        checkout::write(&handle, root, into, is_cancelled)
    }

    /// The commit that a revision names; `HEAD` when none is given.
    ///
    /// # Errors
    ///
    /// When there is no such revision.
    pub fn commit(&self, revision: Option<&str>) -> Result<ObjectName, Error> {
        let handle = self.handle();
        let commit = revision::commit(&handle, revision.unwrap_or("HEAD"))?;
        Ok(handle.name(&commit))
    }

    /// The full name of what `name` stands for, and its commit. It is a full object name, or
    /// exactly one ref below `refs/heads`, `refs/tags` and `refs/remotes`: a tag is not taken
    /// before a branch of the same name, as git does. `REMOTE/…` is a remote branch and nothing
    /// else, and a short name with a slash is no tag.
    ///
    /// # Errors
    ///
    /// When there is no such ref, or more than one.
    pub fn named(&self, name: &str) -> Result<(String, ObjectName), Error> {
        let handle = self.handle();
        let (full, commit) = revision::named(&handle, name)?;
        Ok((full, handle.name(&commit)))
    }

    /// Reads the release. `progress` is told how many commits are done, from time to time.
    ///
    /// # Errors
    ///
    /// When something that it needs is missing or malformed; [`Error::help`] says what to do.
    pub fn collect(&self, query: &Query, progress: &dyn Fn(u32)) -> Result<Collected, Error> {
        collect::collect(self, query, progress)
    }

    /// Where the range of a query starts, and what says so.
    ///
    /// # Errors
    ///
    /// When there is no such revision, or the tags cannot be read.
    pub fn start(&self, query: &Query) -> Result<Start, Error> {
        collect::start(self, query)
    }

    /// The last releases that the commit `from` contains, itself included: commits with a tag of
    /// the pattern of `query`, highest version first. At most
    /// [`EARLIER_RELEASES_MAX`](super::bounds::EARLIER_RELEASES_MAX), fewer where they hold more
    /// than [`EARLIER_COMMITS_MAX`](super::bounds::EARLIER_COMMITS_MAX) commits together. Each is
    /// said to start where a run at its commit would have started.
    ///
    /// # Errors
    ///
    /// When the tags cannot be read. A release whose commits cannot be read is counted instead.
    pub fn earlier(&self, query: &Query, from: &ObjectName) -> Result<EarlierReleases, Error> {
        earlier::releases(self, query, from)
    }

    /// The recorded releases of `query` whose commits are there, newest first, without that of
    /// `head`, which is judged.
    ///
    /// # Errors
    ///
    /// When the tags cannot be read.
    pub fn recorded(&self, query: &Query, head: &ObjectName) -> Result<Vec<EarlierRelease>, Error> {
        earlier::recorded(self, query, head)
    }

    /// Reads an earlier release with the path filter, target, versioning and owners of `query`;
    /// none when the path filter leaves nothing of it. Artifacts and evidence are not part of it.
    ///
    /// # Errors
    ///
    /// When something that it needs is missing or malformed.
    pub fn read_earlier(
        &self,
        query: &Query,
        release: &EarlierRelease,
    ) -> Result<Option<Subject>, Error> {
        earlier::read(&self.verifying(), query, release)
    }

    /// The size of an earlier release, with the path filter of `query`; none when that leaves nothing of
    /// it.
    ///
    /// # Errors
    ///
    /// When something that it needs is missing or malformed.
    pub fn size_of_earlier(
        &self,
        query: &Query,
        release: &EarlierRelease,
    ) -> Result<Option<Totals>, Error> {
        earlier::size(&self.verifying(), query, release)
    }

    /// Access to the objects for one thread.
    pub(super) fn handle(&self) -> Handle {
        Handle::new(self.shared.to_thread_local(), self.partial, self.verifies)
    }

    /// What the project is called: its name, else that of the folder.
    #[must_use]
    pub fn project(&self, query: &Query) -> Text {
        if let Some(project) = &query.project {
            return Text::from(project.as_str());
        }
        let folder = self.work_tree.as_deref().unwrap_or(&self.git_folder);
        let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let name = name.file_name().unwrap_or_default();
        let bytes = name.as_encoded_bytes();
        Text::from_bytes(bytes.strip_suffix(b".git").unwrap_or(bytes))
    }
}
