use gix::ObjectId;
use holdpoint_conventional::{Bump, History, Rule, Versioning, next_version, parse};
use semver::{Prerelease, Version};
use serde::{Deserialize, Serialize};

use super::changes::PathFilter;
use super::commits::count;
use super::handle::Handle;
use super::tags::{self, Tag};
use super::{Error, Repository, TagPattern, collect, range, recorded, revision};
use crate::model::{ObjectName, RunId, RunSummary, Text};

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
    /// What was released on a target, as it is recorded, newest first.
    pub recorded: Vec<RunSummary>,
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
            recorded: Vec::new(),
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
    /// The recorded run that released that version; none where its tag says so.
    pub previous_run: Option<RunId>,
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

/// A version that was released, and what says so.
#[derive(Clone)]
struct Known {
    commit: ObjectId,
    version: Version,
    tag: Option<Text>,
    run: Option<RunId>,
}

impl Known {
    fn by_tag(tag: &Tag) -> Self {
        Self {
            commit: tag.commit,
            version: tag.version.clone(),
            tag: Some(tag.name.clone()),
            run: None,
        }
    }
}

/// Works out the next version from the tags and the commits since the last of them. A version that
/// a target was released with and that is higher counts like a tag, so that a project that does not
/// tag what it releases still counts on.
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
    let by_tag = tags::highest_reachable(&handle, head, &every)?.map(Known::by_tag);
    let latest = recorded_above(&handle, query, head, path.as_ref(), by_tag.as_ref()).or(by_tag);
    let finals: Vec<&Tag> = tags
        .iter()
        .filter(|tag| tag.version.pre.is_empty())
        .collect();
    let last_final = match &latest {
        Some(latest) if latest.version.pre.is_empty() => Some(latest.clone()),
        Some(_) => tags::highest_reachable(&handle, head, &finals)?.map(Known::by_tag),
        None => None,
    };
    let (commits, reasons) = reasons(&handle, latest.as_ref(), head, path.as_ref())?;
    let asked = asked(&reasons);
    let asked_since_final = match (&latest, &last_final) {
        (Some(latest), Some(last)) if latest.commit == last.commit => asked,
        (_, Some(last)) => self::asked(&self::reasons(&handle, Some(last), head, path.as_ref())?.1),
        (_, None) => asked,
    };
    let history = History {
        latest: latest.as_ref().map(|latest| latest.version.clone()),
        last_final: last_final.map(|last| last.version),
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
        ignored_tags: latest.as_ref().map_or_else(Vec::new, |latest| {
            tags.iter()
                .filter(|tag| tag.commit == latest.commit && Some(&tag.name) != latest.tag.as_ref())
                .map(|tag| tag.name.clone())
                .collect()
        }),
        next_tag: step.version.as_ref().map(|version| {
            let previous = latest.as_ref().and_then(|latest| latest.tag.as_ref());
            Text::from(query.tag.tag(version, previous))
        }),
        previous_tag: latest.as_ref().and_then(|latest| latest.tag.clone()),
        previous_run: latest.and_then(|latest| latest.run),
        next: step.version,
        asked,
        rule: step.rule,
        versioning: query.versioning,
        commits,
        reasons,
    })
}

/// The last release of the target by the record, where its version is higher than that of the last
/// tag.
fn recorded_above(
    handle: &Handle,
    query: &NextQuery,
    head: ObjectId,
    path: Option<&PathFilter>,
    by_tag: Option<&Known>,
) -> Option<Known> {
    let path = path.map(collect::text);
    let place = |commit: &ObjectName| recorded::place(handle, commit, head);
    let release =
        recorded::choose(&query.recorded, &handle.name(&head), path.as_ref(), place).base?;
    let version = release.version.clone()?;
    by_tag
        .is_none_or(|tag| version.cmp_precedence(&tag.version).is_gt())
        .then_some(())?;
    Some(Known {
        commit: recorded::commit(handle, &release.head)?,
        version,
        tag: None,
        run: Some(release.id.clone()),
    })
}

fn asked(reasons: &[Reason]) -> Option<Bump> {
    reasons.iter().filter_map(|reason| reason.asks).max()
}

/// How many commits lie after a release, and what they ask for.
fn reasons(
    handle: &Handle,
    after: Option<&Known>,
    head: ObjectId,
    path: Option<&PathFilter>,
) -> Result<(u32, Vec<Reason>), Error> {
    let range = range::between(handle, after.map(|known| known.commit), head)?;
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
