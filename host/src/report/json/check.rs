use jiff::Timestamp;
use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::ahead;
use super::{
    CheckedApprovalReport, CheckedEffectsReport, CheckedOverrideReport, CheckedRangeReport,
};
use super::{ConfigurationReport, GrantsReport, LimitsReport, SCHEMA_VERSION, SourceReport};
use crate::model::{EventKind, Kind, Severity};
use crate::pipeline::{
    ChannelPlan, Configuration, DestinationPlan, Mode, OnFault, Percentile, Signer, Trust, Use,
    Waiver,
};
use crate::release::Start;

/// What `check --format json` writes: what a run would do.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Holdpoint check")]
pub struct CheckReport {
    /// Version of this document's form.
    pub schema: u32,
    /// What decides.
    pub configuration: ConfigurationReport,
    /// Name of the project; none for the name of the repository's folder.
    pub project: Option<String>,
    /// How tags are written; none for `v{version}` or `{version}`.
    pub tag: Option<String>,
    /// The targets that there are; none where any name is one.
    pub targets: Option<Vec<String>>,
    /// IANA name of the operator's time zone.
    pub zone: String,
    /// What is shipped.
    pub artifacts: Vec<CheckedFileReport>,
    /// Files about the release.
    pub evidence: Vec<CheckedEvidenceReport>,
    /// Where the range of a run would begin; none where that is not known, because the repository
    /// cannot be read that far.
    pub range: Option<CheckedRangeReport>,
    /// The stages, in the order in which they run.
    pub stages: Vec<CheckedStageReport>,
    /// Who can let a stage go although its verdict is another one; none where nobody can.
    pub overriding: Option<CheckedOverrideReport>,
    /// The waivers, in the order of the file.
    pub waivers: Vec<CheckedWaiverReport>,
    /// Who hears of a run, by name.
    pub channels: Vec<CheckedChannelReport>,
}

/// A file that is shipped. It is read by a run only.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedFileReport {
    /// Its name.
    pub name: String,
    /// Where it is, relative to the root of the working tree.
    pub path: String,
}

/// A file about the release. It is read by a run only.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedEvidenceReport {
    /// Its name.
    pub name: String,
    /// Where it is, relative to the root of the working tree.
    pub path: String,
    /// What it is, as the operator states.
    pub media_type: String,
}

/// A channel.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedChannelReport {
    /// Its name.
    pub name: String,
    /// Name of its plugin in the pipeline file.
    pub plugin: String,
    /// The plugin's version.
    pub version: Version,
    /// Digest of the component.
    pub digest: String,
    /// What it hears of.
    pub events: Vec<EventKind>,
    /// Media type of the bodies that it takes.
    pub media_type: String,
    /// The largest body, in bytes.
    pub body_bytes_max: u32,
    /// Where messages are posted and how, in words and without any value that is read from
    /// elsewhere; none where they are only shown.
    pub posted: Option<String>,
    /// The bounds on a call.
    pub limits: LimitsReport,
}

/// A stage.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedStageReport {
    /// Its id.
    pub id: String,
    /// The score from which on it waits for an approval.
    pub approve_at: Option<f64>,
    /// The score from which on it is a no-go.
    pub block_at: Option<f64>,
    /// The approvals that it will wait for, that of `approve-at` among them.
    pub approvals: Vec<CheckedApprovalReport>,
    /// The longest life of an approval that it takes, in seconds.
    pub approvals_valid_seconds: u64,
    /// Whether its plugins may ask for more approvals when they are called.
    pub may_ask_for_more: bool,
    /// What it does when it is go; none where it only decides.
    pub effects: Option<CheckedEffectsReport>,
    /// The plugins that it calls, side by side.
    pub plugins: Vec<CheckedPluginReport>,
}

/// A plugin in a stage.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedPluginReport {
    /// Its name in the pipeline file.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Digest of the component.
    pub digest: String,
    /// Which of its kinds is called.
    pub kind: Kind,
    /// Every kind that it is.
    pub kinds: Vec<Kind>,
    /// Whether its findings count.
    pub mode: Mode,
    /// Whether its faults count.
    pub on_fault: OnFault,
    /// Its rules, with what they count for here.
    pub rules: Vec<RuleReport>,
    /// What it may use beyond the release itself: granted, and asked for.
    pub grants: GrantsReport,
    /// Who signed it, by the word of each file that asks for a signature.
    pub signers: Vec<SignerReport>,
    /// The bounds on its call.
    pub limits: LimitsReport,
}

/// A rule of a plugin.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RuleReport {
    /// Its full name.
    pub rule: String,
    /// What it holds.
    pub title: String,
    /// What its findings count for; none when it is off.
    pub severity: Option<Severity>,
}

/// A waiver.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedWaiverReport {
    /// The rule that it is for.
    pub rule: String,
    /// What it is for, in words: commits, paths, artifacts or the release.
    pub place: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it was given.
    pub reason: String,
    /// Until when it holds, RFC 3339 in UTC.
    pub expires: String,
    /// Whether its time is over.
    pub expired: bool,
    /// Where it stands, in words.
    pub at: String,
}

