use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::approval::in_force;
use super::compare::{self, Assessor};
use super::edits::EditedFiles;
use super::event;
use super::fold::{Judge, worst};
use super::load::{Configuration, Stage, Use};
use super::notice;
use super::plan::RunLimits;
use super::problem::{ConfigurationError, Problem};
use super::sitting::Session;
use super::{ConfigurationRecord, PluginRecord, RunRecord, StageRecord};
use crate::model::{
    Answer, CutCall, Digest, Effects, Kind, Outcome, PastRelease, Release, RunId, Score, Text,
    Verdict,
};
use crate::release::{EvidenceBytes, Tree};
use crate::sandbox::{Call, CallRecord, Input, Loaded, Recording, Sandbox, Sink};

/// Memory is handed out to calls in pieces of this many bytes, rounded up.
const MEMORY_PIECE_BYTES: u64 = 1 << 20;

/// The components of a configuration, compiled: nothing of them has run.
pub struct Prepared {
    pub(super) loaded: BTreeMap<String, Arc<Loaded>>,
}

impl Prepared {
    /// The component of a plugin, by its name in the configuration.
    #[must_use]
    pub fn loaded(&self, plugin: &str) -> Option<&Loaded> {
        self.loaded.get(plugin).map(|loaded| &**loaded)
    }
}

/// What is judged, and how to read more of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The release.
    pub release: Arc<Release>,
    /// The files of its judged commit.
    pub tree: Arc<Tree>,
    /// The bytes of its evidence.
    pub evidence: Arc<EvidenceBytes>,
    /// The releases before it, newest first; empty where no plugin may know them.
    pub history: Arc<[PastRelease]>,
}

impl Judged {
    /// A component, with what is judged in reach of what it is granted.
    #[must_use]
    pub fn in_reach_of(&self, loaded: &Loaded) -> Loaded {
        loaded
            .with_tree(Arc::clone(&self.tree))
            .with_evidence(Arc::clone(&self.evidence))
            .with_history(Arc::clone(&self.history))
    }
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

/// Rehearses a run: decides every stage, and makes the scores of those with risk plugins. Nothing is
/// carried out and nothing recorded, so that a stage that is not go stops nothing: a person sees
/// everything that is wrong at once.
pub async fn run(session: Session<'_>) -> RunRecord {
    let run = identifier();
    let configuration = session.configuration;
    let release = Arc::clone(&session.judged.release);
    let span = tracing::info_span!("run", %run);
    let (stages, verdict, messages) = async {
        let calls = Calls::new(&configuration.plan.limits);
        let mut stages = Vec::with_capacity(configuration.stages.len());
        for stage in &configuration.stages {
            let asked = calls.ask(session, stage).await;
            let mut record = stage_record(session, stage, &asked, Released::default());
            rehearsed(session, stage, &mut record, &run);
            stages.push(record);
        }
        let verdict = worst(stages.iter().map(|stage| stage.verdict));
        let events = event::events(&run, &configuration.stages, &stages, verdict);
        let messages = event::tell(
            &calls,
            configuration,
            session.prepared,
            session.judged,
            events,
            &|_| true,
        )
        .await;
        (stages, verdict, messages)
    }
    .instrument(span)
    .await;
    let findings = notice::findings(configuration, (&stages, &messages), &release, session.range);
    RunRecord {
        run,
        verdict,
        overridden: false,
        effects: Effects::None,
        base_source: session.range.source.clone(),
        release,
        configuration: ConfigurationRecord::of(configuration),
        stages,
        findings,
        messages,
        sitting: None,
    }
}

/// Says what a stage would carry out, and which approvals it would wait for: nobody has given one.
fn rehearsed(session: Session<'_>, stage: &Stage, record: &mut StageRecord, run: &str) {
    let configuration = session.configuration;
    let demands = record.approvals_asked();
    let needs = in_force(
        &stage.approvals,
        record.risk(),
        &demands,
        configuration.approvers.as_ref(),
    );
    if !needs.is_empty() {
        record.verdict = worst([record.verdict, Verdict::Wait]);
        record.missing = needs.iter().map(|need| need.missing(0)).collect();
    }
    let run = RunId::new(run).unwrap_or_else(|| RunId::from_bits(0));
    if let Some(commands) = &stage.commands {
        match commands.render(&stage.id, &session.judged.release.subject, &run) {
            Ok(rendered) => {
                record.commands = rendered
                    .run
                    .iter()
                    .map(|arguments| arguments.iter().map(|text| text.as_str().into()).collect())
                    .collect();
            }
            // A real run would refuse to begin.
            Err(error) => {
                record.verdict = Verdict::Fault;
                record
                    .missing
                    .push(Text::from(format!("commands: {error}")));
            }
        }
    }
}

/// A new identifier: 128 random bits in hexadecimal digits. The standard library seeds its hash
/// maps from the system's random numbers; nobody has to be unable to guess it.
fn identifier() -> String {
    let word = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", word(), word())
}

/// What the plugins of a stage answered, and the scores of its risk plugins, by the number of the
/// use.
pub(super) struct Asked {
    calls: BTreeMap<usize, CallRecord>,
    scores: BTreeMap<usize, Score>,
}

/// What a stage has that its plugins may ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Released {
    /// Every approval that it needs.
    pub(super) approved: bool,
    /// Every lease that it claims.
    pub(super) leased: bool,
}

