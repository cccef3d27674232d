use std::ops::Range;
use std::sync::{Arc, LazyLock};

use holdpoint_build::nearest;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::Trust;
use super::file::File;

use super::problem::{ConfigurationError, FILE_BYTES_MAX, Problem};
use super::source::{Origin, Site, Source};
use crate::model::{Digest, Text};

/// The JSON Schema of a pipeline file, made from the types that it is read into.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| schemars::schema_for!(File).to_value());

/// The JSON Schema (draft 2020-12) of a pipeline file.
#[must_use]
pub fn schema() -> &'static Value {
    &SCHEMA
}

/// Makes a source of bytes that were read.
///
/// # Errors
///
/// When they are more than [`FILE_BYTES_MAX`], are not UTF-8, start with a byte order mark, or are
/// nothing at all.
pub fn source(
    origin: Origin,
    name: Text,
    bytes: Vec<u8>,
    trust: Trust,
) -> Result<Arc<Source>, ConfigurationError> {
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= FILE_BYTES_MAX);
    if !fits {
        return Err(ConfigurationError::new(Problem::TooLarge(name)));
    }
    let digest = Digest::of(&bytes);
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            return Err(ConfigurationError::new(Problem::NotUtf8 { name, offset }));
        }
    };
    if text.starts_with('\u{feff}') {
        return Err(ConfigurationError::new(Problem::ByteOrderMark(name)));
    }
    if text.trim().is_empty() {
        return Err(ConfigurationError::new(Problem::Empty(name)));
    }
    Ok(Arc::new(Source {
        origin,
        name,
        text,
        digest,
        trust,
    }))
}

/// Reads a pipeline file into its types.
///
/// # Errors
///
/// When it is not TOML, has a key that does not exist, lacks one that must be there, or has a value
/// of the wrong form.
pub fn parse(source: &Arc<Source>) -> Result<File, ConfigurationError> {
    let at = |span: Option<Range<usize>>, problem| {
        ConfigurationError::at(problem, Site::new(source, &span.unwrap_or(0..0)))
    };
    let document = DeTable::parse(&source.text).map_err(|error| {
        let message = Text::from(error.message());
        at(error.span(), Problem::Syntax(message))
    })?;
    let keys = Keys {
        source,
        root: schema(),
    };
    keys.table(
        document.get_ref(),
        &document.span(),
        schema(),
        "the pipeline file",
    )?;
    toml::from_str(&source.text).map_err(|error| {
        let message = Text::from(error.message());
        at(error.span(), Problem::Value(message))
    })
}

/// Holds the keys of a document against the schema, which is made from the same types. Values are
/// left to the types themselves.
struct Keys<'a> {
    source: &'a Arc<Source>,
    root: &'a Value,
}

impl<'a> Keys<'a> {
    fn table(
        &self,
        table: &DeTable<'_>,
        span: &Range<usize>,
        schema: &'a Value,
        name: &str,
    ) -> Result<(), ConfigurationError> {
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        for (key, value) in table {
            let known = properties.and_then(|known| known.get(key.get_ref().as_ref()));
            let inside = match (known, others) {
                (Some(property), _) => property,
                (None, Some(Value::Bool(false))) => {
                    return Err(self.unknown(key.get_ref(), &key.span(), properties, name));
                }
                (None, Some(other)) => other,
                (None, None) => continue,
            };
            let label = label(name, key.get_ref());
            self.value(value.get_ref(), &value.span(), inside, &label)?;
        }
        let required = schema.get("required").and_then(Value::as_array);
        for key in required.into_iter().flatten().filter_map(Value::as_str) {
            if table.keys().all(|present| present.get_ref() != key) {
                let meaning = properties
                    .and_then(|properties| properties.get(key))
                    .map(|property| self.meaning(property))
                    .unwrap_or_default();
                let problem = Problem::MissingKey {
                    key: key.to_owned(),
                    table: name.to_owned(),
                    meaning,
                };
                return Err(ConfigurationError::at(
                    problem,
                    Site::new(self.source, span),
                ));
            }
        }
        Ok(())
    }

    fn value(
        &self,
        value: &DeValue<'_>,
        span: &Range<usize>,
        schema: &'a Value,
        name: &str,
    ) -> Result<(), ConfigurationError> {
        match value {
            DeValue::Table(table) => match self.branch(schema, "object") {
                Some(schema) => self.table(table, span, schema, name),
                None => Ok(()),
            },
            DeValue::Array(items) => {
                let inside = self
                    .branch(schema, "array")
                    .and_then(|schema| schema.get("items"));
                match inside {
                    Some(inside) => items.iter().try_for_each(|item| {
                        self.value(item.get_ref(), &item.span(), inside, name)
                    }),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The part of a schema that is about values of a type: references followed, alternatives
    /// searched.
    fn branch(&self, schema: &'a Value, wanted: &str) -> Option<&'a Value> {
        if let Some(target) = self.target(schema) {
            return self.branch(target, wanted);
        }
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            return branches
                .iter()
                .find_map(|branch| self.branch(branch, wanted));
        }
        let is_of_type = match schema.get("type")? {
            Value::Array(types) => types.iter().any(|name| name == wanted),
            name => name == wanted,
        };
        is_of_type.then_some(schema)
    }

    fn target(&self, schema: &'a Value) -> Option<&'a Value> {
        let pointer = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        self.root.pointer(pointer)
    }

    fn meaning(&self, property: &'a Value) -> String {
        property
            .get("description")
            .or_else(|| self.target(property)?.get("description"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .replace('\n', " ")
    }

    fn unknown(
        &self,
        key: &str,
        span: &Range<usize>,
        properties: Option<&serde_json::Map<String, Value>>,
        name: &str,
    ) -> ConfigurationError {
        let known: Vec<String> = properties
            .map(|properties| properties.keys().cloned().collect())
            .unwrap_or_default();
        let problem = Problem::UnknownKey {
            key: Text::from(key),
            table: name.to_owned(),
            nearest: nearest(key, known.iter().map(String::as_str)).map(str::to_owned),
            known,
        };
        ConfigurationError::at(problem, Site::new(self.source, span))
    }
}

/// What a table is called in words: `[release]`, `[plugins.ticket]`, a `[[stages]]` table.
fn label(parent: &str, key: &str) -> String {
    let key = Text::from(key).terminal().to_string();
    match parent
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
    {
        Some(name) => format!("[{name}.{key}]"),
        None => format!("[{key}]"),
    }
}

/// Where a value of the file stands, by the keys and numbers that lead to it: the whole way when
/// it is there, else as far as it goes.
pub(super) fn locate(source: &Source, way: &[&str]) -> Option<Range<usize>> {
    let document = DeTable::parse(&source.text).ok()?;
    let (first, rest) = way.split_first()?;
    let mut place = document.get_ref().get(*first)?;
    for step in rest {
        let next = match place.get_ref() {
            DeValue::Table(table) => table.get(*step),
            DeValue::Array(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
            _ => None,
        };
        match next {
            Some(next) => place = next,
            None => break,
        }
    }
    Some(place.span())
}
