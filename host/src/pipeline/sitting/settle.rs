use super::{Seat, SittingError};
use crate::model::{
    Assumed, Binding, Digest, EffectOutcome, EffectState, Intent, PlannedStep, Record, Settlement,
};
use crate::pipeline::Layer;
use crate::pipeline::approval::{AssumeQuestion, assumption};

impl Seat<'_> {
    /// Settles what a person has said of effects whose outcome is not known. Gives whether nothing
    /// stands in the way of going on: what is left unknown may be done again.
    pub(super) async fn settle(&mut self) -> Result<bool, SittingError> {
        let unknown: Vec<Intent> = self.progress.unknown().cloned().collect();
        let mut settled = true;
        for intent in unknown {
            if let Some((assumed, statement)) = self.assumed(&intent) {
                let outcome = match assumed {
                    Assumed::Done => EffectOutcome::Done,
                    Assumed::NotDone => EffectOutcome::NotDone,
                };
                self.used.insert(statement);
                self.write(Record::Settled(Settlement {
                    effect: intent.effect,
                    outcome,
                    assumed: Some(statement),
                    output: None,
                    duration_ms: 0,
                }))
                .await?;
            } else if !intent.repeatable {
                settled = false;
            }
        }
        Ok(settled)
    }

    /// What people say of an effect.
    fn assumed(&self, intent: &Intent) -> Option<(Assumed, Digest)> {
        let configuration = self.session.configuration;
        let stage = configuration
            .stages
            .iter()
            .find(|stage| stage.id == intent.effect.stage)?;
        let layer = self.plan(stage).map_or(Layer::Pipeline, |plan| plan.layer);
        let steps = self.plans.get(&stage.id).cloned().unwrap_or_default();
        let binding = self.binding(stage, Digest::of(b""), &steps);
        let question = AssumeQuestion {
            binding: &binding,
            trust: configuration.trust,
            layer,
            approvers: configuration.approvers.as_ref(),
            plan: configuration.plan.overriding.as_ref(),
            effect: &intent.effect,
            used: &self.used,
            time: (self.desk.clock)(),
            statements: &self.statements,
        };
        let assumption = assumption(&question);
        if let Some(contradiction) = &assumption.contradiction {
            tracing::warn!(
                effect = %intent.effect,
                "people contradict each other: {}",
                contradiction.terminal()
            );
        }
        for rejected in &assumption.rejected {
            tracing::warn!(effect = %intent.effect, "a statement does not count: {}", rejected.why);
        }
        assumption.outcome
    }

    /// What a signature on a stage is bound to.
    pub(super) fn binding(
        &self,
        stage: &crate::pipeline::Stage,
        findings: Digest,
        steps: &[PlannedStep],
    ) -> Binding {
        let subject = &self.session.judged.release.subject;
        Binding {
            run: self.run.id.clone(),
            nonce: self.progress.nonce().to_owned(),
            project: subject.project.clone(),
            target: subject.target.clone(),
            version: subject.version.clone(),
            stage: stage.id.clone(),
            subject: self.run.key.subject,
            configuration: self.run.key.configuration,
            findings,
            commands: self.commands_let_go(stage, steps),
        }
    }

    /// Whether an effect is done, so that it is not carried out again.
    pub(super) fn is_done(&self, effect: &crate::model::EffectId) -> bool {
        matches!(self.progress.effect(effect), Some(EffectState::Done(_)))
    }
}
