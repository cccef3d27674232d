//! The house.
pub mod model;
pub mod pipeline;
pub mod plugin;
pub mod release;
pub mod sandbox;
pub mod cli;
pub mod report;
