//! Makes scores: has the risk plugins of a stage assess the project's earlier releases too.

use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::Progress;
use super::load::Configuration;
use super::run::{Calls, seed};
use crate::model::{
    Answer, Assessment, COMPARED_RELEASES_MIN, Circumstances, Digest, Earlier, Kind, Outcome,
    Release, Score, Subject,
};
use crate::release::{EarlierRelease, EarlierReleases, Query, Repository};
use crate::sandbox::{Call, Input, Limits, Loaded};

/// The part of the time left that comparing may take: one half, so that the stages that come after
/// have the other.
const TIME_SHARE: u32 = 2;

/// Where the project's earlier releases are.
#[derive(Clone)]
pub struct Past {
    /// The repository of the release.
    pub repository: Arc<Repository>,
}

/// A risk plugin that has assessed the release.
#[derive(Clone)]
pub(super) struct Assessor {
    /// The component, ready to be called.
    pub(super) loaded: Arc<Loaded>,
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
    release: &Release,
    assessors: &[Assessor],
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Vec<Score> {
    let query = configuration.query(&past.repository);
    let earlier = match &release.subject.base {
        Some(base) => past
            .repository
            .earlier(&query, base)
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "earlier releases cannot be read");
                EarlierReleases::default()
            }),
        None => EarlierReleases::default(),
    };
    let all = u32::try_from(earlier.releases.len()).unwrap_or(u32::MAX);
    let mut comparison = Comparison {
        past,
        query: Arc::new(query),
        release,
        known: vec![
            Earlier {
                magnitudes: Vec::new(),
                left_out: earlier.unreadable,
                unfinished: all,
            };
            assessors.len()
        ],
    };
    // With too few there is nothing to be worked out.
    if all >= COMPARED_RELEASES_MIN {
        comparison
            .assess(calls, assessors, earlier.releases, progress)
            .await;
    }
    assessors
        .iter()
        .zip(&comparison.known)
        .map(|(assessor, known)| Score::new(assessor.magnitude, known))
        .collect()
}

/// Earlier releases being assessed.
struct Comparison<'a> {
    past: &'a Past,
    query: Arc<Query>,
    release: &'a Release,
    /// What is known so far, for each assessor.
    known: Vec<Earlier>,
}

/// What one assessor made of one earlier release.
enum Found {
    /// Its magnitude.
    Magnitude(f64),
    /// The path filter leaves nothing of the release.
    Nothing,
    /// It could not be read or assessed.
    Unknown,
}

impl Found {
    /// Adds it to what is known.
    fn note(&self, known: &mut Earlier) {
        known.unfinished = known.unfinished.saturating_sub(1);
        match self {
            Self::Magnitude(magnitude) => known.magnitudes.push(*magnitude),
            Self::Nothing => {}
            Self::Unknown => known.left_out = known.left_out.saturating_add(1),
        }
    }
}

impl Comparison<'_> {
    /// Has every release assessed, side by side on all cores, until the time for it is over.
    async fn assess(
        &mut self,
        calls: &Calls,
        assessors: &[Assessor],
        releases: Vec<EarlierRelease>,
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) {
        let of = releases.len();
        let mut done = 0;
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let places = Arc::new(Semaphore::new(cores));
        let mut tasks = JoinSet::new();
        for release in releases {
            let asked: Vec<Assessor> = assessors.to_vec();
            let one = One {
                repository: Arc::clone(&self.past.repository),
                query: Arc::clone(&self.query),
                zone: self.release.circumstances.zone.clone(),
                release,
            };
            let (calls, places) = (calls.clone(), Arc::clone(&places));
            tasks.spawn(async move {
                // It is never closed.
                let _place = places.acquire().await;
                one.assess(&calls, asked).await
            });
        }
        let now = Instant::now();
        let until = now + calls.deadline.saturating_duration_since(now) / TIME_SHARE;
        progress(Progress::Compared { done, of });
        // What is not done when the time is over is left behind: its answers come to nobody.
        while let Ok(Some(joined)) = timeout_at(until, tasks.join_next()).await {
            match joined {
                Ok(found) => {
                    for (known, found) in self.known.iter_mut().zip(found) {
                        found.note(known);
                    }
                    done += 1;
                    progress(Progress::Compared { done, of });
                }
                // Nobody cancels these tasks: what is left is a panic of the host, which stays one.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
    }
}

/// One earlier release, to be read and assessed.
struct One {
    repository: Arc<Repository>,
    query: Arc<Query>,
    zone: String,
    release: EarlierRelease,
}

impl One {
    /// Reads it once, and asks each assessor.
    async fn assess(self, calls: &Calls, assessors: Vec<Assessor>) -> Vec<Found> {
        let committed = self.release.committed;
        let zone = self.zone;
        let read = tokio::task::spawn_blocking(move || {
            self.repository.read_earlier(&self.query, &self.release)
        });
        let read = read
            .await
            .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let subject = match read {
            Ok(Some(subject)) => subject,
            Ok(None) => return assessors.iter().map(|_| Found::Nothing).collect(),
            Err(error) => {
                tracing::warn!(%error, "an earlier release cannot be read");
                return assessors.iter().map(|_| Found::Unknown).collect();
            }
        };
        let release = Arc::new(then(subject, committed, zone));
        let mut found = Vec::with_capacity(assessors.len());
        for assessor in assessors {
            found.push(assessor.ask(calls, &release).await);
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
    async fn ask(self, calls: &Calls, release: &Arc<Release>) -> Found {
        let call = Call {
            release: Arc::clone(release),
            settings: self.settings,
            input: Input::Risk,
            limits: self.limits,
            // Of no stage, so that every stage that asks the same is given the same answer.
            seed: seed(&release.digest, &self.component, "", Kind::Risk),
        };
        let record = calls.call(self.loaded, call).await;
        match record.outcome {
            Outcome::Answered(Answer::Assessment(Assessment { magnitude, .. })) => {
                Found::Magnitude(magnitude)
            }
            outcome => {
                let subject = release.digest;
                tracing::warn!(%subject, outcome = outcome.name(), "an earlier release was not assessed");
                Found::Unknown
            }
        }
    }
}
