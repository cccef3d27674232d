//! Whether the working tree differs from the judged commit.

use gix::ObjectId;
use gix::status::{Submodule, UntrackedFiles};
use gix::submodule::config::Ignore;

use super::Error;
use super::handle::Handle;

/// Whether a tracked file, the index or an untracked file that is not ignored differs from `head`;
/// none without a working tree, or when another commit is checked out. Submodules count when they
/// have another commit checked out; their files are not looked at, for their own configuration
/// would decide how. Ignore rules come from the repository alone, not from the user's settings.
pub(super) fn read(handle: &Handle, head: ObjectId) -> Result<Option<bool>, Error> {
    let repository = handle.git();
    let failed = |source: gix::Error| Error::Status {
        source: Box::new(source),
    };
    let is_checked_out = repository.head_id().is_ok_and(|id| id == head);
    if repository.workdir().is_none() || !is_checked_out {
        return Ok(None);
    }
    let mut differences = repository
        .status(gix::progress::Discard)
        .map_err(failed)?
        .untracked_files(UntrackedFiles::Collapsed)
        .index_worktree_rewrites(None)
        .tree_index_track_renames(gix::status::tree_index::TrackRenames::Disabled)
        .index_worktree_submodules(Submodule::Given {
            ignore: Ignore::Dirty,
            check_dirty: true,
        })
        .into_iter(Vec::new())
        .map_err(failed)?;
    // The first difference decides; a clean tree has none.
    match differences.next() {
        None => Ok(Some(false)),
        Some(Ok(_)) => Ok(Some(true)),
        Some(Err(source)) => Err(failed(source)),
    }
}
