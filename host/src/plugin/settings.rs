use holdpoint_build::{Manifest, SchemaError, SettingsSchema, nearest};
use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::model::Text;

/// The most problems of one plugin's settings that are told.
pub const SETTINGS_PROBLEMS_MAX: usize = 20;
/// The longest value that is shown whole, in characters.
const SHOWN_CHARACTERS_MAX: usize = 60;

/// Why settings do not fit a plugin.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The plugin's schema cannot be used.
    #[error("the plugin's settings schema cannot be used")]
    Schema(#[from] SchemaError),
    /// They do not fit the schema.
    #[error("the settings do not fit: {}", list(problems))]
    Problems {
        /// What does not fit, at most [`SETTINGS_PROBLEMS_MAX`].
        problems: Vec<SettingsProblem>,
    },
}

/// One thing in settings that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsProblem {
    /// JSON pointer into the settings; empty for the settings as a whole.
    pub pointer: Text,
    /// What was expected and what was found.
    pub message: Text,
    /// The known key that an unknown one was probably meant to be.
    pub nearest: Option<Text>,
}

/// Holds settings against the schema in a plugin's manifest.
///
/// # Errors
///
/// Everything that does not fit, up to a bound, or that the schema cannot be used.
pub fn check_settings(manifest: &Manifest, settings: &Value) -> Result<(), SettingsError> {
    let schema = SettingsSchema::new(&manifest.settings)?;
    let problems: Vec<SettingsProblem> = schema
        .validator()
        .iter_errors(settings)
        .flat_map(|error| problems_of(&error, &manifest.settings))
        .take(SETTINGS_PROBLEMS_MAX)
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(SettingsError::Problems { problems })
    }
}

fn problems_of(error: &ValidationError<'_>, schema: &Value) -> Vec<SettingsProblem> {
    let found = shown(error.instance());
    let problem = |message: String| SettingsProblem {
        pointer: Text::from(error.instance_path().to_string()),
        message: Text::from(message),
        nearest: None,
    };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = known_keys(schema, &error.schema_path().to_string());
            unexpected
                .iter()
                .map(|key| SettingsProblem {
                    nearest: nearest(key, known.iter().map(String::as_str)).map(Text::from),
                    ..problem(format!("the key `{key}` is not known"))
                })
                .collect()
        }
        ValidationErrorKind::Type { kind } => {
            let expected = match kind {
                TypeKind::Single(one) => one.to_string(),
                TypeKind::Multiple(several) => {
                    let names: Vec<String> = several.iter().map(|one| one.to_string()).collect();
                    names.join(" or ")
                }
            };
            vec![problem(format!("expected {expected}, found {found}"))]
        }
        ValidationErrorKind::Enum { options } => {
            vec![problem(format!(
                "expected one of {}, found {found}",
                shown(options)
            ))]
        }
        ValidationErrorKind::Required { property } => {
            vec![problem(format!("the key {property} is missing"))]
        }
        _ => vec![problem(error.to_string())],
    }
}

/// The keys of the object schema whose `additionalProperties` is at `path`.
fn known_keys(schema: &Value, path: &str) -> Vec<String> {
    path.strip_suffix("/additionalProperties")
        .and_then(|path| schema.pointer(path))
        .and_then(|object| object.get("properties"))
        .and_then(Value::as_object)
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default()
}

fn shown(value: &Value) -> String {
    Text::from(value.to_string())
        .shortened(SHOWN_CHARACTERS_MAX)
        .raw()
        .to_owned()
}

/// Every problem in one line.
fn list(problems: &[SettingsProblem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| {
            let place = if problem.pointer.is_empty() {
                String::new()
            } else {
                format!("{}: ", problem.pointer.terminal())
            };
            let hint = problem
                .nearest
                .as_ref()
                .map(|nearest| format!(" (did you mean `{}`?)", nearest.terminal()))
                .unwrap_or_default();
            format!("{place}{}{hint}", problem.message.terminal())
        })
        .collect();
    lines.join("; ")
}
