//! Writes the files of a commit into an empty folder, from the objects alone: no filter, no
//! attribute, no hook, no line ending of another system.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};

use cap_std::fs::Dir;
use gix::ObjectId;
use gix::objs::tree::EntryKind;
use gix::validate::path::component;
use rustix::fs::{Mode, OFlags};

use super::handle::{Entry, Handle, entries};
use super::{Error, bounds};
use crate::model::Text;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckedOut {
    /// Files, folders, links and submodules.
    pub entries: usize,
    /// Bytes of the files.
    pub bytes: u64,
}

/// Whether a name can be given to a file of a checkout: one name, neither `.` nor `..` nor `.git` in
/// any spelling that some file system takes for it (`.GIT`, `git~1`, `.git ` and those with
/// characters that HFS+ passes over).
#[must_use]
pub fn is_file_name(name: &[u8]) -> bool {
    refusal(name).is_none()
}

/// Why a name cannot be given to a file.
fn refusal(name: &[u8]) -> Option<&'static str> {
    let options = component::Options {
        protect_windows: cfg!(windows),
        protect_hfs: true,
        protect_ntfs: true,
    };
    if name.contains(&0) {
        return Some("its name has a zero byte");
    }
    if name.len() > bounds::CHECKOUT_NAME_BYTES_MAX {
        return Some("its name is longer than file systems take");
    }
    match gix::validate::path::component(name.into(), None, options) {
        Ok(_) => None,
        Err(component::Error::DotGitDir) => Some("its name is taken for the git folder"),
        Err(_) => Some("its name would lead to another folder"),
    }
}

/// Writes the files below a tree. Nothing is written when something of it cannot be.
pub(super) fn write(
    handle: &Handle,
    root: ObjectId,
    into: &Dir,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<CheckedOut, Error> {
    let found = survey(handle, root, is_cancelled)?;
    Writer {
        handle,
        is_cancelled,
    }
    .folder(root, into.as_fd(), &mut Vec::new())?;
    Ok(found)
}

/// Looks at every entry before the first is written. Names and sizes only: no file is read.
fn survey(
    handle: &Handle,
    root: ObjectId,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<CheckedOut, Error> {
    let bound = |what, most| Err(Error::CheckoutBound { what, most });
    let mut found = CheckedOut::default();
    let mut sizes: HashMap<ObjectId, u64> = HashMap::new();
    let mut left = vec![(root, Vec::new(), 1)];
    while let Some((id, path, depth)) = left.pop() {
        if is_cancelled() {
            return Err(Error::Cancelled);
        }
        if depth > bounds::CHECKOUT_DEPTH_MAX {
            return bound(
                "folders within each other",
                bounds::CHECKOUT_DEPTH_MAX as u64,
            );
        }
        let tree = handle.tree(id)?;
        let mut last: Option<&[u8]> = None;
        for (name, Entry { mode, id }) in entries(&tree)? {
            let way = || join(&path, name);
            let why = if last == Some(name) {
                Some("there are two of this name")
            } else {
                refusal(name)
            };
            if let Some(why) = why {
                let path = Text::from_bytes(&way());
                return Err(Error::CheckoutName { path, why });
            }
            last = Some(name);
            found.entries += 1;
            if found.entries > bounds::CHECKOUT_ENTRIES_MAX {
                return bound("files and folders", bounds::CHECKOUT_ENTRIES_MAX as u64);
            }
            let bytes_max = match mode.kind() {
                EntryKind::Tree => {
                    left.push((id, way(), depth + 1));
                    continue;
                }
                EntryKind::Commit => continue,
                EntryKind::Link => bounds::CHECKOUT_LINK_BYTES_MAX,
                EntryKind::Blob | EntryKind::BlobExecutable => bounds::CHECKOUT_FILE_BYTES_MAX,
            };
            let bytes = match sizes.get(&id) {
                Some(bytes) => *bytes,
                None => *sizes.entry(id).or_insert(handle.size(id)?),
            };
            if bytes > bytes_max {
                let path = Text::from_bytes(&way());
                return Err(Error::TooLarge { path, bytes_max });
            }
            found.bytes += bytes;
            if found.bytes > bounds::CHECKOUT_BYTES_MAX {
                return bound("bytes", bounds::CHECKOUT_BYTES_MAX);
            }
        }
    }
    Ok(found)
}

struct Writer<'a> {
    handle: &'a Handle,
    is_cancelled: &'a dyn Fn() -> bool,
}

impl Writer<'_> {
    /// Everything is made anew and opened by one name below a folder that is open: a link that
    /// stands in the way is an error, and is never followed.
    fn folder(
        &self,
        tree: ObjectId,
        folder: BorrowedFd<'_>,
        path: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let tree = self.handle.tree(tree)?;
        for (name, Entry { mode, id }) in entries(&tree)? {
            if (self.is_cancelled)() {
                return Err(Error::Cancelled);
            }
            let length = path.len();
            *path = join(path, name);
            let failed = |source| Error::CheckoutWrite {
                path: Text::from_bytes(path),
                source,
            };
            match mode.kind() {
                EntryKind::Tree => {
                    let inside = make_folder(folder, name).map_err(failed)?;
                    self.folder(id, inside.as_fd(), path)?;
                }
                EntryKind::Commit => {
                    make_folder(folder, name).map_err(failed)?;
                }
                EntryKind::Blob | EntryKind::BlobExecutable => {
                    let is_executable = mode.kind() == EntryKind::BlobExecutable;
                    let content = self.handle.blob(id)?;
                    make_file(folder, name, &content, is_executable).map_err(failed)?;
                }
                EntryKind::Link => {
                    let target = self.handle.blob(id)?;
                    rustix::fs::symlinkat(target.as_slice(), folder, name)
                        .map_err(|error| failed(error.into()))?;
                }
            }
            path.truncate(length);
        }
        Ok(())
    }
}

fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    let between: &[u8] = if path.is_empty() { b"" } else { b"/" };
    [path, between, name].concat()
}

fn make_folder(folder: BorrowedFd<'_>, name: &[u8]) -> io::Result<File> {
    let mode = Mode::from_raw_mode(0o755);
    rustix::fs::mkdirat(folder, name, mode)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(folder, name, flags, Mode::empty())?;
    // Whatever the user's mask is: a checkout is the same for everybody.
    rustix::fs::fchmod(&opened, mode)?;
    Ok(opened.into())
}

fn make_file(
    folder: BorrowedFd<'_>,
    name: &[u8],
    content: &[u8],
    is_executable: bool,
) -> io::Result<()> {
    let mode = Mode::from_raw_mode(if is_executable { 0o755 } else { 0o644 });
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(folder, name, flags, mode)?);
    file.write_all(content)?;
    rustix::fs::fchmod(&file, mode)?;
    Ok(())
}
