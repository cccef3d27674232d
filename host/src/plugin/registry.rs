//! Plugins in registries of container images: the artifact layout for WebAssembly of the CNCF, with
//! signatures as referrers.
//!
//! Whatever a registry says, what comes of it is held against a digest or counts for nothing: a tag is
//! resolved to a manifest once, and everything after that is content of a digest that stands in the one
//! before. Requests go through the host's HTTP client, with its address checks and bounds; what a
//! registry is told as credentials leaves for no other server.
//!
//! Formats: [distribution](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md),
//! [image manifest](https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md), [Wasm
//! artifact](https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/).

mod artifact;
mod error;
mod login;
mod reference;
mod transfer;

use std::sync::Mutex;
use std::time::Duration;

use ipnet::IpNet;

use crate::sandbox::{Authorities, HttpClient, HttpRoute};

pub use artifact::{Found, Pushed};
pub use error::RegistryError;
pub use reference::{Reference, ReferenceError};

/// The largest manifest or index that is read, in bytes. One with a component takes under 1 KiB.
pub const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// The most signatures of one component that are looked at.
pub const SIGNATURES_MAX: usize = 16;

/// The most redirects that are followed to the bytes of a component: registries keep them elsewhere.
pub const REDIRECTS_MAX: usize = 3;

/// How long the bytes of a component may take, there or back.
pub const TRANSFER_TIME: Duration = Duration::from_mins(10);

/// How long anything else may take that a registry is asked for, such as a manifest.
pub const ANSWER_TIME: Duration = Duration::from_secs(20);

/// What the operator says of one registry.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Whether it is asked without TLS, which it can be in `addresses` only.
    pub is_plain: bool,
    /// Ranges of addresses that it may have although they are not public.
    pub addresses: Vec<IpNet>,
    /// Who may say that it is who it should be; none for those that the platform trusts.
    pub authorities: Option<Authorities>,
}

/// A registry that is asked.
pub struct Registry<'c> {
    client: &'c HttpClient,
    host: String,
    is_plain: bool,
    route: HttpRoute,
    /// At most [`TRANSFER_TIME`].
    transfer_time: Duration,
    /// At most [`ANSWER_TIME`].
    answer_time: Duration,
    /// What it wants to see with each request, once that is known.
    login: Mutex<Option<login::Login>>,
}

impl<'c> Registry<'c> {
    /// The registry at a host, such as `registry.example.com:5000`. Nothing is asked yet.
    #[must_use]
    pub fn new(client: &'c HttpClient, host: &str, access: &Access) -> Self {
        Self {
            client,
            host: host.to_owned(),
            is_plain: access.is_plain,
            route: HttpRoute {
                addresses: access.addresses.clone(),
                authorities: access.authorities.clone(),
            },
            transfer_time: TRANSFER_TIME,
            answer_time: ANSWER_TIME,
            login: Mutex::new(None),
        }
    }

    /// The same for who cannot wait as long: no request takes more than this, and none more than it
    /// may anyway.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self {
            transfer_time: self.transfer_time.min(time),
            answer_time: self.answer_time.min(time),
            ..self
        }
    }
}
