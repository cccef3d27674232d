mod expansion;

use jsonschema::{Draft, PatternOptions, ValidationOptions, Validator};
use serde_json::Value;

use expansion::Expansion;
pub use expansion::SUBSCHEMAS_MAX;

/// The largest settings schema, in bytes of JSON.
pub const SCHEMA_BYTES_MAX: usize = 256 << 10;
/// The deepest nesting of a settings schema.
pub const SCHEMA_DEPTH_MAX: usize = 64;
/// The most memory that one compiled pattern of a schema may take, in bytes.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;

/// A settings schema that was checked: it reaches nothing outside itself, and holding settings
/// against it takes time linear in them.
#[derive(Debug)]
pub struct SettingsSchema {
    validator: Validator,
}

/// Why a settings schema is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// It is neither an object nor a boolean.
    #[error("the settings schema is not an object")]
    NotAnObject,
    /// It is too large.
    #[error("the settings schema has {bytes} bytes, at most {SCHEMA_BYTES_MAX} are allowed")]
    TooLarge {
        /// Its size as JSON.
        bytes: usize,
    },
    /// It is nested too deeply.
    #[error("the settings schema is nested more than {SCHEMA_DEPTH_MAX} deep")]
    TooDeep,
    /// It refers to something outside itself.
    #[error(
        "the settings schema refers to {target:?} at {pointer:?}: only references within the \
         schema, which start with `#`, are allowed"
    )]
    RemoteReference {
        /// JSON pointer of the reference.
        pointer: String,
        /// What it refers to.
        target: String,
    },
    /// It refers to something that is not there.
    #[error(
        "the settings schema refers to {target:?}, which is not in it: references are JSON pointers \
         such as `#/$defs/name`"
    )]
    NoSuchReference {
        /// What it refers to.
        target: String,
    },
    /// A reference leads back to itself without going into the value.
    #[error("the settings schema has a reference that leads back to itself")]
    Endless,
    /// One value is too much work.
    #[error("the settings schema tries more than {SUBSCHEMAS_MAX} subschemas on one value")]
    TooMuchWork,
    /// It names another draft.
    #[error("the settings schema is of {found:?}, only JSON Schema draft 2020-12 is allowed")]
    WrongDraft {
        /// What it names.
        found: String,
    },
    /// A pattern cannot be matched in linear time, or takes too much memory.
    #[error(
        "the pattern {pattern:?} at {pointer:?} of the settings schema is refused: patterns have \
         neither look-around nor back-references, and take at most {PATTERN_BYTES_MAX} bytes"
    )]
    Pattern {
        /// JSON pointer of the pattern.
        pointer: String,
        /// The pattern.
        pattern: String,
    },
    /// It is not a schema.
    #[error("the settings schema is not valid at {pointer:?}: {reason}")]
    Invalid {
        /// JSON pointer of what is wrong.
        pointer: String,
        /// What is wrong.
        reason: String,
    },
}

impl SettingsSchema {
    /// Checks and compiles a schema. Nothing outside it is read.
    ///
    /// # Errors
    ///
    /// When it is too large, refers to something outside itself, has a pattern that cannot be
    /// matched in linear time, or is not a JSON Schema of draft 2020-12.
    pub fn new(schema: &Value) -> Result<Self, SchemaError> {
        if !schema.is_object() {
            return Err(SchemaError::NotAnObject);
        }
        let bytes = schema.to_string().len();
        if bytes > SCHEMA_BYTES_MAX {
            return Err(SchemaError::TooLarge { bytes });
        }
        check_value(schema, "", 0)?;
        Expansion::new(schema).check(schema)?;
        jsonschema::draft202012::meta::validate(schema).map_err(|error| invalid(&error))?;
        let validator = options().build(schema).map_err(|error| invalid(&error))?;
        Ok(Self { validator })
    }

    /// The compiled schema.
    #[must_use]
    pub fn validator(&self) -> &Validator {
        &self.validator
    }
}

fn options<'a>() -> ValidationOptions<'a> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES_MAX))
}

fn invalid(error: &jsonschema::ValidationError<'_>) -> SchemaError {
    SchemaError::Invalid {
        pointer: error.instance_path().to_string(),
        reason: error.to_string(),
    }
}

/// Walks everything, data in `enum`, `const` and `default` too: what looks like a reference is held
/// to be one.
fn check_value(value: &Value, pointer: &str, depth: usize) -> Result<(), SchemaError> {
    if depth > SCHEMA_DEPTH_MAX {
        return Err(SchemaError::TooDeep);
    }
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                check_keyword(key, value, &pointer)?;
                check_value(value, &pointer, depth + 1)?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| {
            check_value(item, &format!("{pointer}/{index}"), depth + 1)
        }),
        _ => Ok(()),
    }
}

fn check_keyword(key: &str, value: &Value, pointer: &str) -> Result<(), SchemaError> {
    match (key, value) {
        ("$ref", Value::String(target)) if target.starts_with('#') => Ok(()),
        ("$ref" | "$dynamicRef" | "$recursiveRef" | "$id", Value::String(target)) => {
            Err(SchemaError::RemoteReference {
                pointer: pointer.to_owned(),
                target: target.clone(),
            })
        }
        ("$schema", Value::String(draft)) => {
            if draft.trim_end_matches('#') == "https://json-schema.org/draft/2020-12/schema" {
                Ok(())
            } else {
                Err(SchemaError::WrongDraft {
                    found: draft.clone(),
                })
            }
        }
        ("pattern", Value::String(pattern)) => check_pattern(pattern, pointer),
        ("patternProperties", Value::Object(patterns)) => patterns
            .keys()
            .try_for_each(|pattern| check_pattern(pattern, pointer)),
        _ => Ok(()),
    }
}

fn check_pattern(pattern: &str, pointer: &str) -> Result<(), SchemaError> {
    let schema = serde_json::json!({ "pattern": pattern });
    match options().build(&schema) {
        Ok(_) => Ok(()),
        Err(_) => Err(SchemaError::Pattern {
            pointer: pointer.to_owned(),
            pattern: pattern.to_owned(),
        }),
    }
}
