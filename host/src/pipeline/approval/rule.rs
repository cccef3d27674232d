use std::cmp::Ordering;

use super::super::threshold::Percentile;
use super::approvers::{Approvers, Who};
use super::plan::ApprovalRule;
use crate::model::Approval;

/// What is known of the risk of a release in a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Risk {
    /// No plugin of the stage rates it in a way that counts.
    Unrated,
    /// One should have, and has no score: it may be as high as can be.
    Unknown,
    /// The highest score that counts.
    Score(f64),
}

impl Risk {
    fn reaches(self, at: Percentile) -> bool {
        match self {
            Self::Unrated => false,
            Self::Unknown => true,
            // What is not a number is not below.
            Self::Score(score) => score.partial_cmp(&at.value()) != Some(Ordering::Less),
        }
    }
}

/// An approval that is needed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// How many people it takes.
    pub count: u32,
    /// Who they are.
    pub who: Who,
    /// Whether they may be neither who started the run nor an author of the range.
    pub four_eyes: bool,
}

/// The approvals that are needed at this risk: those of the stage whose score is reached, and those
/// that its plugins ask for, by four eyes.
#[must_use]
pub fn in_force(
    rules: &[ApprovalRule],
    risk: Risk,
    demands: &[Approval],
    approvers: Option<&Approvers>,
) -> Vec<Need> {
    let written = rules
        .iter()
        .filter(|rule| rule.at.is_none_or(|at| risk.reaches(at)))
        .map(|rule| Need {
            count: rule.count,
            who: rule.who(),
            four_eyes: rule.four_eyes,
        });
    let asked = demands.iter().map(|demand| Need {
        // Asking for nobody's approval is asking for one.
        count: demand.count.max(1),
        who: who(demand, approvers),
        four_eyes: true,
    });
    written.chain(asked).collect()
}

/// Everybody who could approve at some risk: who may also refuse.
pub(super) fn could_approve(
    rules: &[ApprovalRule],
    demands: &[Approval],
    approvers: &Approvers,
) -> Vec<Who> {
    let asked = demands.iter().map(|demand| who(demand, Some(approvers)));
    rules.iter().map(ApprovalRule::who).chain(asked).collect()
}

impl ApprovalRule {
    fn who(&self) -> Who {
        self.role
            .as_ref()
            .map_or(Who::Anybody, |role| Who::Role(role.clone()))
    }
}

/// Whom a plugin means: a role, if there is one of that name, else a principal.
fn who(demand: &Approval, approvers: Option<&Approvers>) -> Who {
    let name = demand.principal.raw().to_owned();
    if approvers.is_some_and(|approvers| approvers.is_role(&name)) {
        Who::Role(name)
    } else {
        Who::Principal(name)
    }
}
