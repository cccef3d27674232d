//! What the host and its build script both need: the manifest of a plugin, encoding and stamping of
//! components, reading them without running a byte, and the engine's one configuration.

mod engine;
mod manifest;

pub use engine::{VIRTUAL_WASI, engine};
pub use manifest::{Capability, CapabilityRequest, Kind, Manifest, Rule, Severity};
