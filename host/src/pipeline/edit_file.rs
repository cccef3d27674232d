//! Writes one edited file into the operator's working tree: whole, or not at all, and never over somebody's
//! work.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::edits::{EditedFile, ORIGINAL_BYTES_MAX};
use crate::model::{EffectOutcome, Text};
use crate::release::{Error, Tree, TreeError, is_file_name};

/// What the names of files begin with that are being written.
const TEMPORARY: &str = ".holdpoint-";

/// What became of an edit.
#[derive(Debug)]
pub enum Edited {
    /// The file has the new content, on the disk.
    Done,
    /// The file had it already.
    AlreadyDone,
    /// The file has the new content, and the system does not say whether it is on the disk.
    NotOnDisk {
        /// The path.
        path: Text,
        /// What the system says.
        source: io::Error,
    },
    /// The file is as it was.
    Refused(EditRefusal),
}

impl Edited {
    /// What the journal says of it: a refused one never began.
    #[must_use]
    pub fn outcome(&self) -> EffectOutcome {
        match self {
            Self::Done | Self::AlreadyDone => EffectOutcome::Done,
            Self::NotOnDisk { path, source } => EffectOutcome::Failed(Text::from(format!(
                "`{}` is written, and may not be on the disk: {source}",
                path.raw()
            ))),
            Self::Refused(why) => EffectOutcome::NotBegun(Text::from(why.to_string())),
        }
    }
}

/// Why an edit was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditRefusal {
    /// A path that leads out of the working tree, or into a git folder.
    #[error("`{}` is not the path of a file of the working tree", .0.terminal())]
    Path(Text),
    /// A link on the way, or in its place.
    #[error("`{}` is reached through a link", .0.terminal())]
    Link(Text),
    /// A folder of another repository on the way.
    #[error("`{}` lies in another repository", .0.terminal())]
    OtherRepository(Text),
    /// A folder, or a file in place of one.
    #[error("`{}` is not a file", .0.terminal())]
    NotAFile(Text),
    /// A file that is larger than what is edited.
    #[error("`{}` has more than {ORIGINAL_BYTES_MAX} bytes", .0.terminal())]
    TooLarge(Text),
    /// The file in the working tree is not the one that was judged.
    #[error("`{}` differs from the judged commit", .0.terminal())]
    Differs(Text),
    /// The judged commit cannot be read.
    #[error("`{}` of the judged commit cannot be read: {source}", path.terminal())]
    Judged {
        /// The path.
        path: Text,
        /// Why.
        source: Error,
    },
    /// The system refuses.
    #[error("cannot write `{}`: {source}", path.terminal())]
    System {
        /// The path.
        path: Text,
        /// What the system says.
        source: io::Error,
    },
}

impl EditRefusal {
    /// What to do about it; none where the message says all there is to say.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Path(_) | Self::Link(_) | Self::NotAFile(_) => {
                "let the plugin name a regular file of the repository".to_owned()
            }
            Self::OtherRepository(_) => {
                "release that repository by itself: only files of this one are edited".to_owned()
            }
            Self::TooLarge(_) => "split the file".to_owned(),
            Self::Differs(_) => {
                "somebody's work would be lost: commit it and judge that commit, or \
                take it back with `git restore`"
                    .to_owned()
            }
            Self::Judged { source, .. } => return source.help(),
            Self::System { .. } => {
                "check that the file and its folder can be written, and that there is room"
                    .to_owned()
            }
        })
    }
}

/// Writes an edited file into a working tree. The file there must be what the judged commit has, and it
/// keeps its mode; folders on the way to a new one are made. Links are never followed, and nothing
/// is written into a git folder or another repository.
#[must_use]
pub fn edit_file(edit: &EditedFile, tree: &Tree, work_tree: &Dir) -> Edited {
    let mut made = Vec::new();
    let edited = Place {
        path: &edit.path,
        made: &mut made,
    }
    .edit(edit, tree, work_tree);
    match edited {
        Ok(edited) => edited,
        Err(refusal) => {
            for (folder, name) in made.iter().rev() {
                // Somebody may have put something there meanwhile.
                let _ = Dir::remove_dir(folder, name);
            }
            Edited::Refused(refusal)
        }
    }
}

/// Where an edit goes.
struct Place<'a> {
    path: &'a Text,
    /// Folders that were made on the way.
    made: &'a mut Vec<(Dir, String)>,
}

