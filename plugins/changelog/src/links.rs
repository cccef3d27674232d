//! The link references at the end of a changelog: `[1.4.0]: …/compare/v1.3.0...v1.4.0`.

use crate::file::{File, Reference, content};
use crate::section::{Insertion, New, version_of};

/// What is done to the link references.
pub(crate) struct Links {
    /// The reference of the new version.
    pub(crate) insertion: Option<Insertion>,
    /// The reference of `Unreleased`, which begins at the new version now, with its line.
    pub(crate) replaced: Option<(usize, String)>,
}

/// The reference of a release; none where nothing tells where it would lead.
///
/// The link of `Unreleased` is continued where it compares (`…/compare/v1.3.0...HEAD`); else the
/// repository of the settings counts; else the link of the previous version is continued.
pub(crate) fn of(file: &File<'_>, new: &New<'_>) -> Option<Links> {
    let find = |label: &str| {
        file.references
            .iter()
            .find(|reference| reference.label.eq_ignore_ascii_case(label))
    };
    if find(new.version).is_some() {
        return Some(Links {
            insertion: None,
            replaced: None,
        });
    }
    let unreleased = find("unreleased");
    let previous = new.previous.and_then(find);
    if let Some(unreleased) = unreleased
        && let Some((start, old, head)) = comparison(unreleased.address)
    {
        let tag = continued(old, new);
        let line = content(file.lines[unreleased.line]);
        let address = format!("{start}/{tag}...{head}");
        return Some(Links {
            insertion: Some(Insertion {
                line: unreleased.line + 1,
                text: format!("[{}]: {start}/{old}...{tag}\n", new.version),
            }),
            replaced: Some((
                unreleased.line,
                line.replacen(unreleased.address, &address, 1),
            )),
        });
    }
    let address = match (&new.repository, &new.previous_tag, previous) {
        (Some(repository), Some(previous), _) => repository.compare(previous, &new.tag),
        (Some(repository), None, _) => repository.release(&new.tag),
        (None, _, Some(previous)) => after(previous, new)?,
        (None, ..) => return None,
    };
    let line = format!("[{}]: {address}\n", new.version);
    let newest = file
        .references
        .iter()
        .find(|reference| version_of(reference.label).is_some());
    let insertion = match (unreleased, newest) {
        (Some(unreleased), _) => Insertion {
            line: unreleased.line + 1,
            text: line,
        },
        (None, Some(newest)) => Insertion {
            line: newest.line,
            text: line,
        },
        (None, None) => {
            let has_others = file.references_start < file.lines.len();
            let gap = if has_others { "" } else { "\n" };
            Insertion {
                line: file.end_of_text(0, file.lines.len()),
                text: format!("{gap}{line}"),
            }
        }
    };
    Some(Links {
        insertion: Some(insertion),
        replaced: None,
    })
}

/// The parts of `START/OLD...NEW`.
fn comparison(address: &str) -> Option<(&str, &str, &str)> {
    let (left, new) = address.rsplit_once("...")?;
    let (start, old) = left.rsplit_once('/')?;
    (!old.is_empty() && !new.is_empty()).then_some((start, old, new))
}

/// The tag of the new version, written as the old one.
fn continued(old: &str, new: &New<'_>) -> String {
    new.previous
        .and_then(|previous| old.strip_suffix(previous))
        .map_or_else(
            || new.tag.clone(),
            |prefix| format!("{prefix}{}", new.version),
        )
}

/// The address that follows the one of the previous version.
fn after(previous: &Reference<'_>, new: &New<'_>) -> Option<String> {
    if let Some((start, _, tag)) = comparison(previous.address) {
        return Some(format!("{start}/{tag}...{}", continued(tag, new)));
    }
    let start = previous.address.strip_suffix(new.previous?)?;
    Some(format!("{start}{}", new.version))
}
