use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinError;
use wasmtime::{Engine, Store, UpdateDeadline};

use super::answer::Contract;
use super::bindings::since_v0_1_0 as bindings;
use super::failure;
use super::load::Loaded;
use super::record::{Before, End, Recorder, Recording};
use super::state::{HANDLES_MAX, State, clock_start};
use crate::model::{
    Digest, Given, Input, Kind, LimitKind, Limits, LogLine, Outcome, Release, Text, Transcript,
};

/// How long a guest that was stopped may take to come back from the host function that it is in. A
/// guest that takes longer is left behind, and what it logged with it.
const STOPPING_TIME_MAX: Duration = Duration::from_secs(1);

/// One call of one plugin.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is judged.
    pub release: Arc<Release>,
    /// Settings as JSON, already held against the plugin's schema.
    pub settings: String,
    /// Which question is asked.
    pub input: Input,
    /// The bounds.
    pub limits: Limits,
    /// Seed of the guest's random numbers.
    pub seed: [u8; 32],
    /// How it is recorded; none for no transcript, which costs nothing.
    pub recording: Option<Recording>,
}

/// What is known of a call after it.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// What became of it.
    pub outcome: Outcome,
    /// Fuel used.
    pub fuel: u64,
    /// Largest sum of memories and tables, in bytes.
    pub memory_bytes: u64,
    /// Wall-clock time.
    pub duration: Duration,
    /// What the guest logged and printed, in order.
    pub log: Vec<LogLine>,
    /// Everything that crossed the boundary; none where nothing was recorded.
    pub transcript: Option<Transcript>,
}

impl Loaded {
    /// Calls the plugin in a fresh store. Never fails: what goes wrong is an outcome.
    ///
    /// The guest runs on a thread of its own, so that one that is busy for long, in itself or in
    /// the host functions that it calls, holds up neither the deadline nor anybody else. Dropping
    /// the future stops the guest.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, and where the host itself panics.
    pub async fn call(&self, call: Call) -> CallRecord {
        let cut = call.recording.as_ref().and_then(|how| how.cut.clone());
        let before = cut.map(|calls| Before {
            calls,
            is_whole: false,
        });
        self.call_again(call, before).await
    }

    /// What a call is begun with, as its transcript says it; none for one that is not recorded.
    #[must_use]
    pub fn given(&self, call: &Call) -> Option<Given> {
        let recording = call.recording.as_ref()?;
        let manifest = self.manifest();
        let circumstances = call.release.circumstances.clone();
        Some(Given {
            plugin: recording.plugin.clone(),
            name: Text::from(manifest.name.as_str()),
            version: manifest.version.clone(),
            api: manifest.api.clone(),
            component: self.identity.component,
            manifest: self.identity.manifest,
            stage: recording.stage.clone(),
            question: call.input.clone(),
            settings: Text::from(call.settings.as_str()),
            subject: call.release.digest,
            circumstances_digest: Digest::of_json(&circumstances),
            utc_offset: circumstances.utc_offset_seconds(),
            circumstances,
            clock: clock_start(&call.release),
            seed: call.seed,
            limits: call.limits,
            grants: self.grants(),
        })
    }

    /// Calls the plugin, and holds what it asks for against what it asked for before.
    pub(super) async fn call_again(&self, call: Call, before: Option<Before>) -> CallRecord {
        let start = Instant::now();
        let given = self.given(&call);
        let recorder = Recorder::new(call.recording.as_ref(), before.clone());
        let record = match another_call(given.as_ref(), before.as_ref()) {
            Some(outcome) => {
                recorder.is_not_reproducible();
                CallRecord::of(outcome)
            }
            None => self.run_in_time(call, &recorder).await,
        };
        CallRecord {
            transcript: given.map(|given| self.transcript(given, recorder.finish(), &record)),
            duration: start.elapsed(),
            ..record
        }
    }

    fn transcript(&self, given: Given, end: End, record: &CallRecord) -> Transcript {
        let outcome = &record.outcome;
        Transcript {
            format: Transcript::FORMAT,
            given,
            host_calls: end.host_calls,
            log: record.log.clone(),
            outcome: outcome.clone(),
            fuel: record.fuel,
            memory_bytes: record.memory_bytes,
            engine: self.identity.engine,
            reproducible: end.is_reproducible && !outcome.depends_on_time(),
        }
    }

