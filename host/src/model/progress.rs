use std::collections::BTreeMap;

use super::{
    Asked, Digest, EffectId, EffectOutcome, Effects, Entry, Health, Intent, Measuring, Part,
    Record, Text,
};

/// What a run has come to, as its journal says: a fold over its entries, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    effects: BTreeMap<EffectId, EffectState>,
    /// Stages of which an effect has begun, in the order of their first.
    begun: Vec<String>,
    /// The document with what an effect put out, of each that put out anything.
    outputs: BTreeMap<EffectId, Digest>,
    /// The document with the steps of each stage that has any.
    planned: BTreeMap<String, Digest>,
    measured: BTreeMap<String, (u32, Health)>,
    /// The measurement of each stage that began and has not ended, with what its plugins were
    /// answered.
    measuring: BTreeMap<String, (Measuring, Vec<Asked>)>,
    nonce: Option<String>,
}

/// What is known of an effect that has begun at least once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectState {
    /// It began, and nothing says how it ended.
    Unknown(Intent),
    /// It was carried out.
    Done(Intent),
    /// It failed.
    Failed(Intent, Text),
    /// It could not begin.
    NotBegun(Intent, Text),
    /// A person says that it did not happen.
    NotDone(Intent),
}

impl EffectState {
    /// What was about to begin.
    #[must_use]
    pub fn intent(&self) -> &Intent {
        match self {
            Self::Unknown(intent)
            | Self::Done(intent)
            | Self::Failed(intent, _)
            | Self::NotBegun(intent, _)
            | Self::NotDone(intent) => intent,
        }
    }

    /// As it is written.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown",
            Self::Done(_) => "done",
            Self::Failed(..) => "failed",
            Self::NotBegun(..) => "not-begun",
            Self::NotDone(_) => "not-done",
        }
    }
}

