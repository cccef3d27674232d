//! Whose signature a plugin has to have, and what is refused whoever signed it.

use std::collections::BTreeSet;
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::Serialize;

use super::Trust;
use super::at::At;
use super::file::{TrustTable, TrustedKeyTable};
use super::plan::{Plan, Set};
use super::problem::{ConfigurationError, Problem};
use super::source::{Site, Source};
use crate::model::{Digest, Text};
use crate::plugin::signature::{PublicKey, Signature, SignatureError};
use crate::plugin::{Plugin, Source as PluginSource};

/// The most keys and the most refused digests of one file: more than an organization has vendors.
pub const TRUSTED_KEYS_MAX: usize = 100;

/// What one file says about whose plugins are run. With a base policy both files are held by
/// themselves, so that a project can ask for more and not for less.
#[derive(Clone, Debug)]
pub struct TrustPlan {
    /// The keys; without any, plugins need no signature.
    pub keys: Vec<TrustedKeyPlan>,
    /// Digests of components and ids of keys that are refused.
    pub denied: Vec<Set<Digest>>,
}

/// A key, before it is read.
#[derive(Clone, Debug)]
pub struct TrustedKeyPlan {
    /// Whose it is.
    pub name: String,
    /// Path of the key.
    pub key: Set<String>,
    /// The plugins that it may sign, by the name of their manifest.
    plugins: Patterns,
    /// Where they may come from, as `source` is written.
    sources: Patterns,
}

/// Who signed a plugin that is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// What the pipeline file calls who has the key.
    pub name: String,
    /// [`PublicKey::id`].
    pub key: Digest,
}

/// Patterns of names; none for any name.
#[derive(Clone, Debug)]
struct Patterns(Option<GlobSet>);

impl Patterns {
    fn new(
        written: Option<At<Vec<At<String>>>>,
        source: &Arc<Source>,
    ) -> Result<Self, ConfigurationError> {
        let Some(written) = written else {
            return Ok(Self(None));
        };
        let mut set = GlobSetBuilder::new();
        for pattern in written.value {
            let glob = GlobBuilder::new(&pattern.value)
                .literal_separator(true)
                .build();
            let problem = |error: globset::Error| {
                let site = Site::new(source, &pattern.span);
                site.error(Problem::Value(Text::from(error.to_string())))
            };
            set.add(glob.map_err(problem)?);
        }
        let set = set.build().map_err(|error| {
            let site = Site::new(source, &written.span);
            site.error(Problem::Value(Text::from(error.to_string())))
        })?;
        Ok(Self(Some(set)))
    }

    fn have(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|set| set.is_match(name))
    }
}

/// Who signed a plugin.
pub(super) struct Signed {
    pub(super) signers: Vec<Signer>,
    /// The keys by the word of the file that names the plugin: what the lock beside that file has.
    pub(super) by_own_file: BTreeSet<Digest>,
    /// Whether the change under judgement could have put one of the keys where it is.
    pub(super) trust: Trust,
}

impl Default for Signed {
    fn default() -> Self {
        Self {
            signers: Vec::new(),
            by_own_file: BTreeSet::new(),
            trust: Trust::Trusted,
        }
    }
}

/// The signatures of a plugin, asked for where [trust] wants one.
pub(super) type Signatures<'a> = &'a dyn Fn() -> Result<Vec<Signature>, Problem>;

/// Reads a file that a place of the configuration names.
pub(super) type ReadBeside<'a> =
    &'a dyn Fn(&str, &Site) -> Result<(Vec<u8>, Trust), ConfigurationError>;

pub(super) fn trust_plan(
    table: At<TrustTable>,
    source: &Arc<Source>,
) -> Result<TrustPlan, ConfigurationError> {
    let site = Site::new(source, &table.span);
    let count = table.value.keys.len().max(table.value.deny.len());
    if count > TRUSTED_KEYS_MAX {
        return Err(site.error(Problem::Cap {
            what: format!("{count} keys or refused digests"),
            cap: format!("{TRUSTED_KEYS_MAX} of each in one file"),
        }));
    }
    let mut keys: Vec<TrustedKeyPlan> = Vec::new();
    for table in table.value.keys {
        let key = key_plan(table.value, source)?;
        if keys.iter().any(|other| other.name == key.name) {
            return Err(key.key.site.error(Problem::duplicate("key", &key.name)));
        }
        keys.push(key);
    }
    let denied = table.value.deny.into_iter().map(|digest| {
        let site = Site::new(source, &digest.span);
        match digest.value.parse() {
            Ok(value) => Ok(Set { value, site }),
            Err(error) => Err(site.error(Problem::Value(Text::from(format!("{error}"))))),
        }
    });
    Ok(TrustPlan {
        keys,
        denied: denied.collect::<Result<_, _>>()?,
    })
}

