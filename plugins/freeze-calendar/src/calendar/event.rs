//! One event of a calendar.

use super::line::Line;
use crate::civil::{DAY_SECONDS, Day, Local};
use crate::read::{self, Compact};
use crate::rule::Rule;
use crate::schedule::Window;
use crate::series::{Exclusion, Series};
use crate::settings::take;
use crate::words::quoted;
use crate::zone::{Instant, Zone, Zones};

/// The most days and times in all `EXDATE` or all `RDATE` of one event.
pub(crate) const DATES_MAX: usize = 2_000;

/// The properties of an event that say when it takes place, each of which it has once at most.
const ONCE: [&str; 10] = [
    "DESCRIPTION",
    "DTEND",
    "DTSTART",
    "DURATION",
    "RECURRENCE-ID",
    "RRULE",
    "STATUS",
    "SUMMARY",
    "UID",
    // Replaced by EXDATE in 2009, and refused below.
    "EXRULE",
];

/// An event as it is written.
#[derive(Debug)]
pub(crate) struct Event {
    /// The line of its `BEGIN`.
    pub(crate) line: usize,
    once: Vec<Line>,
    excluded: Vec<Line>,
    added: Vec<Line>,
}

/// An event that is understood.
#[derive(Debug)]
pub(crate) struct ReadEvent {
    line: usize,
    uid: Option<String>,
    /// Which occurrence of the event with the same UID it stands for.
    replaces: Option<Exclusion>,
    is_cancelled: bool,
    window: Window,
}

/// A day or a time with its zone.
enum Moment {
    Day(Day),
    Time(Zone, Local),
}

impl Event {
    pub(crate) fn new(line: usize) -> Self {
        Self {
            line,
            once: Vec::new(),
            excluded: Vec::new(),
            added: Vec::new(),
        }
    }

    /// What it is called, for people.
    pub(crate) fn name(&self) -> String {
        ["SUMMARY", "UID"]
            .iter()
            .filter_map(|name| self.property_named(name))
            .map(|line| unescaped(&line.value))
            .find(|name| !name.trim().is_empty())
            .unwrap_or_else(|| "without a name".to_owned())
    }

    /// Takes a property in.
    pub(crate) fn property(&mut self, line: Line) -> Result<(), String> {
        match line.name.as_str() {
            "EXDATE" => self.excluded.push(line),
            "RDATE" => self.added.push(line),
            name if ONCE.contains(&name) => {
                if self.property_named(name).is_some() {
                    return Err(format!("line {}: the event has {name} twice", line.number));
                }
                self.once.push(line);
            }
            _ => {}
        }
        Ok(())
    }

    fn property_named(&self, name: &str) -> Option<&Line> {
        self.once.iter().find(|line| line.name == name)
    }

    /// Works out when it takes place.
    pub(crate) fn read(&self, zones: &mut Zones, zone: &Zone) -> Result<ReadEvent, String> {
        let is_cancelled = self
            .property_named("STATUS")
            .is_some_and(|status| status.value.trim().eq_ignore_ascii_case("CANCELLED"));
        let start_line = self.property_named("DTSTART").ok_or("it has no DTSTART")?;
        let start = moment(start_line, &start_line.value, zones, zone)?;
        let (series_zone, start, is_whole) = match start {
            Moment::Day(day) => (zone.clone(), day.at(0), true),
            Moment::Time(zone, local) => (zone, local, false),
        };
        let (length, first_end) = self.length(zones, zone, (&series_zone, start, is_whole))?;
        if self.property_named("EXRULE").is_some() {
            return Err("EXRULE is not supported: use EXDATE".to_owned());
        }
        let rule = self
            .property_named("RRULE")
            .map(|line| Rule::read(&line.value).map_err(|error| format!("RRULE: {error}")))
            .transpose()?;
        let exclusions = dates("EXDATE", &self.excluded, zones, zone)?
            .into_iter()
            .map(|date| exclusion(date, &series_zone))
            .collect();
        let series = Series {
            zone: series_zone,
            start,
            length,
            first_end,
            rule,
            exclusions,
        };
        series.check().map_err(|error| format!("RRULE: {error}"))?;
        let mut all = vec![series];
        for date in dates("RDATE", &self.added, zones, zone)? {
            let start = match date {
                Moment::Day(day) => day.at(start.second()),
                Moment::Time(other, local) => local_in(&all[0].zone, &other, local),
            };
            let once = all[0].once(start);
            all.push(once);
        }
        Ok(ReadEvent {
            line: self.line,
            uid: self
                .property_named("UID")
                .map(|line| line.value.trim().to_owned())
                .filter(|uid| !uid.is_empty()),
            replaces: self.replaces(zones, zone)?,
            is_cancelled,
            window: Window {
                name: self.name(),
                reason: self.reason(),
                series: all,
            },
        })
    }

