use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holdpoint_conventional::Versioning;

use super::approval::{ApprovalRule, ApproversPlan, OverridePlan};
use super::at::At;
use super::channel::ChannelPlan;
use super::commands::CommandsPlan;
use super::file::{ArtifactTable, EvidenceTable, RuleSetting, SettingsFiles};
use super::keyring::TrustPlan;
use super::problem::{ConfigurationError, Problem};
use super::quantity::Life;
use super::registries::RegistryPlan;
use super::source::{Site, Source};
use super::threshold::{Percentile, Thresholds};
use super::verification::VerificationPlan;
use super::waiver::Waiver;
use super::{Mode, OnFault};
use crate::model::{Grants, Kind};
use crate::release::TagPattern;
use crate::sandbox::Limits;

/// What a pipeline file asks for, before any plugin is read: defaults filled in, names checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is released.
    pub release: ReleasePlan,
    /// Caps on the whole run.
    pub limits: RunLimits,
    /// Plugins by name: those of a table and those that a stage uses.
    pub plugins: BTreeMap<String, PluginPlan>,
    /// Stages, in the order of the file; those of a base policy first.
    pub stages: Vec<StagePlan>,
    /// Waivers, in the order of the file.
    pub waivers: Vec<Waiver>,
    /// Who hears of the run, by name.
    pub channels: BTreeMap<String, ChannelPlan>,
    /// Whose signatures count.
    pub approvers: Option<ApproversPlan>,
    /// What each file says about whose plugins are run.
    pub trust: Vec<TrustPlan>,
    /// How registries are asked, for the plugins of the same file.
    pub registries: Vec<RegistryPlan>,
    /// Who can let a stage go although its verdict is another one.
    pub overriding: Option<OverridePlan>,
    /// Where the file is.
    pub site: Site,
}

/// Which of two files said something: with a base policy, a project's part of a merged plan cannot
/// touch the organization's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The organization's base policy.
    Policy,
    /// The project's pipeline.
    Pipeline,
}

/// A value that a file sets, and where.
#[derive(Clone, Debug)]
pub struct Set<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub site: Site,
}

/// What is released. What a file does not set is none.
#[derive(Clone, Debug, Default)]
pub struct ReleasePlan {
    /// Name of the project.
    pub project: Option<Set<String>>,
    /// How tags are written.
    pub tag: Option<Set<TagPattern>>,
    /// The targets that there are.
    pub targets: Option<Set<Vec<String>>>,
    /// Path filter.
    pub path: Option<Set<String>>,
    /// The first version.
    pub initial: Option<Set<semver::Version>>,
    /// How versions are counted.
    pub versioning: Option<Set<Versioning>>,
    /// Path of a CODEOWNERS file.
    pub owners: Option<Set<String>>,
    /// Time zone.
    pub zone: Option<Set<String>>,
    /// What is shipped.
    pub artifacts: Vec<Set<ArtifactTable>>,
    /// Files about the release.
    pub evidence: Vec<Set<EvidenceTable>>,
}

/// Caps on a whole run.
#[derive(Clone, Debug)]
pub struct RunLimits {
    /// Uses of plugins in all stages.
    pub plugins: u32,
    /// Calls at one time.
    pub concurrent_calls: u32,
    /// Memory limits of all calls at one time together, in bytes.
    pub memory_bytes: u64,
    /// Wall-clock time of all stages together.
    pub wall_time: Duration,
    /// Requests that plugins make, and have made, in one sitting.
    pub requests: u32,
    /// What the answers to these have together, in bytes.
    pub response_bytes: u64,
    /// Wall-clock time that the requests of one stage's actions have in one sitting.
    pub requests_time: Duration,
    /// What the file sets, by key.
    pub set: BTreeMap<&'static str, Site>,
}

impl Default for RunLimits {
    /// Enough for a large pipeline on a small machine.
    fn default() -> Self {
        Self {
            plugins: 64,
            concurrent_calls: 8,
            memory_bytes: 2 << 30,
            wall_time: Duration::from_mins(10),
            requests: 2_000,
            response_bytes: 512 << 20,
            requests_time: Duration::from_hours(1),
            set: BTreeMap::new(),
        }
    }
}

/// A plugin, before it is read.
#[derive(Clone, Debug)]
pub struct PluginPlan {
    /// Where it comes from; none for embedded by its own name.
    pub source: Option<Set<String>>,
    /// Settings as JSON.
    pub settings: Option<Set<serde_json::Map<String, serde_json::Value>>>,
    /// What it may use beyond the release itself.
    pub grants: Option<Set<Grants>>,
    /// Path of a file of certificates for its requests.
    pub grants_ca: Option<Set<String>>,
    /// Settings that are read from files.
    pub settings_files: BTreeMap<String, Set<SettingsFiles>>,
    /// The bounds.
    pub limits: Limits,
    /// Where the file sets bounds.
    pub limits_site: Option<Site>,
    /// What its rules count for.
    pub rules: BTreeMap<String, Set<RuleSetting>>,
    /// Its table, or the first use of it.
    pub site: Site,
}

