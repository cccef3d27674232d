use std::num::NonZeroUsize;

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
    let mut config = Config::new();
    config
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
