//! The model: logistic regression on what a difference and its message tell of a commit.
//!
//! Data: 94,918 commits of six projects, each marked when it was later blamed for a defect; Zeng,
//! Zhang, Zhang and Zhang, *Deep Just-in-Time Defect Prediction: How Far Are We?*, ISSTA 2021,
//! replication package (MIT). The measures are those of Kamei et al., *A large-scale empirical study
//! of just-in-time quality assurance*, 2013.

use holdpoint_sdk::Measures;

use crate::Coefficients;

/// What a commit weighs: between 0 and 1, and growing with risk.
///
/// It is not a probability of failure. Base rates differ between projects far too much for that:
/// what can be compared are commits and releases of one project.
pub(crate) fn weight(measures: &Measures, coefficients: &Coefficients) -> f64 {
    // The bound of the settings keeps this finite; the entropy comes from the host.
    let logit = coefficients.intercept
        + coefficients.lines_added * logarithm(measures.insertions)
        + coefficients.lines_deleted * logarithm(measures.deletions)
        + coefficients.files * logarithm(measures.files)
        + coefficients.directories * logarithm(measures.directories)
        + coefficients.subsystems * logarithm(measures.subsystems)
        + coefficients.entropy * measures.entropy
        + coefficients.fix * f64::from(u8::from(measures.fix));
    1.0 / (1.0 + (-logit).exp())
}

fn logarithm(count: u32) -> f64 {
    f64::from(count).ln_1p()
}
