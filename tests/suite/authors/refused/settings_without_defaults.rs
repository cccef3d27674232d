#[holdpoint_sdk::settings]
#[serde(default)]
pub struct Settings {
    pub prefixes: Vec<String>,
}
