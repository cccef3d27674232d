use holdpoint_sdk::{Fault, Finding, NoSettings, Policy, Release};

struct NoDrafts;

impl Policy for NoDrafts {
    fn check(_: &Release, _: &NoSettings) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }
}

holdpoint_sdk::export!(NoDrafts: policy);
