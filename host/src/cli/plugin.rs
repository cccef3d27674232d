use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use holdpoint_build::{BuildError, BuildRequest, Capability, Import, Inspection, ReadError};

use super::{ExitCode, Failure, Output, signature};
use crate::model::Text;
use crate::plugin::signature::{KeyError, SignatureError};
use crate::plugin::{self, Source};
use crate::report::Page;

/// Builds, inspects, signs and verifies plugins
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(BuildArguments),
    Inspect(InspectArguments),
    Sign(signature::SignArguments),
    Verify(signature::VerifyArguments),
}

/// Builds the plugin in a folder: one file, with its manifest in it
///
/// The folder has a plugin.toml beside its Cargo.toml. What the plugin imports and exports is held
/// against what plugin.toml says.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  holdpoint plugin build
  holdpoint plugin build plugins/no-fridays --out no-fridays.wasm
  holdpoint plugin build --format json | jq --raw-output .digest")]
struct BuildArguments {
    /// Folder of the plugin
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,

    /// File to write [default: FOLDER/target/NAME.wasm]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Do not use the network
    #[arg(long)]
    offline: bool,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Form,
}

/// Shows what a plugin is and asks for, without running a byte of it
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  holdpoint plugin inspect no-fridays.wasm
  holdpoint plugin inspect no-fridays.wasm --format json | jq .manifest.capabilities
  holdpoint plugin inspect embedded:conventional-commits")]
struct InspectArguments {
    /// The plugin: a file, or embedded:NAME for one that is part of this program
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Form,
}

/// Whom the output is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people
    #[default]
    Human,
    /// For machines
    Json,
}

/// Why a plugin was not built or shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// It was not built.
    #[error("the plugin in {} was not built", folder.terminal())]
    Build {
        /// Its folder.
        folder: Text,
        /// Why.
        source: Box<BuildError>,
    },
    /// The file cannot be written.
    #[error("{} cannot be written", path.terminal())]
    Write {
        /// The file.
        path: Text,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] plugin::Error),
    /// The file is not a plugin.
    #[error("{} is not a plugin that can be used", path.terminal())]
    Inspect {
        /// The file.
        path: Text,
        /// Why.
        source: ReadError,
    },
    /// A file beside the plugin cannot be read.
    #[error("{} cannot be read", path.terminal())]
    File {
        /// The file.
        path: Text,
        /// Why.
        source: std::io::Error,
    },
    /// Nothing says which key signs.
    #[error("nothing says which key signs")]
    NoKey,
    /// A file is no key.
    #[error("{} cannot be used as a key", path.terminal())]
    Key {
        /// The file.
        path: Text,
        /// Why.
        source: KeyError,
    },
    /// A signature does not count.
    #[error("the signature {} does not count", path.terminal())]
    Signature {
        /// The file.
        path: Text,
        /// Why.
        source: Box<SignatureError>,
    },
}

impl Error {
    /// What to do about it.
    pub(super) fn help(&self) -> String {
        match self {
            Self::Build { source, .. } => source.help(),
            Self::Write { .. } => "name another file with `--out`".to_owned(),
            Self::Read(error) => error.help(),
            Self::Inspect { source, .. } => source.help().to_owned(),
            Self::File { .. } => {
                "check its name and whether this user may read it; `holdpoint plugin sign` writes the \
                 signature of a plugin beside it"
                    .to_owned()
            }
            Self::NoKey => "name one with --key".to_owned(),
            Self::Key { source, .. } => source.help().to_owned(),
            Self::Signature { source, .. } => source.help().to_owned(),
        }
    }
}

impl Arguments {
    /// Whom the output is for.
    pub(super) fn format(&self) -> Form {
        match &self.command {
            Command::Build(arguments) => arguments.format,
            Command::Inspect(arguments) => arguments.format,
            Command::Sign(arguments) => arguments.format,
            Command::Verify(arguments) => arguments.format,
        }
    }
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let (file, inspection) = match &arguments.command {
        Command::Build(arguments) => build(arguments)?,
        Command::Inspect(arguments) => {
            let bytes = read(&arguments.file).map_err(Error::Read)?;
            (arguments.file.clone(), inspect(&arguments.file, &bytes)?)
        }
        Command::Sign(arguments) => return signature::sign(arguments, output),
        Command::Verify(arguments) => return signature::verify(arguments, output),
    };
    match arguments.format() {
        Form::Human => {
            let mut page = output.page();
            human(&mut page, &file, &inspection);
            output.put(page)?;
        }
        Form::Json => output.put_json(&json(&file, &inspection))?,
    }
    Ok(ExitCode::GO)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the plugin is written where its author asks for it"
)]
fn build(arguments: &BuildArguments) -> Result<(PathBuf, Inspection), Error> {
    let target_folder = arguments.folder.join("target");
    let built = holdpoint_build::build_plugin(&BuildRequest {
        folder: arguments.folder.clone(),
        // A folder of its own: an editor's cargo may hold the other one.
        target_folder: target_folder.join("holdpoint"),
        offline: arguments.offline,
    })
    .map_err(|source| Error::Build {
        folder: shown(&arguments.folder),
        source: Box::new(source),
    })?;
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| target_folder.join(format!("{}.wasm", built.manifest.name)));
    fs::write(&out, &built.component).map_err(|source| Error::Write {
        path: shown(&out),
        source,
    })?;
    let inspection = inspect(&out, &built.component)?;
    Ok((out, inspection))
}

