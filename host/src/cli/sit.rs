#![expect(
    clippy::disallowed_methods,
    reason = "the command line owns the environment and hands down what commands may see"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::cache::user_folder;
use super::failure::Lacking;
use super::progress::Progress;
use super::record::{holder, now, random_bits};
use super::signal::Cancellation;
use super::{Failure, Output};
use crate::model::{EffectId, RunSummary};
use crate::pipeline::{
    self, Configuration, Desk, Judged, OutputLine, Past, Prepared, RangeNotes, RetryPolicy,
    RunRecord, Session, Variable,
};
use crate::sandbox::HttpClient;
use crate::store::Store;

/// Time at the end of a sitting for messages that are not delivered yet: a channel that is down
/// does not hold up a CI job for long, and what is left waits for the next sitting.
const DELIVERY_TIME: Duration = Duration::from_secs(30);

/// Folder of the checkouts that commands run in, within the state folder of the user.
const CHECKOUTS: &str = "checkouts";

/// Everything that was read and loaded for a run.
pub(super) struct Ready {
    pub(super) client: HttpClient,
    pub(super) configuration: Arc<Configuration>,
    pub(super) prepared: Prepared,
    pub(super) judged: Judged,
    pub(super) range: RangeNotes,
    pub(super) past: Past,
}

impl Ready {
    /// Runs the stages without a record, and carries nothing out.
    ///
    /// # Errors
    ///
    /// When a secret of a plugin cannot be read.
    pub(super) async fn rehearse(&self, progress: &Progress) -> Result<RunRecord, Failure> {
        let say = |now: pipeline::Progress<'_>| say(progress, now);
        let prepared = self.connected(&format!("{:032x}", random_bits()?))?;
        Ok(pipeline::run(self.session(&prepared, &say)).await)
    }

    /// The plugins, with what they are granted in reach.
    fn connected(&self, random: &str) -> Result<Prepared, Failure> {
        let variable = |name: &str| std::env::var_os(name);
        let (configuration, repository) = (&self.configuration, &self.past.repository);
        let reach = (random, &variable as Variable<'_>);
        Ok(self
            .prepared
            .connected(configuration, &self.client, repository, reach)?)
    }

    /// Sits on a run.
    pub(super) async fn sit(
        &self,
        store: Arc<dyn Store>,
        run: &RunSummary,
        progress: &Progress,
        cancellation: &Cancellation,
        output: Output,
    ) -> Result<RunRecord, Failure> {
        let circumstances = &self.judged.release.circumstances;
        let destinations = self
            .configuration
            .destinations(&self.past.repository, &|name| std::env::var_os(name))?;
        let http = (!destinations.is_empty()).then(|| self.client.clone());
        let prepared = self.connected(run.id.as_str())?;
        let checkouts = checkouts().ok_or(Lacking::StateFolder)?;
        let show = |effect: &EffectId, line: OutputLine| progress.show(output, effect, &line);
        let desk = Desk {
            store,
            holder: holder(circumstances.ci.as_ref(), now()),
            clock: &now,
            cancelled: cancellation.heed(),
            environment: std::env::vars_os().collect::<BTreeMap<_, _>>(),
            checkouts: &checkouts,
            destinations,
            http,
            retry: RetryPolicy::default(),
            delivery_time: DELIVERY_TIME,
            output: &show,
        };
        let say = |now: pipeline::Progress<'_>| say(progress, now);
        Ok(pipeline::sit(self.session(&prepared, &say), &desk, run).await?)
    }

    fn session<'a>(
        &'a self,
        prepared: &'a Prepared,
        progress: &'a (dyn Fn(pipeline::Progress<'_>) + Sync),
    ) -> Session<'a> {
        Session {
            configuration: &self.configuration,
            prepared,
            judged: &self.judged,
            range: &self.range,
            past: &self.past,
            progress,
        }
    }
}

/// Where the checkouts are made that commands run in.
fn checkouts() -> Option<PathBuf> {
    user_folder("XDG_STATE_HOME", ".local/state").map(|folder| folder.join(CHECKOUTS))
}

fn say(progress: &Progress, now: pipeline::Progress<'_>) {
    match now {
        pipeline::Progress::Stage { stage, plugins } => {
            progress.say(format!("stage {stage}: asking {plugins} plugins"));
        }
        pipeline::Progress::Called { stage, plugin, .. } => {
            progress.say(format!("stage {stage}: {plugin} has answered"));
        }
        pipeline::Progress::Compared { done, of } => {
            progress.say(format!("comparing with earlier releases: {done} of {of}"));
        }
    }
}
