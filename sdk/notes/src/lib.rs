//! The notes of a release: breaking changes first, then what the commits do, by type and scope. Text
//! of strangers cannot do anything in them. `release-notes` writes them into a file, and
//! `github-release` publishes them.

#![forbid(unsafe_code)]

mod notes;
mod settings;

pub use notes::write;
pub use settings::{Section, Settings};
