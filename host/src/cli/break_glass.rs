use jiff::SignedDuration;

use super::record::StoreArguments;
use super::sign::{Saying, SignArguments};
use super::{ExitCode, Failure, Output};
use crate::model::{Act, Verdict};

/// Signs that a stage is let go although its verdict is another one: breaks the glass
///
/// It takes several people, who each sign it, and holds for a short time. The verdict stays what it
/// is: every report, event and the history say that it was overridden, by whom and why.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint override 3f9a --reason 'production is down, this is the fix' --key ~/.ssh/id_ed25519
  holdpoint override 3f9a --stage freeze --reason 'INC-4711' --print > override.json")]
pub(super) struct Arguments {
    /// Identifier of the run, or its beginning
    #[arg(value_name = "RUN")]
    run: String,

    /// The stage [default: the first one that is not go]
    #[arg(long, value_name = "ID")]
    stage: Option<String>,

    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// Whole hours that it holds; the pipeline may take less
    #[arg(long, value_name = "HOURS", default_value_t = 4,
          value_parser = clap::value_parser!(i64).range(1..=24))]
    hours: i64,

    #[command(flatten)]
    sign: SignArguments,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    tokio::runtime::Handle::current().block_on(async {
        let saying = Saying::read(&arguments.store, &arguments.run).await?;
        let decision = saying.decision(arguments.stage.as_deref(), |decision| {
            decision.verdict != Verdict::Go
        })?;
        let binding = saying.binding(decision);
        let valid = SignedDuration::from_hours(arguments.hours);
        saying
            .say(
                &arguments.sign,
                (Act::Override, binding),
                Some(&arguments.reason),
                valid,
                output,
            )
            .await
    })
}
