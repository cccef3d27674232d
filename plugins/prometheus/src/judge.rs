use std::cmp::Ordering;

use holdpoint_sdk::{Fault, Health, Measurement, Reading};

use crate::answer::Series;
use crate::settings::{Check, Reduce};
use crate::words;

/// What one check comes to.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// What was found.
    pub(crate) health: Health,
    /// The value that counts; none where there is none, or an infinite one.
    pub(crate) value: Option<f64>,
    /// Why it is not healthy.
    pub(crate) words: String,
}

/// One value of a series, or that there is none.
struct Found {
    health: Health,
    /// How far the value is beyond the nearest bound; negative for one within.
    strain: f64,
    value: Option<f64>,
    words: String,
}

impl Found {
    fn compare(&self, other: &Self) -> Ordering {
        let by_health = rank(self.health).cmp(&rank(other.health));
        by_health.then(self.strain.total_cmp(&other.strain))
    }
}

/// The worst has the highest: what is missing hides nothing that is bad, and nothing good hides what
/// is missing.
pub(crate) fn rank(health: Health) -> u8 {
    match health {
        Health::Healthy => 0,
        Health::Inconclusive => 1,
        Health::Degraded => 2,
        Health::Failing => 3,
    }
}

/// Holds what a query gave against the bounds of its check: the worst series counts.
/// `current_after` is the time after which a series has a value where there is something to measure.
pub(crate) fn judge(check: &Check, all: &[Series], current_after: f64) -> Judged {
    let worst = all
        .iter()
        .flat_map(|series| {
            let place = words::series(&series.labels);
            values(check.reduce, series)
                .into_iter()
                .map(move |value| hold(check, value, &place))
        })
        .max_by(Found::compare);
    let Some(worst) = worst else {
        return Judged {
            health: Health::Inconclusive,
            value: None,
            words: "there is no data".to_owned(),
        };
    };
    let is_current = all.iter().any(|series| {
        let newest = series.values.last();
        newest.is_some_and(|(time, _)| *time > current_after)
    });
    let mut judged = Judged {
        health: worst.health,
        value: worst.value.filter(|value| value.is_finite()),
        words: worst.words,
    };
    if judged.health == Health::Healthy && !is_current {
        // It was well, as long as it was there.
        judged.health = Health::Inconclusive;
        "there was data, and is none any more".clone_into(&mut judged.words);
    } else if all.len() > 1 && judged.health != Health::Healthy {
        judged.words += &format!(", the worst of {} series", all.len());
    }
    judged
}

/// The values of a series that count; NaN where there is none.
fn values(reduce: Option<Reduce>, series: &Series) -> Vec<f64> {
    let values = || {
        let values = series.values.iter().map(|(_, value)| *value);
        values.filter(|value| !value.is_nan())
    };
    let highest = values().reduce(f64::max).unwrap_or(f64::NAN);
    let lowest = values().reduce(f64::min).unwrap_or(f64::NAN);
    match reduce {
        // Whichever bounds there are, the worst value is one of the two.
        None => vec![highest, lowest],
        Some(Reduce::Max) => vec![highest],
        Some(Reduce::Min) => vec![lowest],
        Some(Reduce::Avg) => {
            let (sum, count) =
                values().fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
            vec![sum / count]
        }
        Some(Reduce::Last) => vec![series.values.last().map_or(f64::NAN, |(_, value)| *value)],
    }
}

