use serde::Serialize;
use serde_json::Value;

use super::{Given, Text, Transcript};

/// The most of a value that is shown beside another one, in characters.
const SHOWN_CHARACTERS_MAX: usize = 200;

/// How much of what two values have in common is shown before they part, in characters.
const COMMON_CHARACTERS: usize = 40;

/// Where a call that was run again differs from its transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The part of the transcript, by the names of its fields and the numbers, from 1, of items of
    /// lists: `outcome.answered.findings.2.message`.
    pub part: Text,
    /// What the transcript has there, as JSON; a long value from shortly before where they part on.
    pub recorded: Text,
    /// What there is now, in the same way.
    pub now: Text,
}

impl Given {
    /// What differs between two calls in what they are given; empty when they are the same call.
    #[must_use]
    pub fn differences(&self, now: &Self) -> Vec<Difference> {
        differences(self, now, &[])
    }
}

impl Transcript {
    /// What differs between two transcripts, the first of each part; empty when their bytes are
    /// equal. Fuel and memory are compared only where the engine is the same.
    #[must_use]
    pub fn differences(&self, now: &Self) -> Vec<Difference> {
        if self.engine == now.engine {
            differences(self, now, &[])
        } else {
            differences(self, now, &["engine", "fuel", "memory_bytes"])
        }
    }
}

/// The first difference in each field but those that are left out.
fn differences(
    recorded: &impl Serialize,
    now: &impl Serialize,
    left_out: &[&str],
) -> Vec<Difference> {
    let (Ok(Value::Object(recorded)), Ok(Value::Object(now))) =
        (serde_json::to_value(recorded), serde_json::to_value(now))
    else {
        return Vec::new();
    };
    recorded
        .iter()
        .filter(|(name, _)| !left_out.contains(&name.as_str()))
        .filter_map(|(name, value)| {
            let other = now.get(name).unwrap_or(&Value::Null);
            (value != other).then(|| first(name.clone(), value, other))
        })
        .collect()
}

/// Goes down to the first place at which two values that differ do so.
fn first(part: String, recorded: &Value, now: &Value) -> Difference {
    let below = match (recorded, now) {
        (Value::Object(left), Value::Object(right)) if left.keys().eq(right.keys()) => left
            .iter()
            .zip(right.values())
            .find(|((_, left), right)| left != right)
            .map(|((name, left), right)| (name.clone(), Some(left), Some(right))),
        (Value::Array(left), Value::Array(right)) => (0..left.len().max(right.len()))
            .map(|index| (index, left.get(index), right.get(index)))
            .find(|(_, left, right)| left != right)
            .map(|(index, left, right)| ((index + 1).to_string(), left, right)),
        _ => None,
    };
    match below {
        Some((name, Some(left), Some(right))) => first(format!("{part}.{name}"), left, right),
        Some((name, left, right)) => difference(format!("{part}.{name}"), left, right),
        None => difference(part, Some(recorded), Some(now)),
    }
}

fn difference(part: String, recorded: Option<&Value>, now: Option<&Value>) -> Difference {
    let json = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    let (recorded, now) = (json(recorded), json(now));
    let common = recorded
        .chars()
        .zip(now.chars())
        .take_while(|(left, right)| left == right)
        .count();
    let shown = |text: &str| {
        let skipped = common.saturating_sub(COMMON_CHARACTERS);
        let rest: String = text.chars().skip(skipped).collect();
        let lead = if skipped == 0 { "" } else { "…" };
        Text::from(format!("{lead}{rest}")).shortened(SHOWN_CHARACTERS_MAX)
    };
    Difference {
        part: Text::from(part),
        recorded: shown(&recorded),
        now: shown(&now),
    }
}
