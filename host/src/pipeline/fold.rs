use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::file::RuleSetting;
use super::plan::{Layer, Plan, Set, StagePlan, UsePlan};
use super::threshold::Thresholds;
use super::waiver::Waiver;
use super::{JudgedFinding, Mode, OnFault};
use crate::model::{Answer, Demand, Finding, Health, Outcome, Requirement, RuleId, Score, Verdict};

/// What decides about one plugin's answer in one stage.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// The plugin's name in the pipeline.
    pub plugin: &'a str,
    /// Whether findings block.
    pub mode: Mode,
    /// Whether faults block.
    pub on_fault: OnFault,
    /// What the plugin's rules count for, by id.
    pub rules: Option<&'a BTreeMap<String, Set<RuleSetting>>>,
    /// The waivers of the pipeline.
    pub waivers: &'a [Waiver],
    /// From which scores on the stage waits or is a no-go.
    pub thresholds: Thresholds,
    /// What the host made of the answer of a risk plugin.
    pub score: Option<Score>,
    /// Which file the stage comes from.
    pub layer: Layer,
    /// Whether the stage has every approval that it needs: those of its thresholds and those that
    /// its plugins ask for.
    pub approved: bool,
    /// Whether the run holds every lease that the stage's plugins claim.
    pub leased: bool,
    /// The sitting's time.
    pub time: Timestamp,
}

/// What an answer comes to.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Its findings, those that matter most first, then by rule.
    pub findings: Vec<JudgedFinding>,
    /// What it means for the stage.
    pub verdict: Verdict,
}

impl Plan {
    /// What decides about the answer of a plugin in a stage, before there is a score.
    #[must_use]
    pub fn judge<'a>(&'a self, stage: &StagePlan, used: &'a UsePlan, time: Timestamp) -> Judge<'a> {
        Judge {
            plugin: &used.plugin,
            mode: used.mode(),
            on_fault: used.on_fault(),
            rules: self.plugins.get(&used.plugin).map(|plugin| &plugin.rules),
            waivers: &self.waivers,
            thresholds: stage.thresholds(),
            score: None,
            layer: stage.layer,
            approved: false,
            leased: false,
            time,
        }
    }
}

impl Judge<'_> {
    /// Judges what became of a call.
    #[must_use]
    pub fn judge(&self, outcome: &Outcome) -> Judgement {
        let Outcome::Answered(answer) = outcome else {
            let verdict = match self.on_fault {
                OnFault::Block => Verdict::Fault,
                OnFault::Advise => Verdict::Go,
            };
            return Judgement {
                findings: Vec::new(),
                verdict,
            };
        };
        let mut findings = match answer {
            Answer::Findings(findings) => findings
                .iter()
                .filter_map(|finding| self.finding(finding))
                .collect(),
            Answer::Assessment(_) => {
                Vec::from_iter(self.thresholds.finding(self.score.as_ref(), self.mode))
            }
            _ => Vec::new(),
        };
        sort(&mut findings);
        let against = match answer {
            Answer::Findings(_) if findings.iter().any(|finding| finding.blocks) => Verdict::NoGo,
            Answer::Requirements(requirements)
                if !requirements
                    .iter()
                    .all(|requirement| self.is_met(requirement)) =>
            {
                Verdict::Wait
            }
            Answer::Reading(reading) => match reading.health {
                Health::Healthy => Verdict::Go,
                Health::Inconclusive => Verdict::Wait,
                Health::Degraded | Health::Failing => Verdict::NoGo,
            },
            Answer::Assessment(_) => match self.thresholds.verdict(self.score.as_ref()) {
                Verdict::Wait if self.approved => Verdict::Go,
                verdict => verdict,
            },
            Answer::Findings(_)
            | Answer::Requirements(_)
            | Answer::Edits(_)
            | Answer::Messages(_)
            | Answer::Steps(_) => Verdict::Go,
        };
        let verdict = match self.mode {
            Mode::Enforce => against,
            Mode::Advise => Verdict::Go,
        };
        Judgement { findings, verdict }
    }

    /// The finding under its name in the pipeline; none when its rule is off.
    fn finding(&self, finding: &Finding) -> Option<JudgedFinding> {
        let id = finding
            .rule
            .as_str()
            .rsplit_once('/')
            .map_or(finding.rule.as_str(), |(_, id)| id);
        let setting = self.rules.and_then(|rules| rules.get(id));
        let severity = match setting {
            Some(setting) => setting.value.severity()?,
            None => finding.severity,
        };
        let finding = Finding {
            rule: RuleId::new(self.plugin, id),
            severity,
            ..finding.clone()
        };
        let waiver = self
            .waivers
            .iter()
            .find(|waiver| waiver.releases(&finding, self.layer, self.time))
            .map(Waiver::record);
        let blocks = waiver.is_none()
            && self.mode == Mode::Enforce
            && severity == crate::model::Severity::Error;
        Some(JudgedFinding {
            finding,
            blocks,
            waiver,
        })
    }

    /// Whether what is claimed is there now.
    fn is_met(&self, requirement: &Requirement) -> bool {
        match &requirement.demand {
            Demand::Window(window) => {
                let now = self.time.as_second();
                window.start.is_none_or(|start| start <= now)
                    && window.end.is_none_or(|end| now < end)
            }
            Demand::Lease(_) => self.leased,
            Demand::Approval(_) => self.approved,
        }
    }
}

/// Those that matter most first, then by rule. Findings of one rule stay in the plugin's order,
/// which is the order of the range or of the files and says more than the names of commits.
pub(super) fn sort(findings: &mut [JudgedFinding]) {
    findings.sort_by(|left, right| {
        let severity = |judged: &JudgedFinding| Reverse(judged.finding.severity);
        severity(left)
            .cmp(&severity(right))
            .then_with(|| left.finding.rule.cmp(&right.finding.rule))
    });
}

/// The worst counts. Nothing at all is a fault: nobody has decided.
///
/// ```
/// use holdpoint::model::Verdict;
/// use holdpoint::pipeline::worst;
///
/// assert_eq!(worst([Verdict::Go, Verdict::NoGo, Verdict::Wait]), Verdict::NoGo);
/// assert_eq!(worst([]), Verdict::Fault);
/// ```
#[must_use]
pub fn worst(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    verdicts.into_iter().max().unwrap_or(Verdict::Fault)
}
