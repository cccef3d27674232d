#![expect(
    clippy::disallowed_methods,
    reason = "the command line reads and writes the files that it is given"
)]

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{ArgGroup, Args};
use serde::Serialize;
use zeroize::Zeroizing;

use super::plugin::{Error, Form, tell};
use super::{ExitCode, Failure, Output};
use crate::model::{Digest, Text, ValueCommand};
use crate::pipeline::{
    QuantityError, Span, VALUE_COMMAND_TIMEOUT, VALUE_COMMAND_TIMEOUT_MAX, ValueCommandError,
    Variable, put_out_by,
};
use crate::plugin::signature::{
    Agent, BUNDLE_BYTES_MAX, KEY_BYTES_MAX, PrivateKey, PublicKey, Signature, bundle_path,
    read_bundle,
};
use crate::plugin::{self, Plugin, Source};
use crate::report::Page;

/// The variable that says where the SSH agent listens.
const AGENT_VARIABLE: &str = "SSH_AUTH_SOCK";

/// Signs a plugin: writes a Sigstore bundle beside it
///
/// The key is one of ECDSA on P-256 in PEM. A key that lives elsewhere, on a smart card or with a service,
/// is asked through an SSH agent (--agent) or a program (--signer), or signs by itself and its signature
/// is handed over (--signature). Nothing is written that the public key does not confirm.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("how").required(true), after_long_help = "\
Examples:
  openssl ecparam -name prime256v1 -genkey -noout -out key.pem
  openssl pkey -in key.pem -pubout -out key.pub
  holdpoint plugin sign no-fridays.wasm --key key.pem

A key that an SSH agent holds:
  ssh-keygen -e -m PKCS8 -f acme-key.pub > key.pub
  holdpoint plugin sign no-fridays.wasm --public-key key.pub --agent

A key that a program asks, which reads the plugin and prints the signature:
  holdpoint plugin sign no-fridays.wasm --public-key key.pub --signer openssl dgst -sha256 -sign key.pem
  holdpoint plugin sign no-fridays.wasm --public-key kms.pub --signer-env AWS_PROFILE --signer ./sign-with-kms

A signature that was made elsewhere:
  openssl dgst -sha256 -sign key.pem -out no-fridays.sig no-fridays.wasm
  holdpoint plugin sign no-fridays.wasm --signature no-fridays.sig --public-key key.pub")]
pub(super) struct SignArguments {
    /// File of the plugin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Private key that signs
    #[arg(long, value_name = "FILE", group = "how")]
    key: Option<PathBuf>,

    /// Has the SSH agent of `SSH_AUTH_SOCK` sign, which holds the private half of --public-key
    #[arg(long, groups = ["how", "asked"], requires = "public_key")]
    agent: bool,

    /// Program that signs, with its arguments: everything after this. It has the bytes of the plugin on
    /// its standard input, and prints their signature under SHA-256, in DER or that in Base64
    #[arg(
        long,
        value_name = "COMMAND",
        num_args = 1..,
        groups = ["how", "asked"],
        allow_hyphen_values = true,
        requires = "public_key"
    )]
    signer: Vec<String>,

    /// Variable of the environment that the program sees too; may be given more than once
    #[arg(long, value_name = "NAME", requires = "signer")]
    signer_env: Vec<String>,

    /// Time that the program or the agent has, at most 5m
    #[arg(long, value_name = "TIME", requires = "asked", default_value_t = Span(VALUE_COMMAND_TIMEOUT),
          value_parser = signer_timeout)]
    signer_timeout: Span,

    /// Signature that was made elsewhere, in DER or that in Base64, of the bytes of the plugin under
    /// SHA-256
    #[arg(long, value_name = "FILE", group = "how", requires = "public_key")]
    signature: Option<PathBuf>,

    /// Public key of who signs with `--agent` or `--signer`, or signed `--signature`
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    public_key: Option<PathBuf>,

    /// File to write [default: FILE.sigstore.json]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Form,
}

/// Holds the signature of a plugin against a key
///
/// Ends with exit code 0 when the key made the signature of these very bytes, else with 2.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  holdpoint plugin verify no-fridays.wasm --key acme.pub
  holdpoint plugin verify no-fridays.wasm --key acme.pub --bundle elsewhere.sigstore.json")]
pub(super) struct VerifyArguments {
    /// File of the plugin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Public key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// File of the signature [default: FILE.sigstore.json]
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Form,
}

/// What was signed or verified.
#[derive(Serialize)]
struct Report {
    name: String,
    version: String,
    file: String,
    digest: Digest,
    /// [`PublicKey::id`] of the key that signed.
    key: Digest,
    bundle: String,
}

pub(super) fn sign(arguments: &SignArguments, output: Output) -> Result<ExitCode, Failure> {
    let plugin = read_plugin(&arguments.file)?;
    let (signature, key) = match (&arguments.key, &arguments.public_key) {
        (Some(path), _) => {
            let key = PrivateKey::read(&read(path, KEY_BYTES_MAX)?);
            let key = key.map_err(|source| Error::Key {
                path: shown(path),
                source,
            })?;
            let signature = Signature::new(&plugin.digest, &key).map_err(refused(path))?;
            (signature, key.public().clone())
        }
        (None, Some(path)) => {
            let key = public_key(path)?;
            (signed_elsewhere(arguments, &plugin, &key)?, key)
        }
        // The arguments were held against each other.
        (None, None) => return Err(Error::NoKey.into()),
    };
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| bundle_path(&arguments.file));
    fs::write(&out, signature.bytes()).map_err(|source| Error::Write {
        path: shown(&out),
        source,
    })?;
    let report = Report::new(&arguments.file, &plugin, &key, &out);
    tell(arguments.format, output, &report, human)?;
    Ok(ExitCode::GO)
}

