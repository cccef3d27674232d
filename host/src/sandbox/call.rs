use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinError;
use wasmtime::{Engine, Store, UpdateDeadline};

use super::Limits;
use super::answer::Contract;
use super::bindings::since_v0_1_0 as bindings;
use super::capture::LogLine;
use super::failure;
use super::load::Loaded;
use super::state::{HANDLES_MAX, State};
use crate::model::{Channel, Event, Kind, LimitKind, Outcome, Release, Text};

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
}

/// Which question is asked, with what only that kind is given.
#[derive(Clone, Debug)]
pub enum Input {
    /// `policy.check`
    Policy,
    /// `risk.assess`
    Risk,
    /// `resource.claim`
    Resource,
    /// `document.render`
    Document,
    /// `notify.compose`
    Notify {
        /// What happened.
        event: Event,
        /// Who is told.
        channel: Channel,
    },
    /// `action.plan`
    Action,
    /// `verify.measure`
    Verify {
        /// Counts from 1.
        attempt: u32,
    },
}

impl Input {
    /// The kind that answers it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Policy => Kind::Policy,
            Self::Risk => Kind::Risk,
            Self::Resource => Kind::Resource,
            Self::Document => Kind::Document,
            Self::Notify { .. } => Kind::Notify,
            Self::Action => Kind::Action,
            Self::Verify { .. } => Kind::Verify,
        }
    }
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
        let start = Instant::now();
        let timeout = call.limits.timeout;
        let stop = Stop::new(self.engine());
        let (loaded, stopped) = (self.clone(), Arc::clone(&stop.stopped));
        let mut running = tokio::task::spawn_blocking(move || {
            tokio::runtime::Handle::current().block_on(loaded.run(&call, stopped))
        });
        if let Ok(record) = tokio::time::timeout(timeout, &mut running).await {
            return CallRecord {
                duration: start.elapsed(),
                ..joined(record)
            };
        }
        // One deadline covers the start of the instance, the call, the host functions it calls and
        // the reading of the answer. What comes after it is too late, whatever it is.
        stop.stop();
        let late = tokio::time::timeout(STOPPING_TIME_MAX, running).await;
        let (fuel, memory_bytes, log) = late.map_or_else(
            |_| (0, 0, Vec::new()),
            |record| {
                let record = joined(record);
                (record.fuel, record.memory_bytes, record.log)
            },
        );
        CallRecord {
            outcome: Outcome::TimedOut {
                limit_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            },
            fuel,
            memory_bytes,
            duration: start.elapsed(),
            log,
        }
    }

    async fn run(&self, call: &Call, stopped: Arc<AtomicBool>) -> CallRecord {
        let release = Arc::clone(&call.release);
        let state = State::new(release, self.tree(), &call.limits, call.seed);
        let mut store = Store::new(self.engine(), state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(usize::try_from(call.limits.answer_bytes).unwrap_or(usize::MAX));
        store.set_max_component_handles(HANDLES_MAX);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            Ok(if stopped.load(Ordering::Acquire) {
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
            outcome,
            fuel: call
                .limits
                .fuel
                .saturating_sub(store.get_fuel().unwrap_or(0)),
            memory_bytes: store.data().memory.peak_bytes(),
            duration: Duration::ZERO,
            log: store.data().capture.finish(),
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
    stopped: Arc<AtomicBool>,
}

impl Stop {
    fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            stopped: Arc::default(),
        }
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.engine.increment_epoch();
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.stop();
    }
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