    async fn run_in_time(&self, call: Call, recorder: &Recorder) -> CallRecord {
        let timeout = call.limits.timeout;
        let stop = Stop::new(self.engine(), recorder.clone());
        let (loaded, stopped) = (self.clone(), stop.stopped.subscribe());
        let recorder = recorder.clone();
        let mut running = tokio::task::spawn_blocking(move || {
            tokio::runtime::Handle::current().block_on(loaded.run(&call, stopped, recorder))
        });
        if let Ok(record) = tokio::time::timeout(timeout, &mut running).await {
            return joined(record);
        }
        // One deadline covers the start of the instance, the call, the host functions it calls and
        // the reading of the answer. What comes after it is too late, whatever it is.
        stop.stop();
        let late = tokio::time::timeout(STOPPING_TIME_MAX, running).await;
        let outcome = Outcome::TimedOut {
            limit_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
        };
        match late {
            Ok(record) => CallRecord {
                outcome,
                ..joined(record)
            },
            Err(_) => CallRecord::of(outcome),
        }
    }

    async fn run(
        &self,
        call: &Call,
        stopped: watch::Receiver<bool>,
        recorder: Recorder,
    ) -> CallRecord {
        let release = Arc::clone(&call.release);
        let reach = self.granted(stopped.clone());
        let state = State::new(release, reach, &call.limits, call.seed, recorder);
        let mut store = Store::new(self.engine(), state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(usize::try_from(call.limits.answer_bytes).unwrap_or(usize::MAX));
        store.set_max_component_handles(HANDLES_MAX);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            Ok(if *stopped.borrow() {
                UpdateDeadline::Interrupt
            } else {
                UpdateDeadline::Continue(1)
            })
        });
        let outcome = match store.set_fuel(call.limits.fuel) {
            Err(error) => failure::outcome(&error, &call.limits),
            Ok(()) => match self.ask(&mut store, call).await {
                Err(error) => failure::outcome(&error, &call.limits),
                Ok(outcome) => outcome,
            },
        };
        CallRecord {
            fuel: call
                .limits
                .fuel
                .saturating_sub(store.get_fuel().unwrap_or(0)),
            memory_bytes: store.data().memory.peak_bytes(),
            log: store.data().capture.finish(),
            ..CallRecord::of(outcome)
        }
    }

    async fn ask(&self, store: &mut Store<State>, call: &Call) -> wasmtime::Result<Outcome> {
        let settings_bytes = u64::try_from(call.settings.len()).unwrap_or(u64::MAX);
        if settings_bytes > call.limits.host_call_bytes {
            let limit = call.limits.host_call_bytes;
            return Ok(Outcome::TooMuchOutput {
                what: LimitKind::HostCallBytes,
                limit,
            });
        }
        let answer = self.exports().ask(store, call).await?;
        Ok(match answer {
            Err(fault) => {
                let fault = bindings::fault(fault);
                let limit = call.limits.text_bytes;
                if u64::try_from(fault.message.raw().len()).unwrap_or(u64::MAX) > limit {
                    Outcome::TooMuchOutput {
                        what: LimitKind::TextBytes,
                        limit,
                    }
                } else {
                    Outcome::Fault(fault)
                }
            }
            Ok(answer) => Contract {
                manifest: self.manifest(),
                release: &call.release,
                input: &call.input,
                limits: &call.limits,
                grants: &self.grants(),
                network: self.reach(),
            }
            .check(answer),
        })
    }
}

/// Stops the guest of one call, at the latest when it is dropped.
///
/// Every guest looks at the engine's epoch when it loops and when it calls a function; a new epoch
/// makes it look whether it is meant.
struct Stop {
    engine: Engine,
    stopped: watch::Sender<bool>,
    recorder: Recorder,
}

impl Stop {
    fn new(engine: &Engine, recorder: Recorder) -> Self {
        Self {
            engine: engine.clone(),
            stopped: watch::Sender::new(false),
            recorder,
        }
    }

    fn stop(&self) {
        self.recorder.close();
        self.stopped.send_replace(true);
        self.engine.increment_epoch();
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.stop();
    }
}

impl CallRecord {
    /// A call that came to this and of which nothing else is known.
    #[must_use]
    pub fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            fuel: 0,
            memory_bytes: 0,
            duration: Duration::ZERO,
            log: Vec::new(),
            transcript: None,
        }
    }
}

/// The outcome of a call that is to go on from where another one was cut.
fn another_call(given: Option<&Given>, before: Option<&Before>) -> Option<Outcome> {
    let differences = before?.calls.given.differences(given?);
    let difference = differences.first()?;
    Some(Outcome::Malformed {
        message: Text::from(format!(
            "what was recorded is of another call: `{}` was {} and is {} now",
            difference.part.raw(),
            difference.recorded.raw(),
            difference.now.raw()
        )),
    })
}

/// The record of a call that came to its end. A panic of the host stays one.
fn joined(record: Result<CallRecord, JoinError>) -> CallRecord {
    record.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// What is said of a component that has no such kind. The pipeline asks only for kinds that are
/// there, so this is a defect of ours, and still no more than an outcome.
pub(super) fn no_such_kind(kind: Kind) -> Text {
    Text::from(format!("the component is not of the kind {kind}"))
}
