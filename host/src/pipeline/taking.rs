//! A pipeline file that plugins are taken into: read by itself, without the plugins that it uses and
//! without a repository, which an operator's own file need not lie in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Trust;
use super::keyring::signers;
use super::parse::{parse, source};
use super::plan::{Layer, Plan, PluginPlan};
use super::problem::{ConfigurationError, FILE_BYTES_MAX, Problem};
use super::read::read_file;
use super::registries::access;
use super::resolve::read_bundles;
use super::source::{Origin, Site, Source};
use crate::model::{Digest, Grants, Text};
use crate::plugin::lock::{LOCK_NAME, Lock};
use crate::plugin::registry::Access;
use crate::plugin::signature::read_signature;
use crate::plugin::{self, Plugin};

/// A pipeline file that plugins are taken into.
#[derive(Debug)]
pub struct Taking {
    source: Arc<Source>,
    plan: Plan,
    file: PathBuf,
    folder: PathBuf,
    is_new: bool,
}

/// What stands at the top of a pipeline file that is made.
const WORDS: &str = "# What decides about a release: `holdpoint check` explains it.\n\n";

impl Taking {
    /// Reads the file at a path.
    ///
    /// # Errors
    ///
    /// When it is not there, or is no pipeline file.
    pub fn open(path: &Path) -> Result<Self, ConfigurationError> {
        let unreadable = |error: std::io::Error| {
            ConfigurationError::new(if error.kind() == std::io::ErrorKind::NotFound {
                Problem::Missing(path.to_owned())
            } else {
                Problem::Read {
                    path: path.to_owned(),
                    source: error,
                }
            })
        };
        let file = path.canonicalize().map_err(unreadable)?;
        let bytes = read_file(&file, FILE_BYTES_MAX)?;
        Self::of(path, file, bytes, false)
    }

    /// The same, and where there is no such file yet, one with nothing in it: nothing is written.
    ///
    /// # Errors
    ///
    /// When its folder is not there, or it is no pipeline file.
    pub fn open_or_begin(path: &Path) -> Result<Self, ConfigurationError> {
        if path.symlink_metadata().is_ok() {
            return Self::open(path);
        }
        let missing = || ConfigurationError::new(Problem::Missing(path.to_owned()));
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder = folder.canonicalize().map_err(|_| missing())?;
        let file = folder.join(path.file_name().ok_or_else(missing)?);
        Self::of(path, file, WORDS.as_bytes().to_vec(), true)
    }

    fn of(
        path: &Path,
        file: PathBuf,
        bytes: Vec<u8>,
        is_new: bool,
    ) -> Result<Self, ConfigurationError> {
        let name = Text::from(path.to_string_lossy());
        let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
        let source = source(Origin::File(file.clone()), name, bytes, Trust::Trusted)?;
        Ok(Self {
            plan: Plan::new(parse(&source)?, &source, Layer::Pipeline)?,
            source,
            file,
            folder,
            is_new,
        })
    }

    /// Whether the file is not there yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether the file with this in it is one that can be read.
    ///
    /// # Errors
    ///
    /// With what is wrong with it.
    pub fn check(&self, text: &str) -> Result<(), ConfigurationError> {
        let origin = self.source.origin.clone();
        let name = self.source.name.clone();
        let source = source(origin, name, text.as_bytes().to_vec(), Trust::Trusted)?;
        Plan::new(parse(&source)?, &source, Layer::Pipeline).map(|_| ())
    }

    /// What is in the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The file itself, with links followed.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The folder that it lies in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The lock beside it; an empty one where there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn lock(&self) -> Result<Lock, ConfigurationError> {
        let path = self.folder.join(LOCK_NAME);
        if path.symlink_metadata().is_err() {
            return Ok(Lock::empty());
        }
        let bytes = read_file(&path, FILE_BYTES_MAX)?;
        Lock::read(&String::from_utf8_lossy(&bytes)).map_err(|source| {
            ConfigurationError::new(Problem::Lock {
                beside: self.source.name.clone(),
                source,
            })
        })
    }

    /// Where a plugin comes from, as the file has it; none where the file has no source for the name.
    #[must_use]
    pub fn source_of(&self, name: &str) -> Option<&str> {
        let plugin = self.plan.plugins.get(name)?;
        plugin.source.as_ref().map(|source| source.value.as_str())
    }

    /// Whether the file has a table of this name, or a use of it.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        self.plan.plugins.contains_key(name)
    }

    /// What the file grants a plugin.
    #[must_use]
    pub fn grants(&self, name: &str) -> Grants {
        let plugin = self.plan.plugins.get(name);
        plugin.map(PluginPlan::grants).unwrap_or_default()
    }

    /// Whether a stage or a channel uses a plugin.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        let stages = self.plan.stages.iter().flat_map(|stage| &stage.uses);
        let mut channels = self.plan.channels.values();
        stages.into_iter().any(|used| used.plugin == name)
            || channels.any(|channel| channel.plugin == name)
    }

    /// How a registry is asked for the plugins of the file.
    ///
    /// # Errors
    ///
    /// When the file of its certificates cannot be read.
    pub fn access(&self, host: &str) -> Result<Access, ConfigurationError> {
        let (access, _) = access(&self.plan.registries, &self.source, host, &|path, site| {
            self.beside(path, site)
        })?;
        Ok(access)
    }

    /// Ids of the keys that signed a plugin, by the word of `[trust]`; empty where that asks for none.
    /// `bundles` are those of its registry.
    ///
    /// # Errors
    ///
    /// When it is not signed as `[trust]` asks, or is refused whoever signed it.
    pub fn signers(
        &self,
        (name, written): (&str, &str),
        plugin: &Plugin,
        bundles: &[Vec<u8>],
    ) -> Result<BTreeSet<Digest>, ConfigurationError> {
        let site = self
            .plan
            .plugins
            .get(name)
            .map_or_else(|| self.plan.site.clone(), |plugin| plugin.site.clone());
        let signatures = || {
            let unsigned = |source| Problem::Signature {
                plugin: name.to_owned(),
                source,
            };
            match &plugin.source {
                plugin::Source::Path(path) => {
                    let signature = read_signature(path).map_err(unsigned)?;
                    Ok(vec![signature])
                }
                plugin::Source::Embedded(_) | plugin::Source::Registry(_) => {
                    read_bundles(bundles, Text::from(written)).map_err(unsigned)
                }
            }
        };
        let beside = |path: &str, site: &Site| self.beside(path, site);
        let named = (name, written, &site);
        let signed = signers(&self.plan, named, plugin, &signatures, &beside)?;
        Ok(signed.by_own_file)
    }

    /// A file that this one names.
    fn beside(&self, path: &str, site: &Site) -> Result<(Vec<u8>, Trust), ConfigurationError> {
        let bytes = read_file(&self.folder.join(path), FILE_BYTES_MAX);
        let bytes = bytes.map_err(|error| error.moved(site.clone()))?;
        Ok((bytes, Trust::Trusted))
    }
}
