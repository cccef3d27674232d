//! The releases before: what each tag that a commit contains has released.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};

use gix::ObjectId;
use semver::Version;

use super::changes::PathFilter;
use super::handle::Handle;
use super::range::Link;
use super::tags::{self, Tag};
use super::{Error, Query, Repository, bounds, changes, collect, commits, range, recorded};
use crate::model::{Change, ObjectName, RunId, Subject, Text, Totals};

/// A release of the past, and the range that it released: a commit with a tag of the project's
/// pattern, or one that a recorded run has released. A commit with several such tags is one release,
/// of the highest version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierRelease {
    /// The released commit.
    pub head: ObjectName,
    /// The commit of the release before it; none for the first.
    pub base: Option<ObjectName>,
    /// Its version; only a recorded release can have none.
    pub version: Option<Version>,
    /// The run that recorded it; none where it is known by its tag.
    pub run: Option<RunId>,
    /// The version of the release before it; none for the first.
    pub previous: Option<Version>,
    /// Tags of the pattern on the released commit, highest version first.
    pub tags: Vec<Text>,
    /// When the released commit was committed, in seconds since 1970-01-01T00:00:00Z.
    pub committed: i64,
}

/// The releases that a commit contains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EarlierReleases {
    /// Those that can be read: recorded ones first, newest first, then those known by a tag, highest
    /// version first.
    pub releases: Vec<EarlierRelease>,
    /// How many could not be read, because commits of theirs are missing or damaged, or were not
    /// fetched.
    pub unreadable: u32,
}

impl EarlierReleases {
    /// These, and recorded ones before them: a commit that was released more than once counts once,
    /// by the first of its entries, and of all there are at most
    /// [`bounds::EARLIER_RELEASES_MAX`].
    #[must_use]
    pub fn after(self, recorded: Vec<EarlierRelease>) -> Self {
        let mut seen = BTreeSet::new();
        let all = recorded.into_iter().chain(self.releases);
        Self {
            releases: all
                .filter(|release| seen.insert(release.head.clone()))
                .take(bounds::EARLIER_RELEASES_MAX)
                .collect(),
            unreadable: self.unreadable,
        }
    }
}

/// The recorded releases of a query with the same path filter, newest first, without that of the
/// judged commit. Those whose commits are not in the repository any more are not there: what a
/// rewritten history has left behind says nothing of how well the present one can be read.
pub(super) fn recorded(
    repository: &Repository,
    query: &Query,
    head: &ObjectName,
) -> Result<Vec<EarlierRelease>, Error> {
    if query.recorded.is_empty() {
        return Ok(Vec::new());
    }
    let handle = repository.handle();
    let path = match &query.path {
        Some(path) => PathFilter::parse(path)?.as_ref().map(collect::text),
        None => None,
    };
    let tags = tags::all(&handle, &query.tag)?;
    let mut found = Vec::new();
    for run in query.recorded.iter().filter(|run| run.head != *head) {
        let Some(extent) = run.extent.as_ref().filter(|extent| extent.path == path) else {
            continue;
        };
        let Some(commit) = recorded::commit(&handle, &run.head) else {
            continue;
        };
        let base = extent.base.as_ref();
        if base.is_some_and(|base| recorded::commit(&handle, base).is_none()) {
            continue;
        }
        found.push(EarlierRelease {
            head: run.head.clone(),
            base: base.cloned(),
            version: run.version.clone(),
            run: Some(run.id.clone()),
            previous: extent.previous.clone(),
            tags: tags_on(&tags, commit),
            committed: committed(&handle, commit)?,
        });
    }
    Ok(found)
}

/// The tags on a commit, highest version first.
fn tags_on(tags: &[Tag], commit: ObjectId) -> Vec<Text> {
    tags.iter()
        .filter(|tag| tag.commit == commit)
        .map(|tag| tag.name.clone())
        .collect()
}

/// When a commit was committed.
fn committed(handle: &Handle, commit: ObjectId) -> Result<i64, Error> {
    handle.commit(commit, |commit| {
        let committer = commit.committer();
        committer
            .map(|committer| committer.seconds())
            .unwrap_or_default()
    })
}

