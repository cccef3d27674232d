use std::borrow::Cow;

use semver::Version;
use serde::Deserialize;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmparser::{Encoding, Parser, Payload};

use crate::{Manifest, ManifestError};

/// Version of the WIT package `holdpoint:plugin` that this host speaks.
pub const API_VERSION: Version = Version::new(0, 1, 0);
/// Name of the custom section that holds the manifest.
pub const MANIFEST_SECTION: &str = "holdpoint-manifest";
/// The largest manifest, in bytes of JSON.
pub const MANIFEST_BYTES_MAX: usize = 1 << 20;

/// Why there is no manifest to be had from some bytes.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes are not WebAssembly at all.
    #[error("not WebAssembly: it does not start with the four bytes `\\0asm`")]
    NotWasm,
    /// It is a core module.
    #[error("a core module, not a component")]
    CoreModule,
    /// The bytes end too early or are damaged.
    #[error("damaged or truncated at byte {offset} of {size}: {reason}")]
    Damaged {
        /// Where.
        offset: u64,
        /// How many bytes there are.
        size: usize,
        /// What was expected there.
        reason: String,
    },
    /// It has no manifest.
    #[error("a component without a `{MANIFEST_SECTION}` section")]
    NoManifest,
    /// It has more than one manifest.
    #[error("a component with more than one `{MANIFEST_SECTION}` section")]
    SeveralManifests,
    /// Its manifest is too large.
    #[error("the manifest has {bytes} bytes, at most {MANIFEST_BYTES_MAX} are allowed")]
    ManifestTooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Its manifest is not of the form of this version.
    #[error("the manifest cannot be read")]
    Malformed(#[source] serde_json::Error),
    /// It was built against a version that this host does not speak.
    #[error(
        "built against version {found} of holdpoint:plugin; this host speaks {} to {API_VERSION}",
        oldest_api_version()
    )]
    UnsupportedApi {
        /// The version that it was built against.
        found: Version,
    },
    /// Its manifest breaks a rule.
    #[error("the manifest is not valid")]
    Invalid(#[from] ManifestError),
}

impl ReadError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotWasm => {
                "check that this is the file that `holdpoint plugin build` has written"
            }
            Self::CoreModule => {
                "`holdpoint plugin build` makes a component of a core module and adds its manifest"
            }
            Self::Damaged { .. } => "fetch or build the file again",
            Self::NoManifest => {
                "build it with `holdpoint plugin build`; tools that strip custom sections also \
                 remove the manifest"
            }
            Self::UnsupportedApi { found } if *found > API_VERSION => {
                "use a newer Holdpoint, or a version of the plugin for this one"
            }
            Self::UnsupportedApi { .. } => "use a newer version of the plugin",
            Self::SeveralManifests
            | Self::ManifestTooLarge { .. }
            | Self::Malformed(_)
            | Self::Invalid(_) => "ask its author for one built with `holdpoint plugin build`",
        }
    }
}

/// The oldest version of the WIT package whose plugins this host can run. Below 1.0.0 a new minor
/// version may change everything, so only the patch may differ.
#[must_use]
pub fn oldest_api_version() -> Version {
    match API_VERSION.major {
        0 => Version::new(0, API_VERSION.minor, 0),
        major => Version::new(major, 0, 0),
    }
}

/// Adds a manifest to a component, as a custom section at its end.
///
/// # Errors
///
/// When the manifest breaks a rule or is too large, or the bytes already have one or are not a
/// component.
pub fn stamp(mut component: Vec<u8>, manifest: &Manifest) -> Result<Vec<u8>, ReadError> {
    manifest.validate()?;
    match manifest_section(&component) {
        Err(ReadError::NoManifest) => {}
        Ok(_) => return Err(ReadError::SeveralManifests),
        Err(error) => return Err(error),
    }
    let json = serde_json::to_vec(manifest).map_err(ReadError::Malformed)?;
    if json.len() > MANIFEST_BYTES_MAX {
        return Err(ReadError::ManifestTooLarge { bytes: json.len() });
    }
    CustomSection {
        name: Cow::Borrowed(MANIFEST_SECTION),
        data: Cow::Owned(json),
    }
    .append_to_component(&mut component);
    Ok(component)
}

/// Reads the manifest of a component. Nothing of the component is compiled or run, and the bytes
/// need not be trusted.
///
/// # Errors
///
/// When the bytes are not a component with exactly one manifest that this version can read.
pub fn read_manifest(component: &[u8]) -> Result<Manifest, ReadError> {
    #[derive(Deserialize)]
    struct Api {
        api: Version,
    }

    let json = manifest_section(component)?;
    // The version comes first: a newer one may have keys that are not known here.
    let Api { api } = serde_json::from_slice(json).map_err(ReadError::Malformed)?;
    if api > API_VERSION || api < oldest_api_version() {
        return Err(ReadError::UnsupportedApi { found: api });
    }
    let manifest: Manifest = serde_json::from_slice(json).map_err(ReadError::Malformed)?;
    manifest.validate()?;
    Ok(manifest)
}

fn manifest_section(component: &[u8]) -> Result<&[u8], ReadError> {
    let mut found = None;
    for_each_top_level(component, |payload| {
        if let Payload::CustomSection(section) = payload
            && section.name() == MANIFEST_SECTION
            && found.replace(section.data()).is_some()
        {
            return Err(ReadError::SeveralManifests);
        }
        Ok(())
    })?;
    let json = found.ok_or(ReadError::NoManifest)?;
    if json.len() > MANIFEST_BYTES_MAX {
        return Err(ReadError::ManifestTooLarge { bytes: json.len() });
    }
    Ok(json)
}

/// Hands over what lies at the top level of a component. What is nested in it is walked past.
pub(crate) fn for_each_top_level<'a>(
    component: &'a [u8],
    mut each: impl FnMut(Payload<'a>) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    if !component.starts_with(b"\0asm") {
        return Err(ReadError::NotWasm);
    }
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(|error| damaged(component, &error))?;
        match &payload {
            Payload::Version { encoding, .. } if depth == 0 && *encoding == Encoding::Module => {
                return Err(ReadError::CoreModule);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ if depth == 0 => each(payload)?,
            _ => {}
        }
    }
    Ok(())
}

pub(crate) fn damaged(component: &[u8], error: &wasmparser::BinaryReaderError) -> ReadError {
    ReadError::Damaged {
        offset: error.offset() as u64,
        size: component.len(),
        reason: error.message().to_owned(),
    }
}
