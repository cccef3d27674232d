use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::{Layer, Trust};
use super::approvers::{Approvers, Who};
use super::evaluate::{Rejected, is_among, not_asked};
use super::plan::{OVERRIDE_VALID, OverridePlan};
use super::reject::Rejection;
use super::stands::{Bench, Stands};
use crate::model::{Act, Assumed, Binding, Digest, EffectId, Statement, Text};

/// What became of an effect, as a person says.
#[derive(Clone, Copy, Debug)]
pub struct AssumeQuestion<'a> {
    /// What statements are held against. Its findings are not.
    pub binding: &'a Binding,
    /// Whether the configuration is out of reach of the change under judgement.
    pub trust: Trust,
    /// Which file the stage comes from.
    pub layer: Layer,
    /// Whose word counts.
    pub approvers: Option<&'a Approvers>,
    /// Whose role has to say it; any signer may where there is none.
    pub plan: Option<&'a OverridePlan>,
    /// The effect.
    pub effect: &'a EffectId,
    /// Statements that settled an effect before. An effect that is tried again and is unknown again
    /// is not settled by what was said of the time before.
    pub used: &'a BTreeSet<Digest>,
    /// The sitting's time.
    pub time: Timestamp,
    /// Every statement of the run.
    pub statements: &'a [Statement],
}

/// What people say of an effect.
#[derive(Clone, Debug)]
pub struct Assumption {
    /// What became of it, and the statement that says so; none where nobody says so, or where people
    /// contradict each other.
    pub outcome: Option<(Assumed, Digest)>,
    /// What people say who contradict each other.
    pub contradiction: Option<Text>,
    /// Statements about this effect that do not count.
    pub rejected: Vec<Rejected>,
}

/// Holds what people say of an effect against who may say it.
#[must_use]
pub fn assumption(question: &AssumeQuestion<'_>) -> Assumption {
    let bench = Bench {
        binding: question.binding,
        trust: question.trust,
        layer: question.layer,
        approvers: question.approvers,
        time: question.time,
    };
    // By document: the same words signed once more are the same words.
    let used: BTreeSet<Digest> = question
        .statements
        .iter()
        .filter(|statement| question.used.contains(&statement.digest()))
        .map(|statement| Digest::of(&statement.document))
        .collect();
    let documents: BTreeMap<Digest, Digest> = question
        .statements
        .iter()
        .map(|statement| (statement.digest(), Digest::of(&statement.document)))
        .collect();
    let is_used = |statement: &Digest| {
        documents
            .get(statement)
            .is_none_or(|document| used.contains(document))
    };
    let mut rejected = Vec::new();
    let mut said: Vec<(Assumed, Digest, Text)> = Vec::new();
    for heard in bench.hear(question.statements) {
        let (statement, why) = match heard {
            Ok(stands) => match one(&bench, question, &stands) {
                Some(Ok(_)) if is_used(&stands.statement) => (stands.statement, Rejection::Used),
                Some(Ok(outcome)) => {
                    said.push((outcome, stands.statement, stands.names()));
                    continue;
                }
                Some(Err(why)) => (stands.statement, why),
                None => continue,
            },
            Err((statement, Some(Act::Assume { .. }), why)) => (statement, why),
            Err(_) => continue,
        };
        rejected.push(Rejected { statement, why });
    }
    let outcomes: BTreeSet<&str> = said.iter().map(|(outcome, ..)| outcome.name()).collect();
    let first = said
        .first()
        .map(|(outcome, statement, _)| (*outcome, *statement));
    let contradiction = (outcomes.len() > 1).then(|| {
        let words: Vec<String> = said
            .iter()
            .map(|(outcome, _, names)| format!("{} says {}", names.raw(), outcome.name()))
            .collect();
        Text::from(words.join(", "))
    });
    Assumption {
        outcome: first.filter(|_| contradiction.is_none()),
        contradiction,
        rejected,
    }
}

/// What a statement says of the effect; none of one that is about something else.
fn one(
    bench: &Bench<'_>,
    question: &AssumeQuestion<'_>,
    stands: &Stands,
) -> Option<Result<Assumed, Rejection>> {
    let Act::Assume { effect, outcome } = &stands.body.act else {
        return None;
    };
    let check = || {
        if effect != question.effect {
            return Err(Rejection::AnotherEffect(Text::from(effect.to_string())));
        }
        let plan = question.plan.filter(|plan| plan.counts_in(question.layer));
        let who = plan.map_or(Who::Anybody, OverridePlan::who);
        if !is_among(bench.approvers()?, stands, &who) {
            return Err(not_asked(stands, [&who]));
        }
        let life = plan.map_or(OVERRIDE_VALID, |plan| plan.valid);
        bench.end(stands, life.0)?;
        Ok(*outcome)
    };
    Some(check())
}
