use std::fmt;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

/// What a plugin says about itself. Written at build time from `plugin.toml` into a custom section
/// of the component, as JSON; read without running the plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Kebab-case name; the host prefixes rule ids with it.
    pub name: String,
    /// Version of the plugin.
    pub version: Version,
    /// Version of the WIT package `holdpoint:plugin` that it was built against.
    pub api: Version,
    /// What it does, in a sentence.
    pub description: String,
    /// What it is, without repetition.
    pub kinds: Vec<Kind>,
    /// SPDX expression.
    pub license: String,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// What it can find, without repetition of ids.
    pub rules: Vec<Rule>,
    /// JSON Schema (draft 2020-12) of its settings.
    pub settings: serde_json::Value,
    /// What it asks for.
    pub capabilities: Vec<CapabilityRequest>,
}

/// One thing that a plugin can find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Kebab-case id, unique in the plugin.
    pub id: String,
    /// What the rule holds, in a sentence.
    pub title: String,
    /// How much a finding matters unless the plugin or the operator says otherwise.
    pub severity: Severity,
    /// What to do about a finding.
    pub help: String,
}

/// A capability that a plugin asks for, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapabilityRequest {
    /// The capability.
    pub capability: Capability,
    /// Why the plugin needs it, for the operator who grants it.
    pub reason: String,
}

/// What a plugin is: which question it answers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Is this release allowed?
    Policy,
    /// How risky is it?
    Risk,
    /// Are the people, the environment and the hour free?
    Resource,
    /// What should the documents say?
    Document,
    /// What should be said to whom?
    Notify,
    /// Which requests carry it out?
    Action,
    /// Is it healthy now?
    Verify,
}

impl Kind {
    /// Every kind, in the order of the contract.
    pub const ALL: [Self; 7] = [
        Self::Policy,
        Self::Risk,
        Self::Resource,
        Self::Document,
        Self::Notify,
        Self::Action,
        Self::Verify,
    ];

    /// The name of the kind, which is also the name of its WIT interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Risk => "risk",
            Self::Resource => "resource",
            Self::Document => "document",
            Self::Notify => "notify",
            Self::Action => "action",
            Self::Verify => "verify",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What a plugin may be given; each is one imported WIT interface.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Commits of the range.
    Commits,
    /// Files that differ.
    Changes,
    /// Files that are shipped.
    Artifacts,
    /// Files about the release.
    Evidence,
    /// Earlier releases.
    History,
    /// Files of the judged commit.
    Tree,
    /// Questions to other systems.
    Http,
    /// Credentials that it can use and never see.
    Secrets,
    /// Log lines; need not be asked for.
    Log,
}

impl Capability {
    /// Every capability, in the order of the contract.
    pub const ALL: [Self; 9] = [
        Self::Commits,
        Self::Changes,
        Self::Artifacts,
        Self::Evidence,
        Self::History,
        Self::Tree,
        Self::Http,
        Self::Secrets,
        Self::Log,
    ];

    /// The name of the capability, which is also the name of its WIT interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Commits => "commits",
            Self::Changes => "changes",
            Self::Artifacts => "artifacts",
            Self::Evidence => "evidence",
            Self::History => "history",
            Self::Tree => "tree",
            Self::Http => "http",
            Self::Secrets => "secrets",
            Self::Log => "log",
        }
    }

    /// Whether it reaches beyond the release itself, so that the operator has to grant it.
    #[must_use]
    pub fn needs_grant(self) -> bool {
        match self {
            Self::Commits | Self::Changes | Self::Artifacts | Self::Log => false,
            Self::Evidence | Self::History | Self::Tree | Self::Http | Self::Secrets => true,
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// How much a finding matters, from little to much.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look; does not block.
    Warning,
    /// Blocks the release in an enforced stage.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}
