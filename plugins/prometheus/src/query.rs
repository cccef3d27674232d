use holdpoint_sdk::{HttpRequest, Timestamp};

use crate::settings::{Check, Window};

/// How long Prometheus may work on a query: it then says so itself, before the host's patience ends.
const TIMEOUT: &str = "15s";

/// The request that evaluates a query at a time, or over the window up to it.
pub(crate) fn request(
    url: &str,
    check: &Check,
    window: Option<Window>,
    time: Timestamp,
) -> HttpRequest {
    let base = url.trim_end_matches('/');
    let query = encoded(&check.query);
    let when = match window {
        None => format!("/api/v1/query?query={query}&time={time}"),
        Some(window) => format!(
            "/api/v1/query_range?query={query}&start={}&end={time}&step={}",
            time.saturating_sub(window.over_seconds),
            window.step_seconds
        ),
    };
    HttpRequest {
        method: "GET".into(),
        url: format!("{base}{when}&timeout={TIMEOUT}"),
        headers: vec![holdpoint_sdk::Header {
            name: "accept".into(),
            value: "application/json".into(),
        }],
        body: Vec::new(),
    }
}

/// A text as a value in the query of a URL.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
