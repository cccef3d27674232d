use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Basis, ScaleReason, Score};

/// How risky the release is, from what a risk plugin said of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScoreReport {
    /// From 0 to 100.
    pub value: f64,
    /// What it was made from.
    pub basis: BasisReport,
    /// Earlier releases that it was compared with; where they are too few, how many there are.
    pub releases: u32,
    /// How many of them are known from recorded runs on the target; the others are by their tags.
    pub recorded: u32,
    /// How many of them have a smaller magnitude; none on the fixed scale.
    pub riskier_than: Option<u32>,
    /// How many of them have the same magnitude; none on the fixed scale.
    pub equal_to: Option<u32>,
    /// Earlier releases that could not be read or assessed.
    pub left_out: u32,
    /// Earlier releases that there was no time for. Where it is not 0, another run may come to
    /// another score.
    pub unfinished: u32,
    /// Why the fixed scale counted; none where it did not.
    pub reason: Option<ReasonForScaleReport>,
}

/// What a score was made from.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BasisReport {
    /// The percentile of the magnitude among those of the project's earlier releases.
    Releases,
    /// A fixed scale of the magnitude.
    Scale,
}

/// Why the fixed scale counted.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonForScaleReport {
    /// There are too few earlier releases.
    TooFew,
    /// Most earlier releases could not be read or assessed, or too few were left.
    TooManyLeftOut,
    /// Too few earlier releases were assessed when the time for it was over.
    OutOfTime,
}

impl ScoreReport {
    pub(super) fn new(score: &Score) -> Self {
        let (basis, smaller, equal, reason) = match score.basis {
            Basis::Releases { smaller, equal } => {
                (BasisReport::Releases, Some(smaller), Some(equal), None)
            }
            Basis::Scale(reason) => (BasisReport::Scale, None, None, Some(reason)),
        };
        Self {
            value: score.value,
            basis,
            releases: score.releases,
            recorded: score.recorded,
            riskier_than: smaller,
            equal_to: equal,
            left_out: score.left_out,
            unfinished: score.unfinished,
            reason: reason.map(|reason| match reason {
                ScaleReason::TooFew => ReasonForScaleReport::TooFew,
                ScaleReason::TooManyLeftOut => ReasonForScaleReport::TooManyLeftOut,
                ScaleReason::OutOfTime => ReasonForScaleReport::OutOfTime,
            }),
        }
    }
}
