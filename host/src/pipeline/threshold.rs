use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::notice::notice;
use super::{JudgedFinding, Mode};
use crate::model::{Basis, ScaleReason, Score, Severity, Verdict};

/// A percentile as a pipeline file writes it: a number from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Percentile(f64);

/// From which scores on a stage waits or blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// From this score on an approval is needed.
    pub approve_at: Option<Percentile>,
    /// From this score on it is a no-go.
    pub block_at: Option<Percentile>,
}

impl Percentile {
    /// A percentile, if the number is one.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=100.0).contains(&value).then_some(Self(value))
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

impl Thresholds {
    /// Whether there is one at all.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.approve_at.is_some() || self.block_at.is_some()
    }

    /// What a score comes to. Without a score nothing is known, and where there are earlier releases
    /// that could not be compared the fixed scale is no answer: both are faults where something
    /// depends on them. A project that has too few releases has the scale alone.
    #[must_use]
    pub fn verdict(&self, score: Option<&Score>) -> Verdict {
        let Some(score) = score else {
            return if self.is_any() {
                Verdict::Fault
            } else {
                Verdict::Go
            };
        };
        if self.is_any() && !is_compared(score) {
            return Verdict::Fault;
        }
        let reaches = |threshold: Option<Percentile>| {
            // What is not a number is not below, so that it blocks.
            threshold.is_some_and(|threshold| {
                score.value.partial_cmp(&threshold.0) != Some(Ordering::Less)
            })
        };
        if reaches(self.block_at) {
            Verdict::NoGo
        } else if reaches(self.approve_at) {
            Verdict::Wait
        } else {
            Verdict::Go
        }
    }

    /// The finding of a score that reaches a threshold; none of one that does not.
    pub(super) fn finding(&self, score: Option<&Score>, mode: Mode) -> Option<JudgedFinding> {
        let score = score?;
        let reached = |threshold: Option<Percentile>, what: &str| {
            let threshold = threshold.map(|threshold| threshold.to_string());
            format!(
                "the risk is {} of 100, and from {} on {what}",
                score.short(),
                threshold.unwrap_or_default()
            )
        };
        match self.verdict(Some(score)) {
            Verdict::NoGo => {
                let mut finding = notice(
                    "risk-block-at",
                    Severity::Error,
                    reached(self.block_at, "the pipeline blocks a release"),
                    "release less at one time, or let the owners of the pipeline raise `block-at`",
                );
                finding.blocks = mode == Mode::Enforce;
                Some(finding)
            }
            Verdict::Wait => Some(notice(
                "risk-approve-at",
                Severity::Warning,
                reached(self.approve_at, "the pipeline asks for an approval"),
                "release less at one time, or have it approved by somebody whom [approvers] names",
            )),
            Verdict::Fault => {
                let mut finding = notice(
                    "risk-not-compared",
                    Severity::Error,
                    "the pipeline has thresholds for the risk, and it could not be compared with \
                     the releases before"
                        .to_owned(),
                    "fetch the whole history with its tags (`git fetch --unshallow --tags`), or \
                     give the run more `wall-time`",
                );
                finding.blocks = mode == Mode::Enforce;
                Some(finding)
            }
            Verdict::Go => None,
        }
    }
}

/// Whether a score is what it should be made from.
fn is_compared(score: &Score) -> bool {
    !matches!(
        score.basis,
        Basis::Scale(ScaleReason::OutOfTime | ScaleReason::TooManyLeftOut)
    )
}

impl fmt::Display for Percentile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl<'de> Deserialize<'de> for Percentile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Self::new(value)
            .ok_or_else(|| serde::de::Error::custom("expected a percentile from 0 to 100"))
    }
}

impl JsonSchema for Percentile {
    fn schema_name() -> Cow<'static, str> {
        "Percentile".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "number",
            "minimum": 0,
            "maximum": 100,
            "description": "A percentile: a number from 0 to 100."
        })
    }
}
