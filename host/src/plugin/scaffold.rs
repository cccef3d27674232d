//! The folder that a new plugin begins with: one example for each kind, which builds, passes its
//! tests, and can be read in a minute.

use std::collections::BTreeMap;

use holdpoint_build::{Kind, Language, ManifestError, check_plugin_name};

/// The examples: path and text of each file.
const TEMPLATES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// The kit for plugins in Rust and the contract that it is generated from: path and text of each
/// file. They are in the program, so that somebody who has nothing else can write a plugin.
const KIT: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/kit.rs"));

/// What the workspace of the kit inherits from.
const WORKSPACE: &str = include_str!("../../../Cargo.toml");

/// The kits of the other languages.
const OTHER_KITS: [&str; 2] = ["sdk/js/", "sdk/python/"];

/// Where the kit lies in the folder of a plugin.
const VENDOR: &str = "vendor/holdpoint";

/// What a README says of it.
const VENDOR_ROW: &str =
    "| `vendor/` | the kit that the plugin is written with: not yours to change |\n";

/// What a new plugin is to be.
#[derive(Clone, Debug)]
pub struct Scaffold {
    /// Its name, kebab-case.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What it is written in.
    pub language: Language,
    /// Folder of a kit that lies elsewhere; none to have one in the folder.
    pub kit: Option<String>,
}

/// Why there is no folder for a plugin.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// It would have a name that no plugin may have.
    #[error("a plugin cannot have that name: {0}")]
    Name(#[source] ManifestError),
    /// A part of this program is not what it should be.
    #[error("the example cannot be made: {0}")]
    Template(String),
}

impl ScaffoldError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Name(_) => "use lower-case letters, digits and hyphens, such as `no-fridays`",
            Self::Template(_) => "report it with the output of `holdpoint --version`",
        }
    }
}

impl Scaffold {
    /// The files, by their path in the folder.
    ///
    /// # Errors
    ///
    /// When the name is none of a plugin.
    pub fn files(&self) -> Result<BTreeMap<String, String>, ScaffoldError> {
        check_plugin_name(&self.name).map_err(ScaffoldError::Name)?;
        if self.language != Language::Rust {
            return self.script();
        }
        let kind = self.kind.to_string();
        let mut files = BTreeMap::new();
        let head = format!(
            "name = \"{}\"\nversion = \"0.1.0\"\nlicense = \"LicenseRef-unpublished\"\n",
            self.name
        );
        let plugin_toml = format!("{head}{}", template(&format!("{kind}/plugin.toml"))?);
        let description = description(&plugin_toml)?;
        files.insert("plugin.toml".to_owned(), plugin_toml);
        files.insert(
            "src/lib.rs".to_owned(),
            template(&format!("{kind}/lib.rs"))?.to_owned(),
        );
        self.cases(&mut files);
        let kit = match &self.kit {
            Some(kit) => kit.clone(),
            None => format!("{VENDOR}/sdk"),
        };
        let vendor = match self.kit {
            Some(_) => "",
            None => VENDOR_ROW,
        };
        let pipeline = template(&format!("{kind}/pipeline.toml"))?.replace("{{name}}", &self.name);
        let filled = |path: &str| -> Result<String, ScaffoldError> {
            Ok(template(path)?
                .replace("{{name}}", &self.name)
                .replace("{{description}}", &description)
                .replace("{{vendor}}", vendor)
                .replace("{{sdk}}", &format!("{kit:?}"))
                .replace("{{pipeline}}", &pipeline))
        };
        files.insert("Cargo.toml".to_owned(), filled("rust/package.toml")?);
        files.insert("README.md".to_owned(), filled("rust/README.md")?);
        files.insert(".gitignore".to_owned(), filled("rust/gitignore")?);
        if self.kit.is_none() {
            for (path, text) in KIT {
                if !OTHER_KITS.iter().any(|kit| path.starts_with(kit)) {
                    files.insert(format!("{VENDOR}/{path}"), (*text).to_owned());
                }
            }
            files.insert(format!("{VENDOR}/Cargo.toml"), workspace()?);
        }
        Ok(files)
    }
}

impl Scaffold {
    /// The cases of the example.
    fn cases(&self, files: &mut BTreeMap<String, String>) {
        let cases = format!("{}/cases/", self.kind);
        for (path, text) in TEMPLATES {
            if let Some(name) = path.strip_prefix(cases.as_str()) {
                // Findings have the full names of rules.
                let text = text.replace("{{name}}", &self.name);
                files.insert(format!("cases/{name}"), text);
            }
        }
    }

