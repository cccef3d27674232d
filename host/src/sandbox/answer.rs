//! Holds an answer to the contract: a plugin that lies has not answered.

mod steps;

use std::collections::HashSet;

use holdpoint_build::Manifest;

use super::network::Network;
use crate::model::{
    Answer, Assessment, Edit, Factor, Finding, Grants, Input, LimitKind, Limits, Location, Message,
    ObjectName, Outcome, Reading, Release, RuleId, Severity, Text,
};

/// An answer as the guest gave it.
pub(super) enum Unchecked {
    Findings(Vec<UncheckedFinding>),
    Assessment {
        magnitude: f64,
        factors: Vec<UncheckedFactor>,
    },
    Other(Answer),
}

pub(super) struct UncheckedFinding {
    pub(super) rule: String,
    pub(super) severity: Option<Severity>,
    pub(super) message: String,
    pub(super) location: UncheckedLocation,
    pub(super) help: Option<String>,
}

pub(super) struct UncheckedFactor {
    /// Its location is filled in when it has been checked.
    pub(super) factor: Factor,
    pub(super) location: UncheckedLocation,
}

pub(super) enum UncheckedLocation {
    Release,
    Commit(String),
    File { path: String, line: Option<u32> },
    Artifact(String),
}

/// What an answer is held to.
pub(super) struct Contract<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) release: &'a Release,
    pub(super) input: &'a Input,
    pub(super) limits: &'a Limits,
    pub(super) grants: &'a Grants,
    /// What its secrets are in; none where nothing leaves the machine.
    pub(super) network: Option<&'a Network>,
}

type Refused = Outcome;

