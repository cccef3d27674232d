//! What is generated from the WIT package, a module for each released version. A new version
//! converts to the model, never to another version.

pub(super) mod since_v0_1_0;
