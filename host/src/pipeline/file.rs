use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};

use holdpoint_conventional::Versioning;
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use super::address_table::{AddressEntry, Delivery, SecretTable};
use super::at::At;
use super::grants::GrantsTable;
use super::quantity::{Life, Size, Span};
use super::threshold::Percentile;
use super::verification::Inconclusive;
use super::{Mode, OnFault};
use crate::model::{EventKind, Kind, ObjectName, Severity};

/// A pipeline file, as written: what is released, which plugins judge it, in which stages.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct File {
    /// What is released.
    pub release: ReleaseTable,
    /// Caps on a whole run.
    pub limits: RunLimitsTable,
    /// Plugins by name. One that is embedded in the program needs no table.
    pub plugins: BTreeMap<At<String>, At<PluginTable>>,
    /// The stages, in order.
    pub stages: Vec<At<StageTable>>,
    /// Findings that somebody answers for, each until a day.
    pub waivers: Vec<At<WaiverTable>>,
    /// Who hears of the run, by the name of the channel.
    pub channels: BTreeMap<At<String>, At<ChannelTable>>,
    /// Whose signatures count; without it nobody can approve.
    pub approvers: Option<At<ApproversTable>>,
    /// Whose plugins are run; without it those of anybody, as the file names them.
    pub trust: Option<At<TrustTable>>,
    /// How registries that plugins come from are asked, by host and port; without a table with TLS, at
    /// public addresses.
    pub registries: BTreeMap<At<String>, At<RegistryTable>>,
    /// Who can let a stage go although its verdict is another one; without it nobody can.
    #[serde(rename = "override")]
    pub overriding: Option<At<OverrideTable>>,
}

/// Whose plugins are run. Those that are part of the program need no signature.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TrustTable {
    /// The keys of which one has to have signed each plugin; without any, plugins need no signature.
    pub keys: Vec<At<TrustedKeyTable>>,
    /// What is refused whoever signed it: digests of plugins, and of keys, as `holdpoint plugin
    /// inspect` and `holdpoint plugin verify` show them.
    pub deny: Vec<At<String>>,
}

/// How a registry is asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RegistryTable {
    /// Ranges of addresses, such as `10.2.0.0/16`, that it, and where it leads to, may have although they
    /// are not public.
    pub addresses: Option<At<Vec<At<String>>>>,
    /// Path of a PEM file with the certificates that the registry's certificate is checked against,
    /// relative to the pipeline file, read from where the pipeline file was read; without it those that
    /// the machine trusts.
    pub ca: Option<At<String>>,
    /// Whether it is asked without TLS, which is for `addresses` only.
    pub without_tls: Option<At<bool>>,
}

/// A key that signs plugins.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrustedKeyTable {
    /// Whose it is, for reports.
    pub name: At<String>,
    /// Path of the public key, ECDSA on P-256 in PEM, relative to the pipeline file, read from where
    /// the pipeline file was read.
    pub key: At<String>,
    /// Patterns of the names of plugins that it may sign, such as `acme-*`; without it any.
    pub plugins: Option<At<Vec<At<String>>>>,
    /// Patterns of where they come from, as `source` is written, such as `vendor/*.wasm`; without it
    /// anywhere.
    pub sources: Option<At<Vec<At<String>>>>,
}

/// Whose signatures count.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ApproversTable {
    /// Path of an `allowed_signers` file (ssh-keygen(1)), relative to the pipeline file, read from
    /// where the pipeline file was read.
    pub signers: At<String>,
    /// Who is in a role, by its name: principals of the signers file.
    #[serde(default)]
    pub roles: BTreeMap<At<String>, At<Vec<At<String>>>>,
    /// Addresses in commits, and names at the CI system, by principal: who these are.
    #[serde(default)]
    pub identities: BTreeMap<At<String>, At<Vec<At<String>>>>,
}

/// Who can let a stage go although its verdict is another one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct OverrideTable {
    /// How many people it takes, at least 2; without it 2.
    pub count: Option<At<u32>>,
    /// The role that they are in; without it anybody of the signers file.
    pub role: Option<At<String>>,
    /// How long it holds, at most `24h`; without it `4h`.
    pub valid: Option<At<Life>>,
}

