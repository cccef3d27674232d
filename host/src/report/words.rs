//! Numbers as people read them.

use std::time::Duration;

/// A whole number with thousands apart: `1,234`.
pub(super) fn number(value: impl Into<u64>) -> String {
    let digits = value.into().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 commit`, `2 commits`.
pub(super) fn count(value: impl Into<u64>, one: &str, many: &str) -> String {
    match value.into() {
        1 => format!("1 {one}"),
        value => format!("{} {many}", number(value)),
    }
}

/// A size in the largest unit in which it is whole: `256 MiB`, `1,000 bytes`.
pub(super) fn bytes(value: u64) -> String {
    const UNITS: [(u32, &str); 3] = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    for (shift, unit) in UNITS {
        if value > 0 && value.trailing_zeros() >= shift {
            return format!("{} {unit}", number(value >> shift));
        }
    }
    count(value, "byte", "bytes")
}

/// `30 s`, `1.5 s`, `12 ms`.
pub(super) fn duration(value: Duration) -> String {
    let milliseconds = value.as_millis();
    if milliseconds < 1_000 {
        format!("{milliseconds} ms")
    } else {
        let seconds = format!("{:.1}", value.as_secs_f64());
        format!("{} s", seconds.strip_suffix(".0").unwrap_or(&seconds))
    }
}
