use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The seconds since 1970-01-01T00:00:00Z of `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, each with
/// or without `Z`. Always UTC: which zone somebody meant who left the `Z` out is not known here.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || ![8, 12, 14].contains(&digits.len()) {
        return None;
    }
    let number = |from: usize, length: usize| -> Option<i8> {
        match digits.get(from..from + length) {
            Some(digits) => digits.parse().ok(),
            None => Some(0),
        }
    };
    let time = DateTime::new(
        digits.get(..4)?.parse().ok()?,
        number(4, 2)?,
        number(6, 2)?,
        number(8, 2)?,
        number(10, 2)?,
        number(12, 2)?,
        0,
    );
    let time = time.ok()?.to_zoned(TimeZone::UTC).ok()?;
    let seconds = time.timestamp().as_second();
    (seconds > 0).then_some(seconds)
}
