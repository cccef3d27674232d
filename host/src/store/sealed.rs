//! How values stand in a column: as JSON beside its digest, so that what the disk or somebody else
//! made of it is noticed. Neither database does that by itself.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::connection::Row;
use crate::model::Digest;

/// Bytes of one line of the journal, one message or one signed statement. A decision about a stage
/// with thousands of calls takes a few MiB; what is larger is a document.
pub const TEXT_BYTES_MAX: u64 = 16 << 20;

/// A value as JSON, and its digest.
pub(super) fn sealed(
    what: &'static str,
    value: &impl Serialize,
) -> Result<(String, String), StoreError> {
    let text = written(what, value)?;
    let seal = Digest::of(text.as_bytes()).hex();
    Ok((text, seal))
}

/// A value as JSON.
pub(super) fn written(what: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    // Only types of the model are written here, whose JSON cannot fail.
    let text = serde_json::to_string(value).map_err(|error| StoreError::Statement {
        place: "the store".to_owned(),
        why: format!("{what} cannot be written: {error}"),
    })?;
    bounded(what, text.len())?;
    Ok(text)
}

/// Refuses what is too large.
pub(super) fn bounded(what: &'static str, bytes: usize) -> Result<(), StoreError> {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    if bytes > TEXT_BYTES_MAX {
        return Err(StoreError::TooLarge {
            what,
            bytes,
            bytes_max: TEXT_BYTES_MAX,
        });
    }
    Ok(())
}

/// The value of a column whose digest stands in another one.
pub(super) fn opened<T: DeserializeOwned>(
    row: &Row,
    text: usize,
    seal: usize,
    what: &str,
) -> Result<T, StoreError> {
    let text = row.text(text)?;
    if Digest::of(text.as_bytes()).hex() != row.text(seal)? {
        return Err(row.corrupt(format!("{what} is not what was written")));
    }
    serde_json::from_str(&text)
        .map_err(|error| row.corrupt(format!("{what} cannot be read: {error}")))
}

/// Text from outside for a column of its own. `PostgreSQL` takes every character but one.
pub(super) fn column(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\0', "\\0")
}

/// The text that stands in such a column.
pub(super) fn of_column(column: &str) -> String {
    let mut text = String::with_capacity(column.len());
    let mut characters = column.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.next() == Some('0') => text.push('\0'),
            character => text.push(character),
        }
    }
    text
}
