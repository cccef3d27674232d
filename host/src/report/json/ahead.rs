use schemars::JsonSchema;
use serde::Serialize;

use super::BaseSourceReport;
use crate::model::Kind;
use crate::pipeline::{
    ApprovalRule, CommandPlan, Configuration, Layer, Mode, Percentile, Stage, Template, Trust,
    command_words, passed_over_words,
};
use crate::release::Start;

/// Where the range of a run would begin.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedRangeReport {
    /// Full object name of the commit that it would start after; none when it reaches back to the
    /// root commits.
    pub base: Option<String>,
    /// What says so.
    pub source: BaseSourceReport,
    /// Why it is not what runs on the target by the record, in a sentence; none where it is, or
    /// where nothing is recorded.
    pub passed_over: Option<String>,
}

/// An approval that a stage will wait for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedApprovalReport {
    /// How many people it takes.
    pub count: u32,
    /// The role that they are in; none for any signer.
    pub role: Option<String>,
    /// The members of the role, by their names in the list of signers; empty for any signer.
    pub people: Vec<String>,
    /// The score from which on it is needed; none for always.
    pub at: Option<f64>,
    /// Whether who started the run and the authors of its commits do not count.
    pub four_eyes: bool,
    /// Why nobody can give it; none where somebody can.
    pub problem: Option<String>,
    /// All of it in a sentence, without a full stop.
    pub words: String,
}

/// What a stage does when it is go.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedEffectsReport {
    /// The commands that it runs, in order, each in words.
    pub run: Vec<String>,
    /// The commands that take it back; none where nothing does.
    pub undo: Option<Vec<String>>,
    /// Whether edits of its document plugins are written into the working tree.
    pub writes_edits: bool,
}

/// Who can let a stage go although its verdict is another one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedOverrideReport {
    /// How many people it takes.
    pub count: u32,
    /// The role that they are in; none for any signer.
    pub role: Option<String>,
    /// The members of the role, by their names in the list of signers; empty for any signer.
    pub people: Vec<String>,
    /// How long it holds, in seconds.
    pub valid_seconds: u64,
}

impl CheckedRangeReport {
    /// The report of where a range starts.
    #[must_use]
    pub fn new(start: &Start) -> Self {
        let passed_over = start.passed_over.as_ref();
        Self {
            base: start.commit.as_ref().map(ToString::to_string),
            source: BaseSourceReport::new(&start.source),
            passed_over: passed_over.map(|passed| {
                let words = passed_over_words(passed, &start.source);
                words.raw().to_owned()
            }),
        }
    }
}

impl CheckedApprovalReport {
    /// The approvals of a stage, in the order of the file, that of `approve-at` last.
    pub(super) fn of(configuration: &Configuration, stage: &Stage) -> Vec<Self> {
        let rules = stage.approvals.iter();
        rules
            .map(|rule| Self::new(configuration, stage, rule))
            .collect()
    }

    fn new(configuration: &Configuration, stage: &Stage, rule: &ApprovalRule) -> Self {
        let people = people(configuration, rule.role.as_deref());
        let problem = problem(configuration, stage).map(str::to_owned);
        let what = match rule.count {
            1 => "an approval".to_owned(),
            count => format!("{count} approvals"),
        };
        let who = match &rule.role {
            Some(name) if people.is_empty() => format!("the role {name}"),
            Some(name) => format!("the role {name} ({})", people.join(", ")),
            None => "any signer".to_owned(),
        };
        let at = rule.at.map(Percentile::value);
        let from = at.map_or_else(String::new, |at| format!(", from a risk of {at} of 100 on"));
        let eyes = if rule.four_eyes {
            ", not by who started the run or wrote a commit of it"
        } else {
            ""
        };
        Self {
            count: rule.count,
            role: rule.role.clone(),
            people,
            at,
            four_eyes: rule.four_eyes,
            problem,
            words: format!("{what} by {who}{from}{eyes}"),
        }
    }
}

impl CheckedEffectsReport {
    /// What a stage does; none where it only decides.
    pub(super) fn of(stage: &Stage) -> Option<Self> {
        if stage.commands.is_none() && !stage.write_edits {
            return None;
        }
        let words = |commands: &[CommandPlan]| -> Vec<String> {
            commands
                .iter()
                .map(|command| {
                    let arguments = command.arguments.iter();
                    let arguments: Vec<&str> = arguments.map(Template::source).collect();
                    command_words(&arguments).raw().to_owned()
                })
                .collect()
        };
        let commands = stage.commands.as_ref();
        Some(Self {
            run: commands.map_or_else(Vec::new, |commands| words(&commands.run.value)),
            undo: commands
                .and_then(|commands| commands.undo.as_ref())
                .map(|undo| words(&undo.value)),
            writes_edits: stage.write_edits,
        })
    }
}

impl CheckedOverrideReport {
    /// Who can override; none where nobody can.
    pub(super) fn of(configuration: &Configuration) -> Option<Self> {
        let plan = configuration.plan.overriding.as_ref()?;
        let role = plan.role.as_ref().map(|role| role.value.clone());
        Some(Self {
            count: plan.count,
            people: people(configuration, role.as_deref()),
            role,
            valid_seconds: plan.valid.0.as_secs(),
        })
    }
}

/// Whether plugins of a stage may ask for approvals when they are called.
pub(super) fn may_ask_for_more(stage: &Stage) -> bool {
    let mut uses = stage.uses.iter();
    uses.any(|used| used.kind == Kind::Resource && used.mode == Mode::Enforce)
}

fn people(configuration: &Configuration, role: Option<&str>) -> Vec<String> {
    let approvers = configuration.approvers.as_ref().zip(role);
    approvers.map_or_else(Vec::new, |(approvers, role)| {
        approvers.members(role).map(str::to_owned).collect()
    })
}

/// Why nobody's word counts in a stage.
fn problem(configuration: &Configuration, stage: &Stage) -> Option<&'static str> {
    let planned = configuration.plan.stages.get(stage.number)?;
    match &configuration.approvers {
        _ if configuration.trust == Trust::Untrusted => {
            Some("the configuration is not trusted, and under it nobody's word counts")
        }
        None => Some("nothing says whose signatures count: there is no [approvers] table"),
        Some(approvers) if approvers.layer == Layer::Pipeline && planned.layer == Layer::Policy => {
            Some("the project names its approvers, and they count only in stages of its own")
        }
        Some(_) => None,
    }
}
