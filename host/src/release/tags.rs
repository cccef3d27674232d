//! Tags and the versions that they name.

use std::collections::{HashMap, HashSet};

use gix::ObjectId;
use semver::Version;

use super::handle::Handle;
use super::range::History;
use super::{Error, TagPattern};
use crate::model::Text;

/// A tag of the project's pattern, peeled to its commit.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) name: Text,
    pub(super) version: Version,
    pub(super) commit: ObjectId,
}

/// Every tag of the pattern that names a commit, highest version first.
pub(super) fn all(handle: &Handle, pattern: &TagPattern) -> Result<Vec<Tag>, Error> {
    let failed = |source: gix::Error| Error::Refs {
        source: Box::new(source),
    };
    let platform = handle.git().references().map_err(failed)?;
    let mut tags = Vec::new();
    for reference in platform.tags().map_err(failed)? {
        let Ok(mut reference) = reference else {
            continue;
        };
        let name = reference.name().shorten().to_vec();
        let Some(version) = pattern.version(&name) else {
            continue;
        };
        // A tag of a tree or a file is no release.
        let Ok(id) = reference.peel_to_id() else {
            continue;
        };
        let is_commit = handle
            .git()
            .try_find_header(id.detach())
            .ok()
            .flatten()
            .is_none_or(|header| header.kind() == gix::object::Kind::Commit);
        if is_commit {
            tags.push(Tag {
                name: Text::from_bytes(&name),
                version,
                commit: id.detach(),
            });
        }
    }
    tags.sort_by(|left, right| {
        right
            .version
            .cmp(&left.version)
            .then_with(|| left.name.cmp(&right.name))
    });
    Ok(tags)
}

/// The highest of `candidates`, which are sorted, whose commit is an ancestor of `head` or `head`
/// itself.
pub(super) fn highest_reachable<'a>(
    handle: &Handle,
    head: ObjectId,
    candidates: &[&'a Tag],
) -> Result<Option<&'a Tag>, Error> {
    let mut rank: HashMap<ObjectId, usize> = HashMap::new();
    for (index, tag) in candidates.iter().enumerate() {
        rank.entry(tag.commit).or_insert(index);
    }
    let mut open: HashSet<ObjectId> = rank.keys().copied().collect();
    let mut best: Option<usize> = None;
    if !open.is_empty() {
        for commit in History::from(handle, head)? {
            let id = commit?;
            if open.remove(&id) {
                best = best.into_iter().chain(rank.get(&id).copied()).min();
                // Nothing higher is left to be found.
                if best == Some(0) || open.is_empty() {
                    break;
                }
            }
        }
    }
    Ok(best.and_then(|index| candidates.get(index).copied()))
}
