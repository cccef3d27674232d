//! Writes the version into a file.

#![forbid(unsafe_code)]

use holdpoint_sdk::{Document, Edit, Fault, Plugin, Release};

/// What an operator can set. These comments land in the schema.
#[holdpoint_sdk::settings]
#[serde(default)]
pub struct Settings {
    /// The file, relative to the root of the repository.
    pub path: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            path: "VERSION".to_owned(),
        }
    }
}

struct VersionFile;

impl Plugin for VersionFile {
    type Settings = Settings;
}

impl Document for VersionFile {
    fn render(release: &Release, settings: &Settings) -> Result<Vec<Edit>, Fault> {
        let Some(version) = &release.subject.version else {
            return Ok(Vec::new());
        };
        let title = format!("the version {version}");
        Ok(vec![Edit::whole(&settings.path, format!("{version}\n"), title)])
    }
}

holdpoint_sdk::export!(VersionFile: document);
