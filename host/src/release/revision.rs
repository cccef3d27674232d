//! Revisions: from a name to a commit.

use gix::ObjectId;

use super::Error;
use super::handle::Handle;
use crate::model::{ObjectName, Text};

/// Names that are offered for one that is not there.
const NEAREST_MAX: usize = 3;

/// The least likeness of a name that is offered, from 0 to 1.
const LIKENESS_MIN: f64 = 0.7;

/// Where the refs lie that a person gives names to.
const NAMESPACES: [&str; 3] = ["refs/heads/", TAGS, REMOTES];

const TAGS: &str = "refs/tags/";

const REMOTES: &str = "refs/remotes/";

/// What remotes are called where nobody says otherwise: they are known even where nothing was
/// fetched from them.
const USUAL_REMOTES: [&str; 2] = ["origin", "upstream"];

/// The checked out commit; [`Error::UnbornBranch`] when there is none yet.
pub(super) fn head(handle: &Handle) -> Result<ObjectId, Error> {
    let refs = |source: gix::Error| Error::Refs {
        source: Box::new(source),
    };
    let head = handle.git().head().map_err(refs)?;
    if head.is_unborn() {
        let branch = head
            .referent_name()
            .map_or_else(Text::default, |name| Text::from_bytes(name.shorten()));
        return Err(Error::UnbornBranch { branch });
    }
    let id = head.into_peeled_id().map_err(refs)?.detach();
    handle.commit(id, |_| id)
}

/// The commit that a revision names, tags peeled.
pub(super) fn commit(handle: &Handle, revision: &str) -> Result<ObjectId, Error> {
    if revision == "HEAD" {
        return head(handle);
    }
    let id = match handle.git().rev_parse_single(revision) {
        Ok(id) => id.detach(),
        Err(source) => {
            let is_ambiguous = revision.len() >= 4
                && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
                && source.to_string().contains("ambiguous");
            let revision_text = Text::from(revision);
            return Err(if is_ambiguous {
                Error::NotACommit {
                    revision: revision_text,
                    source: Box::new(source),
                }
            } else {
                Error::UnknownRevision {
                    revision: revision_text,
                    nearest: nearest(handle, revision),
                }
            });
        }
    };
    peeled(handle, id, revision)
}

/// The full name of what `name` stands for, and its commit: a full object name, or exactly one
/// branch, tag or remote branch. Git itself takes a tag before a branch of the same name, so that
/// whoever may push tags could put one in the place of a branch. See [`full_names`].
pub(super) fn named(handle: &Handle, name: &str) -> Result<(String, ObjectId), Error> {
    if ObjectName::new(name).is_some()
        && let Ok(id) = ObjectId::from_hex(name.as_bytes())
    {
        return Ok((name.to_owned(), peeled(handle, id, name)?));
    }
    let remote_branches = remote_branches(handle)?;
    let mut found = Vec::new();
    for full in full_names(name, &remote_branches) {
        if let Some(id) = target(handle, &full)? {
            found.push((full, id));
        }
    }
    // A checkout of a CI system often has the branch of the server only: a tag of its name would
    // stand in its place.
    if let [(full, id)] = found.as_slice()
        && full.strip_prefix(TAGS) == Some(name)
    {
        let id = *id;
        let same = remote_branches.into_iter().filter(|full| {
            full.strip_prefix(REMOTES)
                .and_then(|rest| rest.split_once('/'))
                .is_some_and(|(_, branch)| branch == name)
        });
        found.extend(same.map(|full| (full, id)));
    }
    if found.len() > 1 {
        return Err(Error::AmbiguousName {
            name: Text::from(name),
            candidates: found.into_iter().map(|(full, _)| full.into()).collect(),
        });
    }
    let Some((full, id)) = found.pop() else {
        return Err(Error::UnknownRevision {
            revision: Text::from(name),
            nearest: nearest(handle, name),
        });
    };
    let commit = peeled(handle, id, name)?;
    Ok((full, commit))
}

