use semver::{BuildMetadata, Prerelease, Version};
use serde::{Deserialize, Serialize};

use crate::parse;

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

impl Versioning {
    /// What is counted up from `version` when commits ask for `asked`.
    #[must_use]
    pub fn counted(&self, version: &Version, asked: Bump) -> Bump {
        match asked {
            Bump::Major if version.major == 0 => self.zero_breaking,
            Bump::Minor if version.major == 0 => self.zero_feature,
            asked => asked,
        }
    }
}

/// Where a project stands: what was released, and what the commits since then ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The highest version that was released, pre-releases included; none before the first.
    pub latest: Option<Version>,
    /// The highest version that is not a pre-release; none before the first.
    pub last_final: Option<Version>,
    /// What commits since `latest` ask for.
    pub asked_since_latest: Option<Bump>,
    /// What commits since `last_final` ask for.
    pub asked_since_final: Option<Bump>,
}

/// The next version, and the rule that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The version; none when nothing asks for one.
    pub version: Option<Version>,
    /// The rule.
    pub rule: Rule,
}

/// The rule that a next version follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Nothing was released before: the initial version.
    Initial,
    /// No commit asks for a version.
    NothingAsked,
    /// The numbers are counted up as the commits ask.
    Counted,
    /// The same, read by the project's rule for versions below 1.0.0.
    CountedBelowOne,
    /// The numbers of the pre-release already hold what the commits ask for.
    PreReleaseKept,
    /// The pre-release that was asked for sorts before the latest version (`beta` after `rc`), or a
    /// number cannot be counted up any further: there is no next version.
    OutOfOrder,
}

/// What the messages ask for together, before the rule for versions below 1.0.0: the largest.
#[must_use]
pub fn bump_asked<'a>(messages: impl IntoIterator<Item = &'a str>) -> Option<Bump> {
    messages
        .into_iter()
        .filter_map(|message| parse(message).ok()?.bump())
        .max()
}

/// The version after the latest.
///
/// - Nothing was released: `initial`.
/// - From a final version: counted up as the commits since then ask; nothing when they ask for
///   nothing.
/// - From a pre-release: its numbers, unless the commits since the last final version ask for more.
///   Going from the pre-release to the final version needs no further commit.
/// - With `pre_release`, such as `rc`: a pre-release of that version, `rc.1` or one more than the
///   latest; from a pre-release only when a commit since it asks for something.
///
/// The version is always higher than the latest; where none can be, the rule is
/// [`Rule::OutOfOrder`].
#[must_use]
pub fn next_version(
    history: &History,
    initial: &Version,
    versioning: Versioning,
    pre_release: Option<&Prerelease>,
) -> Step {
    let (core, rule) = match &history.latest {
        None => (Some(numbers(initial)), Rule::Initial),
        Some(latest) if latest.pre.is_empty() => {
            counted(latest, history.asked_since_latest, versioning)
        }
        Some(_) if pre_release.is_some() && history.asked_since_latest.is_none() => {
            (None, Rule::NothingAsked)
        }
        Some(latest) => {
            let kept = numbers(latest);
            let (asked, rule) = match &history.last_final {
                None => (None, Rule::PreReleaseKept),
                Some(last) => counted(last, history.asked_since_final, versioning),
            };
            match asked {
                Some(asked) if asked > kept => (Some(asked), rule),
                _ => (Some(kept), Rule::PreReleaseKept),
            }
        }
    };
    let version = match (core, pre_release) {
        (Some(core), Some(label)) => pre_released(&core, label, history.latest.as_ref()),
        (Some(core), None) if rule == Rule::Initial => Some(Version {
            pre: initial.pre.clone(),
            ..core
        }),
        (core, _) => core,
    };
    let rule = if version.is_none() && rule != Rule::NothingAsked {
        Rule::OutOfOrder
    } else {
        rule
    };
    Step { version, rule }
}

/// The version without pre-release and build.
fn numbers(version: &Version) -> Version {
    Version::new(version.major, version.minor, version.patch)
}

fn counted(
    version: &Version,
    asked: Option<Bump>,
    versioning: Versioning,
) -> (Option<Version>, Rule) {
    let Some(asked) = asked else {
        return (None, Rule::NothingAsked);
    };
    let Version {
        major,
        minor,
        patch,
        ..
    } = *version;
    let rule = if major == 0 && asked > Bump::Patch {
        Rule::CountedBelowOne
    } else {
        Rule::Counted
    };
    let next = match versioning.counted(version, asked) {
        Bump::Major => major.checked_add(1).map(|major| Version::new(major, 0, 0)),
        Bump::Minor => minor
            .checked_add(1)
            .map(|minor| Version::new(major, minor, 0)),
        Bump::Patch => patch
            .checked_add(1)
            .map(|patch| Version::new(major, minor, patch)),
    };
    (next, rule)
}

/// `core-label.N`, with N one more than the latest version's where that is of the same series.
fn pre_released(core: &Version, label: &Prerelease, latest: Option<&Version>) -> Option<Version> {
    let number = latest
        .filter(|latest| numbers(latest) == *core)
        .and_then(|latest| latest.pre.strip_prefix(label.as_str())?.strip_prefix('.'))
        .and_then(|number| number.parse::<u64>().ok())
        .unwrap_or(0)
        .checked_add(1)?;
    let pre = Prerelease::new(&format!("{label}.{number}")).ok()?;
    let version = Version {
        pre,
        build: BuildMetadata::EMPTY,
        ..*core
    };
    // A label that sorts before the latest one (beta after rc) would go back.
    latest
        .is_none_or(|latest| version > *latest)
        .then_some(version)
}
