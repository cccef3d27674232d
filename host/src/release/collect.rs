//! From a query to a subject.

use gix::ObjectId;
use semver::Version;

use super::changes::{self, PathFilter};
use super::commits::{self, count};
use super::handle::Handle;
use super::owners::CodeOwners;
use super::range::{self, Link};
use super::tags::{self, Tag};
use super::{
    Collected, Error, NarrowedBy, Narrowing, NextQuery, PassedOver, Query, Repository, dirty,
    files, jump, next, recorded, revision,
};
use crate::model::{BaseSource, Change, ObjectName, RunSummary, Subject, Text, Totals};

/// Where a range starts, and what says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The commit that it starts after; none when it reaches back to the root commits.
    pub commit: Option<ObjectName>,
    /// What says so.
    pub source: BaseSource,
    /// What runs on the target by the record, where the range cannot start there.
    pub passed_over: Option<PassedOver>,
}

/// Where a range starts.
struct Base<'a> {
    commit: Option<ObjectId>,
    /// The last release before the judged commit, wherever the range starts.
    last: Option<Last>,
    /// The tag that the range would start at without a record.
    tag: Option<&'a Tag>,
    source: BaseSource,
    passed_over: Option<PassedOver>,
    words: Text,
}

/// A last release, known from the record or by its tag.
struct Last {
    commit: ObjectId,
    version: Option<Version>,
    source: BaseSource,
}

pub(super) fn collect(
    repository: &Repository,
    query: &Query,
    progress: &dyn Fn(u32),
) -> Result<Collected, Error> {
    let handle = repository.handle();
    let path = match &query.path {
        Some(path) => PathFilter::parse(path)?,
        None => None,
    };
    let head = revision::commit(&handle, query.to.as_deref().unwrap_or("HEAD"))?;
    let tags = tags::all(&handle, &query.tag)?;
    let on_head: Vec<&Tag> = tags.iter().filter(|tag| tag.commit == head).collect();
    let base = base(&handle, query, head, path.as_ref(), &tags)?;
    let range = range::between(&handle, base.commit, head)?;
    let kept = touching(&handle, &range, path.as_ref())?;
    if kept.is_empty() {
        return Err(Error::EmptyRange {
            base: base.words,
            head: handle.name(&head),
            path: query.path.as_deref().map(Text::from),
        });
    }
    let narrowing = narrowing(&handle, query, &base, head, range.len(), kept.len())?;
    let commits = commits::read(repository, &kept, progress)?;
    let changes = read_changes(&handle, query, base.commit, head, path.as_ref())?;
    let version = match (&query.version, on_head.first()) {
        (Some(version), _) => Some(version.clone()),
        (None, Some(tag)) => Some(tag.version.clone()),
        (None, None) => proposed(repository, query, &handle.name(&head).to_string())?,
    };
    // Where the record says what was released, no tag can take commits out of the range.
    let is_by_tag = matches!(
        base.last,
        Some(Last {
            source: BaseSource::Tag { .. },
            ..
        })
    );
    let jump = match base.tag.filter(|_| is_by_tag) {
        Some(last) => jump::to(&handle, &tags, last)?,
        None => None,
    };
    let (evidence, evidence_bytes) = files::evidence(&query.evidence)?;
    let subject = Subject {
        project: repository.project(query),
        version,
        previous: base.last.as_ref().and_then(|last| last.version.clone()),
        head: handle.name(&head),
        base: base.commit.map(|id| handle.name(&id)),
        target: query.target.as_deref().map(Text::from),
        path: path.as_ref().map(text),
        versioning: query.versioning,
        tags: on_head.iter().map(|tag| tag.name.clone()).collect(),
        totals: totals(&kept, changes.iter().map(Change::lines)),
        artifacts: files::artifacts(&query.artifacts)?,
        evidence,
        commits,
        changes,
    };
    Ok(Collected {
        dirty: dirty::read(&handle, head)?,
        narrowing,
        source: base.source,
        passed_over: base.passed_over,
        jump,
        subject,
        evidence: evidence_bytes,
    })
}

/// Where the range of a query starts.
pub(super) fn start(repository: &Repository, query: &Query) -> Result<Start, Error> {
    let handle = repository.handle();
    let path = match &query.path {
        Some(path) => PathFilter::parse(path)?,
        None => None,
    };
    let head = revision::commit(&handle, query.to.as_deref().unwrap_or("HEAD"))?;
    let tags = tags::all(&handle, &query.tag)?;
    let base = base(&handle, query, head, path.as_ref(), &tags)?;
    Ok(Start {
        commit: base.commit.map(|commit| handle.name(&commit)),
        source: base.source,
        passed_over: base.passed_over,
    })
}

/// The start that the operator names, else what was released last on the target by the record, else
/// the last release by tag: the highest version among the tags that the judged commit contains. When
/// it has been released itself, the highest below its own.
fn base<'a>(
    handle: &Handle,
    query: &Query,
    head: ObjectId,
    path: Option<&PathFilter>,
    tags: &'a [Tag],
) -> Result<Base<'a>, Error> {
    let on_head = tags.iter().filter(|tag| tag.commit == head);
    // A version that the operator states and that no tag here bears is held against all of them:
    // with only those below it, one that is too low would look like the first release.
    let own = match &query.version {
        Some(stated) => on_head.map(|tag| &tag.version).find(|own| *own == stated),
        None => on_head.map(|tag| &tag.version).next(),
    };
    let earlier: Vec<&Tag> = tags
        .iter()
        .filter(|tag| tag.commit != head)
        .filter(|tag| own.is_none_or(|own| tag.version.cmp_precedence(own).is_lt()))
        .collect();
    let tag = tags::highest_reachable(handle, head, &earlier)?;
    let (recorded, passed_over) = recorded(handle, &query.recorded, head, path);
    let last = recorded.or_else(|| {
        tag.map(|tag| Last {
            commit: tag.commit,
            version: Some(tag.version.clone()),
            source: BaseSource::Tag {
                tag: tag.name.clone(),
            },
        })
    });
    let (commit, source) = match (&query.from, &last) {
        (Some(from), _) => (
            Some(revision::commit(handle, from)?),
            BaseSource::Option {
                from: Text::from(from.as_str()),
            },
        ),
        (None, Some(last)) => (Some(last.commit), last.source.clone()),
        (None, None) => (None, BaseSource::Beginning),
    };
    Ok(Base {
        commit,
        last,
        tag,
        words: match &source {
            BaseSource::Option { from: name } | BaseSource::Tag { tag: name } => name.clone(),
            source => source.words(),
        },
        source,
        passed_over,
    })
}

