use std::collections::BTreeMap;

use holdpoint_sdk::Fault;

/// What an operator can set. `settings.schema.json` says the same.
#[holdpoint_sdk::settings]
#[serde(default)]
pub struct Settings {
    /// Texts of policies, by their names.
    pub policies: Texts,
    /// Texts of documents that policies find below `data`, by their names.
    pub data: Texts,
    /// The packages whose rules count.
    pub namespaces: Vec<String>,
    /// The version of Rego that the policies are written in.
    pub rego_version: RegoVersion,
    /// The files of the judged commit that are judged; without any, the release itself is.
    pub inputs: Vec<String>,
    /// What all of these files are; without it, the end of a name says so.
    pub parser: Option<Parser>,
    /// Whether the files are judged all at once.
    pub combine: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policies: Texts::default(),
            data: Texts::default(),
            namespaces: vec!["main".to_owned()],
            rego_version: RegoVersion::V1,
            inputs: Vec::new(),
            parser: None,
            combine: false,
        }
    }
}

impl Settings {
    /// Who says how files are judged believes that some are.
    pub(crate) fn refuse_what_is_for_files(&self) -> Result<(), Fault> {
        let set = match (self.combine, self.parser) {
            (true, _) => "combine",
            (false, Some(_)) => "parser",
            (false, None) => return Ok(()),
        };
        Err(Fault::settings(format!(
            "`{set}` is set and `inputs` is not, so that no file would be judged, but the release: name files in `inputs`, or leave `{set}` out"
        )))
    }
}

/// Texts of files, as `settings-files` gives them.
#[holdpoint_sdk::settings]
#[serde(untagged)]
pub enum Texts {
    /// Of one file.
    One(String),
    /// Of files whose names are not known.
    Several(Vec<String>),
    /// Of files below a folder, by their paths.
    Named(BTreeMap<String, String>),
}

impl Default for Texts {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Texts {
    /// The texts with their names. Of those that have one, only those with one of the endings.
    pub(crate) fn named(&self, what: &str, endings: &[&str]) -> Vec<(String, &str)> {
        match self {
            Self::One(text) => vec![(what.to_owned(), text)],
            Self::Several(texts) => (1..)
                .zip(texts)
                .map(|(number, text)| (format!("{what} {number}"), text.as_str()))
                .collect(),
            Self::Named(texts) => texts
                .iter()
                .filter(|(name, _)| endings.iter().any(|ending| name.ends_with(ending)))
                .map(|(name, text)| (name.clone(), text.as_str()))
                .collect(),
        }
    }
}

/// A version of Rego.
#[holdpoint_sdk::settings]
#[derive(Copy, PartialEq, Eq)]
pub enum RegoVersion {
    /// Before OPA 1.0: `if` and `contains` need an import.
    V0,
    /// Since OPA 1.0.
    V1,
}

/// What a file is.
#[holdpoint_sdk::settings]
#[derive(Copy, PartialEq, Eq)]
pub enum Parser {
    /// JSON: one document.
    Json,
    /// TOML: one document.
    Toml,
    /// YAML: one document or several.
    Yaml,
}
