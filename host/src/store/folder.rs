use std::fs::{DirBuilder, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::{Dir, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _};
use rustix::fs::{AtFlags, Mode, OFlags};

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;

/// Mode of folders: nobody but the user.
const FOLDER_MODE: u32 = 0o700;

/// Mode of files: nobody but the user.
const FILE_MODE: u32 = 0o600;

/// What the group and others may do to something, when they may write to it.
const OTHERS_WRITE: u32 = 0o022;

/// What the group and others may do to something, when they may do anything.
const OTHERS_ANYTHING: u32 = 0o077;

/// Why a folder or the key in it is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// It cannot be opened or made.
    #[error("it cannot be used: {0}")]
    Io(#[from] io::Error),
    /// It is a link.
    #[error("it is a symbolic link or no folder: name the folder itself")]
    NotAFolder,
    /// Somebody else owns it.
    #[error("it belongs to the user {owner}, not to the user {user} that runs this")]
    Foreign {
        /// The owner's number.
        owner: u32,
        /// The number of the user of this process.
        user: u32,
    },
    /// Others can write to it.
    #[error("others can write to it (mode {mode:04o}): take that right away with `chmod 700`")]
    Writable {
        /// Its permissions.
        mode: u32,
    },
    /// A file is something else.
    #[error("it is a symbolic link or no regular file: name the file itself")]
    NotAFile,
    /// Others can reach a file.
    #[error("others can {what} it (mode {mode:04o}): take that right away with `chmod 600`")]
    Open {
        /// What they can do.
        what: &'static str,
        /// Its permissions.
        mode: u32,
    },
    /// The key is no key.
    #[error(
        "the file `{name}` in it is not a key that only this user can read: remove it, and a new \
         one is made"
    )]
    Key {
        /// Name of the file.
        name: &'static str,
    },
}

/// Opens a folder that only this user can write to, and makes it where it is missing. A link is not
/// followed: whoever can place one could otherwise have files of another folder removed.
pub(super) fn open(path: &Path) -> Result<Dir, Refusal> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = match rustix::fs::open(path, flags, Mode::empty()) {
        Err(rustix::io::Errno::NOENT) => {
            DirBuilder::new()
                .recursive(true)
                .mode(FOLDER_MODE)
                .create(path)?;
            rustix::fs::open(path, flags, Mode::empty())
        }
        opened => opened,
    };
    let folder = closed(opened)?;
    check_owner(&folder.dir_metadata()?)?;
    Ok(folder)
}

/// Opens the folder of a file that was named from outside: it is there, and only its owner can write
/// to it. Somebody else who can would put files beside that one, which are read with it.
pub(super) fn open_beside(path: &Path) -> Result<Dir, Refusal> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    closed(rustix::fs::open(path, flags, Mode::empty()))
}

/// What was opened, if it is a folder that nobody but its owner can write to.
fn closed(opened: rustix::io::Result<rustix::fd::OwnedFd>) -> Result<Dir, Refusal> {
    let opened = match opened {
        Err(rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => {
            return Err(Refusal::NotAFolder);
        }
        opened => opened.map_err(io::Error::from)?,
    };
    let folder = Dir::from_std_file(opened.into());
    let mode = permissions(&folder.dir_metadata()?);
    if mode & OTHERS_WRITE != 0 {
        return Err(Refusal::Writable { mode });
    }
    Ok(folder)
}

/// What others may do to a file of a database when it is found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// Nothing.
    Nothing,
    /// Read it, until now: what carries files between machines does not keep their modes.
    Read,
}