/// An approval that a stage needs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ApprovalTable {
    /// How many people it takes; without it 1.
    pub count: Option<At<u32>>,
    /// The role that they are in; without it anybody of the signers file.
    pub role: Option<At<String>>,
    /// The score from which on it is needed; without it always. Only with a risk plugin.
    pub at: Option<At<Percentile>>,
    /// Whether they may be neither who started the run nor an author of the range; without it
    /// `true`.
    pub four_eyes: Option<At<bool>>,
}

/// Who hears of a run: messages for it are composed by a plugin of kind notify.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChannelTable {
    /// Name of the plugin, which is of kind notify.
    #[serde(rename = "use")]
    pub plugin: At<String>,
    /// The events that it is told of; without it all of them.
    pub events: Option<At<Vec<At<EventKind>>>>,
    /// Media type of the bodies that it takes; without it `application/json`.
    pub media_type: Option<At<String>>,
    /// The largest body, at most `1 MiB`; without it `64 KiB`.
    pub body_max: Option<At<Size>>,
    /// Where its messages are posted: an `https` URL, or a table that says where the URL is read
    /// from; without it messages are only shown.
    pub address: Option<At<AddressEntry>>,
    /// What authenticates, in a header of each request.
    pub secret: Option<At<SecretTable>>,
    /// Ranges of addresses, such as `10.2.0.0/16`, that the host of `address` may have although they
    /// are not public; only there may it be an `http` URL.
    pub addresses: Option<At<Vec<At<String>>>>,
    /// Path of a PEM file with the certificates that the host's certificate is checked against,
    /// relative to the pipeline file, read from where the pipeline file was read; without it those
    /// that the machine trusts.
    pub ca: Option<At<String>>,
    /// What happens to a message of which nobody knows whether it arrived; without it
    /// `maybe-twice`.
    pub delivery: Option<At<Delivery>>,
}

/// What is released.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ReleaseTable {
    /// Name of the project; without it the name of the repository's folder.
    pub project: Option<At<String>>,
    /// How tags are written: text around one `{version}`; without it `v{version}` or
    /// `{version}`.
    pub tag: Option<At<String>>,
    /// The targets that a release can go to; without it any name is one.
    pub targets: Option<At<Vec<At<String>>>>,
    /// Judge only commits that touch this path, relative to the root of the repository.
    pub path: Option<At<String>>,
    /// The first version of a project without a release; without it `0.1.0`.
    #[schemars(with = "Option<String>")]
    pub initial: Option<At<semver::Version>>,
    /// How versions below 1.0.0 are counted.
    pub versioning: Option<At<Versioning>>,
    /// Path of a CODEOWNERS file, relative to the pipeline file, read from where the pipeline file
    /// was read.
    pub owners: Option<At<String>>,
    /// IANA name of the operator's time zone; without it `UTC`.
    pub zone: Option<At<String>>,
    /// What is shipped.
    pub artifacts: Vec<At<ArtifactTable>>,
    /// Files about the release.
    pub evidence: Vec<At<EvidenceTable>>,
}

/// A file that is shipped.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArtifactTable {
    /// Name in findings and imports.
    pub name: At<String>,
    /// Where it is, relative to the root of the working tree.
    pub path: At<String>,
}

/// A file about the release.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EvidenceTable {
    /// Name in findings and imports.
    pub name: At<String>,
    /// Where it is, relative to the root of the working tree.
    pub path: At<String>,
    /// What it is, such as `application/vnd.cyclonedx+json`.
    pub media_type: At<String>,
}

/// Caps on a whole run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RunLimitsTable {
    /// The most plugins that the stages may use; without it 64.
    pub plugins: Option<At<NonZeroU32>>,
    /// The most calls at one time; without it 8.
    pub concurrent_calls: Option<At<NonZeroU32>>,
    /// The memory limits of all calls at one time together; without it `2 GiB`.
    pub memory: Option<At<Size>>,
    /// Wall-clock time of all stages together; without it `10m`.
    pub wall_time: Option<At<Span>>,
    /// The most requests that plugins make, and have made, in one sitting; without it 2000.
    pub requests: Option<At<NonZeroU32>>,
    /// What the answers to these have together; without it `512 MiB`.
    pub response_data: Option<At<Size>>,
    /// Wall-clock time that the requests of one stage's actions have in one sitting; without it `1h`.
    pub requests_time: Option<At<Span>>,
}

