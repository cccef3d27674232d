use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::compare::{self, Assessor, Past};
use super::edits::edits;
use super::event;
use super::fold::{Judge, worst};
use super::load::{Configuration, Stage, Use};
use super::notice::{self, RangeNotes};
use super::plan::RunLimits;
use super::problem::{ConfigurationError, Problem};
use super::{ConfigurationRecord, PluginRecord, RunRecord, StageRecord};
use crate::model::{Answer, Digest, Effects, Kind, Outcome, Release, Score};
use crate::release::Tree;
use crate::sandbox::{Call, CallRecord, Input, Loaded, Sandbox};

/// Memory is handed out to calls in pieces of this many bytes, rounded up.
const MEMORY_PIECE_BYTES: u64 = 1 << 20;

/// The components of a configuration, compiled: nothing of them has run.
pub struct Prepared {
    pub(super) loaded: BTreeMap<String, Arc<Loaded>>,
}

/// What is judged, and how to read more of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The release.
    pub release: Arc<Release>,
    /// The files of its judged commit.
    pub tree: Arc<Tree>,
}

/// What a run is doing, as it does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A stage begins.
    Stage {
        /// Its id.
        stage: &'a str,
        /// How many plugins it calls.
        plugins: usize,
    },
    /// A plugin has answered, or has come to its end in another way.
    Called {
        /// The stage's id.
        stage: &'a str,
        /// The plugin's name.
        plugin: &'a str,
        /// The stable name of the outcome.
        outcome: &'static str,
    },
    /// Earlier releases are being assessed.
    Compared {
        /// How many are done.
        done: usize,
        /// How many there are.
        of: usize,
    },
}

/// Loads the component of every plugin, side by side, so that what cannot run is known before
/// anything does.
///
/// # Errors
///
/// Names the plugin that cannot be loaded, and the line of the file.
pub fn prepare(
    configuration: &Configuration,
    sandbox: &Sandbox,
) -> Result<Prepared, ConfigurationError> {
    let plugins: Vec<_> = configuration.plugins.iter().collect();
    let next = AtomicUsize::new(0);
    let load = || {
        let mut results = Vec::new();
        while let Some((name, resolved)) = plugins.get(next.fetch_add(1, Ordering::Relaxed)) {
            let plugin = &resolved.plugin;
            let manifest = Arc::clone(&plugin.manifest);
            let grants = resolved.grants.clone();
            let result = sandbox.load_granted(&plugin.component, manifest, grants);
            results.push((name.as_str(), result));
        }
        results
    };
    // As many at a time as there are processors, so that compiling does not multiply the memory.
    let threads_max = thread::available_parallelism().map_or(1, usize::from);
    let mut results: BTreeMap<_, _> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads_max.min(plugins.len()))
            .map(|_| scope.spawn(load))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| {
                // A panic of the host stays one.
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    let mut loaded = BTreeMap::new();
    // In the order of their names, so that the same one is complained about every time.
    for (name, resolved) in plugins {
        let Some(result) = results.remove(name.as_str()) else {
            continue;
        };
        let component = result.map_err(|source| {
            resolved.site.error(Problem::PluginLoad {
                name: name.clone(),
                source,
            })
        })?;
        loaded.insert(name.clone(), Arc::new(component));
    }
    Ok(Prepared { loaded })
}

