//! Holds releases to the times at which they are allowed.
//!
//! What a window can be, and what is done with every oddity of calendars and clocks, is in
//! `README.md`.

#![forbid(unsafe_code)]

mod calendar;
mod civil;
mod read;
mod rule;
mod schedule;
mod series;
mod settings;
mod windows_zones;
mod words;
mod zone;

#[cfg(test)]
mod tests;

use holdpoint_sdk::{Fault, Finding, Plugin, Policy, Release};

use schedule::{AHEAD_YEARS, Next, State};
pub use settings::{CalendarsAre, Daily, Settings, Weekly, WindowSetting};
use words::{moment, quoted};
use zone::{Instant, Zone};

/// The most windows that one message names.
const NAMED_MAX: usize = 5;

/// The plugin.
pub struct FreezeCalendar;

impl Plugin for FreezeCalendar {
    type Settings = Settings;
}

impl Policy for FreezeCalendar {
    fn check(release: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {
        let circumstances = &release.circumstances;
        let now = Instant(circumstances.time);
        if !zone::is_near(now) {
            return Err(Fault::settings(
                "the time of the release lies outside of the years 1700 to 2899",
            ));
        }
        let (schedule, zone) = settings
            .schedule(&circumstances.zone)
            .map_err(Fault::settings)?;
        let state = schedule.at(now).map_err(Fault::settings)?;
        Ok(finding(&state, now, &zone).into_iter().collect())
    }
}

fn finding(state: &State<'_>, now: Instant, zone: &Zone) -> Option<Finding> {
    match state {
        State::Open {
            has_windows_ahead: true,
        } => None,
        State::Open {
            has_windows_ahead: false,
        } => Some(Finding::new(
            "ended",
            format!(
                "No window lies within the next {AHEAD_YEARS} years: nothing is held any more."
            ),
        )),
        State::Closed {
            denied,
            is_outside,
            next,
        } => {
            let mut message = format!(
                "Releases are closed on {} ({}):",
                moment(now, zone),
                zone.name
            );
            for (window, window_zone, end) in denied.iter().take(NAMED_MAX) {
                message.push_str(&format!(" {}", quoted(&window.name)));
                if let Some(reason) = &window.reason {
                    message.push_str(&format!(" ({})", words::shortened(reason)));
                }
                message.push_str(&format!(" denies them until {}", moment(*end, window_zone)));
                if window_zone.name != zone.name {
                    message.push_str(&format!(" ({})", window_zone.name));
                }
                message.push(';');
            }
            if let Some(more) = denied.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
                message.push_str(&format!(" {more} more windows deny them;"));
            }
            if *is_outside {
                message.push_str(" no window allows them;");
            }
            message.pop();
            let (ahead, help) = ahead(*next, zone);
            message.push_str(&format!(". {ahead}"));
            Some(Finding::new("closed", message).help(help))
        }
    }
}

/// When releases open, as the end of a message and as what to do.
fn ahead(next: Next, zone: &Zone) -> (String, String) {
    let waiver = "have somebody answer for a waiver of this rule for the release";
    match next {
        Next::At(opening) => {
            let opening = format!("{} ({})", moment(opening, zone), zone.name);
            (
                format!("They open next on {opening}."),
                format!("Release on {opening} or after, or {waiver}."),
            )
        }
        Next::NotWithin => (
            format!("They do not open within the next {AHEAD_YEARS} years."),
            format!("Correct the windows, or {waiver}."),
        ),
        Next::NotUpTo(instant) => {
            let instant = format!("{} ({})", moment(instant, zone), zone.name);
            (
                format!(
                    "They do not open before {instant}; there are too many windows to look further."
                ),
                format!("Give fewer windows, or {waiver}."),
            )
        }
    }
}

holdpoint_sdk::export!(FreezeCalendar: policy);
