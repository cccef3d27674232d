//! Ranges of commits.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use gix::ObjectId;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;

use super::handle::Handle;
use super::{Error, bounds};

/// A commit of a range, with what its place in the order needs.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) id: ObjectId,
    pub(super) parents: Vec<ObjectId>,
    /// Commit time, in seconds since 1970-01-01T00:00:00Z.
    pub(super) time: i64,
}

/// The commits that are reachable from `head` and not from `base`, newest first, a commit before
/// its parents.
pub(super) fn between(
    handle: &Handle,
    base: Option<ObjectId>,
    head: ObjectId,
) -> Result<Vec<Link>, Error> {
    let mut ids = HashSet::new();
    let walk = handle
        .git()
        .rev_walk([head])
        .sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst))
        .use_commit_graph(false)
        .with_hidden(base)
        .all()
        .map_err(|source| walk_failed(handle, head, source))?;
    for step in walk {
        let step = step.map_err(|source| walk_failed(handle, head, source))?;
        ids.insert(step.id);
        if ids.len() > bounds::COMMITS_MAX {
            return Err(Error::TooManyCommits);
        }
    }
    let mut links = Vec::with_capacity(ids.len());
    for id in &ids {
        links.push(handle.commit(*id, |commit| {
            Link {
                id: *id,
                parents: commit.parents().collect(),
                time: commit
                    .committer()
                    .map(|committer| committer.seconds())
                    .unwrap_or_default(),
            }
        })?);
    }
    refuse_shallow(handle, &links)?;
    Ok(ordered(links))
}

/// Whether a commit is `of` itself or one of its ancestors.
pub(super) fn contains(handle: &Handle, of: ObjectId, commit: ObjectId) -> Result<bool, Error> {
    let mut left = handle
        .git()
        .rev_walk([commit])
        .sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst))
        .use_commit_graph(false)
        .with_hidden([of])
        .all()
        .map_err(|source| walk_failed(handle, commit, source))?;
    match left.next() {
        None => Ok(true),
        Some(Ok(_)) => Ok(false),
        Some(Err(source)) => Err(walk_failed(handle, commit, source)),
    }
}

/// Refuses a range that holds a commit whose parents were not fetched.
fn refuse_shallow(handle: &Handle, links: &[Link]) -> Result<(), Error> {
    let boundary = handle
        .git()
        .shallow_commits()
        .map_err(|source| Error::Refs {
            source: Box::new(source),
        })?;
    let Some(boundary) = boundary else {
        return Ok(());
    };
    let cut: HashSet<ObjectId> = boundary.iter().copied().collect();
    let found = links
        .iter()
        .filter(|link| cut.contains(&link.id) && !link.parents.is_empty())
        .map(|link| link.id)
        .min();
    match found {
        None => Ok(()),
        Some(id) => Err(Error::Shallow {
            commit: handle.name(&id),
        }),
    }
}

/// Newest first, a commit before its parents; commits of the same second by their names.
fn ordered(links: Vec<Link>) -> Vec<Link> {
    let mut children: HashMap<ObjectId, usize> = links.iter().map(|link| (link.id, 0)).collect();
    for parent in links.iter().flat_map(|link| &link.parents) {
        if let Some(count) = children.get_mut(parent) {
            *count += 1;
        }
    }
    let mut waiting: HashMap<ObjectId, Link> =
        links.into_iter().map(|link| (link.id, link)).collect();
    let mut ready: BinaryHeap<(i64, Reverse<ObjectId>)> = waiting
        .values()
        .filter(|link| children.get(&link.id) == Some(&0))
        .map(|link| (link.time, Reverse(link.id)))
        .collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while let Some((_, Reverse(id))) = ready.pop() {
        let Some(link) = waiting.remove(&id) else {
            continue;
        };
        for parent in &link.parents {
            if let (Some(count), Some(link)) = (children.get_mut(parent), waiting.get(parent)) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push((link.time, Reverse(*parent)));
                }
            }
        }
        ordered.push(link);
    }
    ordered
}

/// A commit and its ancestors, newest first by commit time.
pub(super) struct History<'a> {
    handle: &'a Handle,
    head: ObjectId,
    walk: gix::revision::Walk<'a>,
}

impl<'a> History<'a> {
    pub(super) fn from(handle: &'a Handle, head: ObjectId) -> Result<Self, Error> {
        let walk = handle
            .git()
            .rev_walk([head])
            .sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst))
            .use_commit_graph(false)
            .all()
            .map_err(|source| walk_failed(handle, head, source))?;
        Ok(Self { handle, head, walk })
    }
}

impl Iterator for History<'_> {
    type Item = Result<ObjectId, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.walk.next()?;
        Some(
            step.map(|step| step.id)
                .map_err(|source| walk_failed(self.handle, self.head, source)),
        )
    }
}

/// Finds out which commit stopped a walk.
fn walk_failed(handle: &Handle, head: ObjectId, source: gix::Error) -> Error {
    let mut open = vec![head];
    let mut seen = HashSet::new();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            match handle.commit(id, |commit| commit.parents().collect::<Vec<_>>()) {
                Ok(parents) => open.extend(parents),
                Err(error) => return error,
            }
        }
    }
    Error::BrokenObject {
        object: handle.name(&head),
        source: Box::new(source),
    }
}