impl Contract<'_> {
    /// The outcome of a call that gave this answer.
    pub(super) fn check(&self, answer: Unchecked) -> Outcome {
        match self.checked(answer) {
            Ok(answer) => Outcome::Answered(answer),
            Err(refused) => refused,
        }
    }

    fn checked(&self, answer: Unchecked) -> Result<Answer, Refused> {
        match answer {
            Unchecked::Findings(findings) => {
                self.count(findings.len())?;
                let commits = self.commits(findings.iter().map(|finding| &finding.location));
                let findings = findings
                    .into_iter()
                    .map(|finding| self.finding(finding, &commits));
                Ok(Answer::Findings(findings.collect::<Result<_, _>>()?))
            }
            Unchecked::Assessment { magnitude, factors } => {
                self.count(factors.len())?;
                finite("the magnitude", magnitude)?;
                let commits = self.commits(factors.iter().map(|factor| &factor.location));
                let factors = factors
                    .into_iter()
                    .map(|factor| self.factor(factor, &commits));
                Ok(Answer::Assessment(Assessment {
                    magnitude,
                    factors: factors.collect::<Result<_, _>>()?,
                }))
            }
            Unchecked::Other(answer) => {
                self.other(&answer)?;
                Ok(answer)
            }
        }
    }

    fn finding(
        &self,
        finding: UncheckedFinding,
        commits: &HashSet<&ObjectName>,
    ) -> Result<Finding, Refused> {
        let Some(rule) = self
            .manifest
            .rules
            .iter()
            .find(|rule| rule.id == finding.rule)
        else {
            return Err(malformed(format!(
                "a finding names the rule `{}`, which the manifest does not list",
                finding.rule
            )));
        };
        self.text(&finding.message)?;
        if finding.message.trim().is_empty() {
            return Err(malformed(format!(
                "a finding of the rule `{}` has no message",
                rule.id
            )));
        }
        if let Some(help) = &finding.help {
            self.text(help)?;
        }
        Ok(Finding {
            rule: RuleId::new(&self.manifest.name, &rule.id),
            severity: finding.severity.unwrap_or(rule.severity),
            message: finding.message.into(),
            location: self.location(finding.location, commits)?,
            help: Some(finding.help.unwrap_or_else(|| rule.help.clone()).into())
                .filter(|help: &Text| !help.is_empty()),
        })
    }

    fn factor(
        &self,
        factor: UncheckedFactor,
        commits: &HashSet<&ObjectName>,
    ) -> Result<Factor, Refused> {
        let location = self.location(factor.location, commits)?;
        let factor = Factor {
            location,
            ..factor.factor
        };
        self.text(factor.name.raw())?;
        self.text(factor.evidence.raw())?;
        finite("the weight of a factor", factor.weight)?;
        Ok(factor)
    }

    /// The commits of the range, for answers that name any.
    fn commits<'a>(
        &self,
        mut locations: impl Iterator<Item = &'a UncheckedLocation>,
    ) -> HashSet<&ObjectName> {
        if locations.any(|location| matches!(location, UncheckedLocation::Commit(_))) {
            self.release
                .subject
                .commits
                .iter()
                .map(|commit| &commit.id)
                .collect()
        } else {
            HashSet::new()
        }
    }

    fn location(
        &self,
        location: UncheckedLocation,
        commits: &HashSet<&ObjectName>,
    ) -> Result<Location, Refused> {
        match location {
            UncheckedLocation::Release => Ok(Location::Release),
            UncheckedLocation::Commit(id) => match ObjectName::new(&id) {
                Some(name) if commits.contains(&name) => Ok(Location::Commit(name)),
                _ => Err(malformed(format!(
                    "an answer names the commit `{id}`, which is not in the range"
                ))),
            },
            UncheckedLocation::File { path, line } => {
                self.text(&path)?;
                if line == Some(0) {
                    return Err(malformed(format!(
                        "an answer names line 0 of `{path}`; lines count from 1"
                    )));
                }
                Ok(Location::File {
                    path: path.into(),
                    line,
                })
            }
            UncheckedLocation::Artifact(name) => {
                let subject = &self.release.subject;
                let known = subject
                    .artifacts
                    .iter()
                    .any(|artifact| artifact.name.raw() == name)
                    || subject
                        .evidence
                        .iter()
                        .any(|evidence| evidence.name.raw() == name);
                if known {
                    Ok(Location::Artifact(name.into()))
                } else {
                    Err(malformed(format!(
                        "an answer names the artifact `{name}`, which there is not"
                    )))
                }
            }
        }
    }

    fn other(&self, answer: &Answer) -> Result<(), Refused> {
        match answer {
            Answer::Findings(_) | Answer::Assessment(_) => Ok(()),
            Answer::Requirements(requirements) => {
                self.count(requirements.len())?;
                requirements
                    .iter()
                    .try_for_each(|requirement| self.text(requirement.reason.raw()))
            }
            Answer::Edits(edits) => {
                self.count(edits.len())?;
                edits.iter().try_for_each(|edit| self.edit(edit))
            }
            Answer::Messages(messages) => {
                self.count(messages.len())?;
                messages
                    .iter()
                    .try_for_each(|message| self.message(message))
            }
            Answer::Steps(steps) => {
                self.count(steps.len())?;
                self.steps(steps)
            }
            Answer::Reading(reading) => self.reading(reading),
        }
    }

    fn edit(&self, edit: &Edit) -> Result<(), Refused> {
        self.text(edit.title.raw())?;
        for mark in edit.content.marks() {
            self.text(mark.raw())?;
        }
        let path = edit.path.raw();
        let plain =
            |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
        if !path.split('/').all(plain) || path.contains(['\\', '\0', ':']) {
            return Err(malformed(format!(
                "an edit names the path `{path}`, which does not lie plainly in the checkout"
            )));
        }
        Ok(())
    }

    fn message(&self, message: &Message) -> Result<(), Refused> {
        self.text(message.summary.raw())?;
        let Input::Notify { channel, .. } = self.input else {
            return Err(malformed(
                "messages from a plugin that was not asked for any".into(),
            ));
        };
        if message.body.raw().len() > usize::try_from(channel.body_bytes_max).unwrap_or(usize::MAX)
        {
            return Err(malformed(format!(
                "a message has {} bytes and the channel takes {}",
                message.body.raw().len(),
                channel.body_bytes_max
            )));
        }
        if message.media_type.raw() != channel.media_type {
            return Err(malformed(format!(
                "a message is `{}` and the channel takes `{}`",
                message.media_type.raw(),
                channel.media_type
            )));
        }
        let essence = message
            .media_type
            .raw()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        if essence == "application/json" || essence.ends_with("+json") {
            serde_json::from_str::<serde_json::Value>(message.body.raw()).map_err(|error| {
                malformed(format!("a message is not the JSON it says it is: {error}"))
            })?;
        }
        Ok(())
    }

    fn reading(&self, reading: &Reading) -> Result<(), Refused> {
        self.count(reading.measures.len())?;
        self.text(reading.reason.raw())?;
        for measurement in &reading.measures {
            self.text(measurement.name.raw())?;
            finite("a measurement", measurement.value.unwrap_or(0.0))?;
        }
        Ok(())
    }

    fn count(&self, items: usize) -> Result<(), Refused> {
        let limit = self.limits.answer_items;
        if u64::try_from(items).unwrap_or(u64::MAX) > limit {
            return Err(Outcome::TooMuchOutput {
                what: LimitKind::AnswerItems,
                limit,
            });
        }
        Ok(())
    }

    fn text(&self, text: &str) -> Result<(), Refused> {
        let limit = self.limits.text_bytes;
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > limit {
            return Err(Outcome::TooMuchOutput {
                what: LimitKind::TextBytes,
                limit,
            });
        }
        Ok(())
    }
}

fn finite(what: &str, number: f64) -> Result<(), Refused> {
    if number.is_finite() {
        Ok(())
    } else {
        Err(malformed(format!("{what} is not a finite number")))
    }
}

fn malformed(message: String) -> Outcome {
    Outcome::Malformed {
        message: Text::from(message),
    }
}
