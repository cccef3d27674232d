//! Contents of files: which are binary, how many lines differ, how alike two are.

use std::collections::HashMap;
use std::rc::Rc;

use gix::ObjectId;
use gix::diff::blob::{Algorithm, Diff, InternedInput};

use super::handle::{Entry, Handle};
use super::similarity::Chunks;
use super::{Error, bounds};

/// Bytes at the start of a file that are looked through for a zero byte, as git does.
const BINARY_PROBE_BYTES: usize = 8_000;

/// Lines that differ between two contents.
#[derive(Clone, Copy, Default)]
pub(super) struct Lines {
    pub(super) insertions: u32,
    pub(super) deletions: u32,
    pub(super) binary: bool,
}

/// Contents of files, each looked at once.
pub(super) struct Contents<'a> {
    handle: &'a Handle,
    chunks: HashMap<ObjectId, Rc<Chunks>>,
    /// Bytes of contents that may still be cut into chunks.
    bytes_left: u64,
    sizes: HashMap<ObjectId, u64>,
}

/// The content of one side of a difference.
enum Side {
    Text(Vec<u8>),
    Binary,
}

impl Side {
    fn of(bytes: Vec<u8>) -> Self {
        if is_binary(&bytes) || has_too_many_lines(&bytes) {
            Self::Binary
        } else {
            Self::Text(bytes)
        }
    }
}

/// Whether a zero byte stands near the start.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(BINARY_PROBE_BYTES).any(|byte| *byte == 0)
}

/// Whether there are more lines than are compared.
fn has_too_many_lines(bytes: &[u8]) -> bool {
    let breaks = bytes.iter().filter(|byte| **byte == b'\n');
    breaks.count() > bounds::DIFF_LINES_MAX
}

impl<'a> Contents<'a> {
    pub(super) fn new(handle: &'a Handle) -> Self {
        Self {
            handle,
            chunks: HashMap::new(),
            bytes_left: bounds::RENAME_BYTES_MAX,
            sizes: HashMap::new(),
        }
    }

    /// Size of a file in bytes.
    pub(super) fn size(&mut self, id: ObjectId) -> Result<u64, Error> {
        if let Some(size) = self.sizes.get(&id) {
            return Ok(*size);
        }
        let size = self.handle.size(id)?;
        self.sizes.insert(id, size);
        Ok(size)
    }

    /// What a file consists of, for finding out how much of it another one has. Files that are too
    /// large to be compared have nothing in common with any other, and neither have those that are
    /// looked at after [`bounds::RENAME_BYTES_MAX`] is used up.
    pub(super) fn chunks(&mut self, id: ObjectId) -> Result<Rc<Chunks>, Error> {
        if let Some(chunks) = self.chunks.get(&id) {
            return Ok(Rc::clone(chunks));
        }
        let size = self.size(id)?;
        let chunks = if size > bounds::DIFF_BYTES_MAX || size > self.bytes_left {
            Chunks::default()
        } else {
            self.bytes_left -= size;
            let bytes = self.handle.blob(id)?;
            Chunks::of(&bytes, !is_binary(&bytes))
        };
        let chunks = Rc::new(chunks);
        self.chunks.insert(id, Rc::clone(&chunks));
        Ok(chunks)
    }

    /// Gives the memory for [`Contents::chunks`] back.
    pub(super) fn forget_counts(&mut self) {
        self.chunks = HashMap::new();
    }

    /// Lines that differ; none for equal contents, however large.
    pub(super) fn lines(&mut self, old: Option<Entry>, new: Option<Entry>) -> Result<Lines, Error> {
        let is_same = |old: &Entry, new: &Entry| {
            old.id == new.id && old.mode.is_commit() == new.mode.is_commit()
        };
        if let (Some(old), Some(new)) = (&old, &new)
            && is_same(old, new)
        {
            // As git does, a file without a change of its content is looked at all the same: a
            // binary one has no lines to be counted.
            return Ok(Lines {
                binary: matches!(self.side(Some(*new))?, Side::Binary),
                ..Lines::default()
            });
        }
        let (Side::Text(old), Side::Text(new)) = (self.side(old)?, self.side(new)?) else {
            return Ok(Lines {
                binary: true,
                ..Lines::default()
            });
        };
        let input = InternedInput::new(old.as_slice(), new.as_slice());
        let diff = Diff::compute(Algorithm::Myers, &input);
        Ok(Lines {
            insertions: diff.count_additions(),
            deletions: diff.count_removals(),
            binary: false,
        })
    }

    fn side(&mut self, entry: Option<Entry>) -> Result<Side, Error> {
        let Some(entry) = entry else {
            return Ok(Side::Text(Vec::new()));
        };
        if entry.mode.is_commit() {
            // A submodule's content is one line that names its commit.
            return Ok(Side::Text(
                format!("Subproject commit {}\n", entry.id).into_bytes(),
            ));
        }
        if self.size(entry.id)? > bounds::DIFF_BYTES_MAX {
            return Ok(Side::Binary);
        }
        Ok(Side::of(self.handle.blob(entry.id)?))
    }
}