fn key_plan(
    table: TrustedKeyTable,
    source: &Arc<Source>,
) -> Result<TrustedKeyPlan, ConfigurationError> {
    super::compose::check_name("key", &table.name, source)?;
    Ok(TrustedKeyPlan {
        name: table.name.value,
        key: Set::of(table.key, source),
        plugins: Patterns::new(table.plugins, source)?,
        sources: Patterns::new(table.sources, source)?,
    })
}

/// Who signed a plugin, by the word of each file that asks for a signature. Trust falls when one of
/// the keys lies where the change under judgement could have put it.
pub(super) fn signers(
    plan: &Plan,
    (name, written, site): (&str, &str, &Site),
    plugin: &Plugin,
    signatures: Signatures<'_>,
    read: ReadBeside<'_>,
) -> Result<Signed, ConfigurationError> {
    let mut trust = Trust::Trusted;
    let denied = || plan.trust.iter().flat_map(|plan| &plan.denied);
    if let Some(denied) = denied().find(|denied| denied.value == plugin.digest) {
        return Err(site.error(Problem::DeniedPlugin {
            plugin: name.to_owned(),
            digest: plugin.digest,
            at: denied.site.words(),
        }));
    }
    if let PluginSource::Embedded(_) = &plugin.source {
        return Ok(Signed::default());
    }
    let mut found = Signed::default();
    for file in plan.trust.iter().filter(|file| !file.keys.is_empty()) {
        let named = &plugin.manifest.name;
        let mut keys = Vec::new();
        for planned in &file.keys {
            if planned.plugins.have(named) && planned.sources.have(written) {
                let (key, key_trust) = read_key(&planned.key, read)?;
                if key_trust == Trust::Untrusted {
                    trust = Trust::Untrusted;
                }
                keys.push((planned, key));
            }
        }
        if keys.is_empty() {
            return Err(site.error(Problem::NoTrustedKey {
                plugin: name.to_owned(),
                named: Text::from(named.as_str()),
                from: Text::from(written),
            }));
        }
        let signatures = signatures().map_err(|problem| site.error(problem))?;
        let mut refused = None;
        let signer = keys.iter().find(|(_, key)| {
            signatures.iter().any(|signature| {
                let verified = signature.verify(&plugin.digest, key);
                // That it is by somebody else says more than that another of them is of something else.
                if !matches!(refused, Some(SignatureError::OtherKey { .. })) {
                    refused = verified.clone().err();
                }
                verified.is_ok()
            })
        });
        let Some((planned, key)) = signer else {
            return Err(site.error(Problem::WrongSignature {
                plugin: name.to_owned(),
                keys: keys.iter().map(|(key, _)| key.name.clone()).collect(),
                source: refused,
            }));
        };
        if let Some(denied) = denied().find(|denied| denied.value == *key.id()) {
            return Err(site.error(Problem::DeniedKey {
                plugin: name.to_owned(),
                key: *key.id(),
                at: denied.site.words(),
            }));
        }
        if Arc::ptr_eq(&planned.key.site.source, &site.source) {
            found.by_own_file.insert(*key.id());
        }
        found.signers.push(Signer {
            name: planned.name.clone(),
            key: *key.id(),
        });
    }
    Ok(Signed { trust, ..found })
}

fn read_key(
    path: &Set<String>,
    read: ReadBeside<'_>,
) -> Result<(PublicKey, Trust), ConfigurationError> {
    let (bytes, trust) = read(&path.value, &path.site)?;
    let key = PublicKey::read(&bytes).map_err(|source| {
        path.site.error(Problem::Key {
            path: Text::from(path.value.as_str()),
            source,
        })
    })?;
    Ok((key, trust))
}
