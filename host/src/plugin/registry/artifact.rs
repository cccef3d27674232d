//! The artifact of a plugin: a manifest, a configuration, the component, and signatures that refer to it.

use bytes::Bytes;
use oci_spec::image::{
    Descriptor, ImageIndex, ImageIndexBuilder, ImageManifest, ImageManifestBuilder, MediaType,
};
use serde::Serialize;

use super::transfer::{Exchange, Use};
use super::{Reference, Registry, RegistryError, SIGNATURES_MAX};
use crate::model::{Digest, Text};
use crate::plugin::COMPONENT_BYTES_MAX;
use crate::plugin::signature::BUNDLE_BYTES_MAX;
use crate::sandbox::HttpLimits;

/// A configuration of a Wasm artifact.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// A component.
const COMPONENT: &str = "application/wasm";

/// A bundle with a signature.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Both, for what may be either: that it is an index is said then.
const MANIFEST_OR_INDEX: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json;q=0.5";

/// The configuration that says nothing (image manifest, *Guidance for an Empty Descriptor*).
const EMPTY: &[u8] = b"{}";

/// When artifacts are said to be made: the same component is the same artifact, whoever pushes it when.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// A plugin that a registry has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Digest of its manifest.
    pub manifest: Digest,
    /// Digest of the component.
    pub component: Digest,
    /// Size of the component in bytes.
    pub size: u64,
}

/// What came of pushing a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Digest of its manifest.
    pub manifest: Digest,
    /// What the tag named before; none where it named nothing, or the same.
    pub replaced: Option<Digest>,
    /// Digest of the manifest of its signature; none where it has none.
    pub signature: Option<Digest>,
}

/// The configuration of a Wasm artifact.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    created: &'static str,
    architecture: &'static str,
    os: &'static str,
    layer_digests: [Digest; 1],
    component: ConfigComponent,
}

#[derive(Serialize)]
struct ConfigComponent {
    exports: Vec<String>,
    imports: Vec<String>,
    target: Option<String>,
}

