use std::sync::Arc;

use super::approval::{Overriding, Risk, Standing};
use super::edits::{EditRecord, EditedFile};
use super::keyring::Signer;
use super::load::{Configuration, Stage};
use super::threshold::Thresholds;
use crate::model::{
    Answer, Approval, BaseSource, Demand, Digest, EffectId, EffectState, Effects, EventKind,
    Finding, Grants, Health, Kind, OutboxMessage, Outcome, Part, Release, Requirement, RuleId,
    RunState, Score, Text, Verdict,
};
use crate::sandbox::{CallRecord, CodeOrigin, Limits};

/// Everything that a run came to: what reports are made of.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// Identifier of this run; differs from run to run.
    pub run: String,
    /// The verdict of the stages: the worst counts.
    pub verdict: Verdict,
    /// Whether somebody broke the glass.
    pub overridden: bool,
    /// What became of the effects.
    pub effects: Effects,
    /// What was judged.
    pub release: Arc<Release>,
    /// What said where its range begins; none where that is not known any more.
    pub base_source: Option<BaseSource>,
    /// What decided.
    pub configuration: ConfigurationRecord,
    /// The stages in the order in which they ran; one that was not reached is there too.
    pub stages: Vec<StageRecord>,
    /// Findings of the host itself, about the run as a whole, such as a narrowed range.
    pub findings: Vec<JudgedFinding>,
    /// What the plugins of channels made of the events of the run, in their order.
    pub messages: Vec<MessageRecord>,
    /// What is recorded of it; none for a rehearsal, of which nothing is.
    pub sitting: Option<SittingRecord>,
}

/// One process's work on a recorded run.
#[derive(Clone, Debug)]
pub struct SittingRecord {
    /// Counts from 1 within the run.
    pub number: u32,
    /// Where the run is recorded, without a password.
    pub store: String,
    /// Whether the run goes on.
    pub state: RunState,
    /// The signal that ended it.
    pub cancelled: Option<&'static str>,
    /// Every message of the run that has somewhere to go, as it is on its way now.
    pub outbox: Vec<OutboxMessage>,
}

impl RunRecord {
    /// Whether every stage is go, or was overridden.
    #[must_use]
    pub fn is_let_go(&self) -> bool {
        let stages = self.stages.iter();
        stages.clone().all(|stage| !stage.reached) || stages.clone().all(StageRecord::is_let_go)
    }

    /// Whether an effect is left for the next sitting to try again: one that could not begin, or an
    /// edit that is in its place and may not be on the disk.
    #[must_use]
    pub fn has_effect_to_retry(&self) -> bool {
        let mut effects = self.stages.iter().flat_map(|stage| &stage.effects);
        effects.any(|record| match record.state {
            EffectState::NotBegun(..) => true,
            EffectState::Failed(..) => record.effect.part == Part::Edit,
            _ => false,
        })
    }
}

/// What the plugin of one channel made of one event.
#[derive(Clone, Debug)]
pub struct MessageRecord {
    /// Name of the channel.
    pub channel: String,
    /// Name of its plugin in the pipeline file.
    pub plugin: String,
    /// The plugin's version.
    pub version: semver::Version,
    /// Digest of the component.
    pub digest: Digest,
    /// What happened.
    pub event: EventKind,
    /// The stage that it happened in; none for the run as a whole.
    pub stage: Option<String>,
    /// What names the event in the outbox of the run; none in a rehearsal.
    pub event_id: Option<String>,
    /// The bounds that were in force.
    pub limits: Limits,
    /// What became of the call: the messages, when it answered. A fault changes no verdict.
    pub call: CallRecord,
}

/// What decided, and where it was read from.
#[derive(Clone, Debug)]
pub struct ConfigurationRecord {
    /// Whether the change under judgement could have written it.
    pub trust: Trust,
    /// The pipeline.
    pub pipeline: SourceRecord,
    /// The organization's base policy.
    pub policy: Option<SourceRecord>,
    /// Digest of everything that decides: pipeline, base policy, plugins, settings, flags.
    pub digest: Digest,
}

