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

use super::fold::worst;
use super::load::{Configuration, Stage, Use};
use super::notice::{self, RangeNotes};
use super::plan::RunLimits;
use super::problem::{ConfigurationError, Problem};
use super::{ConfigurationRecord, PluginRecord, RunRecord, StageRecord};
use crate::model::{Digest, Effects, Kind, Outcome, Release};
use crate::sandbox::{Call, CallRecord, Input, Loaded, Sandbox};

/// Memory is handed out to calls in pieces of this many bytes, rounded up.
const MEMORY_PIECE_BYTES: u64 = 1 << 20;

/// The components of a configuration, compiled: nothing of them has run.
pub struct Prepared {
    loaded: BTreeMap<String, Arc<Loaded>>,
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
            let result = sandbox.load(&plugin.component, Arc::clone(&plugin.manifest));
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

/// Runs every stage. A stage that is not go stops nothing yet, because nothing has effects: so that
/// a person sees everything that is wrong at once.
pub async fn run(
    configuration: &Configuration,
    prepared: &Prepared,
    release: Arc<Release>,
    range: &RangeNotes,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> RunRecord {
    let run = identifier();
    let span = tracing::info_span!("run", %run);
    let stages = async {
        let calls = Calls::new(&configuration.plan.limits);
        let mut stages = Vec::with_capacity(configuration.stages.len());
        for stage in &configuration.stages {
            let span = tracing::info_span!("stage", stage = %stage.id);
            let record = calls
                .stage(configuration, prepared, stage, &release, progress)
                .instrument(span)
                .await;
            stages.push(record);
        }
        stages
    }
    .instrument(span)
    .await;
    let findings = notice::findings(configuration, &stages, &release, range);
    RunRecord {
        run,
        verdict: worst(stages.iter().map(|stage| stage.verdict)),
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
    }
}

/// A new identifier: 128 random bits in hexadecimal digits. The standard library seeds its hash
/// maps from the system's random numbers; nobody has to be unable to guess it.
fn identifier() -> String {
    let word = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", word(), word())
}

/// What the calls of a run share.
struct Calls {
    at_one_time: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    wall_time: Duration,
    deadline: Instant,
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
        release: &Arc<Release>,
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) -> StageRecord {
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
            let called = self.call(Arc::clone(loaded), call);
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
        let plugins: Vec<PluginRecord> = stage
            .uses
            .iter()
            .enumerate()
            .filter_map(|(number, used)| {
                let call = calls.remove(&number)?;
                plugin_record(configuration, stage, (number, used), call, release)
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
            plugins,
        }
    }

    /// One call, when there is room for it, until the run's time is over.
    fn call(
        &self,
        loaded: Arc<Loaded>,
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
fn seed(subject: &Digest, plugin: &Digest, stage: &str, kind: Kind) -> [u8; 32] {
    *Digest::of_json(&(subject, plugin, stage, kind)).bytes()
}

fn plugin_record(
    configuration: &Configuration,
    stage: &Stage,
    (number, used): (usize, &Use),
    call: CallRecord,
    release: &Release,
) -> Option<PluginRecord> {
    let resolved = configuration.plugins.get(&used.plugin)?;
    let stage_plan = configuration.plan.stages.get(stage.number)?;
    let use_plan = stage_plan.uses.get(number)?;
    let judgement = configuration
        .plan
        .judge(stage_plan, use_plan, release.circumstances.time)
        .judge(&call.outcome);
    Some(PluginRecord {
        name: used.plugin.clone(),
        kind: used.kind,
        version: resolved.plugin.manifest.version.clone(),
        digest: resolved.plugin.digest,
        mode: used.mode,
        on_fault: used.on_fault,
        limits: used.limits,
        call,
        findings: judgement.findings,
        verdict: judgement.verdict,
    })
}
