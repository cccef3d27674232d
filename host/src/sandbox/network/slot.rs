use bytes::Bytes;
use http::header::CONTENT_TYPE;
use memchr::memmem;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::model::{HttpUrl, SecretSlot, Text, URL_ENCODED};
use crate::sandbox::Secret;
use crate::sandbox::http::{RequestError, SecretHeader};

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// Where in a request a secret stands, with the value as it is written there.
#[derive(Debug)]
pub(super) enum Slot {
    /// The header has the whole value.
    Header {
        /// What may stand before the placeholder, as it stands before the value.
        prefix: String,
        header: SecretHeader,
    },
    /// A parameter of the query.
    Query { name: String, written: Secret },
    /// A field of a form.
    Field { name: String, written: Secret },
    /// A text in a JSON document.
    Member { pointer: String, written: Secret },
}

impl Slot {
    /// The slot, and what else than the value a response could repeat.
    pub(super) fn new(
        slot: &SecretSlot,
        value: &Secret,
    ) -> Result<(Self, Option<Secret>), RequestError> {
        let name = |name: &str| name.to_owned();
        Ok(match slot {
            SecretSlot::Header { name, prefix } => {
                let header = SecretHeader::new(name, prefix, value)?;
                let prefix = prefix.clone();
                (Self::Header { prefix, header }, None)
            }
            SecretSlot::Basic { user } => {
                let encoded = Secret::basic(user, value.expose());
                let prefix = "Basic ".to_owned();
                let header = SecretHeader::new("authorization", &prefix, &encoded)?;
                (Self::Header { prefix, header }, Some(encoded))
            }
            SecretSlot::Query { name: key } => {
                let (name, written) = (name(key), percent_encoded(value));
                (Self::Query { name, written }, Some(percent_encoded(value)))
            }
            SecretSlot::Field { name: key } => {
                let (name, written) = (name(key), percent_encoded(value));
                (Self::Field { name, written }, Some(percent_encoded(value)))
            }
            SecretSlot::Member { pointer } => {
                let (pointer, written) = (name(pointer), escaped(value));
                (Self::Member { pointer, written }, Some(escaped(value)))
            }
        })
    }

    /// Where it is, for people.
    pub(super) fn words(&self) -> String {
        let shown = |name: &str| Text::from(name).terminal().to_string();
        match self {
            Self::Header { header, .. } => format!("in the header `{}`", header.name()),
            Self::Query { name, .. } => format!("as `{}` of the query", shown(name)),
            Self::Field { name, .. } => {
                format!("as the field `{}` of a body of {FORM}", shown(name))
            }
            Self::Member { pointer, .. } => {
                format!("at `{}` of a body of application/json", shown(pointer))
            }
        }
    }

    /// What is written into the query; none where the placeholder is not the whole value of the
    /// parameter.
    pub(super) fn of_query(&self, url: &HttpUrl, placeholder: &str) -> Option<&Secret> {
        let Self::Query { name, written } = self else {
            return None;
        };
        let (path, query) = url.target().split_once('?')?;
        let is_there = !path.contains(placeholder) && is_field(query, name, placeholder);
        is_there.then_some(written)
    }

    /// What is written into the body; none where the placeholder is not the whole value there, or the
    /// body says that it is something else.
    pub(super) fn of_body(
        &self,
        headers: &[(String, String)],
        body: &[u8],
        placeholder: &str,
    ) -> Option<&Secret> {
        let text = str::from_utf8(body).ok()?;
        let media_type = media_type(headers)?;
        match self {
            Self::Field { name, written } if media_type == FORM => {
                is_field(text, name, placeholder).then_some(written)
            }
            Self::Member { pointer, written } if is_json(&media_type) => {
                is_member(text, pointer, placeholder).then_some(written)
            }
            _ => None,
        }
    }
}

/// What a body says that it is, without parameters; none where it says nothing, or two things.
fn media_type(headers: &[(String, String)]) -> Option<String> {
    let mut types = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
    let (_, value) = types.next()?;
    let value = value.split(';').next().unwrap_or_default();
    types
        .next()
        .is_none()
        .then(|| value.trim().to_ascii_lowercase())
}

fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json")
}

/// Whether a placeholder is the whole value of a field of this name.
fn is_field(pairs: &str, name: &str, placeholder: &str) -> bool {
    pairs.split('&').any(|pair| {
        let is_value = pair
            .split_once('=')
            .is_some_and(|(_, value)| value == placeholder);
        let mut decoded = form_urlencoded::parse(pair.as_bytes());
        is_value && decoded.next().is_some_and(|(found, _)| found == name)
    })
}

/// Whether a placeholder that stands in a document once is the whole text there. Another text could be
/// written so that it only reads as the placeholder: the document is read a second time with something
/// else in the place of the bytes that are replaced.
fn is_member(document: &str, pointer: &str, placeholder: &str) -> bool {
    let is_there = |document: &str, text: &str| {
        let document = serde_json::from_str::<Value>(document);
        document
            .is_ok_and(|document| document.pointer(pointer).and_then(Value::as_str) == Some(text))
    };
    let other: String = placeholder.chars().rev().collect();
    is_there(document, placeholder) && is_there(&document.replacen(placeholder, &other, 1), &other)
}

/// Bytes with a secret in the place of its placeholder. They are overwritten when nobody has them any
/// more.
pub(super) fn filled(bytes: &[u8], placeholder: &str, written: &Secret) -> Bytes {
    let written = written.expose().as_bytes();
    let Some(start) = memmem::find(bytes, placeholder.as_bytes()) else {
        return Bytes::copy_from_slice(bytes);
    };
    let end = start + placeholder.len();
    // Its room is taken before the secret is in it, so that no copy is left behind.
    let mut filled = Zeroizing::new(Vec::with_capacity(bytes.len() + written.len()));
    filled.extend_from_slice(bytes.get(..start).unwrap_or_default());
    filled.extend_from_slice(written);
    filled.extend_from_slice(bytes.get(end..).unwrap_or_default());
    Bytes::from_owner(filled)
}

/// As a value of a query or a form: everything but letters, digits, `-`, `.`, `_` and `~` as `%` and
/// two digits.
fn percent_encoded(value: &Secret) -> Secret {
    let value = value.expose();
    // Room for all of it, so that no copy is left behind.
    let mut encoded = String::with_capacity(3 * value.len());
    encoded.extend(utf8_percent_encode(value, URL_ENCODED));
    Secret::new(encoded)
}

/// As it stands between the quotes of a text in JSON. It is one line, so that nothing else has to be
/// escaped.
fn escaped(value: &Secret) -> Secret {
    let value = value.expose();
    let mut escaped = String::with_capacity(2 * value.len());
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    Secret::new(escaped)
}
