#![expect(
    clippy::disallowed_methods,
    reason = "the command line owns the folder that it was called in, and hands it down"
)]

use std::path::PathBuf;

use super::Failure;
use crate::model::{Invocation, Text};
use crate::pipeline::{self, Configuration, Flags, Request};
use crate::plugin::components::Components;
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
    pub(super) pipeline: Option<String>,

    /// The organization's base policy, which a pipeline may only tighten: a path, or REF:PATH
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<String>,
}

impl ConfigurationArguments {
    /// Opens the repository and reads what decided when a run was asked for, from where it was read
    /// then; what the options name now counts before that.
    pub(super) fn load_again(
        &self,
        invocation: &Invocation,
        components: &Components,
        flags: Flags,
    ) -> Result<(Repository, Configuration), Failure> {
        let then = |now: &Option<String>, then: &Option<Text>| {
            let then = then.as_ref().map(|then| then.raw().to_owned());
            now.clone().or(then)
        };
        let again = Self {
            repo: self.repo.clone(),
            pipeline: then(&self.pipeline, &invocation.pipeline),
            policy: then(&self.policy, &invocation.policy),
        };
        let folder = invocation.folder.as_ref();
        let folder = folder.map(|folder| PathBuf::from(folder.raw()));
        again.load_from(
            components,
            flags,
            folder.filter(|_| self.pipeline.is_none() && self.policy.is_none()),
        )
    }

    /// Opens the repository and reads what decides.
    pub(super) fn load(
        &self,
        components: &Components,
        flags: Flags,
    ) -> Result<(Repository, Configuration), Failure> {
        self.load_from(components, flags, None)
    }

    /// The same, with paths of options relative to a folder: the current one where none is given.
    fn load_from(
        &self,
        components: &Components,
        flags: Flags,
        folder: Option<PathBuf>,
    ) -> Result<(Repository, Configuration), Failure> {
        let repository = Repository::open(&self.repo)?;
        let folder = match folder {
            Some(folder) => folder,
            None => std::env::current_dir().map_err(Failure::CurrentFolder)?,
        };
        let configuration = pipeline::load(Request {
            repository: &repository,
            folder: &folder,
            pipeline: self.pipeline.as_deref(),
            policy: self.policy.as_deref(),
            components: Some(components),
            flags,
        })?;
        Ok((repository, configuration))
    }
}
