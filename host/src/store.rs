//! Keeps what was worked out, so that it need not be worked out again.
//!
//! What is kept here can be lost at any time: a [`Cache`] never decides anything, and a run without
//! one comes to the same verdict, later.

mod cache;
mod folder;

pub use cache::{CACHE_BYTES_MAX, CACHE_ENTRIES_MAX, Cache, Place};
