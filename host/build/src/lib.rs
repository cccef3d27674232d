//! What the host and its build script both need: the manifest of a plugin, encoding and stamping of
//! components, reading them without running a byte, and the engine's one configuration.

mod build;
mod cargo;
mod describe;
mod engine;
mod inspect;
mod manifest;
mod plugin_toml;
mod schema;
mod script;
mod stamp;
mod structure;
mod validate;
mod world;

pub use build::{BuildError, BuildRequest, BuiltPlugin, build_plugin, components_folder};
pub use cargo::CargoError;
pub use describe::DescribeError;
pub use engine::{VIRTUAL_WASI, compatibility, engine, engine_for};
pub use inspect::{Import, Inspection, InterfaceNames, inspect};
pub use manifest::{Capability, CapabilityRequest, Kind, Manifest, Rule, Severity};
pub use plugin_toml::{Language, PluginToml, PluginTomlError, Target};
pub use schema::{
    PATTERN_BYTES_MAX, SCHEMA_BYTES_MAX, SCHEMA_DEPTH_MAX, SUBSCHEMAS_MAX, SchemaError,
    SettingsSchema,
};
pub use script::{ScriptError, ScriptLanguage};
pub use stamp::{
    API_VERSION, MANIFEST_BYTES_MAX, MANIFEST_SECTION, ReadError, oldest_api_version,
    read_manifest, stamp,
};
pub use structure::count_parts;
pub use validate::{
    AUTHORS_MAX, ManifestError, NAME_BYTES_MAX, Problem, RULES_MAX, TEXT_BYTES_MAX,
    check_plugin_name, nearest,
};
pub use world::{WIT_FILES, WorldError, check_world};