impl CheckReport {
    /// The report of a configuration, as it holds at a time, with where the range would start.
    #[must_use]
    pub fn new(configuration: &Configuration, start: Option<&Start>, time: Timestamp) -> Self {
        let release = &configuration.plan.release;
        Self {
            schema: SCHEMA_VERSION,
            configuration: ConfigurationReport {
                trusted: configuration.trust == Trust::Trusted,
                pipeline: SourceReport::new(&configuration.pipeline),
                policy: configuration.policy.as_ref().map(SourceReport::new),
                digest: configuration.digest.to_string(),
            },
            project: release.project.as_ref().map(|set| set.value.clone()),
            tag: release.tag.as_ref().map(|set| set.value.to_string()),
            targets: release.targets.as_ref().map(|set| set.value.clone()),
            zone: configuration.zone().to_owned(),
            artifacts: release
                .artifacts
                .iter()
                .map(|file| CheckedFileReport {
                    name: file.value.name.value.clone(),
                    path: file.value.path.value.clone(),
                })
                .collect(),
            evidence: release
                .evidence
                .iter()
                .map(|file| CheckedEvidenceReport {
                    name: file.value.name.value.clone(),
                    path: file.value.path.value.clone(),
                    media_type: file.value.media_type.value.clone(),
                })
                .collect(),
            range: start.map(CheckedRangeReport::new),
            stages: configuration
                .stages
                .iter()
                .map(|stage| CheckedStageReport {
                    id: stage.id.clone(),
                    approve_at: stage.thresholds.approve_at.map(Percentile::value),
                    block_at: stage.thresholds.block_at.map(Percentile::value),
                    approvals: CheckedApprovalReport::of(configuration, stage),
                    approvals_valid_seconds: stage.approvals_valid.0.as_secs(),
                    may_ask_for_more: ahead::may_ask_for_more(stage),
                    effects: CheckedEffectsReport::of(stage),
                    plugins: stage
                        .uses
                        .iter()
                        .filter_map(|used| CheckedPluginReport::new(configuration, used))
                        .collect(),
                })
                .collect(),
            overriding: CheckedOverrideReport::of(configuration),
            waivers: configuration
                .plan
                .waivers
                .iter()
                .map(|waiver| CheckedWaiverReport::new(waiver, time))
                .collect(),
            channels: configuration
                .plan
                .channels
                .iter()
                .filter_map(|(name, channel)| {
                    CheckedChannelReport::new(configuration, name, channel)
                })
                .collect(),
        }
    }
}

/// Who signed a plugin.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SignerReport {
    /// What the pipeline file calls who has the key.
    pub name: String,
    /// The key: SHA-256 of its `SubjectPublicKeyInfo`.
    pub key: String,
}

impl SignerReport {
    pub(super) fn new(signer: &Signer) -> Self {
        Self {
            name: signer.name.clone(),
            key: signer.key.to_string(),
        }
    }
}

impl CheckedChannelReport {
    fn new(configuration: &Configuration, name: &str, channel: &ChannelPlan) -> Option<Self> {
        let plugin = &configuration.plugins.get(&channel.plugin)?.plugin;
        Some(Self {
            name: name.to_owned(),
            plugin: channel.plugin.clone(),
            version: plugin.manifest.version.clone(),
            digest: plugin.digest.to_string(),
            events: channel.events.clone(),
            media_type: channel.media_type.clone(),
            body_bytes_max: channel.body_bytes_max,
            posted: channel.destination.as_ref().map(DestinationPlan::words),
            limits: LimitsReport::new(&configuration.plan.channel_limits(channel)),
        })
    }
}

impl CheckedPluginReport {
    fn new(configuration: &Configuration, used: &Use) -> Option<Self> {
        let resolved = configuration.plugins.get(&used.plugin)?;
        let planned = configuration.plan.plugins.get(&used.plugin)?;
        let manifest = &resolved.plugin.manifest;
        Some(Self {
            name: used.plugin.clone(),
            version: manifest.version.clone(),
            digest: resolved.plugin.digest.to_string(),
            kind: used.kind,
            kinds: manifest.kinds.clone(),
            mode: used.mode,
            on_fault: used.on_fault,
            rules: manifest
                .rules
                .iter()
                .map(|rule| RuleReport {
                    rule: format!("{}/{}", used.plugin, rule.id),
                    title: rule.title.clone(),
                    severity: planned
                        .rules
                        .get(&rule.id)
                        .map_or(Some(rule.severity), |set| set.value.severity()),
                })
                .collect(),
            grants: GrantsReport::new(&resolved.grants.asked(manifest)),
            signers: resolved.signers.iter().map(SignerReport::new).collect(),
            limits: LimitsReport::new(&used.limits),
        })
    }
}

impl CheckedWaiverReport {
    fn new(waiver: &Waiver, time: Timestamp) -> Self {
        Self {
            rule: waiver.rule.as_str().to_owned(),
            place: waiver.place.words().raw().to_owned(),
            owner: waiver.owner.raw().to_owned(),
            reason: waiver.reason.raw().to_owned(),
            expires: waiver.expires.to_string(),
            expired: waiver.is_expired(time),
            at: waiver.site.words(),
        }
    }
}
