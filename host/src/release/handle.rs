//! Access to objects, with our errors.

use gix::ObjectId;
use gix::objs::tree::EntryMode;

use super::Error;
use crate::model::{ObjectName, Text};

/// Bytes of decoded objects that are kept at hand for each thread. Neighbouring commits share most
/// of their trees.
const OBJECT_CACHE_BYTES: usize = 16 << 20;

/// A repository's objects, for one thread.
pub(super) struct Handle {
    repository: gix::Repository,
    partial: bool,
    /// Whether every object is held against its name: git itself does not look, so that whoever can
    /// write into the folder of objects could put other bytes under a name.
    verifies: bool,
}

/// An entry of a tree.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) mode: EntryMode,
    pub(super) id: ObjectId,
}

impl Handle {
    pub(super) fn new(mut repository: gix::Repository, partial: bool, verifies: bool) -> Self {
        repository.object_cache_size(OBJECT_CACHE_BYTES);
        Self {
            repository,
            partial,
            verifies,
        }
    }

    /// The repository itself, for what this type does not wrap.
    pub(super) fn git(&self) -> &gix::Repository {
        &self.repository
    }

    /// The name of an object.
    #[expect(clippy::unused_self, reason = "keeps the conversion in one place")]
    pub(super) fn name(&self, id: &gix::hash::oid) -> ObjectName {
        name(id)
    }

    /// An object of any kind.
    pub(super) fn object(&self, id: ObjectId) -> Result<gix::Object<'_>, Error> {
        match self.repository.try_find_object(id) {
            Ok(Some(object)) if self.verifies => {
                match gix::objs::compute_hash(id.kind(), object.kind, &object.data) {
                    Ok(found) if found == id => Ok(object),
                    _ => Err(Error::ForgedObject { object: name(&id) }),
                }
            }
            Ok(Some(object)) => Ok(object),
            Ok(None) => Err(self.missing(&id)),
            Err(source) => Err(broken(&id, source)),
        }
    }

    /// The decoded parts of a commit, lent to `read`.
    pub(super) fn commit<T>(
        &self,
        id: ObjectId,
        read: impl FnOnce(&gix::objs::CommitRef<'_>) -> T,
    ) -> Result<T, Error> {
        let commit = self
            .object(id)?
            .try_into_commit()
            .map_err(|source| broken(&id, source))?;
        let decoded = commit.decode().map_err(|source| broken(&id, source))?;
        Ok(read(&decoded))
    }

    /// The tree of a commit.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method alone is not general over the lifetime"
    )]
    pub(super) fn commit_tree(&self, id: ObjectId) -> Result<ObjectId, Error> {
        self.commit(id, |commit| commit.tree())
    }

    /// A tree, whose entries are read with [`entries`].
    pub(super) fn tree(&self, id: ObjectId) -> Result<gix::Tree<'_>, Error> {
        self.object(id)?
            .try_into_tree()
            .map_err(|source| broken(&id, source))
    }

    /// The entry at a path below a tree; none when there is none.
    pub(super) fn entry(&self, tree: ObjectId, path: &[u8]) -> Result<Option<Entry>, Error> {
        let mut at = tree;
        let mut names = path.split(|byte| *byte == b'/').peekable();
        while let Some(name) = names.next() {
            let tree = self.tree(at)?;
            let found = entries(&tree)?.into_iter().find(|found| found.0 == name);
            let Some((_, entry)) = found else {
                return Ok(None);
            };
            if names.peek().is_none() {
                return Ok(Some(entry));
            }
            if !entry.mode.is_tree() {
                return Ok(None);
            }
            at = entry.id;
        }
        Ok(None)
    }

    /// The content of a regular file at a path below a tree; none when there is none.
    pub(super) fn file(
        &self,
        tree: ObjectId,
        path: &[u8],
        bytes_max: u64,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(entry) = self.entry(tree, path)?.filter(|entry| entry.mode.is_blob()) else {
            return Ok(None);
        };
        if self.size(entry.id)? > bytes_max {
            return Err(Error::TooLarge {
                path: Text::from_bytes(path),
                bytes_max,
            });
        }
        Ok(Some(self.blob(entry.id)?))
    }

    /// Size of an object in bytes.
    pub(super) fn size(&self, id: ObjectId) -> Result<u64, Error> {
        match self.repository.try_find_header(id) {
            Ok(Some(header)) => Ok(header.size()),
            Ok(None) => Err(self.missing(&id)),
            Err(source) => Err(broken(&id, source)),
        }
    }

    /// The bytes of an object.
    pub(super) fn blob(&self, id: ObjectId) -> Result<Vec<u8>, Error> {
        Ok(self.object(id)?.detach().data)
    }

    fn missing(&self, id: &gix::hash::oid) -> Error {
        Error::MissingObject {
            object: name(id),
            partial: self.partial,
        }
    }
}

/// The entries of a tree, ordered by the bytes of their names.
pub(super) fn entries<'t>(tree: &'t gix::Tree<'_>) -> Result<Vec<(&'t [u8], Entry)>, Error> {
    let mut entries: Vec<(&[u8], Entry)> = Vec::new();
    for entry in gix::objs::TreeRefIter::from_bytes(&tree.data, tree.id.kind()) {
        let entry = entry.map_err(|source| broken(&tree.id, source))?;
        let found = Entry {
            mode: entry.mode,
            id: entry.oid.to_owned(),
        };
        entries.push((entry.filename.as_ref(), found));
    }
    entries.sort_by(|left, right| left.0.cmp(right.0));
    Ok(entries)
}

/// The name of an object.
fn name(id: &gix::hash::oid) -> ObjectName {
    ObjectName::new(&id.to_string()).unwrap_or_else(|| unreachable!("gix writes 40 or 64 digits"))
}

fn broken(id: &gix::hash::oid, source: gix::Error) -> Error {
    Error::BrokenObject {
        object: name(id),
        source: Box::new(source),
    }
}
