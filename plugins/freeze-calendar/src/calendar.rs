//! Calendars in the form of RFC 5545: every event is a window.

mod event;
mod line;

use crate::schedule::Window;
use crate::settings::take;
use crate::words::{quoted, shortened};
use crate::zone::{Zone, Zones};
use event::Event;
use line::Line;

/// The deepest that components may stand in each other: an alarm in an event in a calendar is 3.
pub(crate) const DEPTH_MAX: usize = 8;
/// The largest calendar, in bytes.
pub(crate) const BYTES_MAX: usize = 4 << 20;

/// Reads a calendar. Its own zone (`X-WR-TIMEZONE`) is for times without one, unless the settings
/// give a zone; `fallback` is for calendars without a zone.
///
/// # Errors
///
/// What cannot be understood, with its line. Nothing that decides when an event takes place is
/// passed over.
pub(crate) fn read(
    text: &str,
    zones: &mut Zones,
    (set, fallback): (Option<&Zone>, &Zone),
    budget: &mut usize,
) -> Result<Vec<Window>, String> {
    if text.len() > BYTES_MAX {
        return Err(format!(
            "it has {} bytes; at most {BYTES_MAX} are read: export the years that matter",
            text.len()
        ));
    }
    let (events, own_zone) = parse(text, budget)?;
    if events.is_empty() {
        return Err("it has no event, so that it would hold nothing".to_owned());
    }
    let zone = match (set, own_zone) {
        (Some(zone), _) => zone.clone(),
        (None, Some((number, name))) => zones
            .find(&name)
            .map_err(|error| format!("line {number}: X-WR-TIMEZONE: {error}"))?,
        (None, None) => fallback.clone(),
    };
    let mut read = Vec::new();
    for event in &events {
        let at = |error| {
            format!(
                "line {}, event {}: {error}",
                event.line,
                quoted(&event.name())
            )
        };
        read.push(event.read(zones, &zone).map_err(at)?);
    }
    event::windows(read, budget)
}

/// The events of a calendar, and the zone that it names for itself, with its line.
type Parsed = (Vec<Event>, Option<(usize, String)>);

fn parse(text: &str, budget: &mut usize) -> Result<Parsed, String> {
    let mut open: Vec<(usize, String)> = Vec::new();
    let mut events = Vec::new();
    let mut own_zone = None;
    let mut current: Option<Event> = None;
    for line in line::lines(text) {
        let line = line?;
        let number = line.number;
        let depth = open.len();
        match line.name.as_str() {
            "BEGIN" => {
                let name = line.value.trim().to_ascii_uppercase();
                let is_calendar = name == "VCALENDAR";
                if is_calendar != open.is_empty() {
                    return Err(format!(
                        "line {number}: BEGIN:{} stands in the wrong place",
                        shortened(&name)
                    ));
                }
                if depth >= DEPTH_MAX {
                    return Err(format!(
                        "line {number}: components stand more than {DEPTH_MAX} deep in each other"
                    ));
                }
                if name == "VEVENT" {
                    if depth != 1 {
                        return Err(format!(
                            "line {number}: an event stands in another component than a calendar"
                        ));
                    }
                    take(budget, 1)?;
                    current = Some(Event::new(number));
                }
                open.push((number, name));
            }
            "END" => {
                let name = line.value.trim().to_ascii_uppercase();
                match open.pop() {
                    Some((_, opened)) if opened == name => {}
                    _ => {
                        return Err(format!(
                            "line {number}: END:{} ends nothing that is open",
                            shortened(&name)
                        ));
                    }
                }
                if name == "VEVENT" {
                    events.extend(current.take());
                }
            }
            _ if depth == 0 => {
                return Err(format!(
                    "line {number}: {} stands outside of a calendar, which begins with BEGIN:VCALENDAR",
                    shortened(&line.name)
                ));
            }
            "X-WR-TIMEZONE" if depth == 1 => own_zone = Some((number, line.value)),
            // An event's own properties, not those of an alarm in it.
            _ if depth == 2 => {
                if let Some(event) = &mut current {
                    event.property(line)?;
                }
            }
            _ => {}
        }
    }
    match open.last() {
        None => Ok((events, own_zone)),
        Some((number, name)) => Err(format!(
            "line {number}: BEGIN:{} has no end: the file may be cut off",
            shortened(name)
        )),
    }
}

impl Line {
    /// A parameter; its name is in upper case.
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}
