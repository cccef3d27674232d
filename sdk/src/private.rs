//! What the macros of this crate expand to. Not for authors, and free to change.

pub mod bindings;
mod describe;
mod guest;

pub use describe::describe;
pub use guest::Exported;
pub use schemars;
pub use serde;
