//! The releases before, for the plugins that may know them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::Serialize;

use super::compare::Past;
use super::load::Configuration;
use crate::model::{Digest, Ending, ObjectName, PastRelease, Release, RunState, Totals};
use crate::release::{EarlierRelease, Query};

/// Runs of a target that are looked at: a plugin that is told of them learns little from older ones.
pub const HISTORY_RUNS_MAX: u32 = 1_000;

/// The form of the sizes that are kept. It is counted up with every change to how they are counted.
const FORMAT: u32 = 1;

/// What entries of the cache are called.
const KIND: &str = "release-sizes";

/// The earlier releases of the project on the target, newest first: the runs before this one, and the
/// tags of what no run has released. Empty where no plugin may know them.
#[must_use]
pub fn history(
    past: &Past,
    configuration: &Configuration,
    release: &Release,
) -> Arc<[PastRelease]> {
    if !configuration.tells_history() {
        return Arc::default();
    }
    let subject = &release.subject;
    let own = configuration.run_key(release);
    // An older one that is open is over with this one, which takes its place.
    let before = past.runs.iter();
    let before = before.filter(|run| run.state != RunState::Open || run.key != own);
    let runs = before.filter_map(|run| {
        // What a run with another path filter judged is another part of the project.
        let extent = run.extent.as_ref();
        let extent = extent.filter(|extent| extent.path == subject.path)?;
        Some(PastRelease {
            version: run.version.clone(),
            head: run.head.clone(),
            time: run.changed.as_second(),
            totals: extent.totals,
            ended: Some(Ending::of(run)),
        })
    });
    let mut known: Vec<PastRelease> = runs.collect();
    let released: BTreeSet<ObjectName> = known
        .iter()
        .filter(|run| run.ended == Some(Ending::Released))
        .map(|run| run.head.clone())
        .collect();
    let tagged = tagged(past, configuration, release).into_iter();
    known.extend(tagged.filter(|tagged| !released.contains(&tagged.head)));
    known.sort_by_key(|release| Reverse(release.time));
    known.into()
}

/// What was known when an earlier release was made: at the time that it has here, else at that of its
/// commit.
pub(super) fn history_before(
    history: &[PastRelease],
    head: &ObjectName,
    committed: i64,
) -> Arc<[PastRelease]> {
    let own = history.iter().find(|release| release.head == *head);
    let time = own.map_or(committed, |own| own.time);
    let before = history.iter().filter(|release| release.time < time);
    before.cloned().collect()
}

/// The releases that are known by a tag: those that the judged commit contains, without its own.
fn tagged(past: &Past, configuration: &Configuration, release: &Release) -> Vec<PastRelease> {
    let query = configuration.query(&past.repository);
    let head = &release.subject.head;
    let earlier = match past.repository.earlier(&query, head) {
        Ok(earlier) => earlier,
        Err(error) => {
            tracing::warn!(%error, "earlier releases cannot be read");
            return Vec::new();
        }
    };
    if earlier.unreadable > 0 {
        let unreadable = earlier.unreadable;
        tracing::warn!(
            unreadable,
            "earlier releases are left out: they cannot be read"
        );
    }
    let earlier = earlier.releases.into_iter();
    let earlier: Vec<_> = earlier.filter(|one| one.head != *head).collect();
    let sizes = sizes(past, &query, &earlier);
    let tagged = earlier.into_iter().zip(sizes);
    tagged
        .filter_map(|(release, totals)| {
            Some(PastRelease {
                version: release.version,
                head: release.head,
                time: release.committed,
                totals: totals?,
                ended: None,
            })
        })
        .collect()
}

/// The part of the repository whose changes are counted.
#[derive(Serialize)]
struct Question<'a> {
    format: u32,
    program: &'static str,
    path: Option<&'a str>,
}

/// The sizes of releases, in their order: counted side by side where they are not known from an earlier
/// run. None where one cannot be read, or has nothing below the path.
fn sizes(past: &Past, query: &Query, releases: &[EarlierRelease]) -> Vec<Option<Totals>> {
    let question = Digest::of_json(&Question {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION"),
        path: query.path.as_deref(),
    });
    let name = |release: &EarlierRelease| Digest::of_json(&(&release.head, &release.base));
    let kept = past.cache.read(KIND, &question).unwrap_or_default();
    let kept: BTreeMap<Digest, Option<Totals>> = serde_json::from_slice(&kept).unwrap_or_default();
    let unknown: Vec<_> = releases
        .iter()
        .map(|release| (name(release), release))
        .filter(|(name, _)| !kept.contains_key(name))
        .collect();
    let next = AtomicUsize::new(0);
    let count = || {
        let mut counted = Vec::new();
        while let Some((name, release)) = unknown.get(next.fetch_add(1, Ordering::Relaxed)) {
            match past.repository.size_of_earlier(query, release) {
                Ok(size) => counted.push((*name, size)),
                Err(error) => tracing::warn!(%error, "an earlier release cannot be read"),
            }
        }
        counted
    };
    let threads_max = thread::available_parallelism().map_or(1, usize::from);
    let counted: BTreeMap<_, _> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads_max.min(unknown.len()))
            .map(|_| scope.spawn(count))
            .collect();
        let threads = threads.into_iter().flat_map(|thread| {
            // A panic of the host stays one.
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        threads.collect()
    });
    let sizes: BTreeMap<Digest, Option<Totals>> = releases
        .iter()
        .map(name)
        .filter_map(|name| {
            let size = counted.get(&name).or_else(|| kept.get(&name))?;
            Some((name, *size))
        })
        .collect();
    // A map of digests cannot fail to be written as JSON.
    if !counted.is_empty()
        && let Ok(bytes) = serde_json::to_vec(&sizes)
    {
        past.cache.write(KIND, &question, &bytes);
    }
    let sizes = releases.iter().map(|one| sizes.get(&name(one)).copied());
    sizes.map(Option::flatten).collect()
}
