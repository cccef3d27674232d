use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::super::at::At;
use super::super::compose::check_name;
use super::super::file::{ApprovalTable, ApproversTable, OverrideTable};
use super::super::plan::{Layer, Set};
use super::super::problem::{ConfigurationError, Problem};
use super::super::quantity::Life;
use super::super::source::{Site, Source};
use super::super::threshold::Percentile;
use crate::model::Text;

/// The longest life of an approval where a stage sets none: three days, so that one that is given on
/// a Friday counts on Monday.
pub const APPROVALS_VALID: Life = Life(Duration::from_hours(72));

/// How long an override holds where the file sets nothing.
pub const OVERRIDE_VALID: Life = Life(Duration::from_hours(4));

/// The longest that an override can hold: a day of somebody else's must not begin under it.
pub const OVERRIDE_VALID_MAX: Life = Life(Duration::from_hours(24));

/// The fewest people of an override: nobody breaks the glass alone.
pub const OVERRIDE_COUNT_MIN: u32 = 2;

/// The most people that one approval or override can take: more than ever come together.
pub const PEOPLE_MAX: u32 = 20;

/// An approval that a stage needs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApprovalRule {
    /// How many people it takes.
    pub count: u32,
    /// The role that they are in; none for any signer.
    pub role: Option<String>,
    /// The score from which on it is needed; none for always.
    pub at: Option<Percentile>,
    /// Whether they may be neither who started the run nor an author of the range.
    pub four_eyes: bool,
    /// Where it is.
    #[serde(skip)]
    pub site: Site,
}

impl ApprovalRule {
    /// What `approve-at` stands for.
    #[must_use]
    pub fn shorthand(at: &Set<Percentile>) -> Self {
        Self {
            count: 1,
            role: None,
            at: Some(at.value),
            four_eyes: true,
            site: at.site.clone(),
        }
    }
}

/// Whose signatures count, before the list of signers is read.
#[derive(Clone, Debug)]
pub struct ApproversPlan {
    /// Path of the list.
    pub signers: Set<String>,
    /// Members of each role.
    pub roles: BTreeMap<String, Set<Vec<Set<String>>>>,
    /// Addresses in commits, and names at the CI system, of each principal.
    pub identities: BTreeMap<String, Vec<String>>,
    /// Which file it comes from: a project's approvers release nothing in a stage of its
    /// organization's base policy.
    pub layer: Layer,
    /// Where it is.
    pub site: Site,
}

impl ApproversPlan {
    /// Whether two files say the same.
    pub(in super::super) fn is_same(&self, other: &Self) -> bool {
        // Taken apart by name, so that a new key cannot be forgotten here.
        let Self {
            signers,
            roles: _,
            identities,
            layer: _,
            site: _,
        } = self;
        signers.value == other.signers.value
            && self.members() == other.members()
            && *identities == other.identities
    }

    fn members(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        self.roles
            .iter()
            .map(|(role, members)| {
                let members = members.value.iter().map(|name| name.value.as_str());
                (role.as_str(), members.collect())
            })
            .collect()
    }

    /// What it is, in a few words.
    pub(in super::super) fn words(&self) -> String {
        let roles = self.members().into_iter().map(|(role, members)| {
            let members: Vec<&str> = members.into_iter().collect();
            format!("{role} ({})", members.join(", "))
        });
        let roles: Vec<String> = roles.collect();
        let roles = if roles.is_empty() {
            "no roles".to_owned()
        } else {
            roles.join(", ")
        };
        let identities: Vec<String> = self
            .identities
            .iter()
            .map(|(principal, own)| format!("{principal} is {}", own.join(" and ")))
            .collect();
        let identities = if identities.is_empty() {
            "no identities".to_owned()
        } else {
            identities.join(", ")
        };
        format!("{} with {roles}; {identities}", self.signers.value)
    }
}

/// Who can let a stage go although its verdict is another one.
#[derive(Clone, Debug)]
pub struct OverridePlan {
    /// How many people it takes.
    pub count: u32,
    /// The role that they are in; none for any signer.
    pub role: Option<Set<String>>,
    /// How long it holds.
    pub valid: Life,
    /// Which file it comes from.
    pub layer: Layer,
    /// Where it is.
    pub site: Site,
}

