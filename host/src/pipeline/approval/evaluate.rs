use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::super::{Layer, Trust};
use super::approvers::{Approvers, Who};
use super::assign::assign;
use super::people::People;
use super::plan::{ApprovalRule, OverridePlan};
use super::reject::Rejection;
use super::rule::{Need, Risk, could_approve, in_force};
use super::stands::{Bench, Stands};
use crate::model::{Act, Approval, Binding, Digest, Statement, Text, Verdict};

/// Whether a stage is approved.
#[derive(Clone, Copy, Debug)]
pub struct ApprovalQuestion<'a> {
    /// What statements are held against.
    pub binding: &'a Binding,
    /// Whether the configuration is out of reach of the change under judgement.
    pub trust: Trust,
    /// Which file the stage comes from.
    pub layer: Layer,
    /// Whose word counts.
    pub approvers: Option<&'a Approvers>,
    /// The approvals that the stage needs at some risk.
    pub rules: &'a [ApprovalRule],
    /// The risk.
    pub risk: Risk,
    /// The approvals that its plugins ask for.
    pub demands: &'a [Approval],
    /// The longest life of an approval.
    pub valid: Duration,
    /// Who had a hand in the release.
    pub people: &'a People,
    /// The sitting's time.
    pub time: Timestamp,
    /// Every statement of the run.
    pub statements: &'a [Statement],
}

/// What the approvals of a stage come to.
#[derive(Clone, Debug)]
pub struct Standing {
    /// No-go when somebody refuses, wait when an approval is missing, else go.
    pub verdict: Verdict,
    /// What is missing, a sentence each, without a full stop.
    pub missing: Vec<Text>,
    /// Approvals that fill a place.
    pub counted: Vec<Counted>,
    /// Approvals that are right, where every place that they could fill is taken, or none is needed.
    pub spare: Vec<Counted>,
    /// Who is against it.
    pub refusals: Vec<StandingRefusal>,
    /// Approvals, refusals and withdrawals that do not count, and what could not be read at all.
    pub rejected: Vec<Rejected>,
}

impl Standing {
    /// The digests of the statements that made the verdict.
    #[must_use]
    pub fn statements(&self) -> Vec<Digest> {
        let refusals = self.refusals.iter().map(|refusal| refusal.statement);
        let counted = self.counted.iter().map(|counted| counted.statement);
        refusals.chain(counted).collect()
    }
}

/// A statement that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Which.
    pub statement: Digest,
    /// Under which names it was signed.
    pub principals: Text,
    /// When it was signed.
    pub issued: Timestamp,
    /// From when on it does not count any more.
    pub expires: Timestamp,
    /// Why it was given.
    pub reason: Option<Text>,
}

/// Somebody is against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingRefusal {
    /// Which statement.
    pub statement: Digest,
    /// Under which names it was signed.
    pub principals: Text,
    /// When it was signed.
    pub issued: Timestamp,
    /// Why.
    pub reason: Text,
}

/// A statement that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which.
    pub statement: Digest,
    /// Why.
    pub why: Rejection,
}

/// Holds the approvals and refusals of a run against what a stage needs.
#[must_use]
pub fn standing(question: &ApprovalQuestion<'_>) -> Standing {
    let bench = Bench {
        binding: question.binding,
        trust: question.trust,
        layer: question.layer,
        approvers: question.approvers,
        time: question.time,
    };
    let mut standing = Standing {
        verdict: Verdict::Go,
        missing: Vec::new(),
        counted: Vec::new(),
        spare: Vec::new(),
        refusals: Vec::new(),
        rejected: Vec::new(),
    };
    let needs = in_force(
        question.rules,
        question.risk,
        question.demands,
        question.approvers,
    );
    let mut voices: BTreeMap<String, Voice> = BTreeMap::new();
    for said in bench.hear(question.statements) {
        let (statement, why) = match said {
            Ok(stands) => match (bench.approvers(), &stands.body.act) {
                (Ok(approvers), Act::Approve) => {
                    match approval(question, &bench, approvers, &needs, &stands) {
                        Ok((counted, fits)) => {
                            voices.entry(stands.person).or_default().add(counted, fits);
                            continue;
                        }
                        Err(why) => (stands.statement, why),
                    }
                }
                (Ok(approvers), Act::Refuse) => match refusal(question, approvers, &stands) {
                    Ok(refusal) => {
                        standing.refusals.push(refusal);
                        continue;
                    }
                    Err(why) => (stands.statement, why),
                },
                _ => continue,
            },
            // What is of another question is said there.
            Err((_, Some(Act::Override | Act::Assume { .. }), _)) => continue,
            Err((statement, _, why)) => (statement, why),
        };
        standing.rejected.push(Rejected { statement, why });
    }
    let voices: Vec<Voice> = voices.into_values().collect();
    let places: Vec<u32> = needs.iter().map(|need| need.count).collect();
    let fits: Vec<BTreeSet<usize>> = voices.iter().map(Voice::fits).collect();
    let seated = assign(&places, &fits);
    for (number, (need, people)) in needs.iter().zip(&seated).enumerate() {
        let there = u32::try_from(people.len()).unwrap_or(u32::MAX);
        if there < need.count {
            standing.missing.push(need.missing(there));
        }
        let given = people
            .iter()
            .filter_map(|person| voices.get(*person)?.for_need(number));
        standing.counted.extend(given.cloned());
    }
    let of_all = voices.iter().flat_map(|voice| &voice.given);
    let spare = of_all.filter(|(counted, _)| !standing.counted.contains(counted));
    standing.spare = spare.map(|(counted, _)| counted.clone()).collect();
    if !standing.missing.is_empty() {
        standing
            .missing
            .extend(hindrances(&bench, &needs, question.people));
    }
    standing.verdict = if !standing.refusals.is_empty() {
        Verdict::NoGo
    } else if standing.missing.is_empty() {
        Verdict::Go
    } else {
        Verdict::Wait
    };
    standing
}