impl Progress {
    /// The fold over a journal. An entry about an effect that never began says nothing.
    #[must_use]
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut progress = Self::default();
        for entry in entries {
            progress.add(&entry.record);
        }
        progress
    }

    /// Adds what happened next.
    pub fn add(&mut self, record: &Record) {
        match record {
            Record::Began { nonce, .. } => self.nonce = Some(nonce.clone()),
            Record::Planned(planned) => {
                self.planned.insert(planned.stage.clone(), planned.steps);
            }
            Record::Intended(intent) => {
                let stage = &intent.effect.stage;
                if !self.begun.contains(stage) {
                    self.begun.push(stage.clone());
                }
                let unknown = EffectState::Unknown(intent.clone());
                self.effects.insert(intent.effect.clone(), unknown);
            }
            Record::Settled(settlement) => {
                let effect = &settlement.effect;
                match settlement.output {
                    Some(output) => self.outputs.insert(effect.clone(), output),
                    None => self.outputs.remove(effect),
                };
                if let Some(state) = self.effects.get_mut(&settlement.effect) {
                    let intent = state.intent().clone();
                    *state = match &settlement.outcome {
                        EffectOutcome::Done => EffectState::Done(intent),
                        EffectOutcome::Failed(why) => EffectState::Failed(intent, why.clone()),
                        EffectOutcome::NotBegun(why) => EffectState::NotBegun(intent, why.clone()),
                        EffectOutcome::NotDone => EffectState::NotDone(intent),
                    };
                }
            }
            Record::Measuring(measuring) => {
                let value = (measuring.clone(), Vec::new());
                self.measuring.insert(measuring.stage.clone(), value);
            }
            Record::Asked(asked) => {
                if let Some((measuring, answers)) = self.measuring.get_mut(&asked.stage)
                    && measuring.attempt == asked.attempt
                {
                    answers.push(asked.clone());
                }
            }
            Record::Measured(measured) => {
                self.measuring.remove(&measured.stage);
                let value = (measured.attempt, measured.health);
                self.measured.insert(measured.stage.clone(), value);
            }
            Record::Sat { .. }
            | Record::Decided(_)
            | Record::Overridden { .. }
            | Record::Cancelled { .. }
            | Record::Rested { .. }
            | Record::Aborted { .. }
            | Record::Superseded { .. } => {}
        }
    }

    /// What a signature on this run has to repeat; empty where the journal does not say.
    #[must_use]
    pub fn nonce(&self) -> &str {
        self.nonce.as_deref().unwrap_or_default()
    }

    /// What is known of an effect; none when it has not begun.
    #[must_use]
    pub fn effect(&self, effect: &EffectId) -> Option<&EffectState> {
        self.effects.get(effect)
    }

    /// Every effect that has begun, by stage, part and number.
    pub fn effects(&self) -> impl Iterator<Item = (&EffectId, &EffectState)> {
        self.effects.iter()
    }

    /// The effects whose outcome is not known.
    pub fn unknown(&self) -> impl Iterator<Item = &Intent> {
        self.effects.values().filter_map(|state| match state {
            EffectState::Unknown(intent) => Some(intent),
            _ => None,
        })
    }

    /// The stages of which an effect has begun, first one first.
    #[must_use]
    pub fn begun(&self) -> &[String] {
        &self.begun
    }

    /// The document with what an effect put out when it was settled last; none where it put out nothing.
    #[must_use]
    pub fn output(&self, effect: &EffectId) -> Option<Digest> {
        self.outputs.get(effect).copied()
    }

    /// The document with the steps of a stage; none where they are not settled.
    #[must_use]
    pub fn planned(&self, stage: &str) -> Option<Digest> {
        self.planned.get(stage).copied()
    }

    /// The last measurement of a stage: its attempt and what it came to.
    #[must_use]
    pub fn measured(&self, stage: &str) -> Option<(u32, Health)> {
        self.measured.get(stage).copied()
    }

    /// The measurement of a stage that was cut in the middle; none where none was.
    #[must_use]
    pub fn measuring(&self, stage: &str) -> Option<&Measuring> {
        self.measuring.get(stage).map(|(measuring, _)| measuring)
    }

    /// The documents that have what a plugin was answered in a measurement that was cut in the middle,
    /// in order.
    pub fn answered(&self, stage: &str, plugin: &str) -> impl Iterator<Item = Digest> {
        let answers = self.measuring.get(stage).into_iter();
        answers
            .flat_map(|(_, answers)| answers)
            .filter(move |asked| asked.plugin == plugin)
            .map(|asked| asked.calls)
    }

    /// The command or request that failed, so that what was done is to be undone. One that could not
    /// begin counts where some other did: where none did, nothing is to be undone. A measurement is
    /// not one: the pipeline says what it means.
    #[must_use]
    pub fn failed(&self) -> Option<(&EffectId, &Text)> {
        if !self.begun.iter().any(|stage| self.is_touched(stage)) {
            return None;
        }
        self.effects.iter().find_map(|(effect, state)| match state {
            EffectState::Failed(_, why) | EffectState::NotBegun(_, why)
                if matches!(effect.part, Part::Run | Part::Request) =>
            {
                Some((effect, why))
            }
            _ => None,
        })
    }

    /// Whether a stage may have changed something outside: a command or a request of it did more than
    /// not begin.
    #[must_use]
    pub fn is_touched(&self, stage: &str) -> bool {
        self.has_begun(stage, Part::Run) || self.has_begun(stage, Part::Request)
    }

    /// Whether an effect of this part of a stage did more than not begin.
    #[must_use]
    pub fn has_begun(&self, stage: &str, part: Part) -> bool {
        self.effects.iter().any(|(effect, state)| {
            effect.stage == stage
                && effect.part == part
                && !matches!(state, EffectState::NotBegun(..) | EffectState::NotDone(_))
        })
    }

    /// Whether something is being undone, or was.
    #[must_use]
    pub fn is_undoing(&self) -> bool {
        let mut effects = self.effects.keys();
        effects.any(|effect| matches!(effect.part, Part::Undo | Part::Revert))
    }

    /// What has become of the effects, where nothing is being undone.
    #[must_use]
    pub fn without_undo(&self) -> Effects {
        if self.unknown().next().is_some() {
            Effects::Unknown
        } else if self
            .effects
            .values()
            .any(|state| matches!(state, EffectState::Done(_)))
        {
            Effects::Done
        } else {
            Effects::None
        }
    }
}
