//! How much of one file's content another one has.
//!
//! The measure is git's, so that the same files count as renamed: a content is cut into chunks at
//! line ends and every 64 bytes, and what two contents have in common is the sum of the lengths of
//! the chunks in both, chunks being told apart by a small hash.

use std::collections::HashMap;

/// Where a chunk ends at the latest, in bytes.
const CHUNK_BYTES_MAX: u32 = 64;

/// Chunks are told apart by a number below this prime.
const HASH_BASE: u32 = 107_927;

/// A content as its chunks: how many bytes there are of each, ordered by hash. There are never more
/// than [`HASH_BASE`] of them, however many lines the content has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunks(Box<[(u32, u32)]>);

impl Chunks {
    /// Cuts a content into chunks. In a text the carriage return of a line end does not count.
    pub(super) fn of(bytes: &[u8], is_text: bool) -> Self {
        let mut chunks: HashMap<u32, u32> = HashMap::new();
        let mut add = |hash: RollingHash| {
            let (hash, bytes) = hash.finish();
            let sum = chunks.entry(hash).or_default();
            *sum = sum.saturating_add(bytes);
        };
        let mut hash = RollingHash::default();
        let mut rest = bytes.iter().copied().peekable();
        while let Some(byte) = rest.next() {
            if is_text && byte == b'\r' && rest.peek() == Some(&b'\n') {
                continue;
            }
            hash.push(byte);
            if byte == b'\n' || hash.bytes == CHUNK_BYTES_MAX {
                add(std::mem::take(&mut hash));
            }
        }
        if hash.bytes > 0 {
            add(hash);
        }
        let mut chunks: Box<[(u32, u32)]> = chunks.into_iter().collect();
        chunks.sort_unstable();
        Self(chunks)
    }

    /// Bytes of this content that `other` has too.
    pub(super) fn in_common(&self, other: &Self) -> u64 {
        let mut theirs = other.0.iter().peekable();
        let mut common: u64 = 0;
        for (hash, bytes) in &self.0 {
            while theirs.next_if(|(other, _)| other < hash).is_some() {}
            if let Some((_, other)) = theirs.next_if(|(other, _)| other == hash) {
                common += u64::from(*bytes.min(other));
            }
        }
        common
    }
}

/// The hash of one chunk: two 32-bit words through which the bytes are shifted by seven bits.
#[derive(Default)]
struct RollingHash {
    low: u32,
    high: u32,
    bytes: u32,
}

impl RollingHash {
    fn push(&mut self, byte: u8) {
        let low = self.low;
        self.low = (low << 7) ^ (self.high >> 25);
        self.high = (self.high << 7) ^ (low >> 25);
        self.low = self.low.wrapping_add(u32::from(byte));
        self.bytes += 1;
    }

    fn finish(self) -> (u32, u32) {
        let hash = self.low.wrapping_add(self.high.wrapping_mul(0x61)) % HASH_BASE;
        (hash, self.bytes)
    }
}