impl ConfigurationRecord {
    pub(super) fn of(configuration: &Configuration) -> Self {
        Self {
            trust: configuration.trust,
            pipeline: configuration.pipeline.clone(),
            policy: configuration.policy.clone(),
            digest: configuration.digest,
        }
    }
}

/// Where a file of the configuration was read from, and what it was.
#[derive(Clone, Debug)]
pub struct SourceRecord {
    /// In words: `embedded`, a path, `REF:PATH`.
    pub origin: Text,
    /// Digest of its bytes.
    pub digest: Digest,
}

/// Whether what decides was out of reach of the change under judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Embedded, from outside the checkout, or from a ref that the operator named.
    Trusted,
    /// From the checkout itself: never a go that counts.
    Untrusted,
}

/// One stage of a run.
#[derive(Clone, Debug)]
pub struct StageRecord {
    /// Its id.
    pub id: String,
    /// What it came to.
    pub verdict: Verdict,
    /// Whether it was decided about in this sitting.
    pub reached: bool,
    /// From which scores on it waits or is a no-go.
    pub thresholds: Thresholds,
    /// Its plugins that decide, in the order of the file.
    pub plugins: Vec<PluginRecord>,
    /// What it waits for, in words.
    pub missing: Vec<Text>,
    /// What signed statements come to; none in a rehearsal, where there are none.
    pub approval: Option<Standing>,
    /// What overrides come to; none where nothing is to be overridden.
    pub overriding: Option<Overriding>,
    /// The files that its edits change, as they are afterwards, in the order in which they are first
    /// edited.
    pub files: Vec<EditedFile>,
    /// The commands that it runs, each with its arguments.
    pub commands: Vec<Vec<Text>>,
    /// What is known of its effects.
    pub effects: Vec<EffectRecord>,
    /// Measurements of this sitting, in order.
    pub measured: Vec<MeasureRecord>,
}

/// What is known of one effect.
#[derive(Clone, Debug)]
pub struct EffectRecord {
    /// Which one.
    pub effect: EffectId,
    /// What became of it.
    pub state: EffectState,
}

/// One measurement of what a stage deployed.
#[derive(Clone, Debug)]
pub struct MeasureRecord {
    /// Counts from 1 within the stage, over all sittings.
    pub attempt: u32,
    /// When.
    pub at: jiff::Timestamp,
    /// What it came to.
    pub health: Health,
    /// What each plugin answered, by its name.
    pub calls: Vec<(String, CallRecord)>,
}

/// One plugin in one stage.
#[derive(Clone, Debug)]
pub struct PluginRecord {
    /// Its name in the pipeline file.
    pub name: String,
    /// Which of its kinds was called.
    pub kind: Kind,
    /// Its version.
    pub version: semver::Version,
    /// Digest of the component.
    pub digest: Digest,
    /// Where its machine code came from.
    pub origin: CodeOrigin,
    /// Whether its findings count.
    pub mode: Mode,
    /// Whether its faults count.
    pub on_fault: OnFault,
    /// The bounds that were in force.
    pub limits: Limits,
    /// What it may use beyond the release itself: granted, and asked for in its manifest.
    pub grants: Grants,
    /// Who signed it, by the word of each file that asks for a signature.
    pub signers: Vec<Signer>,
    /// What became of the call, with what it logged.
    pub call: CallRecord,
    /// What the host made of its answer; only of one of a risk plugin.
    pub score: Option<Score>,
    /// What each edit of its answer would change, in their order; empty for any other answer.
    pub edits: Vec<EditRecord>,
    /// Its findings, each with what was made of it.
    pub findings: Vec<JudgedFinding>,
    /// What it contributes to the stage's verdict.
    pub verdict: Verdict,
}