/// A plugin.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PluginTable {
    /// `embedded`, `embedded:NAME`, or the path of a component, relative to the pipeline file;
    /// without it `embedded`.
    pub source: Option<At<String>>,
    /// Settings, held against the plugin's own schema.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub settings: Option<At<toml::Table>>,
    /// What it may use beyond the release itself.
    pub grants: Option<At<GrantsTable>>,
    /// Settings that are the text of a file, or the texts of several: their paths, relative to the
    /// pipeline file, read from where the pipeline file was read.
    pub settings_files: BTreeMap<At<String>, At<SettingsFiles>>,
    /// Bounds on one call.
    pub limits: Option<At<LimitsTable>>,
    /// What its rules count for, by rule id.
    pub rules: BTreeMap<At<String>, At<RuleSetting>>,
}

/// What files a setting is read from.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum SettingsFiles {
    /// A path: the setting is the text of the file; for a folder, with `/` at the end, the texts of
    /// all files below it, by their paths.
    One(String),
    /// Paths: the setting is the list of the texts; with a folder among them, the texts by their
    /// paths.
    Several(Vec<String>),
}

impl SettingsFiles {
    /// The paths.
    #[must_use]
    pub fn paths(&self) -> &[String] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Several(paths) => paths,
        }
    }

    /// Whether a folder is among them.
    #[must_use]
    pub fn has_folder(&self) -> bool {
        self.paths().iter().any(|path| path.ends_with('/'))
    }
}

impl<'de> Deserialize<'de> for SettingsFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = SettingsFiles;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("the path of a file or a folder, or a list of paths")
            }

            fn visit_str<E: serde::de::Error>(self, path: &str) -> Result<SettingsFiles, E> {
                Ok(SettingsFiles::One(path.to_owned()))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                list: A,
            ) -> Result<SettingsFiles, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(SettingsFiles::Several)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// Bounds on one call.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LimitsTable {
    /// Fuel, about one WebAssembly instruction each.
    pub fuel: Option<NonZeroU64>,
    /// Wall-clock time of the whole call, calls to the host included.
    pub timeout: Option<Span>,
    /// All memories and tables together.
    pub memory: Option<Size>,
    /// One answer.
    pub answer: Option<Size>,
    /// Items of one answer: findings, factors, edits, messages, steps.
    pub answer_items: Option<NonZeroU64>,
    /// One text of an answer.
    pub text: Option<Size>,
    /// Log lines and what is printed, together.
    pub log: Option<Size>,
    /// Log lines.
    pub log_lines: Option<NonZeroU64>,
    /// Calls from the plugin to the host.
    pub host_calls: Option<NonZeroU64>,
    /// What all calls to the host hand over, together.
    pub host_call_data: Option<Size>,
}

/// What a rule counts for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RuleSetting {
    /// It has no findings.
    Off,
    /// Worth knowing.
    Info,
    /// Worth a look; does not block.
    Warning,
    /// Blocks the release in an enforced stage.
    Error,
}

