//! Which deleted file became which added one: the rules of `git diff -M` at 50 percent.
//!
//! 1. Equal contents pair up; among several, one with the same file name is taken.
//! 2. A file name that was deleted once and added once pairs up when the contents are alike by 75
//!    percent.
//! 3. Of what is left, the most alike pairs come first, down to 50 percent, unless there are more
//!    candidates than [`CANDIDATES_MAX`] squared.

use std::collections::HashMap;

use gix::ObjectId;

use super::Error;
use super::changes::Difference;
use super::content::Contents;
use super::handle::Entry;

/// The score of equal contents.
const SCORE_MAX: u64 = 60_000;

/// The least score of a rename: 50 percent.
const SCORE_MIN: u64 = SCORE_MAX / 2;

/// The least score of a rename that keeps its file name, when no other file has that name.
const SCORE_MIN_SAME_NAME: u64 = SCORE_MIN + (SCORE_MAX - SCORE_MIN) / 2;

/// More deleted times added files than the square of this are not compared (`diff.renameLimit`).
const CANDIDATES_MAX: usize = 1_000;

/// Deleted files of equal content that are looked at for one added file.
const EQUAL_MAX: usize = 100;

/// Deleted files that are remembered for one added file, the most alike ones.
const BEST_KEPT: usize = 4;

/// A file that differs, with where it came from when it was renamed.
pub(super) struct Pair {
    pub(super) path: Vec<u8>,
    pub(super) old_path: Option<Vec<u8>>,
    pub(super) old: Option<Entry>,
    pub(super) new: Option<Entry>,
}

/// A deleted file, which may have become an added one.
struct Source {
    path: Vec<u8>,
    entry: Entry,
    used: bool,
}

/// An added file, which may have been a deleted one.
struct Destination {
    path: Vec<u8>,
    entry: Entry,
    source: Option<usize>,
}

/// How alike a deleted and an added file are.
#[derive(Clone, Copy)]
struct Candidate {
    destination: usize,
    source: usize,
    score: u64,
    same_name: bool,
}

impl Candidate {
    /// What counts when candidates are compared: likeness, then the file name.
    fn rank(self) -> (u64, bool) {
        (self.score, self.same_name)
    }
}

/// Pairs up what was renamed. The differences are ordered by path, and so is the result.
pub(super) fn pair(
    contents: &mut Contents<'_>,
    differences: Vec<Difference>,
) -> Result<Vec<Pair>, Error> {
    let mut pairs = Vec::with_capacity(differences.len());
    let mut sources = Vec::new();
    let mut destinations = Vec::new();
    for Difference { path, old, new } in differences {
        match (old, new) {
            (Some(entry), None) => sources.push(Source {
                path,
                entry,
                used: false,
            }),
            (None, Some(entry)) => destinations.push(Destination {
                path,
                entry,
                source: None,
            }),
            (old, new) => pairs.push(Pair {
                path,
                old_path: None,
                old,
                new,
            }),
        }
    }
    if !sources.is_empty() && !destinations.is_empty() {
        match_equal(&mut sources, &mut destinations);
        match_same_name(contents, &mut sources, &mut destinations)?;
        match_alike(contents, &mut sources, &mut destinations)?;
    }
    for destination in destinations {
        let source = destination.source.and_then(|index| sources.get(index));
        pairs.push(Pair {
            path: destination.path,
            old_path: source.map(|source| source.path.clone()),
            old: source.map(|source| source.entry),
            new: Some(destination.entry),
        });
    }
    pairs.extend(
        sources
            .into_iter()
            .filter(|source| !source.used)
            .map(|source| Pair {
                path: source.path,
                old_path: None,
                old: Some(source.entry),
                new: None,
            }),
    );
    pairs.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(pairs)
}

fn match_equal(sources: &mut [Source], destinations: &mut [Destination]) {
    let mut by_content: HashMap<ObjectId, Vec<usize>> = HashMap::new();
    for (index, source) in sources.iter().enumerate() {
        by_content.entry(source.entry.id).or_default().push(index);
    }
    for destination in destinations {
        let Some(equal) = by_content.get(&destination.entry.id) else {
            continue;
        };
        let mut best: Option<usize> = None;
        let mut looked_at = 0;
        for &index in equal {
            let Some(source) = sources.get(index) else {
                continue;
            };
            let is_regular = source.entry.mode.is_blob() && destination.entry.mode.is_blob();
            if source.used || (!is_regular && source.entry.mode != destination.entry.mode) {
                continue;
            }
            if file_name(&source.path) == file_name(&destination.path) {
                best = Some(index);
                break;
            }
            best = best.or(Some(index));
            looked_at += 1;
            if looked_at > EQUAL_MAX {
                break;
            }
        }
        take(sources, destination, best);
    }
}

