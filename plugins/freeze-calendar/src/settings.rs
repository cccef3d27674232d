use crate::calendar;
use crate::civil::{DAY_SECONDS, Day, Local};
use crate::read;
use crate::rule::{Frequency, Rule, WeekdayOf};
use crate::schedule::{Schedule, Window};
use crate::series::{Exclusion, Series};
use crate::words::quoted;
use crate::zone::{Zone, Zones};

/// The most windows of the settings and events of the calendars together.
pub(crate) const WINDOWS_MAX: usize = 10_000;
/// The most days in `except` or `also` of one window.
pub(crate) const DAYS_MAX: usize = 1_000;

const WEEK_SECONDS: i64 = 7 * DAY_SECONDS;

/// What an operator can set. At least one window or calendar is needed.
#[holdpoint_sdk::settings]
#[derive(Default)]
#[serde(default)]
pub struct Settings {
    /// IANA time zone of windows and calendars that name none; without it the zone of a calendar
    /// (`X-WR-TIMEZONE`), else the zone of the pipeline.
    pub zone: Option<String>,
    /// While one of these is active, releases are closed.
    pub deny: Vec<WindowSetting>,
    /// Where there are any, releases are closed while none is active.
    pub allow: Vec<WindowSetting>,
    /// Texts of calendars (RFC 5545, `.ics`): every event is a window.
    pub calendars: Vec<String>,
    /// What the events of the calendars are.
    pub calendars_are: CalendarsAre,
}

/// What the events of calendars are.
#[holdpoint_sdk::settings]
#[derive(Copy, Default, PartialEq, Eq)]
pub enum CalendarsAre {
    /// Windows in which releases are closed.
    #[default]
    Deny,
    /// Windows outside of which releases are closed.
    Allow,
}

/// A window: `start` and `end`, or `first-day` and `last-day`, or `weekly`, or `daily`.
#[holdpoint_sdk::settings]
#[derive(Default)]
#[serde(default)]
pub struct WindowSetting {
    /// What it is called where it closes releases.
    #[schemars(required)]
    pub name: String,
    /// Why it is there.
    pub reason: Option<String>,
    /// Its IANA time zone.
    pub zone: Option<String>,
    /// The local time at which it begins, such as `2026-12-18T16:00`.
    pub start: Option<String>,
    /// The local time at which it ends, which it does not hold itself.
    pub end: Option<String>,
    /// The day with which it begins, such as `2026-12-19`.
    pub first_day: Option<String>,
    /// Its last day, which it holds to the end; without it `first-day`.
    pub last_day: Option<String>,
    /// Once a week, from a weekday and time to another.
    pub weekly: Option<Weekly>,
    /// On some days of the week, from one time to another.
    pub daily: Option<Daily>,
    /// How `start` and `end`, or `first-day` and `last-day`, recur: an RRULE of RFC 5545, such as
    /// `FREQ=YEARLY;BYMONTH=11;BYDAY=4TH`.
    pub rule: Option<String>,
    /// Days on which no occurrence begins after all.
    pub except: Vec<String>,
    /// Days on which another occurrence begins.
    pub also: Vec<String>,
}

/// Once a week: `from = "Fri 16:00"`, `to = "Mon 08:00"`.
#[holdpoint_sdk::settings]
pub struct Weekly {
    /// Weekday and local time at which it begins.
    pub from: String,
    /// Weekday and local time at which it ends.
    pub to: String,
}

/// On some days of the week: `days = ["Mon", "Tue"]`, `from = "09:00"`, `to = "17:00"`.
#[holdpoint_sdk::settings]
pub struct Daily {
    /// Weekdays on which it begins; every day without it.
    #[serde(default)]
    pub days: Vec<String>,
    /// Local time at which it begins.
    pub from: String,
    /// Local time at which it ends; on the next day when it is not after `from`. `24:00` is the
    /// end of the day.
    pub to: String,
}

