use std::sync::Arc;

use super::failure::Lacking;
use super::record::StoreArguments;
use super::{ExitCode, Failure, Format, Output};
use crate::model::{CallEntry, Entry, Record, RunSummary, Text, Transcript};
use crate::report::json::{StatusReport, TranscriptReport};
use crate::report::{human_status, human_transcript};
use crate::store::{Filter, Store};

/// Shows what is recorded of a run, or everything that crossed the boundary in one call of a plugin
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint status
  holdpoint status 3f9a
  holdpoint status 3f9a --plugin change-risk
  holdpoint status 3f9a --format json | jq .effects")]
pub(super) struct Arguments {
    /// Identifier of the run, or its beginning [default: the run that was made last]
    #[arg(value_name = "RUN")]
    run: Option<String>,

    /// Show the last call of this plugin: what it was asked and given, what it answered
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Format,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    tokio::runtime::Handle::current().block_on(async {
        let store = arguments.store.open().await?;
        let run = match &arguments.run {
            Some(run) => store.run(run).await?,
            None => store
                .history(&Filter::default(), 1)
                .await?
                .pop()
                .ok_or(Lacking::Recorded)?,
        };
        let entries = store.journal(&run.id).await?;
        match &arguments.plugin {
            Some(plugin) => show_call(&store, &run, &entries, plugin, output).await?,
            None => show_run(&store, &run, &entries, output).await?,
        }
        Ok(ExitCode::GO)
    })
}

async fn show_run(
    store: &Arc<dyn Store>,
    run: &RunSummary,
    entries: &[Entry],
    output: Output,
) -> Result<(), Failure> {
    let statements = store.statements(&run.id).await?;
    let messages = store.messages(&run.id).await?;
    let report = StatusReport::new(store.place(), run, entries, &statements, &messages);
    match output.format {
        Format::Json => output.put_json(&report),
        Format::Human => {
            let mut page = output.page();
            human_status(&mut page, run, entries, &report, output.detail);
            output.put(page)
        }
    }
}

/// Shows the transcript of the last recorded call of a plugin.
async fn show_call(
    store: &Arc<dyn Store>,
    run: &RunSummary,
    entries: &[Entry],
    plugin: &str,
    output: Output,
) -> Result<(), Failure> {
    let calls = entries.iter().flat_map(|entry| match &entry.record {
        Record::Decided(decision) => decision.calls.as_slice(),
        Record::Measured(measured) => measured.calls.as_slice(),
        _ => &[],
    });
    let lacking = || Lacking::Call {
        run: run.id.clone(),
        plugin: Text::from(plugin),
    };
    let call: &CallEntry = calls
        .rev()
        .find(|call| call.plugin == plugin)
        .ok_or_else(lacking)?;
    let digest = call.transcript.ok_or_else(lacking)?;
    let bytes = store.document(&digest).await?.ok_or_else(lacking)?;
    let transcript = Transcript::read(&bytes).map_err(Failure::Transcript)?;
    match output.format {
        Format::Json => output.put_json(&TranscriptReport::new(&transcript, call.duration_ms)),
        Format::Human => {
            let mut page = output.page();
            human_transcript(&mut page, &transcript, call.duration_ms);
            output.put(page)
        }
    }
}
