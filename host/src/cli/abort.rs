use super::record::{StoreArguments, holder, now};
use super::{ExitCode, Failure, Output};
use crate::model::{Effects, Progress, Record, RunState, Text};
use crate::pipeline::SittingError;
use crate::store::{Changes, Sat, SummaryChange};

/// Ends a run: no sitting goes on with it
///
/// Nothing is carried out and nothing is undone. What was carried out, or may have been, is said.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint abort 3f9a --reason 'the release is not needed any more'")]
pub(super) struct Arguments {
    /// Identifier of the run, or its beginning
    #[arg(value_name = "RUN")]
    run: String,

    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    tokio::runtime::Handle::current().block_on(async {
        let store = arguments.store.open().await?;
        let run = store.run(&arguments.run).await?;
        if run.state != RunState::Open {
            let (run, state) = (run.id, run.state);
            return Err(SittingError::Over { run, state }.into());
        }
        let holder = holder(None, now());
        let mut sitting = match store.sit(&run.id, &holder).await? {
            Sat::Won(sitting) => sitting,
            Sat::Taken(holder) => {
                let run = run.id;
                return Err(SittingError::Taken { run, holder }.into());
            }
        };
        let progress = Progress::of(&store.journal(&run.id).await?);
        let effects = match run.effects {
            Effects::None | Effects::Done => progress.without_undo(),
            known => known,
        };
        sitting.give_back().await?;
        sitting
            .write(Changes {
                entries: vec![(
                    now(),
                    Record::Aborted {
                        by: holder.user.clone(),
                        reason: Text::from(arguments.reason.as_str()),
                    },
                )],
                summary: Some(SummaryChange {
                    state: RunState::Aborted,
                    verdict: run.verdict,
                    overridden: run.overridden,
                    effects,
                }),
                ..Changes::default()
            })
            .await?;
        sitting.release().await?;
        let mut page = output.page();
        page.text(0, &format!("Run {} is ended.", run.id.short()));
        for (effect, state) in progress.effects() {
            page.text(
                2,
                &format!(
                    "{effect} is {}: {}",
                    state.name(),
                    state.intent().what.terminal()
                ),
            );
        }
        output.put(page)?;
        Ok(ExitCode::GO)
    })
}
