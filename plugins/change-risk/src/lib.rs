//! Says how risky the changes of a release are, and which commits deserve a look.
//!
//! Each commit is weighed by a model that was fitted on the histories of six projects (`model.rs`);
//! the magnitude of a release is the sum over its commits. What the model does not know is added as
//! factors that are rules of thumb and say so (`heuristics.rs`, `paths.rs`). How well the model
//! ranks commits that were later blamed for a defect is in `README.md`.

#![forbid(unsafe_code)]

mod heuristics;
mod measured;
mod model;
mod paths;
mod ranking;
mod settings;
mod words;

#[cfg(test)]
mod tests;

use holdpoint_sdk::{Assessment, Factor, Fault, Location, Measures, Plugin, Release, Risk};

pub use settings::{Coefficients, Settings};

/// The plugin.
pub struct ChangeRisk;

impl Plugin for ChangeRisk {
    type Settings = Settings;
}

impl Risk for ChangeRisk {
    fn assess(release: &Release, settings: &Settings) -> Result<Assessment, Fault> {
        settings.check()?;
        let mut sum = measured::Sum::default();
        let mut ranking = ranking::Ranking::new(settings.commits_shown);
        for commit in release.commits().filter(|commit| commit.parents < 2) {
            let weight = model::weight(&commit.measures, &settings.coefficients);
            sum.add(&commit, weight, &settings.coefficients);
            ranking.add(&commit, weight);
        }
        let mut seen = heuristics::Seen::default();
        for change in release.changes() {
            seen.add(&change);
        }
        let mut factors = Vec::new();
        let magnitude = if sum.commits == 0 {
            // Nothing but merges: what they bring was counted in none of the commits, and must not
            // weigh nothing.
            let measures = Measures {
                fix: false,
                ..seen.measures()
            };
            let magnitude = model::weight(&measures, &settings.coefficients);
            factors.push(only_merges(release, magnitude));
            magnitude
        } else {
            factors.extend(sum.factors());
            factors.extend(ranking.factors(&seen));
            // What a merge brings that none of its parents has is in no commit: the difference as a
            // whole is the least that the release weighs.
            let measures = Measures {
                fix: false,
                ..seen.measures()
            };
            sum.magnitude
                .max(model::weight(&measures, &settings.coefficients))
        };
        factors.extend(seen.factors());
        factors.extend(sum.time());
        Ok(Assessment { magnitude, factors })
    }
}

fn only_merges(release: &Release, weight: f64) -> Factor {
    Factor {
        name: "merges".to_owned(),
        evidence: format!(
            "there are only merges in the range, so that the difference as a whole is weighed as \
             one change: {} added and {} deleted in {}",
            words::lines(u64::from(release.totals.insertions)),
            words::number(u64::from(release.totals.deletions)),
            words::files(u64::from(release.totals.files)),
        ),
        weight,
        heuristic: false,
        location: Location::Release,
    }
}

holdpoint_sdk::export!(ChangeRisk: risk);
