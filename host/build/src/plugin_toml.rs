use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use semver::Version;
use serde::Deserialize;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::{
    API_VERSION, Capability, CapabilityRequest, Kind, Manifest, ManifestError, Rule, nearest,
};

/// The largest `plugin.toml`, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

const KEYS: [&str; 11] = [
    "name",
    "version",
    "description",
    "license",
    "authors",
    "kinds",
    "rules",
    "capabilities",
    "settings",
    "language",
    "target",
];
const RULE_KEYS: [&str; 4] = ["id", "title", "severity", "help"];

/// What an author writes about a plugin: everything in the manifest but what the build finds out.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginToml {
    /// Kebab-case name.
    pub name: String,
    /// Version of the plugin.
    pub version: Version,
    /// What it does, in a sentence.
    pub description: String,
    /// SPDX expression.
    pub license: String,
    /// Who wrote it.
    #[serde(default)]
    pub authors: Vec<String>,
    /// What it is.
    pub kinds: Vec<Kind>,
    /// What it can find.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What it asks for, each with a reason.
    #[serde(default)]
    pub capabilities: BTreeMap<Capability, String>,
    /// A file with the JSON Schema of its settings, relative to the folder; none where the schema
    /// comes from the Rust type.
    pub settings: Option<PathBuf>,
    /// What it is written in.
    #[serde(default)]
    pub language: Language,
    /// What it is compiled for, if it is written in Rust.
    pub target: Option<Target>,
}

/// What a plugin is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Rust, with the kit of this repository.
    #[default]
    Rust,
    /// JavaScript: the functions stand in `plugin.js`.
    JavaScript,
    /// Python: the functions stand in `plugin.py`.
    Python,
}

impl std::fmt::Display for Language {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Rust => "rust",
            Self::JavaScript => "javascript",
            Self::Python => "python",
        })
    }
}

/// What a plugin is compiled for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Target {
    /// A core module with no import but those of the contract, made a component by the build.
    #[default]
    #[serde(rename = "wasm32-unknown-unknown")]
    Unknown,
    /// A component of the compiler's own making, with virtual WASI.
    #[serde(rename = "wasm32-wasip2")]
    WasiP2,
}

impl Target {
    /// The name of the target, as the compiler knows it.
    #[must_use]
    pub fn triple(self) -> &'static str {
        match self {
            Self::Unknown => "wasm32-unknown-unknown",
            Self::WasiP2 => "wasm32-wasip2",
        }
    }
}

/// Why a `plugin.toml` is refused.
#[derive(Debug, thiserror::Error)]
pub enum PluginTomlError {
    /// It cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is too large.
    #[error("{} has {bytes} bytes, at most {FILE_BYTES_MAX} are allowed", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It is not TOML, or a value is not of its type.
    #[error("{}:{line}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What was expected.
        reason: String,
    },
    /// It has a key that is not known.
    #[error("{}:{line}: unknown key {key:?}", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The key.
        key: String,
        /// The known key that was probably meant.
        nearest: Option<&'static str>,
        /// The keys that are known there.
        known: Vec<&'static str>,
    },
    /// A value breaks a rule of the manifest.
    #[error("{}:{line}: {source}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        source: ManifestError,
    },
}

impl PluginTomlError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Read { .. } => {
                "name a folder that has a plugin.toml beside its Cargo.toml".to_owned()
            }
            Self::UnknownKey {
                nearest: Some(nearest),
                ..
            } => format!("did you mean `{nearest}`?"),
            Self::UnknownKey { known, .. } => format!("known here: {}", known.join(", ")),
            Self::TooLarge { .. } | Self::Malformed { .. } | Self::Invalid { .. } => {
                "correct that line".to_owned()
            }
        }
    }
}

impl PluginToml {
    /// Reads the `plugin.toml` of a folder.
    ///
    /// # Errors
    ///
    /// With file and line, when it cannot be read, is not TOML, or has an unknown key or a value of
    /// another type.
    pub fn read(folder: &Path) -> Result<Self, PluginTomlError> {
        let path = folder.join("plugin.toml");
        let text = read_text(&path)?;
        Self::parse(&path, &text)
    }

