//! Recurrence rules of RFC 5545, 3.3.10.

use crate::civil::{Day, Local};
use crate::read;
use crate::words::shortened;
use crate::zone::Instant;

/// The longest interval between periods: a rule that rests longer is a slip of the pen.
pub(crate) const INTERVAL_MAX: u32 = 10_000;
/// The most values of one part, such as `BYMONTHDAY`.
pub(crate) const VALUES_MAX: usize = 400;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
}

/// A value of `BYDAY`: every such weekday of a period, or the one that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WeekdayOf {
    /// Counted from the start, or from the end when negative; 0 for every one.
    pub(crate) ordinal: i32,
    /// Days since Monday.
    pub(crate) weekday: u8,
}

/// The last moment at which an occurrence may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// A day, to its end by the clock of the occurrence.
    Day(Day),
    /// A time by the clock of the occurrence.
    Local(Local),
    /// An instant.
    Instant(Instant),
}

/// A recurrence rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) frequency: Frequency,
    pub(crate) interval: u32,
    pub(crate) weekdays: Vec<WeekdayOf>,
    pub(crate) months: Vec<u8>,
    pub(crate) month_days: Vec<i32>,
    pub(crate) positions: Vec<i32>,
    pub(crate) count: Option<u32>,
    pub(crate) until: Option<Until>,
    /// Days since Monday of the day on which a week begins.
    pub(crate) week_start: u8,
}

impl Rule {
    /// A rule with nothing but a frequency.
    pub(crate) fn every(frequency: Frequency) -> Self {
        Self {
            frequency,
            interval: 1,
            weekdays: Vec::new(),
            months: Vec::new(),
            month_days: Vec::new(),
            positions: Vec::new(),
            count: None,
            until: None,
            week_start: 0,
        }
    }

