//! Conventional Commits read into the version that they ask for.

use serde::{Deserialize, Serialize};

/// Which part of a semantic version is counted up, from small to large.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Bump {
    /// The third number.
    Patch,
    /// The second number.
    Minor,
    /// The first number.
    Major,
}

/// How a project reads Conventional Commits below version 1.0.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Versioning {
    /// What a breaking change asks for below 1.0.0.
    pub zero_breaking: Bump,
    /// What a feature asks for below 1.0.0.
    pub zero_feature: Bump,
}

impl Default for Versioning {
    /// Breaking counts up the second number and a feature the third: the most common practice.
    fn default() -> Self {
        Self {
            zero_breaking: Bump::Minor,
            zero_feature: Bump::Patch,
        }
    }
}
