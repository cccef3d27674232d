use holdpoint_sdk::{Finding, NoSettings, Plugin, Policy, Release};

struct NoDrafts;

impl Plugin for NoDrafts {
    type Settings = NoSettings;
}

impl Policy for NoDrafts {
    fn check(_: &Release, _: &NoSettings) -> Vec<Finding> {
        Vec::new()
    }
}

holdpoint_sdk::export!(NoDrafts: policy);