/// What a stage comes to by the word of its plugins alone.
pub(super) fn stage_record(
    session: Session<'_>,
    stage: &Stage,
    asked: &Asked,
    released: Released,
) -> StageRecord {
    let mut files = EditedFiles::default();
    let plugins: Vec<PluginRecord> = stage
        .uses
        .iter()
        .enumerate()
        .filter(|(_, used)| used.kind != Kind::Verify)
        .filter_map(|(number, used)| {
            let call = asked.calls.get(&number)?.clone();
            let score = asked.scores.get(&number).copied();
            let answered = (call, score, &mut files);
            plugin_record(session, stage, (number, used), answered, released)
        })
        .collect();
    let deciding = stage.uses.iter().filter(|used| used.kind != Kind::Verify);
    let is_whole = plugins.len() == deciding.count();
    let mut record = StageRecord::not_reached(stage);
    record.reached = true;
    record.verdict = match (is_whole, plugins.is_empty()) {
        // A stage without plugins that decide is let go by what comes before it and by people.
        (true, true) => Verdict::Go,
        (true, false) => worst(plugins.iter().map(|plugin| plugin.verdict)),
        // A use without a record has not decided, so that its stage has not either.
        (false, _) => Verdict::Fault,
    };
    record.plugins = plugins;
    record.files = files.into_files();
    record
}

/// How calls go on that were cut in the middle, and who is told of what they are answered.
pub(super) struct Continuing<'a> {
    /// What is known of the call of a plugin that was cut.
    pub(super) cut: &'a BTreeMap<String, CutCall>,
    /// Is told before the plugin has its answer.
    pub(super) told: UnboundedSender<Told>,
}

/// Calls to the host, the last of which was answered from outside.
pub(super) struct Told {
    /// Name of the plugin in the pipeline.
    pub(super) plugin: String,
    /// Those that nobody was told of before.
    pub(super) calls: CutCall,
    /// The plugin has its answer when something is sent here, or it is dropped.
    pub(super) written: std::sync::mpsc::Sender<()>,
}