/// What one person approved: each statement with the needs that it may fill.
#[derive(Default)]
struct Voice {
    given: Vec<(Counted, BTreeSet<usize>)>,
}

impl Voice {
    fn add(&mut self, counted: Counted, fits: BTreeSet<usize>) {
        self.given.push((counted, fits));
    }

    fn fits(&self) -> BTreeSet<usize> {
        let fits = self.given.iter().flat_map(|(_, fits)| fits);
        fits.copied().collect()
    }

    fn for_need(&self, need: usize) -> Option<&Counted> {
        let fitting = self.given.iter().find(|(_, fits)| fits.contains(&need));
        fitting.map(|(counted, _)| counted)
    }
}

/// Which needs an approval may fill. One that may fill none is rejected; where nothing is needed, any
/// signer's is right.
fn approval(
    question: &ApprovalQuestion<'_>,
    bench: &Bench<'_>,
    approvers: &Approvers,
    needs: &[Need],
    stands: &Stands,
) -> Result<(Counted, BTreeSet<usize>), Rejection> {
    let expires = bench.end(stands, question.valid)?;
    let mut fits = BTreeSet::new();
    let mut against = None;
    let eyes = question
        .people
        .against(approvers, &stands.person, &stands.principals);
    for (number, need) in needs.iter().enumerate() {
        if !is_among(approvers, stands, &need.who) {
            against.get_or_insert_with(|| not_asked(stands, needs.iter().map(|need| &need.who)));
        } else if let (true, Some(eyes)) = (need.four_eyes, &eyes) {
            // This says more than that others are asked for as well.
            against = Some(eyes.clone());
        } else {
            fits.insert(number);
        }
    }
    match against {
        Some(against) if fits.is_empty() => Err(against),
        _ => Ok((counted(stands, expires), fits)),
    }
}

/// Whoever could approve at some risk may refuse; authors and initiators too, for nobody is kept from
/// holding their own release back.
fn refusal(
    question: &ApprovalQuestion<'_>,
    approvers: &Approvers,
    stands: &Stands,
) -> Result<StandingRefusal, Rejection> {
    let who = could_approve(question.rules, question.demands, approvers);
    if !who.iter().any(|who| is_among(approvers, stands, who)) {
        return Err(not_asked(stands, who.iter()));
    }
    Ok(StandingRefusal {
        statement: stands.statement,
        principals: stands.names(),
        issued: stands.body.issued,
        reason: stands.body.reason.clone().unwrap_or_default(),
    })
}

/// Why nobody can fill a place that is free, whoever signs.
fn hindrances(bench: &Bench<'_>, needs: &[Need], people: &People) -> Vec<Text> {
    let said = |why: Rejection| Text::from(why.to_string());
    match bench.approvers() {
        Err(why) => vec![said(why)],
        Ok(approvers) if needs.iter().any(|need| need.four_eyes) => {
            let unmapped = people.unmapped(approvers);
            unmapped.into_iter().map(said).collect()
        }
        Ok(_) => Vec::new(),
    }
}

