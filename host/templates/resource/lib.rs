//! One release at a time, and a manager for a large one.

#![forbid(unsafe_code)]

use holdpoint_sdk::{
    ApprovalClaim, Demand, Fault, LeaseClaim, Plugin, Release, Requirement, Resource, Sharing,
};

/// What an operator can set. These comments land in the schema.
#[holdpoint_sdk::settings]
#[serde(default)]
pub struct Settings {
    /// From so many commits on a manager has to approve.
    pub large: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { large: 50 }
    }
}

struct OneAtATime;

impl Plugin for OneAtATime {
    type Settings = Settings;
}

impl Resource for OneAtATime {
    fn claim(release: &Release, settings: &Settings) -> Result<Vec<Requirement>, Fault> {
        let target = release.subject.target.as_deref().unwrap_or("everywhere");
        let mut requirements = vec![Requirement {
            demand: Demand::Lease(LeaseClaim {
                key: format!("environment/{target}"),
                sharing: Sharing::Exclusive,
            }),
            reason: format!("one release at a time goes to {target}"),
        }];
        let commits = release.totals.commits;
        if commits >= settings.large {
            requirements.push(Requirement {
                demand: Demand::Approval(ApprovalClaim {
                    principal: "managers".to_owned(),
                    count: 1,
                }),
                reason: format!("it has {commits} commits"),
            });
        }
        Ok(requirements)
    }
}

holdpoint_sdk::export!(OneAtATime: resource);
