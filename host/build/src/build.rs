use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wit_component::ComponentEncoder;

use crate::cargo::Package;
use crate::describe::settings_schema;
use crate::script::Script;
use crate::{
    CargoError, DescribeError, Language, Manifest, PluginToml, PluginTomlError, ReadError,
    SCHEMA_BYTES_MAX, ScriptError, ScriptLanguage, Target, WorldError, check_world, stamp,
};

/// What to build, and where.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// The folder with `plugin.toml` and `Cargo.toml`.
    pub folder: PathBuf,
    /// Where cargo puts what it compiles. It must not be one that a running cargo holds.
    pub target_folder: PathBuf,
    /// Whether cargo may not use the network.
    pub offline: bool,
}

/// Where build scripts compile components: a folder beside what the running cargo compiles, which
/// holds its own. Scripts of several packages and of several features share it, so that the SDK is
/// compiled once; `cargo clean` takes it away.
///
/// # Errors
///
/// When this is no build script, or `OUT_DIR` is not where cargo puts it, below `build/NAME/` of a
/// profile's folder.
pub fn components_folder() -> Result<PathBuf, String> {
    let out = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    Path::new(&out)
        .ancestors()
        .nth(3)
        .map(|profile| profile.join("components"))
        .ok_or_else(|| format!("{} is no folder of a build script", out.display()))
}

/// A plugin that was built: its component, with its manifest in it.
#[derive(Clone, Debug)]
pub struct BuiltPlugin {
    /// The component.
    pub component: Vec<u8>,
    /// What it says about itself.
    pub manifest: Manifest,
}

/// Why a plugin was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its `plugin.toml` is refused.
    #[error(transparent)]
    PluginToml(#[from] PluginTomlError),
    /// It does not compile.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// It does not become a component.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// Its settings schema could not be had from its code.
    #[error("the settings schema could not be read: the describing module {0}")]
    Describe(#[from] DescribeError),
    /// The file with its settings schema cannot be used.
    #[error("the settings schema {} cannot be used: {reason}", path.display())]
    SchemaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// What was compiled is not a plugin.
    #[error("what was compiled cannot be made a component: {reason}")]
    Encode {
        /// What the tools say.
        reason: String,
    },
    /// The component is not what `plugin.toml` says.
    #[error("the component {0}")]
    World(#[from] WorldError),
    /// The manifest cannot be added.
    #[error("the manifest cannot be added to the component")]
    Stamp(#[from] ReadError),
}

impl BuildError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::PluginToml(error) => error.help(),
            Self::Cargo(error) => error.help(),
            Self::Script(error) => error.help(),
            Self::Describe(_) => {
                "name the plugin's type in `holdpoint_sdk::export!`, or name a file with \
                 `settings = \"….schema.json\"` in plugin.toml"
                    .to_owned()
            }
            Self::SchemaFile { .. } => {
                "`settings` in plugin.toml names a file with a JSON Schema of draft 2020-12"
                    .to_owned()
            }
            Self::Encode { .. } => {
                "name the plugin's type and its kinds in `holdpoint_sdk::export!`".to_owned()
            }
            Self::World(error) => error.help(),
            Self::Stamp(error) => error.help().to_owned(),
        }
    }
}

/// Builds the plugin in a folder: compiles it, makes it a component, holds that against the world
/// that its `plugin.toml` makes, and adds the manifest.
///
/// The settings schema comes from the Rust type, so the plugin is compiled twice: as it is
/// shipped, and with an export that describes it, which is run under bounds and thrown away.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn build_plugin(request: &BuildRequest) -> Result<BuiltPlugin, BuildError> {
    let plugin_toml = PluginToml::read(&request.folder)?;
    match plugin_toml.language {
        Language::Rust => build_rust(request, plugin_toml),
        Language::JavaScript => build_script(request, plugin_toml, ScriptLanguage::JavaScript),
        Language::Python => build_script(request, plugin_toml, ScriptLanguage::Python),
    }
}

fn build_rust(request: &BuildRequest, plugin_toml: PluginToml) -> Result<BuiltPlugin, BuildError> {
    let target = plugin_toml.target.unwrap_or_default();
    let package = Package::find(&request.folder, &request.target_folder, request.offline)?;
    let given = plugin_toml.settings.as_ref();
    let given = given.map(|path| read_schema(&request.folder.join(path)));
    let given = given.transpose()?;
    let compiled = package.compile(target)?;
    let settings = match given {
        Some(settings) => settings,
        None => settings_schema(&package.compile_description()?)?,
    };
    let manifest = plugin_toml.into_manifest(&request.folder, settings)?;
    let component = match target {
        Target::Unknown => encode(&compiled)?,
        Target::WasiP2 => compiled,
    };
    check_world(&component, &manifest.kinds, &manifest.capabilities)?;
    let component = stamp(component, &manifest)?;
    Ok(BuiltPlugin {
        component,
        manifest,
    })
}

/// The same in a language whose toolchain makes the component.
fn build_script(
    request: &BuildRequest,
    plugin_toml: PluginToml,
    language: ScriptLanguage,
) -> Result<BuiltPlugin, BuildError> {
    // A type that could be asked what it takes is there in Rust only.
    let settings = match &plugin_toml.settings {
        Some(path) => read_schema(&request.folder.join(path))?,
        None => serde_json::json!({ "type": "object", "additionalProperties": false }),
    };
    let manifest = plugin_toml.into_manifest(&request.folder, settings)?;
    let capabilities: Vec<_> = manifest
        .capabilities
        .iter()
        .map(|request| request.capability)
        .collect();
    let script = Script {
        language,
        folder: &request.folder,
        target_folder: &request.target_folder,
        kinds: &manifest.kinds,
        capabilities: &capabilities,
    };
    let component = script.compile()?;
    check_world(&component, &manifest.kinds, &manifest.capabilities)?;
    let component = stamp(component, &manifest)?;
    Ok(BuiltPlugin {
        component,
        manifest,
    })
}

fn encode(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| BuildError::Encode {
            reason: format!("{error:#}"),
        })
}

fn read_schema(path: &Path) -> Result<Value, BuildError> {
    let refused = |reason: String| BuildError::SchemaFile {
        path: path.to_owned(),
        reason,
    };
    let bytes = fs::metadata(path)
        .map_err(|error| refused(error.to_string()))?
        .len();
    if bytes > SCHEMA_BYTES_MAX as u64 {
        return Err(refused(format!(
            "it has more than {SCHEMA_BYTES_MAX} bytes"
        )));
    }
    let text = fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| refused(error.to_string()))
}
