use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use crate::model::Text;

/// Why a command never began.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A program with a slash in its name that is not there.
    #[error("there is no program `{}` in the checkout", .0.terminal())]
    NotInCheckout(Text),
    /// A program without a slash in its name that is in no folder of `PATH`.
    #[error("there is no program `{}` in a folder of PATH", .0.terminal())]
    NotInPath(Text),
    /// It is there and is not a program.
    #[error("`{}` is not a program: it is a folder, or nobody may execute it", .0.terminal())]
    NotExecutable(Text),
    /// The program that its first line names is not there.
    #[error("what the first line of `{}` names to run it with is not there", .0.terminal())]
    NoInterpreter(Text),
    /// The system refuses.
    #[error("cannot start `{}`: {source}", program.terminal())]
    System {
        /// The program.
        program: Text,
        /// What the system says.
        source: io::Error,
    },
}

impl StartError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotInCheckout(_) => {
                "check that the file is committed: commands run in a checkout of the judged commit, \
                 without what a build has left in the working tree"
            }
            Self::NotInPath(_) => {
                "install it where holdpoint runs, or write `./PROGRAM` for one of the repository; \
                 folders of PATH that are not absolute are passed over"
            }
            Self::NotExecutable(_) => {
                "mark it as executable and commit that: git update-index --chmod=+x FILE"
            }
            Self::NoInterpreter(_) => "install it, or name another one in the first line",
            Self::System { .. } => "see what the system says",
        }
    }
}

/// Where the program of a command is. A name without a slash is looked for in the folders of `PATH`,
/// never in the checkout; any other is taken from the checkout.
pub(super) fn find(
    arguments: &[String],
    checkout: &Path,
    environment: &BTreeMap<OsString, OsString>,
) -> Result<PathBuf, StartError> {
    let name = arguments.first().map_or("", String::as_str);
    let text = || Text::from(name);
    if name.contains('/') {
        let path = checkout.join(name);
        return match is_program(&path) {
            Some(true) => Ok(path),
            Some(false) => Err(StartError::NotExecutable(text())),
            None => Err(StartError::NotInCheckout(text())),
        };
    }
    let folders = environment.get(OsStr::new("PATH"));
    let found = folders.into_iter().flat_map(std::env::split_paths);
    found
        // With one that is relative, a commit could put a program in the place of another.
        .filter(|folder| folder.is_absolute() && !name.is_empty())
        .map(|folder| folder.join(name))
        .find(|path| is_program(path) == Some(true))
        .ok_or_else(|| StartError::NotInPath(text()))
}

/// Whether a file can be executed; none where there is nothing.
fn is_program(path: &Path) -> Option<bool> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(metadata.is_file() && rustix::fs::access(path, Access::EXEC_OK).is_ok())
}

/// What the system's refusal to start a program that is there means.
pub(super) fn refused(name: &str, source: io::Error) -> StartError {
    let program = Text::from(name);
    match source.kind() {
        io::ErrorKind::NotFound => StartError::NoInterpreter(program),
        io::ErrorKind::PermissionDenied => StartError::NotExecutable(program),
        _ => StartError::System { program, source },
    }
}