/// The signature by a key that is not here, which the public half confirms.
fn signed_elsewhere(
    arguments: &SignArguments,
    plugin: &Plugin,
    key: &PublicKey,
) -> Result<Signature, Error> {
    if arguments.agent {
        return signed_by_agent(arguments, plugin, key);
    }
    if let Some(path) = &arguments.signature {
        let signature = read(path, BUNDLE_BYTES_MAX)?;
        let signature = Signature::of_signature(&signature, &plugin.digest, key);
        return signature.map_err(refused(path));
    }
    signed_by(arguments, plugin, key)
}

/// The signature that the program of `--signer` makes, which the key confirms.
fn signed_by(
    arguments: &SignArguments,
    plugin: &Plugin,
    key: &PublicKey,
) -> Result<Signature, Error> {
    let timeout = arguments.signer_timeout.0.as_millis();
    let command = ValueCommand {
        arguments: arguments.signer.clone(),
        timeout_ms: u64::try_from(timeout).unwrap_or(u64::MAX),
    };
    let program = || Text::from(arguments.signer.join(" "));
    let not_run = |source| Error::Signer {
        program: program(),
        source,
    };
    let folder = std::env::current_dir().map_err(ValueCommandError::System);
    let component = Bytes::copy_from_slice(&plugin.component);
    let variable = |name: &str| std::env::var_os(name);
    let environment = (&variable as Variable<'_>, arguments.signer_env.as_slice());
    let signature = folder
        .and_then(|folder| put_out_by(&command, component, &folder, environment))
        .map_err(not_run)?;
    Signature::of_signature(&signature, &plugin.digest, key).map_err(|source| Error::Signed {
        program: program(),
        source: Box::new(source),
    })
}

/// The signature that the SSH agent makes, which the key confirms.
fn signed_by_agent(
    arguments: &SignArguments,
    plugin: &Plugin,
    key: &PublicKey,
) -> Result<Signature, Error> {
    let socket = std::env::var_os(AGENT_VARIABLE).filter(|socket| !socket.is_empty());
    let socket = socket.ok_or(Error::NoAgent)?;
    let agent = Agent::new(Path::new(&socket), arguments.signer_timeout.0);
    Ok(agent.sign(&plugin.digest, key)?)
}

fn signer_timeout(text: &str) -> Result<Span, String> {
    let span: Span = text
        .parse()
        .map_err(|error: QuantityError| error.to_string())?;
    if span.0 > VALUE_COMMAND_TIMEOUT_MAX {
        return Err(format!("it is at most {}", Span(VALUE_COMMAND_TIMEOUT_MAX)));
    }
    Ok(span)
}

pub(super) fn verify(arguments: &VerifyArguments, output: Output) -> Result<ExitCode, Failure> {
    let plugin = read_plugin(&arguments.file)?;
    let key = public_key(&arguments.key)?;
    let bundle = arguments
        .bundle
        .clone()
        .unwrap_or_else(|| bundle_path(&arguments.file));
    let signature = read_bundle(&bundle).map_err(refused(&bundle))?;
    let verified = signature.verify(&plugin.digest, &key);
    verified.map_err(refused(&bundle))?;
    let report = Report::new(&arguments.file, &plugin, &key, &bundle);
    tell(arguments.format, output, &report, human)?;
    Ok(ExitCode::GO)
}

impl Report {
    fn new(file: &Path, plugin: &Plugin, key: &PublicKey, bundle: &Path) -> Self {
        Self {
            name: plugin.manifest.name.clone(),
            version: plugin.manifest.version.to_string(),
            file: shown(file).raw().to_owned(),
            digest: plugin.digest,
            key: *key.id(),
            bundle: shown(bundle).raw().to_owned(),
        }
    }
}

fn human(page: &mut Page, report: &Report) {
    page.text(0, &format!("{} {}", report.name, report.version));
    page.field("file", &report.file);
    page.field("digest", &report.digest.to_string());
    page.field("signed by", &format!("key {}", report.key));
    page.field("signature", &report.bundle);
}

/// Only what is a plugin is signed or verified.
fn read_plugin(path: &Path) -> Result<Plugin, Error> {
    Ok(plugin::read(&Source::Path(path.to_owned()))?)
}

fn public_key(path: &Path) -> Result<PublicKey, Error> {
    PublicKey::read(&read(path, KEY_BYTES_MAX)?).map_err(|source| Error::Key {
        path: shown(path),
        source,
    })
}

fn refused(path: &Path) -> impl FnOnce(plugin::signature::SignatureError) -> Error {
    let path = shown(path);
    |source| Error::Signature {
        path,
        source: Box::new(source),
    }
}

/// The content of a small file; one byte more than may be, where it is larger, so that it is refused. It
/// may be a private key, and is overwritten when nobody has it any more.
fn read(path: &Path, bytes_max: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |source| Error::File {
        path: shown(path),
        source,
    };
    // Its room is taken before anything is in it, so that no copy is left behind.
    let capacity = usize::try_from(bytes_max + 1).unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    File::open(path)
        .and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    Ok(bytes)
}

fn shown(path: &Path) -> Text {
    Text::from_bytes(path.as_os_str().as_encoded_bytes())
}
