use super::{MANIFEST_BYTES_MAX, REDIRECTS_MAX, ReferenceError};
use crate::model::{Digest, Text, UrlError};
use crate::plugin::COMPONENT_BYTES_MAX;
use crate::sandbox::{HttpError, RequestError};

/// Why a registry was of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// What is named is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// Nobody is asked.
    #[error("{host} is not asked with --offline")]
    Offline {
        /// The registry.
        host: String,
    },
    /// It is asked without TLS although no network is named that it lies in.
    #[error("{host} would be asked without TLS, and no `addresses` say where it is")]
    Plain {
        /// The registry.
        host: String,
    },
    /// It did not answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A request cannot be made.
    #[error("{host} cannot be asked: {why}")]
    Request {
        /// The registry.
        host: String,
        /// Why.
        why: RequestError,
    },
    /// It has no such thing.
    #[error("{host} has no {what}")]
    Missing {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// It lets nobody do this who says no more than this host did.
    #[error("{host} refuses {what}: it answered {status}{}", said(said_by.as_ref()))]
    Refused {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// The status code.
        status: u16,
        /// What it says.
        said_by: Option<Text>,
    },
    /// It answered something else than what was asked for.
    #[error("{host} answered {status} to {what}{}", said(said_by.as_ref()))]
    Status {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// The status code.
        status: u16,
        /// What it says.
        said_by: Option<Text>,
    },
    /// It wants something that this host does not know.
    #[error("{host} asks for a login that Holdpoint does not know: {}", said.terminal())]
    Challenge {
        /// The registry.
        host: String,
        /// What it asks for.
        said: Text,
    },
    /// What the user has for it cannot be read.
    #[error("what is known of a login at {host} cannot be used: {}", said.terminal())]
    Credentials {
        /// The registry.
        host: String,
        /// Why.
        said: Text,
    },
    /// Where it says that something is cannot be asked.
    #[error("{host} names a place that cannot be asked")]
    Place {
        /// The registry.
        host: String,
        /// Why.
        source: UrlError,
    },
    /// It leads to a place that is not behind TLS.
    #[error("{host} leads from TLS to a place without it")]
    Downgrade {
        /// The registry.
        host: String,
    },
    /// It leads on and on.
    #[error("{host} leads on more than {REDIRECTS_MAX} times")]
    Redirects {
        /// The registry.
        host: String,
    },
    /// It would have bytes sent to somebody else.
    #[error("{host} would have what is pushed sent to {}", place.terminal())]
    UploadElsewhere {
        /// The registry.
        host: String,
        /// Where.
        place: Text,
    },
    /// What it gives is not what was asked for.
    #[error("{host} gave {found} for {expected}: somebody changed it, or it lies")]
    Digest {
        /// The registry.
        host: String,
        /// What was asked for.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// Its manifest is larger than one may be.
    #[error("{host} has a manifest of more than {MANIFEST_BYTES_MAX} bytes for {what}")]
    ManifestBytes {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// Its manifest is none.
    #[error("what {host} has for {what} is no manifest of a plugin: {why}")]
    Manifest {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The component is larger than one may be.
    #[error(
        "the plugin at {host} has {bytes} bytes, and {} MiB are the most",
        COMPONENT_BYTES_MAX >> 20
    )]
    TooLarge {
        /// The registry.
        host: String,
        /// Its size.
        bytes: u64,
    },
    /// A size that is not what the manifest says.
    #[error("{host} gave {found} bytes of a content of {expected}")]
    Size {
        /// The registry.
        host: String,
        /// What the manifest says.
        expected: u64,
        /// What came.
        found: u64,
    },
}

/// What a registry says, after a colon.
fn said(said: Option<&Text>) -> String {
    said.map_or_else(String::new, |said| format!(": {}", said.terminal()))
}

impl RegistryError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Reference(error) => error.help(),
            Self::Offline { .. } => {
                "leave --offline out: what a tag names is known to the registry only"
            }
            Self::Plain { .. } => {
                "name its network, such as `addresses = [\"10.2.0.0/16\"]`, or ask it with TLS"
            }
            Self::Http(error) => error.help(),
            Self::Request { why, .. } => why.help(),
            Self::Missing { .. } => "check the name and the tag, and that it was pushed",
            Self::Refused { .. } => {
                "log in with `docker login HOST`, or check what that user may do there"
            }
            Self::Status { .. } => "try again later, or check the registry's own log",
            Self::Challenge { .. } => {
                "use a registry that takes Basic or Bearer, or vendor the plugin where it is to be had"
            }
            Self::Credentials { .. } => {
                "log in with `docker login HOST`, or correct ~/.docker/config.json"
            }
            Self::Place { .. }
            | Self::Downgrade { .. }
            | Self::Redirects { .. }
            | Self::UploadElsewhere { .. }
            | Self::Digest { .. }
            | Self::Size { .. } => {
                "do not use what comes from there before whoever runs the registry has looked at it"
            }
            Self::ManifestBytes { .. } | Self::Manifest { .. } => {
                "name a plugin that was pushed with `holdpoint plugin push` or another tool for \
                 WebAssembly artifacts"
            }
            Self::TooLarge { .. } => {
                "build it without debug information, and without what it does not need"
            }
        }
    }
}
