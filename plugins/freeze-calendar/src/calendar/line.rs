//! Content lines: RFC 5545, 3.1.

use crate::words::shortened;

/// A content line, unfolded: `NAME;PARAMETER=value:VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The number of its first line in the text, from 1.
    pub(crate) number: usize,
    /// In upper case.
    pub(crate) name: String,
    /// Names in upper case, values without quotes.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) value: String,
}

/// The content lines of a text. Lines end with CRLF or LF; one that begins with a space or a tab
/// goes on with the one before it.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Result<Line, String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut physical = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .zip(1..)
        .peekable();
    std::iter::from_fn(move || {
        loop {
            let (first, number) = physical.next()?;
            let mut whole = first.to_owned();
            while let Some((more, _)) = physical.next_if(|(line, _)| line.starts_with([' ', '\t']))
            {
                whole.push_str(more.get(1..).unwrap_or_default());
            }
            if !whole.trim().is_empty() {
                return Some(line(&whole, number));
            }
        }
    })
}

fn line(text: &str, number: usize) -> Result<Line, String> {
    let broken = || {
        format!(
            "line {number}: `{}` is not a line of a calendar, such as `SUMMARY:Year end`",
            shortened(text)
        )
    };
    let end = text.find([':', ';']).ok_or_else(broken)?;
    let (name, mut rest) = text.split_at(end);
    if !is_name(name) {
        return Err(broken());
    }
    let mut parameters = Vec::new();
    while let Some(parameter) = rest.strip_prefix(';') {
        let (name, value) = parameter.split_once('=').ok_or_else(broken)?;
        if !is_name(name) {
            return Err(broken());
        }
        let end = end_of_value(value).ok_or_else(broken)?;
        let (value, tail) = value.split_at(end);
        parameters.push((name.to_ascii_uppercase(), value.replace('"', "")));
        rest = tail;
    }
    let value = rest.strip_prefix(':').ok_or_else(broken)?;
    Ok(Line {
        number,
        name: name.to_ascii_uppercase(),
        parameters,
        value: value.to_owned(),
    })
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Where a parameter's value ends: at the first colon or semicolon that is not in quotes.
fn end_of_value(text: &str) -> Option<usize> {
    let mut is_quoted = false;
    text.find(|character| {
        is_quoted ^= character == '"';
        !is_quoted && matches!(character, ':' | ';')
    })
}
