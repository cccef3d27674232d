//! Local times as numbers: seconds since 1970-01-01T00:00:00 of the same clock.
//!
//! The calendar is the proleptic Gregorian one. The formulas are those of Howard Hinnant,
//! `chrono`-compatible low-level date algorithms, `days_from_civil` and `civil_from_days`.

/// Seconds of a day whose clock does not change.
pub(crate) const DAY_SECONDS: i64 = 24 * 60 * 60;

/// The years that a local time may lie in. Calendars write 1604 for a birthday without a year.
pub(crate) const YEARS: std::ops::RangeInclusive<i32> = 1600..=2999;

/// A local time: seconds since 1970-01-01T00:00:00 on the same clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Local(pub(crate) i64);

/// A day: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(pub(crate) i32);

impl Local {
    pub(crate) fn day(self) -> Day {
        Day(i32::try_from(self.0.div_euclid(DAY_SECONDS)).unwrap_or(i32::MAX))
    }

    /// Seconds since midnight, by the clock.
    pub(crate) fn second(self) -> i64 {
        self.0.rem_euclid(DAY_SECONDS)
    }
}

impl Day {
    /// None when there is no such day, or its year is not one of [`YEARS`].
    pub(crate) fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let exists = YEARS.contains(&year)
            && (1..=12).contains(&month)
            && (1..=length_of_month(year, month)).contains(&day);
        exists.then(|| Self::of(year, month, day))
    }

    /// The same without a check of the year.
    pub(crate) fn of(year: i32, month: u8, day: u8) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (i32::from(month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i32::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Year, month and day of the month.
    pub(crate) fn civil(self) -> (i32, u8, u8) {
        let days = self.0.saturating_add(719_468);
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, narrow(month), narrow(day))
    }

    pub(crate) fn year(self) -> i32 {
        self.civil().0
    }

    /// Days since Monday.
    pub(crate) fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        narrow((self.0.rem_euclid(7) + 3) % 7)
    }

    /// A local time of this day.
    pub(crate) fn at(self, second: i64) -> Local {
        Local(i64::from(self.0) * DAY_SECONDS + second)
    }
}

pub(crate) fn length_of_month(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

fn narrow(number: i32) -> u8 {
    u8::try_from(number).unwrap_or(0)
}
