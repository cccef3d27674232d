//! The `holdpoint` program: see the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    holdpoint::cli::main().into()
}
