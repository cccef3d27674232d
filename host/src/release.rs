//! Reads a release: the subject from git, artifacts and evidence, and this sitting's circumstances.
//!
//! The checkout is not trusted. Its objects and refs are read; its configuration is not obeyed
//! (see [`Repository`]), and nothing of it runs.

pub mod bounds;
mod changes;
mod checkout;
mod ci;
mod collect;
mod commits;
mod content;
mod dirty;
mod discovery;
mod distrust;
mod earlier;
mod error;
mod evidence;
mod files;
mod handle;
mod jump;
mod lines;
mod message;
mod next;
mod owner_pattern;
mod owners;
mod query;
mod range;
mod recorded;
mod renames;
mod repository;
mod revision;
mod similarity;
mod tags;
mod tree;
mod unified;
mod written;

pub use checkout::{CheckedOut, is_file_name};
pub use ci::continuous_integration;
pub use collect::Start;
pub use earlier::{EarlierRelease, EarlierReleases};
pub use error::Error;
pub use evidence::EvidenceBytes;
pub use files::{copy_artifact, read_artifact};
pub use next::{NextQuery, Proposal, Reason, next};
pub use query::{Collected, Jump, NamedFile, NarrowedBy, Narrowing, Query, TagPattern};
pub use recorded::{Choice, PassedOver, Place, choose};
pub use repository::Repository;
pub use tree::{Files, Tree, TreeError};
pub use unified::{Difference, difference};
pub use written::{
    Short, WrittenArtifact, WrittenChange, WrittenCommit, WrittenEvidence, WrittenPast,
    WrittenRelease,
};
