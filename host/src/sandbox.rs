//! Runs one call of one plugin in a store of its own, with everything denied that was not given.

mod engine;
mod limits;

pub use engine::{Call, CallRecord, Input, LoadError, Loaded, LogLevel, LogLine, Sandbox};
pub use limits::Limits;
