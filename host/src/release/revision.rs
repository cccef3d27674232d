//! Revisions: from a name to a commit.

use gix::ObjectId;

use super::Error;
use super::handle::Handle;
use crate::model::Text;

/// Names that are offered for one that is not there.
const NEAREST_MAX: usize = 3;

/// The least likeness of a name that is offered, from 0 to 1.
const LIKENESS_MIN: f64 = 0.7;

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
    let not_a_commit = |source: gix::Error| Error::NotACommit {
        revision: Text::from(revision),
        source: Box::new(source),
    };
    let peeled = handle
        .object(id)?
        .peel_to_kind(gix::object::Kind::Commit)
        .map_err(not_a_commit)?;
    Ok(peeled.id)
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
