//! How the registries that plugins come from are asked, and what lies beside a file of the configuration
//! for its plugins: `holdpoint.lock`, and the folder of vendored ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::Trust;
use super::at::At;
use super::beside::read_beside;
use super::destination_plan::ranges;
use super::file::RegistryTable;
use super::keyring::ReadBeside;
use super::place::{NamedBy, place};
use super::plan::Set;
use super::problem::{ConfigurationError, FILE_BYTES_MAX, Problem};
use super::read::read_file;
use super::source::{Origin, Site, Source};
use super::value::ValueUser;
use crate::model::{HttpUrl, Text};
use crate::plugin::components::VENDOR_FOLDER;
use crate::plugin::lock::{LOCK_NAME, Lock};
use crate::plugin::registry::Access;
use crate::release::{self, Repository};
use crate::sandbox::Authorities;

/// How a file has a registry asked.
#[derive(Clone, Debug)]
pub struct RegistryPlan {
    /// Host and port.
    pub host: String,
    /// Whether it is asked without TLS.
    pub is_plain: bool,
    /// Ranges of addresses that it may have although they are not public.
    pub addresses: Vec<ipnet::IpNet>,
    /// Path of a file of certificates.
    pub ca: Option<Set<String>>,
    /// Where it is.
    pub site: Site,
}

pub(super) fn registries(
    tables: BTreeMap<At<String>, At<RegistryTable>>,
    source: &Arc<Source>,
) -> Result<Vec<RegistryPlan>, ConfigurationError> {
    let plan = |(host, table): (At<String>, At<RegistryTable>)| {
        let site = Site::new(source, &host.span);
        let refused = |message: &str| site.error(Problem::Value(Text::from(message)));
        let url = HttpUrl::new(&format!("https://{}/", host.value));
        if url.is_err() || host.value.contains('/') {
            let message = "expected a host, and its port where it has one of its own, such as \
                           `registry.example.com:5000`";
            return Err(refused(message));
        }
        let RegistryTable {
            addresses,
            ca,
            without_tls,
        } = table.value;
        let addresses = match &addresses {
            None => Vec::new(),
            Some(addresses) => ranges(addresses, source)?,
        };
        let is_plain = without_tls.is_some_and(|plain| plain.value);
        if is_plain && addresses.is_empty() {
            let message = "without TLS it can be asked in named networks only: add `addresses`";
            return Err(refused(message));
        }
        Ok(RegistryPlan {
            host: host.value,
            is_plain,
            addresses,
            ca: ca.map(|ca| Set::of(ca, source)),
            site,
        })
    };
    tables.into_iter().map(plan).collect()
}

/// What lies beside a file of the configuration, read from where that was read.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) folder: &'a Path,
    pub(super) repository: &'a Repository,
}

impl Beside<'_> {
    /// The lock of its plugins, and whether the change under judgement could have written it; none where
    /// there is none.
    pub(super) fn lock(&self) -> Result<Option<(Lock, Trust)>, ConfigurationError> {
        let Some((bytes, trust)) = self.bytes(LOCK_NAME, FILE_BYTES_MAX)? else {
            return Ok(None);
        };
        let refused = |source| {
            ConfigurationError::new(Problem::Lock {
                beside: self.source.name.clone(),
                source,
            })
        };
        let text = String::from_utf8_lossy(&bytes);
        let lock = Lock::read(&text).map_err(refused)?;
        Ok(Some((lock, trust)))
    }

    /// A file of the vendored folder, at most so many bytes of it. It is held against a digest, or is a
    /// signature: who wrote it is of no account.
    pub(super) fn vendored(&self, name: &str, bytes_max: u64) -> Option<Vec<u8>> {
        let path = format!("{VENDOR_FOLDER}/{name}");
        let read = self.bytes(&path, bytes_max);
        read.ok().flatten().map(|(bytes, _)| bytes)
    }

    /// A file in the folder of this one; none where there is none.
    fn bytes(
        &self,
        name: &str,
        bytes_max: u64,
    ) -> Result<Option<(Vec<u8>, Trust)>, ConfigurationError> {
        match &self.source.origin {
            Origin::Embedded => Ok(None),
            Origin::File(file) => {
                let base = file.parent().unwrap_or(self.folder);
                let named_by = NamedBy::File(self.source);
                let place = match place(Path::new(name), base, self.repository, named_by) {
                    Err(error) if matches!(error.problem(), Problem::Missing(_)) => {
                        return Ok(None);
                    }
                    place => place?,
                };
                Ok(Some((read_file(&place.path, bytes_max)?, place.trust)))
            }
            Origin::Revision { commit, path } => {
                let folder = path.rsplit_once('/').map(|(folder, _)| folder);
                let path =
                    folder.map_or_else(|| name.to_owned(), |folder| format!("{folder}/{name}"));
                match self.repository.read_at(commit.as_str(), &path, bytes_max) {
                    Ok((_, bytes)) => Ok(Some((bytes, self.source.trust))),
                    Err(release::Error::NoSuchFile { .. }) => Ok(None),
                    Err(source) => Err(ConfigurationError::new(Problem::Revision {
                        name: Text::from(format!("{commit}:{path}")),
                        source,
                    })),
                }
            }
        }
    }

    /// How a registry is asked for the plugins of this file; none where it may not be. Under a file that is
    /// not trusted no registry is: it could name any, and be sent what the user is logged in with.
    pub(super) fn access(
        &self,
        registries: &[RegistryPlan],
        host: &str,
    ) -> Result<Option<Access>, ConfigurationError> {
        let (access, trust) = access(registries, self.source, host, &|path, site| {
            read_beside(path, site, self.folder, self.repository)
        })?;
        let trusted = [trust, self.source.trust] == [Trust::Trusted; 2];
        Ok(trusted.then_some(access))
    }
}

/// How a registry is asked for the plugins of a file.
pub(super) fn access(
    registries: &[RegistryPlan],
    source: &Arc<Source>,
    host: &str,
    read: ReadBeside<'_>,
) -> Result<(Access, Trust), ConfigurationError> {
    let mut plans = registries.iter();
    let plan = plans.find(|plan| {
        plan.host.eq_ignore_ascii_case(host) && Arc::ptr_eq(&plan.site.source, source)
    });
    let Some(plan) = plan else {
        return Ok((Access::default(), Trust::Trusted));
    };
    let mut trust = Trust::Trusted;
    let authorities = match &plan.ca {
        None => None,
        Some(Set { value: path, site }) => {
            let (bytes, ca_trust) = read(path, site)?;
            trust = ca_trust;
            let authorities = Authorities::from_pem(&bytes).map_err(|source| {
                site.error(Problem::Authorities {
                    user: ValueUser::Registry(plan.host.clone()),
                    path: Text::from(path.as_str()),
                    source,
                })
            })?;
            Some(authorities)
        }
    };
    let access = Access {
        is_plain: plan.is_plain,
        addresses: plan.addresses.clone(),
        authorities,
    };
    Ok((access, trust))
}
