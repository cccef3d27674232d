mod calendars;
mod compare;
mod generate;
mod refused;
mod told;

use holdpoint_sdk::{Fault, Finding, Policy as _, Release};

use crate::{FreezeCalendar, Settings};

/// What the plugin says of settings in JSON at an instant.
fn check_at(settings: &str, zone: &str, at: &str) -> Result<Vec<Finding>, Fault> {
    let settings: Settings = serde_json::from_str(settings).expect("the settings fit");
    let time: jiff::Timestamp = at.parse().expect("an instant");
    let release = Release::builder()
        .circumstances(|circumstances| {
            circumstances.time = time.as_second();
            circumstances.zone = zone.to_owned();
        })
        .build();
    FreezeCalendar::check(&release, &settings)
}

/// The message of the only finding; empty when there is none.
#[track_caller]
fn message_at(settings: &str, zone: &str, at: &str) -> String {
    let findings = check_at(settings, zone, at).expect("it can decide");
    assert!(findings.len() <= 1, "{findings:#?}");
    findings
        .into_iter()
        .next()
        .map(|finding| finding.message)
        .unwrap_or_default()
}
