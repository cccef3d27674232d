//! What a call may use, summed over the whole call.

use std::fmt;

use wasmtime::{ResourceLimiter, Result};

use crate::model::{LimitKind, Limits, Outcome};

/// Core instances of one call at most. A Python guest needs 38.
const INSTANCES_MAX: usize = 64;
/// Linear memories of one call at most: each reserves address space, however small it is.
pub(super) const MEMORIES_MAX: usize = 16;
/// Tables of one call at most.
pub(super) const TABLES_MAX: usize = 64;
/// What one table element is charged with, in bytes: the size of a pointer, and room for its type.
const TABLE_ELEMENT_BYTES: u64 = 16;

/// What a call to the host is charged with in a transcript, in bytes, beside its texts: about what it
/// has there.
const HOST_CALL_BYTES: u64 = 128;
/// Bytes of the host calls in the transcript of one call at most. As many calls as the default allows
/// have room; a guest that makes up long paths has not. Counted whether a transcript is kept or not,
/// so that nothing else depends on it.
const TRANSCRIPT_BYTES_MAX: u64 = 16 << 20;

/// A bound was crossed: the call ends with this outcome.
#[derive(Clone, Debug)]
pub(super) enum Exceeded {
    /// Memories and tables together.
    Memory { limit_bytes: u64 },
    /// What crosses the boundary.
    Output { what: LimitKind, limit: u64 },
}

impl From<Exceeded> for Outcome {
    fn from(exceeded: Exceeded) -> Self {
        match exceeded {
            Exceeded::Memory { limit_bytes } => Self::OutOfMemory { limit_bytes },
            Exceeded::Output { what, limit } => Self::TooMuchOutput { what, limit },
        }
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { limit_bytes } => {
                write!(formatter, "more than {limit_bytes} bytes of memory")
            }
            Self::Output { what, limit } => write!(formatter, "more than {limit} of {what:?}"),
        }
    }
}

impl std::error::Error for Exceeded {}

/// Sums the memories and tables of a call. A limiter of the engine's own would hold each memory
/// alone to the bound, so that ten memories have ten times as much.
#[expect(
    clippy::struct_field_names,
    reason = "the unit stands last in every name"
)]
pub(super) struct MemoryMeter {
    used_bytes: u64,
    peak_bytes: u64,
    limit_bytes: u64,
}

impl MemoryMeter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            used_bytes: 0,
            peak_bytes: 0,
            limit_bytes: limits.memory_bytes,
        }
    }

    pub(super) fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    /// Growth beyond the bound ends the call at once. A refusal would be a plain `unreachable` in
    /// most guests, and its author would not learn why.
    fn grow(&mut self, current_bytes: u64, desired_bytes: u64) -> Result<bool> {
        let used_bytes = self
            .used_bytes
            .saturating_add(desired_bytes.saturating_sub(current_bytes));
        if used_bytes > self.limit_bytes {
            return Err(Exceeded::Memory {
                limit_bytes: self.limit_bytes,
            }
            .into());
        }
        self.used_bytes = used_bytes;
        self.peak_bytes = self.peak_bytes.max(used_bytes);
        Ok(true)
    }
}

impl ResourceLimiter for MemoryMeter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        self.grow(bytes(current), bytes(desired))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        self.grow(
            bytes(current).saturating_mul(TABLE_ELEMENT_BYTES),
            bytes(desired).saturating_mul(TABLE_ELEMENT_BYTES),
        )
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        TABLES_MAX
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX
    }
}

/// Counts the calls from the guest to the host, and what the host answers.
pub(super) struct Budget {
    calls: u64,
    bytes: u64,
    transcript_bytes: u64,
    limits: Limits,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            calls: 0,
            bytes: 0,
            transcript_bytes: 0,
            limits: *limits,
        }
    }

    /// One more call was answered with so many bytes; its texts have so many in a transcript.
    pub(super) fn answered(
        &mut self,
        answer_bytes: usize,
        text_bytes: u64,
    ) -> Result<(), Exceeded> {
        self.calls += 1;
        if self.calls > self.limits.host_calls {
            return Err(Exceeded::Output {
                what: LimitKind::HostCalls,
                limit: self.limits.host_calls,
            });
        }
        self.bytes = self.bytes.saturating_add(bytes(answer_bytes));
        if self.bytes > self.limits.host_call_bytes {
            let limit = self.limits.host_call_bytes;
            return Err(Exceeded::Output {
                what: LimitKind::HostCallBytes,
                limit,
            });
        }
        self.transcript_bytes = self
            .transcript_bytes
            .saturating_add(HOST_CALL_BYTES.saturating_add(text_bytes));
        if self.transcript_bytes > TRANSCRIPT_BYTES_MAX {
            return Err(Exceeded::Output {
                what: LimitKind::TranscriptBytes,
                limit: TRANSCRIPT_BYTES_MAX,
            });
        }
        Ok(())
    }
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