/// The last releases that `from` contains, itself included: at most
/// [`bounds::EARLIER_RELEASES_MAX`], and as many as [`bounds::EARLIER_COMMITS_MAX`] allows.
pub(super) fn releases(
    repository: &Repository,
    query: &Query,
    from: &ObjectName,
) -> Result<EarlierReleases, Error> {
    let handle = repository.handle();
    let tags = tags::all(&handle, &query.tag)?;
    let mut walk = Walk::new(&handle, &tags)?;
    let mut earlier = EarlierReleases::default();
    // A release is called by the place of its highest tag: the smaller, the higher the version.
    let mut open = BinaryHeap::new();
    let mut known = BTreeSet::new();
    let mut below: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut found = Vec::new();
    let start = id(from)?;
    let first = if let Some(release) = walk.release(start) {
        BTreeSet::from([release])
    } else {
        let region = walk.down_from(start);
        // What lies behind a commit that is missing or was not fetched may be a release.
        let is_whole = region.as_ref().is_some_and(|region| region.is_whole);
        earlier.unreadable += u32::from(!is_whole);
        region.map(|region| region.releases).unwrap_or_default()
    };
    for release in first {
        known.insert(release);
        open.push(Reverse(release));
    }
    while found.len() < bounds::EARLIER_RELEASES_MAX
        && let Some(Reverse(release)) = open.pop()
        && let Some(tag) = tags.get(release)
    {
        let Some(region) = walk.down_from(tag.commit) else {
            // This one and those behind it were not reached.
            earlier.unreadable = earlier.unreadable.saturating_add(1);
            break;
        };
        for next in &region.releases {
            if known.insert(*next) {
                open.push(Reverse(*next));
            }
        }
        below.insert(release, region.releases);
        if region.is_whole {
            found.push(release);
        } else {
            earlier.unreadable = earlier.unreadable.saturating_add(1);
        }
    }
    // A tag of a lower version may contain one of a higher.
    found.sort_unstable();
    for release in found {
        let Some(tag) = tags.get(release) else {
            continue;
        };
        let base = before(&tags, &below, release);
        earlier.releases.push(EarlierRelease {
            head: handle.name(&tag.commit),
            base: base.map(|base| handle.name(&base.commit)),
            version: Some(tag.version.clone()),
            run: None,
            previous: base.map(|base| base.version.clone()),
            tags: tags_on(&tags, tag.commit),
            committed: committed(&handle, tag.commit)?,
        });
    }
    Ok(earlier)
}

/// The release that the range of another one starts after: the highest of a lower version among
/// those that it contains.
fn before<'a>(
    tags: &'a [Tag],
    below: &BTreeMap<usize, BTreeSet<usize>>,
    release: usize,
) -> Option<&'a Tag> {
    let own = &tags.get(release)?.version;
    let mut contained = BTreeSet::new();
    let mut open = vec![release];
    while let Some(release) = open.pop() {
        for next in below.get(&release).into_iter().flatten() {
            if contained.insert(*next) {
                open.push(*next);
            }
        }
    }
    contained
        .into_iter()
        .filter_map(|release| tags.get(release))
        .find(|tag| tag.version.cmp_precedence(own).is_lt())
}

/// Goes from release to release.
struct Walk<'a> {
    handle: &'a Handle,
    releases: HashMap<ObjectId, usize>,
    /// Commits whose parents were not fetched.
    cut: HashSet<ObjectId>,
    commits_left: usize,
}

/// The commits between a release and those right before it.
struct Region {
    /// The releases right before.
    releases: BTreeSet<usize>,
    /// Whether every commit could be read.
    is_whole: bool,
}

impl<'a> Walk<'a> {
    fn new(handle: &'a Handle, tags: &[Tag]) -> Result<Self, Error> {
        let boundary = handle.git().shallow_commits();
        let boundary = boundary.map_err(|source| Error::Refs {
            source: Box::new(source),
        })?;
        let mut releases = HashMap::new();
        for (index, tag) in tags.iter().enumerate() {
            releases.entry(tag.commit).or_insert(index);
        }
        Ok(Self {
            handle,
            releases,
            cut: boundary.map_or_else(HashSet::new, |cut| cut.iter().copied().collect()),
            commits_left: bounds::EARLIER_COMMITS_MAX,
        })
    }

    /// The release of a commit.
    fn release(&self, commit: ObjectId) -> Option<usize> {
        self.releases.get(&commit).copied()
    }

