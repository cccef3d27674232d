//! What taking plugins into a pipeline has in common: where they are fetched from, and the files that are
//! written.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{Error, Form, shown};
use crate::cli::Failure;
use crate::cli::cache::CacheArguments;
use crate::cli::network::NetworkArguments;
use crate::model::{Digest, Text};
use crate::pipeline::{self, Taking};
use crate::plugin::components::Components;
use crate::plugin::lock::{LOCK_NAME, Lock, Locked};
use crate::plugin::registry::{Reference, Registry, RegistryError};
use crate::plugin::{self, Plugin, Source};

/// Which pipeline file plugins are taken into, and how they are fetched.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct TakeArguments {
    /// Pipeline file; holdpoint.lock lies beside it
    #[arg(long, value_name = "FILE", default_value = pipeline::FILE_NAME)]
    pub(super) pipeline: PathBuf,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Form,

    #[command(flatten)]
    network: NetworkArguments,

    #[command(flatten)]
    cache: CacheArguments,
}

impl TakeArguments {
    /// What gives plugins.
    pub(super) fn components(&self) -> Result<Components, Failure> {
        self.network.components(&self.cache)
    }
}

/// A plugin as it is where it comes from now.
pub(super) struct Fetched {
    pub(super) plugin: Plugin,
    /// Digest of its manifest in a registry.
    pub(super) manifest: Option<Digest>,
    /// Signatures, as a registry has them.
    pub(super) bundles: Vec<Vec<u8>>,
}

impl Fetched {
    /// Keeps it for the next time, so that an update can say what was before.
    pub(super) fn keep(&self, components: &Components) {
        components.keep(&self.plugin.digest, &self.plugin.component);
        components.keep_bundles(&self.plugin.digest, &self.bundles);
    }

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
        let fetched = Fetched {
            plugin,
            manifest: None,
            bundles: Vec::new(),
        };
        fetched.keep(components);
        return Ok(fetched);
    }
    let failed = |source_error: RegistryError| Error::Registry {
        what: format!("cannot take {}", Text::from(source).terminal()),
        source: Box::new(source_error),
    };
    let reference: Reference = source
        .parse()
        .map_err(|error| failed(RegistryError::Reference(error)))?;
    let client = components.client.as_ref().ok_or_else(|| {
        let host = reference.host().to_owned();
        failed(RegistryError::Offline { host })
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
    let fetched = Fetched {
        plugin,
        manifest: Some(found.manifest),
        bundles,
    };
    fetched.keep(components);
    Ok(fetched)
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
    // What is there keeps its mode; what is new has the one that the user's mask leaves.
    let permissions = fs::metadata(path).map(|metadata| metadata.permissions());
    let permissions = permissions.unwrap_or_else(|_| Permissions::from_mode(0o666));
    let folder = path.parent().unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .permissions(permissions)
        .tempfile_in(folder)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)
        })
        .map(|_| ())
        .map_err(failed)
}
