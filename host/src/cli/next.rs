use std::path::PathBuf;

use semver::Prerelease;

use super::configuration::Configuration;
use super::{ExitCode, Failure, Format, Output};
use crate::release::{self, NextQuery, Repository};
use crate::report::json::NextReport;
use crate::report::{Page, human_next};

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
    #[command(flatten)]
    configuration: Configuration,

    /// Revision that would be released [default: HEAD]
    #[arg(long, value_name = "REVISION")]
    to: Option<String>,

    /// Count only commits that touch this path, relative to the root of the repository
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// A pre-release of this name, such as rc
    #[arg(long, value_name = "NAME")]
    pre: Option<Prerelease>,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Format,
}