    /// The first line of its description.
    fn reason(&self) -> Option<String> {
        let description = unescaped(&self.property_named("DESCRIPTION")?.value);
        description
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .map(str::to_owned)
    }

    /// How long it lasts by the clock, and when the first occurrence ends where that is an instant.
    fn length(
        &self,
        zones: &mut Zones,
        zone: &Zone,
        (series_zone, start, is_whole): (&Zone, Local, bool),
    ) -> Result<(i64, Option<Instant>), String> {
        let begin = series_zone.instant(start);
        let (length, first_end) = match (
            self.property_named("DTEND"),
            self.property_named("DURATION"),
        ) {
            (Some(_), Some(_)) => return Err("DTEND and DURATION exclude each other".to_owned()),
            (Some(line), None) => match moment(line, &line.value, zones, zone)? {
                Moment::Day(day) if is_whole => (day.at(0).0 - start.0, None),
                Moment::Time(other, local) if !is_whole && other.name == series_zone.name => {
                    (local.0 - start.0, None)
                }
                Moment::Time(other, local) if !is_whole => {
                    let end = other.instant(local);
                    (series_zone.local(end).0 - start.0, Some(end))
                }
                _ => return Err("one of DTSTART and DTEND is a day, the other a time".to_owned()),
            },
            (None, Some(line)) => {
                let (days, seconds) = read::length(line.value.trim())
                    .map_err(|error| format!("DURATION: {error}"))?;
                if is_whole && seconds != 0 {
                    return Err("DURATION of whole days has hours".to_owned());
                }
                // Days are counted by the clock, hours as they pass.
                let last_day = Local(start.0.saturating_add(days.saturating_mul(DAY_SECONDS)));
                if !crate::civil::YEARS.contains(&last_day.day().year()) {
                    return Err("DURATION is too long".to_owned());
                }
                let end = Instant(series_zone.instant(last_day).0.saturating_add(seconds));
                let length = series_zone.local(end).0 - start.0;
                (length, (seconds != 0).then_some(end))
            }
            (None, None) if is_whole => (DAY_SECONDS, None),
            (None, None) => {
                return Err(
                    "it has neither DTEND nor DURATION, so that it would hold nothing".to_owned(),
                );
            }
        };
        match first_end {
            // An overlap can put the end before the start by the clock.
            Some(end) if length <= 0 && end > begin => Ok((end.0 - begin.0, first_end)),
            _ if length <= 0 => {
                Err("it does not end after its start, so that it would hold nothing".to_owned())
            }
            _ => Ok((length, first_end)),
        }
    }

    fn replaces(&self, zones: &mut Zones, zone: &Zone) -> Result<Option<Exclusion>, String> {
        let Some(line) = self.property_named("RECURRENCE-ID") else {
            return Ok(None);
        };
        if line.parameter("RANGE").is_some() {
            return Err("RECURRENCE-ID with RANGE is not supported".to_owned());
        }
        // Held against another event, whose zone may be another one: by its instant.
        let replaced = match moment(line, &line.value, zones, zone)? {
            Moment::Day(day) => Exclusion::Day(day),
            Moment::Time(other, local) => Exclusion::Instant(other.instant(local)),
        };
        Ok(Some(replaced))
    }
}

