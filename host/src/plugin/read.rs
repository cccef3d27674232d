#![expect(clippy::disallowed_methods, reason = "this room reads components")]

use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use holdpoint_build::{Manifest, nearest, read_manifest};

use super::{Error, Plugin, Source, embedded, embedded_names};
use crate::model::{Digest, Grants, Text};

/// The largest component, in bytes: three times what a plugin in JavaScript or Python takes.
pub const COMPONENT_BYTES_MAX: u64 = 64 << 20;

/// Reads a plugin: its bytes once, their digest, and the manifest in them. What cannot be used is
/// refused before anything is compiled.
///
/// # Errors
///
/// When it cannot be read, is too large, is not a component with one manifest of a version that
/// this host speaks.
pub fn read(source: &Source) -> Result<Plugin, Error> {
    let component = match source {
        Source::Embedded(name) => Cow::Borrowed(embedded_bytes(name)?),
        Source::Path(path) => Cow::Owned(read_bytes(path)?),
        Source::Registry(reference) => {
            return Err(Error::Fetched {
                reference: Text::from(reference.as_str()),
            });
        }
    };
    read_component(source.clone(), component)
}

/// The same of bytes that are here.
///
/// # Errors
///
/// When they are not a component with one manifest of a version that this host speaks.
pub fn read_component(source: Source, component: Cow<'static, [u8]>) -> Result<Plugin, Error> {
    let manifest = read_manifest(&component).map_err(|error| Error::NotAPlugin {
        plugin: match &source {
            Source::Embedded(name) | Source::Registry(name) => Text::from(name.as_str()),
            Source::Path(path) => shown(path),
        },
        source: error,
    })?;
    Ok(Plugin {
        source,
        digest: Digest::of(&component),
        component,
        manifest: Arc::new(manifest),
    })
}

/// Refuses a plugin that asks for a capability of which the operator grants nothing. `name` is what
/// the pipeline calls it.
///
/// # Errors
///
/// Names the first such capability.
pub fn check_grants(name: &str, manifest: &Manifest, grants: &Grants) -> Result<(), Error> {
    match manifest
        .capabilities
        .iter()
        .find(|request| !grants.allow(request.capability))
    {
        None => Ok(()),
        Some(request) => Err(Error::NotGranted {
            plugin: Text::from(name),
            capability: request.capability,
            reason: Text::from(request.reason.as_str()),
        }),
    }
}

/// Reads the bytes of a component, at most [`COMPONENT_BYTES_MAX`] of them.
///
/// # Errors
///
/// When it is not a file, cannot be read, or is too large, also when it grows while it is read.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read {
        path: shown(path),
        source,
    };
    // Asked before it is opened: opening a pipe would wait for its other end.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::NotAFile { path: shown(path) });
    }
    if metadata.len() > COMPONENT_BYTES_MAX {
        return Err(Error::TooLarge { path: shown(path) });
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(COMPONENT_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > COMPONENT_BYTES_MAX {
        return Err(Error::TooLarge { path: shown(path) });
    }
    Ok(bytes)
}

fn embedded_bytes(name: &str) -> Result<&'static [u8], Error> {
    embedded(name).ok_or_else(|| Error::UnknownName {
        name: Text::from(name),
        nearest: nearest(name, embedded_names()),
    })
}

fn shown(path: &Path) -> Text {
    Text::from_bytes(path.as_os_str().as_encoded_bytes())
}
