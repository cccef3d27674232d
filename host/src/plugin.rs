//! Where plugins come from: bytes by source, their manifest, and whether settings fit its schema.
//! Nothing here compiles or runs a plugin.

mod embedded;
mod error;
mod read;
mod settings;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use holdpoint_build::Manifest;

use crate::model::Digest;

pub use embedded::{embedded, embedded_names};
pub use error::Error;
pub use read::{COMPONENT_BYTES_MAX, check_grants, read, read_bytes};
pub use settings::{SETTINGS_PROBLEMS_MAX, SettingsError, SettingsProblem, check_settings};

/// Where a plugin's bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Part of this program, by name.
    Embedded(String),
    /// A file.
    Path(PathBuf),
}

/// A plugin's bytes, read once, with what its manifest says.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// Where it comes from.
    pub source: Source,
    /// Digest of the component.
    pub digest: Digest,
    /// The component.
    pub component: Cow<'static, [u8]>,
    /// Its manifest.
    pub manifest: Arc<Manifest>,
}

/// Why a plugin could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No plugin of this name is part of the program.
    #[error("no plugin `{0}` is embedded")]
    NotEmbedded(String),
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        None
    }
}

/// What does not fit a plugin's schema.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SettingsError {
    /// What does not fit.
    pub message: String,
}

impl SettingsError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        None
    }
}

/// The names of the plugins that are part of this program.
#[must_use]
pub fn embedded_names() -> Vec<&'static str> {
    vec!["conventional-commits"]
}

/// Reads a plugin.
///
/// # Errors
///
/// When it is not there.
pub fn read(source: &Source) -> Result<Plugin, Error> {
    match source {
        Source::Embedded(name) => Err(Error::NotEmbedded(name.clone())),
        Source::Path(path) => Err(Error::NotEmbedded(path.to_string_lossy().into_owned())),
    }
}

/// Holds settings against a plugin's schema.
///
/// # Errors
///
/// When they do not fit.
pub fn check_settings(
    manifest: &Manifest,
    settings: &serde_json::Value,
) -> Result<(), SettingsError> {
    let _ = (manifest, settings);
    Ok(())
}
