//! What plugins reach outside of the machine, with the values of their secrets: they are read for a
//! run, and only for one, and under a configuration that is not trusted nothing is reached.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use super::Trust;
use super::load::Configuration;
use super::problem::{ConfigurationError, Problem};
use super::run::Prepared;
use super::source::Site;
use super::value::{ValueReader, ValueUser};
use crate::release::Repository;
use crate::sandbox::{Allowance, AllowanceLimits, Brokered, HttpClient, Network};

/// Looks a variable of the environment up.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Configuration {
    /// Whether a plugin may ask other systems, or have the host ask them, in a run of it.
    #[must_use]
    pub fn reaches_out(&self) -> bool {
        self.trust == Trust::Trusted
            && self.plugins.values().any(|resolved| {
                let grants = resolved.grants.asked(&resolved.plugin.manifest);
                grants.reach_out()
            })
    }

    /// Where the file grants something to a plugin.
    fn grants_site<'a>(&'a self, plugin: &str, table: &'a Site) -> &'a Site {
        let plan = self.plan.plugins.get(plugin);
        let grants = plan.and_then(|plan| plan.grants.as_ref());
        grants.map_or(table, |grants| &grants.site)
    }
}

impl Prepared {
    /// The same plugins, with what they are granted in reach, through this client. Each secret has a placeholder
    /// that depends on `random`, which is the same in every sitting of a run and no other run's.
    ///
    /// `variable` looks a variable of the environment up.
    ///
    /// # Errors
    ///
    /// When a secret is not there or is of no use. No error says a value.
    pub fn connected(
        &self,
        configuration: &Configuration,
        client: &HttpClient,
        repository: &Repository,
        (random, variable): (&str, Variable<'_>),
    ) -> Result<Self, ConfigurationError> {
        let mut loaded = self.loaded.clone();
        if !configuration.reaches_out() {
            return Ok(Self { loaded });
        }
        let reader = ValueReader {
            repository,
            variable,
        };
        let limits = &configuration.plan.limits;
        let allowance = Allowance::new(AllowanceLimits {
            requests_max: limits.requests.into(),
            response_bytes_max: limits.response_bytes,
        });
        for (name, resolved) in &configuration.plugins {
            let grants = resolved.grants.asked(&resolved.plugin.manifest);
            if !grants.reach_out() {
                continue;
            }
            let user = ValueUser::Plugin(name.clone());
            let site = configuration.grants_site(name, &resolved.site);
            let mut secrets = BTreeMap::new();
            for (secret, grant) in &grants.secrets {
                let key = format!("secrets.{secret}");
                let value = reader.read((&user, &key), &grant.value, site)?;
                let brokered = Brokered::new((name, secret), random, grant, &value);
                let brokered = brokered.map_err(|source| {
                    site.error(Problem::Brokered {
                        plugin: name.clone(),
                        secret: secret.clone(),
                        source,
                    })
                })?;
                secrets.insert(secret.clone(), brokered);
            }
            let authorities = configuration
                .authorities
                .get(&user)
                .map(|authority| authority.authorities.clone());
            let network = Network::new(client.clone(), authorities, secrets, allowance.clone());
            if let Some(loaded) = loaded.get_mut(name) {
                *loaded = Arc::new(loaded.with_network(Some(network)));
            }
        }
        Ok(Self { loaded })
    }
}
