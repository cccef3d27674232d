//! Finds the git folder of a checkout without letting a file of the checkout choose it.

#![expect(clippy::disallowed_methods, reason = "this room reads repositories")]

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Error, bounds};
use crate::model::Text;

/// Where a repository lies.
pub(super) struct Found {
    pub(super) git_folder: PathBuf,
    /// The folder with objects and refs, which linked working trees share.
    pub(super) common_folder: PathBuf,
    pub(super) work_tree: Option<PathBuf>,
}

/// Finds the repository that `folder`, a canonical path, lies in: the nearest `.git` upwards.
///
/// A bare repository is taken only when it is `folder` itself and lies in no checkout. Its files may
/// be committed like any others, and whoever did so would choose what is judged, as
/// `safe.bareRepository=explicit` prevents for git.
pub(super) fn find(folder: &Path) -> Result<Found, Error> {
    for work_tree in folder.ancestors() {
        let Some(git_folder) = git_folder_of(work_tree)? else {
            continue;
        };
        let Some(common_folder) = common_folder(&git_folder)? else {
            continue;
        };
        if folder != git_folder && is_bare(folder) {
            return Err(Error::BareInside {
                folder: folder.to_owned(),
                work_tree: work_tree.to_owned(),
            });
        }
        return Ok(Found {
            git_folder,
            common_folder,
            work_tree: Some(work_tree.to_owned()),
        });
    }
    if is_bare(folder) {
        return Ok(Found {
            git_folder: folder.to_owned(),
            common_folder: folder.to_owned(),
            work_tree: None,
        });
    }
    Err(Error::NotARepository {
        folder: folder.to_owned(),
    })
}

/// The roots of the working trees that share `common_folder`, links followed: the main one, which it
/// lies in as `.git`, and the linked ones, which it lists. One that is gone is left out.
///
/// Git lists a linked working tree in `worktrees/NAME/gitdir`, as the path of its `.git` file,
/// absolute or relative to the folder of that file (gitrepository-layout).
pub(super) fn work_trees(common_folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut dot_gits = Vec::new();
    if common_folder.file_name().is_some_and(|name| name == ".git") {
        dot_gits.push(common_folder.to_owned());
    }
    let listed = std::fs::read_dir(common_folder.join("worktrees"));
    for entry in listed.into_iter().flatten().flatten() {
        if let Some(bytes) = read_small(&entry.path().join("gitdir"))? {
            let path = String::from_utf8_lossy(&bytes);
            dot_gits.push(entry.path().join(path.trim_end()));
        }
    }
    Ok(dot_gits
        .iter()
        .filter_map(|dot_git| dot_git.parent()?.canonicalize().ok())
        .collect())
}

/// What `.git` in a folder is or names; none when there is nothing of that name.
fn git_folder_of(work_tree: &Path) -> Result<Option<PathBuf>, Error> {
    let dot_git = work_tree.join(".git");
    if dot_git.is_dir() {
        return Ok(Some(dot_git));
    }
    let Some(bytes) = read_small(&dot_git)? else {
        return Ok(None);
    };
    Ok(gix::discover::parse::gitdir(&bytes)
        .ok()
        .map(|git_folder| work_tree.join(git_folder)))
}

/// The folder with the objects and refs of a git folder; none when it is not a git folder.
fn common_folder(git_folder: &Path) -> Result<Option<PathBuf>, Error> {
    if git_folder.join("HEAD").symlink_metadata().is_err() {
        return Ok(None);
    }
    let common = match read_small(&git_folder.join("commondir"))? {
        Some(common) => git_folder.join(String::from_utf8_lossy(&common).trim_end()),
        None => git_folder.to_owned(),
    };
    Ok(has_storage(&common).then_some(common))
}

/// Whether a folder is a git folder without a working tree.
pub(super) fn is_bare(folder: &Path) -> bool {
    folder.join("HEAD").symlink_metadata().is_ok() && has_storage(folder)
}

