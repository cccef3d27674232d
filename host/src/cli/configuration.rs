#![expect(
    clippy::disallowed_methods,
    reason = "the command line owns the folder that it was called in, and hands it down"
)]

use std::path::PathBuf;

use super::Failure;
use crate::pipeline::{self, Configuration, Flags, Request};
use crate::release::Repository;

/// Where the release and what decides about it are read from.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "What decides")]
pub(super) struct ConfigurationArguments {
    /// Folder in the git repository
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    repo: PathBuf,

    /// Pipeline file: a path, or REF:PATH for a file at a ref
    ///
    /// Without it holdpoint.toml of the checkout is read, else the embedded pipeline. A file in the
    /// checkout is not trusted: the change under judgement could have written it.
    #[arg(long, value_name = "FILE")]
    pipeline: Option<String>,

    /// The organization's base policy, which a pipeline may only tighten: a path, or REF:PATH
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
}

impl ConfigurationArguments {
    /// Opens the repository and reads what decides.
    pub(super) fn load(&self, flags: Flags) -> Result<(Repository, Configuration), Failure> {
        let repository = Repository::open(&self.repo)?;
        let folder = std::env::current_dir().map_err(Failure::CurrentFolder)?;
        let configuration = pipeline::load(Request {
            repository: &repository,
            folder: &folder,
            pipeline: self.pipeline.as_deref(),
            policy: self.policy.as_deref(),
            flags,
        })?;
        Ok((repository, configuration))
    }
}
