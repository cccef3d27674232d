//! Reads a release: the subject from git, artifacts and evidence, and this sitting's circumstances.
//!
//! The checkout is not trusted. Its objects and refs are read; its configuration is not obeyed
//! (see [`Repository`]), and nothing of it runs.

pub mod bounds;
mod ci;
mod error;
mod next;
mod query;
mod repository;

pub use ci::continuous_integration;
pub use error::Error;
pub use next::{NextQuery, Proposal, Reason, next};
pub use query::{Collected, NamedFile, NarrowedBy, Narrowing, Query, TagPattern};
pub use repository::Repository;