/// A stage, before its plugins are read.
#[derive(Clone, Debug)]
pub struct StagePlan {
    /// Its id.
    pub id: String,
    /// Which file it comes from.
    pub layer: Layer,
    /// Its plugins.
    pub uses: Vec<UsePlan>,
    /// Stages before it.
    pub needs: Vec<Set<String>>,
    /// The approvals that it needs, without that of `approve_at`.
    pub approvals: Vec<ApprovalRule>,
    /// The longest life of an approval that it takes.
    pub approvals_valid: Option<Set<Life>>,
    /// From which score on it waits.
    pub approve_at: Option<Set<Percentile>>,
    /// From which score on it is a no-go.
    pub block_at: Option<Set<Percentile>>,
    /// What it runs; none for a stage that only decides.
    pub commands: Option<CommandsPlan>,
    /// Whether edits of its document plugins are written into the working tree.
    pub write_edits: Option<Set<bool>>,
    /// How what it deployed is measured.
    pub verification: VerificationPlan,
    /// Where it is.
    pub site: Site,
}

/// A plugin in a stage.
#[derive(Clone, Debug)]
pub struct UsePlan {
    /// Its name.
    pub plugin: String,
    /// Which question is asked, if the file says so.
    pub kind: Option<Kind>,
    /// Whether findings block; none where the file does not say.
    pub mode: Option<Set<Mode>>,
    /// Whether faults block; none where the file does not say.
    pub on_fault: Option<Set<OnFault>>,
    /// Where it is.
    pub site: Site,
}

impl<T> Set<T> {
    /// A value of this file.
    pub(super) fn of(at: At<T>, source: &Arc<Source>) -> Self {
        Self {
            site: Site::new(source, &at.span),
            value: at.value,
        }
    }
}

impl StagePlan {
    /// From which scores on it waits or is a no-go.
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        Thresholds {
            approve_at: self.approve_at.as_ref().map(|set| set.value),
            block_at: self.block_at.as_ref().map(|set| set.value),
        }
    }

    /// The approvals that it needs, that of `approve-at` among them.
    #[must_use]
    pub fn approvals(&self) -> Vec<ApprovalRule> {
        let written = self.approvals.iter().cloned();
        let shorthand = self.approve_at.as_ref().map(ApprovalRule::shorthand);
        written.chain(shorthand).collect()
    }

    /// Whether edits of its document plugins are written into the working tree.
    #[must_use]
    pub fn writes_edits(&self) -> bool {
        self.write_edits.as_ref().is_some_and(|set| set.value)
    }

    /// Where its first threshold is; none without one.
    pub(super) fn threshold_site(&self) -> Option<&Site> {
        let set = self.approve_at.as_ref().or(self.block_at.as_ref());
        let approvals = self.approvals.iter().filter(|rule| rule.at.is_some());
        set.map(|set| &set.site)
            .or_else(|| approvals.map(|rule| &rule.site).next())
    }

    /// Refuses thresholds of which one could never count.
    pub(super) fn check_thresholds(&self) -> Result<(), ConfigurationError> {
        match (&self.approve_at, &self.block_at) {
            (Some(approve), Some(block)) if approve.value > block.value => {
                let problem = Problem::Thresholds {
                    approve_at: approve.value,
                    block_at: block.value,
                };
                Err(approve.site.error(problem))
            }
            _ => Ok(()),
        }
    }
}

impl UsePlan {
    /// Whether findings block: they do unless the file says otherwise.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode.as_ref().map_or(Mode::Enforce, |mode| mode.value)
    }

    /// Whether faults block: they do unless the file says otherwise.
    #[must_use]
    pub fn on_fault(&self) -> OnFault {
        self.on_fault
            .as_ref()
            .map_or(OnFault::Block, |on_fault| on_fault.value)
    }
}

impl PluginPlan {
    /// What it may use beyond the release itself: nothing where the file does not say.
    #[must_use]
    pub fn grants(&self) -> Grants {
        self.grants
            .as_ref()
            .map(|grants| grants.value.clone())
            .unwrap_or_default()
    }

    /// A plugin without a table.
    pub(super) fn embedded(site: &Site) -> Self {
        Self {
            source: None,
            settings: None,
            grants: None,
            grants_ca: None,
            settings_files: BTreeMap::new(),
            limits: Limits::default(),
            limits_site: None,
            rules: BTreeMap::new(),
            site: site.clone(),
        }
    }
}