    /// The same in JavaScript or Python.
    fn script(&self) -> Result<BTreeMap<String, String>, ScaffoldError> {
        let (kind, language) = (self.kind, self.language);
        // What editors and type checkers read lies beside what the tool of the language reads.
        let (folder, kit, vendor, module, own) = match language {
            Language::Python => (
                "python",
                "sdk/python/",
                "vendor",
                "plugin.py",
                ["requirements.txt", "pyproject.toml"],
            ),
            Language::Rust | Language::JavaScript => (
                "javascript",
                "sdk/js/",
                VENDOR,
                "plugin.js",
                ["package.json", "jsconfig.json"],
            ),
        };
        let plugin_toml = format!(
            "name = \"{}\"\nversion = \"0.1.0\"\nlicense = \"LicenseRef-unpublished\"\n\
             language = \"{language}\"\nsettings = \"settings.schema.json\"\n{}",
            self.name,
            template(&format!("{kind}/plugin.toml"))?
        );
        let description = description(&plugin_toml)?;
        let pipeline = template(&format!("{kind}/pipeline.toml"))?.replace("{{name}}", &self.name);
        let filled = |path: &str| -> Result<String, ScaffoldError> {
            Ok(template(&format!("{folder}/{path}"))?
                .replace("{{name}}", &self.name)
                .replace("{{description}}", &description)
                .replace("{{vendor}}", VENDOR_ROW)
                .replace("{{pipeline}}", &pipeline))
        };
        let mut files = BTreeMap::new();
        for path in own {
            files.insert(path.to_owned(), filled(path)?);
        }
        files.insert("README.md".to_owned(), filled("README.md")?);
        files.insert(".gitignore".to_owned(), filled("gitignore")?);
        for path in [module, "settings.schema.json"] {
            let text = template(&format!("{kind}/{path}"))?;
            files.insert(path.to_owned(), text.to_owned());
        }
        files.insert("plugin.toml".to_owned(), plugin_toml);
        self.cases(&mut files);
        for (path, text) in KIT {
            if let Some(name) = path.strip_prefix(kit) {
                files.insert(format!("{vendor}/{name}"), (*text).to_owned());
            } else if *path == "LICENSE" {
                files.insert(format!("{VENDOR}/LICENSE"), (*text).to_owned());
            }
        }
        Ok(files)
    }
}

/// What the plugin says that it does.
fn description(plugin_toml: &str) -> Result<String, ScaffoldError> {
    let table = table(plugin_toml)?;
    let description = table.get("description").and_then(toml::Value::as_str);
    description
        .map(str::to_owned)
        .ok_or_else(|| ScaffoldError::Template("no description".to_owned()))
}

fn table(text: &str) -> Result<toml::Table, ScaffoldError> {
    toml::from_str(text).map_err(|error| ScaffoldError::Template(error.to_string()))
}

fn template(path: &str) -> Result<&'static str, ScaffoldError> {
    let mut templates = TEMPLATES.iter();
    templates
        .find(|(name, _)| *name == path)
        .map(|(_, text)| *text)
        .ok_or_else(|| ScaffoldError::Template(format!("{path} is missing")))
}

/// What the kit's packages inherit, and nothing else of this repository's workspace.
fn workspace() -> Result<String, ScaffoldError> {
    let whole = table(WORKSPACE)?;
    let workspace = whole.get("workspace").and_then(toml::Value::as_table);
    let part = |name: &str| {
        workspace
            .and_then(|workspace| workspace.get(name))
            .and_then(toml::Value::as_table)
            .cloned()
            .ok_or_else(|| ScaffoldError::Template(format!("no {name}")))
    };
    let mut used = Vec::new();
    for (path, text) in KIT {
        if path.ends_with("Cargo.toml") {
            let package = table(text)?;
            if let Some(dependencies) = package.get("dependencies").and_then(toml::Value::as_table)
            {
                used.extend(dependencies.keys().cloned());
            }
        }
    }
    let mut dependencies = part("dependencies")?;
    dependencies.retain(|name, _| used.iter().any(|used: &String| used == name));
    let members = ["sdk", "sdk/macros"].map(toml::Value::from);
    let mut kept = toml::Table::new();
    kept.insert("resolver".to_owned(), "1".into());
    kept.insert("members".to_owned(), members.to_vec().into());
    kept.insert("package".to_owned(), part("package")?.into());
    kept.insert("dependencies".to_owned(), dependencies.into());
    kept.insert("lints".to_owned(), part("lints")?.into());
    let mut whole = toml::Table::new();
    whole.insert("workspace".to_owned(), kept.into());
    toml::to_string(&whole).map_err(|error| ScaffoldError::Template(error.to_string()))
}
