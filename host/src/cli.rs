//! The command line.

mod defect;
mod exit_code;

pub use defect::{describe, guard};
pub use exit_code::ExitCode;
