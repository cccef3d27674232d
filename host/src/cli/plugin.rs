mod add;
mod new;
mod push;
mod record;
mod show;
mod take;
mod test;
mod update;
mod vendor;
mod vendored;

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use holdpoint_build::{BuildError, BuildRequest, Inspection, ReadError};
use serde::Serialize;

use super::{ExitCode, Failure, Output, signature};
use crate::model::Text;
use crate::pipeline::ValueCommandError;
use crate::plugin::components::ComponentError;
use crate::plugin::lock::LockError;
use crate::plugin::registry::{Reference, ReferenceError, RegistryError};
use crate::plugin::signature::{AgentError, KeyError, SignatureError};
use crate::plugin::{self, ScaffoldError, SettingsError, Source};
use crate::report::Page;
use crate::sandbox::CaseError;

/// Makes, builds, tests, signs and ships plugins, and takes them into a pipeline
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  holdpoint plugin new no-fridays && holdpoint plugin test no-fridays
  holdpoint plugin add oci://registry.example.com/vendor/tickets:2 --stage policy
  holdpoint plugin add --help")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::Arguments),
    Build(BuildArguments),
    Test(test::Arguments),
    Inspect(InspectArguments),
    Sign(signature::SignArguments),
    Verify(signature::VerifyArguments),
    Push(push::Arguments),
    Add(add::Arguments),
    Update(update::Arguments),
    Vendor(vendor::Arguments),
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
    #[command(flatten)]
    build: BuildOptions,

    /// File to write [default: FOLDER/target/NAME.wasm]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What is built.
#[derive(Debug, Args)]
struct BuildOptions {
    /// Folder of the plugin
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,

