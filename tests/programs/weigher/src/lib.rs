//! A risk plugin whose magnitudes a test can foresee.

#![forbid(unsafe_code)]

use std::hint::black_box;

use holdpoint_sdk::{Assessment, Fault, Plugin, Release, Risk};

/// What to weigh.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// What the magnitude is.
    by: Measure,
    /// Versions about which it cannot decide.
    #[serde(default)]
    faults: Vec<String>,
    /// Versions with which it does not come to an end.
    #[serde(default)]
    loops: Vec<String>,
}

/// What can be weighed.
#[holdpoint_sdk::settings]
pub enum Measure {
    /// The number of commits.
    Commits,
    /// The number of lines added.
    Insertions,
    /// The circumstances' time, in seconds.
    Time,
    /// One, whatever the release is.
    One,
    /// Less than nothing.
    Negative,
    /// The largest number that there is.
    Largest,
    /// No number at all.
    Infinite,
}

struct Weigher;

impl Plugin for Weigher {
    type Settings = Settings;
}

impl Risk for Weigher {
    fn assess(release: &Release, settings: &Settings) -> Result<Assessment, Fault> {
        let is_one_of = |versions: &[String]| {
            let version = release.subject.version.as_deref().unwrap_or_default();
            versions.iter().any(|other| other == version)
        };
        if is_one_of(&settings.faults) {
            return Err(Fault::internal("the scales are broken"));
        }
        while is_one_of(&settings.loops) {
            black_box(0);
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "times are whole numbers far below 2^53"
        )]
        let magnitude = match settings.by {
            Measure::Commits => f64::from(release.totals.commits),
            Measure::Insertions => f64::from(release.totals.insertions),
            Measure::Time => release.circumstances.time as f64,
            Measure::One => 1.0,
            Measure::Negative => -1.0,
            Measure::Largest => f64::MAX,
            Measure::Infinite => f64::INFINITY,
        };
        Ok(Assessment {
            magnitude,
            factors: Vec::new(),
        })
    }
}

holdpoint_sdk::export!(Weigher: risk);
