use std::collections::BTreeMap;

/// The most characters of what a server says, where it is told again.
pub(crate) const SAID_CHARACTERS_MAX: usize = 300;

/// The most characters of the name and the labels of a series.
const SERIES_CHARACTERS_MAX: usize = 200;

/// The label that holds the name of a metric.
const NAME: &str = "__name__";

/// A text with no more characters than that; what is left out leaves a mark.
pub(crate) fn shortened(text: &str, characters_max: usize) -> String {
    match text.char_indices().nth(characters_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A number as people write it; infinite ones as Prometheus does.
pub(crate) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_infinite() {
        let sign = if value > 0.0 { '+' } else { '-' };
        format!("{sign}Inf")
    } else if magnitude == 0.0 || (1e-4..1e15).contains(&magnitude) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// A series as a query names it, such as `up{job="api"}`; empty for one without labels.
pub(crate) fn series(labels: &BTreeMap<String, String>) -> String {
    let name = labels.get(NAME).map_or("", String::as_str);
    let others: Vec<String> = labels
        .iter()
        .filter(|(label, _)| *label != NAME)
        .map(|(label, value)| format!("{label}={value:?}"))
        .collect();
    let text = if others.is_empty() {
        name.to_owned()
    } else {
        format!("{name}{{{}}}", others.join(", "))
    };
    shortened(&text, SERIES_CHARACTERS_MAX)
}
