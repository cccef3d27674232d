//! What takes bytes from strangers, and what must hold whatever they are.
//!
//! `make fuzz` feeds each of these with bytes that libFuzzer makes; the suite feeds them with the
//! seeds and with what was once found.

pub mod bundle;
pub mod component;
pub mod grants;
pub mod manifest;
pub mod pipeline_file;
pub mod transcript;
