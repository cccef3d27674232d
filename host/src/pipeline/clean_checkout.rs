//! A folder for commands to run in: a clean checkout of the judged commit, and copies of the
//! artifacts beside it. Nothing that a command does to it can reach the operator's working tree, and
//! nothing of the working tree reaches a command.

mod removal;

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use rustix::fs::{FlockOperation, Mode, OFlags};

use crate::model::{RunId, Subject, Text};
use crate::release::{self, NamedFile, Repository, copy_artifact};

/// Name of the folder with the copies of the artifacts, beside the checkout.
pub const ARTIFACTS_FOLDER: &str = "artifacts";

/// Name of the folder with the files of the judged commit.
const CHECKOUT_FOLDER: &str = "checkout";

/// What the names of these folders begin with.
const PREFIX: &str = "checkout-";

/// What the names of the files end with that say that a folder is in use.
const LOCK: &str = ".in-use";

/// Names that are tried: each is random, so that the second one is free.
const NAMES_MAX: usize = 8;

/// A folder for commands to run in. It is removed when this is dropped; [`CleanCheckout::remove`]
/// says whether that worked.
#[derive(Debug)]
pub struct CleanCheckout {
    within: Dir,
    name: String,
    checkout: PathBuf,
    artifacts: PathBuf,
    /// An empty file that is locked, and which commands have as their standard input: as long as
    /// one of them lives, and this process is gone, the folder is known to be in use.
    lock: File,
    is_removed: bool,
}

/// Why there is no folder for commands to run in, or it is still there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckoutError {
    /// The folder that it lies in cannot be used.
    #[error("cannot make a checkout for commands in {}", shown(path))]
    Folder {
        /// That folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Somebody else could put other files in place of those that were judged.
    #[error("others can write to {}, where commands are to run", shown(path))]
    Shared {
        /// The folder that it lies in.
        path: PathBuf,
    },
    /// What was judged cannot be written.
    #[error(transparent)]
    Release(#[from] release::Error),
    /// An artifact of the subject that the pipeline does not name.
    #[error("nothing says where the artifact `{}` is", .0.terminal())]
    UnknownArtifact(Text),
    /// It is still there.
    #[error("cannot remove {}, where commands have run", shown(path))]
    Remove {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl CheckoutError {
    /// What to do about it; none where the message says all there is to say.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Folder { .. } => "check that this user can make folders there, and that there \
                is room"
                .to_owned(),
            Self::Shared { path } => format!("take that right away: chmod go-w {}", shown(path)),
            Self::Release(error) => return error.help(),
            Self::UnknownArtifact(_) => {
                "begin a new run: the pipeline has changed since this one began".to_owned()
            }
            Self::Remove { path, .. } => format!(
                "remove it by hand: a command left files there that belong to somebody else, or \
                 that are in use: {}",
                shown(path)
            ),
        })
    }
}

fn shown(path: &Path) -> String {
    Text::from(path.to_string_lossy()).terminal().to_string()
}

impl CleanCheckout {
    /// Writes the files of the judged commit and copies of its artifacts into a new folder within
    /// `within` that only this user can enter; `within` is made where it is missing. Folders of
    /// processes that were killed are removed from there, except where a command still lives.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made, the commit cannot be written, an artifact is not the one that
    /// was judged, or `is_cancelled` says so. Then nothing of it is left.
    pub fn make(
        repository: &Repository,
        subject: &Subject,
        artifacts: &[NamedFile],
        run: &RunId,
        within: &Path,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Self, CheckoutError> {
        let failed = |source| CheckoutError::Folder {
            path: within.to_owned(),
            source,
        };
        let (folder, path) = open(within)?;
        sweep(&folder);
        let (name, lock) = reserve(&folder, run).map_err(failed)?;
        let made = Self {
            checkout: path.join(&name).join(CHECKOUT_FOLDER),
            artifacts: path.join(&name).join(ARTIFACTS_FOLDER),
            within: folder,
            name,
            lock,
            is_removed: false,
        };
        let own = make_folder(&made.within, &made.name).map_err(failed)?;
        let copies = make_folder(&own, ARTIFACTS_FOLDER).map_err(failed)?;
        for judged in &subject.artifacts {
            let named = artifacts
                .iter()
                .find(|file| file.name == judged.name.raw())
                .ok_or_else(|| CheckoutError::UnknownArtifact(judged.name.clone()))?;
            copy_artifact(named, judged, &copies, is_cancelled)?;
        }
        let checkout = make_folder(&own, CHECKOUT_FOLDER).map_err(failed)?;
        repository.checkout(&subject.head, &checkout, is_cancelled)?;
        Ok(made)
    }

    /// Whether a process of an earlier sitting of this run, or a command that it started and that
    /// has outlived it, still uses a checkout within `within`.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn is_in_use(run: &RunId, within: &Path) -> Result<bool, CheckoutError> {
        let failed = |source| CheckoutError::Folder {
            path: within.to_owned(),
            source,
        };
        let (folder, _) = open(within)?;
        let own = format!("{PREFIX}{}-", run.as_str());
        let locks = locks(&folder).map_err(failed)?;
        Ok(locks
            .iter()
            .any(|lock| lock.starts_with(&own) && take(&folder, lock).is_none()))
    }

