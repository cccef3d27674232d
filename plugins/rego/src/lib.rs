//! Judges a release, or files of it, by policies in Rego, with the conventions of conftest.
//!
//! What counts and what differs from conftest is in `README.md`.

#![forbid(unsafe_code)]

mod files;
mod input;
mod parse;
mod policies;
mod settings;

use holdpoint_sdk::{Fault, Finding, Plugin, Policy, Release};

use policies::Policies;
pub use settings::{Parser, RegoVersion, Settings, Texts};

/// The plugin.
pub struct Rego;

impl Plugin for Rego {
    type Settings = Settings;
}

impl Policy for Rego {
    fn check(release: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {
        let mut policies = Policies::load(settings, release.circumstances.time)?;
        if settings.inputs.is_empty() {
            settings.refuse_what_is_for_files()?;
            return policies.judge(input::release(release)?, None);
        }
        let release_document = input::release(release)?;
        policies.add_data(["holdpoint", "release"], release_document)?;
        let files = files::read(release, settings)?;
        if settings.combine {
            return policies.judge(files::combined(files), None);
        }
        let mut findings = Vec::new();
        for file in files {
            for document in file.documents {
                findings.extend(policies.judge(document, Some(&file.path))?);
            }
        }
        Ok(findings)
    }
}

holdpoint_sdk::export!(Rego: policy);