impl Settings {
    /// The windows that these settings describe, and the zone in which moments are told.
    ///
    /// # Errors
    ///
    /// What does not make sense, in words.
    pub(crate) fn schedule(&self, circumstances_zone: &str) -> Result<(Schedule, Zone), String> {
        if self.deny.is_empty() && self.allow.is_empty() && self.calendars.is_empty() {
            return Err(
                "there is no window, so that nothing would be held: set `deny`, `allow` or `calendars`"
                    .to_owned(),
            );
        }
        let mut zones = Zones::default();
        let zone = match &self.zone {
            Some(zone) => zones
                .find(zone)
                .map_err(|error| format!("`zone`: {error}"))?,
            None => zones.find(circumstances_zone)?,
        };
        let mut schedule = Schedule::default();
        let mut budget = WINDOWS_MAX;
        schedule.deny = windows("deny", &self.deny, (&mut zones, &zone), &mut budget)?;
        if !self.allow.is_empty() {
            let allow = windows("allow", &self.allow, (&mut zones, &zone), &mut budget)?;
            schedule.allow = Some(allow);
        }
        for (number, text) in (1..).zip(&self.calendars) {
            let default_zone = self.zone.as_ref().map(|_| &zone);
            let windows = calendar::read(text, &mut zones, (default_zone, &zone), &mut budget)
                .map_err(|error| format!("calendar {number}: {error}"))?;
            match self.calendars_are {
                CalendarsAre::Deny => schedule.deny.extend(windows),
                // Calendars whose events are all cancelled allow nothing.
                CalendarsAre::Allow => schedule.allow.get_or_insert_default().extend(windows),
            }
        }
        if schedule.deny.is_empty() && schedule.allow.is_none() {
            return Err(
                "every event of the calendars is cancelled, so that nothing would be held"
                    .to_owned(),
            );
        }
        Ok((schedule, zone))
    }
}

/// Takes some of what is left of [`WINDOWS_MAX`].
pub(crate) fn take(budget: &mut usize, count: usize) -> Result<(), String> {
    *budget = budget
        .checked_sub(count)
        .ok_or_else(|| format!("there are more than {WINDOWS_MAX} windows and events"))?;
    Ok(())
}

fn windows(
    list: &str,
    settings: &[WindowSetting],
    (zones, default_zone): (&mut Zones, &Zone),
    budget: &mut usize,
) -> Result<Vec<Window>, String> {
    settings
        .iter()
        .zip(1..)
        .map(|(setting, number)| {
            if setting.name.trim().is_empty() {
                return Err(format!("window {number} of `{list}` has no `name`"));
            }
            let within = |error| format!("`{list}`, window {}: {error}", quoted(&setting.name));
            let zone = match &setting.zone {
                Some(zone) => zones.find(zone).map_err(within)?,
                None => default_zone.clone(),
            };
            let series = setting.series(&zone).map_err(within)?;
            take(budget, series.len())?;
            Ok(Window {
                name: setting.name.clone(),
                reason: setting.reason.clone(),
                series,
            })
        })
        .collect()
}

impl WindowSetting {
    fn series(&self, zone: &Zone) -> Result<Vec<Series>, String> {
        let is_timed = self.start.is_some() || self.end.is_some();
        let is_whole = self.first_day.is_some() || self.last_day.is_some();
        let forms = [
            is_timed,
            is_whole,
            self.weekly.is_some(),
            self.daily.is_some(),
        ];
        if forms.iter().filter(|is_there| **is_there).count() != 1 {
            return Err("a window has exactly one of `start` with `end`, `first-day` with `last-day`, `weekly`, and `daily`".to_owned());
        }
        let (start, length, rule) = if let Some(weekly) = &self.weekly {
            weekly.read()?
        } else if let Some(daily) = &self.daily {
            daily.read()?
        } else {
            let (start, length) = if is_timed {
                self.timed()?
            } else {
                self.whole()?
            };
            let rule = self
                .rule
                .as_deref()
                .map(|rule| Rule::read(rule).map_err(|error| format!("`rule`: {error}")))
                .transpose()?;
            (start, length, rule)
        };
        if self.rule.is_some() && !(is_timed || is_whole) {
            return Err("`rule` is for windows with `start` or `first-day`".to_owned());
        }
        let exclusions = days("except", &self.except)?;
        let also = days("also", &self.also)?;
        if rule.is_none() && !(exclusions.is_empty() && also.is_empty()) {
            return Err("`except` and `also` are for windows that recur".to_owned());
        }
        let series = Series {
            zone: zone.clone(),
            start,
            length,
            first_end: None,
            rule,
            exclusions: exclusions.into_iter().map(Exclusion::Day).collect(),
        };
        series.check()?;
        if !series.begins_in_rule() {
            return Err("the day on which it begins is not one that `rule` names".to_owned());
        }
        let mut all = vec![series];
        for day in also {
            let start = day.at(start.second());
            all.push(all[0].once(start));
        }
        Ok(all)
    }