    /// Parses a `plugin.toml`; the path is for errors only.
    ///
    /// # Errors
    ///
    /// Like [`PluginToml::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, PluginTomlError> {
        let malformed = |error: &toml::de::Error| PluginTomlError::Malformed {
            path: path.to_owned(),
            line: line_of(text, error.span()),
            reason: error.message().to_owned(),
        };
        let table = DeTable::parse(text).map_err(|error| malformed(&error))?;
        let capabilities = Capability::ALL.map(Capability::name);
        check_keys(path, text, table.get_ref(), &KEYS)?;
        for (key, value) in table.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("rules", DeValue::Array(rules)) => {
                    for rule in rules {
                        if let DeValue::Table(rule) = rule.get_ref() {
                            check_keys(path, text, rule, &RULE_KEYS)?;
                        }
                    }
                }
                ("capabilities", DeValue::Table(table)) => {
                    check_keys(path, text, table, &capabilities)?;
                }
                _ => {}
            }
        }
        let plugin_toml: Self = toml::from_str(text).map_err(|error| malformed(&error))?;
        if plugin_toml.target.is_some() && plugin_toml.language != Language::Rust {
            return Err(PluginTomlError::Malformed {
                path: path.to_owned(),
                line: line_of_key(text, "target"),
                reason: format!(
                    "`target` is for plugins in Rust, and this one is in {}",
                    plugin_toml.language
                ),
            });
        }
        Ok(plugin_toml)
    }

    /// The manifest, with what the build found out. It is held to its rules.
    ///
    /// # Errors
    ///
    /// With file and line, when something breaks a rule.
    pub fn into_manifest(
        self,
        folder: &Path,
        settings: Value,
    ) -> Result<Manifest, PluginTomlError> {
        let manifest = Manifest {
            name: self.name,
            version: self.version,
            api: API_VERSION,
            description: self.description,
            kinds: self.kinds,
            license: self.license,
            authors: self.authors,
            rules: self.rules,
            settings,
            capabilities: self
                .capabilities
                .into_iter()
                .map(|(capability, reason)| CapabilityRequest { capability, reason })
                .collect(),
        };
        manifest.validate().map_err(|source| {
            let path = folder.join("plugin.toml");
            let line = read_text(&path).map_or(1, |text| line_of_key(&text, &source.key));
            PluginTomlError::Invalid { path, line, source }
        })?;
        Ok(manifest)
    }
}

fn read_text(path: &Path) -> Result<String, PluginTomlError> {
    let read = |source| PluginTomlError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = fs::metadata(path).map_err(read)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(PluginTomlError::TooLarge {
            path: path.to_owned(),
            bytes,
        });
    }
    fs::read_to_string(path).map_err(read)
}

fn check_keys(
    path: &Path,
    text: &str,
    table: &DeTable<'_>,
    known: &[&'static str],
) -> Result<(), PluginTomlError> {
    for key in table.keys() {
        let name = key.get_ref().as_ref();
        if !known.contains(&name) {
            return Err(PluginTomlError::UnknownKey {
                path: path.to_owned(),
                line: line_of(text, Some(key.span())),
                key: name.to_owned(),
                nearest: nearest(name, known.iter().copied()),
                known: known.to_vec(),
            });
        }
    }
    Ok(())
}

/// The line, counted from 1, that a span starts in.
fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start);
    1 + text
        .bytes()
        .take(start)
        .filter(|byte| *byte == b'\n')
        .count()
}

/// The line of a key such as `rules[2].id`; the first line where there is no such key.
fn line_of_key(text: &str, key: &str) -> usize {
    let Ok(table) = DeTable::parse(text) else {
        return 1;
    };
    let mut span = table.span();
    let mut value = DeValue::Table(table.into_inner());
    for step in key.split(['.', '[']) {
        let next = match (step.strip_suffix(']'), &value) {
            (Some(index), DeValue::Array(items)) => {
                index.parse().ok().and_then(|index: usize| items.get(index))
            }
            (None, DeValue::Table(table)) => table.get(step),
            _ => None,
        };
        let Some(next) = next else { break };
        span = next.span();
        value = next.get_ref().clone();
    }
    line_of(text, Some(span))
}