fn has_storage(folder: &Path) -> bool {
    folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// The content of a short file of a git folder; none when there is none. Only a regular file is
/// opened: a pipe that nobody writes to would stop the run, a device may never end.
pub(super) fn read_small(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let failed = |source: io::Error| Error::Open {
        folder: path.to_owned(),
        source: source.into(),
    };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(source) => return Err(failed(source)),
    };
    if !metadata.is_file() {
        return Err(Error::Unusual {
            path: path.to_owned(),
        });
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .map_err(failed)?
        .take(bounds::SETTINGS_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > bounds::SETTINGS_BYTES_MAX {
        return Err(too_large(path, bounds::SETTINGS_BYTES_MAX));
    }
    Ok(Some(bytes))
}

/// Refuses a git folder with anything in it that cannot be read to its end: pipes, devices, links
/// to folders outside, and files that are read whole and are larger than any real one.
pub(super) fn refuse_unusual(git_folder: &Path) -> Result<(), Error> {
    let failed = |folder: &Path, source: io::Error| Error::Open {
        folder: folder.to_owned(),
        source: source.into(),
    };
    let inside = git_folder
        .canonicalize()
        .map_err(|source| failed(git_folder, source))?;
    let mut open = vec![inside.clone()];
    while let Some(folder) = open.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            // git may be tidying up next to us.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(failed(&folder, source)),
        };
        for entry in entries {
            let entry = entry.map_err(|source| failed(&folder, source))?;
            let path = entry.path();
            let relative = path.strip_prefix(&inside).unwrap_or(&path);
            if is_unread(relative) {
                continue;
            }
            let kind = entry.file_type().map_err(|source| failed(&path, source))?;
            if kind.is_dir() {
                open.push(path.clone());
            } else if kind.is_symlink() {
                refuse_link(&path, &inside)?;
            } else if !kind.is_file() && !is_socket(kind) {
                return Err(Error::Unusual { path });
            }
            if let Some(bytes_max) = bytes_max(relative)
                && std::fs::metadata(inside.join(relative))
                    .is_ok_and(|metadata| metadata.is_file() && metadata.len() > bytes_max)
            {
                return Err(too_large(&inside.join(relative), bytes_max));
            }
        }
    }
    Ok(())
}

/// A link may lead to a file, or to a folder inside that is looked through anyway.
fn refuse_link(link: &Path, inside: &Path) -> Result<(), Error> {
    let Ok(metadata) = std::fs::metadata(link) else {
        // It leads nowhere, and nothing can be read through it.
        return Ok(());
    };
    let is_inside = || {
        link.canonicalize()
            .is_ok_and(|target| target.starts_with(inside))
    };
    if metadata.is_file() || (metadata.is_dir() && is_inside()) {
        Ok(())
    } else {
        Err(Error::Unusual {
            path: link.to_owned(),
        })
    }
}

/// Folders of hooks and of other programs, of which nothing is ever read.
fn is_unread(relative: &Path) -> bool {
    ["hooks", "lfs", "annex"]
        .iter()
        .any(|name| relative == Path::new(name))
}

/// How large a file may be that is read whole; none for a file that is not.
fn bytes_max(relative: &Path) -> Option<u64> {
    const SETTINGS: [&str; 7] = [
        "HEAD",
        "config",
        "config.worktree",
        "commondir",
        "gitdir",
        "info/exclude",
        "info/attributes",
    ];
    const REFS: [&str; 2] = ["packed-refs", "shallow"];
    let is_one_of = |names: &[&str]| names.iter().any(|name| relative == Path::new(name));
    if is_one_of(&REFS) {
        Some(bounds::REFS_BYTES_MAX)
    } else if is_one_of(&SETTINGS) || relative.starts_with("refs") {
        Some(bounds::SETTINGS_BYTES_MAX)
    } else {
        None
    }
}

/// Whether it is a socket, as git's file system monitor leaves one: opening it fails at once.
#[cfg(unix)]
fn is_socket(kind: std::fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_socket(&kind)
}

#[cfg(not(unix))]
fn is_socket(_kind: std::fs::FileType) -> bool {
    false
}

fn too_large(path: &Path, bytes_max: u64) -> Error {
    Error::TooLarge {
        path: Text::from_bytes(path.as_os_str().as_encoded_bytes()),
        bytes_max,
    }
}
