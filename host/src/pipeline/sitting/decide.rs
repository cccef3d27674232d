use super::{Seat, SittingError};
use crate::model::{Binding, CallEntry, Decision, Demand, Digest, Record, Text, Verdict};
use crate::pipeline::approval::{
    ApprovalQuestion, OverrideQuestion, findings_digest, overriding, standing,
};
use crate::pipeline::load::Stage;
use crate::pipeline::record::StageRecord;
use crate::pipeline::run::{Released, stage_record};
use crate::pipeline::{Layer, worst};
use crate::store::Leased;

impl Seat<'_> {
    /// Asks the plugins of a stage, holds their answers and what people signed against what it
    /// needs, and records what it comes to. None when everything is to end.
    pub(super) async fn decide(
        &mut self,
        stage: &Stage,
    ) -> Result<Option<StageRecord>, SittingError> {
        let session = self.session;
        let mut cancelled = self.desk.cancelled.clone();
        // Not waited for: the signal comes while the plugins are at work.
        super::kill_point(|| format!("asking:{}", stage.id));
        let asked = tokio::select! {
            biased;
            _ = cancelled.wait_for(Option::is_some) => return Ok(None),
            asked = self.calls.ask(session, stage) => asked,
        };
        let first = stage_record(session, stage, &asked, Released::default());
        let demands = first.approvals_asked();
        let findings = findings_digest(first.findings());
        let binding = self.binding(stage, findings, &self.steps_of(stage, &first));
        let plan = self.plan(stage);
        let layer = plan.map_or(Layer::Pipeline, |plan| plan.layer);
        let configuration = session.configuration;
        let time = session.judged.release.circumstances.time;
        let approval = standing(&ApprovalQuestion {
            binding: &binding,
            trust: configuration.trust,
            layer,
            approvers: configuration.approvers.as_ref(),
            rules: &stage.approvals,
            risk: first.risk(),
            demands: &demands,
            valid: stage.approvals_valid.0,
            people: &self.people,
            time,
            statements: &self.statements,
        });
        let mut missing = approval.missing.clone();
        let taken_by_others = self.lease(&first).await?;
        let leased = taken_by_others.is_empty();
        missing.extend(taken_by_others);
        let released = Released {
            approved: approval.verdict == Verdict::Go,
            leased,
        };
        let mut record = stage_record(session, stage, &asked, released);
        if approval.verdict != Verdict::Go {
            record.verdict = worst([record.verdict, approval.verdict]);
        }
        let mut statements = approval.statements();
        record.approval = Some(approval);
        record.missing = missing.clone();
        record.commands = self.command_texts(&stage.id);
        if record.verdict != Verdict::Go {
            let over = overriding(&OverrideQuestion {
                binding: &binding,
                trust: configuration.trust,
                layer,
                approvers: configuration.approvers.as_ref(),
                plan: configuration.plan.overriding.as_ref(),
                time,
                statements: &self.statements,
            });
            if over.is_given {
                statements.extend(over.statements());
            }
            record.overriding = Some(over);
        }
        self.record_decision(stage, &record, binding, missing, statements)
            .await?;
        Ok(Some(record))
    }

    async fn record_decision(
        &mut self,
        stage: &Stage,
        record: &StageRecord,
        binding: Binding,
        missing: Vec<Text>,
        statements: Vec<Digest>,
    ) -> Result<(), SittingError> {
        let mut documents = Vec::new();
        let calls = record
            .plugins
            .iter()
            .map(|plugin| {
                let transcript = plugin.call.transcript.as_ref().map(|transcript| {
                    let bytes = transcript.bytes();
                    let digest = Digest::of(&bytes);
                    documents.push(bytes);
                    digest
                });
                CallEntry {
                    plugin: plugin.name.clone(),
                    kind: plugin.kind,
                    outcome: plugin.call.outcome.name().to_owned(),
                    verdict: plugin.verdict,
                    transcript,
                    duration_ms: milliseconds(plugin.call.duration),
                }
            })
            .collect();
        let decided = Record::Decided(Decision {
            stage: stage.id.clone(),
            verdict: record.verdict,
            findings: binding.findings,
            score: record.score().map(|score| score.value),
            missing,
            statements,
            commands: binding.commands,
            approvals_valid_seconds: stage.approvals_valid.0.as_secs(),
            calls,
        });
        self.write_with(decided, documents).await?;
        if let Some(over) = record.overriding.as_ref().filter(|over| over.is_given) {
            self.write(Record::Overridden {
                stage: stage.id.clone(),
                verdict: record.verdict,
                statements: over.statements(),
            })
            .await?;
        }
        Ok(())
    }

    /// Asks for every lease that the plugins of a stage claim. Gives what is missing.
    async fn lease(&mut self, record: &StageRecord) -> Result<Vec<Text>, SittingError> {
        let mut missing = Vec::new();
        for requirement in record.claims() {
            let Demand::Lease(lease) = &requirement.demand else {
                continue;
            };
            let now = (self.desk.clock)();
            let asked = self.sitting.lease(lease.key.raw(), lease.sharing, now);
            if let Leased::Taken(others) = asked.await? {
                let others: Vec<String> = others
                    .iter()
                    .map(|held| format!("run {} since {}", held.run.short(), held.since))
                    .collect();
                missing.push(Text::from(format!(
                    "the lease on `{}`, which {} holds",
                    lease.key.raw(),
                    others.join(", ")
                )));
            }
        }
        Ok(missing)
    }

    /// What is said of a stage that was not reached.
    pub(super) fn not_reached(&self, stage: &Stage) -> StageRecord {
        StageRecord {
            commands: self.command_texts(&stage.id),
            ..StageRecord::not_reached(stage)
        }
    }
}

pub(super) fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
