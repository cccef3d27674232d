use super::cache::{CacheArguments, sandbox};
use super::configuration::ConfigurationArguments;
use super::network::NetworkArguments;
use super::record::{Reading, StoreArguments};
use super::run::ReleaseArguments;
use super::{ExitCode, Failure, Format, Output};
use crate::pipeline::{self, Configuration};
use crate::release::{Query, Repository, Start};
use crate::report::human_check;
use crate::report::json::CheckReport;

/// Explains what a run would do, without calling a plugin
///
/// Shows where the configuration comes from and whether it is trusted, where the range would begin,
/// the stages with who has to approve them, what they do, their plugins, rules and limits, and the
/// waivers. Everything that a run would refuse is refused here.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint check
  holdpoint check --pipeline origin/main:holdpoint.toml --target production
  holdpoint check --at 2027-01-31T00:00:00+01:00    which waivers hold then?")]
pub(super) struct Arguments {
    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Format,

    #[command(flatten)]
    release: ReleaseArguments,

    #[command(flatten)]
    configuration: ConfigurationArguments,

    #[command(flatten)]
    network: NetworkArguments,

    #[command(flatten)]
    store: StoreArguments,

    #[command(flatten)]
    cache: CacheArguments,
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let components = arguments.network.components(&arguments.cache)?;
    let flags = arguments.release.flags();
    let (repository, configuration) = arguments.configuration.load(&components, flags)?;
    // A component that a run would refuse is refused here.
    pipeline::prepare(&configuration, &sandbox(components.cache)?)?;
    let start = start(arguments, &repository, &configuration)?;
    let report = CheckReport::new(&configuration, start.as_ref(), arguments.release.time());
    match output.format {
        Format::Json => output.put_json(&report)?,
        Format::Human => {
            let mut page = output.page();
            human_check(&mut page, &report, output.detail);
            output.put(page)?;
        }
    }
    Ok(ExitCode::GO)
}

/// Where the range would start; none where the repository cannot be read that far: what decides is
/// in order all the same.
fn start(
    arguments: &Arguments,
    repository: &Repository,
    configuration: &Configuration,
) -> Result<Option<Start>, Failure> {
    let query = configuration.query(repository);
    let recorded = arguments
        .store
        .recorded(repository, &query, Reading::Releases);
    let recorded = tokio::runtime::Handle::current().block_on(recorded)?;
    let recorded = recorded.releases;
    match repository.start(&Query { recorded, ..query }) {
        Ok(start) => Ok(Some(start)),
        Err(error) => {
            tracing::warn!(%error, "where the range would begin is not known");
            Ok(None)
        }
    }
}
