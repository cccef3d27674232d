use std::fmt::Write as _;

use wit_parser::{Resolve, WorldId};

use crate::inspect::Surface;
use crate::{API_VERSION, Capability, CapabilityRequest, Import, Kind, ReadError};

/// The WIT package that plugins are written against: name and content of each file.
pub const WIT_FILES: [(&str, &str); 4] = [
    (
        "model.wit",
        include_str!("../../../wit/since-v0.1.0/model.wit"),
    ),
    (
        "capabilities.wit",
        include_str!("../../../wit/since-v0.1.0/capabilities.wit"),
    ),
    (
        "kinds.wit",
        include_str!("../../../wit/since-v0.1.0/kinds.wit"),
    ),
    (
        "worlds.wit",
        include_str!("../../../wit/since-v0.1.0/worlds.wit"),
    ),
];

/// Why a component is not what its author says.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// It imports a capability that it does not ask for.
    #[error("imports the capability `{capability}`, which plugin.toml does not ask for")]
    Undeclared {
        /// The capability.
        capability: Capability,
    },
    /// It imports something that no host gives.
    #[error("imports {name:?}, which no host gives")]
    UnknownImport {
        /// What it imports.
        name: String,
    },
    /// It does not export a kind that it says it is.
    #[error("says that it is of kind `{kind}`, and does not export it")]
    MissingKind {
        /// The kind.
        kind: Kind,
    },
    /// It exports a kind that it does not say it is.
    #[error("exports the kind `{kind}`, which plugin.toml does not name")]
    ExtraKind {
        /// The kind.
        kind: Kind,
    },
    /// It does not have the types of the contract.
    #[error("does not fit the world that is made from its kinds and capabilities: {reason}")]
    Mismatch {
        /// What the tools say.
        reason: String,
    },
    /// It cannot be read.
    #[error("cannot be read")]
    Read(#[from] ReadError),
}

impl WorldError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Undeclared { capability } => format!(
                "add `{capability} = \"…\"` with the reason to [capabilities] in plugin.toml"
            ),
            Self::UnknownImport { .. } => {
                "remove the dependency that imports it; what a plugin can be given is listed in \
                 wit/README.md"
                    .to_owned()
            }
            Self::MissingKind { kind } => format!(
                "name `{kind}` in `holdpoint_sdk::export!`, or remove it from `kinds` in plugin.toml"
            ),
            Self::ExtraKind { kind } => {
                format!("add \"{kind}\" to `kinds` in plugin.toml, or do not export it")
            }
            Self::Mismatch { .. } => {
                format!("build it against version {API_VERSION} of holdpoint:plugin")
            }
            Self::Read(error) => error.help().to_owned(),
        }
    }
}

/// Holds a component against the world that is made from its kinds and capabilities: it exports
/// exactly the kinds, and imports nothing but the capabilities, the log and virtual WASI.
///
/// # Errors
///
/// The first difference.
pub fn check_world(
    component: &[u8],
    kinds: &[Kind],
    capabilities: &[CapabilityRequest],
) -> Result<(), WorldError> {
    let surface = Surface::of(component)?;
    for import in &surface.imports {
        match import {
            Import::Capability(Capability::Log) | Import::Model | Import::VirtualWasi(_) => {}
            Import::Capability(capability) => {
                if !capabilities
                    .iter()
                    .any(|request| request.capability == *capability)
                {
                    return Err(WorldError::Undeclared {
                        capability: *capability,
                    });
                }
            }
            Import::Unknown(name) => {
                return Err(WorldError::UnknownImport { name: name.clone() });
            }
        }
    }
    if let Some(kind) = kinds.iter().find(|kind| !surface.kinds.contains(kind)) {
        return Err(WorldError::MissingKind { kind: *kind });
    }
    if let Some(kind) = surface.kinds.iter().find(|kind| !kinds.contains(kind)) {
        return Err(WorldError::ExtraKind { kind: *kind });
    }
    // WASI is not part of the contract, so types are compared only where nothing else is imported.
    if surface
        .imports
        .iter()
        .any(|import| matches!(import, Import::VirtualWasi(_)))
    {
        return Ok(());
    }
    let (resolve, world) = make_world(kinds, capabilities)?;
    wit_component::targets(&resolve, world, component).map_err(mismatch)
}

/// What the world of a plugin is called. It must not be what an interface, or a module of an author in
/// Python, is called.
pub(crate) const WORLD: &str = "made-component";

/// The WIT files of the world of a plugin, by their paths in a folder, as every tool reads them.
pub(crate) fn world_files(kinds: &[Kind], capabilities: &[Capability]) -> Vec<(String, String)> {
    let contract = WIT_FILES.iter().map(|(name, content)| {
        let path = format!("deps/holdpoint-plugin/{name}");
        (path, (*content).to_owned())
    });
    let world = ("world.wit".to_owned(), world_text(kinds, capabilities));
    contract.chain([world]).collect()
}

fn world_text(kinds: &[Kind], capabilities: &[Capability]) -> String {
    let mut world = format!("package holdpoint:made;\nworld {WORLD} {{\n");
    let requested = capabilities.iter().copied();
    for capability in requested
        .filter(|capability| *capability != Capability::Log)
        .chain([Capability::Log])
    {
        let _ = writeln!(
            world,
            "  import holdpoint:plugin/{capability}@{API_VERSION};"
        );
    }
    for kind in kinds {
        let _ = writeln!(world, "  export holdpoint:plugin/%{kind}@{API_VERSION};");
    }
    world.push_str("}\n");
    world
}

/// The world of one plugin.
fn make_world(
    kinds: &[Kind],
    capabilities: &[CapabilityRequest],
) -> Result<(Resolve, WorldId), WorldError> {
    let mut files = wit_parser::SourceMap::default();
    for (name, content) in WIT_FILES {
        files.push_str(name, content);
    }
    let requested: Vec<Capability> = capabilities
        .iter()
        .map(|request| request.capability)
        .collect();
    let world = world_text(kinds, &requested);

    let mut resolve = Resolve::default();
    let contract = files.parse().map_err(|(_, error)| mismatch(error))?;
    resolve.push_group(contract).map_err(mismatch)?;
    let package = resolve.push_source("made.wit", &world).map_err(mismatch)?;
    let id = resolve.select_world(&[package], None).map_err(mismatch)?;
    Ok((resolve, id))
}

fn mismatch(error: impl std::fmt::Display) -> WorldError {
    WorldError::Mismatch {
        reason: format!("{error:#}"),
    }
}
