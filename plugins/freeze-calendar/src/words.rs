//! How moments, names and lists are written for people.

use crate::zone::{Instant, Zone};

/// The longest piece of a setting or a calendar that is repeated, in characters.
const SHOWN_CHARACTERS_MAX: usize = 80;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The start of a text that may be long, on one line.
pub(crate) fn shortened(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars().map(|character| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    });
    let mut short: String = characters.by_ref().take(SHOWN_CHARACTERS_MAX).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

pub(crate) fn quoted(name: &str) -> String {
    format!("“{}”", shortened(name))
}

/// An instant as the clocks of a zone show it: `Fri 2026-11-27T16:00:00+01:00`. What stands after
/// the weekday is RFC 3339.
pub(crate) fn moment(instant: Instant, zone: &Zone) -> String {
    let local = zone.local(instant);
    let (year, month, day) = local.day().civil();
    let second = local.second();
    let offset = zone.offset(instant);
    let sign = if offset < 0 { '-' } else { '+' };
    let ahead = offset.abs();
    let weekday = WEEKDAYS
        .get(usize::from(local.day().weekday()))
        .copied()
        .unwrap_or_default();
    format!(
        "{weekday} {year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60,
        ahead / 3600,
        ahead / 60 % 60,
    )
}
