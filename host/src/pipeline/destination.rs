//! Where the messages of a channel are posted, with the values that do not stand in the file: they are
//! read in a run that really posts messages, and only there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::Trust;
use super::address_table::Delivery;
use super::beside::read_beside;
use super::destination_plan::{AddressPlan, SecretPlan};
use super::load::Configuration;
use super::plan::{Plan, Set};
use super::problem::{ConfigurationError, Problem};
use super::source::Site;
use super::value::{ValueReader, ValueUser};
use crate::model::{Digest, Text, ValueSource};
use crate::release::Repository;
use crate::sandbox::{Authorities, HttpRoute, HttpUrl, Secret, SecretHeader};

/// A file of certificates, read.
#[derive(Clone, Debug)]
pub(super) struct Authority {
    pub(super) digest: Digest,
    pub(super) authorities: Authorities,
}

/// Reads the files of certificates that channels and grants name, each from where the file that names
/// it was read.
pub(super) fn authorities(
    plan: &Plan,
    folder: &Path,
    repository: &Repository,
) -> Result<(BTreeMap<ValueUser, Authority>, Trust), ConfigurationError> {
    let channels = plan.channels.iter().filter_map(|(name, channel)| {
        let ca = channel.destination.as_ref()?.ca.as_ref()?;
        Some((ValueUser::Channel(name.clone()), ca))
    });
    let plugins = plan.plugins.iter().filter_map(|(name, plugin)| {
        let ca = plugin.grants_ca.as_ref()?;
        Some((ValueUser::Plugin(name.clone()), ca))
    });
    let mut found = BTreeMap::new();
    let mut trust = Trust::Trusted;
    for (user, Set { value: path, site }) in channels.chain(plugins) {
        let (bytes, file_trust) = read_beside(path, site, folder, repository)?;
        if file_trust == Trust::Untrusted {
            trust = Trust::Untrusted;
        }
        let authorities = Authorities::from_pem(&bytes).map_err(|source| {
            site.error(Problem::Authorities {
                user: user.clone(),
                path: Text::from(path.as_str()),
                source,
            })
        })?;
        let authority = Authority {
            digest: Digest::of(&bytes),
            authorities,
        };
        found.insert(user, authority);
    }
    Ok((found, trust))
}

/// Where the messages of a channel are posted, with every value. Clones share it.
#[derive(Clone)]
pub struct Destination(Arc<Posting>);

pub(super) struct Posting {
    pub(super) url: HttpUrl,
    pub(super) secret: Option<SecretHeader>,
    pub(super) route: HttpRoute,
    pub(super) delivery: Delivery,
}

impl fmt::Debug for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Destination")
            .field(&self.0.url)
            .finish()
    }
}

impl Destination {
    /// A destination whose values are known.
    #[must_use]
    pub fn new(
        url: HttpUrl,
        secret: Option<SecretHeader>,
        route: HttpRoute,
        delivery: Delivery,
    ) -> Self {
        Self(Arc::new(Posting {
            url,
            secret,
            route,
            delivery,
        }))
    }

    /// Scheme, host and port: what may be shown.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.url.origin()
    }

    pub(super) fn posting(&self) -> &Posting {
        &self.0
    }
}

impl Configuration {
    /// Reads the addresses and secrets of the channels: for a run that really posts messages, and
    /// only for such a run. A channel without an address has no destination, and under a
    /// configuration that is not trusted none has.
    ///
    /// `variable` looks a variable of the environment up.
    ///
    /// # Errors
    ///
    /// When a value is not there or is of no use. No error says a value.
    pub fn destinations(
        &self,
        repository: &Repository,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<BTreeMap<String, Destination>, ConfigurationError> {
        let mut destinations = BTreeMap::new();
        if self.trust != Trust::Trusted {
            return Ok(destinations);
        }
        for (name, channel) in &self.plan.channels {
            let Some(plan) = &channel.destination else {
                continue;
            };
            let reader = Reader {
                channel: name,
                values: ValueReader {
                    repository,
                    variable,
                },
            };
            let route = HttpRoute {
                addresses: plan.addresses.clone(),
                authorities: self
                    .authorities
                    .get(&ValueUser::Channel(name.clone()))
                    .map(|authority| authority.authorities.clone()),
            };
            let destination = Destination::new(
                reader.url(&plan.address)?,
                plan.secret
                    .as_ref()
                    .map(|secret| reader.secret(secret))
                    .transpose()?,
                route,
                plan.delivery,
            );
            destinations.insert(name.clone(), destination);
        }
        Ok(destinations)
    }
}

/// Reads the values of one channel.
struct Reader<'a> {
    channel: &'a str,
    values: ValueReader<'a>,
}

impl Reader<'_> {
    fn url(&self, address: &Set<AddressPlan>) -> Result<HttpUrl, ConfigurationError> {
        let value = match &address.value {
            AddressPlan::Url(url) => return Ok(url.clone()),
            AddressPlan::Value(value) => value,
        };
        let text = self.value("address", value, &address.site)?;
        HttpUrl::new(text.expose()).map_err(|source| {
            address.site.error(Problem::Address {
                channel: self.channel.to_owned(),
                from: value.to_string(),
                source,
            })
        })
    }

    fn secret(&self, plan: &SecretPlan) -> Result<SecretHeader, ConfigurationError> {
        let Set { value, site } = &plan.value;
        let secret = self.value("secret", value, site)?;
        SecretHeader::new(&plan.header, &plan.prefix, &secret).map_err(|source| {
            site.error(Problem::Secret {
                channel: self.channel.to_owned(),
                source,
            })
        })
    }

    fn value(
        &self,
        key: &str,
        from: &ValueSource,
        site: &Site,
    ) -> Result<Secret, ConfigurationError> {
        let user = ValueUser::Channel(self.channel.to_owned());
        self.values.read((&user, key), from, site)
    }
}
