//! The guest's clocks: the sitting's time, moved only by what the guest does. Sleeping takes no
//! time of ours, and the same call sees the same times again.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::HostWallClock;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

/// How far the clock moves each time that the guest reads it, so that a guest that waits by reading
/// it gets to the end.
const READING_NS: u64 = 1_000;

/// The clock of one call; clones share it.
#[derive(Clone)]
pub(super) struct Clock {
    start: Duration,
    time: Arc<Mutex<Time>>,
}

#[derive(Default)]
struct Time {
    elapsed_ns: u64,
    /// The times that the guest waits for just now.
    awaited_ns: Vec<u64>,
}

impl Clock {
    /// A clock that starts at a time since 1970-01-01T00:00:00Z.
    pub(super) fn new(start: Duration) -> Self {
        Self {
            start,
            time: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Time> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_ns(&self) -> u64 {
        let mut time = self.lock();
        time.elapsed_ns = time.elapsed_ns.saturating_add(READING_NS);
        time.elapsed_ns
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(READING_NS)
    }

    fn now(&self) -> Duration {
        self.start
            .saturating_add(Duration::from_nanos(self.read_ns()))
    }
}

/// What `wasi:clocks/monotonic-clock` is given.
pub(super) struct ClockView<'a> {
    pub(super) clock: &'a Clock,
    pub(super) table: &'a mut ResourceTable,
}

/// Names [`ClockView`] to the linker.
pub(super) struct HasClock;

impl HasData for HasClock {
    type Data<'a> = ClockView<'a>;
}

impl monotonic_clock::Host for ClockView<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock.read_ns())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(READING_NS)
    }

    fn subscribe_instant(&mut self, when_ns: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let alarm = self.table.push(Alarm {
            clock: self.clock.clone(),
            when_ns,
        })?;
        subscribe(self.table, alarm)
    }

    fn subscribe_duration(&mut self, duration_ns: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let when_ns = self.clock.lock().elapsed_ns.saturating_add(duration_ns);
        self.subscribe_instant(when_ns)
    }
}

/// A time that the guest can wait for.
struct Alarm {
    clock: Clock,
    when_ns: u64,
}

#[async_trait]
impl Pollable for Alarm {
    /// Whoever waits for several alarms polls each once before any of them rings: the first round
    /// says what is awaited, the second moves the clock to the earliest of it.
    async fn ready(&mut self) {
        let mut waiting = None;
        poll_fn(|context| {
            let mut time = self.clock.lock();
            if waiting.is_some() {
                let earliest_ns = time.awaited_ns.iter().copied().min();
                time.elapsed_ns = time.elapsed_ns.max(earliest_ns.unwrap_or(0));
            }
            if self.when_ns <= time.elapsed_ns {
                return Poll::Ready(());
            }
            if waiting.is_none() {
                time.awaited_ns.push(self.when_ns);
                waiting = Some(Waiting(self));
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Says that an alarm is waited for, until nobody does: the guest may ask and not wait.
struct Waiting<'a>(&'a Alarm);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut time = self.0.clock.lock();
        let place = time
            .awaited_ns
            .iter()
            .position(|when_ns| *when_ns == self.0.when_ns);
        if let Some(place) = place {
            time.awaited_ns.swap_remove(place);
        }
    }
}
