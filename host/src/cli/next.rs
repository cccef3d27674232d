use semver::Prerelease;

use super::cache::CacheArguments;
use super::configuration::ConfigurationArguments;
use super::network::NetworkArguments;
use super::record::{Reading, StoreArguments};
use super::{ExitCode, Failure, Format, Output};
use crate::pipeline::Flags;
use crate::release::{self, NextQuery};
use crate::report::json::NextReport;
use crate::report::{Detail, human_next};

/// Prints the next version, and why
///
/// Standard output gets one line, the version, or nothing when nothing asks for a release; the
/// reasons go to standard error. Either way the exit code is 0.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint next
  version=$(holdpoint next --quiet)
  holdpoint next --pre rc --format json | jq --raw-output .tag")]
pub(super) struct Arguments {
    /// Revision that would be released [default: HEAD]
    #[arg(long, value_name = "REVISION")]
    to: Option<String>,

    /// Count only commits that touch this path, relative to the root of the repository
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// Count on from what is recorded as released there too, such as production
    #[arg(long, value_name = "NAME")]
    target: Option<String>,

    /// A pre-release of this name, such as rc
    #[arg(long, value_name = "NAME")]
    pre: Option<Prerelease>,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Format,

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
    let flags = Flags {
        to: arguments.to.clone(),
        path: arguments.path.clone(),
        target: arguments.target.clone(),
        ..Flags::default()
    };
    let components = arguments.network.components(&arguments.cache)?;
    let (repository, configuration) = arguments.configuration.load(&components, flags)?;
    let query = configuration.query(&repository);
    let recorded = arguments
        .store
        .recorded(&repository, &query, Reading::Releases);
    let recorded = tokio::runtime::Handle::current().block_on(recorded)?;
    let proposal = release::next(
        &repository,
        &NextQuery {
            to: query.to,
            path: query.path,
            tag: query.tag,
            versioning: query.versioning,
            initial: query.initial,
            pre_release: arguments.pre.clone(),
            recorded: recorded.releases,
        },
    )?;
    if output.format == Format::Json {
        output.put_json(&NextReport::new(&proposal))?;
        return Ok(ExitCode::GO);
    }
    if let Some(version) = &proposal.next {
        output.put_bytes(format!("{version}\n").as_bytes())?;
    }
    if output.detail > Detail::Brief || proposal.next.is_none() {
        let mut page = output.page();
        human_next(&mut page, &proposal);
        output.put_error(page);
    }
    Ok(ExitCode::GO)
}
