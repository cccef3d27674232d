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

/// A component that is part of the program.
struct Embedded {
    name: &'static str,
    component: &'static [u8],
}

/// The standard plugins, made by the build script.
const EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The largest component that is read, in bytes: three times what the Python toolchain makes.
pub const COMPONENT_BYTES_MAX: u64 = 64 << 20;

/// Why a plugin could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No plugin of this name is part of the program.
    #[error("no plugin `{0}` is embedded")]
    NotEmbedded(String),
    /// The file cannot be read.
    #[error("cannot read the component")]
    Read(#[source] std::io::Error),
    /// The file is not a file, or too large.
    #[error("not a file of at most {COMPONENT_BYTES_MAX} bytes")]
    NotAFile,
    /// It has no manifest that can be used.
    #[error("not a plugin")]
    Manifest(#[source] holdpoint_build::ReadError),
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Manifest(error) => Some(error.help().to_owned()),
            _ => None,
        }
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
    EMBEDDED.iter().map(|plugin| plugin.name).collect()
}

/// Reads a plugin.
///
/// # Errors
///
/// When it is not there, is too large or has no manifest that can be used.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where components are read"
)]
pub fn read(source: &Source) -> Result<Plugin, Error> {
    use std::io::Read as _;

    let component = match source {
        Source::Embedded(name) => EMBEDDED
            .iter()
            .find(|plugin| plugin.name == name)
            .map(|plugin| Cow::Borrowed(plugin.component))
            .ok_or_else(|| Error::NotEmbedded(name.clone()))?,
        Source::Path(path) => {
            let metadata = std::fs::metadata(path).map_err(Error::Read)?;
            if !metadata.is_file() || metadata.len() > COMPONENT_BYTES_MAX {
                return Err(Error::NotAFile);
            }
            let mut bytes = Vec::new();
            std::fs::File::open(path)
                .and_then(|file| file.take(COMPONENT_BYTES_MAX).read_to_end(&mut bytes))
                .map_err(Error::Read)?;
            Cow::Owned(bytes)
        }
    };
    let manifest = holdpoint_build::read_manifest(&component).map_err(Error::Manifest)?;
    Ok(Plugin {
        source: source.clone(),
        digest: Digest::of(&component),
        component,
        manifest: Arc::new(manifest),
    })
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
    let error = |message: String| SettingsError { message };
    let schema = holdpoint_build::SettingsSchema::new(&manifest.settings)
        .map_err(|source| error(source.to_string()))?;
    match schema.validator().iter_errors(settings).next() {
        None => Ok(()),
        Some(first) => {
            let message = format!("{first} at `{}`", first.instance_path());
            Err(error(message.escape_debug().to_string()))
        }
    }
}
