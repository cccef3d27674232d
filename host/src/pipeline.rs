//! The stages of a release: configuration, order, fold, waivers.

mod record;

pub use record::{
    ConfigurationRecord, JudgedFinding, Mode, OnFault, PluginRecord, RunRecord, SourceRecord,
    StageRecord, Trust, WaiverRecord,
};
