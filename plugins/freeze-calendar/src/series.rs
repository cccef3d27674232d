//! When the occurrences of a window are: RFC 5545, 3.3.10 and 3.8.5, on local times.

use crate::civil::{Day, Local, length_of_month};
use crate::rule::{Frequency, Rule, Until, WeekdayOf};
use crate::zone::{Instant, Zone};

/// The longest occurrence of a window that recurs, in days.
pub(crate) const LENGTH_DAYS_MAX: i64 = 366;
/// The most periods that a rule with `COUNT` may have to be counted through.
pub(crate) const PERIODS_MAX: i64 = 100_000;
/// A rule without an occurrence in so many years from its start never has one: the Gregorian
/// calendar makes the rarest day, a 29 February on a given weekday, wait for 40 years.
pub(crate) const SILENT_YEARS_MAX: i32 = 100;

/// A window's occurrences: one, or as many as its rule says.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) zone: Zone,
    /// When the first occurrence begins.
    pub(crate) start: Local,
    /// From its start to its end as the clock shows them, in seconds; more than 0.
    pub(crate) length: i64,
    /// When the first occurrence ends, where that is an instant rather than a local time.
    pub(crate) first_end: Option<Instant>,
    pub(crate) rule: Option<Rule>,
    /// Occurrences that do not take place.
    pub(crate) exclusions: Vec<Exclusion>,
}

/// Which occurrences do not take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exclusion {
    /// Those that begin on a day.
    Day(Day),
    /// The one that begins at a local time in the zone of the window.
    Local(Local),
    /// The one that begins at an instant.
    Instant(Instant),
}

impl Series {
    /// Refuses a rule that cannot mean what it says.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Some(rule) = &self.rule else {
            return Ok(());
        };
        if self.length > LENGTH_DAYS_MAX * crate::civil::DAY_SECONDS {
            return Err(format!(
                "a window that recurs lasts at most {LENGTH_DAYS_MAX} days"
            ));
        }
        if self.is_past_until(rule, self.start) {
            return Err("the rule ends (UNTIL) before the window begins".to_owned());
        }
        let last_day = self.start.day().0.saturating_add(SILENT_YEARS_MAX * 366);
        // A period is a day at least.
        let fires = (0..=i64::from(SILENT_YEARS_MAX) * 366)
            .take_while(|period| {
                first_day(rule, self.start.day(), *period).0 <= i64::from(last_day)
            })
            .any(|period| {
                days_of(rule, self.start.day(), period)
                    .iter()
                    .any(|day| *day >= self.start.day())
            });
        if fires {
            Ok(())
        } else {
            Err(format!(
                "no day fits the rule within {SILENT_YEARS_MAX} years of its start"
            ))
        }
    }

    /// One more occurrence, with the same exclusions.
    pub(crate) fn once(&self, start: Local) -> Self {
        Self {
            start,
            first_end: None,
            rule: None,
            ..self.clone()
        }
    }

    /// Whether the day on which the window begins is one of its rule.
    pub(crate) fn begins_in_rule(&self) -> bool {
        self.rule
            .as_ref()
            .is_none_or(|rule| days_of(rule, self.start.day(), 0).contains(&self.start.day()))
    }

    /// The occurrences that end after `from` and begin before `to`, in the order of their starts;
    /// some that end before may come first.
    ///
    /// # Errors
    ///
    /// When they would have to be counted from too far away.
    pub(crate) fn occurrences(
        &self,
        from: Instant,
        to: Instant,
    ) -> Result<Occurrences<'_>, String> {
        // Two days beside the length: one for the offset, one for a zone that skips a day.
        let slack = 2 * crate::civil::DAY_SECONDS;
        let earliest = Local(self.zone.local(from).0 - self.length - slack);
        let last_day = Local(self.zone.local(to).0 + slack).day();
        let mut period = 0;
        if let Some(rule) = &self.rule {
            let start = self.start.day();
            if rule.count.is_none() {
                period = period_of(rule, start, earliest.day()).max(0);
            } else if period_of(rule, start, last_day) > PERIODS_MAX {
                return Err(format!(
                    "COUNT would have to be counted through more than {PERIODS_MAX} periods: give the rule an UNTIL instead, or a later start"
                ));
            }
        }
        Ok(Occurrences {
            series: self,
            earliest,
            to,
            last_day,
            period,
            ready: Vec::new(),
            counted: 0,
            is_over: false,
        })
    }

    /// The occurrence that begins at a local time.
    fn occurrence(&self, start: Local) -> (Instant, Instant) {
        let begin = self.zone.instant(start);
        let end = match self.first_end {
            Some(end) if start == self.start => end,
            _ => self.zone.instant(Local(start.0 + self.length)),
        };
        if end > begin {
            (begin, end)
        } else {
            // The start lies in a gap and is moved past the end. Both take the offset before the
            // gap, so that the occurrence keeps its length.
            (begin, Instant(begin.0 + self.length))
        }
    }

    fn is_past_until(&self, rule: &Rule, start: Local) -> bool {
        match rule.until {
            None => false,
            Some(Until::Day(day)) => start.day() > day,
            Some(Until::Local(until)) => start > until,
            Some(Until::Instant(until)) => self.zone.instant(start) > until,
        }
    }

    fn is_excluded(&self, start: Local) -> bool {
        self.exclusions.iter().any(|exclusion| match exclusion {
            Exclusion::Day(day) => start.day() == *day,
            Exclusion::Local(local) => start == *local,
            Exclusion::Instant(instant) => self.zone.instant(start) == *instant,
        })
    }
}

