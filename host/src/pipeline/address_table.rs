//! How a channel's table writes where messages are posted.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize};

use super::at::At;
use super::quantity::Span;

/// What happens to a message of which nobody knows whether it arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// It is sent again, with the same key: it may arrive twice.
    #[default]
    MaybeTwice,
    /// It is not sent again: it may never have arrived.
    MaybeLost,
}

impl Delivery {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MaybeTwice => "maybe-twice",
            Self::MaybeLost => "maybe-lost",
        }
    }
}

/// The URL that messages are posted to, or where it is read from.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum AddressEntry {
    /// The URL.
    Url(String),
    /// Where it is read from.
    Value(ValueTable),
}

/// Where a value is read from that does not stand in the file: exactly one of `env`, `file` and
/// `command`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ValueTable {
    /// Name of a variable of the environment.
    pub env: Option<At<String>>,
    /// Absolute path of a file, out of reach of the change under judgement.
    pub file: Option<At<String>>,
    /// A program and its arguments, whose output is the value. No shell.
    pub command: Option<At<Vec<At<String>>>>,
    /// Time that `command` has, at most `5m`; without it `30s`.
    pub timeout: Option<At<Span>>,
}

/// What authenticates: a value that is read from exactly one of `env`, `file` and `command`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SecretTable {
    /// Name of a variable of the environment.
    pub env: Option<At<String>>,
    /// Absolute path of a file, out of reach of the change under judgement.
    pub file: Option<At<String>>,
    /// A program and its arguments, whose output is the value. No shell.
    pub command: Option<At<Vec<At<String>>>>,
    /// Time that `command` has, at most `5m`; without it `30s`.
    pub timeout: Option<At<Span>>,
    /// The header that it is sent in; without it `authorization`.
    pub header: Option<At<String>>,
    /// What stands before it in the header; without it `Bearer ` in `authorization`, and nothing in
    /// another header.
    pub prefix: Option<At<String>>,
}

impl<'de> Deserialize<'de> for AddressEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = AddressEntry;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a URL, or a table with `env`, `file` or `command`")
            }

            fn visit_str<E: serde::de::Error>(self, url: &str) -> Result<AddressEntry, E> {
                Ok(AddressEntry::Url(url.to_owned()))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<AddressEntry, A::Error> {
                ValueTable::deserialize(MapAccessDeserializer::new(map)).map(AddressEntry::Value)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}
