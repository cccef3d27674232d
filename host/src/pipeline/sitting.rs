//! One process at work on a run: decides, carries out, records each step before and after, and says
//! what became of it.
//!
//! Everything that a later process needs to know is in the store before the next step begins. What
//! was carried out is never carried out again; of what was cut in the middle nobody knows whether it
//! happened, and it is done again only where that is harmless.

mod announce;
mod begin;
mod carry;
mod decide;
mod error;
mod measure;
mod request;
mod settle;
mod undo;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::ConfigurationRecord;
use super::approval::People;
use super::commands::RenderedCommands;
use super::compare::Past;
use super::destination::Destination;
use super::fold::worst;
use super::kill_point::kill_point;
use super::load::{Configuration, Stage};
use super::notice::{self, RangeNotes};
use super::process::OutputLine;
use super::record::{EffectRecord, MessageRecord, RunRecord, SittingRecord, StageRecord};
use super::retry::RetryPolicy;
use super::run::{Calls, Judged, Prepared, Progress as Said};
use crate::model::{
    Digest, EffectId, Effects, Entry, Holder, OutboxMessage, PlannedStep, Progress, Record,
    RunState, RunSummary, Statement, Text, Verdict,
};
use crate::sandbox::HttpClient;
use crate::store::{Changes, Sat, Sitting, Store, SummaryChange};

pub use begin::{Beginning, Begun, begin};
pub use error::SittingError;

use carry::StageCommands;

/// What is judged by what: the same for a rehearsal.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// What decides.
    pub configuration: &'a Configuration,
    /// The plugins, loaded.
    pub prepared: &'a Prepared,
    /// What is judged.
    pub judged: &'a Judged,
    /// What a person should know about the range.
    pub range: &'a RangeNotes,
    /// The releases before.
    pub past: &'a Past,
    /// Is told what goes on.
    pub progress: &'a (dyn Fn(Said<'_>) + Sync),
}

/// What a sitting has in its hands: all of it was handed down.
pub struct Desk<'a> {
    /// Where the run is recorded.
    pub store: Arc<dyn Store>,
    /// This process.
    pub holder: Holder,
    /// The clock, in milliseconds.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// Becomes true when everything is to end.
    pub cancelled: watch::Receiver<Option<&'static str>>,
    /// The operator's environment, of which commands see what the pipeline names.
    pub environment: BTreeMap<OsString, OsString>,
    /// The folder in which checkouts for commands are made.
    pub checkouts: &'a Path,
    /// Where messages are posted, by channel.
    pub destinations: BTreeMap<String, Destination>,
    /// What posts them; none where no channel has an address.
    pub http: Option<HttpClient>,
    /// How often a message is tried.
    pub retry: RetryPolicy,
    /// Time for posting what is left at the end of the sitting.
    pub delivery_time: Duration,
    /// Is told what commands put out.
    pub output: &'a (dyn Fn(&EffectId, OutputLine) + Sync),
}

/// One sitting.
struct Seat<'a> {
    session: Session<'a>,
    desk: &'a Desk<'a>,
    run: RunSummary,
    sitting: Box<dyn Sitting>,
    progress: Progress,
    calls: Calls,
    statements: Vec<Statement>,
    /// Statements that settled an effect before.
    used: BTreeSet<Digest>,
    people: People,
    commands: BTreeMap<String, StageCommands>,
    /// The steps of actions that are settled, by stage.
    plans: BTreeMap<String, Arc<[PlannedStep]>>,
    /// When each effect was about to begin the last time, as far as an earlier sitting wrote it.
    intended: BTreeMap<EffectId, Timestamp>,
    /// Messages that are in the outbox, by event and channel.
    told: BTreeSet<(String, String)>,
    stages: Vec<StageRecord>,
    messages: Vec<MessageRecord>,
}

