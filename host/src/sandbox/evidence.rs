use std::sync::Arc;

use super::bindings::since_v0_1_0::interfaces::evidence::EvidenceError;
use super::failure::Refusal;
use crate::model::{Grants, Release, Text};
use crate::release::EvidenceBytes;

/// Bytes of one piece of evidence that a guest reads. A value this large crosses in one piece.
const EVIDENCE_READ_BYTES_MAX: u64 = 16 << 20;

/// The evidence of a release as one guest may see it.
pub(super) struct GrantedEvidence {
    grants: Arc<Grants>,
    bytes: Option<Arc<EvidenceBytes>>,
}

impl GrantedEvidence {
    pub(super) fn new(grants: Arc<Grants>, bytes: Option<Arc<EvidenceBytes>>) -> Self {
        Self { grants, bytes }
    }

    /// The bytes of a piece of evidence. That they are not at hand ends the call: it is no answer that
    /// a guest could go on with.
    pub(super) fn read(
        &self,
        release: &Release,
        name: &str,
    ) -> wasmtime::Result<Result<Vec<u8>, EvidenceError>> {
        let mut evidence = release.subject.evidence.iter();
        let Some(item) = evidence.find(|item| item.name.raw() == name) else {
            return Ok(Err(EvidenceError::Unknown));
        };
        if !self.grants.allow_evidence(name) {
            return Ok(Err(EvidenceError::NotGranted));
        }
        if item.size > EVIDENCE_READ_BYTES_MAX {
            return Ok(Err(EvidenceError::TooLarge));
        }
        let bytes = self.bytes.as_ref();
        match bytes.and_then(|bytes| bytes.get(&item.digest)) {
            Some(bytes) => Ok(Ok(bytes.to_vec())),
            None => Err(Refusal(Text::from(format!(
                "the evidence `{name}` ({}) is not at hand for it",
                item.digest
            )))
            .into()),
        }
    }
}
