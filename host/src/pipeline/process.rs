//! Runs one command and says exactly what became of it.
//!
//! A command has a process group of its own, an empty standard input, one pipe for both outputs and
//! an environment of which every variable was chosen. When it is over, nothing of it is left: what
//! stays behind is ended and said.

mod environment;
mod group;
mod output;
mod program;
mod running;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::clean_checkout::CleanCheckout;
use crate::model::{EffectId, EffectOutcome, RunId, Subject, Text};

pub use environment::{MissingVariable, chosen_environment};
pub use group::LeftProcess;
pub use output::{LINE_BYTES_MAX, OUTPUT_BYTES_MAX, Output, OutputLine};
pub use program::StartError;

/// Time between asking a command to end and ending it. Together with what follows it is below the
/// five seconds in which everything is over after a signal.
pub const GRACE_MS: u64 = 3_000;

/// One command of a stage, rendered.
#[derive(Clone, Copy, Debug)]
pub struct CommandCall<'a> {
    /// The program and its arguments.
    pub arguments: &'a [String],
    /// What [`chosen_environment`] gives.
    pub environment: &'a BTreeMap<OsString, OsString>,
    /// The run.
    pub run: &'a RunId,
    /// Which effect of it.
    pub effect: &'a EffectId,
    /// The idempotency key of the effect.
    pub key: &'a str,
    /// What is released.
    pub subject: &'a Subject,
    /// Time that it has.
    pub timeout: Duration,
}

/// What became of a command.
#[derive(Debug)]
pub struct CommandRecord {
    /// How it ended.
    pub end: CommandEnd,
    /// What it put out.
    pub output: Output,
    /// What stayed behind when it had ended.
    pub left: LeftBehind,
    /// From the start until everything of it was over.
    pub duration: Duration,
}

/// How a command ended.
#[derive(Debug)]
pub enum CommandEnd {
    /// It never began.
    NotStarted(StartError),
    /// By itself, with this code.
    Exited(i32),
    /// By this signal, which the host did not send.
    Signalled(i32),
    /// The host ended it because its time was over.
    TimedOut {
        /// The time that it had.
        timeout: Duration,
        /// Whether it had to be killed because it did not end when it was asked to.
        killed: bool,
    },
    /// The host ended it because somebody wanted everything to end.
    Cancelled {
        /// Whether it had to be killed because it did not end when it was asked to.
        killed: bool,
    },
}

/// Processes of a command that were there when the command itself had ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftBehind {
    /// How many were ended.
    pub ended: usize,
    /// The first of them.
    pub first: Vec<LeftProcess>,
    /// How many could not be ended: they belong to another user, or wait for a device.
    pub still_there: usize,
    /// Whether something that could not be found holds the output open.
    pub output_held: bool,
}

impl LeftBehind {
    /// Whether the command left nothing behind.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// For people; none when there is nothing to be said.
    #[must_use]
    pub fn words(&self) -> Option<Text> {
        let mut said = Vec::new();
        if self.ended > 0 {
            let names: Vec<String> = self
                .first
                .iter()
                .map(|process| process.name.terminal().to_string())
                .collect();
            said.push(format!(
                "{} stayed behind and {} ended: {}{}",
                counted(self.ended),
                if self.ended == 1 { "was" } else { "were" },
                names.join(", "),
                if names.len() < self.ended {
                    ", …"
                } else {
                    ""
                },
            ));
        }
        if self.still_there > 0 {
            said.push(format!("{} could not be ended", counted(self.still_there)));
        }
        if self.output_held {
            said.push("something that could not be found still holds the output open".to_owned());
        }
        (!said.is_empty()).then(|| Text::from(said.join("; ")))
    }
}

fn counted(processes: usize) -> String {
    if processes == 1 {
        "1 process".to_owned()
    } else {
        format!("{processes} processes")
    }
}

impl CommandEnd {
    /// Whether it did what it was to do.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Exited(0))
    }

    /// What the journal says of it.
    #[must_use]
    pub fn outcome(&self) -> EffectOutcome {
        let words = || Text::from(self.to_string());
        match self {
            Self::Exited(0) => EffectOutcome::Done,
            Self::NotStarted(_) => EffectOutcome::NotBegun(words()),
            Self::Exited(_)
            | Self::Signalled(_)
            | Self::TimedOut { .. }
            | Self::Cancelled { .. } => EffectOutcome::Failed(words()),
        }
    }
}

impl fmt::Display for CommandEnd {
    /// For people: a lowercase fragment.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let killed = |killed: &bool| {
            if *killed {
                "did not end when asked to and was killed"
            } else {
                "ended when asked to"
            }
        };
        match self {
            Self::NotStarted(error) => write!(formatter, "it never began: {error}"),
            Self::Exited(code) => write!(formatter, "it exited with {code}"),
            Self::Signalled(signal) => write!(
                formatter,
                "it was killed by {}",
                running::signal_name(*signal)
            ),
            Self::TimedOut {
                timeout,
                killed: was_killed,
            } => write!(
                formatter,
                "it was not done after {}: it {}",
                super::quantity::Span(*timeout),
                killed(was_killed)
            ),
            Self::Cancelled { killed: was_killed } => {
                write!(formatter, "it was cancelled: it {}", killed(was_killed))
            }
        }
    }
}

/// Runs a command in a checkout until it has ended, its time is over, or `cancelled` becomes true;
/// then nothing of it is left. `progress` is told what it puts out while it does, and must not
/// wait. A call that is dropped kills the command at once.
///
/// After `cancelled` everything is over within five seconds.
pub async fn run_command(
    call: CommandCall<'_>,
    checkout: &CleanCheckout,
    progress: &(dyn Fn(OutputLine) + Sync),
    mut cancelled: watch::Receiver<bool>,
) -> CommandRecord {
    let started = Instant::now();
    let environment = environment::of_call(&call, checkout);
    let begun = program::find(call.arguments, checkout.folder(), &environment);
    let begun = match begun {
        Ok(program) => running::start(&program, &call, &environment, checkout).await,
        Err(error) => Err(error),
    };
    let record = |end, output, left| CommandRecord {
        end,
        output,
        left,
        duration: started.elapsed(),
    };
    match begun {
        Err(error) => record(
            CommandEnd::NotStarted(error),
            Output::default(),
            LeftBehind::default(),
        ),
        Ok(mut running) => {
            let deadline = started + call.timeout;
            let end = running
                .watch(progress, (deadline, call.timeout), &mut cancelled)
                .await;
            let (output, left) = running.finish(progress);
            record(end, output, left)
        }
    }
}