/// Whether a stage may be let go although its verdict is another one.
#[derive(Clone, Copy, Debug)]
pub struct OverrideQuestion<'a> {
    /// What statements are held against.
    pub binding: &'a Binding,
    /// Whether the configuration is out of reach of the change under judgement.
    pub trust: Trust,
    /// Which file the stage comes from.
    pub layer: Layer,
    /// Whose word counts.
    pub approvers: Option<&'a Approvers>,
    /// Who can override.
    pub plan: Option<&'a OverridePlan>,
    /// The sitting's time.
    pub time: Timestamp,
    /// Every statement of the run.
    pub statements: &'a [Statement],
}

/// What the overrides of a stage come to.
#[derive(Clone, Debug)]
pub struct Overriding {
    /// Whether the stage is let go.
    pub is_given: bool,
    /// How many more people it takes; none where nobody can override.
    pub missing: Option<u32>,
    /// One statement of each person.
    pub counted: Vec<Counted>,
    /// Overrides that do not count.
    pub rejected: Vec<Rejected>,
}

impl Overriding {
    /// The digests of the statements that count.
    #[must_use]
    pub fn statements(&self) -> Vec<Digest> {
        self.counted
            .iter()
            .map(|counted| counted.statement)
            .collect()
    }
}

/// Holds the overrides of a run against what one of a stage takes.
#[must_use]
pub fn overriding(question: &OverrideQuestion<'_>) -> Overriding {
    let bench = Bench {
        binding: question.binding,
        trust: question.trust,
        layer: question.layer,
        approvers: question.approvers,
        time: question.time,
    };
    let plan = question.plan.filter(|plan| plan.counts_in(question.layer));
    let mut rejected = Vec::new();
    let mut people: BTreeMap<String, Counted> = BTreeMap::new();
    for said in bench.hear(question.statements) {
        let (statement, why) = match said {
            Ok(stands) if stands.body.act == Act::Override => {
                match one_override(&bench, plan, &stands) {
                    Ok(counted) => {
                        people.entry(stands.person).or_insert(counted);
                        continue;
                    }
                    Err(why) => (stands.statement, why),
                }
            }
            Err((statement, Some(Act::Override), why)) => (statement, why),
            _ => continue,
        };
        rejected.push(Rejected { statement, why });
    }
    let there = u32::try_from(people.len()).unwrap_or(u32::MAX);
    let missing = match (plan, bench.approvers()) {
        (Some(plan), Ok(_)) => Some(plan.count.saturating_sub(there)),
        _ => None,
    };
    Overriding {
        is_given: missing == Some(0),
        missing,
        counted: people.into_values().collect(),
        rejected,
    }
}

fn one_override(
    bench: &Bench<'_>,
    plan: Option<&OverridePlan>,
    stands: &Stands,
) -> Result<Counted, Rejection> {
    let plan = plan.ok_or(Rejection::NoOverride)?;
    let who = plan.who();
    if !is_among(bench.approvers()?, stands, &who) {
        return Err(not_asked(stands, [&who]));
    }
    let expires = bench.end(stands, plan.valid.0)?;
    Ok(counted(stands, expires))
}

impl OverridePlan {
    /// Whether it counts in a stage of this layer.
    #[must_use]
    pub fn counts_in(&self, layer: Layer) -> bool {
        self.layer == Layer::Policy || layer == Layer::Pipeline
    }

    pub(super) fn who(&self) -> Who {
        self.role
            .as_ref()
            .map_or(Who::Anybody, |role| Who::Role(role.value.clone()))
    }
}

pub(super) fn is_among(approvers: &Approvers, stands: &Stands, who: &Who) -> bool {
    stands
        .principals
        .iter()
        .any(|principal| approvers.is_among(principal, who))
}

pub(super) fn not_asked<'a>(stands: &Stands, who: impl IntoIterator<Item = &'a Who>) -> Rejection {
    let asked: BTreeSet<&Who> = who.into_iter().collect();
    let asked: Vec<Text> = asked.into_iter().map(Who::words).collect();
    let asked: Vec<&str> = asked.iter().map(Text::raw).collect();
    Rejection::NotAsked {
        principal: stands.names(),
        asked: Text::from(if asked.is_empty() {
            "nobody".to_owned()
        } else {
            asked.join(", ")
        }),
    }
}

fn counted(stands: &Stands, expires: Timestamp) -> Counted {
    Counted {
        statement: stands.statement,
        principals: stands.names(),
        issued: stands.body.issued,
        expires,
        reason: stands.body.reason.clone(),
    }
}
