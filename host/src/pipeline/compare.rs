//! Makes scores: has the risk plugins of a stage assess the project's earlier releases too.

use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::Progress;
use super::history::history_before;
use super::kept::{Found, Kept};
use super::load::Configuration;
use super::run::{Calls, Judged, seed};
use crate::model::{
    Answer, Assessment, COMPARED_RELEASES_MIN, Circumstances, Digest, Earlier, Grants, Kind,
    Outcome, PastRelease, Release, RunSummary, Score, Subject,
};
use crate::release::{self, EarlierRelease, EarlierReleases, Query, Repository};
use crate::sandbox::{Call, Input, Limits, Loaded};
use crate::store::Cache;

/// The part of the time left that comparing may take: one half, so that the stages that come after
/// have the other.
const TIME_SHARE: u32 = 2;

/// After how many releases what is known is kept, so that little is lost when a run is cancelled.
const KEPT_AFTER: usize = 10;

/// Where the project's earlier releases are.
#[derive(Clone)]
pub struct Past {
    /// The repository of the release.
    pub repository: Arc<Repository>,
    /// Where it is kept what they were assessed with.
    pub cache: Cache,
    /// What was released on the target, as it is recorded, newest first.
    pub recorded: Vec<RunSummary>,
    /// Every run of the target, newest first; empty where no plugin may know them.
    pub runs: Vec<RunSummary>,
}

/// A risk plugin that has assessed the release.
#[derive(Clone)]
pub(super) struct Assessor {
    /// The component, ready to be called.
    pub(super) loaded: Loaded,
    /// What it may use beyond the release itself.
    pub(super) grants: Grants,
    /// Its digest.
    pub(super) component: Digest,
    /// Its settings as JSON.
    pub(super) settings: String,
    /// The bounds on a call.
    pub(super) limits: Limits,
    /// What it said of the release.
    pub(super) magnitude: f64,
}

/// Makes the score of each assessor's magnitude.
pub(super) async fn scores(
    calls: &Calls,
    past: &Past,
    configuration: &Configuration,
    judged: &Judged,
    assessors: &[Assessor],
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Vec<Score> {
    let release = &judged.release;
    let query = Query {
        recorded: past.recorded.clone(),
        ..configuration.query(&past.repository)
    };
    let recorded = past.repository.recorded(&query, &release.subject.head);
    let recorded = recorded.unwrap_or_else(|error| {
        tracing::warn!(%error, "recorded releases cannot be read");
        Vec::new()
    });
    let earlier = match &release.subject.base {
        Some(base) => past
            .repository
            .earlier(&query, base)
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "earlier releases cannot be read");
                EarlierReleases::default()
            }),
        None => EarlierReleases::default(),
    }
    .after(recorded);
    let all = u32::try_from(earlier.releases.len()).unwrap_or(u32::MAX);
    let (project, zone) = (&release.subject.project, &release.circumstances.zone);
    let known = assessors.iter().map(|assessor| Known {
        assessor,
        kept: Kept::read(
            &past.cache,
            assessor,
            (&query, project, zone),
            &judged.history,
        ),
        earlier: Earlier {
            magnitudes: Vec::new(),
            recorded: 0,
            left_out: earlier.unreadable,
            unfinished: all,
        },
    });
    let mut known: Vec<Known<'_>> = known.collect();
    // With too few there is nothing to be worked out.
    if all.saturating_add(earlier.unreadable) < COMPARED_RELEASES_MIN {
        let recorded = earlier.releases.iter().filter(|one| one.run.is_some());
        let recorded = u32::try_from(recorded.count()).unwrap_or(u32::MAX);
        for known in &mut known {
            known.earlier.recorded = recorded;
        }
    } else {
        let comparison = Comparison {
            repository: Arc::clone(&past.repository),
            query: Arc::new(query),
            zone: zone.clone(),
            history: Arc::clone(&judged.history),
            releases: earlier.releases,
        };
        comparison.assess(calls, &mut known, progress).await;
    }
    known
        .iter()
        .map(|known| Score::new(known.assessor.magnitude, &known.earlier))
        .collect()
}

/// What one assessor is known to have made of the earlier releases.
struct Known<'a> {
    assessor: &'a Assessor,
    kept: Kept,
    earlier: Earlier,
}

impl Known<'_> {
    /// Counts what a release came to; none where it could not be read or assessed, which is not
    /// kept: another time it may be.
    fn count(&mut self, release: &EarlierRelease, found: Option<Found>) {
        let earlier = &mut self.earlier;
        earlier.unfinished = earlier.unfinished.saturating_sub(1);
        match found {
            Some(Found::Assessed { magnitude, subject }) => {
                let head = &release.head;
                tracing::debug!(%head, %subject, magnitude, "earlier release");
                earlier.magnitudes.push(magnitude);
                earlier.recorded += u32::from(release.run.is_some());
            }
            Some(Found::Nothing) => {}
            None => earlier.left_out = earlier.left_out.saturating_add(1),
        }
        if let Some(found) = found {
            self.kept.add(release, found);
        }
    }
}

/// The earlier releases of a project, to be assessed.
struct Comparison {
    repository: Arc<Repository>,
    query: Arc<Query>,
    zone: String,
    history: Arc<[PastRelease]>,
    releases: Vec<EarlierRelease>,
}