/// The last release of the target, as it is recorded.
fn recorded(
    handle: &Handle,
    releases: &[RunSummary],
    head: ObjectId,
    path: Option<&PathFilter>,
) -> (Option<Last>, Option<PassedOver>) {
    let path = path.map(text);
    let place = |commit: &ObjectName| recorded::place(handle, commit, head);
    let choice = recorded::choose(releases, &handle.name(&head), path.as_ref(), place);
    let last = choice.base.and_then(|release| {
        Some(Last {
            commit: recorded::commit(handle, &release.head)?,
            version: release.version.clone(),
            source: BaseSource::Run {
                run: release.id.clone(),
                version: release.version.clone(),
            },
        })
    });
    (last, choice.passed_over)
}

/// A path filter as it stands in a subject.
pub(super) fn text(path: &PathFilter) -> Text {
    Text::from_bytes(path.as_bytes())
}

/// The commits that touch the path: those whose change to the first parent does, and merges whose
/// result differs there from all of their parents.
pub(super) fn touching(
    handle: &Handle,
    range: &[Link],
    path: Option<&PathFilter>,
) -> Result<Vec<Link>, Error> {
    let Some(path) = path else {
        return Ok(range.to_vec());
    };
    let mut kept = Vec::new();
    for link in range {
        let tree = handle.commit_tree(link.id)?;
        let mut touches = link.parents.is_empty() && changes::any(handle, None, tree, path)?;
        for (index, parent) in link.parents.iter().enumerate() {
            let differs = changes::any(handle, Some(handle.commit_tree(*parent)?), tree, path)?;
            touches = differs && (index == 0 || touches);
        }
        if touches {
            kept.push(link.clone());
        }
    }
    Ok(kept)
}

/// What the options leave out of what would be released without them.
fn narrowing(
    handle: &Handle,
    query: &Query,
    base: &Base<'_>,
    head: ObjectId,
    in_range: usize,
    kept: usize,
) -> Result<Vec<Narrowing>, Error> {
    let mut narrowing = Vec::new();
    if let Some(from) = &query.from {
        let last = base.last.as_ref().map(|last| last.commit);
        let whole = range::between(handle, last, head)?;
        let judged = range::between(handle, base.commit, head)?;
        let judged: std::collections::HashSet<ObjectId> =
            judged.iter().map(|link| link.id).collect();
        let left_out = whole
            .iter()
            .filter(|link| !judged.contains(&link.id))
            .count();
        if left_out > 0 {
            narrowing.push(Narrowing {
                commits: count(left_out),
                by: NarrowedBy::From,
                words: Text::from(format!("--from {from}")),
            });
        }
    }
    if let Some(path) = query.path.as_ref().filter(|_| kept < in_range) {
        narrowing.push(Narrowing {
            commits: count(in_range - kept),
            by: NarrowedBy::Path,
            words: Text::from(format!("--path {path}")),
        });
    }
    Ok(narrowing)
}

pub(super) fn read_changes(
    handle: &Handle,
    query: &Query,
    base: Option<ObjectId>,
    head: ObjectId,
    path: Option<&PathFilter>,
) -> Result<Vec<Change>, Error> {
    let old = base.map(|commit| handle.commit_tree(commit)).transpose()?;
    let new = handle.commit_tree(head)?;
    let mut owners = CodeOwners::read(handle, query.trusted_owners.as_deref(), new)?;
    changes::between(handle, old, new, path)?
        .into_iter()
        .map(|change| {
            Ok(Change {
                owners: owners.of(&change.path)?,
                path: Text::from_bytes(&change.path),
                old_path: change.old_path.as_deref().map(Text::from_bytes),
                how: change.how,
                insertions: change.insertions,
                deletions: change.deletions,
                binary: change.binary,
            })
        })
        .collect()
}

/// The size of a range whose changed files have these lines, added and deleted.
pub(super) fn totals(range: &[Link], changes: impl Iterator<Item = (u32, u32)>) -> Totals {
    let none = Totals {
        commits: count(range.len()),
        merges: count(range.iter().filter(|link| link.parents.len() > 1).count()),
        ..Totals::default()
    };
    changes.fold(none, |sum, (insertions, deletions)| Totals {
        files: sum.files.saturating_add(1),
        insertions: sum.insertions.saturating_add(insertions),
        deletions: sum.deletions.saturating_add(deletions),
        ..sum
    })
}

fn proposed(
    repository: &Repository,
    query: &Query,
    head: &str,
) -> Result<Option<semver::Version>, Error> {
    let proposal = next(
        repository,
        &NextQuery {
            to: Some(head.to_owned()),
            path: query.path.clone(),
            tag: query.tag.clone(),
            versioning: query.versioning,
            initial: query.initial.clone(),
            pre_release: None,
            recorded: query.recorded.clone(),
        },
    )?;
    Ok(proposal.next)
}
