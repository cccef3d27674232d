use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use holdpoint_build::nearest;

use super::super::Trust;
use super::super::beside::read_beside;
use super::super::plan::{Layer, Plan};
use super::super::problem::{ConfigurationError, Problem};
use super::super::source::Site;
use super::plan::ApproversPlan;
use crate::model::{Digest, STATEMENT_NAMESPACE, Text};
use crate::plugin::ssh::AllowedSigners;
use crate::release::Repository;

/// Whose signatures count.
#[derive(Clone, Debug)]
pub struct Approvers {
    /// The list of signers.
    pub signers: AllowedSigners,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Which file says so.
    pub layer: Layer,
    /// Members of each role.
    roles: BTreeMap<String, BTreeSet<String>>,
    /// What each principal is called in commits and at the CI system, in lower case.
    identities: BTreeMap<String, BTreeSet<String>>,
    /// One name of the person for each name of that person.
    people: BTreeMap<String, String>,
}

/// Who can give an approval.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Any signer.
    Anybody,
    /// Those in a role.
    Role(String),
    /// One principal.
    Principal(String),
}

impl Approvers {
    /// The approvers of a list of signers.
    #[must_use]
    pub fn new(plan: &ApproversPlan, signers: AllowedSigners, digest: Digest) -> Self {
        let roles = plan.roles.iter().map(|(role, members)| {
            let members = members.value.iter().map(|member| member.value.clone());
            (role.clone(), members.collect())
        });
        let identities = plan.identities.iter().map(|(principal, own)| {
            let own = own.iter().map(|identity| identity.to_lowercase());
            (principal.clone(), own.collect())
        });
        let mut approvers = Self {
            signers,
            digest,
            layer: plan.layer,
            roles: roles.collect(),
            identities: identities.collect(),
            people: BTreeMap::new(),
        };
        approvers.people = approvers.find_people();
        approvers
    }

    /// Every name that the configuration has, apart from those of the list of signers.
    pub fn known(&self) -> impl Iterator<Item = &str> + Clone {
        let members = self.roles.values().flatten();
        members.chain(self.identities.keys()).map(String::as_str)
    }

    /// Whether there is such a role.
    #[must_use]
    pub fn is_role(&self, name: &str) -> bool {
        self.roles.contains_key(name)
    }

    /// The person of a name: one name for all names of that person.
    #[must_use]
    pub fn person<'a>(&'a self, principal: &'a str) -> &'a str {
        self.people.get(principal).map_or(principal, String::as_str)
    }

    /// Whether a principal is one of those.
    #[must_use]
    pub fn is_among(&self, principal: &str, who: &Who) -> bool {
        match who {
            Who::Anybody => true,
            Who::Role(role) => self
                .roles
                .get(role)
                .is_some_and(|members| members.contains(principal)),
            Who::Principal(name) => name == principal,
        }
    }

    /// What a person is called in commits and at the CI system, in lower case.
    #[must_use]
    pub fn identities(&self, person: &str) -> BTreeSet<&str> {
        self.identities
            .iter()
            .filter(|(principal, _)| self.person(principal) == person)
            .flat_map(|(_, own)| own.iter().map(String::as_str))
            .collect()
    }

    /// Whether an address or a name is anybody's, in any case of letters.
    #[must_use]
    pub fn is_mapped(&self, identity: &str) -> bool {
        let identity = identity.to_lowercase();
        self.identities.values().any(|own| own.contains(&identity))
    }

    /// The members of a role, by their names in the list of signers.
    pub fn members(&self, role: &str) -> impl Iterator<Item = &str> {
        let members = self.roles.get(role).into_iter().flatten();
        members.map(String::as_str)
    }

    /// How many people are in a role.
    #[must_use]
    pub fn count(&self, role: &str) -> u32 {
        let members = self.roles.get(role).into_iter().flatten();
        let people: BTreeSet<&str> = members.map(|member| self.person(member)).collect();
        u32::try_from(people.len()).unwrap_or(u32::MAX)
    }

