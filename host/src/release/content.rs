//! Contents of files: which are binary, how many lines differ, how alike two are.

use std::collections::HashMap;
use std::rc::Rc;

use gix::ObjectId;

use super::handle::{Entry, Handle};
use super::similarity::Chunks;
use super::{Error, bounds, lines};

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
enum Side<'a> {
    /// There is no file on this side.
    Nothing,
    /// The name of a submodule's commit, in a line.
    Line(String),
    /// Its buffer is used again once it is dropped.
    Text(gix::Object<'a>),
    Binary,
}

impl<'a> Side<'a> {
    fn of(content: gix::Object<'a>) -> Self {
        if is_binary(&content.data) || has_too_many_lines(&content.data) {
            Self::Binary
        } else {
            Self::Text(content)
        }
    }

    /// The text; none when it is binary.
    fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Nothing => Some(&[]),
            Self::Line(line) => Some(line.as_bytes()),
            Self::Text(content) => Some(&content.data),
            Self::Binary => None,
        }
    }
}

/// Whether a zero byte stands near the start.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let probe = bytes.get(..BINARY_PROBE_BYTES).unwrap_or(bytes);
    probe.contains(&0)
}

/// Whether there are more lines than are compared. A line has a byte, so that a short file needs no
/// look.
fn has_too_many_lines(bytes: &[u8]) -> bool {
    bytes.len() > bounds::DIFF_LINES_MAX && lines::breaks(bytes) > bounds::DIFF_LINES_MAX
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
            let content = self.handle.object(id)?;
            Chunks::of(&content.data, !is_binary(&content.data))
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
        let (old, new) = (self.side(old)?, self.side(new)?);
        let (Some(old), Some(new)) = (old.text(), new.text()) else {
            return Ok(Lines {
                binary: true,
                ..Lines::default()
            });
        };
        let (insertions, deletions) = lines::differ(old, new);
        Ok(Lines {
            insertions,
            deletions,
            binary: false,
        })
    }

    fn side(&mut self, entry: Option<Entry>) -> Result<Side<'a>, Error> {
        let Some(entry) = entry else {
            return Ok(Side::Nothing);
        };
        if entry.mode.is_commit() {
            // A submodule's content is one line that names its commit.
            return Ok(Side::Line(format!("Subproject commit {}\n", entry.id)));
        }
        if self.size(entry.id)? > bounds::DIFF_BYTES_MAX {
            return Ok(Side::Binary);
        }
        Ok(Side::of(self.handle.object(entry.id)?))
    }
}