/// The full names of all remote branches.
fn remote_branches(handle: &Handle) -> Result<Vec<String>, Error> {
    let refs = |source: gix::Error| Error::Refs {
        source: Box::new(source),
    };
    let platform = handle.git().references().map_err(refs)?;
    let branches = platform.remote_branches().map_err(refs)?;
    Ok(branches
        .filter_map(Result::ok)
        .map(|branch| branch.name().as_bstr().to_string())
        .collect())
}

/// The full names of branches, tags and remote branches that a name may stand for.
///
/// `REMOTE/…` is a branch of that remote and nothing else, even where it was never fetched, and a
/// short name with a slash is never a tag: whoever may push a tag or a branch of that name would put
/// it in the place of the one that is meant.
fn full_names(name: &str, remote_branches: &[String]) -> Vec<String> {
    let is_full = |name: &str| NAMESPACES.iter().any(|space| name.starts_with(space));
    if name.starts_with("refs/") {
        return Vec::from_iter(is_full(name).then(|| name.to_owned()));
    }
    let below_refs = Some(format!("refs/{name}")).filter(|full| is_full(full));
    let is_of_remote = name.split_once('/').is_some_and(|(remote, _)| {
        let branches = format!("{REMOTES}{remote}/");
        USUAL_REMOTES.contains(&remote)
            || remote_branches
                .iter()
                .any(|branch| branch.starts_with(&branches))
    });
    NAMESPACES
        .iter()
        .filter(|space| match **space {
            REMOTES => true,
            TAGS => !name.contains('/'),
            _ => !is_of_remote,
        })
        .map(|space| format!("{space}{name}"))
        .chain(below_refs)
        .collect()
}

/// What the ref of exactly this name points at; none when there is no such ref.
fn target(handle: &Handle, full: &str) -> Result<Option<ObjectId>, Error> {
    let Ok(name) = gix::refs::FullName::try_from(full) else {
        return Ok(None);
    };
    let refs = |source: gix::Error| Error::Refs {
        source: Box::new(source),
    };
    let reference = handle
        .git()
        .try_find_reference(name.as_ref().as_partial_name())
        .map_err(refs)?;
    match reference {
        // The look-up goes on to other names that end so.
        Some(reference) if reference.name() == name.as_ref() => {
            let id = reference.into_fully_peeled_id().map_err(refs)?;
            Ok(Some(id.detach()))
        }
        _ => Ok(None),
    }
}

/// The commit that an object is or points at.
fn peeled(handle: &Handle, id: ObjectId, revision: &str) -> Result<ObjectId, Error> {
    let not_a_commit = |source: gix::Error| Error::NotACommit {
        revision: Text::from(revision),
        source: Box::new(source),
    };
    let object = handle.object(id)?;
    let commit = object
        .peel_to_kind(gix::object::Kind::Commit)
        .map_err(not_a_commit)?;
    Ok(commit.id)
}

/// Branches and tags that look like `revision`, nearest first.
fn nearest(handle: &Handle, revision: &str) -> Vec<Text> {
    let Ok(platform) = handle.git().references() else {
        return Vec::new();
    };
    let Ok(references) = platform.all() else {
        return Vec::new();
    };
    let mut names: Vec<(f64, String)> = references
        .filter_map(Result::ok)
        .filter_map(|reference| {
            let name = reference.name().shorten().to_string();
            let likeness = strsim::jaro_winkler(&name, revision);
            (likeness >= LIKENESS_MIN).then_some((likeness, name))
        })
        .collect();
    names.sort_by(|left, right| {
        right
            .0
            .total_cmp(&left.0)
            .then_with(|| left.1.cmp(&right.1))
    });
    names.dedup_by(|left, right| left.1 == right.1);
    names
        .into_iter()
        .take(NEAREST_MAX)
        .map(|(_, name)| Text::from(name))
        .collect()
}
