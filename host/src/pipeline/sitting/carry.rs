use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::decide::milliseconds;
use super::{End, Rendered, Seat, SittingError};
use crate::model::{
    Digest, EffectId, EffectOutcome, EffectState, Intent, Part, PlannedStep, Record, Settlement,
    Text, Verdict,
};
use crate::pipeline::StageRecord;
use crate::pipeline::clean_checkout::{CheckoutError, CleanCheckout};
use crate::pipeline::commands::{CommandsPlan, command_words};
use crate::pipeline::edit_file::edit_file;
use crate::pipeline::load::Stage;
use crate::pipeline::process::{
    CommandCall, CommandEnd, CommandRecord, chosen_environment, run_command,
};
use crate::pipeline::requests::{is_acting, planned_steps, signed_words};

/// What one stage runs, ready to be run.
pub(super) struct StageCommands {
    pub(super) rendered: Rendered,
    pub(super) environment: BTreeMap<OsString, OsString>,
}

/// How one command, or all of a stage, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    Done,
    Failed,
    /// Nothing failed, and something is left for the next sitting.
    Later,
    Unknown,
    Cancelled,
}

impl Seat<'_> {
    /// Renders every command of every stage, and looks whether the variables that they see are set:
    /// what cannot be carried out is known before anything is.
    pub(super) fn render(&self) -> Result<BTreeMap<String, StageCommands>, SittingError> {
        let configuration = self.session.configuration;
        let subject = &self.session.judged.release.subject;
        let mut all = BTreeMap::new();
        for stage in &configuration.stages {
            let Some(commands) = &stage.commands else {
                continue;
            };
            let rendered = commands.render(&stage.id, subject, &self.run.id)?;
            let names = commands.environment();
            let environment = chosen_environment(&stage.id, &self.desk.environment, names)?;
            let ready = StageCommands {
                rendered,
                environment,
            };
            all.insert(stage.id.clone(), ready);
        }
        Ok(all)
    }

    /// The commands of a stage as they will be run.
    pub(super) fn command_texts(&self, stage: &str) -> Vec<Vec<Text>> {
        let rendered = self.commands.get(stage).map(|ready| &ready.rendered.run);
        rendered
            .into_iter()
            .flatten()
            .map(|arguments| arguments.iter().map(|text| text.as_str().into()).collect())
            .collect()
    }

    /// What a stage lets go: its own commands and requests, and the commands of the stages after it up
    /// to the next one that waits for people. Whoever signs for a gate sees what comes after it; of a
    /// later action, which is not asked yet, its name.
    pub(super) fn commands_let_go(&self, stage: &Stage, steps: &[PlannedStep]) -> Vec<Vec<Text>> {
        let stages = &self.session.configuration.stages;
        let later = stages
            .iter()
            .skip_while(|other| other.id != stage.id)
            .skip(1)
            .take_while(|other| other.approvals.is_empty());
        let mut all = self.command_texts(&stage.id);
        all.extend(steps.iter().map(signed_words));
        for stage in later {
            all.extend(self.command_texts(&stage.id));
            let acting = stage.uses.iter().filter(|used| is_acting(used));
            all.extend(acting.map(|used| vec!["plan".into(), used.plugin.as_str().into()]));
        }
        all
    }

    /// The steps of the actions of a stage: as they are settled, else as they are planned now.
    pub(super) fn steps_of(&self, stage: &Stage, record: &StageRecord) -> Vec<PlannedStep> {
        let settled = self.plans.get(&stage.id);
        settled.map_or_else(|| planned_steps(record), |steps| steps.to_vec())
    }

    /// A command that outlived its sitting may still be at work.
    pub(super) fn check_that_nothing_runs(&self) -> Result<(), SittingError> {
        if !self.commands.is_empty() && CleanCheckout::is_in_use(&self.run.id, self.desk.checkouts)?
        {
            let run = self.run.id.clone();
            return Err(SittingError::StillRunning { run });
        }
        Ok(())
    }

    /// Carries out the effects of a stage that is let go: its edits, its commands, its requests.
    pub(super) async fn carry_out(&mut self, stage: &Stage) -> Result<End, SittingError> {
        if !self.settle_plan(stage).await? {
            return Ok(End::NotBegun);
        }
        match self.write_edits(stage).await? {
            End::Go => {}
            end => return Ok(end),
        }
        let commands = self.commands.get(&stage.id);
        let commands = commands.map(|ready| ready.rendered.run.clone());
        if let Some(commands) = &commands {
            let carried = self.commands_of(stage, Part::Run, commands).await?;
            match self.end_of(stage, carried) {
                End::Go => {}
                end => return Ok(end),
            }
        }
        let carried = self.make_requests(stage).await?;
        let end = self.end_of(stage, carried);
        let makes_any = self
            .plans
            .get(&stage.id)
            .is_some_and(|steps| !steps.is_empty());
        if end == End::Go && (commands.is_some() || makes_any) {
            self.announce_deployed(stage).await?;
        }
        Ok(end)
    }

    /// What it means for the sitting how commands or requests of a stage ended.
    fn end_of(&mut self, stage: &Stage, carried: Carried) -> End {
        match carried {
            Carried::Done => End::Go,
            Carried::Failed if self.progress.failed().is_some() => End::Failed,
            Carried::Failed => {
                self.conclude_not_begun(stage);
                End::NotBegun
            }
            Carried::Later => End::NotBegun,
            Carried::Unknown => End::Unknown,
            Carried::Cancelled => End::Cancelled,
        }
    }

    /// What an effect that could not begin makes of the verdict of its stage: the host could not do
    /// what was let go, and the next sitting tries again.
    fn conclude_not_begun(&mut self, stage: &Stage) {
        let words: Vec<Text> = self
            .progress
            .effects()
            .filter(|(effect, _)| effect.stage == stage.id)
            .filter_map(|(effect, state)| match state {
                // An edit that failed is in its place, and may not be on the disk.
                EffectState::NotBegun(_, why) | EffectState::Failed(_, why) => {
                    Some(Text::from(format!("the effect {effect}: {}", why.raw())))
                }
                _ => None,
            })
            .collect();
        self.conclude_fault(words);
    }

    /// Makes a fault of the stage that was decided last, with what is missing.
    pub(super) fn conclude_fault(&mut self, missing: Vec<Text>) {
        if let Some(record) = self.stages.last_mut() {
            record.verdict = record.verdict.max(Verdict::Fault);
            record.missing.extend(missing);
        }
    }

    /// Runs one list of commands, one after the other, as far as they are not done yet.
    pub(super) async fn commands_of(
        &mut self,
        stage: &Stage,
        part: Part,
        commands: &[Vec<String>],
    ) -> Result<Carried, SittingError> {
        let mut checkout = None;
        let mut carried = Carried::Done;
        for (number, arguments) in (1..).zip(commands) {
            let effect = EffectId {
                stage: stage.id.clone(),
                part,
                number,
            };
            if self.is_done(&effect) {
                continue;
            }
            if self.is_cancelled() {
                carried = Carried::Cancelled;
                break;
            }
            let repeatable = stage
                .commands
                .as_ref()
                .is_some_and(CommandsPlan::is_repeatable);
            let is_unknown = matches!(self.progress.effect(&effect), Some(EffectState::Unknown(_)));
            if is_unknown && !repeatable {
                carried = Carried::Unknown;
                break;
            }
            if checkout.is_none() {
                self.place(|| format!("before-checkout:{effect}")).await;
                checkout = self.checkout().await?;
            }
            let Some(folder) = &checkout else {
                carried = Carried::Cancelled;
                break;
            };
            carried = self
                .command(stage, effect, arguments, repeatable, folder)
                .await?;
            if carried != Carried::Done {
                break;
            }
        }
        if let Some(checkout) = checkout
            && let Err(error) = checkout.remove()
        {
            tracing::warn!("{error}");
        }
        Ok(carried)
    }

    /// A checkout of the judged commit of its own for the commands of a stage; none where everything
    /// is to end.
    async fn checkout(&self) -> Result<Option<CleanCheckout>, SittingError> {
        let session = self.session;
        let repository = Arc::clone(&session.past.repository);
        let release = Arc::clone(&session.judged.release);
        let artifacts = session.configuration.query(&repository).artifacts;
        let (run, within) = (self.run.id.clone(), self.desk.checkouts.to_owned());
        let cancelled = self.desk.cancelled.clone();
        // A large commit takes a while to be written: what keeps the sitting's connection alive goes
        // on meanwhile.
        let made = tokio::task::spawn_blocking(move || {
            let is_cancelled = || cancelled.borrow().is_some();
            let subject = &release.subject;
            CleanCheckout::make(
                &repository,
                subject,
                &artifacts,
                &run,
                &within,
                &is_cancelled,
            )
        });
        // A panic stays one.
        let made = made
            .await
            .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        match made {
            Ok(checkout) => Ok(Some(checkout)),
            Err(CheckoutError::Release(crate::release::Error::Cancelled)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Runs one command between its two entries in the journal.
    async fn command(
        &mut self,
        stage: &Stage,
        effect: EffectId,
        arguments: &[String],
        repeatable: bool,
        checkout: &CleanCheckout,
    ) -> Result<Carried, SittingError> {
        let key = self.key_of(&effect);
        self.write(Record::Intended(Intent {
            effect: effect.clone(),
            what: command_words(arguments),
            digest: Digest::of_json(&arguments),
            key: key.clone(),
            repeatable,
        }))
        .await?;
        let timeout = stage
            .commands
            .as_ref()
            .map_or(super::super::COMMAND_TIMEOUT, CommandsPlan::timeout);
        let empty = BTreeMap::new();
        let environment = self
            .commands
            .get(&stage.id)
            .map_or(&empty, |ready| &ready.environment);
        let call = CommandCall {
            arguments,
            environment,
            run: &self.run.id,
            effect: &effect,
            key: &key,
            subject: &self.session.judged.release.subject,
            timeout,
        };
        let (output, shown) = (self.desk.output, effect.clone());
        let progress = move |line| output(&shown, line);
        let cancelled = self.cancelled_flag();
        self.place(|| format!("before-{effect}")).await;
        let ran = run_command(call, checkout, &progress, cancelled).await;
        self.place(|| format!("after-{effect}")).await;
        // What the plugins may take is theirs: commands have a time of their own.
        self.calls.postpone(ran.duration);
        if let Some(words) = ran.left.words() {
            tracing::warn!(effect = %effect, "{}", words.terminal());
        }
        if matches!(ran.end, CommandEnd::Cancelled { .. }) {
            // What it did before it was ended is not known, and nothing is said of it.
            return Ok(Carried::Cancelled);
        }
        self.settle_command(effect, &ran).await
    }

    async fn settle_command(
        &mut self,
        effect: EffectId,
        ran: &CommandRecord,
    ) -> Result<Carried, SittingError> {
        let output = ran.output.text().raw().as_bytes().to_vec();
        let documents: Vec<Vec<u8>> = if output.is_empty() {
            Vec::new()
        } else {
            vec![output]
        };
        let outcome = ran.end.outcome();
        let carried = match &outcome {
            EffectOutcome::Done => Carried::Done,
            _ => Carried::Failed,
        };
        let settled = Record::Settled(Settlement {
            effect,
            outcome,
            assumed: None,
            output: documents.first().map(|output| Digest::of(output)),
            duration_ms: milliseconds(ran.duration),
        });
        self.write_with(settled, documents).await?;
        Ok(carried)
    }

    /// The same for the same effect of the same run, in every sitting.
    fn key_of(&self, effect: &EffectId) -> String {
        let digest = Digest::of_json(&(&self.run.id, effect));
        digest.hex()[..32].to_owned()
    }

    /// Writes the edits of a stage's document plugins into the working tree.
    async fn write_edits(&mut self, stage: &Stage) -> Result<End, SittingError> {
        if !stage.write_edits {
            return Ok(End::Go);
        }
        let record = self.stages.last();
        let edits = record.map_or_else(Vec::new, |record| record.files.clone());
        let Some(root) = self.session.past.repository.work_tree() else {
            let stage = stage.id.clone();
            return Err(SittingError::NoWorkTree { stage });
        };
        let work_tree =
            Dir::open_ambient_dir(root, ambient_authority()).map_err(SittingError::WorkTree)?;
        for (number, edit) in (1..).zip(&edits) {
            let effect = EffectId {
                stage: stage.id.clone(),
                part: Part::Edit,
                number,
            };
            if self.is_done(&effect) {
                continue;
            }
            if self.is_cancelled() {
                return Ok(End::Cancelled);
            }
            self.write(Record::Intended(Intent {
                effect: effect.clone(),
                what: Text::from(format!("write {}", edit.path.raw())),
                digest: Digest::of_json(edit),
                key: self.key_of(&effect),
                // Writing the same file once more changes nothing.
                repeatable: true,
            }))
            .await?;
            self.place(|| format!("before-{effect}")).await;
            let edited = edit_file(edit, &self.session.judged.tree, &work_tree);
            self.place(|| format!("after-{effect}")).await;
            let outcome = edited.outcome();
            let is_done = matches!(outcome, EffectOutcome::Done);
            self.write(Record::Settled(Settlement {
                effect,
                outcome,
                assumed: None,
                output: None,
                duration_ms: 0,
            }))
            .await?;
            if !is_done {
                // No command is to be undone for an edit.
                self.conclude_not_begun(stage);
                return Ok(End::NotBegun);
            }
        }
        Ok(End::Go)
    }
}
