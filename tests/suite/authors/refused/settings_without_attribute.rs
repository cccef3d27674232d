use holdpoint_sdk::{Fault, Finding, Plugin, Policy, Release};

pub struct Settings {
    pub prefixes: Vec<String>,
}

struct NoDrafts;

impl Plugin for NoDrafts {
    type Settings = Settings;
}

impl Policy for NoDrafts {
    fn check(_: &Release, _: &Settings) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }
}

holdpoint_sdk::export!(NoDrafts: policy);