    /// Reads a rule such as `FREQ=YEARLY;BYMONTH=11;BYDAY=4TH`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words. A part that is not understood is never left out.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut frequency = None;
        let mut rule = Self::every(Frequency::Daily);
        let mut seen: Vec<String> = Vec::new();
        for part in text.trim().trim_end_matches(';').split(';') {
            let Some((name, value)) = part.split_once('=') else {
                return Err(format!(
                    "a rule consists of parts such as `FREQ=WEEKLY`, and `{}` is none",
                    shortened(part)
                ));
            };
            let name = name.trim().to_ascii_uppercase();
            if seen.contains(&name) {
                return Err(format!("the part `{}` is there twice", shortened(&name)));
            }
            rule.part(&name, value.trim(), &mut frequency)?;
            seen.push(name);
        }
        let Some(frequency) = frequency else {
            return Err("the part `FREQ` is missing".to_owned());
        };
        rule.frequency = frequency;
        rule.check()?;
        Ok(rule)
    }

    fn part(
        &mut self,
        name: &str,
        value: &str,
        frequency: &mut Option<Frequency>,
    ) -> Result<(), String> {
        match name {
            "FREQ" => *frequency = Some(read_frequency(value)?),
            "INTERVAL" => {
                self.interval = read_number(name, value, 1..=i64::from(INTERVAL_MAX))?;
            }
            "COUNT" => self.count = Some(read_number(name, value, 1..=i64::from(u32::MAX))?),
            "UNTIL" => self.until = Some(read_until(value)?),
            "WKST" => self.week_start = read_weekday(value)?,
            "BYDAY" => self.weekdays = read_list(name, value, read_weekday_of)?,
            "BYMONTH" => {
                self.months =
                    read_list(name, value, |value| read_number("BYMONTH", value, 1..=12))?;
            }
            "BYMONTHDAY" => {
                self.month_days =
                    read_list(name, value, |value| read_counted("BYMONTHDAY", value, 31))?;
            }
            "BYSETPOS" => {
                self.positions =
                    read_list(name, value, |value| read_counted("BYSETPOS", value, 366))?;
            }
            "BYHOUR" | "BYMINUTE" | "BYSECOND" | "BYWEEKNO" | "BYYEARDAY" | "RSCALE" | "SKIP" => {
                return Err(format!(
                    "the part `{name}` is not supported: say it with BYMONTH, BYMONTHDAY and BYDAY"
                ));
            }
            _ => {
                return Err(format!(
                    "`{}` is not a part of a recurrence rule",
                    shortened(name)
                ));
            }
        }
        Ok(())
    }

    /// Holds the parts against each other.
    fn check(&self) -> Result<(), String> {
        if self.count.is_some() && self.until.is_some() {
            return Err("COUNT and UNTIL exclude each other".to_owned());
        }
        let has_ordinal = self.weekdays.iter().any(|day| day.ordinal != 0);
        let ordinal_max = match self.frequency {
            Frequency::Monthly => 5,
            Frequency::Yearly if !self.months.is_empty() => 5,
            Frequency::Yearly => 53,
            Frequency::Weekly | Frequency::Daily if has_ordinal => {
                return Err(
                    "a number before a weekday in BYDAY is only for FREQ=MONTHLY and FREQ=YEARLY"
                        .to_owned(),
                );
            }
            Frequency::Weekly | Frequency::Daily => 0,
        };
        if let Some(day) = self
            .weekdays
            .iter()
            .find(|day| day.ordinal.abs() > ordinal_max)
        {
            return Err(format!(
                "BYDAY counts to {}, and there are at most {ordinal_max} of a weekday there",
                day.ordinal
            ));
        }
        if self.frequency == Frequency::Weekly && !self.month_days.is_empty() {
            return Err("BYMONTHDAY is not for FREQ=WEEKLY: use FREQ=DAILY".to_owned());
        }
        let has_days =
            !self.weekdays.is_empty() || !self.months.is_empty() || !self.month_days.is_empty();
        if !self.positions.is_empty() && !has_days {
            return Err(
                "BYSETPOS picks among the days of BYDAY, BYMONTH or BYMONTHDAY, and none is there"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

fn read_frequency(value: &str) -> Result<Frequency, String> {
    match value.to_ascii_uppercase().as_str() {
        "YEARLY" => Ok(Frequency::Yearly),
        "MONTHLY" => Ok(Frequency::Monthly),
        "WEEKLY" => Ok(Frequency::Weekly),
        "DAILY" => Ok(Frequency::Daily),
        "HOURLY" | "MINUTELY" | "SECONDLY" => Err(format!(
            "FREQ={value} is not supported: the shortest period is a day, and a window within it is given by its times"
        )),
        _ => Err(format!(
            "FREQ is one of YEARLY, MONTHLY, WEEKLY and DAILY, not `{}`",
            shortened(value)
        )),
    }
}

fn read_list<T>(
    name: &str,
    value: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let values = value
        .split(',')
        .take(VALUES_MAX + 1)
        .map(|value| read(value.trim()))
        .collect::<Result<Vec<_>, _>>()?;
    if values.len() > VALUES_MAX {
        return Err(format!("{name} has more than {VALUES_MAX} values"));
    }
    Ok(values)
}

fn read_number<T: TryFrom<i64>>(
    name: &str,
    value: &str,
    range: std::ops::RangeInclusive<i64>,
) -> Result<T, String> {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    let is_number =
        (1..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then(|| value.parse::<i64>().ok())
        .flatten()
        .filter(|number| range.contains(number))
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| {
            format!(
                "{name} takes a number from {} to {}, not `{}`",
                range.start(),
                range.end(),
                shortened(value)
            )
        })
}

/// A number that counts from the start, or from the end when it is negative; never 0.
fn read_counted(name: &str, value: &str, max: i64) -> Result<i32, String> {
    match read_number(name, value, -max..=max)? {
        0 => Err(format!(
            "{name} counts from 1, or from -1 backwards, not from 0"
        )),
        number => Ok(number),
    }
}

fn read_weekday(value: &str) -> Result<u8, String> {
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
        .iter()
        .zip(0_u8..)
        .find(|(name, _)| name.eq_ignore_ascii_case(value))
        .map(|(_, number)| number)
        .ok_or_else(|| {
            format!(
                "a weekday is one of MO, TU, WE, TH, FR, SA and SU, not `{}`",
                shortened(value)
            )
        })
}

fn read_weekday_of(value: &str) -> Result<WeekdayOf, String> {
    let start = value
        .char_indices()
        .rev()
        .nth(1)
        .map_or(0, |(start, _)| start);
    let (number, name) = value.split_at(start);
    let weekday = read_weekday(name)?;
    let ordinal = if number.is_empty() {
        0
    } else {
        read_counted("BYDAY", number, 53)?
    };
    Ok(WeekdayOf { ordinal, weekday })
}

fn read_until(value: &str) -> Result<Until, String> {
    match read::compact(value)? {
        read::Compact::Day(day) => Ok(Until::Day(day)),
        read::Compact::Local(local) => Ok(Until::Local(local)),
        read::Compact::Instant(instant) => Ok(Until::Instant(instant)),
    }
}
