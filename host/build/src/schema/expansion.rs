//! How much work one value is for a schema. References and combinations can be nested so that a
//! short schema asks for billions of steps, or for endless ones.

use std::collections::HashMap;

use serde_json::Value;

use super::SchemaError;

/// The most subschemas that are tried on one value.
pub const SUBSCHEMAS_MAX: u64 = 10_000;

/// Counts, for each subschema, how many are tried on the same value with it.
pub(super) struct Expansion<'a> {
    root: &'a Value,
    /// By the place in memory, which is one for each subschema. None while it is being counted.
    counted: HashMap<*const Value, Option<u64>>,
}

impl<'a> Expansion<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self {
            root,
            counted: HashMap::new(),
        }
    }

    /// Checks a schema and everything in it. What is data and not schema is counted too: it costs
    /// little, and hides nothing.
    pub(super) fn check(&mut self, value: &'a Value) -> Result<(), SchemaError> {
        match value {
            Value::Object(object) => {
                self.count(value)?;
                object.values().try_for_each(|value| self.check(value))
            }
            Value::Array(items) => items.iter().try_for_each(|item| self.check(item)),
            _ => Ok(()),
        }
    }

    fn count(&mut self, schema: &'a Value) -> Result<u64, SchemaError> {
        let place = std::ptr::from_ref(schema);
        match self.counted.get(&place) {
            Some(Some(count)) => return Ok(*count),
            Some(None) => return Err(SchemaError::Endless),
            None => {}
        }
        self.counted.insert(place, None);
        let mut count = 1_u64;
        for next in self.in_place(schema)? {
            count = count.saturating_add(self.count(next)?);
            if count > SUBSCHEMAS_MAX {
                return Err(SchemaError::TooMuchWork);
            }
        }
        self.counted.insert(place, Some(count));
        Ok(count)
    }

    /// The subschemas that are tried on the same value, not on a part of it.
    fn in_place(&self, schema: &'a Value) -> Result<Vec<&'a Value>, SchemaError> {
        let Some(object) = schema.as_object() else {
            return Ok(Vec::new());
        };
        let mut next = Vec::new();
        for (keyword, value) in object {
            match (keyword.as_str(), value) {
                ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => next.extend(schemas),
                ("not" | "if" | "then" | "else", schema) => next.push(schema),
                ("dependentSchemas" | "dependencies", Value::Object(schemas)) => {
                    next.extend(schemas.values());
                }
                ("$ref", Value::String(target)) => next.push(self.resolve(target)?),
                _ => {}
            }
        }
        Ok(next)
    }

    fn resolve(&self, target: &str) -> Result<&'a Value, SchemaError> {
        target
            .strip_prefix('#')
            .and_then(decoded)
            .and_then(|pointer| self.root.pointer(&pointer))
            .ok_or_else(|| SchemaError::NoSuchReference {
                target: target.to_owned(),
            })
    }
}

/// A fragment of an address without its `%` escapes.
fn decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
