//! Text of files as documents, as conftest hands them to policies.

use regorus::Value;
use serde::Deserialize as _;

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
    yaml_serde::Deserializer::from_str(text)
        .map(|document| {
            let mut value =
                yaml_serde::Value::deserialize(document).map_err(|error| error.to_string())?;
            value.apply_merge().map_err(|error| error.to_string())?;
            let value = without_tags(value);
            serde_json::to_value(&value)
                .and_then(serde_json::from_value)
                .map_err(|error| error.to_string())
        })
        .collect()
}

fn without_tags(value: yaml_serde::Value) -> yaml_serde::Value {
    use yaml_serde::Value;
    match value {
        Value::Tagged(tagged) => without_tags(tagged.value),
        Value::Sequence(items) => items.into_iter().map(without_tags).collect(),
        Value::Mapping(members) => Value::Mapping(
            members
                .into_iter()
                .map(|(key, value)| (without_tags(key), without_tags(value)))
                .collect(),
        ),
        value => value,
    }
}

fn toml(text: &str) -> Result<Value, String> {
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.to_string())?;
    serde_json::from_value(json(toml::Value::Table(table))).map_err(|error| error.to_string())
}

/// Times become their texts.
fn json(value: toml::Value) -> serde_json::Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is) => is.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(members) => members
            .into_iter()
            .map(|(key, value)| (key, json(value)))
            .collect(),
    }
}
