use holdpoint_sdk::{Fault, Finding, NoSettings, Plugin, Policy, Release};

struct NoDrafts;

impl Plugin for NoDrafts {
    type Settings = NoSettings;
}

impl Policy for NoDrafts {
    fn check(_: &Release, _: &NoSettings) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }
}

holdpoint_sdk::export!(NoDrafts: policy, risk);