    /// Folder for what is compiled on the way, which several plugins can share
    /// [default: FOLDER/target/holdpoint]
    #[arg(long, value_name = "FOLDER")]
    target_folder: Option<PathBuf>,

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
    /// A folder was not made.
    #[error("the plugin `{}` was not made", name.terminal())]
    Scaffold {
        /// Its name.
        name: Text,
        /// Why.
        source: ScaffoldError,
    },
    /// There is something where a folder was to be made.
    #[error("{} is already there", path.terminal())]
    Exists {
        /// The folder.
        path: Text,
    },
    /// There is a case of the name already.
    #[error("{} is already there", path.terminal())]
    CaseExists {
        /// The file.
        path: Text,
    },
    /// Nothing is tested.
    #[error("the plugin in {} has no tests", folder.terminal())]
    NoCases {
        /// Its folder.
        folder: Text,
    },
    /// There is no such case, or none yet.
    #[error("the plugin in {} has no case `{}`", folder.terminal(), name.terminal())]
    NoCase {
        /// Its folder.
        folder: Text,
        /// The case.
        name: Text,
    },
    /// A case cannot be read.
    #[error("{} cannot be read", path.terminal())]
    CaseFile {
        /// The file.
        path: Text,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no case.
    #[error("{} is no case", path.terminal())]
    Case {
        /// The file.
        path: Text,
        /// Why.
        source: CaseError,
    },
    /// The settings of a case do not fit the plugin.
    #[error("{} is no case of this plugin", path.terminal())]
    CaseSettings {
        /// The file.
        path: Text,
        /// Why.
        source: SettingsError,
    },
    /// A range was not recorded.
    #[error("{} was not recorded: {reason}", range.terminal())]
    Record {
        /// The range.
        range: Text,
        /// Why.
        reason: String,
        /// What to do about it.
        help: &'static str,
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
    /// A registry is of no use.
    #[error("{what}")]
    Registry {
        /// What was to be done.
        what: String,
        /// Why not.
        source: Box<RegistryError>,
    },
    /// The bytes of a plugin are not to be had.
    #[error("cannot have plugin `{}`", name.terminal())]
    Component {
        /// Its name.
        name: Text,
        /// Why.
        source: Box<ComponentError>,
    },
    /// There is nothing where a plugin was to be.
    #[error("there is no file {}", path.terminal())]
    NoSource {
        /// What was named.
        path: Text,
        /// What may have been meant.
        meant: Option<Box<Reference>>,
    },
    /// The folder of plugins beside a pipeline file is a link.
    #[error("{} is a link", path.terminal())]
    Link {
        /// The folder.
        path: Text,
    },
    /// A folder has no plugins that can be taken.
    #[error("no plugin can be taken from the folder {}: {why}", path.terminal())]
    Folder {
        /// The folder.
        path: Text,
        /// Why.
        why: String,
        /// What to do about it.
        help: String,
    },
    /// A folder does not have the bytes of a plugin that its lock names.
    #[error("{} does not have the plugin `{}` that holdpoint.lock in it names", folder.terminal(), name.terminal())]
    NotVendored {
        /// The plugin.
        name: Text,
        /// The folder.
        folder: Text,
        /// Why.
        source: Box<plugin::Error>,
    },
    /// A folder has other bytes of a plugin than its lock says.
    #[error("`{}` in {} is not the plugin that holdpoint.lock in it names", name.terminal(), folder.terminal())]
    Vendored {
        /// The plugin.
        name: Text,
        /// The folder.
        folder: Text,
        /// What differs.
        source: LockError,
    },
    /// A pipeline file cannot be added to.
    #[error("{} cannot be added to: {why}", path.terminal())]
    Edit {
        /// The file.
        path: Text,
        /// Why.
        why: String,
    },
    /// A name stands for another plugin already.
    #[error(
        "`{}` comes from `{}` in this pipeline, and not from `{}`",
        name.terminal(),
        before.terminal(),
        now.terminal()
    )]
    Taken {
        /// The name.
        name: Text,
        /// Where it comes from.
        before: Text,
        /// Where it was to come from.
        now: Text,
    },
    /// The lock has other bytes of it.
    #[error("`{}` is in holdpoint.lock, and is something else now", name.terminal())]
    Other {
        /// The name.
        name: Text,
    },
    /// The lock has no such plugin.
    #[error("holdpoint.lock has no plugin `{}`", name.terminal())]
    NotLocked {
        /// The name.
        name: Text,
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
    /// Nothing says where the SSH agent is.
    #[error("SSH_AUTH_SOCK is not set, so nothing says where the SSH agent listens")]
    NoAgent,
    /// The SSH agent did not sign.
    #[error("the SSH agent did not sign")]
    Agent(#[from] AgentError),
    /// A program did not sign.
    #[error("`{}` did not sign", program.terminal())]
    Signer {
        /// The program and its arguments.
        program: Text,
        /// Why.
        source: ValueCommandError,
    },
    /// What a program printed is not the signature.
    #[error("what `{}` printed does not count", program.terminal())]
    Signed {
        /// The program and its arguments.
        program: Text,
        /// Why.
        source: Box<SignatureError>,
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
            Self::Scaffold { source, .. } => source.help().to_owned(),
            Self::Exists { .. } => "choose another name, or another folder with `--in`".to_owned(),
            Self::CaseExists { .. } => {
                "give the case another name with `--as-case`, or remove the one that is there".to_owned()
            }
            Self::NoCases { .. } => {
                "write a case, such as cases/clean.toml with `[release]` and what is released, or \
                 record one with `--record RANGE`"
                    .to_owned()
            }
            Self::NoCase { .. } => "name a file of cases/, without `.toml`".to_owned(),
            Self::CaseFile { .. } => "check that this user may read it".to_owned(),
            Self::Case { .. } => {
                "correct what it names; the keys are in host/docs/plugin-tests.md".to_owned()
            }
            Self::CaseSettings { .. } => {
                "correct [settings]; `holdpoint plugin inspect` shows what can be set".to_owned()
            }
            Self::Record { help, .. } => (*help).to_owned(),
            Self::Read(error) => error.help(),
            Self::Inspect { source, .. } => source.help().to_owned(),
            Self::File { .. } => {
                "check its name and whether this user may read it; `holdpoint plugin sign` writes the \
                 signature of a plugin beside it"
                    .to_owned()
            }
            Self::Registry { source, .. } => registry_help(source),
            Self::NoSource {
                meant: Some(meant), ..
            } => format!(
                "a plugin in a registry is written with `oci://` before it: `holdpoint plugin add \
                 {meant}`"
            ),
            Self::NoSource { meant: None, .. } => {
                "name the file of a plugin, a folder that `holdpoint plugin vendor` wrote, or \
                 `oci://HOST/NAME:TAG`"
                    .to_owned()
            }
            Self::Link { .. } => {
                "what is written there would go elsewhere: put a folder in its place".to_owned()
            }
            Self::Folder { help, .. } => help.clone(),
            Self::NotVendored { .. } => {
                "it was handed over in part: copy the whole folder again".to_owned()
            }
            Self::Vendored { .. } => {
                "somebody changed it, or it was copied in part: do not use it before whoever handed it \
                 over has looked at it"
                    .to_owned()
            }
            Self::Component { source, .. } => source.help().to_owned(),
            Self::Edit { .. } => {
                "add it by hand, or take the file back to one that `holdpoint check` accepts".to_owned()
            }
            Self::Taken { .. } => {
                "give it another name with --name, or take the table of the name out of the file"
                    .to_owned()
            }
            Self::Other { .. } => {
                "`holdpoint plugin update NAME` shows how it differs, and takes it; one of a folder with \
                 `--from FOLDER`"
                    .to_owned()
            }
            Self::NotLocked { .. } => "take it in with `holdpoint plugin add SOURCE`".to_owned(),
            Self::NoKey => "name one with --key".to_owned(),
            Self::Key { source, .. } => source.help().to_owned(),
            Self::NoAgent => {
                "start one (`eval \"$(ssh-agent)\"`) and give it the key with `ssh-add KEY`".to_owned()
            }
            Self::Agent(error) => error.help().to_owned(),
            Self::Signer { source, .. } => signer_help(source).to_owned(),
            Self::Signed { .. } => {
                "it has to print the signature of what it reads, by ECDSA on P-256 under SHA-256, in \
                 DER or that in Base64, and nothing else; and --public-key has to be of the key that \
                 it signs with"
                    .to_owned()
            }
            Self::Signature { source, .. } => source.help().to_owned(),
        }
    }
}

/// What to do about a registry that is of no use.
fn registry_help(error: &RegistryError) -> String {
    let meant = match error {
        RegistryError::Reference(ReferenceError::Scheme(text)) => Reference::meant_by(text.raw()),
        _ => None,
    };
    meant.map_or_else(
        || error.help().to_owned(),
        |meant| format!("write `{meant}`"),
    )
}

/// What to do about a program that did not sign.
fn signer_help(error: &ValueCommandError) -> &'static str {
    match error {
        ValueCommandError::Failed { .. } => {
            "run it by hand, with the plugin on its standard input; it sees only a few variables of \
             the environment, and --signer-env names more"
        }
        ValueCommandError::TooMuch => "it has to print the signature and nothing else",
        ValueCommandError::Deadline { .. } => {
            "it must not wait for a person at the terminal, who signs by hand and hands the signature \
             over with --signature; more time is given with --signer-timeout"
        }
        error => error.help(),
    }
}

