use std::io::{self, Write as _};

use super::{ExitCode, Failure};
use crate::model::Digest;
use crate::sandbox::compile_confined;

/// Compiles the component on standard input, for the process that started this one
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Digest of what the machine code will be run by
    #[arg(long)]
    compatibility: Digest,

    /// Seconds of processor time
    #[arg(long)]
    processor_seconds: u64,

    /// Bytes of address space
    #[arg(long)]
    address_space_bytes: u64,
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let compiled = compile_confined(
        arguments.processor_seconds,
        arguments.address_space_bytes,
        &arguments.compatibility,
        io::stdin().lock(),
    );
    match compiled {
        Ok((code, confinement)) => {
            let said = serde_json::json!(confinement).to_string();
            io::stderr()
                .write_all(said.as_bytes())
                .map_err(Failure::Output)?;
            let mut output = io::stdout().lock();
            output
                .write_all(&code)
                .and_then(|()| output.flush())
                .map_err(Failure::Output)?;
            Ok(ExitCode::GO)
        }
        Err(causes) => {
            io::stderr()
                .write_all(causes.as_bytes())
                .map_err(Failure::Output)?;
            Ok(ExitCode::USAGE)
        }
    }
}
