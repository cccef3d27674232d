use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

use tokio::net::lookup_host;

/// What a name resolves to: every address of it.
pub type Resolved<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Who looks names up. It is asked once for each connection, and what it says then is held against what
/// is allowed and connected to: what it says later is of no account.
pub trait Resolve: Send + Sync {
    /// Every address of a name that is asked at a port.
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> Resolved<'a>;
}

/// Whatever this machine is set up with.
pub(super) struct OfSystem;

impl Resolve for OfSystem {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> Resolved<'a> {
        Box::pin(async move {
            let found = lookup_host((name, port)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