    /// Names that share a key or an identity are one person. Worked out once of what the operator
    /// wrote, and of nothing that somebody signed, so that no signature makes people fewer or more.
    fn find_people(&self) -> BTreeMap<String, String> {
        let shared = self.signers.shared(STATEMENT_NAMESPACE, self.known());
        let mut groups: Vec<BTreeSet<String>> = shared
            .into_iter()
            .map(|names| names.into_iter().map(str::to_owned).collect())
            .collect();
        let mut by_identity: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (principal, own) in &self.identities {
            for identity in own {
                let names = by_identity.entry(identity).or_default();
                names.insert(principal.clone());
            }
        }
        // Who is named like somebody's address is that somebody.
        let named: BTreeSet<&str> = groups.iter().flatten().map(String::as_str).collect();
        for name in named.into_iter().chain(self.known()) {
            if let Some(names) = by_identity.get_mut(name.to_lowercase().as_str()) {
                names.insert(name.to_owned());
            }
        }
        groups.extend(by_identity.into_values());
        let mut joined: Vec<BTreeSet<String>> = Vec::new();
        for mut group in groups {
            let (touching, apart) = joined
                .into_iter()
                .partition(|other| !group.is_disjoint(other));
            joined = apart;
            let touching: Vec<BTreeSet<String>> = touching;
            group.extend(touching.into_iter().flatten());
            joined.push(group);
        }
        let mut people = BTreeMap::new();
        for group in joined {
            let Some(first) = group.first().cloned() else {
                continue;
            };
            people.extend(group.into_iter().map(|name| (name, first.clone())));
        }
        people
    }
}

/// Reads the list of signers of a plan, and holds against it what the stages need. Trust falls when
/// the list is in reach of the change under judgement.
pub(in super::super) fn approvers(
    plan: &Plan,
    folder: &Path,
    repository: &Repository,
) -> Result<(Option<Approvers>, Trust), ConfigurationError> {
    let (approvers, trust) = match &plan.approvers {
        None => (None, Trust::Trusted),
        Some(approvers) => {
            let path = &approvers.signers;
            let (bytes, trust) = read_beside(&path.value, &path.site, folder, repository)?;
            let signers = AllowedSigners::read(&bytes).map_err(|source| {
                path.site.error(Problem::Signers {
                    path: Text::from(path.value.as_str()),
                    source,
                })
            })?;
            let read = Approvers::new(approvers, signers, Digest::of(&bytes));
            check_members(approvers, &read)?;
            (Some(read), trust)
        }
    };
    for stage in &plan.stages {
        for rule in &stage.approvals {
            let Some(approvers) = approvers
                .as_ref()
                .filter(|approvers| approvers.counts_in(stage.layer))
            else {
                let problem = Problem::ApprovalWithoutApprovers(stage.id.clone());
                return Err(rule.site.error(problem));
            };
            if let Some(role) = &rule.role {
                check_role(approvers, role, rule.count, &rule.site)?;
            }
        }
    }
    if let Some(overriding) = &plan.overriding {
        let Some(approvers) = &approvers else {
            let problem = Problem::OverrideWithoutApprovers;
            return Err(overriding.site.error(problem));
        };
        if let Some(role) = &overriding.role {
            check_role(approvers, &role.value, overriding.count, &role.site)?;
        }
    }
    Ok((approvers, trust))
}

impl Approvers {
    /// Whether their word counts in a stage of this layer: a project's own people do not release
    /// what its organization asks for.
    #[must_use]
    pub fn counts_in(&self, layer: Layer) -> bool {
        self.layer == Layer::Policy || layer == Layer::Pipeline
    }
}

/// A member who is in no line of the list could never sign: a slip of the pen.
fn check_members(plan: &ApproversPlan, read: &Approvers) -> Result<(), ConfigurationError> {
    for member in plan.roles.values().flat_map(|members| &members.value) {
        if !read.signers.is_known(&member.value, STATEMENT_NAMESPACE) {
            return Err(member.site.error(Problem::UnknownSigner {
                member: Text::from(member.value.as_str()),
            }));
        }
    }
    Ok(())
}

fn check_role(
    approvers: &Approvers,
    role: &str,
    count: u32,
    site: &Site,
) -> Result<(), ConfigurationError> {
    if !approvers.is_role(role) {
        let known: Vec<String> = approvers.roles.keys().cloned().collect();
        return Err(site.error(Problem::UnknownRole {
            role: Text::from(role),
            nearest: nearest(role, known.iter().map(String::as_str)).map(str::to_owned),
            known,
        }));
    }
    let people = approvers.count(role);
    if people < count {
        return Err(site.error(Problem::SmallRole {
            role: role.to_owned(),
            people,
            count,
        }));
    }
    Ok(())
}
