#![expect(
    clippy::disallowed_methods,
    reason = "the command line owns the environment and the clock, and hands both down"
)]

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::Failure;
use super::cache::user_folder;
use super::failure::Lacking;
use crate::model::{ContinuousIntegration, Holder, RunSummary, Text};
use crate::pipeline::{Configuration, HISTORY_RUNS_MAX};
use crate::release::bounds::EARLIER_RELEASES_MAX;
use crate::release::{Query, Repository};
use crate::store::{self, Store};

/// How a `PostgreSQL` store is written.
const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];

/// Where runs are recorded.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Where runs are recorded")]
#[expect(
    clippy::doc_markdown,
    reason = "what stands there is the text of --help"
)]
pub(super) struct StoreArguments {
    /// Folder of the store, or the address of a PostgreSQL database: postgres://USER@HOST/NAME
    /// [default: holdpoint in the state folder of the user, such as ~/.local/state]
    #[arg(
        long,
        value_name = "PLACE",
        env = "HOLDPOINT_STORE",
        hide_env_values = true
    )]
    store: Option<String>,

    /// Carry the run in this file instead, from one machine to the next
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    state: Option<PathBuf>,
}

impl StoreArguments {
    /// Opens the store, and makes what is missing of it.
    pub(super) async fn open(&self) -> Result<Arc<dyn Store>, Failure> {
        if let Some(file) = &self.state {
            return Ok(store::open_file(file).await?);
        }
        let named = self.store.as_deref().filter(|place| !place.is_empty());
        match named {
            Some(url) if POSTGRES.iter().any(|scheme| url.starts_with(scheme)) => {
                Ok(store::open_postgres(url).await?)
            }
            Some(folder) => Ok(store::open_folder(folder.as_ref()).await?),
            None => match user_folder("XDG_STATE_HOME", ".local/state") {
                Some(folder) => Ok(store::open_folder(&folder).await?),
                None => Err(Lacking::StateFolder.into()),
            },
        }
    }

    /// Opens the store to read what is recorded, for what records nothing itself: none where there is
    /// no store. Nothing is made. One that cannot be read is an error where the operator named it,
    /// else a warning: a rehearsal in a place where there is nothing to be read still says much.
    pub(super) async fn open_to_read(&self) -> Result<Option<Arc<dyn Store>>, Failure> {
        match self.read().await {
            Ok(None) if self.is_named() => {
                tracing::warn!(
                    "nothing is recorded yet in the place that `--store` or `--state` names"
                );
                Ok(None)
            }
            Ok(store) => Ok(store),
            Err(error) if self.is_named() => Err(error),
            Err(error) => {
                tracing::warn!("what is recorded is not known here: {}", error.words());
                Ok(None)
            }
        }
    }

    async fn read(&self) -> Result<Option<Arc<dyn Store>>, Failure> {
        if let Some(file) = &self.state {
            return Ok(store::read_file(file).await?);
        }
        let named = self.store.as_deref().filter(|place| !place.is_empty());
        match named {
            Some(url) if POSTGRES.iter().any(|scheme| url.starts_with(scheme)) => {
                Ok(store::read_postgres(url).await?)
            }
            Some(folder) => Ok(store::read_folder(folder.as_ref()).await?),
            None => match user_folder("XDG_STATE_HOME", ".local/state") {
                Some(folder) => Ok(store::read_folder(&folder).await?),
                None => Ok(None),
            },
        }
    }

    /// What is recorded of the target of a query, read from the store if there is one, for what
    /// records nothing itself. Nothing is asked where no target is named.
    pub(super) async fn recorded(
        &self,
        repository: &Repository,
        query: &Query,
        reading: Reading,
    ) -> Result<Recorded, Failure> {
        if query.target.is_none() {
            return Ok(Recorded::default());
        }
        match self.open_to_read().await? {
            Some(store) => match recorded(&store, repository, query, reading).await {
                Err(error) if !self.is_named() => {
                    tracing::warn!("what is recorded is not known here: {}", error.words());
                    Ok(Recorded::default())
                }
                recorded => recorded,
            },
            None => Ok(Recorded::default()),
        }
    }

    /// Whether the operator named a place, so that not being able to use it is an error whatever
    /// the run needs.
    pub(super) fn is_named(&self) -> bool {
        self.state.is_some() || self.store.as_deref().is_some_and(|place| !place.is_empty())
    }
}

/// What is recorded of a target.
#[derive(Default)]
pub(super) struct Recorded {
    /// What was released there, newest first.
    pub(super) releases: Vec<RunSummary>,
    /// Every run there, newest first; empty where nobody asks for them.
    pub(super) runs: Vec<RunSummary>,
}

/// What of the record of a target is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// What was released.
    Releases,
    /// The same, and every run.
    History,
}

impl Reading {
    /// What the plugins of a configuration may know.
    pub(super) fn of(configuration: &Configuration) -> Self {
        if configuration.tells_history() {
            Self::History
        } else {
            Self::Releases
        }
    }
}

/// What is recorded of the target of a query; nothing where no target is named.
pub(super) async fn recorded(
    store: &Arc<dyn Store>,
    repository: &Repository,
    query: &Query,
    reading: Reading,
) -> Result<Recorded, Failure> {
    let Some(target) = &query.target else {
        return Ok(Recorded::default());
    };
    let project = repository.project(query);
    let count = u32::try_from(EARLIER_RELEASES_MAX).unwrap_or(u32::MAX);
    let runs = match reading {
        Reading::Releases => Vec::new(),
        Reading::History => {
            store
                .runs_of_target(project.raw(), target, HISTORY_RUNS_MAX)
                .await?
        }
    };
    Ok(Recorded {
        releases: store.releases(project.raw(), target, count).await?,
        runs,
    })
}

/// This process, for others that find it at work.
pub(super) fn holder(ci: Option<&ContinuousIntegration>, since: Timestamp) -> Holder {
    let host = whoami::hostname().unwrap_or_else(|_| "a machine without a name".to_owned());
    let user = ci
        .and_then(|ci| ci.initiator.clone())
        .or_else(|| std::env::var("USER").ok().map(Text::from));
    Holder {
        host: Text::from(host),
        process: std::process::id(),
        user,
        job: ci.and_then(|ci| ci.url.clone()),
        since,
    }
}

/// The variable with which a build for tests is told the time.
const TEST_TIME: &str = "HOLDPOINT_TEST_TIME";

/// The clock as the record of runs has it: in milliseconds.
pub(super) fn now() -> Timestamp {
    let now = test_time().unwrap_or_else(Timestamp::now);
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// The time that a build for tests is told; none in any other build.
fn test_time() -> Option<Timestamp> {
    if fail::has_failpoints() {
        std::env::var(TEST_TIME).ok()?.parse().ok()
    } else {
        None
    }
}

/// Random bits that nobody can guess.
pub(super) fn random_bits() -> Result<u128, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Runtime(error.into()))?;
    Ok(u128::from_le_bytes(bytes))
}
