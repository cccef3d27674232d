use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The bounds on one plugin call. Each has a default that lets a plugin written in JavaScript live
/// and a test that trips it; the pipeline file's `limits` sets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Units of fuel, about one WebAssembly instruction each; deterministic.
    pub fuel: u64,
    /// Wall-clock time of the whole call, host calls included.
    pub timeout: Duration,
    /// Memories and tables of the call together, in bytes.
    pub memory_bytes: u64,
    /// One answer, in bytes.
    pub answer_bytes: u64,
    /// Items of one answer: findings, factors, edits, messages, steps.
    pub answer_items: u64,
    /// One text in an answer, in bytes.
    pub text_bytes: u64,
    /// Log lines.
    pub log_lines: u64,
    /// Log lines, standard output and standard error together, in bytes.
    pub log_bytes: u64,
    /// Calls from the guest to the host.
    pub host_calls: u64,
    /// Bytes handed to the guest by all host calls together.
    pub host_call_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 10_000_000_000,
            timeout: Duration::from_secs(30),
            memory_bytes: 256 << 20,
            answer_bytes: 8 << 20,
            answer_items: 10_000,
            text_bytes: 1 << 20,
            log_lines: 1_000,
            log_bytes: 256 << 10,
            host_calls: 100_000,
            host_call_bytes: 512 << 20,
        }
    }
}
