//! Numbers as people read them.

/// With a comma between thousands.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of things.
pub(crate) fn count(count: u64, one: &str, several: &str) -> String {
    format!(
        "{} {}",
        number(count),
        if count == 1 { one } else { several }
    )
}

pub(crate) fn commits(number: u64) -> String {
    count(number, "commit", "commits")
}

pub(crate) fn files(number: u64) -> String {
    count(number, "file", "files")
}

pub(crate) fn lines(number: u64) -> String {
    count(number, "line", "lines")
}

/// A place in a ranking: 1st, 2nd, 3rd, 4th, 11th.
pub(crate) fn place(place: u64) -> String {
    let ending = match (place % 10, place % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{}{ending}", number(place))
}

/// A part of a whole in per cent, rounded down; 0 of nothing.
pub(crate) fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(0)
}

/// Up to three names, and how many there are besides.
pub(crate) fn list(names: &[String], all: u64) -> String {
    let rest = all.saturating_sub(names.len() as u64);
    let shown = names.join(", ");
    if rest == 0 {
        shown
    } else {
        format!("{shown} and {} more", number(rest))
    }
}
