use super::cache::{CacheArguments, sandbox};
use super::configuration::ConfigurationArguments;
use super::run::ReleaseArguments;
use super::{ExitCode, Failure, Format, Output};
use crate::pipeline;
use crate::report::human_check;
use crate::report::json::CheckReport;

/// Explains what a run would do, without calling a plugin
///
/// Shows where the configuration comes from and whether it is trusted, the stages with their
/// plugins, rules and limits, and the waivers. Everything that a run would refuse is refused here.
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
    cache: CacheArguments,
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let (_, configuration) = arguments.configuration.load(arguments.release.flags())?;
    // A component that a run would refuse is refused here.
    pipeline::prepare(&configuration, &sandbox(arguments.cache.open())?)?;
    let report = CheckReport::new(&configuration, arguments.release.time());
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