/// The occurrences of a [`Series`].
#[derive(Debug)]
pub(crate) struct Occurrences<'a> {
    series: &'a Series,
    earliest: Local,
    to: Instant,
    last_day: Day,
    period: i64,
    /// Days of the current period that are still to come, the last one first.
    ready: Vec<Day>,
    counted: u32,
    is_over: bool,
}

impl Iterator for Occurrences<'_> {
    type Item = (Instant, Instant);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            let Some(day) = self.ready.pop() else {
                self.fill();
                continue;
            };
            let start = day.at(self.series.start.second());
            if let Some(rule) = &self.series.rule {
                let is_counted_out = rule.count.is_some_and(|count| self.counted >= count);
                if is_counted_out || self.series.is_past_until(rule, start) {
                    break;
                }
            }
            self.counted = self.counted.saturating_add(1);
            if start < self.earliest || self.series.is_excluded(start) {
                continue;
            }
            let (begin, end) = self.series.occurrence(start);
            if begin >= self.to {
                break;
            }
            return Some((begin, end));
        }
        self.is_over = true;
        None
    }
}

impl Occurrences<'_> {
    /// Makes the days of the next period ready.
    fn fill(&mut self) {
        let start = self.series.start.day();
        let Some(rule) = &self.series.rule else {
            self.is_over = self.period > 0;
            self.period += 1;
            self.ready.push(start);
            return;
        };
        if first_day(rule, start, self.period).0 > i64::from(self.last_day.0) {
            self.is_over = true;
            return;
        }
        let mut days = days_of(rule, start, self.period);
        days.retain(|day| *day >= start);
        // The start is the first occurrence, and counts, whether the rule names it or not
        // (RFC 5545, 3.8.5.3).
        if self.period == 0 && days.first() != Some(&start) {
            days.insert(0, start);
        }
        days.reverse();
        self.ready = days;
        self.period += 1;
    }
}

/// A day that may lie beyond what [`Day`] holds.
#[derive(Clone, Copy)]
struct FarDay(i64);

fn months_of(year: i32, month: u8) -> i64 {
    i64::from(year) * 12 + i64::from(month) - 1
}

fn week_of(rule: &Rule, day: Day) -> i64 {
    let since_week_start = (i64::from(day.weekday()) - i64::from(rule.week_start)).rem_euclid(7);
    i64::from(day.0) - since_week_start
}

