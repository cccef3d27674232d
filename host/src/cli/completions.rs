use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{ExitCode, Failure, Output};

/// Writes a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint completions bash > ~/.local/share/bash-completion/completions/holdpoint
  holdpoint completions fish > ~/.config/fish/completions/holdpoint.fish
  holdpoint completions zsh > \"${fpath[1]}/_holdpoint\"")]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let mut command = super::Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "holdpoint", &mut script);
    output.put_bytes(&script)?;
    Ok(ExitCode::GO)
}