impl Registry<'_> {
    /// Looks up what a reference names.
    ///
    /// # Errors
    ///
    /// When it names nothing, or something else than a plugin.
    pub async fn find(&self, reference: &Reference) -> Result<Found, RegistryError> {
        let (name, version) = (reference.name(), reference.version());
        let found = self.manifest(name, &version, MANIFEST_OR_INDEX).await?;
        let what = format!("{name}:{version}");
        let (digest, bytes) = found.ok_or_else(|| RegistryError::Missing {
            host: self.host.clone(),
            what: what.clone(),
        })?;
        if let Some(expected) = reference.digest()
            && digest != *expected
        {
            return Err(RegistryError::Digest {
                host: self.host.clone(),
                expected: *expected,
                found: digest,
            });
        }
        let layer = self.only_layer(&bytes, (CONFIG, COMPONENT), &what)?;
        self.check_size(layer.size())?;
        Ok(Found {
            manifest: digest,
            component: self.digest(&layer, &what)?,
            size: layer.size(),
        })
    }

    /// The bytes of a component.
    ///
    /// # Errors
    ///
    /// When they are not there, or other ones are.
    pub async fn component(&self, name: &str, found: &Found) -> Result<Vec<u8>, RegistryError> {
        self.check_size(found.size)?;
        self.blob(name, &found.component, found.size).await
    }

    /// The bundles with signatures of a plugin, of which nothing is verified yet; at most
    /// [`SIGNATURES_MAX`].
    ///
    /// # Errors
    ///
    /// When the registry does not say which there are, or one of them is not there.
    pub async fn bundles(
        &self,
        name: &str,
        manifest: &Digest,
    ) -> Result<Vec<Vec<u8>>, RegistryError> {
        let mut bundles = Vec::new();
        for referrer in self.referrers(name, manifest).await? {
            let what = format!("a signature of {name}");
            let version = self.digest(&referrer, &what)?.to_string();
            let found = self.manifest(name, &version, MANIFEST).await?;
            let (digest, bytes) = found.ok_or_else(|| RegistryError::Missing {
                host: self.host.clone(),
                what: what.clone(),
            })?;
            let expected = self.digest(&referrer, &what)?;
            if digest != expected {
                return Err(RegistryError::Digest {
                    host: self.host.clone(),
                    expected,
                    found: digest,
                });
            }
            let manifest = self.read_manifest(&bytes, &what)?;
            // What the index calls a signature may call itself something else.
            let kind = manifest.artifact_type().as_ref();
            if kind.is_some_and(|kind| kind.to_string() != BUNDLE) {
                continue;
            }
            let [layer] = manifest.layers().as_slice() else {
                continue;
            };
            if layer.media_type().to_string() != BUNDLE || layer.size() > BUNDLE_BYTES_MAX {
                continue;
            }
            let digest = self.digest(layer, &what)?;
            bundles.push(self.blob(name, &digest, layer.size()).await?);
        }
        Ok(bundles)
    }

    /// Pushes a component, and its signature where there is one, and lets the tag name it.
    ///
    /// # Errors
    ///
    /// When the registry does not take it.
    pub async fn push(
        &self,
        reference: &Reference,
        component: Bytes,
        (imports, exports): (Vec<String>, Vec<String>),
        bundle: Option<Bytes>,
    ) -> Result<Pushed, RegistryError> {
        let name = reference.name();
        let digest = Digest::of(&component);
        let config = Config {
            created: CREATED,
            architecture: "wasm",
            os: "wasip2",
            layer_digests: [digest],
            component: ConfigComponent {
                exports,
                imports,
                target: None,
            },
        };
        let config = self.written(&config)?;
        let layer = self.put_blob(name, COMPONENT, component).await?;
        let config = self.put_blob(name, CONFIG, config).await?;
        let manifest = self.manifest_of((config, layer), None)?;
        let bytes = self.written(&manifest)?;
        let digest = Digest::of(&bytes);
        let version = reference.version();
        let before = self.manifest(name, &version, MANIFEST_OR_INDEX).await?;
        let before = before.map(|(digest, _)| digest);
        let subject = self.descriptor(MANIFEST, &bytes)?;
        if before != Some(digest) {
            self.put_manifest(name, &version, MANIFEST, bytes).await?;
        }
        let signature = match bundle {
            Some(bundle) => Some(self.push_bundle(name, subject, bundle).await?),
            None => None,
        };
        Ok(Pushed {
            manifest: digest,
            replaced: before.filter(|before| *before != digest),
            signature,
        })
    }

    async fn push_bundle(
        &self,
        name: &str,
        subject: Descriptor,
        bundle: Bytes,
    ) -> Result<Digest, RegistryError> {
        let empty = MediaType::EmptyJSON.to_string();
        let config = self
            .put_blob(name, &empty, Bytes::from_static(EMPTY))
            .await?;
        let layer = self.put_blob(name, BUNDLE, bundle).await?;
        let manifest = self.manifest_of((config, layer), Some(subject.clone()))?;
        let bytes = self.written(&manifest)?;
        let digest = Digest::of(&bytes);
        let mut descriptor = self.descriptor(MANIFEST, &bytes)?;
        descriptor.set_artifact_type(Some(MediaType::from(BUNDLE)));
        let version = digest.to_string();
        let knows_referrers = self.put_manifest(name, &version, MANIFEST, bytes).await?;
        if !knows_referrers {
            self.add_to_fallback(name, &subject, descriptor).await?;
        }
        Ok(digest)
    }

    /// What refers to a manifest as a signature: what the registry says, or where it does not know what
    /// referrers are, what stands under the tag that is agreed on for that.
    async fn referrers(
        &self,
        name: &str,
        manifest: &Digest,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let what = format!("the signatures of {name}");
        let url = self.url(name, &format!("referrers/{manifest}"))?;
        let found = match self.document(name, &url, INDEX, what.clone()).await {
            // What does not know the question answers in ways of its own.
            Err(RegistryError::Status {
                status: 400 | 405, ..
            }) => None,
            found => found?,
        };
        let found = if found.is_some() {
            found
        } else {
            self.manifest(name, &fallback_tag(manifest), INDEX).await?
        };
        let Some((_, bytes)) = found else {
            return Ok(Vec::new());
        };
        let index = self.read_index(&bytes, &what)?;
        let signatures = index.manifests().iter();
        let signatures = signatures.filter(|one| {
            let kind = one.artifact_type().as_ref();
            kind.is_some_and(|kind| kind.to_string() == BUNDLE)
        });
        Ok(signatures.take(SIGNATURES_MAX).cloned().collect())
    }

    /// Adds a referrer to the index under the tag that is agreed on for registries that do not know what
    /// referrers are.
    async fn add_to_fallback(
        &self,
        name: &str,
        subject: &Descriptor,
        referrer: Descriptor,
    ) -> Result<(), RegistryError> {
        let what = format!("the signatures of {name}");
        let tag = fallback_tag(&self.digest(subject, &what)?);
        let found = self.manifest(name, &tag, INDEX).await?;
        let mut manifests = match found {
            Some((_, bytes)) => self.read_index(&bytes, &what)?.manifests().clone(),
            None => Vec::new(),
        };
        if manifests
            .iter()
            .any(|one| one.digest() == referrer.digest())
        {
            return Ok(());
        }
        manifests.push(referrer);
        let index = ImageIndexBuilder::default()
            .schema_version(2_u32)
            .media_type(MediaType::ImageIndex)
            .manifests(manifests)
            .build()
            .map_err(|error| self.malformed(&what, error.to_string()))?;
        let bytes = self.written(&index)?;
        self.put_manifest(name, &tag, INDEX, bytes).await?;
        Ok(())
    }

    fn manifest_of(
        &self,
        (config, layer): (Descriptor, Descriptor),
        subject: Option<Descriptor>,
    ) -> Result<ImageManifest, RegistryError> {
        let mut manifest = ImageManifestBuilder::default()
            .schema_version(2_u32)
            .media_type(MediaType::ImageManifest)
            .config(config)
            .layers([layer]);
        if let Some(subject) = subject {
            manifest = manifest
                .artifact_type(MediaType::from(BUNDLE))
                .subject(subject);
        }
        let manifest = manifest.build();
        manifest.map_err(|error| self.malformed("a plugin", error.to_string()))
    }

    async fn put_blob(
        &self,
        name: &str,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Descriptor, RegistryError> {
        let descriptor = self.descriptor(media_type, &bytes)?;
        let digest = Digest::of(&bytes);
        let what = format!("{media_type} of {name}");
        let used = Use { name, writes: true };
        let limits = HttpLimits {
            request_bytes_max: bytes.len(),
            deadline: self.transfer_time,
            ..HttpLimits::default()
        };
        let is_there = self.url(name, &format!("blobs/{digest}"))?;
        let exchange = Exchange {
            method: "HEAD",
            url: &is_there,
            headers: &[],
            body: Bytes::new(),
            limits,
        };
        if self.ask(used, exchange).await?.status == 200 {
            return Ok(descriptor);
        }
        let uploads = self.url(name, "blobs/uploads/")?;
        let exchange = Exchange {
            method: "POST",
            url: &uploads,
            headers: &[],
            body: Bytes::new(),
            limits,
        };
        let response = self.ask(used, exchange).await?;
        if response.status != 202 {
            return Err(self.status(what, &response));
        }
        let place = self.next(&uploads, &response)?;
        if place.origin() != uploads.origin() {
            return Err(RegistryError::UploadElsewhere {
                host: self.host.clone(),
                place: Text::from(place.origin()),
            });
        }
        let separator = if place.target().contains('?') {
            '&'
        } else {
            '?'
        };
        let place = format!(
            "{}{}{separator}digest={digest}",
            place.origin(),
            place.target()
        );
        let place = self.place(&place)?;
        let exchange = Exchange {
            method: "PUT",
            url: &place,
            headers: &[("content-type", "application/octet-stream")],
            body: bytes,
            limits,
        };
        let response = self.ask(used, exchange).await?;
        if response.status != 201 {
            return Err(self.status(what, &response));
        }
        Ok(descriptor)
    }

    /// Whether the registry knows what referrers are, by what it answers.
    async fn put_manifest(
        &self,
        name: &str,
        version: &str,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<bool, RegistryError> {
        let url = self.url(name, &format!("manifests/{version}"))?;
        let exchange = Exchange {
            method: "PUT",
            url: &url,
            headers: &[("content-type", media_type)],
            body: bytes,
            limits: HttpLimits {
                deadline: self.answer_time,
                ..HttpLimits::default()
            },
        };
        let used = Use { name, writes: true };
        let response = self.ask(used, exchange).await?;
        if response.status != 201 {
            return Err(self.status(format!("{name}:{version}"), &response));
        }
        Ok(response.header("oci-subject").is_some())
    }

    /// Refuses a component that is too large to be read, before any of it is.
    fn check_size(&self, bytes: u64) -> Result<(), RegistryError> {
        if bytes > COMPONENT_BYTES_MAX {
            return Err(RegistryError::TooLarge {
                host: self.host.clone(),
                bytes,
            });
        }
        Ok(())
    }

    /// The only layer of a manifest with this configuration.
    fn only_layer(
        &self,
        bytes: &[u8],
        (config, layer): (&str, &str),
        what: &str,
    ) -> Result<Descriptor, RegistryError> {
        let manifest = self.read_manifest(bytes, what)?;
        let found = manifest.config().media_type().to_string();
        if found != config {
            let found = Text::from(found).shortened(100);
            let why = format!(
                "its configuration is `{}` and not `{config}`",
                found.terminal()
            );
            return Err(self.malformed(what, why));
        }
        match manifest.layers().as_slice() {
            [only] if only.media_type().to_string() == layer => Ok(only.clone()),
            layers => {
                let count = layers.len();
                let why = format!("it has {count} layers and not one of `{layer}`");
                Err(self.malformed(what, why))
            }
        }
    }

    fn read_manifest(&self, bytes: &[u8], what: &str) -> Result<ImageManifest, RegistryError> {
        // A manifest of one kind can be read as the other, with nothing in it.
        let kind: Kind = serde_json::from_slice(bytes)
            .map_err(|error| self.malformed(what, error.to_string()))?;
        if kind.manifests.is_some() || kind.media_type.as_deref() == Some(INDEX) {
            let why = "it is an index of several: name the digest of one of them";
            return Err(self.malformed(what, why.to_owned()));
        }
        serde_json::from_slice(bytes).map_err(|error| self.malformed(what, error.to_string()))
    }

    fn read_index(&self, bytes: &[u8], what: &str) -> Result<ImageIndex, RegistryError> {
        serde_json::from_slice(bytes).map_err(|error| self.malformed(what, error.to_string()))
    }

    fn descriptor(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, RegistryError> {
        let digest: oci_spec::image::Digest =
            Digest::of(bytes)
                .to_string()
                .parse()
                .map_err(|error: oci_spec::OciSpecError| {
                    self.malformed("a plugin", error.to_string())
                })?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(Descriptor::new(MediaType::from(media_type), size, digest))
    }

    fn digest(&self, descriptor: &Descriptor, what: &str) -> Result<Digest, RegistryError> {
        let digest = descriptor.digest().to_string();
        digest
            .parse()
            .map_err(|_| self.malformed(what, format!("`{digest}` is not one of SHA-256")))
    }

    fn written(&self, value: &impl Serialize) -> Result<Bytes, RegistryError> {
        serde_json::to_vec(value)
            .map(Bytes::from)
            .map_err(|error| self.malformed("a plugin", error.to_string()))
    }

    fn malformed(&self, what: &str, why: String) -> RegistryError {
        RegistryError::Manifest {
            host: self.host.clone(),
            what: what.to_owned(),
            why: Text::from(why).terminal().to_string(),
        }
    }
}

/// What tells a manifest from an index.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    media_type: Option<String>,
    manifests: Option<serde::de::IgnoredAny>,
}

/// The tag under which stands what refers to a manifest (distribution, *Referrers Tag Schema*).
fn fallback_tag(manifest: &Digest) -> String {
    manifest.to_string().replace(':', "-")
}
