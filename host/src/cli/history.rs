use super::record::StoreArguments;
use super::{ExitCode, Failure, Format, Output};
use crate::model::RunState;
use crate::report::human_history;
use crate::report::json::HistoryReport;
use crate::store::Filter;

/// Runs that are shown where nobody says how many.
const RUNS_SHOWN: u32 = 20;

/// Lists the runs that are recorded, newest first
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint history
  holdpoint history --target production --count 100
  holdpoint history --in open --format json | jq --raw-output '.runs[].run'")]
pub(super) struct Arguments {
    /// Only runs of this project
    #[arg(long, value_name = "NAME")]
    project: Option<String>,

    /// Only runs on this target
    #[arg(long, value_name = "NAME")]
    target: Option<String>,

    /// Only runs in this state
    #[arg(long = "in", value_name = "STATE", value_parser = state)]
    in_state: Option<RunState>,

    /// How many
    #[arg(long, value_name = "NUMBER", default_value_t = RUNS_SHOWN)]
    count: u32,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Format,

    #[command(flatten)]
    store: StoreArguments,
}

fn state(name: &str) -> Result<RunState, String> {
    RunState::of_name(name)
        .ok_or_else(|| "expected open, finished, aborted or superseded".to_owned())
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let filter = Filter {
        project: arguments.project.clone(),
        target: arguments.target.clone(),
        state: arguments.in_state,
    };
    let (place, runs) = tokio::runtime::Handle::current().block_on(async {
        let store = arguments.store.open().await?;
        let runs = store.history(&filter, arguments.count).await?;
        Ok::<_, Failure>((store.place(), runs))
    })?;
    match output.format {
        Format::Json => output.put_json(&HistoryReport::new(place, &runs))?,
        Format::Human => {
            let mut page = output.page();
            human_history(&mut page, &place, &runs);
            output.put(page)?;
        }
    }
    Ok(ExitCode::GO)
}
