//! Where a file of the configuration lies: who could have put it there, and whether who names it may
//! have it read.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::Trust;
use super::problem::{ConfigurationError, Problem};
use super::source::{Origin, Source};
use crate::release::Repository;

/// The most links that are followed on the way to one file: as many as Linux follows.
const LINKS_MAX: usize = 40;

/// A file with links followed, and whether the change under judgement could have put it there.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) trust: Trust,
}

/// Who names a file.
#[derive(Clone, Copy)]
pub(super) enum NamedBy<'a> {
    /// An option, or the host itself.
    Operator,
    /// A file of the configuration. When it is not trusted, what it names must lie in the working
    /// tree that it lies in.
    File(&'a Source),
}

/// Finds a file. It is out of reach of the change under judgement when neither it nor any link on
/// the way to it lies in a working tree of the repository or in its git folder.
///
/// A link that lies there and leads out is refused, and so is a path out of it in a file that is
/// not trusted: with either, a change could have any file of this machine read, and shown where it
/// does not fit. The git folder is out of it too: it may hold the keys to the server.
pub(super) fn place(
    path: &Path,
    folder: &Path,
    repository: &Repository,
    named_by: NamedBy<'_>,
) -> Result<Place, ConfigurationError> {
    let unreadable = |source| unreadable(path, source);
    let reach = Reach::of(repository).map_err(unreadable)?;
    let bound = match named_by {
        NamedBy::File(file) if file.trust == Trust::Untrusted => Some(reach.bound(&file.origin)),
        NamedBy::File(_) | NamedBy::Operator => None,
    };
    let mut walk = Walk {
        found: fs::canonicalize(folder).map_err(unreadable)?,
        left: parts(path),
        trust: Trust::Trusted,
        links: 0,
        link_bounds: Vec::new(),
    };
    let failed = walk.run(&reach).err();
    // Where it may not lie is said first: whether there is such a file is nobody's business.
    let found = &walk.found;
    if bound
        .as_ref()
        .is_some_and(|bound| !found.starts_with(bound))
    {
        return Err(ConfigurationError::new(Problem::Outside(path.to_owned())));
    }
    if walk
        .link_bounds
        .iter()
        .any(|bound| !found.starts_with(bound))
    {
        return Err(ConfigurationError::new(Problem::LeadsOut(path.to_owned())));
    }
    if (bound.is_some() || !walk.link_bounds.is_empty()) && reach.is_private(found) {
        return Err(ConfigurationError::new(Problem::GitFolder(path.to_owned())));
    }
    match failed {
        Some(source) => Err(unreadable(source)),
        None => Ok(Place {
            path: walk.found,
            trust: walk.trust,
        }),
    }
}

fn unreadable(path: &Path, source: io::Error) -> ConfigurationError {
    ConfigurationError::new(if source.kind() == io::ErrorKind::NotFound {
        Problem::Missing(path.to_owned())
    } else {
        Problem::Read {
            path: path.to_owned(),
            source,
        }
    })
}

/// The folders that a change under judgement can put files into.
struct Reach {
    work_trees: Vec<PathBuf>,
    /// The working tree that is judged, else the git folder.
    judged: PathBuf,
    git_folder: PathBuf,
}

impl Reach {
    fn of(repository: &Repository) -> io::Result<Self> {
        let git_folder = fs::canonicalize(repository.git_folder())?;
        let judged = match repository.work_tree() {
            Some(work_tree) => fs::canonicalize(work_tree)?,
            None => git_folder.clone(),
        };
        Ok(Self {
            work_trees: repository.work_trees().to_vec(),
            judged,
            git_folder,
        })
    }

    fn holds(&self, path: &Path) -> bool {
        path.starts_with(&self.git_folder) || self.work_tree(path).is_some()
    }

    /// The innermost working tree that a path lies in.
    fn work_tree(&self, path: &Path) -> Option<&Path> {
        self.work_trees
            .iter()
            .filter(|work_tree| path.starts_with(work_tree))
            .max_by_key(|work_tree| work_tree.as_os_str().len())
            .map(PathBuf::as_path)
    }

    /// The folder that a path lies in and that a link there may not lead out of.
    fn own(&self, path: &Path) -> PathBuf {
        self.work_tree(path).unwrap_or(&self.git_folder).to_owned()
    }

    /// The folder that a file which is not trusted may name files of.
    fn bound(&self, origin: &Origin) -> PathBuf {
        match origin {
            Origin::File(file) if self.holds(file) => self.own(file),
            Origin::File(_) | Origin::Embedded | Origin::Revision { .. } => self.judged.clone(),
        }
    }

    /// Whether a path is, or lies in, a git folder: that of the repository or any `.git` of a
    /// working tree, such as that of a submodule. A working tree may lie in a git folder.
    fn is_private(&self, path: &Path) -> bool {
        let work_tree = self.work_tree(path);
        let is_named_so = work_tree
            .and_then(|work_tree| path.strip_prefix(work_tree).ok())
            .is_some_and(|below| {
                below
                    .components()
                    .any(|part| part.as_os_str().eq_ignore_ascii_case(".git"))
            });
        let is_around = |work_tree: &Path| work_tree.starts_with(&self.git_folder);
        is_named_so || (path.starts_with(&self.git_folder) && !work_tree.is_some_and(is_around))
    }
}

/// The way to a file, one name after the other.
struct Walk {
    found: PathBuf,
    left: VecDeque<OsString>,
    trust: Trust,
    links: usize,
    /// The folders that links on the way lie in.
    link_bounds: Vec<PathBuf>,
}

impl Walk {
    fn run(&mut self, reach: &Reach) -> io::Result<()> {
        while let Some(part) = self.left.pop_front() {
            match Path::new(&part).components().next() {
                Some(Component::RootDir | Component::Prefix(_)) => {
                    self.found = PathBuf::from(&part);
                    continue;
                }
                Some(Component::ParentDir) => {
                    self.found.pop();
                    continue;
                }
                Some(Component::Normal(_)) => self.found.push(&part),
                Some(Component::CurDir) | None => continue,
            }
            let is_reachable = reach.holds(&self.found);
            if is_reachable {
                self.trust = Trust::Untrusted;
            }
            if !fs::symlink_metadata(&self.found)?.is_symlink() {
                continue;
            }
            if is_reachable {
                self.link_bounds.push(reach.own(&self.found));
            }
            self.links += 1;
            if self.links > LINKS_MAX {
                return Err(io::Error::other("too many links"));
            }
            let target = fs::read_link(&self.found)?;
            self.found.pop();
            for part in parts(&target).into_iter().rev() {
                self.left.push_front(part);
            }
        }
        Ok(())
    }
}

fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .map(|part| part.as_os_str().to_owned())
        .collect()
}
