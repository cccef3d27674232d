//! Tells a deployment service which version to run.

#![forbid(unsafe_code)]

use holdpoint_sdk::{Action, Content, Fault, PlannedRequest, Plugin, Release, Step};

/// What an operator can set. These comments land in the schema.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// Where the service has what runs, such as `https://deploy.example.com/services/payments`.
    pub url: String,
}

struct Deploy;

impl Plugin for Deploy {
    type Settings = Settings;
}

impl Action for Deploy {
    fn plan(release: &Release, settings: &Settings) -> Result<Vec<Step>, Fault> {
        let Some(version) = &release.subject.version else {
            return Err(Fault::missing("nothing says which version is released"));
        };
        let run = |version: &str| PlannedRequest {
            method: "PUT".to_owned(),
            url: format!("{}/version", settings.url),
            headers: Vec::new(),
            content: Content::Bytes(version.into()),
            success: vec![200, 204],
            idempotency_key: String::new(),
        };
        Ok(vec![Step {
            name: "run".to_owned(),
            title: format!("run {version}"),
            request: run(version),
            probe: None,
            undo: release.subject.previous.as_deref().map(run),
        }])
    }
}

holdpoint_sdk::export!(Deploy: action);
