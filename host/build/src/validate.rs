use std::collections::BTreeSet;
use std::fmt;

use crate::{Kind, Manifest, SchemaError, SettingsSchema};

/// The most rules of one plugin.
pub const RULES_MAX: usize = 256;
/// The most authors of one plugin.
pub const AUTHORS_MAX: usize = 64;
/// The longest name of a plugin or id of a rule, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// The longest text of a manifest, in bytes.
pub const TEXT_BYTES_MAX: usize = 4096;

/// What is wrong with a manifest, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` {problem}")]
pub struct ManifestError {
    /// Where: `name`, `rules[2].id`, `capabilities.http`.
    pub key: String,
    /// What.
    #[source]
    pub problem: Problem,
}

/// What is wrong with one value of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A name is not kebab-case.
    #[error(
        "is {0:?}, expected kebab-case: lower-case letters, digits and single hyphens, a letter first"
    )]
    NotKebabCase(String),
    /// A name is there twice.
    #[error("is {0:?}, which is already there")]
    Duplicate(String),
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// A policy plugin has no rules.
    #[error("is empty, and a policy plugin has at least one rule")]
    NoRules,
    /// A text is too long.
    #[error("has {bytes} bytes, at most {bytes_max} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// A list is too long.
    #[error("has {count} entries, at most {count_max} are allowed")]
    TooMany {
        /// Its length.
        count: usize,
        /// The bound.
        count_max: usize,
    },
    /// The settings schema is refused.
    #[error("is refused: {0}")]
    Schema(SchemaError),
}

impl Manifest {
    /// Holds the manifest to its rules: names in kebab-case, nothing twice, everything bounded, a
    /// kind at least, a rule at least for a policy plugin, and a settings schema that can be used.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), ManifestError> {
        name("name", &self.name)?;
        text("description", &self.description)?;
        text("license", &self.license)?;
        count("authors", self.authors.len(), AUTHORS_MAX)?;
        for (index, author) in self.authors.iter().enumerate() {
            text(format_args!("authors[{index}]"), author)?;
        }
        self.validate_kinds()?;
        self.validate_rules()?;
        let mut seen = BTreeSet::new();
        for request in &self.capabilities {
            let key = format!("capabilities.{}", request.capability);
            if !seen.insert(request.capability) {
                return fail(key, Problem::Duplicate(request.capability.to_string()));
            }
            text(key, &request.reason)?;
        }
        match SettingsSchema::new(&self.settings) {
            Ok(_) => Ok(()),
            Err(error) => fail("settings", Problem::Schema(error)),
        }
    }

    fn validate_kinds(&self) -> Result<(), ManifestError> {
        if self.kinds.is_empty() {
            return fail("kinds", Problem::Empty);
        }
        let mut seen = BTreeSet::new();
        for (index, kind) in self.kinds.iter().enumerate() {
            if !seen.insert(kind) {
                let problem = Problem::Duplicate(kind.to_string());
                return fail(format_args!("kinds[{index}]"), problem);
            }
        }
        Ok(())
    }

    fn validate_rules(&self) -> Result<(), ManifestError> {
        if self.rules.is_empty() && self.kinds.contains(&Kind::Policy) {
            return fail("rules", Problem::NoRules);
        }
        count("rules", self.rules.len(), RULES_MAX)?;
        let mut seen = BTreeSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let key = format!("rules[{index}].id");
            name(&key, &rule.id)?;
            if !seen.insert(&rule.id) {
                return fail(key, Problem::Duplicate(rule.id.clone()));
            }
            text(format_args!("rules[{index}].title"), &rule.title)?;
            text(format_args!("rules[{index}].help"), &rule.help)?;
        }
        Ok(())
    }
}

fn fail(key: impl fmt::Display, problem: Problem) -> Result<(), ManifestError> {
    Err(ManifestError {
        key: key.to_string(),
        problem,
    })
}

fn count(key: &str, count: usize, count_max: usize) -> Result<(), ManifestError> {
    if count > count_max {
        return fail(key, Problem::TooMany { count, count_max });
    }
    Ok(())
}

fn text(key: impl fmt::Display, text: &str) -> Result<(), ManifestError> {
    if text.trim().is_empty() {
        return fail(key, Problem::Empty);
    }
    bounded(key, text, TEXT_BYTES_MAX)
}

/// Holds a name against what a plugin may be called.
///
/// # Errors
///
/// When it is not kebab-case or too long.
pub fn check_plugin_name(plugin: &str) -> Result<(), ManifestError> {
    name("name", plugin)
}

fn name(key: &str, name: &str) -> Result<(), ManifestError> {
    bounded(key, name, NAME_BYTES_MAX)?;
    let is_kebab_case = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
    if is_kebab_case {
        Ok(())
    } else {
        fail(key, Problem::NotKebabCase(name.to_owned()))
    }
}

fn bounded(key: impl fmt::Display, text: &str, bytes_max: usize) -> Result<(), ManifestError> {
    let bytes = text.len();
    if bytes > bytes_max {
        return fail(key, Problem::TooLong { bytes, bytes_max });
    }
    Ok(())
}

/// The known name that an unknown one was probably meant to be; none when nothing is close.
///
/// ```
/// assert_eq!(holdpoint_build::nearest("licence", ["name", "license"]), Some("license"));
/// assert_eq!(holdpoint_build::nearest("colour", ["name", "license"]), None);
/// ```
pub fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(unknown, known), known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min()
        .map(|(_, known)| known)
}
