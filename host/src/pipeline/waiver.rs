use globset::GlobSet;
use jiff::Timestamp;

use super::WaiverRecord;
use super::plan::Layer;
use super::source::Site;
use crate::model::{Finding, Location, ObjectName, RuleId, Text};

/// A finding that somebody answers for until a day.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The rule.
    pub rule: RuleId,
    /// Where the file names the rule.
    pub rule_site: Site,
    /// Which findings of it.
    pub place: Place,
    /// Who answers for it.
    pub owner: Text,
    /// Why it was given.
    pub reason: Text,
    /// The time from which on it is not applied.
    pub expires: Timestamp,
    /// Which file it comes from: a project's waiver releases nothing in a stage of its
    /// organization's base policy.
    pub layer: Layer,
    /// Where it is.
    pub site: Site,
}

/// Which findings of a rule a waiver releases.
#[derive(Clone, Debug)]
pub enum Place {
    /// Those of these commits.
    Commits(Vec<ObjectName>),
    /// Those of files whose path one of these patterns matches.
    Paths {
        /// As written.
        patterns: Vec<String>,
        /// Ready to match.
        set: GlobSet,
    },
    /// Those of these artifacts and pieces of evidence.
    Artifacts(Vec<String>),
    /// Those of the release as a whole.
    Release,
}

impl Place {
    /// Whether it can match nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Commits(commits) => commits.is_empty(),
            Self::Paths { patterns, .. } => patterns.is_empty(),
            Self::Artifacts(names) => names.is_empty(),
            Self::Release => false,
        }
    }

    /// Whether a finding is there.
    #[must_use]
    pub fn contains(&self, location: &Location) -> bool {
        match (self, location) {
            (Self::Commits(commits), Location::Commit(commit)) => commits.contains(commit),
            (Self::Paths { set, .. }, Location::File { path, .. }) => set.is_match(path.raw()),
            (Self::Artifacts(names), Location::Artifact(name)) => {
                names.iter().any(|waived| waived == name.raw())
            }
            (Self::Release, Location::Release) => true,
            _ => false,
        }
    }

    /// For people: `commits 4f1c…`, `paths vendor/**`.
    #[must_use]
    pub fn words(&self) -> Text {
        let (what, names): (&str, Vec<&str>) = match self {
            Self::Commits(commits) => ("commits", commits.iter().map(ObjectName::short).collect()),
            Self::Paths { patterns, .. } => {
                ("paths", patterns.iter().map(String::as_str).collect())
            }
            Self::Artifacts(names) => ("artifacts", names.iter().map(String::as_str).collect()),
            Self::Release => return Text::from("the release"),
        };
        Text::from(format!("{what} {}", names.join(", ")))
    }
}

impl Waiver {
    /// Whether it releases this finding of a stage of this layer at this time.
    #[must_use]
    pub fn releases(&self, finding: &Finding, layer: Layer, time: Timestamp) -> bool {
        let reaches = self.layer == Layer::Policy || layer == Layer::Pipeline;
        reaches
            && !self.is_expired(time)
            && self.rule == finding.rule
            && self.place.contains(&finding.location)
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_expired(&self, time: Timestamp) -> bool {
        time >= self.expires
    }

    /// What the run record says of it.
    #[must_use]
    pub fn record(&self) -> WaiverRecord {
        WaiverRecord {
            rule: self.rule.clone(),
            owner: self.owner.clone(),
            reason: self.reason.clone(),
            expires: self.expires,
        }
    }
}
