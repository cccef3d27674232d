use std::collections::BTreeSet;

use holdpoint_sdk::Fault;

/// Checks that are made at most: as many requests as the host makes in one call.
const CHECKS_MAX: usize = 100;

/// Values of one series in an answer: Prometheus refuses to give more.
const POINTS_MAX: i64 = 11_000;

/// Steps of a window whose `step` is not set.
const STEPS: i64 = 60;

/// What an operator can set.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// Where Prometheus is, such as `https://prometheus.example.net`; a path may follow, without
    /// `/api/v1`.
    pub url: String,
    /// What is measured.
    pub checks: Vec<Check>,
}

/// One query, and which values are as they should be. At least one bound is needed; a value that
/// equals a bound is within it.
#[holdpoint_sdk::settings]
pub struct Check {
    /// What it is called in the report, different for each check.
    pub name: String,
    /// The query, in `PromQL`.
    pub query: String,
    /// The time up to now over which the query is evaluated, such as `10m`: a whole number and `s`,
    /// `m`, `h` or `d`. Without it, it is evaluated once, for now.
    pub over: Option<String>,
    /// The time between two evaluations, in the same form; a sixtieth of `over` without it, and a
    /// second at least.
    pub step: Option<String>,
    /// What is made of the values of a series; without it each one is held against the bounds.
    pub reduce: Option<Reduce>,
    /// Above it, what was deployed is degraded.
    pub degraded_above: Option<f64>,
    /// Above it, what was deployed is failing.
    pub failing_above: Option<f64>,
    /// Below it, what was deployed is degraded.
    pub degraded_below: Option<f64>,
    /// Below it, what was deployed is failing.
    pub failing_below: Option<f64>,
    /// The unit of the values, such as `ms`.
    #[serde(default = "one")]
    pub unit: String,
}

/// What is made of the values of a series over a time.
#[holdpoint_sdk::settings]
#[derive(Copy, PartialEq, Eq)]
pub enum Reduce {
    /// The highest.
    Max,
    /// The lowest.
    Min,
    /// The average.
    Avg,
    /// The newest.
    Last,
}

fn one() -> String {
    "1".to_owned()
}

/// The time over which a query is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// How long it is.
    pub(crate) over_seconds: i64,
    /// How far two evaluations are apart.
    pub(crate) step_seconds: i64,
}

impl Settings {
    /// The checks with their windows. Refuses what fits the schema and makes no sense.
    pub(crate) fn checks(&self) -> Result<Vec<(&Check, Option<Window>)>, Fault> {
        if self.url.contains(['?', '#']) {
            return Err(Fault::settings(
                "`url` has a `?` or a `#`: name where Prometheus is, and no more",
            ));
        }
        if self.checks.is_empty() {
            return Err(Fault::settings(
                "`checks` is empty, so that nothing would be measured",
            ));
        }
        if self.checks.len() > CHECKS_MAX {
            return Err(Fault::settings(format!(
                "there are {} checks, and at most {CHECKS_MAX} can be made",
                self.checks.len()
            )));
        }
        let mut names = BTreeSet::new();
        let checks = self.checks.iter().map(|check| {
            if !names.insert(&check.name) {
                return Err(check.refused("two checks have this name"));
            }
            check.check()?;
            Ok((check, check.window()?))
        });
        checks.collect()
    }
}

impl Check {
    /// The highest value that is as it should be.
    pub(crate) fn upper(&self) -> Option<f64> {
        let bounds = [self.degraded_above, self.failing_above];
        bounds.into_iter().flatten().reduce(f64::min)
    }

    /// The lowest value that is as it should be.
    pub(crate) fn lower(&self) -> Option<f64> {
        let bounds = [self.degraded_below, self.failing_below];
        bounds.into_iter().flatten().reduce(f64::max)
    }

    fn refused(&self, why: &str) -> Fault {
        Fault::settings(format!("the check `{}`: {why}", self.name))
    }

    fn check(&self) -> Result<(), Fault> {
        let is_above = |one: Option<f64>, other: Option<f64>| matches!((one, other), (Some(one), Some(other)) if one > other);
        let why = if self.name.trim().is_empty() {
            "it has no name"
        } else if self.query.trim().is_empty() {
            "its query is empty"
        } else if self.upper().is_none() && self.lower().is_none() {
            "it has no bound, so that every value would be healthy: set one of `failing-above`, \
             `degraded-above`, `failing-below` and `degraded-below`"
        } else if is_above(self.degraded_above, self.failing_above) {
            "`degraded-above` is higher than `failing-above`, so that nothing would be degraded"
        } else if is_above(self.failing_below, self.degraded_below) {
            "`failing-below` is higher than `degraded-below`, so that nothing would be degraded"
        } else if is_above(self.lower(), self.upper()) {
            "a value would have to be above one bound and below another one to be healthy, and \
             there is none"
        } else {
            return Ok(());
        };
        Err(self.refused(why))
    }

    fn window(&self) -> Result<Option<Window>, Fault> {
        let Some(over) = &self.over else {
            return if self.step.is_some() || self.reduce.is_some() {
                Err(self.refused("`step` and `reduce` need `over`, the time that they are about"))
            } else {
                Ok(None)
            };
        };
        let read = |key: &str, text: &str| {
            seconds(text).ok_or_else(|| {
                self.refused(&format!(
                    "`{key}` has to be a whole number above zero and `s`, `m`, `h` or `d`, such as \
                     `10m`"
                ))
            })
        };
        let over_seconds = read("over", over)?;
        let step_seconds = match &self.step {
            Some(step) => read("step", step)?,
            None => over_seconds.div_euclid(STEPS).max(1),
        };
        if step_seconds > over_seconds {
            return Err(self.refused("`step` is longer than `over`"));
        }
        if over_seconds / step_seconds >= POINTS_MAX {
            return Err(self.refused(&format!(
                "`over` has more than {POINTS_MAX} steps: set a longer `step`"
            )));
        }
        Ok(Some(Window {
            over_seconds,
            step_seconds,
        }))
    }
}

/// The seconds of a time such as `10m`; none for what is no such time.
fn seconds(text: &str) -> Option<i64> {
    let end = text.find(|character: char| !character.is_ascii_digit())?;
    let (digits, unit) = text.split_at(end);
    let unit_seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let count: i64 = digits.parse().ok()?;
    let seconds = count.checked_mul(unit_seconds)?;
    (seconds > 0).then_some(seconds)
}
