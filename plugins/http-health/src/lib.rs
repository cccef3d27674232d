//! Measures whether what was deployed answers: see `README.md`.

#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

use holdpoint_sdk::{
    Fault, Health, HttpError, HttpRequest, HttpResponse, Measurement, Plugin, Reading, Release,
    Verify,
};

/// What stands for the version that is released.
const VERSION: &str = "{{version}}";

/// What an operator can set.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// What is asked.
    checks: Vec<Check>,
}

/// One address, and how it answers when it is well.
#[holdpoint_sdk::settings]
pub struct Check {
    /// What is asked, with GET.
    url: String,
    /// The statuses that are healthy.
    #[serde(default = "ok")]
    status: Vec<u16>,
    /// Text that the body has to have; `{{version}}` stands for the version that is released.
    contains: Option<String>,
}

fn ok() -> Vec<u16> {
    vec![200]
}

/// The plugin.
pub struct HttpHealth;

impl Plugin for HttpHealth {
    type Settings = Settings;
}

impl Verify for HttpHealth {
    fn measure(release: &Release, settings: &Settings, _: u32) -> Result<Reading, Fault> {
        if settings.checks.is_empty() {
            return Err(Fault::settings(
                "`checks` is empty, so that nothing would be measured",
            ));
        }
        let mut measures = Vec::new();
        let mut failures = Vec::new();
        for check in &settings.checks {
            let contains = check.contains(release.subject.version.as_deref())?;
            let request = HttpRequest {
                method: "GET".into(),
                url: check.url.clone(),
                headers: Vec::new(),
                body: Vec::new(),
            };
            let answer = match release.send(&request) {
                Ok(response) => Ok(response),
                Err(HttpError::Unreachable(words)) => Err(words),
                Err(HttpError::TimedOut) => Err("no answer in time".into()),
                Err(HttpError::NotGranted(words) | HttpError::Malformed(words)) => {
                    return Err(Fault::settings(format!("{}: {words}", check.url)));
                }
            };
            let statuses: Vec<String> = check.status.iter().map(ToString::to_string).collect();
            measures.push(Measurement {
                name: check.url.clone(),
                value: answer.as_ref().ok().map(|response| response.status.into()),
                unit: "status".into(),
                bound: statuses.join(" or "),
            });
            if let Some(why) = check.judge(answer.as_ref(), contains.as_deref()) {
                failures.push(format!("{}: {why}", check.url));
            }
        }
        Ok(Reading {
            health: if failures.is_empty() {
                Health::Healthy
            } else {
                Health::Failing
            },
            reason: if failures.is_empty() {
                "every address answers as it should".into()
            } else {
                failures.join("; ")
            },
            measures,
        })
    }
}

impl Check {
    /// The text that the body has to have.
    fn contains(&self, version: Option<&str>) -> Result<Option<String>, Fault> {
        match (&self.contains, version) {
            (Some(text), Some(version)) => Ok(Some(text.replace(VERSION, version))),
            (Some(text), None) if text.contains(VERSION) => Err(Fault::settings(format!(
                "`contains` names {VERSION}, and the release has no version"
            ))),
            (text, _) => Ok(text.clone()),
        }
    }

    /// Why an answer is not healthy; none when it is.
    fn judge(
        &self,
        answer: Result<&HttpResponse, &String>,
        contains: Option<&str>,
    ) -> Option<String> {
        let response = match answer {
            Ok(response) => response,
            Err(words) => return Some(words.clone()),
        };
        if !self.status.contains(&response.status) {
            return Some(format!("it answered with status {}", response.status));
        }
        let text = contains?;
        let is_there = response
            .body
            .windows(text.len().max(1))
            .any(|window| window == text.as_bytes());
        (!is_there && !text.is_empty()).then(|| format!("its answer does not have `{text}`"))
    }
}

holdpoint_sdk::export!(HttpHealth: verify);
