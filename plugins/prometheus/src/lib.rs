//! Measures what was deployed by the metrics that Prometheus has of it: see `README.md`.

#![forbid(unsafe_code)]

mod answer;
mod judge;
mod query;
mod settings;
#[cfg(test)]
mod tests;
mod words;

use holdpoint_sdk::{
    Fault, HttpError, HttpRequest, HttpResponse, Plugin, Reading, Release, Timestamp, Verify, log,
};

use judge::Judged;
use settings::Window;
pub use settings::{Check, Reduce, Settings};
use words::{SAID_CHARACTERS_MAX, shortened};

/// Warnings that are logged in one call: the host ends a call that logs without an end.
const WARNINGS_MAX: usize = 100;

/// The plugin.
pub struct Prometheus;

impl Plugin for Prometheus {
    type Settings = Settings;
}

impl Verify for Prometheus {
    fn measure(release: &Release, settings: &Settings, _: u32) -> Result<Reading, Fault> {
        let mut asked = Asked {
            url: &settings.url,
            time: release.circumstances.time,
            send: |request: &HttpRequest| release.send(request),
            is_late: false,
            warnings: Vec::new(),
        };
        let mut results = Vec::new();
        for (check, window) in settings.checks()? {
            results.push((check, asked.measure(check, window)));
        }
        for warning in &asked.warnings {
            log::warn(warning);
        }
        judge::fold(results)
    }
}

/// A server that is asked one query after the other, all for the same time.
struct Asked<'a, S> {
    url: &'a str,
    time: Timestamp,
    send: S,
    /// Whether it left a query unanswered.
    is_late: bool,
    warnings: Vec<String>,
}

impl<S: Fn(&HttpRequest) -> Result<HttpResponse, HttpError>> Asked<'_, S> {
    fn measure(&mut self, check: &Check, window: Option<Window>) -> Result<Judged, Fault> {
        if self.is_late {
            // Each wait is as long as the first one, and the call would end before it could tell.
            return Err(Fault::unavailable(
                "not asked, because an earlier check had no answer in time",
            ));
        }
        let request = query::request(self.url, check, window, self.time);
        let response = (self.send)(&request).map_err(|error| match error {
            HttpError::NotGranted(words) | HttpError::Malformed(words) => Fault::settings(words),
            HttpError::Unreachable(words) => Fault::unavailable(words),
            HttpError::TimedOut => {
                self.is_late = true;
                Fault::unavailable("Prometheus did not answer in time")
            }
        })?;
        let answer = answer::read(&response, window.is_some())?;
        self.warnings.extend(
            answer
                .warnings
                .iter()
                .take(WARNINGS_MAX.saturating_sub(self.warnings.len()))
                .map(|words| {
                    let words = shortened(words, SAID_CHARACTERS_MAX);
                    format!("{}: {words}", check.name)
                }),
        );
        // What is evaluated in steps has its newest value less than a step before the end.
        #[expect(
            clippy::cast_precision_loss,
            reason = "times are whole numbers far below 2^53"
        )]
        let current_after = window.map_or(f64::NEG_INFINITY, |window| {
            self.time.saturating_sub(window.step_seconds) as f64
        });
        Ok(judge::judge(check, &answer.series, current_after))
    }
}

holdpoint_sdk::export!(Prometheus: verify);
