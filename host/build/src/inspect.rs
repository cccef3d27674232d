use std::fmt;

use sha2::{Digest as _, Sha256};
use wasmparser::Payload;

use crate::stamp::{damaged, for_each_top_level};
use crate::{API_VERSION, Capability, Kind, Manifest, ReadError, VIRTUAL_WASI, read_manifest};

/// What can be known of a plugin without running a byte of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// What it says about itself.
    pub manifest: Manifest,
    /// The kinds that it exports, in the order of the contract.
    pub kinds: Vec<Kind>,
    /// What it exports beside kinds.
    pub other_exports: Vec<String>,
    /// What it imports, in the order of the component.
    pub imports: Vec<Import>,
    /// What it imports and exports, by the names in the component.
    pub names: InterfaceNames,
    /// SHA-256 of the component, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Size of the component in bytes.
    pub size: u64,
}

/// What a component imports and exports, by its own names, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterfaceNames {
    /// What it imports.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
}

/// One import of a component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Import {
    /// Something of the contract that has to be asked for; `log` need not be.
    Capability(Capability),
    /// The types of the contract, which give nothing.
    Model,
    /// An interface of WASI 0.2, which the host answers with nothing of this machine.
    VirtualWasi(String),
    /// Something that no host gives.
    Unknown(String),
}

impl Import {
    /// What the name of an import means.
    #[must_use]
    pub fn of(name: &str) -> Self {
        if let Some(interface) = contract_interface(name) {
            if interface == "model" {
                return Self::Model;
            }
            if let Some(capability) = Capability::ALL
                .into_iter()
                .find(|capability| capability.name() == interface)
            {
                return Self::Capability(capability);
            }
        }
        if is_virtual_wasi(name) {
            return Self::VirtualWasi(name.to_owned());
        }
        Self::Unknown(name.to_owned())
    }
}

impl fmt::Display for Import {
    /// The name of the import; one that came from the component is quoted where it has to be.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capability(capability) => write!(formatter, "holdpoint:plugin/{capability}"),
            Self::Model => formatter.write_str("holdpoint:plugin/model"),
            Self::VirtualWasi(name) | Self::Unknown(name) => {
                write!(formatter, "{}", name.escape_debug())
            }
        }
    }
}

/// What lies between `holdpoint:plugin/` and a version that this host speaks.
fn contract_interface(name: &str) -> Option<&str> {
    let (interface, version) = name.strip_prefix("holdpoint:plugin/")?.split_once('@')?;
    let version = semver::Version::parse(version).ok()?;
    (version <= API_VERSION && version >= crate::stamp::oldest_api_version()).then_some(interface)
}

/// An interface of WASI 0.2 that the host links.
fn is_virtual_wasi(name: &str) -> bool {
    name.split_once('@').is_some_and(|(interface, version)| {
        version.starts_with("0.2.") && VIRTUAL_WASI.contains(&interface)
    })
}

/// Reads a plugin without compiling or running it. The bytes need not be trusted.
///
/// # Errors
///
/// When the bytes are not a component with a manifest that this version can read.
pub fn inspect(component: &[u8]) -> Result<Inspection, ReadError> {
    let manifest = read_manifest(component)?;
    let surface = Surface::of(component)?;
    Ok(Inspection {
        manifest,
        kinds: surface.kinds,
        other_exports: surface.other_exports,
        imports: surface.imports,
        names: surface.names,
        sha256: hex(&Sha256::digest(component)),
        size: component.len() as u64,
    })
}

/// What a component imports and exports by name.
pub(crate) struct Surface {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) other_exports: Vec<String>,
    pub(crate) imports: Vec<Import>,
    pub(crate) names: InterfaceNames,
}

impl Surface {
    pub(crate) fn of(component: &[u8]) -> Result<Self, ReadError> {
        let mut surface = Self {
            kinds: Vec::new(),
            other_exports: Vec::new(),
            imports: Vec::new(),
            names: InterfaceNames::default(),
        };
        for_each_top_level(component, |payload| {
            match payload {
                Payload::ComponentImportSection(section) => {
                    for import in section {
                        let import = import.map_err(|error| damaged(component, &error))?;
                        surface.names.imports.push(import.name.name.to_owned());
                        surface.imports.push(Import::of(import.name.name));
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        let export = export.map_err(|error| damaged(component, &error))?;
                        surface.add_export(export.name.name);
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        surface.kinds.sort_unstable();
        Ok(surface)
    }

    fn add_export(&mut self, name: &str) {
        self.names.exports.push(name.to_owned());
        let kind = contract_interface(name)
            .and_then(|interface| Kind::ALL.into_iter().find(|kind| kind.name() == interface));
        match kind {
            Some(kind) => self.kinds.push(kind),
            None => self.other_exports.push(name.to_owned()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
