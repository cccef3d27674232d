//! The command line.

mod exit_code;

pub use exit_code::ExitCode;
