//! Holds commit messages and the version to Conventional Commits.
#![forbid(unsafe_code)]

use holdpoint_sdk::{Fault, Finding, Plugin, Policy, Release};

/// What an operator can set.
#[holdpoint_sdk::settings]
#[derive(Default)]
#[serde(default)]
pub struct Settings {
    /// Types that are allowed.
    types: Vec<String>,
}

struct ConventionalCommits;

impl Plugin for ConventionalCommits {
    type Settings = Settings;
}

impl Policy for ConventionalCommits {
    fn check(release: &Release, _: &Settings) -> Result<Vec<Finding>, Fault> {
        Ok(release
            .commits()
            .filter(|commit| !commit.summary.contains(": "))
            .map(|commit| {
                Finding::new("form", format!("`{}` has no type.", commit.summary))
                    .at_commit(commit.id)
            })
            .collect())
    }
}

holdpoint_sdk::export!(ConventionalCommits: policy);
