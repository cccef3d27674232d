use holdpoint_sdk::Fault;

/// The most commits that can be shown.
const COMMITS_SHOWN_MAX: u32 = 100;
/// The largest coefficient, whatever its sign: sums of eight of them times logarithms of 32-bit
/// counts stay far from infinity.
const COEFFICIENT_MAX: f64 = 1000.0;

/// What an operator can set.
#[holdpoint_sdk::settings]
#[serde(default)]
pub struct Settings {
    /// How many commits that deserve a look are named, 0 to 100.
    pub commits_shown: u32,
    /// The coefficients of the model. Those that are not set keep their defaults.
    pub coefficients: Coefficients,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            commits_shown: 5,
            coefficients: Coefficients::default(),
        }
    }
}

/// What each measure of a commit adds to the logit of its weight: -1000 to 1000.
///
/// The defaults were fitted on 94,918 commits of six projects, as `README.md` says; `make auc` fits
/// them again. Measures are not standardised: a coefficient belongs to the measure itself.
#[holdpoint_sdk::settings]
#[derive(PartialEq)]
#[serde(default)]
pub struct Coefficients {
    /// Added for every commit.
    pub intercept: f64,
    /// For the natural logarithm of 1 + lines added.
    pub lines_added: f64,
    /// For the natural logarithm of 1 + lines deleted.
    pub lines_deleted: f64,
    /// For the natural logarithm of 1 + files touched.
    pub files: f64,
    /// For the natural logarithm of 1 + directories touched.
    pub directories: f64,
    /// For the natural logarithm of 1 + top-level directories touched.
    pub subsystems: f64,
    /// For the entropy in bits of the changed lines over the files.
    pub entropy: f64,
    /// When the message names a defect.
    pub fix: f64,
}

impl Default for Coefficients {
    fn default() -> Self {
        Self {
            intercept: -2.8819,
            lines_added: 0.4402,
            lines_deleted: 0.0710,
            files: 0.2340,
            directories: 0.0174,
            subsystems: -0.2447,
            entropy: -0.0129,
            fix: 0.9819,
        }
    }
}

impl Settings {
    /// Refuses what fits the schema and makes no sense.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if self.commits_shown > COMMITS_SHOWN_MAX {
            return Err(Fault::settings(format!(
                "`commits-shown` is {}: name at most {COMMITS_SHOWN_MAX} commits",
                self.commits_shown
            )));
        }
        let coefficients = &self.coefficients;
        for (name, value) in [
            ("intercept", coefficients.intercept),
            ("lines-added", coefficients.lines_added),
            ("lines-deleted", coefficients.lines_deleted),
            ("files", coefficients.files),
            ("directories", coefficients.directories),
            ("subsystems", coefficients.subsystems),
            ("entropy", coefficients.entropy),
            ("fix", coefficients.fix),
        ] {
            if !value.is_finite() || value.abs() > COEFFICIENT_MAX {
                return Err(Fault::settings(format!(
                    "`coefficients.{name}` is {value:e}: choose a number from -{COEFFICIENT_MAX} \
                     to {COEFFICIENT_MAX}"
                )));
            }
        }
        Ok(())
    }
}