    /// Goes from a commit down to the releases before it, and no further: what lies behind them is
    /// contained in them. None when the bound on commits is reached.
    fn down_from(&mut self, start: ObjectId) -> Option<Region> {
        let mut region = Region {
            releases: BTreeSet::new(),
            is_whole: true,
        };
        let mut seen = HashSet::from([start]);
        let mut open = vec![start];
        while let Some(commit) = open.pop() {
            self.commits_left = self.commits_left.checked_sub(1)?;
            let parents = match self
                .handle
                .commit(commit, |commit| commit.parents().collect::<Vec<_>>())
            {
                Ok(parents) if !self.cut.contains(&commit) || parents.is_empty() => parents,
                Ok(_) | Err(_) => {
                    region.is_whole = false;
                    continue;
                }
            };
            for parent in parents {
                match self.release(parent) {
                    Some(release) => {
                        region.releases.insert(release);
                    }
                    None if seen.insert(parent) => open.push(parent),
                    None => {}
                }
            }
        }
        Some(region)
    }
}

/// The commits of an earlier release.
struct Extent {
    /// The path filter of the query.
    path: Option<PathFilter>,
    head: ObjectId,
    base: Option<ObjectId>,
    /// The commits that the path filter leaves of it.
    kept: Vec<Link>,
}

impl Extent {
    /// None when the path filter leaves nothing of it.
    fn read(
        handle: &Handle,
        query: &Query,
        release: &EarlierRelease,
    ) -> Result<Option<Self>, Error> {
        let path = match &query.path {
            Some(path) => PathFilter::parse(path)?,
            None => None,
        };
        let head = id(&release.head)?;
        let base = release.base.as_ref().map(id).transpose()?;
        let range = range::between(handle, base, head)?;
        let kept = collect::touching(handle, &range, path.as_ref())?;
        let extent = Self {
            path,
            head,
            base,
            kept,
        };
        Ok((!extent.kept.is_empty()).then_some(extent))
    }
}

/// Reads an earlier release as a run at its commit would have, without artifacts and evidence,
/// which are not there any more; none when the path filter leaves nothing of it.
pub(super) fn read(
    repository: &Repository,
    query: &Query,
    release: &EarlierRelease,
) -> Result<Option<Subject>, Error> {
    let handle = repository.handle();
    let Some(extent) = Extent::read(&handle, query, release)? else {
        return Ok(None);
    };
    let Extent {
        path,
        head,
        base,
        kept,
    } = extent;
    let commits = commits::read(repository, &kept, &|_| ())?;
    let changes = collect::read_changes(&handle, query, base, head, path.as_ref())?;
    Ok(Some(Subject {
        project: repository.project(query),
        version: release.version.clone(),
        previous: release.previous.clone(),
        head: release.head.clone(),
        base: release.base.clone(),
        target: query.target.as_deref().map(Text::from),
        path: path.as_ref().map(collect::text),
        versioning: query.versioning,
        tags: release.tags.clone(),
        totals: collect::totals(&kept, changes.iter().map(Change::lines)),
        artifacts: Vec::new(),
        evidence: Vec::new(),
        commits,
        changes,
    }))
}

/// The size of an earlier release; none when the path filter leaves nothing of it. No commit of it is
/// read whole.
pub(super) fn size(
    repository: &Repository,
    query: &Query,
    release: &EarlierRelease,
) -> Result<Option<Totals>, Error> {
    let handle = repository.handle();
    let Some(extent) = Extent::read(&handle, query, release)? else {
        return Ok(None);
    };
    let Extent {
        path,
        head,
        base,
        kept,
    } = extent;
    let old = base.map(|base| handle.commit_tree(base)).transpose()?;
    let new = handle.commit_tree(head)?;
    let changes = changes::between(&handle, old, new, path.as_ref())?;
    let lines = changes.iter().map(|one| (one.insertions, one.deletions));
    Ok(Some(collect::totals(&kept, lines)))
}

/// The object of a name.
fn id(name: &ObjectName) -> Result<ObjectId, Error> {
    ObjectId::from_hex(name.as_str().as_bytes()).map_err(|_| Error::UnknownRevision {
        revision: Text::from(name.as_str()),
        nearest: Vec::new(),
    })
}