/// Makes the file of a name where it is missing, empty. One that is there has to be a regular file
/// of this user; its size in bytes is given. It is never opened: a process that closes a file gives
/// up all its locks on it, also those that another part of it holds.
pub(super) fn make_file(folder: &Dir, name: &str, others: Others) -> Result<u64, Refusal> {
    match check_file(folder, name, others) {
        Err(Refusal::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
        checked => return checked,
    }
    let temporary = write_new(folder, &[])?;
    // Unlike a renaming, a link does not replace what another process has made meanwhile.
    let linked = folder.hard_link(&temporary, folder, name);
    folder.remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    check_file(folder, name, others)
}

fn check_file(folder: &Dir, name: &str, others: Others) -> Result<u64, Refusal> {
    let metadata = folder.symlink_metadata(name)?;
    if !metadata.is_file() {
        return Err(Refusal::NotAFile);
    }
    check_owner(&metadata)?;
    let mode = permissions(&metadata);
    let refused = |what| Err(Refusal::Open { what, mode });
    if mode & OTHERS_WRITE != 0 {
        return refused("write to");
    }
    if mode & OTHERS_ANYTHING != 0 {
        if others == Others::Nothing {
            return refused("read");
        }
        let own = Mode::from_raw_mode(FILE_MODE);
        rustix::fs::chmodat(folder, name, own, AtFlags::empty()).map_err(io::Error::from)?;
    }
    Ok(metadata.len())
}

/// Whether a file can be taken for one process: none where another one has it.
pub(super) fn lock(folder: &Arc<Dir>, name: String) -> io::Result<Option<FileLock>> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .mode(FILE_MODE)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    loop {
        let file = folder.open_with(&name, &options)?.into_std();
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever had it may have removed it between the opening and the locking. What is locked
        // then is in no folder any more, and the next process would make and lock another one.
        let locked = std::os::unix::fs::MetadataExt::ino(&file.metadata()?);
        match folder.symlink_metadata(&name) {
            Ok(found) if found.ino() == locked => {
                return Ok(Some(FileLock {
                    folder: Arc::clone(folder),
                    name,
                    _file: file,
                }));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
}

/// A file that one process has for itself, until this is dropped or the process has ended. The file
/// goes with it.
#[derive(Debug)]
pub(super) struct FileLock {
    folder: Arc<Dir>,
    name: String,
    /// The system gives the lock up when it is closed.
    _file: std::fs::File,
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // One that stays is locked and removed by the next process that comes.
        let _ = self.folder.remove_file(&self.name);
    }
}

/// The root of the git working tree in which a path lies, whether it is there yet or not.
pub(super) fn work_tree(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut missing = path;
    let there = loop {
        match missing.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match missing.parent() {
                Some(parent) if parent.as_os_str().is_empty() => missing = Path::new("."),
                Some(parent) => missing = parent,
                None => return Err(error),
            },
            there => break there?,
        }
    };
    let root = there
        .ancestors()
        .find(|folder| folder.join(".git").symlink_metadata().is_ok());
    Ok(root.map(Path::to_owned))
}

/// The secret key of a name in a folder; made where it is missing. Of several processes that make it
/// at the same time, one wins and all use its key.
pub(super) fn key(folder: &Dir, name: &'static str) -> Result<[u8; KEY_BYTES], Refusal> {
    if let Some(key) = read_key(folder, name)? {
        return Ok(key);
    }
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::from)?;
    let temporary = write_new(folder, &key)?;
    // Unlike a renaming, a link does not replace the key that another process has made meanwhile.
    let linked = folder.hard_link(&temporary, folder, name);
    folder.remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    read_key(folder, name)?.ok_or(Refusal::Key { name })
}

/// Opens a regular file, and nothing else: opening a pipe would wait for its other end.
pub(super) fn open_file(folder: &Dir, name: &str) -> io::Result<std::fs::File> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    let file = folder.open_with(name, &options)?.into_std();
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other(format!("`{name}` is not a regular file")))
    }
}

fn read_key(folder: &Dir, name: &'static str) -> Result<Option<[u8; KEY_BYTES]>, Refusal> {
    let file = match open_file(folder, name) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let file = cap_std::fs::File::from_std(file);
    let metadata = file.metadata()?;
    check_owner(&metadata)?;
    if permissions(&metadata) & OTHERS_ANYTHING != 0 {
        return Err(Refusal::Key { name });
    }
    let mut bytes = Vec::with_capacity(KEY_BYTES + 1);
    file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.try_into() {
        Ok(key) => Ok(Some(key)),
        Err(_) => Err(Refusal::Key { name }),
    }
}

/// The beginning of the names of files that are being written.
pub(super) const TEMPORARY: &str = "new-";

/// Writes a file of a name that nobody else uses; gives the name. Nothing is left where it fails.
pub(super) fn write_new(folder: &Dir, bytes: &[u8]) -> io::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)?;
    let name = format!("{TEMPORARY}{:016x}", u64::from_ne_bytes(random));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(FILE_MODE);
    let written = folder
        .open_with(&name, &options)
        .and_then(|mut file| file.write_all(bytes));
    match written {
        Ok(()) => Ok(name),
        Err(error) => {
            // What could not be made cannot be removed either, and that is no news.
            let _ = folder.remove_file(&name);
            Err(error)
        }
    }
}

fn check_owner(metadata: &Metadata) -> Result<(), Refusal> {
    let user = rustix::process::geteuid().as_raw();
    let owner = metadata.uid();
    if owner == user {
        Ok(())
    } else {
        Err(Refusal::Foreign { owner, user })
    }
}

fn permissions(metadata: &Metadata) -> u32 {
    metadata.mode() & 0o7777
}
