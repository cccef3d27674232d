use std::time::Instant;

#[holdpoint_sdk::settings]
pub struct Settings {
    pub since: Instant,
}
