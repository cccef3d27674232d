use clap::builder::FalseyValueParser;

use super::Failure;
use super::cache::CacheArguments;
use super::failure::Lacking;
use crate::plugin::components::Components;
use crate::sandbox::{HttpClient, HttpLimits, Proxy};

/// How connections leave this machine, and whether plugins are fetched.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Network")]
pub(super) struct NetworkArguments {
    #[command(flatten)]
    proxy: ProxyArguments,

    /// Fetch no plugin: take them from the vendored folder and the cache only
    #[arg(long)]
    offline: bool,
}

/// How connections leave this machine.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "Network")]
pub(super) struct ProxyArguments {
    /// Proxy that connections are made through: http://HOST:PORT
    ///
    /// It is told to which address, after that was checked (CONNECT), and sees nothing of what is said
    /// there. Where `addresses` are named, that is reached without it. The variables of other programs,
    /// such as `HTTPS_PROXY`, do not count. A user name and a password belong into the variable, which
    /// other users cannot see: `HOLDPOINT_PROXY=http://USER:PASSWORD@HOST:PORT`.
    #[arg(
        long,
        value_name = "URL",
        env = "HOLDPOINT_PROXY",
        hide_env_values = true
    )]
    proxy: Option<String>,

    /// Give the proxy names, and leave it to the proxy where they may lead
    ///
    /// For networks where only the proxy can look up names.
    #[arg(
        long,
        env = "HOLDPOINT_PROXY_CHECKS",
        value_parser = FalseyValueParser::new()
    )]
    proxy_checks: bool,
}

/// What the URL says may be a password.
impl std::fmt::Debug for ProxyArguments {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ProxyArguments")
            .field("proxy_checks", &self.proxy_checks)
            .finish_non_exhaustive()
    }
}

impl ProxyArguments {
    /// What makes requests.
    ///
    /// # Errors
    ///
    /// When what is named is no proxy, or there is none that could check.
    pub(super) fn client(&self) -> Result<HttpClient, Failure> {
        let named = self.proxy.as_deref().filter(|proxy| !proxy.is_empty());
        let proxy = named.map(str::parse::<Proxy>).transpose();
        let proxy = proxy.map_err(Lacking::ProxyUrl)?;
        let proxy = match (proxy, self.proxy_checks) {
            (Some(proxy), true) => Some(proxy.doing_the_checking()),
            (None, true) => return Err(Lacking::Proxy.into()),
            (proxy, false) => proxy,
        };
        Ok(HttpClient::new(HttpLimits::default()).through(proxy))
    }
}

impl NetworkArguments {
    /// What makes requests: [`ProxyArguments::client`].
    pub(super) fn client(&self) -> Result<HttpClient, Failure> {
        self.proxy.client()
    }

    /// What gives plugins of registries.
    ///
    /// # Errors
    ///
    /// As [`client`](Self::client).
    pub(super) fn components(&self, cache: &CacheArguments) -> Result<Components, Failure> {
        let client = self.client()?;
        Ok(Components {
            cache: cache.open(),
            client: (!self.offline).then_some(client),
        })
    }
}
