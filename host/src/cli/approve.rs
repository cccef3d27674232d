use jiff::SignedDuration;

use super::record::StoreArguments;
use super::sign::{Saying, SignArguments};
use super::{ExitCode, Failure, Output};
use crate::model::Act;

/// How long an approval holds where nobody says it, in hours; a stage may take less.
const VALID_HOURS: i64 = 72;

/// Approves a stage of a run, or refuses it, with an SSH key
///
/// Everything that the signature is bound to is shown first: the release, the stage, the commands to
/// be run, what was found. It counts only as long as all of that is as it was.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint approve 3f9a --key ~/.ssh/id_ed25519
  holdpoint approve 3f9a --stage deploy --refuse --reason 'the database is being moved' --key ~/.ssh/id_ed25519
  holdpoint approve 3f9a --print > approval.json
  ssh-keygen -Y sign -n holdpoint-approval@v1 -f ~/.ssh/id_ed25519 approval.json
  holdpoint approve 3f9a --document approval.json --signature approval.json.sig")]
pub(super) struct Arguments {
    /// Identifier of the run, or its beginning
    #[arg(value_name = "RUN")]
    run: String,

    /// The stage [default: the first one that waits for an approval]
    #[arg(long, value_name = "ID")]
    stage: Option<String>,

    /// Say no: the stage is a no-go until you take it back
    #[arg(long, requires = "reason", conflicts_with = "withdraw")]
    refuse: bool,

    /// Take back what you said of the stage before
    #[arg(long, requires = "reason")]
    withdraw: bool,

    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Whole hours that the approval holds
    #[arg(long, value_name = "HOURS", default_value_t = VALID_HOURS,
          value_parser = clap::value_parser!(i64).range(1..=720))]
    hours: i64,

    #[command(flatten)]
    sign: SignArguments,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let act = match (arguments.refuse, arguments.withdraw) {
        (true, _) => Act::Refuse,
        (_, true) => Act::Withdraw,
        _ => Act::Approve,
    };
    tokio::runtime::Handle::current().block_on(async {
        let saying = Saying::read(&arguments.store, &arguments.run).await?;
        let decision = saying.decision(arguments.stage.as_deref(), |decision| {
            !decision.missing.is_empty()
        })?;
        let binding = saying.binding(decision);
        let valid = SignedDuration::from_hours(arguments.hours);
        saying
            .say(
                &arguments.sign,
                (act, binding),
                arguments.reason.as_deref(),
                valid,
                output,
            )
            .await
    })
}