impl Continuing<'_> {
    /// Has a call go on where it was cut, if it is the same call, and tells of what it is answered.
    fn prepare(&self, loaded: &Loaded, call: &mut Call) {
        let Some(given) = loaded.given(call) else {
            return;
        };
        let Some(recording) = &mut call.recording else {
            return;
        };
        let plugin = recording.plugin.raw().to_owned();
        let cut = self.cut.get(&plugin);
        let same = cut.filter(|cut| cut.given.differences(&given).is_empty());
        recording.cut = same.cloned().map(Arc::new);
        let told = self.told.clone();
        let pending = Mutex::new(Vec::new());
        recording.sink = Some(Sink::new(move |call| {
            let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
            pending.push(call.clone());
            // What is not from outside can be had again.
            if !call.answer.is_from_outside() {
                return;
            }
            let (written, done) = std::sync::mpsc::channel();
            let calls = CutCall {
                given: given.clone(),
                host_calls: std::mem::take(&mut *pending),
            };
            let plugin = plugin.clone();
            let heard = told.send(Told {
                plugin,
                calls,
                written,
            });
            // Where nobody listens any more, the call has come to its end.
            if heard.is_ok() {
                let _ = done.recv();
            }
        }));
    }
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
    pub(super) fn new(limits: &RunLimits) -> Self {
        let at_one_time = usize::try_from(limits.concurrent_calls).unwrap_or(1);
        let memory = usize::try_from(limits.memory_bytes.div_ceil(MEMORY_PIECE_BYTES)).unwrap_or(1);
        Self {
            at_one_time: Arc::new(Semaphore::new(at_one_time.min(Semaphore::MAX_PERMITS))),
            memory: Arc::new(Semaphore::new(memory.min(Semaphore::MAX_PERMITS))),
            wall_time: limits.wall_time,
            deadline: Instant::now() + limits.wall_time,
        }
    }

    /// Gives plugins time that something else took.
    pub(super) fn postpone(&mut self, time: Duration) {
        self.deadline = self.deadline.checked_add(time).unwrap_or(self.deadline);
    }

    /// Calls the plugins of a stage that decide, side by side. An answer is kept whatever becomes of
    /// the others.
    pub(super) async fn ask(&self, session: Session<'_>, stage: &Stage) -> Asked {
        let span = tracing::info_span!("stage", stage = %stage.id);
        async {
            (session.progress)(Progress::Stage {
                stage: &stage.id,
                plugins: stage.uses.len(),
            });
            let questions = stage
                .uses
                .iter()
                .enumerate()
                .filter_map(|(number, used)| Some((number, used, input(used.kind)?)));
            let calls = self
                .side_by_side(session, stage, session.judged, questions.collect(), None)
                .await;
            let scores = self.scores(session, stage, &calls).await;
            Asked { calls, scores }
        }
        .instrument(span)
        .await
    }

    /// Calls the plugins of a stage that measure, side by side, in the order of the file.
    pub(super) async fn measure<'s>(
        &self,
        session: Session<'_>,
        stage: &'s Stage,
        judged: &Judged,
        attempt: u32,
        continuing: &Continuing<'_>,
    ) -> Vec<(&'s Use, CallRecord)> {
        let questions = stage
            .uses
            .iter()
            .enumerate()
            .filter(|(_, used)| used.kind == Kind::Verify)
            .map(|(number, used)| (number, used, Input::Verify { attempt }));
        let questions = questions.collect();
        let calls = self.side_by_side(session, stage, judged, questions, Some(continuing));
        let calls = calls.await.into_iter();
        calls
            .filter_map(|(number, call)| Some((stage.uses.get(number)?, call)))
            .collect()
    }

    async fn side_by_side(
        &self,
        session: Session<'_>,
        stage: &Stage,
        judged: &Judged,
        questions: Vec<(usize, &Use, Input)>,
        continuing: Option<&Continuing<'_>>,
    ) -> BTreeMap<usize, CallRecord> {
        let release = &judged.release;
        let mut tasks = JoinSet::new();
        for (number, used, input) in questions {
            let (Some(loaded), Some(resolved)) = (
                session.prepared.loaded.get(&used.plugin),
                session.configuration.plugins.get(&used.plugin),
            ) else {
                continue;
            };
            let mut call = Call {
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
                recording: Some(Recording::new(&used.plugin, Some(&stage.id))),
            };
            let span = tracing::info_span!(
                "call",
                plugin = %used.plugin,
                kind = %used.kind,
                outcome = tracing::field::Empty
            );
            let loaded = judged.in_reach_of(loaded);
            if let Some(continuing) = continuing {
                continuing.prepare(&loaded, &mut call);
            }
            let called = self.call(loaded, call);
            tasks.spawn(async move { (number, called.await) }.instrument(span));
        }
        let mut calls = BTreeMap::new();
        while let Some(joined) = tasks.join_next().await {
            match joined {
                Ok((number, call)) => {
                    if let Some(used) = stage.uses.get(number) {
                        (session.progress)(Progress::Called {
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
        calls
    }

    /// The scores of the risk plugins that have assessed the release, by the number of their use.
    async fn scores(
        &self,
        session: Session<'_>,
        stage: &Stage,
        calls: &BTreeMap<usize, CallRecord>,
    ) -> BTreeMap<usize, Score> {
        let (configuration, prepared) = (session.configuration, session.prepared);
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
                // Earlier releases are compared by what is known of them here: nobody is asked a hundred
                // times for one score.
                loaded: loaded.with_network(None),
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
        let scores = compare::scores(
            self,
            session.past,
            configuration,
            session.judged,
            &assessors,
            session.progress,
        )
        .await;
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
        duration: wall_time,
        ..CallRecord::of(Outcome::RunOutOfTime {
            limit_ms: u64::try_from(wall_time.as_millis()).unwrap_or(u64::MAX),
        })
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
    session: Session<'_>,
    stage: &Stage,
    (number, used): (usize, &Use),
    (mut call, score, files): (CallRecord, Option<Score>, &mut EditedFiles),
    released: Released,
) -> Option<PluginRecord> {
    let configuration = session.configuration;
    let resolved = configuration.plugins.get(&used.plugin)?;
    let stage_plan = configuration.plan.stages.get(stage.number)?;
    let use_plan = stage_plan.uses.get(number)?;
    let time = session.judged.release.circumstances.time;
    let judge = Judge {
        score,
        approved: released.approved,
        leased: released.leased,
        ..configuration.plan.judge(stage_plan, use_plan, time)
    };
    let edits = files.put(&mut call.outcome, &session.judged.tree);
    let judgement = judge.judge(&call.outcome);
    Some(PluginRecord {
        name: used.plugin.clone(),
        kind: used.kind,
        version: resolved.plugin.manifest.version.clone(),
        digest: resolved.plugin.digest,
        origin: session.prepared.loaded.get(&used.plugin)?.origin(),
        mode: used.mode,
        on_fault: used.on_fault,
        limits: used.limits,
        grants: resolved.grants.asked(&resolved.plugin.manifest),
        signers: resolved.signers.clone(),
        edits,
        call,
        score,
        findings: judgement.findings,
        verdict: judgement.verdict,
    })
}
