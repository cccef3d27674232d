use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Text;

/// What is encoded in a URL: all but the unreserved characters (RFC 3986, section 2.3).
pub(crate) const URL_ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The longest text that a part of an answer may be, where a URL is made of it, in bytes.
const VALUE_BYTES_MAX: usize = 1_000;

/// The URL of a planned request: `{{NAME.POINTER}}` in it stands for what an earlier step was
/// answered.
///
/// ```
/// use holdpoint::model::UrlTemplate;
/// use serde_json::json;
///
/// let url = UrlTemplate::new("https://example.net/releases/{{create./id}}/assets").unwrap();
/// let answer = json!({ "id": 7 });
/// let filled = url.fill(|name| (name == "create").then_some(&answer));
/// assert_eq!(filled.unwrap(), "https://example.net/releases/7/assets");
/// assert!(UrlTemplate::new("https://{{create./host}}/").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate {
    parts: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Plain(String),
    Reference(Reference),
}

/// A part of the answer to a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Name of the step.
    pub step: String,
    /// JSON pointer (RFC 6901) into its answer.
    pub pointer: String,
}

/// Why a text is not a [`UrlTemplate`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlTemplateError {
    /// It has no end.
    #[error("`{{{{` without `}}}}`")]
    Open,
    /// It is none.
    #[error("`{{{{{}}}}}` is not the name of a step, a dot, and a JSON pointer, such as `{{{{create./id}}}}`", .0.terminal())]
    Reference(Text),
    /// An answer never says who is asked next.
    #[error("`{{{{` before the path: an answer says nothing about the server")]
    Server,
}

/// Why a reference stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The step has no answer in JSON.
    #[error("`{reference}` stands for nothing: the answer to that step is not JSON")]
    NoAnswer {
        /// The reference.
        reference: Reference,
    },
    /// There is nothing, or something that is no part of a URL.
    #[error(
        "`{reference}` stands for nothing: the answer has no text, number or truth value of 1 to \
         {VALUE_BYTES_MAX} bytes there that is a name in a path"
    )]
    NoValue {
        /// The reference.
        reference: Reference,
    },
}

impl UrlTemplate {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// When a reference is none, or stands before the path.
    pub fn new(text: &str) -> Result<Self, UrlTemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((plain, after)) = rest.split_once("{{") {
            let (inside, after) = after.split_once("}}").ok_or(UrlTemplateError::Open)?;
            parts.push(Piece::Plain(plain.to_owned()));
            parts.push(Piece::Reference(Reference::new(inside)?));
            rest = after;
        }
        parts.push(Piece::Plain(rest.to_owned()));
        let has_reference = parts.len() > 1;
        let before = text.split_once("{{").map_or("", |(before, _)| before);
        let path = before.split_once("://").map_or("", |(_, server)| server);
        if has_reference && !path.contains('/') {
            return Err(UrlTemplateError::Server);
        }
        Ok(Self { parts })
    }

    /// What it refers to, in order.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            Piece::Plain(_) => None,
            Piece::Reference(reference) => Some(reference),
        })
    }

    /// The URL with the parts of these answers, by the name of the step.
    ///
    /// # Errors
    ///
    /// When a reference stands for nothing that can be a part of a URL.
    pub fn fill<'a>(
        &self,
        answer: impl Fn(&str) -> Option<&'a serde_json::Value>,
    ) -> Result<String, ReferenceError> {
        let mut url = String::new();
        for part in &self.parts {
            match part {
                Piece::Plain(text) => url.push_str(text),
                Piece::Reference(reference) => {
                    let found =
                        answer(&reference.step).ok_or_else(|| ReferenceError::NoAnswer {
                            reference: reference.clone(),
                        })?;
                    let value = found.pointer(&reference.pointer).and_then(name_in_path);
                    let value = value.ok_or_else(|| ReferenceError::NoValue {
                        reference: reference.clone(),
                    })?;
                    url.extend(utf8_percent_encode(&value, URL_ENCODED));
                }
            }
        }
        Ok(url)
    }

    /// The URL with a name in the place of every reference: what can be said of it before there is an
    /// answer.
    #[must_use]
    pub fn example(&self) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Piece::Plain(text) => text.as_str(),
            Piece::Reference(_) => "0",
        });
        parts.collect()
    }
}

impl Reference {
    fn new(text: &str) -> Result<Self, UrlTemplateError> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        match text.split_once('.') {
            Some((step, pointer)) if is_name(step) && pointer.starts_with('/') => Ok(Self {
                step: step.to_owned(),
                pointer: pointer.to_owned(),
            }),
            _ => Err(UrlTemplateError::Reference(Text::from(text).shortened(80))),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = Text::from(self.pointer.as_str());
        write!(formatter, "{{{{{}.{}}}}}", self.step, pointer.terminal())
    }
}

/// A text, number or truth value as JSON writes it, a text without its quotes.
pub(crate) fn scalar(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// A value as one name in a path: neither nothing nor `.` or `..`, which lead elsewhere.
fn name_in_path(value: &serde_json::Value) -> Option<String> {
    let text = scalar(value)?;
    let is_name = !text.bytes().all(|byte| byte == b'.');
    (is_name && text.len() <= VALUE_BYTES_MAX).then_some(text)
}
