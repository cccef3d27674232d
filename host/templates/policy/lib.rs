//! Holds back commits that were not meant to be released.

#![forbid(unsafe_code)]

use holdpoint_sdk::{Fault, Finding, Plugin, Policy, Release};

/// What an operator can set. These comments land in the schema.
#[holdpoint_sdk::settings]
#[serde(default)]
pub struct Settings {
    /// A first line that begins with one of these says that the commit is a draft.
    pub prefixes: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prefixes: ["fixup!", "squash!", "WIP"].map(str::to_owned).into(),
        }
    }
}

struct NoDrafts;

impl Plugin for NoDrafts {
    type Settings = Settings;
}

impl Policy for NoDrafts {
    fn check(release: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {
        let is_draft = |summary: &str| {
            let mut prefixes = settings.prefixes.iter();
            prefixes.any(|prefix| summary.starts_with(prefix.as_str()))
        };
        let drafts = release.commits().filter(|commit| is_draft(&commit.summary));
        let findings = drafts.map(|commit| {
            Finding::new("draft", format!("“{}” is a draft.", commit.summary)).at_commit(commit.id)
        });
        Ok(findings.collect())
    }
}

holdpoint_sdk::export!(NoDrafts: policy);