impl OverridePlan {
    /// Whether two files say the same.
    pub(in super::super) fn is_same(&self, other: &Self) -> bool {
        let Self {
            count,
            role,
            valid,
            layer: _,
            site: _,
        } = self;
        let role = role.as_ref().map(|role| &role.value);
        *count == other.count
            && role == other.role.as_ref().map(|role| &role.value)
            && *valid == other.valid
    }

    /// What it is, in a few words.
    pub(in super::super) fn words(&self) -> String {
        let role = self.role.as_ref().map_or("any signers", |role| &role.value);
        format!("{} of {role} for {}", self.count, self.valid)
    }
}

/// An approval of a stage.
pub(in super::super) fn approval_rule(
    table: At<ApprovalTable>,
    source: &Arc<Source>,
) -> Result<ApprovalRule, ConfigurationError> {
    let site = Site::new(source, &table.span);
    let table = table.value;
    Ok(ApprovalRule {
        count: match table.count {
            None => 1,
            Some(count) => people(&count, 1, source)?,
        },
        role: table.role.map(|role| role.value),
        at: table.at.map(|at| at.value),
        four_eyes: table.four_eyes.is_none_or(|four_eyes| four_eyes.value),
        site,
    })
}

/// The approvers of a file.
pub(in super::super) fn approvers_plan(
    table: At<ApproversTable>,
    source: &Arc<Source>,
    layer: Layer,
) -> Result<ApproversPlan, ConfigurationError> {
    let site = Site::new(source, &table.span);
    let mut roles = BTreeMap::new();
    for (role, members) in table.value.roles {
        check_name("role", &role, source)?;
        let list = Site::new(source, &members.span);
        let mut seen = BTreeSet::new();
        for member in &members.value {
            check_text(member, source)?;
            if !seen.insert(&member.value) {
                let site = Site::new(source, &member.span);
                return Err(site.error(Problem::duplicate("member", &member.value)));
            }
        }
        let members = members.value.into_iter();
        let value = members.map(|member| Set::of(member, source)).collect();
        roles.insert(role.value, Set { value, site: list });
    }
    let mut identities = BTreeMap::new();
    for (principal, own) in table.value.identities {
        check_text(&principal, source)?;
        for identity in &own.value {
            check_text(identity, source)?;
        }
        identities.insert(principal.value, own.values());
    }
    Ok(ApproversPlan {
        signers: Set::of(table.value.signers, source),
        roles,
        identities,
        layer,
        site,
    })
}

/// The override of a file.
pub(in super::super) fn override_plan(
    table: At<OverrideTable>,
    source: &Arc<Source>,
    layer: Layer,
) -> Result<OverridePlan, ConfigurationError> {
    let site = Site::new(source, &table.span);
    let table = table.value;
    let valid = match table.valid {
        None => OVERRIDE_VALID,
        Some(valid) if valid.value <= OVERRIDE_VALID_MAX => valid.value,
        Some(valid) => {
            let message = format!("an override holds for at most {OVERRIDE_VALID_MAX}");
            return Err(Site::new(source, &valid.span).error(Problem::Value(Text::from(message))));
        }
    };
    Ok(OverridePlan {
        count: match table.count {
            None => OVERRIDE_COUNT_MIN,
            Some(count) => people(&count, OVERRIDE_COUNT_MIN, source)?,
        },
        role: table.role.map(|role| Set::of(role, source)),
        valid,
        layer,
        site,
    })
}

/// A number of people that can come together, and of whom not too few are asked.
fn people(count: &At<u32>, min: u32, source: &Arc<Source>) -> Result<u32, ConfigurationError> {
    if (min..=PEOPLE_MAX).contains(&count.value) {
        return Ok(count.value);
    }
    let message = format!("`count` is from {min} to {PEOPLE_MAX}");
    Err(Site::new(source, &count.span).error(Problem::Value(Text::from(message))))
}

fn check_text(text: &At<String>, source: &Arc<Source>) -> Result<(), ConfigurationError> {
    if !text.value.trim().is_empty() {
        return Ok(());
    }
    let message = Text::from("a name or an address cannot be empty");
    Err(Site::new(source, &text.span).error(Problem::Value(message)))
}
