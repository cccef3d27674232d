use gix::ObjectId;
use holdpoint_conventional::{Bump, History, Rule, Versioning, next_version, parse};
use semver::{Prerelease, Version};
use serde::{Deserialize, Serialize};

use super::changes::PathFilter;
use super::commits::count;
use super::handle::Handle;
use super::tags::{self, Tag};
use super::{Error, Repository, TagPattern, collect, range, revision};
use crate::model::{ObjectName, Text};

/// What to work the next version out from.
#[derive(Clone, Debug)]
pub struct NextQuery {
    /// Revision that would be released; none for `HEAD`.
    pub to: Option<String>,
    /// Only commits that touch this path count, relative to the root of the repository.
    pub path: Option<String>,
    /// How tags are written.
    pub tag: TagPattern,
    /// How versions are counted.
    pub versioning: Versioning,
    /// The first version of a project without a release.
    pub initial: Version,
    /// Label of the pre-release that is wanted, such as `rc`; none for a final version.
    pub pre_release: Option<Prerelease>,
}

impl Default for NextQuery {
    /// The next final version after the last tag `v…` up to `HEAD`; the first version is 0.1.0.
    fn default() -> Self {
        Self {
            to: None,
            path: None,
            tag: TagPattern::default(),
            versioning: Versioning::default(),
            initial: Version::new(0, 1, 0),
            pre_release: None,
        }
    }
}

/// The next version, and why.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Proposal {
    /// The commit that would be released.
    pub head: ObjectName,
    /// The highest version released before, pre-releases included.
    pub previous: Option<Version>,
    /// The tag of that version.
    #[schemars(with = "Option<String>")]
    pub previous_tag: Option<Text>,
    /// Further tags of the pattern on the commit of that tag, which were not chosen because their
    /// versions are lower.
    #[schemars(with = "Vec<String>")]
    pub ignored_tags: Vec<Text>,
    /// The next version; none when nothing asks for one.
    pub next: Option<Version>,
    /// The tag that it would have.
    #[schemars(with = "Option<String>")]
    pub next_tag: Option<Text>,
    /// What the commits since the previous version ask for, before the rule for versions below
    /// 1.0.0.
    pub asked: Option<Bump>,
    /// The rule that gave the version.
    pub rule: Rule,
    /// How versions below 1.0.0 are counted.
    pub versioning: Versioning,
    /// How many commits lie after the previous version, merges included.
    pub commits: u32,
    /// What each of them asks for, newest first; those that ask for nothing are left out, unless
    /// their message could not be read.
    pub reasons: Vec<Reason>,
}

/// What one commit asks for.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Reason {
    /// The commit.
    pub commit: ObjectName,
    /// First line of its message.
    #[schemars(with = "String")]
    pub summary: Text,
    /// What it asks for, before the rule for versions below 1.0.0.
    pub asks: Option<Bump>,
    /// Why its message could not be read as a Conventional Commit. Never set for a merge.
    #[schemars(with = "Option<String>")]
    pub problem: Option<Text>,
}

/// Works out the next version from the tags and the commits since the last of them.
///
/// # Errors
///
/// When something that it needs is missing or malformed; [`Error::help`] says what to do.
pub fn next(repository: &Repository, query: &NextQuery) -> Result<Proposal, Error> {
    let handle = repository.handle();
    let path = match &query.path {
        Some(path) => PathFilter::parse(path)?,
        None => None,
    };
    let head = revision::commit(&handle, query.to.as_deref().unwrap_or("HEAD"))?;
    let tags = tags::all(&handle, &query.tag)?;
    let every: Vec<&Tag> = tags.iter().collect();
    let latest = tags::highest_reachable(&handle, head, &every)?;
    let finals: Vec<&Tag> = tags
        .iter()
        .filter(|tag| tag.version.pre.is_empty())
        .collect();
    let last_final = match latest {
        Some(tag) if tag.version.pre.is_empty() => Some(tag),
        Some(_) => tags::highest_reachable(&handle, head, &finals)?,
        None => None,
    };
    let (commits, reasons) = reasons(&handle, latest, head, path.as_ref())?;
    let asked = asked(&reasons);
    let asked_since_final = match (latest, last_final) {
        (Some(latest), Some(last)) if latest.commit == last.commit => asked,
        (_, Some(_)) => self::asked(&self::reasons(&handle, last_final, head, path.as_ref())?.1),
        (_, None) => asked,
    };
    let history = History {
        latest: latest.map(|tag| tag.version.clone()),
        last_final: last_final.map(|tag| tag.version.clone()),
        asked_since_latest: asked,
        asked_since_final,
    };
    let step = next_version(
        &history,
        &query.initial,
        query.versioning,
        query.pre_release.as_ref(),
    );
    Ok(Proposal {
        head: handle.name(&head),
        previous: history.latest,
        previous_tag: latest.map(|tag| tag.name.clone()),
        ignored_tags: latest.map_or_else(Vec::new, |latest| {
            tags.iter()
                .filter(|tag| tag.commit == latest.commit && tag.name != latest.name)
                .map(|tag| tag.name.clone())
                .collect()
        }),
        next_tag: step
            .version
            .as_ref()
            .map(|version| Text::from(query.tag.tag(version, latest.map(|tag| &tag.name)))),
        next: step.version,
        asked,
        rule: step.rule,
        versioning: query.versioning,
        commits,
        reasons,
    })
}

fn asked(reasons: &[Reason]) -> Option<Bump> {
    reasons.iter().filter_map(|reason| reason.asks).max()
}

/// How many commits lie after a tag, and what they ask for.
fn reasons(
    handle: &Handle,
    after: Option<&Tag>,
    head: ObjectId,
    path: Option<&PathFilter>,
) -> Result<(u32, Vec<Reason>), Error> {
    let range = range::between(handle, after.map(|tag| tag.commit), head)?;
    let range = collect::touching(handle, &range, path)?;
    let mut reasons = Vec::new();
    for link in &range {
        let message = handle.commit(link.id, |commit| {
            String::from_utf8_lossy(commit.message).into_owned()
        })?;
        let is_merge = link.parents.len() > 1;
        let (asks, problem) = match parse(message.trim_start()) {
            Ok(commit) => (commit.bump(), None),
            Err(_) if is_merge => (None, None),
            Err(error) => (None, Some(Text::from(error.to_string()))),
        };
        if asks.is_some() || problem.is_some() {
            reasons.push(Reason {
                commit: handle.name(&link.id),
                summary: Text::from(message.trim_start().lines().next().unwrap_or_default()),
                asks,
                problem,
            });
        }
    }
    Ok((count(range.len()), reasons))
}
