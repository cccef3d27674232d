//! The command line: one file a command, and what a process owes its caller around them: an exit
//! code, output that goes where it belongs, words for what went wrong, an orderly end on a signal.

mod abort;
mod approve;
mod break_glass;
mod cache;
mod check;
mod compile;
mod completions;
mod configuration;
mod defect;
mod doctor;
mod exit_code;
mod failure;
mod history;
mod logging;
mod moment;
mod network;
mod next;
mod output;
mod plugin;
mod privacy;
mod progress;
mod record;
mod resume;
mod run;
mod sign;
mod signal;
mod signature;
mod sit;
mod status;

use clap::{ArgAction, Parser, Subcommand};

pub use defect::{describe, guard};
pub use exit_code::ExitCode;

use failure::Failure;
use logging::LogFormat;
use output::{ColorChoice, Format, Output};
use signal::Cancellation;

/// The WebAssembly plugin host for release pipelines: says go or no-go to a release, and why.
#[derive(Debug, Parser)]
#[command(name = "holdpoint", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    global: Global,
}

const EXIT_CODES: &str = "\
Exit codes:
  0 go  1 no-go  2 usage or configuration error  3 fault  4 wait  5 an effect was undone
  6 a person is needed  130 interrupted  143 terminated";

/// What every command understands.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Output")]
struct Global {
    /// Say more; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,

    /// Say only what is needed
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Form of the log on standard error
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    log_format: LogFormat,

    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Check(check::Arguments),
    Next(next::Arguments),
    Status(status::Arguments),
    Resume(resume::Arguments),
    Approve(approve::Arguments),
    Override(break_glass::Arguments),
    Abort(abort::Arguments),
    History(history::Arguments),
    Plugin(plugin::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
    #[command(hide = true)]
    CompileComponent(compile::Arguments),
}

impl Command {
    fn format(&self) -> Format {
        match self {
            Self::Run(arguments) => arguments.format,
            Self::Check(arguments) => arguments.format,
            Self::Next(arguments) => arguments.format,
            Self::Status(arguments) => arguments.format,
            Self::Resume(arguments) => arguments.format,
            Self::History(arguments) => arguments.format,
            Self::Doctor(arguments) => arguments.format,
            Self::Plugin(arguments) => match arguments.format() {
                plugin::Form::Human => Format::Human,
                plugin::Form::Json => Format::Json,
            },
            Self::Approve(_)
            | Self::Override(_)
            | Self::Abort(_)
            | Self::Completions(_)
            | Self::CompileComponent(_) => Format::Human,
        }
    }

    fn execute(&self, output: Output, cancellation: &Cancellation) -> Result<ExitCode, Failure> {
        match self {
            Self::Run(arguments) => run::execute(arguments, output, cancellation),
            Self::Resume(arguments) => resume::execute(arguments, output, cancellation),
            Self::Status(arguments) => status::execute(arguments, output),
            Self::Approve(arguments) => approve::execute(arguments, output),
            Self::Override(arguments) => break_glass::execute(arguments, output),
            Self::Abort(arguments) => abort::execute(arguments, output),
            Self::History(arguments) => history::execute(arguments, output),
            Self::Check(arguments) => check::execute(arguments, output),
            Self::Next(arguments) => next::execute(arguments, output),
            Self::Plugin(arguments) => plugin::execute(arguments, output),
            Self::Doctor(arguments) => doctor::execute(arguments, output),
            Self::Completions(arguments) => completions::execute(arguments, output),
            Self::CompileComponent(arguments) => compile::execute(arguments),
        }
    }
}

/// Does what the process's arguments ask for.
#[must_use]
pub fn main() -> ExitCode {
    guard(|| {
        let arguments = match Arguments::try_parse() {
            Ok(arguments) => arguments,
            Err(error) => return failure::usage(&error),
        };
        let output = Output::new(&arguments.global, arguments.command.format());
        logging::start(&arguments.global);
        // The process that compiles is given nothing that could be kept.
        if !matches!(arguments.command, Command::CompileComponent(_)) {
            privacy::keep();
        }
        match signal::heed(move |cancellation| {
            arguments
                .command
                .execute(output, &cancellation)
                .unwrap_or_else(|failure| failure.report(output))
        }) {
            Ok(code) => code,
            Err(failure) => failure.report(Output::bare()),
        }
    })
}
