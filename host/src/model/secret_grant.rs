use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Text;

/// The shortest secret that a plugin may use, in bytes. A shorter one could be in a response by
/// chance, and could be guessed.
pub const SECRET_BYTES_MIN: usize = 16;

/// A credential that a plugin may use and never sees: where its value is read, and the one place that
/// the host puts it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretGrant {
    /// Where the value is read.
    pub value: ValueSource,
    /// Scheme, host and port of the one server that it is sent to, such as `https://example.net`.
    #[serde(rename = "for")]
    pub origin: String,
    /// Where in a request it stands.
    pub slot: SecretSlot,
}

/// Where in a request a secret stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretSlot {
    /// In a header.
    Header {
        /// The header.
        name: String,
        /// What stands before it.
        prefix: String,
    },
    /// In the header `authorization`, as the password of this user.
    Basic {
        /// The user.
        user: String,
    },
    /// As a parameter of the query.
    Query {
        /// The parameter.
        name: String,
    },
    /// As a field of a body that is a form.
    Field {
        /// The field.
        name: String,
    },
    /// As a text in a body that is a JSON document.
    Member {
        /// Where: a JSON Pointer (RFC 6901).
        pointer: String,
    },
}

impl SecretSlot {
    /// The header that it is sent in; none where it is not sent in one.
    #[must_use]
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Header { name, .. } => Some(name),
            Self::Basic { .. } => Some("authorization"),
            Self::Query { .. } | Self::Field { .. } | Self::Member { .. } => None,
        }
    }

    /// The parameter of the query; none where it is not sent in one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        match self {
            Self::Query { name } => Some(name),
            _ => None,
        }
    }

    /// The field of a form, or the JSON Pointer, in the body; none where it is not sent in one.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        match self {
            Self::Field { name } => Some(name),
            Self::Member { pointer } => Some(pointer),
            _ => None,
        }
    }
}

/// Where a value is read from that does not stand in a file of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueSource {
    /// A variable of the environment.
    Env(String),
    /// A file of the machine.
    File(PathBuf),
    /// What a command puts out.
    Command(ValueCommand),
}

/// A command whose output is a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ValueCommand {
    /// The program and its arguments: never empty.
    pub arguments: Vec<String>,
    /// Time that it has.
    pub timeout_ms: u64,
}

/// In words, for people: never the value.
impl fmt::Display for ValueSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(formatter, "the variable `{name}`"),
            Self::File(path) => {
                let path = Text::from(path.to_string_lossy());
                write!(formatter, "the file `{}`", path.terminal())
            }
            Self::Command(command) => {
                let words = Text::from(command.arguments.join(" "));
                write!(formatter, "the command `{}`", words.terminal())
            }
        }
    }
}

/// In words, for people: never the value.
impl fmt::Display for SecretGrant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            value,
            origin,
            slot,
        } = self;
        let origin = Text::from(origin.as_str());
        write!(formatter, "{value}, sent to {} ", origin.terminal())?;
        match slot {
            SecretSlot::Header { name, .. } => write!(formatter, "in `{name}`"),
            SecretSlot::Basic { user } => {
                let user = Text::from(user.as_str());
                write!(formatter, "as the password of `{}`", user.terminal())
            }
            SecretSlot::Query { name } => {
                let name = Text::from(name.as_str());
                write!(formatter, "as `{}` of the query", name.terminal())
            }
            SecretSlot::Field { name: place } | SecretSlot::Member { pointer: place } => {
                let place = Text::from(place.as_str());
                write!(formatter, "as `{}` of the body", place.terminal())
            }
        }
    }
}
