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

pub use settings::{Adoption, Settings};

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
        let mut usage = messages::Usage::default();
        for (commit, text) in release.commits().zip(release.commit_texts()) {
            messages::check(&commit, settings, &mut findings);
            usage.count(&commit, settings);
            asks.read(&commit, &text.body);
        }
        if settings.adoption == Adoption::Detected
            && let Some(finding) = usage.not_adopted()
        {
            findings = vec![finding];
            // What the few messages ask for says nothing about the version.
            asks = version::Asks::default();
        }
        findings.extend(version::check(&release.subject, &asks));
        Ok(findings)
    }
}

holdpoint_sdk::export!(ConventionalCommits: policy);
