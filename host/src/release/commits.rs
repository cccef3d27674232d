//! The commits of a range, with the size of each one's change. Computed on all cores.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use super::changes::{self, FileChange};
use super::handle::Handle;
use super::message::Message;
use super::range::Link;
use super::{Error, Repository};
use crate::model::{Commit, Measures, Person, Text};

/// Commits that a thread takes at a time. Neighbours share trees, so that a few together profit
/// from the cache.
const CHUNK_COMMITS: usize = 32;

/// Reads the commits, in their order. The first error in that order is returned, whichever thread
/// met its error first.
pub(super) fn read(
    repository: &Repository,
    links: &[Link],
    progress: &dyn Fn(u32),
) -> Result<Vec<Commit>, Error> {
    let chunks: Vec<&[Link]> = links.chunks(CHUNK_COMMITS).collect();
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(chunks.len());
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let mut done = BTreeMap::new();
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..threads {
            let sender = sender.clone();
            let (next, failed, chunks) = (&next, &failed, &chunks);
            scope.spawn(move || {
                let handle = repository.handle();
                // Chunks are taken in order, so all before a failed one were taken and end.
                while !failed.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(chunk) = chunks.get(index) else {
                        return;
                    };
                    let commits: Result<Vec<Commit>, Error> =
                        chunk.iter().map(|link| read_one(&handle, link)).collect();
                    failed.fetch_or(commits.is_err(), Ordering::Relaxed);
                    if sender.send((index, commits)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut count = 0;
        for (index, commits) in receiver {
            count += commits.as_ref().map_or(0, Vec::len);
            done.insert(index, commits);
            progress(u32::try_from(count).unwrap_or(u32::MAX));
        }
    });
    let mut commits = Vec::with_capacity(links.len());
    for chunk in done.into_values() {
        commits.extend(chunk?);
    }
    if commits.len() == links.len() {
        Ok(commits)
    } else {
        Err(Error::Interrupted)
    }
}

fn read_one(handle: &Handle, link: &Link) -> Result<Commit, Error> {
    let mut measures = match link.parents.as_slice() {
        [] => measure(&changes::between(
            handle,
            None,
            handle.commit_tree(link.id)?,
            None,
        )?),
        [parent] => measure(&changes::between(
            handle,
            Some(handle.commit_tree(*parent)?),
            handle.commit_tree(link.id)?,
            None,
        )?),
        _ => Measures::default(),
    };
    handle.commit(link.id, |commit| {
        let message = Message::parse(commit.message);
        // A merge has no change of its own, and so no measures.
        measures.fix = link.parents.len() < 2 && message.names_a_defect();
        let (author, authored) = person(commit.author().ok());
        let (committer, commit_time) = person(commit.committer().ok());
        Commit {
            id: handle.name(&link.id),
            parents: link.parents.iter().map(|id| handle.name(id)).collect(),
            author,
            authored,
            committer,
            committed: commit_time,
            summary: message.summary,
            body: message.body,
            trailers: message.trailers,
            signed: commit
                .extra_headers
                .iter()
                .any(|(key, _)| *key == "gpgsig" || *key == "gpgsig-sha256"),
            measures,
        }
    })
}

fn person(signature: Option<gix::actor::SignatureRef<'_>>) -> (Person, i64) {
    let Some(signature) = signature else {
        return (
            Person {
                name: Text::default(),
                email: Text::default(),
            },
            0,
        );
    };
    let time = signature.seconds();
    let signature = signature.trim();
    (
        Person {
            name: Text::from_bytes(signature.name),
            email: Text::from_bytes(signature.email),
        },
        time,
    )
}

/// Size and spread of a change.
fn measure(changes: &[FileChange]) -> Measures {
    let mut directories = BTreeSet::new();
    let mut subsystems = BTreeSet::new();
    let mut measures = Measures::default();
    let mut lines_by_file = Vec::with_capacity(changes.len());
    for change in changes {
        let folder = change
            .path
            .iter()
            .rposition(|byte| *byte == b'/')
            .and_then(|end| change.path.get(..end))
            .unwrap_or_default();
        directories.insert(folder);
        subsystems.insert(
            folder
                .split(|byte| *byte == b'/')
                .next()
                .unwrap_or_default(),
        );
        measures.insertions = measures.insertions.saturating_add(change.insertions);
        measures.deletions = measures.deletions.saturating_add(change.deletions);
        lines_by_file.push(f64::from(change.insertions) + f64::from(change.deletions));
    }
    measures.files = count(changes.len());
    measures.directories = count(directories.len());
    measures.subsystems = count(subsystems.len());
    measures.entropy = entropy(&lines_by_file);
    measures
}

/// A count that stops at its largest value.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Shannon entropy in bits: how evenly the changed lines are spread over the files (Hassan,
/// *Predicting faults using the complexity of code changes*, 2009).
fn entropy(lines_by_file: &[f64]) -> f64 {
    let total: f64 = lines_by_file.iter().sum();
    let sum: f64 = lines_by_file
        .iter()
        .filter(|lines| **lines > 0.0)
        .map(|lines| {
            let share = lines / total;
            share * share.log2()
        })
        .sum();
    // Not minus zero.
    if sum < 0.0 { -sum } else { 0.0 }
}
