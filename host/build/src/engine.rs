use std::hash::{Hash as _, Hasher};
use std::num::NonZeroUsize;

use sha2::{Digest as _, Sha256};
use wasmtime::{Config, Engine, OptLevel, Result};

/// Stack of one guest, in bytes. Deep enough for a JavaScript engine; a guest that recurses
/// further traps.
const WASM_STACK_BYTES: usize = 1 << 20;

/// Stack of the fiber that a guest and the host functions it calls run on, in bytes.
const ASYNC_STACK_BYTES: usize = 2 << 20;

/// Frames of a guest's backtrace that are kept.
const BACKTRACE_FRAMES_MAX: usize = 32;

/// The engine that compiles and runs plugins. There is one configuration, so that what one process
/// compiles another can run, and so that the same call uses the same fuel everywhere.
///
/// # Errors
///
/// When this machine cannot run the engine.
pub fn engine() -> Result<Engine> {
    engine_for(&target_lexicon::HOST.to_string())
}

/// The same engine for another kind of machine, which it can compile for and not run on.
///
/// The target is named also where it is this machine: the engine would otherwise use whatever this
/// processor has beyond its architecture, and what the build compiles could not run elsewhere.
///
/// # Errors
///
/// When the target is not known, or is another architecture than this one.
pub fn engine_for(target: &str) -> Result<Engine> {
    let mut config = Config::new();
    config
        .target(target)?
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(ASYNC_STACK_BYTES)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES_MAX))
        // Determinism: the same call gives the same bytes and uses the same fuel.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .memory_init_cow(true)
        .cranelift_opt_level(OptLevel::Speed)
        // What plugins do not need is what an attacker cannot use.
        .concurrency_support(false)
        .wasm_memory64(false);
    Engine::new(&config)
}

/// A digest of everything that machine code depends on beside the component: the engine's version,
/// its configuration and the target. An engine runs code that was made under its own digest only.
#[must_use]
pub fn compatibility(engine: &Engine) -> [u8; 32] {
    let mut hasher = Sha256Hasher::default();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}

/// Takes what the engine gives to a hash table, for a digest instead.
#[derive(Default)]
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Nobody asks for the short form.
    fn finish(&self) -> u64 {
        0
    }
}

/// The WASI 0.2 interfaces that the host links, all of them virtual: what the standard libraries of
/// guest languages name, and nothing else.
pub const VIRTUAL_WASI: [&str; 27] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];