/// The first day of the period with a number; the window begins in period 0.
fn first_day(rule: &Rule, start: Day, period: i64) -> FarDay {
    let (year, month, _) = start.civil();
    let steps = period * i64::from(rule.interval);
    let far = FarDay(i64::MAX);
    match rule.frequency {
        Frequency::Daily => FarDay(i64::from(start.0) + steps),
        Frequency::Weekly => FarDay(week_of(rule, start) + 7 * steps),
        Frequency::Monthly => {
            let months = months_of(year, month) + steps;
            match (
                i32::try_from(months.div_euclid(12)),
                u8::try_from(months.rem_euclid(12)),
            ) {
                (Ok(year), Ok(month)) if year < 10_000 => {
                    FarDay(i64::from(Day::of(year, month + 1, 1).0))
                }
                _ => far,
            }
        }
        Frequency::Yearly => match i32::try_from(i64::from(year) + steps) {
            Ok(year) if year < 10_000 => FarDay(i64::from(Day::of(year, 1, 1).0)),
            _ => far,
        },
    }
}

/// The number of the period in which a day is, or of the last one that began before it.
fn period_of(rule: &Rule, start: Day, day: Day) -> i64 {
    let (year, month, _) = start.civil();
    let (day_year, day_month, _) = day.civil();
    let units = match rule.frequency {
        Frequency::Daily => i64::from(day.0) - i64::from(start.0),
        Frequency::Weekly => (i64::from(day.0) - week_of(rule, start)).div_euclid(7),
        Frequency::Monthly => months_of(day_year, day_month) - months_of(year, month),
        Frequency::Yearly => i64::from(day_year) - i64::from(year),
    };
    units.div_euclid(i64::from(rule.interval))
}

/// The days of a period that fit the rule, in order: the table of RFC 5545, 3.3.10, and then
/// `BYSETPOS`.
fn days_of(rule: &Rule, start: Day, period: i64) -> Vec<Day> {
    let Ok(first) = i32::try_from(first_day(rule, start, period).0) else {
        return Vec::new();
    };
    let first = Day(first);
    let mut days = match rule.frequency {
        Frequency::Daily => daily(rule, first),
        Frequency::Weekly => weekly(rule, start, first),
        Frequency::Monthly => monthly(rule, start, first),
        Frequency::Yearly => yearly(rule, start, first),
    };
    days.sort_unstable();
    days.dedup();
    if rule.positions.is_empty() {
        return days;
    }
    let mut picked: Vec<Day> = rule
        .positions
        .iter()
        .filter_map(|position| pick(&days, *position))
        .collect();
    picked.sort_unstable();
    picked.dedup();
    picked
}

/// Counted from 1, or from the end when negative.
fn pick(days: &[Day], position: i32) -> Option<Day> {
    let position = usize::try_from(if position > 0 {
        i64::from(position) - 1
    } else {
        i64::try_from(days.len()).ok()? + i64::from(position)
    });
    days.get(position.ok()?).copied()
}

fn daily(rule: &Rule, day: Day) -> Vec<Day> {
    let (year, month, of_month) = day.civil();
    let last = i32::from(length_of_month(year, month));
    let of_month = i32::from(of_month);
    let fits = fits_month(rule, month)
        && fits_weekday(rule, day)
        && (rule.month_days.is_empty()
            || rule
                .month_days
                .iter()
                .any(|named| *named == of_month || *named == of_month - last - 1));
    if fits { vec![day] } else { Vec::new() }
}

fn weekly(rule: &Rule, start: Day, first: Day) -> Vec<Day> {
    (0..7)
        .map(|number| Day(first.0 + number))
        .filter(|day| {
            let fits_day = if rule.weekdays.is_empty() {
                day.weekday() == start.weekday()
            } else {
                fits_weekday(rule, *day)
            };
            fits_day && (rule.months.is_empty() || fits_month(rule, day.civil().1))
        })
        .collect()
}

fn monthly(rule: &Rule, start: Day, first: Day) -> Vec<Day> {
    let (year, month, _) = first.civil();
    if !fits_month(rule, month) {
        return Vec::new();
    }
    let range = month_range(year, month);
    if !rule.month_days.is_empty() {
        let mut days = month_days(rule, year, month);
        days.retain(|day| fits_weekdays_of(&rule.weekdays, *day, range));
        days
    } else if rule.weekdays.is_empty() {
        same_day(start, year, month)
    } else {
        weekdays_in(&rule.weekdays, range)
    }
}

