//! Whether the last release's version follows the one before it.

use semver::Version;

use super::commits::count;
use super::handle::Handle;
use super::tags::{self, Tag};
use super::{Error, Jump, range};

/// The jump that the last release makes over the highest lower one among `tags`, which are sorted;
/// none when it follows it directly, or when there is no lower one.
pub(super) fn to(handle: &Handle, tags: &[Tag], last: &Tag) -> Result<Option<Jump>, Error> {
    let lower: Vec<&Tag> = tags
        .iter()
        .filter(|tag| tag.version.cmp_precedence(&last.version).is_lt())
        .collect();
    let Some(lower) = tags::highest_reachable(handle, last.commit, &lower)? else {
        return Ok(None);
    };
    if follows(&lower.version, &last.version) {
        return Ok(None);
    }
    let between = range::between(handle, Some(lower.commit), last.commit)?;
    Ok(Some(Jump {
        from: lower.name.clone(),
        to: last.name.clone(),
        commits: count(between.len()),
    }))
}

/// Whether `next` is the next major, minor or patch version after `version`, or a pre-release of
/// one. What follows a pre-release may also be a later one of the same version, or that version.
fn follows(version: &Version, next: &Version) -> bool {
    let numbers = |version: &Version| (version.major, version.minor, version.patch);
    let (major, minor, patch) = numbers(version);
    let next = numbers(next);
    next == (major.saturating_add(1), 0, 0)
        || next == (major, minor.saturating_add(1), 0)
        || next == (major, minor, patch.saturating_add(1))
        || (next == (major, minor, patch) && !version.pre.is_empty())
}
