//! Where plugins come from: bytes by source, their manifest, whether settings fit its schema, and the
//! folder that a new one begins with.
//! Nothing here compiles or runs a plugin.

pub mod components;
mod embedded;
mod error;
pub mod lock;
mod read;
pub mod registry;
mod scaffold;
mod settings;
pub mod signature;
pub mod ssh;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use holdpoint_build::Manifest;

use crate::model::Digest;

pub use embedded::{embedded, embedded_names};
pub use error::Error;
pub use read::{COMPONENT_BYTES_MAX, check_grants, read, read_bytes, read_component};
pub use scaffold::{Scaffold, ScaffoldError};
pub use settings::{SETTINGS_PROBLEMS_MAX, SettingsError, SettingsProblem, check_settings};

/// Where a plugin's bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Part of this program, by name.
    Embedded(String),
    /// A file.
    Path(PathBuf),
    /// A registry, as it is written.
    Registry(String),
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