fn yearly(rule: &Rule, start: Day, first: Day) -> Vec<Day> {
    let year = first.year();
    let months = |all: bool| (1..=12).filter(move |month| all || rule.months.contains(month));
    let whole_year = (Day::of(year, 1, 1), Day::of(year, 12, 31));
    if !rule.month_days.is_empty() {
        months(rule.months.is_empty())
            .flat_map(|month| {
                let range = if rule.months.is_empty() {
                    whole_year
                } else {
                    month_range(year, month)
                };
                let mut days = month_days(rule, year, month);
                days.retain(|day| fits_weekdays_of(&rule.weekdays, *day, range));
                days
            })
            .collect()
    } else if rule.weekdays.is_empty() {
        if rule.months.is_empty() {
            same_day(start, year, start.civil().1)
        } else {
            months(false)
                .flat_map(|month| same_day(start, year, month))
                .collect()
        }
    } else if rule.months.is_empty() {
        weekdays_in(&rule.weekdays, whole_year)
    } else {
        months(false)
            .flat_map(|month| weekdays_in(&rule.weekdays, month_range(year, month)))
            .collect()
    }
}

fn fits_month(rule: &Rule, month: u8) -> bool {
    rule.months.is_empty() || rule.months.contains(&month)
}

fn fits_weekday(rule: &Rule, day: Day) -> bool {
    let weekday = day.weekday();
    rule.weekdays.is_empty() || rule.weekdays.iter().any(|named| named.weekday == weekday)
}

/// Whether a day is one of the weekdays, those with a number counted in a range of days.
fn fits_weekdays_of(weekdays: &[WeekdayOf], day: Day, range: (Day, Day)) -> bool {
    weekdays.is_empty()
        || weekdays.iter().any(|named| {
            named.weekday == day.weekday()
                && (named.ordinal == 0 || counted_weekday(*named, range) == Some(day))
        })
}

fn weekdays_in(weekdays: &[WeekdayOf], (first, last): (Day, Day)) -> Vec<Day> {
    weekdays
        .iter()
        .flat_map(|named| -> Vec<Day> {
            if named.ordinal == 0 {
                let days = first_weekday(named.weekday, first).0..=last.0;
                days.step_by(7).map(Day).collect()
            } else {
                counted_weekday(*named, (first, last)).into_iter().collect()
            }
        })
        .collect()
}

/// The n-th of a weekday in a range of days, or the n-th from its end.
fn counted_weekday(named: WeekdayOf, (first, last): (Day, Day)) -> Option<Day> {
    let day = if named.ordinal > 0 {
        Day(first_weekday(named.weekday, first).0 + 7 * (named.ordinal - 1))
    } else {
        let back = (i32::from(last.weekday()) - i32::from(named.weekday)).rem_euclid(7);
        Day(last.0 - back + 7 * (named.ordinal + 1))
    };
    (first..=last).contains(&day).then_some(day)
}

/// The first of a weekday on or after a day.
fn first_weekday(weekday: u8, day: Day) -> Day {
    Day(day.0 + (i32::from(weekday) - i32::from(day.weekday())).rem_euclid(7))
}

fn month_range(year: i32, month: u8) -> (Day, Day) {
    (
        Day::of(year, month, 1),
        Day::of(year, month, length_of_month(year, month)),
    )
}

fn month_days(rule: &Rule, year: i32, month: u8) -> Vec<Day> {
    let (first, last) = month_range(year, month);
    rule.month_days
        .iter()
        .map(|named| {
            if *named > 0 {
                Day(first.0 + named - 1)
            } else {
                Day(last.0 + named + 1)
            }
        })
        .filter(|day| (first..=last).contains(day))
        .collect()
}

/// The day of the month on which the window begins; none where the month is too short.
fn same_day(start: Day, year: i32, month: u8) -> Vec<Day> {
    let (_, _, day) = start.civil();
    if day <= length_of_month(year, month) {
        vec![Day::of(year, month, day)]
    } else {
        Vec::new()
    }
}
