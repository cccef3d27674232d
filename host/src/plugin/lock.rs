//! `holdpoint.lock`: which bytes each name of a pipeline file stands for, and what they may ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use holdpoint_build::Manifest;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::Plugin;
use crate::model::{Capability, Digest, Kind, Text};

/// What the file is called. It lies beside the pipeline file.
pub const LOCK_NAME: &str = "holdpoint.lock";

/// The form of the file that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// What stands at the top of it.
const WORDS: &str = "# Written by `holdpoint plugin add` and `holdpoint plugin update`.\n\
                     # Commit it; what it says is held against every plugin each time it is read.\n\n";

/// The plugins of a pipeline file, each as it was when an operator took it.
///
/// ```
/// use holdpoint::plugin::lock::Lock;
///
/// assert!(Lock::read("format = 1\n").unwrap().get("tickets").is_none());
/// assert!(Lock::read("format = 2\n").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock(BTreeMap<String, Locked>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    #[serde(default)]
    plugins: BTreeMap<String, Locked>,
}

/// What tells the form of a file before the rest of it is read.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// A plugin as it was when an operator took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Locked {
    /// Where it comes from, as the pipeline file has it.
    pub source: String,
    /// Digest of its manifest in a registry; none for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// Digest of the component.
    pub digest: Digest,
    /// Size of the component in bytes.
    pub size: u64,
    /// Its own version.
    pub version: Version,
    /// Ids of the keys that signed it and that `[trust]` had then.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub signers: BTreeSet<Digest>,
    /// What it is.
    pub kinds: BTreeSet<Kind>,
    /// What it asks for.
    #[serde(default)]
    pub capabilities: BTreeSet<Capability>,
}

/// Why a lock file is of no use, or a plugin is not what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// It is not TOML of this form.
    #[error("line {line}: {}", said.terminal())]
    Malformed {
        /// The line, counted from 1.
        line: usize,
        /// What was expected.
        said: Text,
    },
    /// It is of another form.
    #[error("it has the format {0}, and this version of Holdpoint knows the format {FORMAT}")]
    Format(u32),
    /// A plugin is something else than it says.
    #[error("{what} is {found}, and holdpoint.lock says {locked}")]
    Differs {
        /// What differs.
        what: &'static str,
        /// What the lock says.
        locked: String,
        /// What is there.
        found: String,
    },
}

impl LockError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => {
                "take it back to what was committed last; `holdpoint plugin add` writes it"
            }
            Self::Format(_) => "use the version of Holdpoint that wrote it, or a newer one",
            Self::Differs { .. } => {
                "where that is meant, `holdpoint plugin update NAME` shows the difference and takes it; \
                 where it is not, somebody changed the plugin or holdpoint.lock"
            }
        }
    }
}

impl Lock {
    /// A lock with nothing in it.
    #[must_use]
    pub fn empty() -> Self {
        Self(BTreeMap::new())
    }

    /// Reads a lock file.
    ///
    /// # Errors
    ///
    /// When it is not TOML, has an unknown key, or is of another form.
    pub fn read(text: &str) -> Result<Self, LockError> {
        let malformed = |error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.bytes().take(start);
            LockError::Malformed {
                line: 1 + before.filter(|byte| *byte == b'\n').count(),
                said: Text::from(error.message()),
            }
        };
        let format: Format = toml::from_str(text).map_err(malformed)?;
        if format.format != FORMAT {
            return Err(LockError::Format(format.format));
        }
        let file: File = toml::from_str(text).map_err(malformed)?;
        Ok(Self(file.plugins))
    }

    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        let file = File {
            format: FORMAT,
            plugins: self.0.clone(),
        };
        let text = toml::to_string(&file).unwrap_or_default();
        format!("{WORDS}{text}")
    }

    /// A plugin, by its name in the pipeline file.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Locked> {
        self.0.get(name)
    }

    /// Every plugin, by its name in the pipeline file.
    pub fn plugins(&self) -> impl Iterator<Item = (&str, &Locked)> {
        self.0.iter().map(|(name, locked)| (name.as_str(), locked))
    }

    /// Takes a plugin, in the place of what it was before.
    pub fn insert(&mut self, name: &str, locked: Locked) {
        self.0.insert(name.to_owned(), locked);
    }
}

impl Locked {
    /// A plugin as it is.
    #[must_use]
    pub fn new(
        source: &str,
        manifest: Option<Digest>,
        plugin: &Plugin,
        signers: BTreeSet<Digest>,
    ) -> Self {
        Self {
            source: source.to_owned(),
            manifest,
            digest: plugin.digest,
            size: u64::try_from(plugin.component.len()).unwrap_or(u64::MAX),
            version: plugin.manifest.version.clone(),
            signers,
            kinds: plugin.manifest.kinds.iter().copied().collect(),
            capabilities: capabilities(&plugin.manifest),
        }
    }

    /// Holds the bytes of a component against it, before anything in them is read.
    ///
    /// # Errors
    ///
    /// When they are others.
    pub fn check_digest(&self, component: &[u8]) -> Result<(), LockError> {
        let found = Digest::of(component);
        if found == self.digest {
            return Ok(());
        }
        Err(LockError::Differs {
            what: "the digest",
            locked: self.digest.to_string(),
            found: found.to_string(),
        })
    }

    /// Holds a plugin against it.
    ///
    /// # Errors
    ///
    /// With the first thing that differs.
    pub fn check(&self, source: &str, plugin: &Plugin) -> Result<(), LockError> {
        let now = Self::new(source, self.manifest, plugin, self.signers.clone());
        let differs = |what, locked: &dyn fmt::Display, found: &dyn fmt::Display| {
            let (locked, found) = (locked.to_string(), found.to_string());
            (locked != found).then_some(LockError::Differs {
                what,
                locked,
                found,
            })
        };
        // Taken apart by name, so that what is new is held too.
        let Self {
            source: locked_source,
            manifest: _,
            digest,
            size,
            version,
            signers: _,
            kinds,
            capabilities,
        } = self;
        let shown = |source: &str| format!("`{}`", Text::from(source).terminal());
        [
            differs("the source", &shown(locked_source), &shown(source)),
            differs("the digest", digest, &now.digest),
            differs("the size", size, &now.size),
            differs("the version", version, &now.version),
            differs("the kind", &names(kinds), &names(&now.kinds)),
            differs(
                "what it asks for",
                &names(capabilities),
                &names(&now.capabilities),
            ),
        ]
        .into_iter()
        .flatten()
        .next()
        .map_or(Ok(()), Err)
    }
}

/// What a plugin asks for.
fn capabilities(manifest: &Manifest) -> BTreeSet<Capability> {
    let asked = manifest.capabilities.iter();
    asked.map(|request| request.capability).collect()
}

/// Names in words.
#[must_use]
pub fn names<T: fmt::Display>(values: &BTreeSet<T>) -> String {
    if values.is_empty() {
        return "nothing".to_owned();
    }
    let names: Vec<String> = values.iter().map(ToString::to_string).collect();
    names.join(", ")
}