/// Works on a run until it is over, waits, is stopped, or is cancelled.
///
/// # Errors
///
/// When another process works on it, the store cannot be used, or what the pipeline asks for cannot
/// be carried out at all. Nothing was carried out that the journal does not have.
pub async fn sit(
    session: Session<'_>,
    desk: &Desk<'_>,
    run: &RunSummary,
) -> Result<RunRecord, SittingError> {
    let sitting = match desk.store.sit(&run.id, &desk.holder).await? {
        Sat::Won(sitting) => sitting,
        Sat::Taken(holder) => {
            let run = run.id.clone();
            return Err(SittingError::Taken { run, holder });
        }
    };
    let mut seat = Seat::take(session, desk, run, sitting).await?;
    let worked = seat.work().await;
    // Whatever became of it, another sitting may begin: the next one reads what this one wrote.
    let released = seat.sitting.release().await;
    let record = worked?;
    released?;
    Ok(record)
}

impl<'a> Seat<'a> {
    async fn take(
        session: Session<'a>,
        desk: &'a Desk<'a>,
        run: &RunSummary,
        sitting: Box<dyn Sitting>,
    ) -> Result<Seat<'a>, SittingError> {
        // Read after the seat was won: nobody else writes any more.
        let journal = desk.store.journal(&run.id).await?;
        let statements = desk.store.statements(&run.id).await?;
        let messages = desk.store.messages(&run.id).await?;
        let run = desk.store.run(run.id.as_str()).await?;
        let subject = &session.judged.release.subject;
        let initiators: Vec<Text> = initiators(&journal, session.judged).collect();
        Ok(Self {
            session,
            desk,
            sitting,
            progress: Progress::of(&journal),
            calls: Calls::new(&session.configuration.plan.limits),
            statements,
            used: settled_by(&journal),
            people: People::new(subject, &initiators),
            commands: BTreeMap::new(),
            plans: BTreeMap::new(),
            intended: intended(&journal),
            told: messages
                .iter()
                .map(|message| (message.key.event.clone(), message.key.channel.clone()))
                .collect(),
            stages: Vec::new(),
            messages: Vec::new(),
            run,
        })
    }

    /// The whole sitting.
    async fn work(&mut self) -> Result<RunRecord, SittingError> {
        if self.run.state == RunState::Finished {
            return self.deliver_what_is_left().await;
        }
        if self.run.state != RunState::Open {
            return Err(SittingError::Over {
                run: self.run.id.clone(),
                state: self.run.state,
            });
        }
        self.commands = self.render()?;
        self.read_plans().await?;
        self.check_that_nothing_runs()?;
        let subject = serde_json::to_vec(&self.session.judged.release.subject)
            .map_err(SittingError::Subject)?;
        let sat = Record::Sat {
            version: version(),
            holder: self.desk.holder.clone(),
            circumstances: self.session.judged.release.circumstances.clone(),
        };
        // With it and the evidence every later process can go on, and every call be made again.
        let evidence = self.session.judged.evidence.iter().map(<[u8]>::to_vec);
        let documents = std::iter::once(subject).chain(evidence).collect();
        self.write_with(sat, documents).await?;
        let settled = self.settle().await?;
        self.announce_beginning().await?;
        let end = self.stages(settled).await?;
        self.rest(end).await
    }

    /// Decides about every stage, and carries out what is let go.
    async fn stages(&mut self, settled: bool) -> Result<End, SittingError> {
        let configuration = self.session.configuration;
        let mut end = if settled { End::Go } else { End::Unknown };
        if end == End::Go && self.is_to_be_undone() {
            end = self.undo().await?;
        }
        let mut let_go = true;
        for stage in &configuration.stages {
            if self.is_cancelled() {
                end = End::Cancelled;
            }
            if matches!(end, End::Cancelled | End::Undone | End::Incomplete) {
                self.stages.push(self.not_reached(stage));
                continue;
            }
            let Some(record) = self.decide(stage).await? else {
                end = End::Cancelled;
                self.stages.push(self.not_reached(stage));
                continue;
            };
            let_go &= record.is_let_go();
            self.stages.push(record);
            self.announce_decision(stage).await?;
            // No effect starts until every earlier stage in the file is go.
            if let_go && end == End::Go {
                end = self.carry_out(stage).await?;
                if end == End::Go {
                    end = self.measure(stage).await?;
                    // A measurement that is not there yet holds what comes after it.
                    let_go &= self.stages.last().is_some_and(StageRecord::is_let_go);
                }
                if end == End::Failed {
                    end = self.undo().await?;
                }
            }
        }
        Ok(end)
    }

    /// Ends the sitting: the last entry, the summary, leases, messages, the record.
    async fn rest(&mut self, end: End) -> Result<RunRecord, SittingError> {
        let verdict = self.verdict();
        let overridden = self.stages.iter().any(StageRecord::is_overridden);
        let effects = match end {
            // A measurement may fail where nothing was carried out that could be undone.
            End::Undone if self.progress.is_undoing() => Effects::Undone,
            End::Incomplete => Effects::Incomplete,
            _ => self.progress.without_undo(),
        };
        if let Some(signal) = *self.desk.cancelled.borrow() {
            let signal = signal.to_owned();
            self.write(Record::Cancelled { signal }).await?;
        }
        let all_go = self.stages.iter().all(StageRecord::is_let_go);
        // Who was asked to end says no last words: the next sitting finds that nothing is left to be
        // done, and says them.
        let finished = !self.is_cancelled()
            && (end == End::Undone || (end == End::Go && all_go && effects != Effects::Unknown));
        let state = if finished {
            RunState::Finished
        } else {
            RunState::Open
        };
        // Nobody else has to wait for who waits, or for who was told to end. What a person has to look
        // at is left alone meanwhile.
        let needs_person = matches!(effects, Effects::Unknown | Effects::Incomplete);
        if self.is_cancelled() || !needs_person {
            self.sitting.give_back().await?;
        }
        let rested = Record::Rested {
            verdict,
            overridden,
            effects,
            finished,
        };
        let summary = SummaryChange {
            state,
            verdict: Some(verdict),
            overridden,
            effects,
        };
        let messages = if finished {
            self.compose_end(end, verdict).await
        } else {
            Vec::new()
        };
        let changes = Changes {
            messages,
            summary: Some(summary),
            ..Changes::default()
        };
        self.write_changes(rested, changes).await?;
        let outbox = self.deliver(self.desk.delivery_time).await?;
        Ok(self.record(verdict, overridden, effects, state, outbox))
    }

    /// The verdict of the stages that were decided about; where there are none, that of the last
    /// sitting.
    fn verdict(&self) -> Verdict {
        let mut reached = self.stages.iter().filter(|stage| stage.reached).peekable();
        match (reached.peek(), self.run.verdict) {
            (None, Some(before)) => before,
            _ => worst(reached.map(|stage| stage.verdict)),
        }
    }

    /// What a run that is over is still owed: its messages.
    async fn deliver_what_is_left(&mut self) -> Result<RunRecord, SittingError> {
        let outbox = self.deliver(self.desk.delivery_time).await?;
        let stages = self.session.configuration.stages.iter();
        self.stages = stages.map(|stage| self.not_reached(stage)).collect();
        let verdict = self.run.verdict.unwrap_or(Verdict::Fault);
        let (overridden, effects) = (self.run.overridden, self.run.effects);
        Ok(self.record(verdict, overridden, effects, self.run.state, outbox))
    }

    fn record(
        &mut self,
        verdict: Verdict,
        overridden: bool,
        effects: Effects,
        state: RunState,
        outbox: Vec<OutboxMessage>,
    ) -> RunRecord {
        let configuration = self.session.configuration;
        let release = Arc::clone(&self.session.judged.release);
        let mut stages = std::mem::take(&mut self.stages);
        for stage in &mut stages {
            let effects = self.progress.effects();
            let own = effects.filter(|(effect, _)| effect.stage == stage.id);
            stage.effects = own
                .map(|(effect, state)| EffectRecord {
                    effect: effect.clone(),
                    state: state.clone(),
                })
                .collect();
        }
        let messages = std::mem::take(&mut self.messages);
        let findings = notice::findings(
            configuration,
            (&stages, &messages),
            &release,
            self.session.range,
        );
        RunRecord {
            run: self.run.id.to_string(),
            verdict,
            overridden,
            effects,
            base_source: self.session.range.source.clone(),
            release,
            configuration: ConfigurationRecord::of(configuration),
            stages,
            findings,
            messages,
            sitting: Some(SittingRecord {
                number: self.sitting.number(),
                store: self.desk.store.place(),
                state,
                cancelled: *self.desk.cancelled.borrow(),
                outbox,
            }),
        }
    }

    /// Whether everything is to end.
    fn is_cancelled(&self) -> bool {
        self.desk.cancelled.borrow().is_some()
    }

    async fn write(&mut self, record: Record) -> Result<(), SittingError> {
        self.write_changes(record, Changes::default()).await
    }

    /// Writes one entry with the documents that it names.
    async fn write_with(
        &mut self,
        record: Record,
        documents: Vec<Vec<u8>>,
    ) -> Result<(), SittingError> {
        let changes = Changes {
            documents,
            ..Changes::default()
        };
        self.write_changes(record, changes).await
    }

    /// Writes one entry with what belongs to it, and adds it to what this sitting knows.
    async fn write_changes(
        &mut self,
        record: Record,
        changes: Changes,
    ) -> Result<(), SittingError> {
        let about = record
            .about()
            .map_or_else(String::new, |about| format!(":{about}"));
        let name = format!("{}{about}", record.name());
        self.place(|| format!("before-{name}")).await;
        let time = (self.desk.clock)();
        self.sitting
            .write(Changes {
                entries: vec![(time, record.clone())],
                ..changes
            })
            .await?;
        self.progress.add(&record);
        self.place(|| format!("after-{name}")).await;
        Ok(())
    }

    /// A place where a build for tests can be ended. Where it was asked to end, it goes on when it has
    /// heard of it, so that the test knows what comes next.
    async fn place(&self, name: impl FnOnce() -> String) {
        if kill_point(name) {
            let mut cancelled = self.desk.cancelled.clone();
            // An error says that nobody can ask any more.
            let _ = cancelled.wait_for(Option::is_some).await;
        }
    }
}

