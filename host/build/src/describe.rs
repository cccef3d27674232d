use serde_json::Value;
use wasmtime::{Config, Engine, Linker, Module, Store, StoreLimits, StoreLimitsBuilder};

use crate::SCHEMA_BYTES_MAX;

/// The most fuel that a describing module may use.
const FUEL_MAX: u64 = 500_000_000;
/// The most memory that a describing module may use, in bytes.
const MEMORY_BYTES_MAX: usize = 64 << 20;

/// Why a plugin's settings schema could not be had from its describing build.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    /// The export of the SDK's macro is not there.
    #[error("has no export `holdpoint_describe`")]
    NotExported,
    /// It could not be run to its end.
    #[error("could not be run")]
    Run(#[source] wasmtime::Error),
    /// It points outside its memory, or to too much of it.
    #[error(
        "gives {bytes} bytes at {address}, which is outside its memory or more than {SCHEMA_BYTES_MAX}"
    )]
    Range {
        /// Where.
        address: usize,
        /// How many.
        bytes: usize,
    },
    /// It does not give JSON.
    #[error("does not give JSON")]
    Malformed(#[source] serde_json::Error),
}

/// Runs the describing build of a plugin, a core module, and reads the settings schema that it
/// gives. Every import traps, and fuel and memory are bounded: it is code like any other plugin's.
pub(crate) fn settings_schema(module: &[u8]) -> Result<Value, DescribeError> {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).map_err(DescribeError::Run)?;
    let module = Module::new(&engine, module).map_err(DescribeError::Run)?;
    let limits: StoreLimits = StoreLimitsBuilder::new()
        .memory_size(MEMORY_BYTES_MAX)
        .build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    store.set_fuel(FUEL_MAX).map_err(DescribeError::Run)?;
    let mut linker = Linker::new(&engine);
    linker
        .define_unknown_imports_as_traps(&module)
        .map_err(DescribeError::Run)?;
    let instance = linker
        .instantiate(&mut store, &module)
        .map_err(DescribeError::Run)?;
    let describe = instance
        .get_typed_func::<(), u64>(&mut store, "holdpoint_describe")
        .map_err(|_| DescribeError::NotExported)?;
    let place = describe.call(&mut store, ()).map_err(DescribeError::Run)?;
    let memory = instance
        .get_memory(&mut store, "memory")
        .ok_or(DescribeError::NotExported)?;
    let [address, bytes] = [place >> 32, place & u64::from(u32::MAX)]
        .map(|half| usize::try_from(half).unwrap_or(usize::MAX));
    let json = address
        .checked_add(bytes)
        .filter(|_| bytes <= SCHEMA_BYTES_MAX)
        .and_then(|end| memory.data(&store).get(address..end))
        .ok_or(DescribeError::Range { address, bytes })?;
    serde_json::from_slice(json).map_err(DescribeError::Malformed)
}
