//! Text of files as documents, as conftest hands them to policies.

use std::fmt;

use regorus::Value;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess,
    VariantAccess as _, Visitor,
};

use crate::Parser;

impl Parser {
    /// What the end of a name says.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let (_, ending) = path.rsplit_once('.')?;
        match ending {
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }

    /// The documents of a text: those of YAML, each item of a list, else the whole.
    pub(crate) fn documents(self, text: &str) -> Result<Vec<Value>, String> {
        let document = match self {
            Self::Json => Value::from_json_str(text).map_err(|error| format!("{error:#}"))?,
            Self::Toml => toml(text)?,
            Self::Yaml => {
                let mut documents = yaml(text)?;
                match documents.pop() {
                    Some(only) if documents.is_empty() => only,
                    last => {
                        documents.extend(last);
                        return Ok(documents);
                    }
                }
            }
        };
        Ok(match document {
            Value::Array(items) => items.iter().cloned().collect(),
            document => vec![document],
        })
    }
}

/// The documents of a YAML stream. Tags, such as `!Ref`, are passed over.
pub(crate) fn yaml(text: &str) -> Result<Vec<Value>, String> {
    let node = Node {
        text,
        is_key: false,
    };
    yaml_serde::Deserializer::from_str(text)
        .map(|document| {
            let mut value = node
                .deserialize(document)
                .map_err(|error| error.to_string())?;
            value.apply_merge().map_err(|error| error.to_string())?;
            serde_json::from_value(json_of_yaml(value)?).map_err(|error| error.to_string())
        })
        .collect()
}

/// Reads a value of YAML, and refuses what other readers take for something else than it is here.
#[derive(Clone, Copy)]
struct Node<'text> {
    /// The whole text.
    text: &'text str,
    /// Whether it is the key of a member. All keys become texts.
    is_key: bool,
}

impl Node<'_> {
    /// Whether a part of the text stands in it without quotes. The parser does not say so, but lends
    /// the part, and what stands before it can be seen. What it does not lend is in quotes with
    /// escapes, a block, or has several words.
    fn is_plain(self, part: &str) -> bool {
        let start = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize);
        let before = start.and_then(|start| self.text.as_bytes().get(..start));
        before.is_none_or(|before| !matches!(before.last(), Some(b'"' | b'\'')))
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = yaml_serde::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = yaml_serde::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of YAML")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(yaml_serde::Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(yaml_serde::Value::Null)
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Self::Value, E> {
        Ok(is.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        if number.is_finite() {
            Ok(number.into())
        } else {
            Err(E::custom(not_finite(number)))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_borrowed_str<E: Error>(self, part: &'de str) -> Result<Self::Value, E> {
        if !self.is_key && is_other_in_yaml_1_1(part) && self.is_plain(part) {
            return Err(E::custom(format!(
                "`{part}` is a text here, and a truth value or a number for conftest and others who read YAML 1.1: put it in quotes, or write it as in YAML 1.2"
            )));
        }
        self.visit_str(part)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            read.push(item);
        }
        Ok(yaml_serde::Value::Sequence(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let key = Self {
            is_key: true,
            ..self
        };
        let mut read = yaml_serde::Mapping::new();
        while let Some((key, value)) = members.next_entry_seed(key, self)? {
            if read.contains_key(&key) {
                return Err(A::Error::custom("a key is there twice"));
            }
            read.insert(key, value);
        }
        Ok(read.into())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Self::Value, A::Error> {
        let (IgnoredAny, value) = tagged.variant()?;
        value.newtype_variant_seed(self)
    }
}

/// Whether a text without quotes is a truth value or a number in YAML 1.1, as conftest and Kubernetes
/// read it. It is none in YAML 1.2, or else it would be no text. `1:30` is a text for them too.
fn is_other_in_yaml_1_1(text: &str) -> bool {
    const TRUTH_VALUES: [&str; 6] = ["y", "yes", "on", "n", "no", "off"];
    let text = text.to_ascii_lowercase();
    if TRUTH_VALUES.contains(&text.as_str()) {
        return true;
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) {
        return false;
    }
    let number = text.replace('_', "");
    let number = number.strip_prefix(['-', '+']).unwrap_or(&number);
    let is_of = |digits: &str, radix: u32| {
        !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))
    };
    match number.split_at_checked(2) {
        Some(("0x", digits)) => is_of(digits, 16),
        Some(("0o", digits)) => is_of(digits, 8),
        Some(("0b", digits)) => is_of(digits, 2),
        // Rust also reads words, such as `inf`.
        _ => {
            number.starts_with(['.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
                && number.parse::<f64>().is_ok()
        }
    }
}

/// The same in JSON, where all keys are texts.
fn json_of_yaml(value: yaml_serde::Value) -> Result<serde_json::Value, String> {
    let members = match value {
        yaml_serde::Value::Mapping(members) => members,
        yaml_serde::Value::Sequence(items) => {
            return items.into_iter().map(json_of_yaml).collect();
        }
        value => return serde_json::to_value(value).map_err(|error| error.to_string()),
    };
    let mut read = serde_json::Map::new();
    for (key, value) in members {
        let key = match key {
            yaml_serde::Value::String(key) => key,
            yaml_serde::Value::Number(key) => key.to_string(),
            yaml_serde::Value::Bool(key) => key.to_string(),
            _ => return Err("a key is neither a text, a number nor a truth value".to_owned()),
        };
        if read.contains_key(&key) {
            return Err(format!("two keys become the text `{key}`"));
        }
        read.insert(key, json_of_yaml(value)?);
    }
    Ok(read.into())
}

fn not_finite(number: f64) -> String {
    format!("the number `{number}` is not finite")
}

fn toml(text: &str) -> Result<Value, String> {
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.to_string())?;
    serde_json::from_value(json(toml::Value::Table(table))?).map_err(|error| error.to_string())
}

/// Times become their texts.
fn json(value: toml::Value) -> Result<serde_json::Value, String> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) if number.is_finite() => number.into(),
        toml::Value::Float(number) => return Err(not_finite(number)),
        toml::Value::Boolean(is) => is.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json).collect::<Result<_, _>>()?,
        toml::Value::Table(members) => members
            .into_iter()
            .map(|(key, value)| Ok((key, json(value)?)))
            .collect::<Result<_, String>>()?,
    })
}
