use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// The longest span of time that a pipeline file can name, in seconds: a day.
const SPAN_SECONDS_MAX: u64 = 24 * 60 * 60;

/// The largest size that a pipeline file can name, in bytes: 64 GiB.
const SIZE_BYTES_MAX: u64 = 64 << 30;

/// Units of time, in milliseconds.
const TIME_UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// The longest life of what a person signed, in minutes: 30 days.
const LIFE_MINUTES_MAX: u64 = 30 * 24 * 60;

/// Units of a life, in minutes.
const LIFE_UNITS: [(&str, u64); 3] = [("m", 1), ("h", 60), ("d", 24 * 60)];

/// Units of size, in bytes.
const SIZE_UNITS: [(&str, u64); 4] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// A span of time as a pipeline file writes it: a whole number above zero and a unit, `ms`, `s`,
/// `m` or `h`, at most a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A size as a pipeline file writes it: a whole number above zero and a unit, `B`, `KiB`, `MiB` or
/// `GiB`, at most 64 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// How long something that a person signed holds, as a pipeline file writes it: a whole number above
/// zero and a unit, `m`, `h` or `d`, at most 30 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Life(pub Duration);

/// Why a text is not a [`Span`], a [`Size`] or a [`Life`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// It does not begin with a whole number.
    #[error("expected a whole number and a unit, such as `{example}`")]
    Number {
        /// One that is right.
        example: &'static str,
    },
    /// No unit, or one that is not known.
    #[error("expected one of the units {units} after the number, such as `{example}`")]
    Unit {
        /// Those that are known.
        units: &'static str,
        /// One that is right.
        example: &'static str,
    },
    /// Nothing, or more than can be meant.
    #[error("expected more than zero and at most {max}")]
    Range {
        /// The largest.
        max: &'static str,
    },
}

impl std::str::FromStr for Span {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let milliseconds = quantity(text, &TIME_UNITS, "`ms`, `s`, `m` and `h`", "5s")?;
        match milliseconds {
            Some(milliseconds) if (1..=SPAN_SECONDS_MAX * 1_000).contains(&milliseconds) => {
                Ok(Self(Duration::from_millis(milliseconds)))
            }
            _ => Err(QuantityError::Range { max: "24h" }),
        }
    }
}

impl std::str::FromStr for Life {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let minutes = quantity(text, &LIFE_UNITS, "`m`, `h` and `d`", "72h")?;
        match minutes {
            Some(minutes) if (1..=LIFE_MINUTES_MAX).contains(&minutes) => {
                Ok(Self(Duration::from_mins(minutes)))
            }
            _ => Err(QuantityError::Range { max: "30d" }),
        }
    }
}

impl std::str::FromStr for Size {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let bytes = quantity(text, &SIZE_UNITS, "`B`, `KiB`, `MiB` and `GiB`", "64 MiB")?;
        match bytes {
            Some(bytes) if (1..=SIZE_BYTES_MAX).contains(&bytes) => Ok(Self(bytes)),
            _ => Err(QuantityError::Range { max: "64 GiB" }),
        }
    }
}

/// The number times its unit; none when that is too large to be counted.
fn quantity(
    text: &str,
    known: &[(&str, u64)],
    units: &'static str,
    example: &'static str,
) -> Result<Option<u64>, QuantityError> {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if digits.is_empty() {
        return Err(QuantityError::Number { example });
    }
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let factor = known
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, factor)| *factor)
        .ok_or(QuantityError::Unit { units, example })?;
    // Digits alone can only fail to be a number by being too many.
    Ok(digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor)))
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_quantity(formatter, self.0.as_millis(), &TIME_UNITS, "")
    }
}

impl fmt::Display for Life {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_quantity(
            formatter,
            u128::from(self.0.as_secs() / 60),
            &LIFE_UNITS,
            "",
        )
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_quantity(formatter, u128::from(self.0), &SIZE_UNITS, " ")
    }
}

/// Writes an amount in the largest unit that it is a whole number of.
fn write_quantity(
    formatter: &mut fmt::Formatter<'_>,
    amount: u128,
    units: &[(&str, u64)],
    gap: &str,
) -> fmt::Result {
    units
        .iter()
        .rev()
        .map(|(name, factor)| (name, u128::from(*factor)))
        .find(|(_, factor)| amount.is_multiple_of(*factor))
        .map_or(Ok(()), |(name, factor)| {
            write!(formatter, "{}{gap}{name}", amount / factor)
        })
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Life {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+ ?(ms|s|m|h)$",
            "description": "A span of time: a whole number and `ms`, `s`, `m` or `h`."
        })
    }
}

impl JsonSchema for Life {
    fn schema_name() -> Cow<'static, str> {
        "Life".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+ ?(m|h|d)$",
            "description": "How long something holds: a whole number and `m`, `h` or `d`."
        })
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+ ?(B|KiB|MiB|GiB)$",
            "description": "A size: a whole number and `B`, `KiB`, `MiB` or `GiB`."
        })
    }
}
