use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Text;

/// What is known about one sitting. Everything but the time is claimed by the environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Circumstances {
    /// The sitting's time, read once or given with `--at`.
    pub time: Timestamp,
    /// IANA name of the operator's time zone.
    pub zone: String,
    /// The CI system's claims; none outside a known one.
    pub ci: Option<ContinuousIntegration>,
    /// Whether the working tree differs from the judged commit; none where there is none.
    pub dirty: Option<bool>,
    /// Whether effects are shown and not carried out.
    pub dry_run: bool,
}

/// What a CI system claims in its environment variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContinuousIntegration {
    /// `github`, `gitlab`, `jenkins` or `buildkite`.
    pub system: String,
    /// Who started the job.
    pub initiator: Option<Text>,
    /// The commit that the job was started for.
    pub commit: Option<Text>,
    /// The branch or tag that the job was started for.
    pub reference: Option<Text>,
    /// The repository's name at the CI system.
    pub repository: Option<Text>,
    /// Identifier of the job.
    pub job: Option<Text>,
    /// Address of the job.
    pub url: Option<Text>,
}

impl Circumstances {
    /// Seconds that clocks in the operator's zone are ahead of UTC at the sitting's time; 0 for a
    /// zone that this machine does not know, which the configuration refuses.
    #[must_use]
    pub fn utc_offset_seconds(&self) -> i32 {
        jiff::tz::TimeZone::get(&self.zone).map_or(0, |zone| zone.to_offset(self.time).seconds())
    }
}
