//! What differs between two trees: `git diff --numstat -M`.

use gix::ObjectId;

use super::content::Contents;
use super::handle::{Entry, Handle, entries};
use super::{Error, bounds, renames};
use crate::model::ChangeKind;

/// A path that differs between two trees, before renames are looked for.
#[derive(Clone)]
pub(super) struct Difference {
    pub(super) path: Vec<u8>,
    pub(super) old: Option<Entry>,
    pub(super) new: Option<Entry>,
}

/// A file that differs between two trees.
pub(super) struct FileChange {
    pub(super) path: Vec<u8>,
    pub(super) old_path: Option<Vec<u8>>,
    pub(super) how: ChangeKind,
    pub(super) insertions: u32,
    pub(super) deletions: u32,
    pub(super) binary: bool,
}

/// A path filter: a file, or a folder and all below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathFilter(Vec<u8>);

impl PathFilter {
    /// The filter that a text names; none for the root of the repository.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Error> {
        let names: Vec<&str> = text
            .split('/')
            .filter(|name| !name.is_empty() && *name != ".")
            .collect();
        if text.starts_with('/') || text.contains('\\') || names.contains(&"..") {
            return Err(Error::PathFilter { path: text.into() });
        }
        Ok((!names.is_empty()).then(|| Self(names.join("/").into_bytes())))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether a file counts.
    fn holds(&self, path: &[u8]) -> bool {
        match path.strip_prefix(self.0.as_slice()) {
            Some(rest) => rest.is_empty() || rest.starts_with(b"/"),
            None => false,
        }
    }

    /// Whether a folder may hold a file that counts.
    fn leads_through(&self, folder: &[u8]) -> bool {
        self.holds(folder)
            || self
                .0
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with(b"/"))
    }
}

/// The files that differ, ordered by path, renames found and lines counted. `old` is none for the
/// empty tree.
pub(super) fn between(
    handle: &Handle,
    old: Option<ObjectId>,
    new: ObjectId,
    filter: Option<&PathFilter>,
) -> Result<Vec<FileChange>, Error> {
    let differences = differences(handle, old, Some(new), filter)?;
    let mut contents = Contents::new(handle);
    let paired = renames::pair(&mut contents, differences)?;
    contents.forget_counts();
    let mut changes = Vec::with_capacity(paired.len());
    for pair in paired {
        let lines = contents.lines(pair.old, pair.new)?;
        let how = match (&pair.old, &pair.new) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Deleted,
            _ if pair.old_path.is_some() => ChangeKind::Renamed,
            (Some(old), Some(new)) if is_same_type(old, new) => ChangeKind::Modified,
            _ => ChangeKind::Retyped,
        };
        changes.push(FileChange {
            path: pair.path,
            old_path: pair.old_path,
            how,
            insertions: lines.insertions,
            deletions: lines.deletions,
            binary: lines.binary,
        });
    }
    Ok(changes)
}

/// Whether anything that the filter lets through differs.
pub(super) fn any(
    handle: &Handle,
    old: Option<ObjectId>,
    new: ObjectId,
    filter: &PathFilter,
) -> Result<bool, Error> {
    let old = match old {
        Some(old) => handle.entry(old, filter.as_bytes())?,
        None => None,
    };
    Ok(old != handle.entry(new, filter.as_bytes())?)
}

fn is_same_type(old: &Entry, new: &Entry) -> bool {
    old.mode.is_blob() == new.mode.is_blob()
        && old.mode.is_link() == new.mode.is_link()
        && old.mode.is_commit() == new.mode.is_commit()
}

/// Every path that differs, ordered by its bytes.
fn differences(
    handle: &Handle,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    filter: Option<&PathFilter>,
) -> Result<Vec<Difference>, Error> {
    let mut differences = Vec::new();
    // Pairs of trees still to be compared, with the path and the depth of their folder.
    let mut open = vec![(Vec::new(), old, new, 0)];
    while let Some((folder, old, new, depth)) = open.pop() {
        if old == new {
            continue;
        }
        if depth > bounds::DEPTH_MAX {
            return Err(Error::TooDeep);
        }
        let old = old.map(|id| handle.tree(id)).transpose()?;
        let new = new.map(|id| handle.tree(id)).transpose()?;
        let old = old.as_ref().map(entries).transpose()?.unwrap_or_default();
        let new = new.as_ref().map(entries).transpose()?.unwrap_or_default();
        for (name, old, new) in unequal(old, new) {
            let mut path = folder.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            let (old_tree, old_file) = split(old);
            let (new_tree, new_file) = split(new);
            if (old_file.is_some() || new_file.is_some())
                && old_file != new_file
                && filter.is_none_or(|filter| filter.holds(&path))
            {
                if differences.len() >= bounds::CHANGES_MAX {
                    return Err(Error::TooManyChanges);
                }
                differences.push(Difference {
                    path: path.clone(),
                    old: old_file,
                    new: new_file,
                });
            }
            if (old_tree.is_some() || new_tree.is_some())
                && filter.is_none_or(|filter| filter.leads_through(&path))
            {
                open.push((path, old_tree, new_tree, depth + 1));
            }
        }
    }
    differences.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(differences)
}

/// An entry as a folder or as a file.
fn split(entry: Option<Entry>) -> (Option<ObjectId>, Option<Entry>) {
    match entry {
        Some(entry) if entry.mode.is_tree() => (Some(entry.id), None),
        entry => (None, entry),
    }
}

/// Names whose entries differ, of two lists that are each ordered by name.
fn unequal<'t>(
    old: Vec<(&'t [u8], Entry)>,
    new: Vec<(&'t [u8], Entry)>,
) -> Vec<(&'t [u8], Option<Entry>, Option<Entry>)> {
    let mut old = old.into_iter().peekable();
    let mut new = new.into_iter().peekable();
    let mut unequal = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return unequal,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((left, _)), Some((right, _))) => left.cmp(right),
        };
        let left = if order.is_le() { old.next() } else { None };
        let right = if order.is_ge() { new.next() } else { None };
        let old_entry = left.map(|(_, entry)| entry);
        let new_entry = right.map(|(_, entry)| entry);
        if let Some((name, _)) = left.or(right)
            && old_entry != new_entry
        {
            unequal.push((name, old_entry, new_entry));
        }
    }
}