    /// The files of the judged commit: where commands begin.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.checkout
    }

    /// The copies of the artifacts, each under its own name.
    #[must_use]
    pub fn artifacts(&self) -> &Path {
        &self.artifacts
    }

    /// Standard input for a command: it is empty.
    pub(super) fn input(&self) -> io::Result<File> {
        self.lock.try_clone()
    }

    /// Removes it with everything that commands have left in it, also what they made read-only.
    ///
    /// # Errors
    ///
    /// When the system refuses: a command may have left files of another user.
    pub fn remove(mut self) -> Result<(), CheckoutError> {
        self.take_away().map_err(|source| CheckoutError::Remove {
            path: self.checkout.parent().unwrap_or(&self.checkout).to_owned(),
            source,
        })
    }

    fn take_away(&mut self) -> io::Result<()> {
        if self.is_removed {
            return Ok(());
        }
        self.is_removed = true;
        removal::remove(&self.within, &self.name)?;
        self.within.remove_file(lock_name(&self.name))
    }
}

impl Drop for CleanCheckout {
    fn drop(&mut self) {
        if let Err(error) = self.take_away() {
            let folder = shown(&self.checkout);
            tracing::warn!(folder, %error, "a checkout for commands is still there");
        }
    }
}

/// Opens the folder that checkouts lie in, and makes it where it is missing: nobody else may be able
/// to put something in place of what is in it.
fn open(within: &Path) -> Result<(Dir, PathBuf), CheckoutError> {
    let failed = |source| CheckoutError::Folder {
        path: within.to_owned(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(within)
        .map_err(failed)?;
    let path = within.canonicalize().map_err(failed)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder =
        rustix::fs::open(&path, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
    let folder = File::from(folder);
    let metadata = folder.metadata().map_err(failed)?;
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    // In a folder like `/tmp` everybody can write, and nobody can move what belongs to others.
    let is_sticky = metadata.mode() & 0o1000 != 0;
    let others_write = metadata.mode() & 0o022 != 0;
    if !is_sticky && (others_write || !is_own) {
        return Err(CheckoutError::Shared { path });
    }
    Ok((Dir::from_std_file(folder), path))
}

fn make_folder(folder: &Dir, name: &str) -> io::Result<Dir> {
    rustix::fs::mkdirat(folder, name, Mode::RWXU)?;
    let made = removal::open_folder(folder, name.as_ref())?;
    rustix::fs::fchmod(&made, Mode::RWXU)?;
    Ok(made)
}

fn lock_name(name: &str) -> String {
    format!("{name}{LOCK}")
}

/// Reserves a name that nobody else uses.
fn reserve(folder: &Dir, run: &RunId) -> io::Result<(String, File)> {
    let flags = OFlags::RDONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    for _ in 0..NAMES_MAX {
        let mut random = [0; 8];
        getrandom::fill(&mut random)?;
        let random = u64::from_ne_bytes(random);
        let name = format!("{PREFIX}{}-{random:016x}", run.as_str());
        let mode = Mode::RUSR | Mode::WUSR;
        let lock = match rustix::fs::openat(folder, lock_name(&name), flags, mode) {
            Ok(lock) => File::from(lock),
            Err(rustix::io::Errno::EXIST) => continue,
            Err(error) => return Err(error.into()),
        };
        // Another process that looks for what is not in use may have been faster.
        let is_ours = rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
        if is_ours && lock.metadata()?.nlink() > 0 {
            return Ok((name, lock));
        }
    }
    Err(io::Error::other("every name was taken"))
}

/// Removes what processes have left behind that were killed. What cannot be removed now is left to
/// the next one that tries.
fn sweep(folder: &Dir) {
    for lock in locks(folder).unwrap_or_default() {
        let (Some(taken), Some(name)) = (take(folder, &lock), lock.strip_suffix(LOCK)) else {
            continue;
        };
        let removed = removal::remove(folder, name).and_then(|()| folder.remove_file(&lock));
        if let Err(error) = removed {
            tracing::warn!(folder = name, %error, "an old checkout for commands is still there");
        }
        drop(taken);
    }
}

/// The lock of a folder that nobody uses; none for one that somebody does.
fn take(folder: &Dir, lock: &str) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let lock = rustix::fs::openat(folder, lock, flags, Mode::empty()).ok()?;
    rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(lock.into())
}

/// The names of the locks in a folder.
fn locks(folder: &Dir) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in folder.entries()? {
        if let Ok(name) = entry?.file_name().into_string()
            && name.starts_with(PREFIX)
            && name.ends_with(LOCK)
        {
            names.push(name);
        }
    }
    Ok(names)
}
