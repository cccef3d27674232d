//! Reads a release: the subject from git, artifacts and evidence, and this sitting's circumstances.

mod collect;

pub use collect::{Collected, Error, NamedFile, Narrowing, Query, Repository, TagPattern};
