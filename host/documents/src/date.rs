const DAY_SECONDS: i64 = 24 * 60 * 60;

/// The civil date, `YYYY-MM-DD`, of a time in seconds since 1970-01-01T00:00:00Z where clocks are so
/// many seconds ahead of UTC.
///
/// After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
///
/// ```
/// assert_eq!(holdpoint_documents::date(1_795_477_200, 0), "2026-11-23");
/// assert_eq!(holdpoint_documents::date(1_795_477_200, 3600), "2026-11-24");
/// ```
#[must_use]
pub fn date(time_seconds: i64, ahead_seconds: i32) -> String {
    let days = time_seconds
        .saturating_add(ahead_seconds.into())
        .div_euclid(DAY_SECONDS);
    // Counted from the first of March of the year 0, in eras of 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_that_are_easily_missed() {
        for (time, ahead, expected) in [
            (0, 0, "1970-01-01"),
            (-1, 0, "1969-12-31"),
            (951_782_400, 0, "2000-02-29"),
            (951_868_800, 0, "2000-03-01"),
            (4_107_542_400, 0, "2100-03-01"),
            (4_107_542_399, 0, "2100-02-28"),
            (1_704_067_199, 0, "2023-12-31"),
            (1_704_067_199, 1, "2024-01-01"),
            (1_704_067_200, -1, "2023-12-31"),
            (0, -39_600, "1969-12-31"),
            (0, 50_400, "1970-01-01"),
        ] {
            assert_eq!(date(time, ahead), expected, "{time} {ahead}");
        }
    }
}