impl Arguments {
    /// Whom the output is for.
    pub(super) fn format(&self) -> Form {
        match &self.command {
            Command::New(_) => Form::Human,
            Command::Build(arguments) => arguments.build.format,
            Command::Test(arguments) => arguments.build.format,
            Command::Inspect(arguments) => arguments.format,
            Command::Sign(arguments) => arguments.format,
            Command::Verify(arguments) => arguments.format,
            Command::Push(arguments) => arguments.format,
            Command::Add(arguments) => arguments.take.format,
            Command::Update(arguments) => arguments.take.format,
            Command::Vendor(arguments) => arguments.take.format,
        }
    }
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let (file, inspection) = match &arguments.command {
        Command::New(arguments) => return new::execute(arguments, output),
        Command::Test(arguments) => return test::execute(arguments, output),
        Command::Build(arguments) => {
            let (file, component) = build(&arguments.build, arguments.out.as_deref())?;
            let inspection = inspect(&file, &component)?;
            (file, inspection)
        }
        Command::Inspect(arguments) => {
            let bytes = read(&arguments.file).map_err(Error::Read)?;
            (arguments.file.clone(), inspect(&arguments.file, &bytes)?)
        }
        Command::Sign(arguments) => return signature::sign(arguments, output),
        Command::Verify(arguments) => return signature::verify(arguments, output),
        Command::Push(arguments) => return push::execute(arguments, output),
        Command::Add(arguments) => return add::execute(arguments, output),
        Command::Update(arguments) => return update::execute(arguments, output),
        Command::Vendor(arguments) => return vendor::execute(arguments, output),
    };
    match arguments.format() {
        Form::Human => {
            let mut page = output.page();
            show::human(&mut page, &file, &inspection);
            output.put(page)?;
        }
        Form::Json => output.put_json(&show::json(&file, &inspection))?,
    }
    Ok(ExitCode::GO)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the plugin is written where its author asks for it"
)]
fn build(options: &BuildOptions, out: Option<&Path>) -> Result<(PathBuf, Vec<u8>), Error> {
    let target_folder = options.folder.join("target");
    let built = holdpoint_build::build_plugin(&BuildRequest {
        folder: options.folder.clone(),
        // A folder of its own: an editor's cargo may hold the other one.
        target_folder: match &options.target_folder {
            Some(folder) => folder.clone(),
            None => target_folder.join("holdpoint"),
        },
        offline: options.offline,
    })
    .map_err(|source| Error::Build {
        folder: shown(&options.folder),
        source: Box::new(source),
    })?;
    let is_default = out.is_none();
    let out = match out {
        Some(out) => out.to_owned(),
        None => target_folder.join(format!("{}.wasm", built.manifest.name)),
    };
    let folder = out.parent().filter(|_| is_default);
    folder
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(&out, &built.component))
        .map_err(|source| Error::Write {
            path: shown(&out),
            source,
        })?;
    Ok((out, built.component))
}

/// Says what came of a command: on a page for people, as it is for machines.
pub(super) fn tell<T: Serialize>(
    format: Form,
    output: Output,
    report: &T,
    human: impl FnOnce(&mut Page, &T),
) -> Result<(), Failure> {
    match format {
        Form::Human => {
            let mut page = output.page();
            human(&mut page, report);
            output.put(page)
        }
        Form::Json => output.put_json(report),
    }
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

fn shown(path: &Path) -> Text {
    Text::from_bytes(path.as_os_str().as_encoded_bytes())
}