/// A file as it was read.
struct Current {
    content: Vec<u8>,
    metadata: std::fs::Metadata,
}

impl Place<'_> {
    fn edit(
        &mut self,
        edit: &EditedFile,
        tree: &Tree,
        work_tree: &Dir,
    ) -> Result<Edited, EditRefusal> {
        let path = self.path.raw();
        if !path.split('/').all(|part| is_file_name(part.as_bytes())) {
            return Err(EditRefusal::Path(self.path.clone()));
        }
        let judged = match tree.read(path, ORIGINAL_BYTES_MAX) {
            Ok(content) => Some(content),
            Err(TreeError::Missing) => None,
            Err(TreeError::NotThat) => return Err(EditRefusal::NotAFile(self.path.clone())),
            Err(TreeError::TooLarge) => return Err(EditRefusal::TooLarge(self.path.clone())),
            Err(TreeError::Repository(source)) => {
                let path = self.path.clone();
                return Err(EditRefusal::Judged { path, source });
            }
        };
        if judged.is_none() {
            self.check_way(tree)?;
        }
        let (way, name) = path.rsplit_once('/').unwrap_or(("", path));
        let way = way.split('/').filter(|part| !part.is_empty());
        let folder = self.folder(work_tree, way, judged.is_none())?;
        let wanted = edit.content.raw().as_bytes();
        let current = self.current(&folder, name)?;
        match (&current, &judged) {
            (Some(current), _) if current.content == wanted => return Ok(Edited::AlreadyDone),
            (Some(current), Some(judged)) if current.content == *judged => {}
            (None, None) => {}
            _ => return Err(EditRefusal::Differs(self.path.clone())),
        }
        self.write(&folder, name, wanted, current.as_ref())
    }

    /// A new file does not lie where the judged commit has a submodule, a file or a link.
    fn check_way(&self, tree: &Tree) -> Result<(), EditRefusal> {
        let path = self.path.raw();
        let folders = path.match_indices('/').map(|(at, _)| path.get(..at));
        for folder in folders.flatten() {
            // A folder that is there has too many names for none.
            if let Err(TreeError::NotThat) = tree.entries(folder, 0) {
                return Err(EditRefusal::OtherRepository(self.path.clone()));
            }
        }
        Ok(())
    }

    fn system(&self, source: impl Into<io::Error>) -> EditRefusal {
        EditRefusal::System {
            path: self.path.clone(),
            source: source.into(),
        }
    }

    /// The folder that the file lies in, one name after the other.
    fn folder<'p>(
        &mut self,
        work_tree: &Dir,
        way: impl Iterator<Item = &'p str>,
        is_new: bool,
    ) -> Result<Dir, EditRefusal> {
        let mut folder = work_tree.try_clone().map_err(|error| self.system(error))?;
        for name in way {
            let mut opened = open(&folder, name, OFlags::DIRECTORY);
            if is_new && opened.as_ref().is_err_and(|error| *error == Errno::NOENT) {
                rustix::fs::mkdirat(&folder, name, Mode::from_raw_mode(0o777))
                    .map_err(|error| self.system(error))?;
                let parent = folder.try_clone().map_err(|error| self.system(error))?;
                self.made.push((parent, name.to_owned()));
                opened = open(&folder, name, OFlags::DIRECTORY);
            }
            folder = match opened {
                Ok(opened) => Dir::from_std_file(opened),
                Err(Errno::NOENT) => return Err(EditRefusal::Differs(self.path.clone())),
                Err(error) => return Err(self.obstacle(&folder, name, error)),
            };
            // That of a submodule, or of a repository that lies in this one.
            if folder.symlink_metadata(".git").is_ok() {
                return Err(EditRefusal::OtherRepository(self.path.clone()));
            }
        }
        Ok(folder)
    }

    /// What is in the way when a name cannot be opened.
    fn obstacle(&self, folder: &Dir, name: &str, error: Errno) -> EditRefusal {
        match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode).is_symlink() => {
                EditRefusal::Link(self.path.clone())
            }
            Ok(stat) if !FileType::from_raw_mode(stat.st_mode).is_dir() => {
                EditRefusal::NotAFile(self.path.clone())
            }
            _ => self.system(error),
        }
    }

    /// The file that is there now; none when there is none.
    fn current(&self, folder: &Dir, name: &str) -> Result<Option<Current>, EditRefusal> {
        // Opening a pipe would wait for its other end.
        let file = match open(folder, name, OFlags::NONBLOCK) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(self.obstacle(folder, name, error)),
        };
        let metadata = file.metadata().map_err(|error| self.system(error))?;
        if !metadata.is_file() {
            return Err(EditRefusal::NotAFile(self.path.clone()));
        }
        let mut content = Vec::new();
        file.take(ORIGINAL_BYTES_MAX + 1)
            .read_to_end(&mut content)
            .map_err(|error| self.system(error))?;
        if content.len() as u64 > ORIGINAL_BYTES_MAX {
            return Err(EditRefusal::TooLarge(self.path.clone()));
        }
        Ok(Some(Current { content, metadata }))
    }

    /// Writes the file beside its place, and puts it there when all of it is on the disk.
    fn write(
        &self,
        folder: &Dir,
        name: &str,
        content: &[u8],
        current: Option<&Current>,
    ) -> Result<Edited, EditRefusal> {
        // A handle of a folder that only leads into it cannot be synchronised.
        let synchronised =
            open(folder, ".", OFlags::DIRECTORY).map_err(|error| self.system(error))?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| self.system(error))?;
        let temporary = format!("{TEMPORARY}{:016x}", u64::from_ne_bytes(random));
        let written = self
            .write_beside(folder, &temporary, content, current)
            .and_then(|()| self.put(folder, &temporary, name, current));
        if written.is_err() {
            // What could not be made cannot be removed either.
            let _ = folder.remove_file(&temporary);
        }
        written?;
        // The new name is on the disk too, before anybody says so.
        Ok(match synchronised.sync_all() {
            Ok(()) => Edited::Done,
            Err(source) => Edited::NotOnDisk {
                path: self.path.clone(),
                source,
            },
        })
    }

    fn write_beside(
        &self,
        folder: &Dir,
        temporary: &str,
        content: &[u8],
        current: Option<&Current>,
    ) -> Result<(), EditRefusal> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // A new file has the mode that the user's mask leaves, as git makes it.
        let mode = Mode::from_raw_mode(0o666);
        let file = rustix::fs::openat(folder, temporary, flags, mode)
            .map_err(|error| self.system(error))?;
        let mut file = File::from(file);
        if let Some(current) = current {
            let mode = Mode::from_raw_mode(current.metadata.mode() & 0o7777);
            rustix::fs::fchmod(&file, mode).map_err(|error| self.system(error))?;
        }
        file.write_all(content)
            .and_then(|()| file.sync_all())
            .map_err(|error| self.system(error))
    }

    fn put(
        &self,
        folder: &Dir,
        temporary: &str,
        name: &str,
        current: Option<&Current>,
    ) -> Result<(), EditRefusal> {
        match current {
            Some(current) => {
                let now = self.current(folder, name)?;
                if now.is_none_or(|now| !is_same(&now, current)) {
                    return Err(EditRefusal::Differs(self.path.clone()));
                }
                rustix::fs::renameat(folder, temporary, folder, name)
                    .map_err(|error| self.system(error))?;
            }
            None => put_new(folder, temporary, name).map_err(|error| match error {
                Errno::EXIST => EditRefusal::Differs(self.path.clone()),
                error => self.system(error),
            })?,
        }
        Ok(())
    }
}

fn is_same(now: &Current, before: &Current) -> bool {
    now.metadata.ino() == before.metadata.ino() && now.content == before.content
}

/// Puts a file where there must be none: somebody may have made one meanwhile.
fn put_new(folder: &Dir, temporary: &str, name: &str) -> Result<(), Errno> {
    let flags = RenameFlags::NOREPLACE;
    match rustix::fs::renameat_with(folder, temporary, folder, name, flags) {
        // Not every file system can do that; a second name does not replace a file either.
        Err(Errno::INVAL | Errno::NOSYS) => {
            rustix::fs::linkat(folder, temporary, folder, name, AtFlags::empty())?;
            rustix::fs::unlinkat(folder, temporary, AtFlags::empty())
        }
        put => put,
    }
}

/// Opens something by one name, never through a link.
fn open(folder: &Dir, name: &str, flags: OFlags) -> Result<File, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | flags;
    rustix::fs::openat(folder, name, flags, Mode::empty()).map(File::from)
}
