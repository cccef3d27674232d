//! Opens a repository without obeying it.

use std::path::{Path, PathBuf};

use super::Error;
use super::discovery::{self, Found};
use crate::model::Text;

/// What is kept of a repository's configuration: how its objects and files are stored.
const KEYS_KEPT: &[&str] = &[
    "core.repositoryFormatVersion",
    "core.bare",
    "core.fileMode",
    "core.symlinks",
    "core.ignoreCase",
    "core.precomposeUnicode",
    "core.autocrlf",
    "core.eol",
    "extensions.objectFormat",
    "extensions.refStorage",
    "extensions.worktreeConfig",
];

/// What is said instead of anything that the repository says.
const OVERRIDES: &[&str] = &[
    "core.useReplaceRefs=false",
    "core.commitGraph=false",
    "core.checkStat=default",
    "core.trustCTime=true",
    "gitoxide.core.indexFile=index",
    "gitoxide.objects.allocLimitIfReducedTrust=0",
    // Objects that others in the pack are written as differences to, kept for each thread: many more
    // than the 64 of the default, so that a file that changes now and then is not put together anew.
    "core.deltaBaseCacheLimit=16m",
];

/// A repository that was opened.
pub(super) struct Opened {
    pub(super) repository: gix::Repository,
    pub(super) work_tree: Option<PathBuf>,
    pub(super) work_trees: Vec<PathBuf>,
    pub(super) partial: bool,
}

/// Finds the repository that `folder` lies in and opens it.
pub(super) fn open(folder: &Path) -> Result<Opened, Error> {
    let folder = folder.canonicalize().map_err(|source| Error::Open {
        folder: folder.to_owned(),
        source: source.into(),
    })?;
    let failed = |source: gix::Error| Error::Open {
        folder: folder.clone(),
        source: Box::new(source),
    };
    let Found {
        git_folder,
        common_folder,
        work_tree,
    } = discovery::find(&folder)?;
    discovery::refuse_unusual(&common_folder)?;
    if git_folder != common_folder {
        discovery::refuse_unusual(&git_folder)?;
    }
    refuse_alternates(&common_folder)?;
    let options = gix::open::Options::isolated()
        .with(gix::sec::Trust::Full)
        .open_path_as_is(true)
        .config_overrides(OVERRIDES.iter().copied());
    let mut repository = gix::open_opts(&git_folder, options).map_err(failed)?;
    let partial = is_partial(&repository);
    keep_only_storage(&mut repository).map_err(failed)?;
    repository.set_workdir(work_tree.clone()).map_err(failed)?;
    repository.clear_namespace();
    let common_folder = common_folder.canonicalize().unwrap_or(common_folder);
    let mut work_trees = discovery::work_trees(&common_folder)?;
    work_trees.extend(work_tree.clone());
    Ok(Opened {
        repository,
        work_tree,
        work_trees,
        partial,
    })
}

/// Refuses objects that are borrowed from elsewhere. A folder inside the git folder may lend some,
/// if it does not borrow in turn.
fn refuse_alternates(common_folder: &Path) -> Result<(), Error> {
    let objects = common_folder.join("objects");
    let Some(lines) = alternates(&objects)? else {
        return Ok(());
    };
    let inside = common_folder.canonicalize().ok();
    for line in lines {
        let refused = || Error::Alternates {
            folder: Text::from_bytes(line.as_bytes()),
        };
        let lender = objects.join(&line).canonicalize().map_err(|_| refused())?;
        let is_inside = inside
            .as_ref()
            .is_some_and(|inside| lender.starts_with(inside));
        if !is_inside || alternates(&lender)?.is_some() {
            return Err(refused());
        }
    }
    Ok(())
}

/// The folders that an objects folder borrows from; none when it borrows from none.
fn alternates(objects: &Path) -> Result<Option<Vec<String>>, Error> {
    let Some(bytes) = discovery::read_small(&objects.join("info").join("alternates"))? else {
        return Ok(None);
    };
    let lines: Vec<String> = String::from_utf8_lossy(&bytes)
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    Ok((!lines.is_empty()).then_some(lines))
}

/// Whether objects were left out on purpose when the repository was cloned.
fn is_partial(repository: &gix::Repository) -> bool {
    let configuration = repository.config_snapshot();
    configuration.string("extensions.partialClone").is_some()
        || configuration
            .plumbing()
            .sections_by_name("remote")
            .into_iter()
            .flatten()
            .any(|remote| {
                remote.value("promisor").is_some() || remote.value("partialclonefilter").is_some()
            })
}

/// Replaces the repository's configuration by what is kept of it.
fn keep_only_storage(repository: &mut gix::Repository) -> Result<(), gix::Error> {
    let kept: Vec<(&str, gix::bstr::BString)> = {
        let configuration = repository.config_snapshot();
        KEYS_KEPT
            .iter()
            .filter_map(|key| Some((*key, configuration.string(*key)?)))
            .collect()
    };
    let mut snapshot = repository.config_snapshot_mut();
    *snapshot = gix::config::File::new(gix::config::file::Metadata::api());
    for (key, value) in kept {
        snapshot.set_raw_value(key, value)?;
    }
    snapshot.append_config(OVERRIDES.iter().copied(), gix::config::Source::Api)?;
    snapshot.commit()?;
    Ok(())
}
