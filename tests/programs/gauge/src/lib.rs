//! A verify plugin whose measurements a test can foresee, and a resource plugin that claims what
//! it is told to.

#![forbid(unsafe_code)]

use holdpoint_sdk::{
    ApprovalClaim, Demand, Fault, Health, LeaseClaim, Measurement, Plugin, Reading, Release,
    Requirement, Resource, Sharing, Verify, WindowClaim,
};

/// What to measure.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// The attempt from which on it is healthy; 0 for never.
    #[serde(default)]
    healthy_from: u32,
    /// What it is before that.
    #[serde(default)]
    before: Before,
    /// The key of the lease that it claims.
    #[serde(default)]
    lease: String,
    /// Whether it claims a window, which is always open.
    #[serde(default)]
    window: bool,
    /// The role whose approval it claims.
    #[serde(default)]
    approval: String,
}

/// What it is before it is healthy.
#[derive(Default)]
#[holdpoint_sdk::settings]
pub enum Before {
    /// Failing.
    #[default]
    Failing,
    /// Neither.
    Inconclusive,
    /// It cannot measure.
    Fault,
}

struct Gauge;

impl Plugin for Gauge {
    type Settings = Settings;
}

impl Verify for Gauge {
    fn measure(release: &Release, settings: &Settings, attempt: u32) -> Result<Reading, Fault> {
        let is_healthy = settings.healthy_from > 0 && attempt >= settings.healthy_from;
        let health = match (is_healthy, &settings.before) {
            (true, _) => Health::Healthy,
            (false, Before::Failing) => Health::Failing,
            (false, Before::Inconclusive) => Health::Inconclusive,
            (false, Before::Fault) => return Err(Fault::internal("the gauge is broken")),
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "times are whole numbers far below 2^53"
        )]
        let time = release.circumstances.time as f64;
        Ok(Reading {
            health,
            reason: format!("attempt {attempt}"),
            measures: vec![Measurement {
                name: "time".into(),
                value: Some(time),
                unit: "s".into(),
                bound: "none".into(),
            }],
        })
    }
}

impl Resource for Gauge {
    fn claim(_: &Release, settings: &Settings) -> Result<Vec<Requirement>, Fault> {
        let lease = (!settings.lease.is_empty()).then(|| {
            Demand::Lease(LeaseClaim {
                key: settings.lease.clone(),
                sharing: Sharing::Exclusive,
            })
        });
        let window = settings.window.then_some(Demand::Window(WindowClaim {
            start: None,
            end: None,
        }));
        let approval = (!settings.approval.is_empty()).then(|| {
            Demand::Approval(ApprovalClaim {
                principal: settings.approval.clone(),
                count: 1,
            })
        });
        let demands = [lease, window, approval].into_iter().flatten();
        Ok(demands
            .map(|demand| Requirement {
                demand,
                reason: "nobody else may deploy meanwhile".into(),
            })
            .collect())
    }
}

holdpoint_sdk::export!(Gauge: verify, resource);
