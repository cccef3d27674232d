use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;

use super::decide::milliseconds;
use super::{End, Seat, SittingError};
use crate::model::{
    Answer, Asked, CallEntry, Circumstances, CutCall, Digest, Health, Kind, Measured, Measuring,
    Outcome, Record, Release, Text, Verdict,
};
use crate::pipeline::load::Stage;
use crate::pipeline::record::MeasureRecord;
use crate::pipeline::run::{Continuing, Judged, Told};
use crate::pipeline::{Inconclusive, Mode, OnFault};

/// What one measurement came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Healthy,
    Inconclusive,
    Faulty,
    Failing,
}

impl Seat<'_> {
    /// Measures what a stage deployed, until it is healthy or its attempts are used up.
    pub(super) async fn measure(&mut self, stage: &Stage) -> Result<End, SittingError> {
        if !stage.uses.iter().any(|used| used.kind == Kind::Verify) {
            return Ok(End::Go);
        }
        let before = self.progress.measured(&stage.id);
        if matches!(before, Some((_, Health::Healthy))) {
            // Told once, also where the sitting that found it was cut before it could.
            self.announce_verified(stage).await?;
            return Ok(End::Go);
        }
        let verification = stage.verification;
        let mut number = before.map_or(0, |(attempt, _)| attempt);
        for attempt in 1..=verification.attempts {
            number += 1;
            let is_last = attempt == verification.attempts;
            let Some(found) = self.measure_once(stage, number, is_last).await? else {
                return Ok(End::Cancelled);
            };
            match found {
                Found::Healthy => {
                    self.announce_verified(stage).await?;
                    return Ok(End::Go);
                }
                Found::Failing if is_last => {
                    self.conclude(Verdict::NoGo, None);
                    return Ok(End::Failed);
                }
                Found::Faulty if is_last => {
                    let missing = "a measurement: a plugin could not measure";
                    self.conclude(Verdict::Fault, Some(missing));
                    return Ok(End::Waiting);
                }
                Found::Inconclusive if is_last => {
                    return Ok(self.conclude_inconclusive(verification.inconclusive));
                }
                _ => {}
            }
            if !self.pause(verification.interval).await {
                return Ok(End::Cancelled);
            }
        }
        Ok(End::Go)
    }

    fn conclude_inconclusive(&mut self, meaning: Inconclusive) -> End {
        match meaning {
            Inconclusive::Wait => {
                let missing = "a measurement: what was measured says neither yes nor no";
                self.conclude(Verdict::Wait, Some(missing));
                End::Waiting
            }
            Inconclusive::Healthy => End::Go,
            Inconclusive::Failing => {
                self.conclude(Verdict::NoGo, None);
                End::Failed
            }
        }
    }

    /// What a measurement makes of the verdict of its stage.
    fn conclude(&mut self, verdict: Verdict, missing: Option<&str>) {
        if let Some(record) = self.stages.last_mut() {
            record.verdict = record.verdict.max(verdict);
            record.missing.extend(missing.map(Text::from));
        }
    }

    /// Waits; says whether nothing ended it.
    async fn pause(&mut self, interval: Duration) -> bool {
        let mut cancelled = self.desk.cancelled.clone();
        self.calls.postpone(interval);
        tokio::select! {
            _ = cancelled.wait_for(Option::is_some) => false,
            () = tokio::time::sleep(interval) => true,
        }
    }

    /// Asks every plugin of a stage that measures, at this moment. None when everything is to end.
    async fn measure_once(
        &mut self,
        stage: &Stage,
        attempt: u32,
        is_last: bool,
    ) -> Result<Option<Found>, SittingError> {
        let circumstances = self.moment(stage, attempt).await?;
        let at = circumstances.time;
        let release = &self.session.judged.release;
        let release = Release {
            subject: release.subject.clone(),
            digest: release.digest,
            circumstances,
        };
        let judged = Judged {
            release: Arc::new(release),
            ..self.session.judged.clone()
        };
        let mut cancelled = self.desk.cancelled.clone();
        let cut = self.cut(stage).await?;
        let (told, mut heard) = unbounded_channel();
        let continuing = Continuing { cut: &cut, told };
        let calls = self.calls.clone();
        let measured = calls.measure(self.session, stage, &judged, attempt, &continuing);
        tokio::pin!(measured);
        let calls = loop {
            tokio::select! {
                biased;
                _ = cancelled.wait_for(Option::is_some) => return Ok(None),
                Some(told) = heard.recv() => self.keep(stage, attempt, told).await?,
                calls = &mut measured => break calls,
            }
        };
        let mut found = Found::Healthy;
        let mut entries = Vec::new();
        let mut documents = Vec::new();
        for (used, call) in &calls {
            let one = found_by(&call.outcome, used.mode, used.on_fault);
            found = found.max(one);
            let transcript = call.transcript.as_ref().map(|transcript| {
                let bytes = transcript.bytes();
                let digest = Digest::of(&bytes);
                documents.push(bytes);
                digest
            });
            entries.push(CallEntry {
                plugin: used.plugin.clone(),
                kind: used.kind,
                outcome: call.outcome.name().to_owned(),
                verdict: match one {
                    Found::Healthy => Verdict::Go,
                    Found::Inconclusive => Verdict::Wait,
                    Found::Faulty => Verdict::Fault,
                    Found::Failing => Verdict::NoGo,
                },
                transcript,
                duration_ms: milliseconds(call.duration),
            });
        }
        let health = match found {
            Found::Healthy => Health::Healthy,
            Found::Inconclusive | Found::Faulty => Health::Inconclusive,
            // What fails before the last attempt is looked at again, also by another sitting.
            Found::Failing if is_last => Health::Failing,
            Found::Failing => Health::Degraded,
        };
        let measured = Measured {
            stage: stage.id.clone(),
            attempt,
            at,
            health,
            calls: entries,
        };
        if let Some(record) = self.stages.last_mut() {
            record.measured.push(MeasureRecord {
                attempt,
                at,
                health,
                calls: calls
                    .into_iter()
                    .map(|(used, call)| (used.plugin.clone(), call))
                    .collect(),
            });
        }
        self.write_with(Record::Measured(measured), documents)
            .await?;
        Ok(Some(found))
    }
}