/// What a sitting came to, as far as effects go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing stood in the way.
    Go,
    /// What became of an effect is not known.
    Unknown,
    /// A command, a request or a measurement failed: what was done is to be undone.
    Failed,
    /// An effect could not begin, and nothing has to be undone for it.
    NotBegun,
    /// All that was done was undone.
    Undone,
    /// What was done could not be undone, or not all of it.
    Incomplete,
    /// A measurement is not there yet.
    Waiting,
    /// A signal ended it.
    Cancelled,
}

/// What one stage runs, rendered.
type Rendered = RenderedCommands;

/// Who started the run and each of its sittings, as their environments claim.
fn initiators<'j>(journal: &'j [Entry], judged: &'j Judged) -> impl Iterator<Item = Text> + 'j {
    let of_journal = journal.iter().filter_map(|entry| match &entry.record {
        Record::Began { initiator, .. } => initiator.clone(),
        Record::Sat { circumstances, .. } => circumstances
            .ci
            .as_ref()
            .and_then(|ci| ci.initiator.clone()),
        _ => None,
    });
    let own = judged.release.circumstances.ci.as_ref();
    of_journal.chain(own.and_then(|ci| ci.initiator.clone()))
}

/// When each effect was about to begin the last time.
fn intended(journal: &[Entry]) -> BTreeMap<EffectId, Timestamp> {
    let intents = journal.iter().filter_map(|entry| match &entry.record {
        Record::Intended(intent) => Some((intent.effect.clone(), entry.time)),
        _ => None,
    });
    intents.collect()
}

/// The statements that settled an effect.
fn settled_by(journal: &[Entry]) -> BTreeSet<Digest> {
    let settlements = journal.iter().filter_map(|entry| match &entry.record {
        Record::Settled(settlement) => settlement.assumed,
        _ => None,
    });
    settlements.collect()
}

/// The version of this program.
fn version() -> semver::Version {
    semver::Version::parse(env!("CARGO_PKG_VERSION")).unwrap_or(semver::Version::new(0, 0, 0))
}

/// A stage's plan of a sitting.
impl Seat<'_> {
    fn plan(&self, stage: &Stage) -> Option<&super::StagePlan> {
        self.session.configuration.plan.stages.get(stage.number)
    }
}
