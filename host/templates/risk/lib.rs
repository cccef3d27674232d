//! The more lines change, the riskier; some folders count more.

#![forbid(unsafe_code)]

use holdpoint_sdk::{Assessment, Factor, Fault, Location, Plugin, Release, Risk};

/// What an operator can set. These comments land in the schema.
#[holdpoint_sdk::settings]
#[derive(Default)]
#[serde(default)]
pub struct Settings {
    /// Lines below these folders count ten times.
    pub delicate: Vec<String>,
}

struct Size;

impl Plugin for Size {
    type Settings = Settings;
}

impl Risk for Size {
    fn assess(release: &Release, settings: &Settings) -> Result<Assessment, Fault> {
        let mut magnitude = 0.0;
        let mut delicate = 0.0;
        for change in release.changes() {
            let lines = f64::from(change.insertions) + f64::from(change.deletions);
            let mut folders = settings.delicate.iter();
            if folders.any(|folder| change.path.starts_with(folder.as_str())) {
                delicate += 10.0 * lines;
            } else {
                magnitude += lines;
            }
        }
        let factor = |name: &str, weight: f64, evidence: String| Factor {
            name: name.to_owned(),
            evidence,
            weight,
            heuristic: true,
            location: Location::Release,
        };
        let totals = &release.totals;
        let size = format!("{} lines added, {} deleted", totals.insertions, totals.deletions);
        let mut factors = vec![factor("size", magnitude, size)];
        if delicate > 0.0 {
            factors.push(factor("delicate", delicate, "delicate folders changed".to_owned()));
        }
        Ok(Assessment {
            magnitude: magnitude + delicate,
            factors,
        })
    }
}

holdpoint_sdk::export!(Size: risk);