impl RuleSetting {
    /// The severity of its findings; none when it has none.
    #[must_use]
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Info => Some(Severity::Info),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A program and its arguments.
pub(super) type CommandWords = Vec<At<String>>;

/// A stage: plugins that are called side by side, commands that are run when they let it go, or both.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StageTable {
    /// Its name, kebab-case, unique in the file.
    pub id: At<String>,
    /// The plugins that it calls: a name, or a table with `plugin` and what differs from the stage.
    #[serde(rename = "use", default)]
    pub uses: Vec<At<UseEntry>>,
    /// Ids of stages that run before this one.
    #[serde(default)]
    pub needs: Vec<At<String>>,
    /// Whether findings block; without it `enforce`.
    pub mode: Option<At<Mode>>,
    /// Whether faults block; without it `block`.
    pub on_fault: Option<At<OnFault>>,
    /// Which question is asked; without it the only kind of each plugin.
    pub kind: Option<At<Kind>>,
    /// The approvals that it needs, each by people of its own.
    #[serde(default)]
    pub approvals: Vec<At<ApprovalTable>>,
    /// The longest life of an approval that it takes, at most `30d`; without it `72h`.
    pub approvals_valid: Option<At<Life>>,
    /// How often what the stage deployed is measured until it is healthy, at most 1000; only with a
    /// verify plugin; without it 1.
    pub attempts: Option<At<NonZeroU32>>,
    /// Time between two measurements; only with a verify plugin; without it `30s`.
    pub interval: Option<At<Span>>,
    /// What it means when the last measurement says neither yes nor no; only with a verify plugin;
    /// without it `wait`.
    pub inconclusive: Option<At<Inconclusive>>,
    /// The score from which on the stage waits for an approval; only with a risk plugin.
    pub approve_at: Option<At<Percentile>>,
    /// The score from which on the stage is a no-go; only with a risk plugin.
    pub block_at: Option<At<Percentile>>,
    /// What is run when the stage is go, in order: each a list of a program and its arguments, in
    /// which `{{ subject.version }}` and its like stand for something of the release. No shell.
    pub run: Option<At<Vec<At<CommandWords>>>>,
    /// What takes back what `run` did, in order.
    pub undo: Option<At<Vec<At<CommandWords>>>>,
    /// Wall-clock time of each command, at most `6h`; without it `10m`.
    pub timeout: Option<At<Span>>,
    /// Names of variables of the operator's environment that the commands may see.
    pub environment: Option<At<Vec<At<String>>>>,
    /// Whether a command may be run again when its outcome is not known; without it `false`.
    pub repeatable: Option<At<bool>>,
    /// Whether what is rendered may begin with `-`; without it `false`.
    pub dashes: Option<At<bool>>,
    /// Whether the edits of the stage's document plugins are written into the working tree; without
    /// it `false`.
    pub write_edits: Option<At<bool>>,
}

/// A plugin in a stage: its name, or a table.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum UseEntry {
    /// Its name.
    Name(String),
    /// A table, for what differs from the stage.
    Table(Box<UseTable>),
}

/// A plugin in a stage, with what differs from the stage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UseTable {
    /// Its name.
    pub plugin: At<String>,
    /// Whether its findings block; without it as the stage says.
    pub mode: Option<At<Mode>>,
    /// Whether its faults block; without it as the stage says.
    pub on_fault: Option<At<OnFault>>,
    /// Which question is asked; without it as the stage says.
    pub kind: Option<At<Kind>>,
}

impl<'de> Deserialize<'de> for UseEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = UseEntry;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("the name of a plugin, or a table with `plugin`")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<UseEntry, E> {
                Ok(UseEntry::Name(name.to_owned()))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<UseEntry, A::Error> {
                UseTable::deserialize(MapAccessDeserializer::new(map))
                    .map(|table| UseEntry::Table(Box::new(table)))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// A finding that somebody answers for until a day. Needs exactly one of `commits`, `paths`,
/// `artifacts` and `release`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WaiverTable {
    /// The rule: the plugin's name, `/`, and the rule's id.
    pub rule: At<String>,
    /// Full object names of commits.
    #[schemars(with = "Option<Vec<String>>")]
    pub commits: Option<At<Vec<At<ObjectName>>>>,
    /// Patterns of paths, such as `vendor/**`; `*` stays within a folder.
    pub paths: Option<At<Vec<At<String>>>>,
    /// Names of artifacts or evidence.
    pub artifacts: Option<At<Vec<At<String>>>>,
    /// The release as a whole: findings without a place of their own.
    pub release: Option<At<bool>>,
    /// Who answers for it.
    pub owner: At<String>,
    /// Why it was given.
    pub reason: At<String>,
    /// Until when it holds: a time with its offset, such as `2027-01-31T00:00:00+01:00`.
    #[schemars(with = "String")]
    pub expires: At<Expiry>,
}

/// The time from which on a waiver is not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry(pub jiff::Timestamp);

impl<'de> Deserialize<'de> for Expiry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Expiry;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a time with its offset, such as `2027-01-31T00:00:00+01:00`")
            }

            fn visit_str<E: serde::de::Error>(self, time: &str) -> Result<Expiry, E> {
                time.parse()
                    .map(Expiry)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(time), &self))
            }

            // How a time that is written without quotes arrives.
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Expiry, A::Error> {
                let time = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
                self.visit_str(&time.to_string())
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}
