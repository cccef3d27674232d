use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::Digest;

/// The bytes of files about a release, by their digest: what was hashed when the release was read, or
/// what is kept of it.
#[derive(Clone, Debug, Default)]
pub struct EvidenceBytes(BTreeMap<Digest, Arc<[u8]>>);

impl EvidenceBytes {
    /// These files. What they are called, and how large they are, stands in the subject.
    pub fn new(files: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let files = files.into_iter();
        Self(
            files
                .map(|bytes| (Digest::of(&bytes), bytes.into()))
                .collect(),
        )
    }

    /// The bytes with this digest, if they are here.
    #[must_use]
    pub fn get(&self, digest: &Digest) -> Option<&[u8]> {
        self.0.get(digest).map(AsRef::as_ref)
    }

    /// All of them, each once.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.values().map(AsRef::as_ref)
    }
}
