use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::super::{Layer, Trust};
use super::approvers::Approvers;
use super::reject::Rejection;
use crate::model::{Act, Binding, Digest, STATEMENT_NAMESPACE, Statement, StatementBody, Text};
use crate::plugin::ssh::Signature;

/// What every statement is held against.
pub(super) struct Bench<'a> {
    pub(super) binding: &'a Binding,
    pub(super) trust: Trust,
    /// Which file the stage comes from.
    pub(super) layer: Layer,
    pub(super) approvers: Option<&'a Approvers>,
    pub(super) time: Timestamp,
}

/// A statement that is bound to this stage of this run, with who made it.
#[derive(Clone, Debug)]
pub(super) struct Stands {
    pub(super) statement: Digest,
    pub(super) body: StatementBody,
    /// The names under which it was signed.
    pub(super) principals: BTreeSet<String>,
    pub(super) person: String,
}

impl Stands {
    /// The names under which it was signed, for people.
    pub(super) fn names(&self) -> Text {
        let names: Vec<&str> = self.principals.iter().map(String::as_str).collect();
        Text::from(names.join(", "))
    }
}

/// What was said, as far as it could be read: so that each question looks at its own.
pub(super) type Said = Result<Stands, (Digest, Option<Act>, Rejection)>;

impl<'a> Bench<'a> {
    /// Whose word counts.
    pub(super) fn approvers(&self) -> Result<&'a Approvers, Rejection> {
        match (self.trust, self.approvers) {
            (Trust::Untrusted, _) => Err(Rejection::Untrusted),
            (Trust::Trusted, Some(approvers)) if approvers.counts_in(self.layer) => Ok(approvers),
            (Trust::Trusted, _) => Err(Rejection::NoApprovers),
        }
    }

    /// Holds each statement against the trusted signers and the stage. Those that were made twice,
    /// byte for byte, are one.
    pub(super) fn hear(&self, statements: &[Statement]) -> Vec<Said> {
        let mut seen = BTreeSet::new();
        let mut said: Vec<Said> = statements
            .iter()
            .filter(|statement| seen.insert(statement.digest()))
            .map(|statement| {
                let digest = statement.digest();
                let body = StatementBody::read(&statement.document)
                    .map_err(|problem| (digest, None, problem.into()))?;
                let act = body.act.clone();
                self.stands(statement, digest, body)
                    .map_err(|rejection| (digest, Some(act), rejection))
            })
            .collect();
        // In one order, whatever the store's is.
        said.sort_by_key(|said| match said {
            Ok(stands) => (Some(stands.body.issued), stands.statement),
            Err((digest, ..)) => (None, *digest),
        });
        take_back(said)
    }

    fn stands(
        &self,
        statement: &Statement,
        digest: Digest,
        body: StatementBody,
    ) -> Result<Stands, Rejection> {
        let approvers = self.approvers()?;
        let signature = Signature::read(&statement.signature)?;
        signature.verify(STATEMENT_NAMESPACE, &statement.document)?;
        if statement.run != self.binding.run {
            return Err(Rejection::AnotherRun(statement.run.clone()));
        }
        self.is_bound(&body)?;
        if body.issued > self.time {
            return Err(Rejection::NotYetValid(body.issued));
        }
        let known = || approvers.known();
        let at = |time| {
            approvers
                .signers
                .principals(&signature, STATEMENT_NAMESPACE, time, known())
        };
        let principals = at(self.time).or_else(|not| match body.act {
            // A refusal outlives the key that it was made with: a key that expires lets nothing go.
            Act::Refuse => at(body.issued).map_err(|_| not),
            _ => Err(not),
        })?;
        let people: BTreeSet<&str> = principals
            .iter()
            .map(|principal| approvers.person(principal))
            .collect();
        // What keeps a release back counts whoever of them it is; only the same can take it back.
        let is_yes = body.act.expires();
        let mut two = people.iter();
        if let (Some(one), Some(two), true) = (two.next(), two.next(), is_yes) {
            return Err(Rejection::TwoPeople((*one).into(), (*two).into()));
        }
        let people: Vec<&str> = people.into_iter().collect();
        let person = people.join("\n");
        Ok(Stands {
            statement: digest,
            person,
            principals: principals.into_iter().map(str::to_owned).collect(),
            body,
        })
    }

    /// Whether a document is about this stage of this run, as it is now.
    fn is_bound(&self, body: &StatementBody) -> Result<(), Rejection> {
        // Taken apart by name, so that nothing that is signed can be left unchecked.
        let Binding {
            run,
            nonce,
            project,
            target,
            version,
            stage,
            subject,
            configuration,
            findings,
            commands,
        } = &body.binding;
        let now = self.binding;
        if *run != now.run {
            return Err(Rejection::AnotherRun(run.clone()));
        }
        if *nonce != now.nonce {
            return Err(Rejection::Nonce);
        }
        if *stage != now.stage {
            return Err(Rejection::AnotherStage(Text::from(stage.as_str())));
        }
        let keeps_back = !body.act.expires();
        let digests = [
            ("the subject", subject, &now.subject, true),
            ("the configuration", configuration, &now.configuration, true),
            // What holds a release back does not lose its force when there is more against it. What
            // became of an effect has nothing to do with findings.
            (
                "what the stage found",
                findings,
                &now.findings,
                matches!(body.act, Act::Approve | Act::Override),
            ),
        ];
        for (what, signed, now, counts) in digests {
            if counts && signed != now {
                return Err(Rejection::Changed {
                    what,
                    signed: *signed,
                    now: *now,
                });
            }
        }
        let none = || Text::from("none");
        let text = |text: &Option<Text>| text.clone().unwrap_or_else(none);
        let number = |version: &Option<semver::Version>| {
            version
                .as_ref()
                .map_or_else(none, |version| Text::from(version.to_string()))
        };
        let argv = |commands: &Vec<Vec<Text>>| {
            Text::from(serde_json::to_string(commands).unwrap_or_default())
        };
        let shown = |what, signed, now| Err(Rejection::Shown { what, signed, now });
        if *project != now.project {
            return shown("project", project.clone(), now.project.clone());
        }
        if *target != now.target {
            return shown("target", text(target), text(&now.target));
        }
        if *version != now.version {
            return shown("version", number(version), number(&now.version));
        }
        if *commands != now.commands && !keeps_back {
            return shown("list of commands", argv(commands), argv(&now.commands));
        }
        Ok(())
    }

    /// When a statement ends: at its own end, and at the latest when its longest life is over.
    pub(super) fn end(&self, stands: &Stands, life: Duration) -> Result<Timestamp, Rejection> {
        let longest = stands
            .body
            .issued
            .checked_add(life)
            .unwrap_or(Timestamp::MAX);
        // One without an end is over: those that need one have it.
        let end = stands
            .body
            .expires
            .unwrap_or(stands.body.issued)
            .min(longest);
        if self.time < end {
            Ok(end)
        } else {
            Err(Rejection::Expired(end))
        }
    }
}

/// Takes back what was withdrawn: everything that the same person said of the stage up to then.
fn take_back(said: Vec<Said>) -> Vec<Said> {
    let withdrawals: Vec<(String, Timestamp)> = said
        .iter()
        .flatten()
        .filter(|stands| stands.body.act == Act::Withdraw)
        .map(|stands| (stands.person.clone(), stands.body.issued))
        .collect();
    said.into_iter()
        .map(|said| {
            let stands = said?;
            let withdrawn = withdrawals
                .iter()
                .filter(|(person, time)| *person == stands.person && *time >= stands.body.issued)
                .map(|(_, time)| *time)
                .min();
            match withdrawn {
                Some(time) if stands.body.act != Act::Withdraw => {
                    let act = Some(stands.body.act);
                    Err((stands.statement, act, Rejection::Withdrawn(time)))
                }
                _ => Ok(stands),
            }
        })
        .collect()
}