impl Comparison {
    /// Has every release assessed that is not known yet, side by side on all cores, until the time
    /// for it is over.
    async fn assess(
        &self,
        calls: &Calls,
        known: &mut [Known<'_>],
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let places = Arc::new(Semaphore::new(cores));
        let mut tasks = JoinSet::new();
        for (index, release) in self.releases.iter().enumerate() {
            let (mut numbers, mut asked) = (Vec::new(), Vec::new());
            for (number, known) in known.iter_mut().enumerate() {
                if let Some(found) = known.kept.get(release) {
                    known.count(release, Some(found));
                } else {
                    numbers.push(number);
                    asked.push(known.assessor.clone());
                }
            }
            if asked.is_empty() {
                continue;
            }
            let one = One {
                repository: Arc::clone(&self.repository),
                query: Arc::clone(&self.query),
                zone: self.zone.clone(),
                history: Arc::clone(&self.history),
                release: release.clone(),
            };
            let (calls, places) = (calls.clone(), Arc::clone(&places));
            tasks.spawn(async move {
                // It is never closed.
                let _place = places.acquire().await;
                (index, numbers, one.assess(&calls, asked).await)
            });
        }
        let now = Instant::now();
        let until = now + calls.deadline.saturating_duration_since(now) / TIME_SHARE;
        let of = self.releases.len();
        let mut done = of - tasks.len();
        while !tasks.is_empty() {
            progress(Progress::Compared { done, of });
            // What is not done when the time is over is left behind: its answers come to nobody.
            let Ok(Some(joined)) = timeout_at(until, tasks.join_next()).await else {
                break;
            };
            match joined {
                Ok((index, numbers, found)) => {
                    for (number, found) in numbers.into_iter().zip(found) {
                        if let (Some(known), Some(release)) =
                            (known.get_mut(number), self.releases.get(index))
                        {
                            known.count(release, found);
                        }
                    }
                }
                // Nobody cancels these tasks: what is left is a panic of the host, which stays one.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
            done += 1;
            if done.is_multiple_of(KEPT_AFTER) {
                self.keep(known);
            }
        }
        self.keep(known);
    }

    fn keep(&self, known: &mut [Known<'_>]) {
        for known in known {
            known.kept.write(&self.releases);
        }
    }
}

/// One earlier release, to be read and assessed.
struct One {
    repository: Arc<Repository>,
    query: Arc<Query>,
    zone: String,
    history: Arc<[PastRelease]>,
    release: EarlierRelease,
}

impl One {
    /// Reads it once, and asks each assessor.
    async fn assess(self, calls: &Calls, assessors: Vec<Assessor>) -> Vec<Option<Found>> {
        let committed = self.release.committed;
        let (zone, history) = (self.zone, self.history);
        let read = tokio::task::spawn_blocking(move || -> Result<_, release::Error> {
            let Some(subject) = self.repository.read_earlier(&self.query, &self.release)? else {
                return Ok(None);
            };
            let tree = self.repository.tree(&subject.head)?;
            Ok(Some((tree, subject)))
        });
        let read = read
            .await
            .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let (tree, subject) = match read {
            Ok(Some((tree, subject))) => (Arc::new(tree), subject),
            Ok(None) => return vec![Some(Found::Nothing); assessors.len()],
            Err(error) => {
                tracing::warn!(%error, "an earlier release cannot be read");
                return vec![None; assessors.len()];
            }
        };
        let release = Arc::new(then(subject, committed, zone));
        let judged = Judged {
            history: history_before(&history, &release.subject.head, committed),
            release,
            tree,
            // What there was is not there any more.
            evidence: Arc::default(),
        };
        let mut found = Vec::with_capacity(assessors.len());
        for assessor in assessors {
            found.push(assessor.ask(calls, &judged).await);
        }
        found
    }
}

/// A release as it was at its own time.
fn then(subject: Subject, committed: i64, zone: String) -> Release {
    Release {
        digest: Digest::of_json(&subject),
        subject,
        circumstances: Circumstances {
            time: Timestamp::from_second(committed).unwrap_or(Timestamp::UNIX_EPOCH),
            zone,
            ci: None,
            dirty: None,
            dry_run: false,
        },
    }
}

impl Assessor {
    async fn ask(self, calls: &Calls, judged: &Judged) -> Option<Found> {
        let release = &judged.release;
        let call = Call {
            release: Arc::clone(release),
            settings: self.settings,
            input: Input::Risk,
            limits: self.limits,
            // Of no stage, so that every stage that asks the same is given the same answer.
            seed: seed(&release.digest, &self.component, "", Kind::Risk),
            // Nobody asks for it: only the magnitude is kept.
            recording: None,
        };
        let record = calls.call(judged.in_reach_of(&self.loaded), call).await;
        match record.outcome {
            Outcome::Answered(Answer::Assessment(Assessment { magnitude, .. })) => {
                Some(Found::Assessed {
                    magnitude,
                    subject: release.digest,
                })
            }
            outcome => {
                let subject = release.digest;
                tracing::warn!(%subject, outcome = outcome.name(), "an earlier release was not assessed");
                None
            }
        }
    }
}
