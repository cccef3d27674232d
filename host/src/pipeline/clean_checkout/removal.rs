//! Removes a folder whatever commands have made of it: read-only, or deeper than a process has open
//! files.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, Mode, OFlags};

/// Names of a folder that are kept in memory at one time.
const NAMES_AT_ONCE: usize = 10_000;

/// Opens a folder by one name, never through a link.
pub(super) fn open_folder(folder: &Dir, name: &OsStr) -> io::Result<Dir> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(folder, name, flags, Mode::empty())?;
    Ok(Dir::from_std_file(File::from(opened)))
}

/// Removes a folder with everything in it; nothing is done where there is none. Folders inside are
/// moved up before they are emptied, so that only two are open however deep they lie.
pub(super) fn remove(within: &Dir, name: &str) -> io::Result<()> {
    let top = match open_writable(within, name.as_ref()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut random = [0; 8];
    getrandom::fill(&mut random)?;
    let mut fresh = (0_u64..).map(|count| format!("{:016x}-{count}", u64::from_ne_bytes(random)));
    loop {
        let names = some_names(&top)?;
        if names.is_empty() {
            break;
        }
        for (name, is_folder) in names {
            if is_folder {
                empty(&top, &name, &mut fresh)?;
                top.remove_dir(&name)?;
            } else {
                top.remove_file(&name)?;
            }
        }
    }
    within.remove_dir(name)
}

/// Removes the files of a folder and moves its folders to the top.
fn empty(top: &Dir, name: &OsStr, fresh: &mut dyn Iterator<Item = String>) -> io::Result<()> {
    let folder = open_writable(top, name)?;
    loop {
        let names = some_names(&folder)?;
        if names.is_empty() {
            return Ok(());
        }
        for (name, is_folder) in names {
            if is_folder {
                // Who moves a folder changes its `..`.
                make_writable(&folder, &name)?;
                let up = fresh.next().unwrap_or_default();
                folder.rename(&name, top, up)?;
            } else {
                folder.remove_file(&name)?;
            }
        }
    }
}

fn open_writable(folder: &Dir, name: &OsStr) -> io::Result<Dir> {
    // A link has no permissions of its own to be changed: the mode of what it leads to would be.
    let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if !rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir() {
        return Err(io::Error::other("it is not a folder"));
    }
    make_writable(folder, name)?;
    open_folder(folder, name)
}

fn make_writable(folder: &Dir, name: &OsStr) -> io::Result<()> {
    Ok(rustix::fs::chmodat(
        folder,
        name,
        Mode::RWXU,
        AtFlags::empty(),
    )?)
}

/// Names in a folder, at most so many, and whether each is a folder.
fn some_names(folder: &Dir) -> io::Result<Vec<(OsString, bool)>> {
    folder
        .entries()?
        .take(NAMES_AT_ONCE)
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name(), entry.file_type()?.is_dir()))
        })
        .collect()
}
