use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::Store;

use super::Limits;
use super::answer::Contract;
use super::bindings::since_v0_1_0 as bindings;
use super::capture::LogLine;
use super::failure;
use super::load::Loaded;
use super::state::{HANDLES_MAX, State};
use crate::model::{Channel, Event, Kind, LimitKind, Outcome, Release, Text};

/// After so many units of fuel a guest lets others run, and its deadline is looked at.
const YIELD_FUEL: u64 = 1_000_000;

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
    pub async fn call(&self, call: Call) -> CallRecord {
        let start = Instant::now();
        let state = State::new(Arc::clone(&call.release), &call.limits, call.seed);
        let mut store = Store::new(self.engine(), state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(usize::try_from(call.limits.answer_bytes).unwrap_or(usize::MAX));
        store.set_max_component_handles(HANDLES_MAX);

        let outcome = match prepare(&mut store, &call.limits) {
            Err(error) => failure::outcome(&error, &call.limits),
            // One deadline covers the start of the instance, the call, the host functions it calls
            // and the reading of the answer.
            Ok(()) => match tokio::time::timeout(call.limits.timeout, self.ask(&mut store, &call))
                .await
            {
                Err(_) => Outcome::TimedOut {
                    limit_ms: u64::try_from(call.limits.timeout.as_millis()).unwrap_or(u64::MAX),
                },
                Ok(Err(error)) => failure::outcome(&error, &call.limits),
                Ok(Ok(outcome)) => outcome,
            },
        };
        CallRecord {
            outcome,
            fuel: call
                .limits
                .fuel
                .saturating_sub(store.get_fuel().unwrap_or(0)),
            memory_bytes: store.data().memory.peak_bytes(),
            duration: start.elapsed(),
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

fn prepare(store: &mut Store<State>, limits: &Limits) -> wasmtime::Result<()> {
    store.set_fuel(limits.fuel)?;
    store.fuel_async_yield_interval(Some(YIELD_FUEL))
}

/// What is said of a component that has no such kind. The pipeline asks only for kinds that are
/// there, so this is a defect of ours, and still no more than an outcome.
pub(super) fn no_such_kind(kind: Kind) -> Text {
    Text::from(format!("the component is not of the kind {kind}"))
}
