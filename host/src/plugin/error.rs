use holdpoint_build::ReadError;

use super::COMPONENT_BYTES_MAX;
use super::registry::Reference;
use crate::model::{Capability, Text};

/// Why a plugin cannot be used. Nothing of it was compiled or run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No standard plugin has the name.
    #[error("no standard plugin is called `{}`", name.terminal())]
    UnknownName {
        /// The name.
        name: Text,
        /// The standard plugin that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The file cannot be read.
    #[error("the plugin {} cannot be read", path.terminal())]
    Read {
        /// The file.
        path: Text,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a file.
    #[error("the plugin {} is not a file", path.terminal())]
    NotAFile {
        /// What was named.
        path: Text,
    },
    /// It is too large.
    #[error(
        "the plugin {} is larger than {} MiB",
        path.terminal(),
        COMPONENT_BYTES_MAX >> 20
    )]
    TooLarge {
        /// The file.
        path: Text,
    },
    /// It is in a registry, and only what was fetched can be read.
    #[error("the plugin {} is in a registry", reference.terminal())]
    Fetched {
        /// Where.
        reference: Text,
    },
    /// It is not a component with a manifest that this version can read.
    #[error("the plugin {} cannot be used", plugin.terminal())]
    NotAPlugin {
        /// The file or the name.
        plugin: Text,
        /// Why.
        source: ReadError,
    },
    /// It asks for a capability of which nothing is granted.
    #[error(
        "the plugin `{}` asks for the capability `{capability}` ({}), which is not granted",
        plugin.terminal(),
        reason.terminal()
    )]
    NotGranted {
        /// Its name.
        plugin: Text,
        /// The capability.
        capability: Capability,
        /// Why it asks for it.
        reason: Text,
    },
}

/// What a path that is not there may have been meant as.
fn in_registry(path: &Text, error: &std::io::Error) -> Option<Reference> {
    let is_missing = error.kind() == std::io::ErrorKind::NotFound;
    let written = is_missing.then_some(path.raw())?;
    written
        .parse()
        .ok()
        .or_else(|| Reference::meant_by(written))
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        if let Self::Read { path, source } = self
            && let Some(reference) = in_registry(path, source)
        {
            return format!(
                "it looks like a plugin in a registry, and what is read here is a file: `holdpoint \
                 plugin add {reference}` takes one of a registry into a pipeline"
            );
        }
        match self {
            Self::UnknownName {
                nearest: Some(nearest),
                ..
            } => format!("did you mean `{nearest}`?"),
            Self::UnknownName { nearest: None, .. } => {
                let names: Vec<&str> = super::embedded_names().collect();
                format!(
                    "the standard plugins are {}; name others with `source` under [plugins.NAME]",
                    names.join(", ")
                )
            }
            Self::Read { .. } | Self::NotAFile { .. } => {
                "check the path; `holdpoint plugin build` writes such a file".to_owned()
            }
            Self::TooLarge { .. } => {
                "build it without debug information, and without what it does not need".to_owned()
            }
            Self::Fetched { .. } => {
                "take it into a pipeline with `holdpoint plugin add`".to_owned()
            }
            Self::NotAPlugin { source, .. } => source.help().to_owned(),
            Self::NotGranted {
                plugin,
                capability: Capability::Tree,
                ..
            } => format!(
                "if it may, name each file and folder (with a `/` at its end) that it may read:\n\
                 [plugins.{}]\ngrants.tree = [\"FILE\", \"FOLDER/\"]",
                plugin.terminal()
            ),
            Self::NotGranted {
                plugin,
                capability: Capability::Evidence,
                ..
            } => format!(
                "if it may, name each file of [[release.evidence]] that it may read:\n\
                 [plugins.{}]\ngrants.evidence = [\"NAME\"]",
                plugin.terminal()
            ),
            Self::NotGranted {
                plugin,
                capability: Capability::History,
                ..
            } => format!(
                "if it may know the earlier releases on the target:\n[plugins.{}]\n\
                 grants.history = true",
                plugin.terminal()
            ),
            Self::NotGranted {
                plugin,
                capability: Capability::Http,
                ..
            } => format!(
                "if it may, name the servers that it may ask:\n[plugins.{}]\n\
                 grants.http = [{{ methods = [\"GET\"], url = \"https://HOST/PATH/\" }}]",
                plugin.terminal()
            ),
            Self::NotGranted {
                plugin,
                capability: Capability::Secrets,
                ..
            } => format!(
                "if it may, name each secret by the name that the plugin asks by, and where it is \
                 sent:\n[plugins.{}]\n\
                 grants.secrets.NAME = {{ env = \"VARIABLE\", for = \"https://HOST\" }}",
                plugin.terminal()
            ),
            Self::NotGranted { plugin, .. } => format!(
                "grant it under `grants` of [plugins.{}], or use a version of the plugin that needs \
                 no more",
                plugin.terminal()
            ),
        }
    }
}