impl Seat<'_> {
    /// What the plugins of a measurement are told about the moment: the time of the measurement, not
    /// that of the sitting. One that was cut in the middle goes on at its own time.
    async fn moment(&mut self, stage: &Stage, attempt: u32) -> Result<Circumstances, SittingError> {
        if let Some(cut) = self.progress.measuring(&stage.id)
            && cut.attempt == attempt
        {
            return Ok(cut.circumstances.clone());
        }
        let circumstances = Circumstances {
            time: (self.desk.clock)(),
            ..self.session.judged.release.circumstances.clone()
        };
        self.write(Record::Measuring(Measuring {
            stage: stage.id.clone(),
            attempt,
            circumstances: circumstances.clone(),
        }))
        .await?;
        Ok(circumstances)
    }

    /// What the plugins of a measurement that was cut in the middle were answered.
    async fn cut(&self, stage: &Stage) -> Result<BTreeMap<String, CutCall>, SittingError> {
        let mut cut = BTreeMap::new();
        for used in &stage.uses {
            let documents: Vec<Digest> = self.progress.answered(&stage.id, &used.plugin).collect();
            let mut whole: Option<CutCall> = None;
            for digest in documents {
                let bytes = self.desk.store.document(&digest).await?;
                let part = bytes.and_then(|bytes| CutCall::read(&bytes));
                let Some(part) = part else {
                    // It can be asked again: asking changes nothing.
                    tracing::warn!(plugin = %used.plugin, %digest, "what it was answered cannot be read");
                    break;
                };
                match &mut whole {
                    Some(whole) if whole.given == part.given => {
                        whole.host_calls.extend(part.host_calls);
                    }
                    // A sitting that could not go on with it began it anew.
                    _ => whole = Some(part),
                }
            }
            cut.extend(whole.map(|whole| (used.plugin.clone(), whole)));
        }
        Ok(cut)
    }

    /// Records what a plugin was answered, before it knows.
    async fn keep(&mut self, stage: &Stage, attempt: u32, told: Told) -> Result<(), SittingError> {
        let bytes = told.calls.bytes();
        let asked = Record::Asked(Asked {
            stage: stage.id.clone(),
            attempt,
            plugin: told.plugin,
            calls: Digest::of(&bytes),
        });
        self.write_with(asked, vec![bytes]).await?;
        // It may have come to its end meanwhile.
        let _ = told.written.send(());
        Ok(())
    }
}

/// What one plugin found.
fn found_by(outcome: &Outcome, mode: Mode, on_fault: OnFault) -> Found {
    match outcome {
        _ if mode == Mode::Advise => Found::Healthy,
        Outcome::Answered(Answer::Reading(reading)) => match reading.health {
            Health::Healthy => Found::Healthy,
            Health::Inconclusive => Found::Inconclusive,
            Health::Degraded | Health::Failing => Found::Failing,
        },
        _ if on_fault == OnFault::Advise => Found::Healthy,
        _ => Found::Faulty,
    }
}