impl StageRecord {
    /// A stage that nothing is known of yet.
    #[must_use]
    pub fn not_reached(stage: &Stage) -> Self {
        Self {
            id: stage.id.clone(),
            verdict: Verdict::Wait,
            reached: false,
            thresholds: stage.thresholds,
            plugins: Vec::new(),
            missing: Vec::new(),
            approval: None,
            overriding: None,
            files: Vec::new(),
            commands: Vec::new(),
            effects: Vec::new(),
            measured: Vec::new(),
        }
    }

    /// Whether what comes after it may begin: it is go, or somebody broke the glass.
    #[must_use]
    pub fn is_let_go(&self) -> bool {
        self.reached && (self.verdict == Verdict::Go || self.is_overridden())
    }

    /// Whether somebody broke the glass.
    #[must_use]
    pub fn is_overridden(&self) -> bool {
        self.overriding.as_ref().is_some_and(|over| over.is_given)
    }

    /// The findings of its plugins, in their order.
    pub fn findings(&self) -> impl Iterator<Item = &JudgedFinding> {
        self.plugins.iter().flat_map(|plugin| &plugin.findings)
    }

    /// What its plugins claim, as far as it counts: what an adviser claims nobody waits for.
    pub fn claims(&self) -> impl Iterator<Item = &Requirement> {
        self.plugins.iter().flat_map(|plugin| {
            let counts = plugin.mode == Mode::Enforce;
            let claims = match &plugin.call.outcome {
                Outcome::Answered(Answer::Requirements(claims)) if counts => claims.as_slice(),
                _ => &[],
            };
            claims.iter()
        })
    }

    /// The approvals that its plugins ask for.
    #[must_use]
    pub fn approvals_asked(&self) -> Vec<Approval> {
        self.claims()
            .filter_map(|claim| match &claim.demand {
                Demand::Approval(approval) => Some(approval.clone()),
                _ => None,
            })
            .collect()
    }

    /// What is known of the risk: the highest score of the plugins whose findings count.
    #[must_use]
    pub fn risk(&self) -> Risk {
        let raters = self
            .plugins
            .iter()
            .filter(|plugin| plugin.kind == Kind::Risk && plugin.mode == Mode::Enforce);
        raters.fold(Risk::Unrated, |risk, plugin| {
            match (risk, plugin.score.as_ref().map(|score| score.value)) {
                (Risk::Unknown, _) | (_, None) => Risk::Unknown,
                (_, Some(score)) if score.is_nan() => Risk::Unknown,
                (Risk::Score(highest), Some(score)) if highest > score => Risk::Score(highest),
                (_, Some(score)) => Risk::Score(score),
            }
        })
    }

    /// The highest score of its plugins.
    #[must_use]
    pub fn score(&self) -> Option<&Score> {
        let scores = self
            .plugins
            .iter()
            .filter_map(|plugin| plugin.score.as_ref());
        scores.max_by(|left, right| left.value.total_cmp(&right.value))
    }
}

/// Whether findings of a plugin count.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They are shown and do not block.
    Advise,
    /// Those of severity error block.
    Enforce,
}

/// What a fault of a plugin means.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OnFault {
    /// It is shown and does not block.
    Advise,
    /// It blocks.
    Block,
}

/// A finding and what was made of it.
#[derive(Clone, Debug)]
pub struct JudgedFinding {
    /// The finding.
    pub finding: Finding,
    /// Whether it blocks the stage.
    pub blocks: bool,
    /// The waiver that releases it.
    pub waiver: Option<WaiverRecord>,
}

/// A waiver that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverRecord {
    /// The rule that it is for.
    pub rule: RuleId,
    /// Who answers for it.
    pub owner: Text,
    /// Why it was given.
    pub reason: Text,
    /// Until when it holds.
    pub expires: jiff::Timestamp,
}

impl std::fmt::Display for Mode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Advise => "advise",
            Self::Enforce => "enforce",
        })
    }
}

impl std::fmt::Display for OnFault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Advise => "advise",
            Self::Block => "block",
        })
    }
}
