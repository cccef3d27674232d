//! Writes the notes of a release: breaking changes first, then what the commits do, by type and
//! scope. `README.md` says how text of strangers is kept from doing anything in them.

#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

use holdpoint_notes::Settings;
use holdpoint_sdk::{Document, Edit, Fault, Plugin, Release};

/// The plugin.
pub struct ReleaseNotes;

impl Plugin for ReleaseNotes {
    type Settings = Settings;
}

impl Document for ReleaseNotes {
    fn render(release: &Release, settings: &Settings) -> Result<Vec<Edit>, Fault> {
        let title = match &release.subject.version {
            Some(version) => format!("the notes of {version}"),
            None => "the notes of what is not released yet".to_owned(),
        };
        let content = holdpoint_notes::write(release, settings)?;
        Ok(vec![Edit::whole(&settings.path, content, title)])
    }
}

holdpoint_sdk::export!(ReleaseNotes: document);
