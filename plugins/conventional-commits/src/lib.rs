//! Holds commit messages and the version to Conventional Commits 1.0.0.
//!
//! What each rule holds is in `plugin.toml`, and what is exempt is in `README.md`.

#![forbid(unsafe_code)]

mod messages;
mod settings;
mod version;

#[cfg(test)]
mod tests;

use holdpoint_sdk::{Fault, Finding, Plugin, Policy, Release};

pub use settings::Settings;

/// The plugin.
pub struct ConventionalCommits;

impl Plugin for ConventionalCommits {
    type Settings = Settings;
}

impl Policy for ConventionalCommits {
    fn check(release: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {
        settings.check()?;
        let mut asks = version::Asks::default();
        let mut findings = Vec::new();
        for (commit, text) in release.commits().zip(release.commit_texts()) {
            messages::check(&commit, settings, &mut findings);
            asks.read(&commit, &text.body);
        }
        findings.extend(version::check(&release.subject, &asks));
        Ok(findings)
    }
}

holdpoint_sdk::export!(ConventionalCommits: policy);
