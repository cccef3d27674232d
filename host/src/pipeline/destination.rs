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
use super::destination_plan::{AddressPlan, SecretPlan, ValuePlan};
use super::load::Configuration;
use super::place::{NamedBy, place};
use super::plan::{Plan, Set};
use super::problem::{ConfigurationError, FILE_BYTES_MAX, Problem};
use super::read::read_file;
use super::source::Site;
use crate::model::{Digest, Text};
use crate::release::Repository;
use crate::sandbox::{Authorities, HttpRoute, HttpUrl, Secret, SecretHeader};

/// The longest address or secret, in bytes: the longest tokens that are in use, several times over.
pub const VALUE_BYTES_MAX: usize = 8 << 10;

/// A file of certificates, read.
#[derive(Clone, Debug)]
pub(super) struct Authority {
    pub(super) digest: Digest,
    authorities: Authorities,
}

/// Reads the files of certificates that channels name, each from where the file that names it was
/// read.
pub(super) fn authorities(
    plan: &Plan,
    folder: &Path,
    repository: &Repository,
) -> Result<(BTreeMap<String, Authority>, Trust), ConfigurationError> {
    let mut found = BTreeMap::new();
    let mut trust = Trust::Trusted;
    for (name, channel) in &plan.channels {
        let Some(destination) = &channel.destination else {
            continue;
        };
        let Some(Set { value: path, site }) = &destination.ca else {
            continue;
        };
        let (bytes, file_trust) = read_beside(path, site, folder, repository)?;
        if file_trust == Trust::Untrusted {
            trust = Trust::Untrusted;
        }
        let authorities = Authorities::from_pem(&bytes).map_err(|source| {
            site.error(Problem::Authorities {
                channel: name.clone(),
                path: Text::from(path.as_str()),
                source,
            })
        })?;
        let authority = Authority {
            digest: Digest::of(&bytes),
            authorities,
        };
        found.insert(name.clone(), authority);
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
                repository,
                variable,
            };
            let route = HttpRoute {
                addresses: plan.addresses.clone(),
                authorities: self
                    .authorities
                    .get(name)
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
    repository: &'a Repository,
    variable: &'a dyn Fn(&str) -> Option<OsString>,
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

    /// One line of text, without the line break after it.
    fn value(
        &self,
        key: &'static str,
        plan: &ValuePlan,
        site: &Site,
    ) -> Result<Secret, ConfigurationError> {
        let channel = self.channel.to_owned();
        let read = match plan {
            ValuePlan::Env(name) => match (self.variable)(name) {
                // A CI system sets a variable to nothing where it has no value for it.
                value if value.as_ref().is_none_or(|value| value.is_empty()) => {
                    return Err(site.error(Problem::NoVariable {
                        channel,
                        key,
                        variable: name.clone(),
                    }));
                }
                value => value.and_then(|value| value.into_string().ok()),
            },
            ValuePlan::File(path) => {
                let found = place(path, Path::new("/"), self.repository, NamedBy::Operator)
                    .map_err(|error| error.moved(site.clone()))?;
                if found.trust == Trust::Untrusted {
                    return Err(site.error(Problem::ValueInReach {
                        channel,
                        key,
                        path: path.clone(),
                    }));
                }
                let bytes = read_file(&found.path, FILE_BYTES_MAX)
                    .map_err(|error| error.moved(site.clone()))?;
                String::from_utf8(bytes).ok()
            }
        };
        let line = read.map(Secret::new).and_then(|read| line(&read));
        line.ok_or_else(|| {
            site.error(Problem::ValueText {
                channel,
                key,
                from: plan.to_string(),
                bytes_max: VALUE_BYTES_MAX,
            })
        })
    }
}

/// The one line of a text; none where there is another one, or nothing.
fn line(text: &Secret) -> Option<Secret> {
    let text = text.expose();
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let is_line = !line.is_empty()
        && line.len() <= VALUE_BYTES_MAX
        && line.trim() == line
        && !line.chars().any(char::is_control);
    is_line.then(|| Secret::new(line.to_owned()))
}