/// Holds one value against the bounds.
fn hold(check: &Check, value: f64, place: &str) -> Found {
    let place = if place.is_empty() {
        String::new()
    } else {
        format!(" in {place}")
    };
    if value.is_nan() {
        return Found {
            health: Health::Inconclusive,
            strain: 0.0,
            value: None,
            words: format!("there is no number{place}"),
        };
    }
    let beyond = [
        (Health::Failing, "above", check.failing_above),
        (Health::Failing, "below", check.failing_below),
        (Health::Degraded, "above", check.degraded_above),
        (Health::Degraded, "below", check.degraded_below),
    ]
    .into_iter()
    .find_map(|(health, side, bound)| {
        let bound = bound?;
        let is_beyond = if side == "above" {
            value > bound
        } else {
            value < bound
        };
        is_beyond.then_some((health, side, bound))
    });
    let shown = with_unit(value, &check.unit);
    let (health, words) = match beyond {
        Some((health, side, bound)) => {
            let bound = words::number(bound);
            (health, format!("{shown} is {side} {bound}{place}"))
        }
        // Such as a division by zero: it is no measure of anything.
        None if value.is_infinite() => {
            let words = format!("{shown} is no number to go by{place}");
            (Health::Inconclusive, words)
        }
        None => (Health::Healthy, String::new()),
    };
    let above = check.upper().map(|bound| value - bound);
    let below = check.lower().map(|bound| bound - value);
    let strain = above.into_iter().chain(below).reduce(f64::max);
    Found {
        health,
        strain: strain.unwrap_or(f64::NEG_INFINITY),
        value: Some(value),
        words,
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "1" | "" => words::number(value),
        unit => format!("{} {unit}", words::number(value)),
    }
}

/// Makes one reading of all checks: the worst counts. What could not be asked is a fault, unless
/// something else was found to be bad, which then counts.
pub(crate) fn fold(checks: Vec<(&Check, Result<Judged, Fault>)>) -> Result<Reading, Fault> {
    let mut measures = Vec::new();
    let mut judged = Vec::new();
    let mut faults = Vec::new();
    for (check, result) in checks {
        measures.push(Measurement {
            name: check.name.clone(),
            value: result.as_ref().ok().and_then(|judged| judged.value),
            unit: check.unit.clone(),
            bound: bound(check),
        });
        match result {
            Ok(found) => judged.push((check, found)),
            Err(fault) => faults.push(Fault {
                message: format!("{}: {}", check.name, fault.message),
                ..fault
            }),
        }
    }
    judged.sort_by_key(|(_, judged)| std::cmp::Reverse(rank(judged.health)));
    let health = judged
        .first()
        .map_or(Health::Inconclusive, |(_, worst)| worst.health);
    let is_bad = matches!(health, Health::Degraded | Health::Failing);
    if !is_bad && let Some(fault) = joined(&faults) {
        return Err(fault);
    }
    let unwell = judged
        .iter()
        .filter(|(_, judged)| judged.health != Health::Healthy)
        .map(|(check, judged)| {
            let health = name(judged.health);
            format!("{} is {health}: {}", check.name, judged.words)
        });
    let unasked = faults.into_iter().map(|fault| fault.message);
    let reasons: Vec<String> = unwell.chain(unasked).collect();
    Ok(Reading {
        health,
        reason: if reasons.is_empty() {
            "every check is within its bounds".to_owned()
        } else {
            reasons.join("; ")
        },
        measures,
    })
}

/// One fault of several: it may succeed later only where each of them may.
fn joined(faults: &[Fault]) -> Option<Fault> {
    let first = faults
        .iter()
        .find(|fault| !fault.retry)
        .or(faults.first())?;
    let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    Some(Fault {
        message: messages.join("; "),
        ..first.clone()
    })
}

fn name(health: Health) -> &'static str {
    match health {
        Health::Healthy => "healthy",
        Health::Inconclusive => "inconclusive",
        Health::Degraded => "degraded",
        Health::Failing => "failing",
    }
}

/// The values that are healthy, in words.
fn bound(check: &Check) -> String {
    let lower = check.lower().map(|bound| ("at least", bound));
    let upper = check.upper().map(|bound| ("at most", bound));
    let words: Vec<String> = lower
        .into_iter()
        .chain(upper)
        .map(|(side, bound)| format!("{side} {}", words::number(bound)))
        .collect();
    words.join(" and ")
}