/// Runs every stage, and makes the scores of those with risk plugins. A stage that is not go stops nothing yet, because nothing has effects: so that
/// a person sees everything that is wrong at once.
pub async fn run(
    configuration: &Configuration,
    prepared: &Prepared,
    judged: Judged,
    range: &RangeNotes,
    past: &Past,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> RunRecord {
    let run = identifier();
    let release = Arc::clone(&judged.release);
    let span = tracing::info_span!("run", %run);
    let (stages, verdict, messages) = async {
        let calls = Calls::new(&configuration.plan.limits);
        let mut stages = Vec::with_capacity(configuration.stages.len());
        for stage in &configuration.stages {
            let span = tracing::info_span!("stage", stage = %stage.id);
            let record = calls
                .stage(configuration, prepared, stage, (&judged, past), progress)
                .instrument(span)
                .await;
            stages.push(record);
        }
        let verdict = worst(stages.iter().map(|stage| stage.verdict));
        let events = event::events(&run, &stages, verdict);
        let messages = event::tell(&calls, configuration, prepared, &judged, events).await;
        (stages, verdict, messages)
    }
    .instrument(span)
    .await;
    let findings = notice::findings(configuration, (&stages, &messages), &release, range);
    RunRecord {
        run,
        verdict,
        overridden: false,
        effects: Effects::None,
        release,
        configuration: ConfigurationRecord {
            trust: configuration.trust,
            pipeline: configuration.pipeline.clone(),
            policy: configuration.policy.clone(),
            digest: configuration.digest,
        },
        stages,
        findings,
        messages,
    }
}

/// A new identifier: 128 random bits in hexadecimal digits. The standard library seeds its hash
/// maps from the system's random numbers; nobody has to be unable to guess it.
fn identifier() -> String {
    let word = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", word(), word())
}

/// What the calls of a run share.
#[derive(Clone)]
pub(super) struct Calls {
    at_one_time: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    wall_time: Duration,
    pub(super) deadline: Instant,
}

impl Calls {
    fn new(limits: &RunLimits) -> Self {
        let at_one_time = usize::try_from(limits.concurrent_calls).unwrap_or(1);
        let memory = usize::try_from(limits.memory_bytes.div_ceil(MEMORY_PIECE_BYTES)).unwrap_or(1);
        Self {
            at_one_time: Arc::new(Semaphore::new(at_one_time.min(Semaphore::MAX_PERMITS))),
            memory: Arc::new(Semaphore::new(memory.min(Semaphore::MAX_PERMITS))),
            wall_time: limits.wall_time,
            deadline: Instant::now() + limits.wall_time,
        }
    }

    /// Calls the plugins of a stage side by side. An answer is kept whatever becomes of the others.
    async fn stage(
        &self,
        configuration: &Configuration,
        prepared: &Prepared,
        stage: &Stage,
        (judged, past): (&Judged, &Past),
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) -> StageRecord {
        let release = &judged.release;
        progress(Progress::Stage {
            stage: &stage.id,
            plugins: stage.uses.len(),
        });
        let mut tasks = JoinSet::new();
        for (number, used) in stage.uses.iter().enumerate() {
            let (Some(loaded), Some(resolved)) = (
                prepared.loaded.get(&used.plugin),
                configuration.plugins.get(&used.plugin),
            ) else {
                continue;
            };
            let Some(input) = input(used.kind) else {
                continue;
            };
            let call = Call {
                release: Arc::clone(release),
                settings: resolved.settings.to_string(),
                input,
                limits: used.limits,
                seed: seed(
                    &release.digest,
                    &resolved.plugin.digest,
                    &stage.id,
                    used.kind,
                ),
            };
            let span = tracing::info_span!(
                "call",
                plugin = %used.plugin,
                kind = %used.kind,
                outcome = tracing::field::Empty
            );
            let loaded = loaded.with_tree(Arc::clone(&judged.tree));
            let called = self.call(loaded, call);
            tasks.spawn(async move { (number, called.await) }.instrument(span));
        }
        let mut calls = BTreeMap::new();
        while let Some(joined) = tasks.join_next().await {
            match joined {
                Ok((number, call)) => {
                    if let Some(used) = stage.uses.get(number) {
                        progress(Progress::Called {
                            stage: &stage.id,
                            plugin: &used.plugin,
                            outcome: call.outcome.name(),
                        });
                    }
                    calls.insert(number, call);
                }
                // Nobody cancels these tasks: what is left is a panic of the host, which stays one.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        let scores = self
            .scores(
                configuration,
                prepared,
                stage,
                &calls,
                (release, past),
                progress,
            )
            .await;
        let plugins: Vec<PluginRecord> = stage
            .uses
            .iter()
            .enumerate()
            .filter_map(|(number, used)| {
                let call = calls.remove(&number)?;
                let score = scores.get(&number).copied();
                plugin_record(configuration, stage, (number, used), (call, score), judged)
            })
            .collect();
        // A use without a record has not decided, so that its stage has not either.
        let all = if plugins.len() == stage.uses.len() {
            worst(plugins.iter().map(|plugin| plugin.verdict))
        } else {
            crate::model::Verdict::Fault
        };
        StageRecord {
            id: stage.id.clone(),
            verdict: all,
            thresholds: stage.thresholds,
            plugins,
        }
    }

    /// The scores of the risk plugins that have assessed the release, by the number of their use.
    async fn scores(
        &self,
        configuration: &Configuration,
        prepared: &Prepared,
        stage: &Stage,
        calls: &BTreeMap<usize, CallRecord>,
        (release, past): (&Arc<Release>, &Past),
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) -> BTreeMap<usize, Score> {
        let (mut numbers, mut assessors) = (Vec::new(), Vec::new());
        for (number, call) in calls {
            let Outcome::Answered(Answer::Assessment(assessment)) = &call.outcome else {
                continue;
            };
            let Some(used) = stage.uses.get(*number) else {
                continue;
            };
            let (Some(loaded), Some(resolved)) = (
                prepared.loaded.get(&used.plugin),
                configuration.plugins.get(&used.plugin),
            ) else {
                continue;
            };
            numbers.push(*number);
            assessors.push(Assessor {
                loaded: Loaded::clone(loaded),
                grants: resolved.grants.asked(&resolved.plugin.manifest),
                component: resolved.plugin.digest,
                settings: resolved.settings.to_string(),
                limits: used.limits,
                magnitude: assessment.magnitude,
            });
        }
        if assessors.is_empty() {
            return BTreeMap::new();
        }
        let scores =
            compare::scores(self, past, configuration, release, &assessors, progress).await;
        numbers.into_iter().zip(scores).collect()
    }

    /// One call, when there is room for it, until the run's time is over.
    pub(super) fn call(
        &self,
        loaded: Loaded,
        call: Call,
    ) -> impl Future<Output = CallRecord> + Send + 'static {
        let (at_one_time, memory) = (Arc::clone(&self.at_one_time), Arc::clone(&self.memory));
        let (deadline, wall_time) = (self.deadline, self.wall_time);
        let pieces = call.limits.memory_bytes.div_ceil(MEMORY_PIECE_BYTES);
        let pieces = u32::try_from(pieces).unwrap_or(u32::MAX);
        async move {
            let called = async {
                // Memory first: who waits for it holds no place among the calls. The semaphores are
                // never closed.
                let _memory = memory.acquire_many(pieces).await;
                let _place = at_one_time.acquire().await;
                // A short call would be done before its deadline is looked at.
                if Instant::now() >= deadline {
                    return out_of_time(wall_time);
                }
                loaded.call(call).await
            };
            let record = timeout_at(deadline, called)
                .await
                .unwrap_or_else(|_| out_of_time(wall_time));
            tracing::Span::current().record("outcome", record.outcome.name());
            record
        }
    }
}

/// The record of a call that the end of the run's time cut short or kept from being made.
fn out_of_time(wall_time: Duration) -> CallRecord {
    CallRecord {
        outcome: Outcome::RunOutOfTime {
            limit_ms: u64::try_from(wall_time.as_millis()).unwrap_or(u64::MAX),
        },
        fuel: 0,
        memory_bytes: 0,
        duration: wall_time,
        log: Vec::new(),
    }
}

/// The question of a kind that a stage can call.
fn input(kind: Kind) -> Option<Input> {
    match kind {
        Kind::Policy => Some(Input::Policy),
        Kind::Risk => Some(Input::Risk),
        Kind::Resource => Some(Input::Resource),
        Kind::Document => Some(Input::Document),
        Kind::Action => Some(Input::Action),
        Kind::Notify | Kind::Verify => None,
    }
}

/// The seed of a call's random numbers: the same for the same question about the same release, so
/// that the same run twice gives the same answers.
pub(super) fn seed(subject: &Digest, plugin: &Digest, stage: &str, kind: Kind) -> [u8; 32] {
    *Digest::of_json(&(subject, plugin, stage, kind)).bytes()
}

fn plugin_record(
    configuration: &Configuration,
    stage: &Stage,
    (number, used): (usize, &Use),
    (call, score): (CallRecord, Option<Score>),
    judged: &Judged,
) -> Option<PluginRecord> {
    let resolved = configuration.plugins.get(&used.plugin)?;
    let stage_plan = configuration.plan.stages.get(stage.number)?;
    let use_plan = stage_plan.uses.get(number)?;
    let time = judged.release.circumstances.time;
    let judge = Judge {
        score,
        ..configuration.plan.judge(stage_plan, use_plan, time)
    };
    let judgement = judge.judge(&call.outcome);
    Some(PluginRecord {
        name: used.plugin.clone(),
        kind: used.kind,
        version: resolved.plugin.manifest.version.clone(),
        digest: resolved.plugin.digest,
        mode: used.mode,
        on_fault: used.on_fault,
        limits: used.limits,
        grants: resolved.grants.asked(&resolved.plugin.manifest),
        edits: edits(&call.outcome, &judged.tree),
        call,
        score,
        findings: judgement.findings,
        verdict: judgement.verdict,
    })
}