fn match_same_name(
    contents: &mut Contents<'_>,
    sources: &mut [Source],
    destinations: &mut [Destination],
) -> Result<(), Error> {
    let deleted = unique_names(
        sources
            .iter()
            .map(|source| (source.path.as_slice(), source.used)),
    );
    let added = unique_names(
        destinations
            .iter()
            .map(|destination| (destination.path.as_slice(), destination.source.is_some())),
    );
    let mut found = Vec::new();
    for (name, source_index) in deleted {
        let (Some(source_index), Some(Some(destination_index))) = (source_index, added.get(&name))
        else {
            continue;
        };
        let (Some(source), Some(destination)) = (
            sources.get(source_index),
            destinations.get(*destination_index),
        ) else {
            continue;
        };
        if score(contents, source.entry, destination.entry)? >= SCORE_MIN_SAME_NAME {
            found.push((source_index, *destination_index));
        }
    }
    for (source, destination) in found {
        if let Some(destination) = destinations.get_mut(destination) {
            take(sources, destination, Some(source));
        }
    }
    Ok(())
}

/// The place of each file name that is still free; none for a name that is there more than once.
fn unique_names<'a>(
    files: impl Iterator<Item = (&'a [u8], bool)>,
) -> HashMap<Vec<u8>, Option<usize>> {
    let mut names = HashMap::new();
    for (index, (path, taken)) in files.enumerate() {
        if !taken {
            names
                .entry(file_name(path).to_vec())
                .and_modify(|place| *place = None)
                .or_insert(Some(index));
        }
    }
    names
}

fn match_alike(
    contents: &mut Contents<'_>,
    sources: &mut [Source],
    destinations: &mut [Destination],
) -> Result<(), Error> {
    let free_sources: Vec<(usize, Entry)> = sources
        .iter()
        .enumerate()
        .filter(|(_, source)| !source.used)
        .map(|(index, source)| (index, source.entry))
        .collect();
    let free_destinations = destinations
        .iter()
        .filter(|destination| destination.source.is_none())
        .count();
    if free_sources.len().saturating_mul(free_destinations) > CANDIDATES_MAX * CANDIDATES_MAX {
        return Ok(());
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    for (destination_index, destination) in destinations.iter().enumerate() {
        if destination.source.is_some() {
            continue;
        }
        let mut best: Vec<Candidate> = Vec::with_capacity(BEST_KEPT + 1);
        for (source_index, entry) in &free_sources {
            let score = score(contents, *entry, destination.entry)?;
            if score < SCORE_MIN {
                continue;
            }
            let same_name = sources
                .get(*source_index)
                .is_some_and(|source| file_name(&source.path) == file_name(&destination.path));
            keep_best(
                &mut best,
                Candidate {
                    destination: destination_index,
                    source: *source_index,
                    score,
                    same_name,
                },
            );
        }
        candidates.extend(best);
    }
    // Stable: equally alike candidates stay in the order in which they were kept.
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.rank()));
    for candidate in candidates {
        if let Some(destination) = destinations.get_mut(candidate.destination) {
            take(sources, destination, Some(candidate.source));
        }
    }
    Ok(())
}

/// Keeps the most alike candidates; a new one takes the place of the worst that it surpasses.
fn keep_best(best: &mut Vec<Candidate>, candidate: Candidate) {
    if best.len() < BEST_KEPT {
        best.push(candidate);
        return;
    }
    // The first of the worst, for ties are decided by place.
    let worst = best.iter_mut().reduce(|worst, other| {
        if other.rank() < worst.rank() {
            other
        } else {
            worst
        }
    });
    if let Some(worst) = worst
        && worst.rank() < candidate.rank()
    {
        *worst = candidate;
    }
}

/// Pairs a source and a destination that are both free.
fn take(sources: &mut [Source], destination: &mut Destination, source: Option<usize>) {
    if destination.source.is_none()
        && let Some(index) = source
        && let Some(source) = sources.get_mut(index)
        && !source.used
    {
        source.used = true;
        destination.source = Some(index);
    }
}

/// How alike two files are, from 0 to [`SCORE_MAX`]. Only regular files are compared.
fn score(contents: &mut Contents<'_>, old: Entry, new: Entry) -> Result<u64, Error> {
    if !old.mode.is_blob() || !new.mode.is_blob() {
        return Ok(0);
    }
    let (old_size, new_size) = (contents.size(old.id)?, contents.size(new.id)?);
    let (smaller, larger) = (old_size.min(new_size), old_size.max(new_size));
    // A content that is less than half as large cannot be half the same.
    if larger.saturating_mul(SCORE_MAX - SCORE_MIN) < (larger - smaller).saturating_mul(SCORE_MAX) {
        return Ok(0);
    }
    if new_size == 0 {
        return Ok(0);
    }
    let old = contents.chunks(old.id)?;
    let new = contents.chunks(new.id)?;
    Ok(old.in_common(&new).saturating_mul(SCORE_MAX) / larger)
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}
