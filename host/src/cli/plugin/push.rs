#![expect(
    clippy::disallowed_methods,
    reason = "the command line reads the files that it is told of"
)]

use std::path::PathBuf;

use serde::Serialize;

use super::{Error, Form, inspect, shown, tell};
use crate::cli::network::ProxyArguments;
use crate::cli::{ExitCode, Failure, Output};
use crate::model::{Digest, Text};
use crate::plugin::registry::{Access, Reference, Registry, RegistryError};
use crate::plugin::signature::{Signature, bundle_bytes, bundle_path};
use crate::plugin::{self, Source};
use crate::report::Page;
use crate::sandbox::Authorities;

/// Pushes a plugin, and the signature beside it, to a registry
///
/// It becomes an artifact in the layout for WebAssembly, which other tools read too. The same plugin
/// is the same artifact, whoever pushes it. The signature that `holdpoint plugin sign` wrote goes
/// along; it is what refers to the plugin.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint plugin push tickets.wasm oci://registry.example.com/vendor/tickets:2.0.1
  holdpoint plugin push tickets.wasm oci://localhost:5000/tickets:dev --without-tls --addresses 127.0.0.0/8
A login is that of `docker login`.")]
pub(super) struct Arguments {
    /// File of the plugin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Where to: `oci://HOST/NAME:TAG`
    #[arg(value_name = "REFERENCE")]
    reference: String,

    /// Push no signature, although one lies beside the plugin
    #[arg(long)]
    unsigned: bool,

    /// Range of addresses that the registry may have although they are not public
    #[arg(long, value_name = "RANGE")]
    addresses: Vec<ipnet::IpNet>,

    /// File of certificates that say who the registry is, in place of the platform's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Ask the registry without TLS, which is for `--addresses` only
    #[arg(long, requires = "addresses")]
    without_tls: bool,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Form,

    #[command(flatten)]
    proxy: ProxyArguments,
}

#[derive(Serialize)]
struct Report {
    reference: String,
    digest: Digest,
    manifest: Digest,
    replaced: Option<Digest>,
    signature: Option<Digest>,
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let failed = |source| Error::Registry {
        what: format!(
            "cannot push to {}",
            Text::from(arguments.reference.as_str()).terminal()
        ),
        source: Box::new(source),
    };
    let reference: Reference = arguments
        .reference
        .parse()
        .map_err(|error| failed(RegistryError::Reference(error)))?;
    let plugin = plugin::read(&Source::Path(arguments.file.clone())).map_err(Error::Read)?;
    let inspection = inspect(&arguments.file, &plugin.component)?;
    let bundle = bundle(arguments, &plugin.digest)?;
    let authorities = match &arguments.ca {
        None => None,
        Some(path) => {
            let failed = |source| Error::File {
                path: shown(path),
                source,
            };
            let bytes = std::fs::read(path).map_err(failed)?;
            let read = Authorities::from_pem(&bytes);
            Some(read.map_err(|error| failed(std::io::Error::other(error)))?)
        }
    };
    let access = Access {
        is_plain: arguments.without_tls,
        addresses: arguments.addresses.clone(),
        authorities,
    };
    let client = arguments.proxy.client()?;
    let registry = Registry::new(&client, reference.host(), &access);
    let names = (inspection.names.imports, inspection.names.exports);
    let component = bytes::Bytes::from(plugin.component.into_owned());
    let pushed = registry.push(&reference, component, names, bundle);
    let pushed = tokio::runtime::Handle::current().block_on(pushed);
    let pushed = pushed.map_err(failed)?;
    let report = Report {
        reference: reference.to_string(),
        digest: plugin.digest,
        manifest: pushed.manifest,
        replaced: pushed.replaced,
        signature: pushed.signature,
    };
    tell(arguments.format, output, &report, human)?;
    Ok(ExitCode::GO)
}

fn human(page: &mut Page, report: &Report) {
    page.text(0, &format!("{} is pushed.", report.reference));
    page.gap();
    page.field("digest", &report.digest.to_string());
    page.field("manifest", &report.manifest.to_string());
    if let Some(replaced) = &report.replaced {
        page.field("replaced", &replaced.to_string());
    }
    let signature = report.signature.as_ref().map(ToString::to_string);
    let signature = signature.unwrap_or_else(|| {
        "none: `holdpoint plugin sign` makes one, and `plugin push` sends it after".to_owned()
    });
    page.field("signature", &signature);
}

/// The signature beside the plugin, which is one of it, as it is: others may read more in it than we do.
fn bundle(arguments: &Arguments, component: &Digest) -> Result<Option<bytes::Bytes>, Error> {
    let path = bundle_path(&arguments.file);
    if arguments.unsigned || !path.exists() {
        return Ok(None);
    }
    let refused = |source| Error::Signature {
        path: shown(&path),
        source: Box::new(source),
    };
    let bytes = bundle_bytes(&path).map_err(refused)?;
    let signature = Signature::read(&bytes).map_err(refused)?;
    signature.check_digest(component).map_err(refused)?;
    Ok(Some(bytes.into()))
}
