#![expect(
    clippy::disallowed_methods,
    reason = "the command line owns the environment, and hands folders down"
)]

use std::path::PathBuf;

use super::Failure;
use crate::sandbox::{Compiler, Sandbox};
use crate::store::{CACHE_BYTES_MAX, CACHE_ENTRIES_MAX, Cache, Place};

/// Folder of this program in the folders that a user has for the data of programs.
const FOLDER: &str = "holdpoint";

/// What was worked out before, and where it is kept.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "What is kept")]
pub(super) struct CacheArguments {
    /// Folder for what can be worked out again, which only this user may write to
    /// [default: holdpoint in the cache folder of the user, such as ~/.cache]
    #[arg(
        long,
        value_name = "FOLDER",
        env = "HOLDPOINT_CACHE_DIR",
        hide_env_values = true
    )]
    cache_dir: Option<PathBuf>,

    /// Keep nothing, and use nothing that was kept
    #[arg(long)]
    no_cache: bool,
}

impl CacheArguments {
    /// The cache; none where it is not wanted, or where this user has no folder for it.
    pub(super) fn open(&self) -> Cache {
        if self.no_cache {
            return Cache::none();
        }
        let entries = self
            .cache_dir
            .clone()
            .filter(|folder| !folder.as_os_str().is_empty())
            .or_else(|| user_folder("XDG_CACHE_HOME", ".cache"));
        let state = user_folder("XDG_STATE_HOME", ".local/state");
        let (Some(entries), Some(state)) = (entries, state) else {
            tracing::info!("nothing is kept: HOME is not set, nor the folders of this user");
            return Cache::none();
        };
        Cache::open(Place {
            entries: &entries,
            state: &state,
            bytes_max: CACHE_BYTES_MAX,
            entries_max: CACHE_ENTRIES_MAX,
        })
    }
}

/// The folder of this program where the XDG Base Directory Specification has it. A relative path
/// counts as not set, as it says.
pub(super) fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute(variable)
        .or_else(|| Some(absolute("HOME")?.join(below_home)))
        .map(|folder| folder.join(FOLDER))
}

/// A sandbox with this cache, where strangers' components are compiled by another process of this
/// program.
pub(super) fn sandbox(cache: Cache) -> Result<Sandbox, Failure> {
    let program = std::env::current_exe().map_err(Failure::Runtime)?;
    Ok(Sandbox::new()?
        .with_cache(cache)
        .with_compiler(Compiler::new(program)))
}
