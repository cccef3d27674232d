#[holdpoint_sdk::settings(default)]
pub struct Settings {
    pub prefixes: Vec<String>,
}

#[holdpoint_sdk::settings]
pub fn prefixes() {}
