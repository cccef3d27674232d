//! Days and times as people and calendars write them.

use crate::civil::{DAY_SECONDS, Day, Local, YEARS};
use crate::words::shortened;
use crate::zone::Instant;

/// A value of a calendar: `20261224`, `20261224T180000`, `20261224T180000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compact {
    Day(Day),
    Local(Local),
    Instant(Instant),
}

/// A day: `2026-12-24`.
pub(crate) fn day(text: &str) -> Result<Day, String> {
    day_of(text.trim())
        .ok_or_else(|| format!("`{}` is not a day such as `2026-12-24`", shortened(text)))
}

/// A local time: `2026-12-24T18:00`, with seconds or without.
pub(crate) fn local(text: &str) -> Result<Local, String> {
    let trimmed = text.trim();
    let read = || {
        let (date, time) = trimmed.split_once(['T', 't', ' '])?;
        let second = second_of(time).filter(|second| *second < DAY_SECONDS)?;
        Some(day_of(date)?.at(second))
    };
    read().ok_or_else(|| {
        let hint = if trimmed.len() == 10 {
            "; whole days are given with `first-day` and `last-day`"
        } else {
            ": it has no offset, which follows from the zone of the window"
        };
        format!(
            "`{}` is not a local time such as `2026-12-24T18:00`{hint}",
            shortened(text)
        )
    })
}

/// A time of the day in seconds: `16:00`, with seconds or without. `24:00` is the end of the day.
pub(crate) fn time(text: &str) -> Result<i64, String> {
    second_of(text.trim()).ok_or_else(|| {
        format!(
            "`{}` is not a time of the day such as `16:00`",
            shortened(text)
        )
    })
}

/// A weekday, days since Monday: `Fri` or `Friday`.
pub(crate) fn weekday(text: &str) -> Result<u8, String> {
    let name = text.trim().to_ascii_lowercase();
    [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ]
    .iter()
    .zip(0_u8..)
    .find(|(whole, _)| **whole == name || whole.get(..3) == Some(name.as_str()))
    .map(|(_, number)| number)
    .ok_or_else(|| {
        format!(
            "`{}` is not a weekday: write Mon, Tue, Wed, Thu, Fri, Sat or Sun",
            shortened(text)
        )
    })
}

/// A day or a time of a calendar.
pub(crate) fn compact(text: &str) -> Result<Compact, String> {
    let read = || {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let [year, month, day] = digits(date, [4, 2, 2])?;
        let day = civil(year, month, day)?;
        let Some(time) = time else {
            return Some(Compact::Day(day));
        };
        let (time, is_utc) = match time.strip_suffix('Z') {
            Some(time) => (time, true),
            None => (time, false),
        };
        let [hour, minute, second] = digits(time, [2, 2, 2])?;
        // A leap second is the one before it: no zone's clock shows it.
        let local = day.at(clock(hour, minute, second.min(59)).filter(|_| second <= 60)?);
        (local.second() < DAY_SECONDS).then_some(if is_utc {
            Compact::Instant(Instant(local.0))
        } else {
            Compact::Local(local)
        })
    };
    read().ok_or_else(|| {
        format!(
            "`{}` is not a day such as `20261224` or a time such as `20261224T180000` in the years {} to {}",
            shortened(text),
            YEARS.start(),
            YEARS.end()
        )
    })
}

/// A length of RFC 5545, 3.3.6: whole days, and seconds beside them.
pub(crate) fn length(text: &str) -> Result<(i64, i64), String> {
    let read = || {
        let text = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
        let (date, time) = match text.split_once('T') {
            Some((date, time)) if !time.is_empty() => (date, time),
            Some(_) => return None,
            None => (text, ""),
        };
        let mut is_empty = true;
        let mut sum = |text: &str, units: &[(char, i64)]| {
            let mut rest = text;
            let mut units = units.iter();
            let mut total = 0_i64;
            while !rest.is_empty() {
                let end = rest.find(|character: char| !character.is_ascii_digit())?;
                let number: i64 = rest.get(..end)?.parse().ok().filter(|_| end <= 9)?;
                let unit = rest.get(end..)?.chars().next()?;
                let (_, seconds) = units.find(|(name, _)| *name == unit)?;
                total += number * seconds;
                rest = rest.get(end + 1..)?;
                is_empty = false;
            }
            Some(total)
        };
        let days = sum(date, &[('W', 7), ('D', 1)])?;
        let seconds = sum(time, &[('H', 3600), ('M', 60), ('S', 1)])?;
        (!is_empty).then_some((days, seconds))
    };
    read().ok_or_else(|| {
        format!(
            "`{}` is not a length such as `PT8H` or `P2D`",
            shortened(text)
        )
    })
}

fn day_of(text: &str) -> Option<Day> {
    let mut parts = text.split('-');
    let [year] = digits(parts.next()?, [4])?;
    let [month] = digits(parts.next()?, [2])?;
    let [day] = digits(parts.next()?, [2])?;
    parts.next().is_none().then(|| civil(year, month, day))?
}

fn second_of(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let [hour] = digits(parts.next()?, [2])?;
    let [minute] = digits(parts.next()?, [2])?;
    let second = match parts.next() {
        Some(second) => digits(second, [2])?[0],
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    if (hour, minute, second) == (24, 0, 0) {
        return Some(DAY_SECONDS);
    }
    clock(hour, minute, second)
}

fn clock(hour: u32, minute: u32, second: u32) -> Option<i64> {
    (hour < 24 && minute < 60 && second < 60).then(|| i64::from(hour * 3600 + minute * 60 + second))
}

fn civil(year: u32, month: u32, day: u32) -> Option<Day> {
    Day::new(
        i32::try_from(year).ok()?,
        u8::try_from(month).ok()?,
        u8::try_from(day).ok()?,
    )
}

/// Numbers of so many digits each, one after the other and nothing else.
fn digits<const N: usize>(text: &str, lengths: [usize; N]) -> Option<[u32; N]> {
    if text.len() != lengths.iter().sum::<usize>()
        || !text.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let mut rest = text;
    let mut numbers = [0; N];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let (digits, tail) = rest.split_at(length);
        *number = digits.parse().ok()?;
        rest = tail;
    }
    Some(numbers)
}
