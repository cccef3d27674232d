use serde_json::Value;
use sigstore_types::{DsseEnvelope, PayloadBytes, Sha256Hash, Statement as InToto, Subject, pae};

use super::SignatureError;
use crate::model::{Digest, Text};

/// What the payload of an envelope with a statement of in-toto is called.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The kind of statement that says that its subjects are signed, and nothing else of them. It is the kind
/// that `cosign sign` makes, whose subject is the manifest of an artifact in a registry, where ours is the
/// component. A statement of another kind, such as how something was built or what is wrong
/// with it, is no signature, whoever made it.
const PREDICATE_TYPE: &str = "https://sigstore.dev/cosign/sign/v1";

/// A statement that components are signed, which names them by their digests. It is short, however large
/// they are.
///
/// Formats: [the statement](https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) and
/// [the envelope](https://github.com/secure-systems-lab/dsse/blob/master/protocol.md).
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// As it was signed: JSON, kept because another writer would write it in another way.
    payload: Vec<u8>,
    first: Digest,
    others: Vec<Digest>,
}

impl Statement {
    /// That this component is signed.
    pub(super) fn of(component: &Digest) -> Self {
        let subject = Subject::new("", Sha256Hash::new(*component.bytes()).into());
        let nothing_else = Value::Object(serde_json::Map::new());
        let statement = InToto::new(vec![subject], PREDICATE_TYPE, nothing_else);
        Self {
            payload: serde_json::to_vec(&statement).expect("a statement can be written as JSON"),
            first: *component,
            others: Vec::new(),
        }
    }

    /// The one in an envelope, which nobody has vouched for yet.
    pub(super) fn read(envelope: &DsseEnvelope) -> Result<Self, SignatureError> {
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(SignatureError::Payload(Text::from(
                envelope.payload_type.as_str(),
            )));
        }
        let payload = envelope.payload.as_bytes();
        let statement: InToto = serde_json::from_slice(payload)
            .map_err(|error| SignatureError::NotAStatement(Text::from(error.to_string())))?;
        if statement.type_ != InToto::TYPE_V1 {
            return Err(SignatureError::Payload(Text::from(statement.type_)));
        }
        if statement.predicate_type != PREDICATE_TYPE {
            return Err(SignatureError::Predicate(Text::from(
                statement.predicate_type,
            )));
        }
        let says_more = match &statement.predicate {
            Value::Object(more) => !more.is_empty(),
            more => !more.is_null(),
        };
        if says_more {
            return Err(SignatureError::SaysMore);
        }
        let digests = statement.subject.iter().map(|subject| {
            let digest = subject.digest.sha256.ok_or(SignatureError::Hash)?;
            Ok(Digest::from_bytes(*digest.as_bytes()))
        });
        let mut digests = digests
            .collect::<Result<Vec<_>, SignatureError>>()?
            .into_iter();
        Ok(Self {
            payload: payload.to_vec(),
            first: digests.next().ok_or(SignatureError::NoSubject)?,
            others: digests.collect(),
        })
    }

    /// What is signed: the statement and what it is called.
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        pae(PAYLOAD_TYPE, &self.payload)
    }

    /// Whether a component is among those that it is about.
    pub(super) fn names(&self, component: &Digest) -> bool {
        self.first == *component || self.others.contains(component)
    }

    /// The first that it is about.
    pub(super) fn first(&self) -> Digest {
        self.first
    }

    pub(super) fn payload(&self) -> (&'static str, PayloadBytes) {
        (PAYLOAD_TYPE, PayloadBytes::from_bytes(&self.payload))
    }
}