    fn timed(&self) -> Result<(Local, i64), String> {
        let (Some(start), Some(end)) = (&self.start, &self.end) else {
            return Err("`start` and `end` belong together".to_owned());
        };
        let start = read::local(start).map_err(|error| format!("`start`: {error}"))?;
        let end = read::local(end).map_err(|error| format!("`end`: {error}"))?;
        if end <= start {
            return Err("`end` is not after `start`".to_owned());
        }
        Ok((start, end.0 - start.0))
    }

    fn whole(&self) -> Result<(Local, i64), String> {
        let Some(first) = &self.first_day else {
            return Err("`last-day` needs `first-day`".to_owned());
        };
        let first = read::day(first).map_err(|error| format!("`first-day`: {error}"))?;
        let last = match &self.last_day {
            Some(last) => read::day(last).map_err(|error| format!("`last-day`: {error}"))?,
            None => first,
        };
        if last < first {
            return Err("`last-day` is before `first-day`".to_owned());
        }
        let days = i64::from(last.0) - i64::from(first.0) + 1;
        Ok((first.at(0), days * DAY_SECONDS))
    }
}

fn days(key: &str, days: &[String]) -> Result<Vec<Day>, String> {
    if days.len() > DAYS_MAX {
        return Err(format!("`{key}` has more than {DAYS_MAX} days"));
    }
    days.iter()
        .map(|day| read::day(day).map_err(|error| format!("`{key}`: {error}")))
        .collect()
}

/// A Monday before every window that recurs by weekdays: such windows have no first occurrence that
/// anybody would name. The years before that are as far away as those of calendars can be.
fn first_monday() -> Day {
    let day = Day::of(*crate::civil::YEARS.start(), 1, 1);
    Day(day.0 + (7 - i32::from(day.weekday())) % 7)
}

impl Weekly {
    fn read(&self) -> Result<(Local, i64, Option<Rule>), String> {
        let from = weekday_and_time(&self.from).map_err(|error| format!("`from`: {error}"))?;
        let to = weekday_and_time(&self.to).map_err(|error| format!("`to`: {error}"))?;
        let length = (to - from).rem_euclid(WEEK_SECONDS);
        if length == 0 {
            return Err(
                "`from` and `to` are the same, which leaves nothing or everything".to_owned(),
            );
        }
        let start = Local(first_monday().at(0).0 + from);
        Ok((start, length, Some(Rule::every(Frequency::Weekly))))
    }
}

/// Seconds since the week began.
fn weekday_and_time(text: &str) -> Result<i64, String> {
    let Some((weekday, time)) = text.trim().split_once(' ') else {
        return Err(format!(
            "{} is not a weekday and a time such as `Fri 16:00`",
            quoted(text)
        ));
    };
    Ok(i64::from(read::weekday(weekday)?) * DAY_SECONDS + read::time(time)?)
}

impl Daily {
    fn read(&self) -> Result<(Local, i64, Option<Rule>), String> {
        let from = read::time(&self.from).map_err(|error| format!("`from`: {error}"))?;
        let to = read::time(&self.to).map_err(|error| format!("`to`: {error}"))?;
        if from == DAY_SECONDS {
            return Err("`from`: 24:00 is the end of a day: write 00:00".to_owned());
        }
        if from == to {
            return Err(
                "`from` and `to` are the same: a whole day is from 00:00 to 24:00".to_owned(),
            );
        }
        let length = if to > from {
            to - from
        } else {
            to + DAY_SECONDS - from
        };
        let mut weekdays = Vec::new();
        for day in &self.days {
            let weekday = read::weekday(day).map_err(|error| format!("`days`: {error}"))?;
            weekdays.push(WeekdayOf {
                ordinal: 0,
                weekday,
            });
        }
        let first = weekdays.iter().map(|day| day.weekday).min().unwrap_or(0);
        let start = Day(first_monday().0 + i32::from(first)).at(from);
        let rule = Rule {
            weekdays,
            ..Rule::every(Frequency::Daily)
        };
        Ok((start, length, Some(rule)))
    }
}
