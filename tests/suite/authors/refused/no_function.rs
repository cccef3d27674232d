use holdpoint_sdk::{NoSettings, Plugin, Policy};

struct NoDrafts;

impl Plugin for NoDrafts {
    type Settings = NoSettings;
}

impl Policy for NoDrafts {}

holdpoint_sdk::export!(NoDrafts: policy);
