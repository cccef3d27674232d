//! Where the bytes of plugins from registries are: in a folder beside the pipeline file, in the cache, or
//! in the registry. Wherever they come from, they are held against the digest that `holdpoint.lock` says.

use tokio::runtime::Handle;

use super::COMPONENT_BYTES_MAX;
use super::lock::Locked;
use super::registry::{Access, Found, Reference, Registry, RegistryError, SIGNATURES_MAX};
use super::signature::BUNDLE_BYTES_MAX;
use crate::model::{Body, Digest};
use crate::sandbox::HttpClient;
use crate::store::Cache;

/// The folder beside the pipeline file that `holdpoint plugin vendor` writes.
pub const VENDOR_FOLDER: &str = "holdpoint-vendor";

/// What entries of the cache are called.
const COMPONENT: &str = "component";
const SIGNATURES: &str = "signatures";

/// Gives the bytes of plugins from registries.
#[derive(Clone)]
pub struct Components {
    /// Where they are kept.
    pub cache: Cache,
    /// What registries are asked with; none where nobody is asked.
    pub client: Option<HttpClient>,
}

/// A file of the vendored folder, at most so many bytes of it; none where there is none.
pub type Vendored<'a> = &'a dyn Fn(&str, u64) -> Option<Vec<u8>>;

/// A plugin of a registry.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Which one.
    pub reference: &'a Reference,
    /// Which bytes.
    pub locked: &'a Locked,
    /// How the registry is asked; none where it may not be.
    pub access: Option<&'a Access>,
    /// The vendored folder.
    pub vendored: Vendored<'a>,
}

/// Why the bytes of a plugin are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// They are not here, and nobody is asked.
    #[error("{digest} is neither in `{VENDOR_FOLDER}` nor in the cache, and nothing is fetched")]
    NotHere {
        /// Which bytes.
        digest: Digest,
    },
    /// The lock does not say which manifest it is.
    #[error("holdpoint.lock has no digest of its manifest")]
    NoManifest,
    /// The registry is of no use.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl ComponentError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotHere { .. } => {
                "fetch it with `holdpoint check`, without `--offline` and with a pipeline that is \
                 trusted, or keep it with the pipeline: `holdpoint plugin vendor`"
            }
            Self::NoManifest => "write it anew with `holdpoint plugin add`",
            Self::Registry(error) => error.help(),
        }
    }
}

/// The name of a component in the vendored folder.
#[must_use]
pub fn vendored_component(digest: &Digest) -> String {
    format!("{}.wasm", digest.to_string().replace(':', "-"))
}

/// The name of a signature of a component in the vendored folder, counted from 1.
#[must_use]
pub fn vendored_signature(digest: &Digest, number: usize) -> String {
    let digest = digest.to_string().replace(':', "-");
    format!("{digest}.{number}.sigstore.json")
}

impl Components {
    /// Nothing but what is vendored.
    #[must_use]
    pub fn none() -> Self {
        Self {
            cache: Cache::none(),
            client: None,
        }
    }

    /// The bytes of a component, which are those of the digest.
    ///
    /// # Errors
    ///
    /// When they are not to be had.
    pub fn component(&self, wanted: Wanted<'_>) -> Result<Vec<u8>, ComponentError> {
        let digest = &wanted.locked.digest;
        let name = vendored_component(digest);
        let kept = (wanted.vendored)(&name, COMPONENT_BYTES_MAX);
        let kept = kept.filter(|bytes| Digest::of(bytes) == *digest);
        let kept = kept.or_else(|| self.kept(digest));
        if let Some(bytes) = kept {
            return Ok(bytes);
        }
        let (client, access) = self.asking(wanted)?;
        let found = Found {
            manifest: wanted.locked.manifest.ok_or(ComponentError::NoManifest)?,
            component: *digest,
            size: wanted.locked.size,
        };
        tracing::info!(source = %wanted.reference, %digest, "a plugin is fetched");
        let registry = Registry::new(client, wanted.reference.host(), access);
        let name = wanted.reference.name();
        let bytes = Handle::current().block_on(registry.component(name, &found))?;
        self.keep(digest, &bytes);
        Ok(bytes)
    }

    /// The bundles with signatures of a component. Nothing of them is verified.
    ///
    /// # Errors
    ///
    /// When nothing says which there are.
    pub fn bundles(&self, wanted: Wanted<'_>) -> Result<Vec<Vec<u8>>, ComponentError> {
        let digest = &wanted.locked.digest;
        let vendored = (1..=SIGNATURES_MAX).map_while(|number| {
            (wanted.vendored)(&vendored_signature(digest, number), BUNDLE_BYTES_MAX)
        });
        let vendored: Vec<_> = vendored.collect();
        if !vendored.is_empty() {
            return Ok(vendored);
        }
        let kept = self.cache.read(SIGNATURES, digest);
        let kept = kept.and_then(|bytes| serde_json::from_slice::<Vec<Body>>(&bytes).ok());
        if let Some(kept) = kept {
            return Ok(kept.into_iter().map(|bundle| bundle.0).collect());
        }
        let (client, access) = self.asking(wanted)?;
        let manifest = wanted.locked.manifest.ok_or(ComponentError::NoManifest)?;
        let registry = Registry::new(client, wanted.reference.host(), access);
        let name = wanted.reference.name();
        let bundles = Handle::current().block_on(registry.bundles(name, &manifest))?;
        self.keep_bundles(digest, &bundles);
        Ok(bundles)
    }

    /// The bytes of a digest that are kept here.
    #[must_use]
    pub fn kept(&self, digest: &Digest) -> Option<Vec<u8>> {
        let kept = self.cache.read(COMPONENT, digest)?;
        (Digest::of(&kept) == *digest).then_some(kept)
    }

    /// Keeps the bytes of a component for the next time.
    pub fn keep(&self, digest: &Digest, bytes: &[u8]) {
        self.cache.write(COMPONENT, digest, bytes);
    }

    /// Keeps the signatures of a component for the next time. That there is none is not kept: there may
    /// be one the next time.
    pub fn keep_bundles(&self, digest: &Digest, bundles: &[Vec<u8>]) {
        if bundles.is_empty() {
            return;
        }
        let bundles: Vec<Body> = bundles.iter().cloned().map(Body).collect();
        // A list of texts cannot fail to be written as JSON.
        if let Ok(bytes) = serde_json::to_vec(&bundles) {
            self.cache.write(SIGNATURES, digest, &bytes);
        }
    }

    fn asking<'a>(
        &'a self,
        wanted: Wanted<'a>,
    ) -> Result<(&'a HttpClient, &'a Access), ComponentError> {
        let not_here = ComponentError::NotHere {
            digest: wanted.locked.digest,
        };
        self.client.as_ref().zip(wanted.access).ok_or(not_here)
    }
}
