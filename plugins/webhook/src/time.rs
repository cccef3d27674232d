/// The first second that RFC 3339 can write, 0001-01-01T00:00:00Z; year 0 is left out because many
/// readers know none.
const FIRST: i64 = -62_135_596_800;

/// The last one, 9999-12-31T23:59:59Z.
const LAST: i64 = 253_402_300_799;

const DAY: i64 = 24 * 60 * 60;

/// RFC 3339 in UTC. A time beyond the years 1 to 9999 is the first or the last one of them.
pub(crate) fn rfc3339(seconds: i64) -> String {
    let seconds = seconds.clamp(FIRST, LAST);
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = date(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// Year, month and day of a day counted from 1970-01-01: Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `civil_from_days`.
fn date(days: i64) -> (i64, i64, i64) {
    // Eras of 400 years, from 0000-03-01 on, so that a leap day is the last day of a year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}