/// The bytes of a file, or of a standard plugin, named as in a pipeline file.
fn read(file: &Path) -> Result<Cow<'static, [u8]>, plugin::Error> {
    match file
        .to_str()
        .and_then(|file| file.strip_prefix("embedded:"))
    {
        Some(name) => {
            plugin::read(&Source::Embedded(name.to_owned())).map(|plugin| plugin.component)
        }
        None => plugin::read_bytes(file).map(Cow::Owned),
    }
}

fn inspect(path: &Path, bytes: &[u8]) -> Result<Inspection, Error> {
    holdpoint_build::inspect(bytes).map_err(|source| Error::Inspect {
        path: shown(path),
        source,
    })
}

fn human(page: &mut Page, file: &Path, inspection: &Inspection) {
    let manifest = &inspection.manifest;
    page.text(0, &format!("{} {}", manifest.name, manifest.version));
    page.text(0, &manifest.description);
    page.gap();
    rows(page, "file", [shown(file).raw().to_owned()]);
    rows(page, "digest", [format!("sha256:{}", inspection.sha256)]);
    rows(page, "size", [format!("{} bytes", inspection.size)]);
    rows(page, "api", [format!("holdpoint:plugin {}", manifest.api)]);
    rows(page, "license", [manifest.license.clone()]);
    rows(page, "authors", manifest.authors.iter().cloned());
    rows(
        page,
        "kinds",
        inspection.kinds.iter().map(ToString::to_string),
    );
    rows(page, "exports", inspection.other_exports.iter().cloned());
    let requests = manifest.capabilities.iter();
    rows(
        page,
        "asks for",
        requests.map(|request| format!("{}: {}", request.capability, request.reason)),
    );
    let remarked = |import| remark(inspection, import).map_or("", |(text, _)| text);
    let imports = inspection.imports.iter();
    rows(
        page,
        "imports",
        imports.map(|import| format!("{import}{}", remarked(import))),
    );
    let rules = manifest.rules.iter();
    rows(
        page,
        "rules",
        rules.map(|rule| format!("{} ({}): {}", rule.id, rule.severity, rule.title)),
    );
    let settings = manifest.settings["properties"].as_object();
    rows(
        page,
        "settings",
        settings
            .into_iter()
            .flatten()
            .map(|(key, schema)| match schema["description"].as_str() {
                Some(description) => format!("{key}: {description}"),
                None => key.clone(),
            }),
    );
}

/// One row of the table, or several with the name before the first. What they say is put on the
/// page as the plugin's author wrote it: the page makes it harmless.
fn rows(page: &mut Page, name: &str, values: impl IntoIterator<Item = String>) {
    let mut name = name;
    for value in values {
        page.field(name, &value);
        name = "";
    }
}

/// What is to be said of an import, for people and for machines.
fn remark(inspection: &Inspection, import: &Import) -> Option<(&'static str, &'static str)> {
    match import {
        Import::Capability(Capability::Log) | Import::Model => None,
        Import::Capability(capability) => {
            let requests = &inspection.manifest.capabilities;
            (!requests
                .iter()
                .any(|request| request.capability == *capability))
            .then_some((" (not asked for: no host runs it)", "undeclared"))
        }
        Import::VirtualWasi(_) => Some((" (virtual)", "virtual-wasi")),
        Import::Unknown(_) => Some((" (no host gives it)", "unknown")),
    }
}

fn json(file: &Path, inspection: &Inspection) -> serde_json::Value {
    let imports: Vec<_> = inspection
        .imports
        .iter()
        .map(|import| {
            serde_json::json!({
                "name": import.to_string(),
                "remark": remark(inspection, import).map(|(_, word)| word),
            })
        })
        .collect();
    serde_json::json!({
        "file": shown(file).raw(),
        "digest": format!("sha256:{}", inspection.sha256),
        "size": inspection.size,
        "kinds": inspection.kinds,
        "imports": imports,
        "other-exports": inspection.other_exports,
        "manifest": inspection.manifest,
    })
}

fn shown(path: &Path) -> Text {
    Text::from_bytes(path.as_os_str().as_encoded_bytes())
}
