//! Whether what was deployed answers.

#![forbid(unsafe_code)]

use holdpoint_sdk::{
    Fault, Health, HttpRequest, Measurement, Plugin, Reading, Release, Verify,
};

/// What an operator can set. These comments land in the schema.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// What is asked, such as `https://payments.example.com/health`.
    pub url: String,
}

struct Answers;

impl Plugin for Answers {
    type Settings = Settings;
}

impl Verify for Answers {
    fn measure(release: &Release, settings: &Settings, _: u32) -> Result<Reading, Fault> {
        let response = release.send(&HttpRequest {
            method: "GET".to_owned(),
            url: settings.url.clone(),
            headers: Vec::new(),
            body: Vec::new(),
        });
        let status = response.ok().map(|response| response.status);
        let (health, reason) = match status {
            Some(200) => (Health::Healthy, "it answers".to_owned()),
            Some(status) => (Health::Failing, format!("it answers with {status}")),
            None => (Health::Failing, "it does not answer".to_owned()),
        };
        Ok(Reading {
            health,
            reason,
            measures: vec![Measurement {
                name: "status".to_owned(),
                value: status.map(f64::from),
                unit: "1".to_owned(),
                bound: "200".to_owned(),
            }],
        })
    }
}

holdpoint_sdk::export!(Answers: verify);
