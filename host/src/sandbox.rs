//! Runs one call of one plugin in a store of its own, with everything denied that was not given.
//!
//! [`Sandbox::load`] refuses what asks for too much before any of it runs; [`Loaded::call`] always
//! comes back, with an [`Outcome`](crate::model::Outcome) and what the call used.

mod answer;
mod bindings;
mod call;
mod capture;
mod clock;
mod compile;
mod failure;
mod limits;
mod load;
mod machine_code;
mod meter;
mod state;
mod tree;
mod wasi;

pub use call::{Call, CallRecord, Input};
pub use capture::{LogLevel, LogLine};
pub use compile::{
    COMPILE_PROCESSOR_TIME_BASE, COMPILE_PROCESSOR_TIME_PER_MEBIBYTE, CompileLimit, CompileLimits,
    Compiler, compile_confined,
};
pub use limits::Limits;
pub use load::{LoadError, Loaded, Sandbox};
