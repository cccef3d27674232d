use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::model::{
    Digest, Effects, Entry, Extent, Holder, MessageKey, MessageState, ObjectName, OutboxMessage,
    Record, RunId, RunKey, RunState, RunSummary, Sharing, Statement, Verdict,
};

/// What a run is made with.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its identifier.
    pub id: RunId,
    /// What makes it the same run.
    pub key: RunKey,
    /// Version to be released.
    pub version: Option<semver::Version>,
    /// The judged commit.
    pub head: ObjectName,
    /// When it is made.
    pub began: Timestamp,
    /// What it judges, in short.
    pub extent: Option<Extent>,
}

/// What belongs together: all of it is written, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Lines for the journal, in order.
    pub entries: Vec<(Timestamp, Record)>,
    /// Documents, each kept under its digest: the subject, transcripts, output of commands.
    pub documents: Vec<Vec<u8>>,
    /// Messages to send. One whose key is there already is left as it is.
    pub messages: Vec<OutboxMessage>,
    /// Where messages are on their way now.
    pub message_states: Vec<(MessageKey, MessageState)>,
    /// What the run's summary says from now on.
    pub summary: Option<SummaryChange>,
}

/// What a run's summary says from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SummaryChange {
    /// Whether it goes on.
    pub state: RunState,
    /// The verdict of the last sitting.
    pub verdict: Option<Verdict>,
    /// Whether somebody broke the glass.
    pub overridden: bool,
    /// What became of the effects.
    pub effects: Effects,
}

/// Which runs a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this project.
    pub project: Option<String>,
    /// On this target.
    pub target: Option<String>,
    /// In this state.
    pub state: Option<RunState>,
}

/// A key that runs hold for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLease {
    /// The key.
    pub key: String,
    /// How it is shared.
    pub sharing: Sharing,
    /// The run that holds it.
    pub run: RunId,
    /// Since when.
    pub since: Timestamp,
}

/// Whether a sitting could begin.
pub enum Sat {
    /// It could: this is what it writes through.
    Won(Box<dyn Sitting>),
    /// Another process works on the run.
    Taken(Holder),
}

/// What came of asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leased {
    /// The run holds it now, or held it before.
    Held,
    /// Others hold it.
    Taken(Vec<HeldLease>),
}

/// Where runs, with all that was decided and done, are kept.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Where it is, for people, without a password.
    fn place(&self) -> String;

    /// Makes a run, with its first entries, and takes the place of others: each of `supersedes`
    /// that is open gets the entry [`Record::Superseded`] and that state, in the same transaction.
    async fn begin(
        &self,
        run: &NewRun,
        supersedes: &[RunId],
        changes: Changes,
    ) -> Result<(), StoreError>;

    /// The newest open run of a key.
    async fn find(&self, key: &RunKey) -> Result<Option<RunSummary>, StoreError>;

    /// The run whose identifier begins with these digits: an error when there is none, or several.
    async fn run(&self, prefix: &str) -> Result<RunSummary, StoreError>;

    /// Runs, newest first, at most `count`.
    async fn history(&self, filter: &Filter, count: u32) -> Result<Vec<RunSummary>, StoreError>;

    /// What was released on a target, newest first, at most `count`: the runs of the project and the
    /// target that are releases ([`RunSummary::is_release`]).
    async fn releases(
        &self,
        project: &str,
        target: &str,
        count: u32,
    ) -> Result<Vec<RunSummary>, StoreError>;

    /// Every run of the project on the target, whatever became of it, newest first, at most `count`.
    async fn runs_of_target(
        &self,
        project: &str,
        target: &str,
        count: u32,
    ) -> Result<Vec<RunSummary>, StoreError>;

    /// The whole journal of a run, in order.
    async fn journal(&self, run: &RunId) -> Result<Vec<Entry>, StoreError>;

    /// Begins a sitting: no other process can write to the run's journal until it is released or
    /// its process, or its connection, has ended. `sittings` of the summary is one more then.
    async fn sit(&self, run: &RunId, holder: &Holder) -> Result<Sat, StoreError>;

    /// A document by its digest, held against it.
    async fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps what a person signed. The same statement twice is one.
    async fn say(&self, statement: &Statement) -> Result<(), StoreError>;

    /// What people signed about a run, in the order in which it came.
    async fn statements(&self, run: &RunId) -> Result<Vec<Statement>, StoreError>;

    /// The messages of a run, in the order in which they were added.
    async fn messages(&self, run: &RunId) -> Result<Vec<OutboxMessage>, StoreError>;

    /// Who holds a key.
    async fn leases(&self, key: &str) -> Result<Vec<HeldLease>, StoreError>;
}

/// One process that works on a run. What it writes is refused as soon as another sitting of the
/// run has begun, whatever this one believes.
#[async_trait]
pub trait Sitting: Send + fmt::Debug {
    /// Counts from 1 within the run.
    fn number(&self) -> u32;

    /// Writes all of it, or nothing.
    async fn write(&mut self, changes: Changes) -> Result<(), StoreError>;

    /// Asks for a lease for the run, until it is given back. Of a key, either one run holds an
    /// exclusive lease or any number hold shared ones. Held leases of runs that are not open any
    /// more count as given back.
    async fn lease(
        &mut self,
        key: &str,
        sharing: Sharing,
        now: Timestamp,
    ) -> Result<Leased, StoreError>;

    /// Gives back every lease of the run.
    async fn give_back(&mut self) -> Result<(), StoreError>;

    /// Ends the sitting, so that another one can begin.
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}
