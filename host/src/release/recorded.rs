//! Where a range begins by what is recorded: at what runs on the target.

use gix::ObjectId;

use super::handle::Handle;
use super::range;
use crate::model::{ObjectName, RunSummary, Text};

/// Where a commit lies, as seen from the judged one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The judged commit contains it.
    Contained,
    /// It contains the judged commit: what is judged is older than what runs.
    Ahead,
    /// Neither contains the other: the history was written anew, or goes on elsewhere.
    Apart,
    /// It is not in the repository.
    Missing,
}

/// A recorded release that a range cannot begin at, although it is what runs on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The release.
    pub release: RunSummary,
    /// Where its commit lies.
    pub place: Place,
}

/// What was made of the recorded releases of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The release that the range begins at; none where none is fit for it.
    pub base: Option<&'a RunSummary>,
    /// The newest that would have been it, where another one was taken or none.
    pub passed_over: Option<PassedOver>,
}

/// Chooses among the recorded releases of a target, which are sorted, newest first: the newest of
/// another commit than the judged one that the judged one contains. That of the judged commit itself
/// never counts, so that asking for a release again asks for the same. One with a path filter counts
/// only for the same filter: what it did not judge was not released with it.
pub fn choose<'a>(
    recorded: &'a [RunSummary],
    head: &ObjectName,
    path: Option<&Text>,
    mut place: impl FnMut(&ObjectName) -> Place,
) -> Choice<'a> {
    let mut passed_over = None;
    for release in recorded {
        if release.head == *head || !is_of_path(release, path) {
            continue;
        }
        let place = place(&release.head);
        if place == Place::Contained {
            return Choice {
                base: Some(release),
                passed_over,
            };
        }
        passed_over.get_or_insert_with(|| PassedOver {
            release: release.clone(),
            place,
        });
    }
    Choice {
        base: None,
        passed_over,
    }
}

/// Whether a release judged everything that one with this path filter judges.
pub(super) fn is_of_path(release: &RunSummary, path: Option<&Text>) -> bool {
    release
        .extent
        .as_ref()
        .is_some_and(|extent| extent.path.is_none() || extent.path.as_ref() == path)
}

/// Where a commit lies, as seen from `head`. One whose own history is not whole is as good as
/// missing: what is wrong with that of `head` is said by whoever reads its range.
pub(super) fn place(handle: &Handle, name: &ObjectName, head: ObjectId) -> Place {
    let Some(commit) = commit(handle, name) else {
        return Place::Missing;
    };
    match range::contains(handle, head, commit) {
        Ok(true) => Place::Contained,
        Ok(false) => match range::contains(handle, commit, head) {
            Ok(true) => Place::Ahead,
            Ok(false) | Err(_) => Place::Apart,
        },
        Err(_) => Place::Missing,
    }
}

/// A commit of the repository by its name.
pub(super) fn commit(handle: &Handle, name: &ObjectName) -> Option<ObjectId> {
    let id = ObjectId::from_hex(name.as_str().as_bytes()).ok()?;
    handle.commit(id, |_| ()).ok()?;
    Some(id)
}
