//! Lines for the author of a plugin and for those who audit a run.
//!
//! Always there, and not named in `plugin.toml`. The host caps their number and their length, and
//! shows them with `-v`. In native tests they go to standard error.
//!
//! A panic becomes a line too, with its message and place, before it ends the call.

use crate::private::bindings::imports::holdpoint::plugin::log::Level;

/// For finding defects.
pub fn debug(line: impl AsRef<str>) {
    write(Level::Debug, line.as_ref());
}

/// Worth knowing.
pub fn info(line: impl AsRef<str>) {
    write(Level::Info, line.as_ref());
}

/// Worth a look.
pub fn warn(line: impl AsRef<str>) {
    write(Level::Warn, line.as_ref());
}

/// Something failed.
pub fn error(line: impl AsRef<str>) {
    write(Level::Error, line.as_ref());
}

#[cfg(target_family = "wasm")]
fn write(level: Level, line: &str) {
    crate::private::bindings::imports::holdpoint::plugin::log::write(level, line);
}

#[cfg(not(target_family = "wasm"))]
fn write(level: Level, line: &str) {
    let level = match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    eprintln!("{level}: {line}");
}