/// The windows of events: an event that stands for one occurrence of another takes its place, and
/// what is cancelled does not take place.
pub(crate) fn windows(events: Vec<ReadEvent>, budget: &mut usize) -> Result<Vec<Window>, String> {
    let (replacing, mut masters): (Vec<ReadEvent>, Vec<ReadEvent>) = events
        .into_iter()
        .partition(|event| event.replaces.is_some());
    masters.sort_by(|left, right| left.uid.cmp(&right.uid));
    let same = masters
        .windows(2)
        .find(|pair| pair[0].uid.is_some() && pair[0].uid == pair[1].uid);
    if let Some([one, other]) = same {
        return Err(format!(
            "lines {} and {}: two events have the same UID, {}",
            one.line.min(other.line),
            one.line.max(other.line),
            quoted(one.uid.as_deref().unwrap_or_default())
        ));
    }
    for event in &replacing {
        let master = event.uid.as_ref().and_then(|uid| {
            let found = masters.binary_search_by(|master| master.uid.as_ref().cmp(&Some(uid)));
            masters.get_mut(found.ok()?)
        });
        if let (Some(master), Some(replaced)) = (master, event.replaces) {
            for series in &mut master.window.series {
                series.exclusions.push(replaced);
            }
        }
    }
    let mut windows = Vec::new();
    masters.sort_by_key(|event| event.line);
    for event in masters.into_iter().chain(replacing) {
        if !event.is_cancelled {
            // The first is counted when its BEGIN is read.
            take(budget, event.window.series.len().saturating_sub(1))?;
            windows.push(event.window);
        }
    }
    Ok(windows)
}

/// The values of all lines of one name.
fn dates(
    name: &str,
    lines: &[Line],
    zones: &mut Zones,
    zone: &Zone,
) -> Result<Vec<Moment>, String> {
    let mut dates = Vec::new();
    for line in lines {
        if line
            .parameter("VALUE")
            .is_some_and(|value| value.eq_ignore_ascii_case("PERIOD"))
        {
            return Err(format!("{name} with VALUE=PERIOD is not supported"));
        }
        for value in line.value.split(',') {
            if dates.len() >= DATES_MAX {
                return Err(format!("{name} has more than {DATES_MAX} values"));
            }
            dates.push(moment(line, value.trim(), zones, zone)?);
        }
    }
    Ok(dates)
}

/// A day, or a time in the zone of its `TZID`, in UTC, or in the zone of the calendar.
fn moment(line: &Line, value: &str, zones: &mut Zones, zone: &Zone) -> Result<Moment, String> {
    let within = |error| format!("{}: {error}", line.name);
    match (
        read::compact(value.trim()).map_err(within)?,
        line.parameter("TZID"),
    ) {
        (Compact::Day(day), _) => Ok(Moment::Day(day)),
        (Compact::Instant(instant), _) => {
            let utc = zones.find("UTC").map_err(within)?;
            Ok(Moment::Time(utc, Local(instant.0)))
        }
        (Compact::Local(local), None) => Ok(Moment::Time(zone.clone(), local)),
        (Compact::Local(local), Some(name)) => {
            Ok(Moment::Time(zones.find(name).map_err(within)?, local))
        }
    }
}

fn exclusion(date: Moment, series_zone: &Zone) -> Exclusion {
    match date {
        Moment::Day(day) => Exclusion::Day(day),
        Moment::Time(zone, local) if zone.name == series_zone.name => Exclusion::Local(local),
        Moment::Time(zone, local) => Exclusion::Instant(zone.instant(local)),
    }
}

/// A time of another zone by the clocks of a zone.
fn local_in(zone: &Zone, other: &Zone, local: Local) -> Local {
    if zone.name == other.name {
        local
    } else {
        zone.local(other.instant(local))
    }
}

/// A text value (RFC 5545, 3.3.11).
fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(escaped) => text.push(escaped),
                None => {}
            },
            _ => text.push(character),
        }
    }
    text
}
