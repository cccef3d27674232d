use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::capture::{Capture, Stream};
use super::clock::Clock;
use super::evidence::GrantedEvidence;
use super::meter::{Budget, MemoryMeter};
use super::network::GrantedNetwork;
use super::record::Recorder;
use super::tree::GrantedTree;
use crate::model::{HostAnswer, HostQuestion, Limits, PastRelease, Release};

/// Handles that a guest may hold at once, of the host's resources and of its own.
pub(super) const HANDLES_MAX: usize = 4_096;
/// Bytes that a guest may ask the random generator for at once.
const RANDOM_BYTES_MAX: u64 = 64 << 10;

/// What of the world one call reaches beyond the release itself: nothing that is not granted.
pub(super) struct Reach {
    pub(super) tree: GrantedTree,
    pub(super) evidence: GrantedEvidence,
    /// Earlier releases, newest first. What may not know them cannot import the function.
    pub(super) history: Arc<[PastRelease]>,
    pub(super) network: GrantedNetwork,
}

/// What one call keeps beside its store.
pub(super) struct State {
    pub(super) release: Arc<Release>,
    pub(super) memory: MemoryMeter,
    pub(super) recorder: Recorder,
    pub(super) capture: Capture,
    pub(super) clock: Clock,
    pub(super) table: ResourceTable,
    pub(super) reach: Reach,
    pub(super) budget: Budget,
    wasi: WasiCtx,
}

impl State {
    pub(super) fn new(
        release: Arc<Release>,
        reach: Reach,
        limits: &Limits,
        seed: [u8; 32],
        recorder: Recorder,
    ) -> Self {
        let capture = Capture::new(limits);
        let clock = Clock::new(Duration::from_secs(clock_start(&release)));
        let mut insecure_seed = [0; 16];
        insecure_seed.copy_from_slice(&seed[..16]);
        // Nothing is inherited: no environment, no arguments, no folders, an empty standard input,
        // no sockets.
        let wasi = WasiCtxBuilder::new()
            .stdout(capture.stream(Stream::Output))
            .stderr(capture.stream(Stream::Error))
            .wall_clock(clock.clone())
            .secure_random(ChaCha20Rng::from_seed(seed))
            .insecure_random(ChaCha20Rng::from_seed(seed))
            .insecure_random_seed(u128::from_le_bytes(insecure_seed))
            .max_random_size(RANDOM_BYTES_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES_MAX);
        Self {
            release,
            memory: MemoryMeter::new(limits),
            recorder,
            capture,
            clock,
            table,
            reach,
            budget: Budget::new(limits),
            wasi,
        }
    }

    /// A call to the host can be answered with so many bytes: counts it, and records it before the
    /// guest has its answer. `answer` is worked out only where it is recorded.
    pub(super) fn answered(
        &mut self,
        asked: HostQuestion,
        bytes: usize,
        answer: impl FnOnce() -> HostAnswer,
    ) -> wasmtime::Result<()> {
        self.budget.answered(bytes, asked.text_bytes())?;
        Ok(self.recorder.answered(asked, answer)?)
    }

    /// The same for an answer that stands in a transcript itself.
    pub(super) fn answered_whole(
        &mut self,
        asked: HostQuestion,
        answer: &HostAnswer,
    ) -> wasmtime::Result<()> {
        let text_bytes = asked.text_bytes().saturating_add(answer.text_bytes());
        let bytes = usize::try_from(answer.bytes()).unwrap_or(usize::MAX);
        self.budget.answered(bytes, text_bytes)?;
        Ok(self.recorder.answered(asked, || answer.clone())?)
    }

    /// The same for items of the subject.
    pub(super) fn answered_items(
        &mut self,
        asked: HostQuestion,
        items: usize,
        bytes: usize,
    ) -> wasmtime::Result<()> {
        self.answered(asked, bytes, || HostAnswer::Items {
            items: u32::try_from(items).unwrap_or(u32::MAX),
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
        })
    }
}

/// Where a guest's clocks begin, in seconds since 1970-01-01T00:00:00Z.
pub(super) fn clock_start(release: &Release) -> u64 {
    u64::try_from(release.circumstances.time.as_second()).unwrap_or(0)
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}
