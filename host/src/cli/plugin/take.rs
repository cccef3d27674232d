//! What taking plugins into a pipeline has in common: where they are fetched from, and the files that are
//! written.

#![expect(
    clippy::disallowed_methods,
    reason = "files are written where the operator asks for it"
)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Error, shown};
use crate::cli::Failure;
use crate::model::{Digest, Text};
use crate::pipeline::{self, Taking};
use crate::plugin::components::Components;
use crate::plugin::lock::{LOCK_NAME, Lock, Locked};
use crate::plugin::registry::{Reference, Registry, RegistryError};
use crate::plugin::{self, Plugin, Source};

/// Names that are tried for a file on its way to its place.
const PARTS_MAX: u32 = 16;

/// Which pipeline file plugins are taken into.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct PipelineArguments {
    /// Pipeline file; holdpoint.lock lies beside it
    #[arg(long, value_name = "FILE", default_value = pipeline::FILE_NAME)]
    pub(super) pipeline: PathBuf,
}

/// A plugin as it is where it comes from now.
pub(super) struct Fetched {
    pub(super) plugin: Plugin,
    /// Digest of its manifest in a registry.
    manifest: Option<Digest>,
    /// Signatures, as a registry has them.
    pub(super) bundles: Vec<Vec<u8>>,
}

impl Fetched {
    /// What is written down of it.
    pub(super) fn locked(&self, source: &str, signers: BTreeSet<Digest>) -> Locked {
        Locked::new(source, self.manifest, &self.plugin, signers)
    }
}

/// Fetches a plugin: from a registry by its tag as it is now, or from a file.
pub(super) fn fetch(
    taking: &Taking,
    source: &str,
    components: &Components,
) -> Result<Fetched, Failure> {
    if !Reference::is_meant(source) {
        let file = taking.folder().join(source);
        let plugin = plugin::read(&Source::Path(file)).map_err(Error::Read)?;
        // So that an update can say what was before.
        components.keep(&plugin.digest, &plugin.component);
        return Ok(Fetched {
            plugin,
            manifest: None,
            bundles: Vec::new(),
        });
    }
    let failed = |source_error: RegistryError| Error::Registry {
        what: format!("cannot take {}", Text::from(source).terminal()),
        source: Box::new(source_error),
    };
    let reference: Reference = source
        .parse()
        .map_err(|error| failed(RegistryError::Reference(error)))?;
    let client = components.client.as_ref().ok_or_else(|| Error::Edit {
        path: Text::from(source),
        why: "nothing is fetched with --offline".to_owned(),
    })?;
    let access = taking.access(reference.host())?;
    let registry = Registry::new(client, reference.host(), &access);
    let name = reference.name();
    let runtime = tokio::runtime::Handle::current();
    let (found, bytes, bundles) = runtime
        .block_on(async {
            let found = registry.find(&reference).await?;
            let bytes = registry.component(name, &found).await?;
            let bundles = registry.bundles(name, &found.manifest).await?;
            Ok((found, bytes, bundles))
        })
        .map_err(failed)?;
    let source = Source::Registry(reference.to_string());
    let plugin = plugin::read_component(source, bytes.into()).map_err(Error::Read)?;
    components.keep(&plugin.digest, &plugin.component);
    components.keep_bundles(&plugin.digest, &bundles);
    Ok(Fetched {
        plugin,
        manifest: Some(found.manifest),
        bundles,
    })
}

/// Writes the lock beside a pipeline file.
pub(super) fn write_lock(folder: &Path, lock: &Lock) -> Result<(), Error> {
    replace(&folder.join(LOCK_NAME), lock.text().as_bytes())
}

/// Writes a file whole or not at all.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Write {
        path: shown(path),
        source,
    };
    let (part, mut file) = begun(path).map_err(failed)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&part, path))
        .inspect_err(|_| {
            let _ = fs::remove_file(&part);
        })
        .map_err(failed)
}

/// A new file beside another one. What is there already is not written to, whoever put it there: it may
/// be a link to somewhere else.
fn begun(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..PARTS_MAX {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{number}.part", std::process::id()));
        let part = path.with_file_name(name);
        match File::create_new(&part) {
            Ok(file) => return Ok((part, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
            Err(error) => return Err(error),
        }
    }
    Err(taken)
}
