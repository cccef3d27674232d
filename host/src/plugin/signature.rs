//! Signatures of components: ECDSA on the curve P-256, in a Sigstore bundle of version 0.3 with the hint
//! of a key. What is signed is the component, or a statement of in-toto that names it by its digest and
//! says of it that it is signed, in a DSSE envelope.
//!
//! A signature says that who holds a key has made or taken these bytes for a plugin. It says nothing
//! about when, and there is no log that would: a key that is no longer trusted is taken out of the
//! list of keys, and what it signed has to be signed again.
//!
//! Formats: [the bundle](https://docs.sigstore.dev/about/bundle/), SEC 1 and RFC 5915 for keys, RFC
//! 3279 for the form of the signature.

#![expect(
    clippy::disallowed_methods,
    reason = "this room reads components and their signatures"
)]

mod agent;
mod error;
mod key;
mod statement;

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use p256::ecdsa::Signature as Ecdsa;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};
use sigstore_types::bundle::{
    MediaType, MessageDigest, MessageSignature, PublicKeyIdentifier, SignatureContent,
    VerificationMaterial, VerificationMaterialContent,
};
use sigstore_types::dsse::DsseSignature;
use sigstore_types::encoding::DigestBytes;
use sigstore_types::{Bundle, DsseEnvelope, HashAlgorithm, KeyId, SignatureBytes};
use statement::Statement;

pub use agent::{Agent, AgentError};
pub use error::{KeyError, SignatureError};
pub use key::{KEY_BYTES_MAX, PrivateKey, PublicKey};

use crate::model::{Digest, Text};

/// The largest bundle, in bytes. One with a signature by a key takes some 400, with a statement 1,000.
pub const BUNDLE_BYTES_MAX: u64 = 64 << 10;

/// The name of the file beside a component in which its signature is looked for: the name of the
/// component's file and this.
pub const BUNDLE_SUFFIX: &str = ".sigstore.json";

/// A signature of a component, read and not yet held against anything. The component is given by its
/// digest, which is what ECDSA under SHA-256 signs: however many signatures and keys there are, its bytes
/// are gone through once.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use holdpoint::model::Digest;
/// use holdpoint::plugin::signature::{PrivateKey, Signature};
///
/// let key = PrivateKey::read(&std::fs::read("key.pem")?)?;
/// let component = Digest::of(b"a component");
/// let signature = Signature::new(&component, &key)?;
/// let read = Signature::read(&signature.bytes())?;
/// assert!(read.verify(&component, &key.public()).is_ok());
/// assert!(read.verify(&Digest::of(b"another one"), &key.public()).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Signature {
    ecdsa: Ecdsa,
    signed: Signed,
    /// What it says whose it is: a word that helps to find the key, and that nobody vouches for.
    hint: Text,
}

/// What the signature is one of.
#[derive(Clone, Debug)]
enum Signed {
    /// The bytes of a component, whose digest the bundle may name as well.
    Component(Option<Digest>),
    /// A statement that names it.
    Statement(Statement),
}

impl Signature {
    /// Signs a component. The same bytes and the same key give the same signature (RFC 6979).
    ///
    /// # Errors
    ///
    /// When the key does not confirm it.
    pub fn new(component: &Digest, key: &PrivateKey) -> Result<Self, SignatureError> {
        let ecdsa = key.signing().sign_prehash(component.bytes());
        let ecdsa = ecdsa.map_err(|_| SignatureError::NotDer)?;
        let signed = Signed::Component(Some(*component));
        Self::confirmed(ecdsa, signed, component, key.public())
    }

    /// A signature that was made elsewhere, such as by a hardware key: in DER as `openssl dgst -sha256
    /// -sign` writes it, or that in Base64 as services of clouds do.
    ///
    /// # Errors
    ///
    /// When it is not such a signature, or not one of this component by this key.
    pub fn of_signature(
        signature: &[u8],
        component: &Digest,
        key: &PublicKey,
    ) -> Result<Self, SignatureError> {
        let ecdsa = read_signature_of(signature).ok_or(SignatureError::NotDer)?;
        let signed = Signed::Component(Some(*component));
        Self::confirmed(ecdsa, signed, component, key)
    }

    /// A signature that the key confirms.
    fn confirmed(
        ecdsa: Ecdsa,
        signed: Signed,
        component: &Digest,
        key: &PublicKey,
    ) -> Result<Self, SignatureError> {
        let signature = Self {
            ecdsa,
            signed,
            hint: Text::from(key.id().to_string()),
        };
        signature.verify(component, key)?;
        Ok(signature)
    }

    /// Reads a bundle.
    ///
    /// # Errors
    ///
    /// When it is larger than [`BUNDLE_BYTES_MAX`], is no bundle of version 0.3, or is one of another
    /// kind.
    pub fn read(bytes: &[u8]) -> Result<Self, SignatureError> {
        if bytes.len() as u64 > BUNDLE_BYTES_MAX {
            return Err(SignatureError::TooLarge);
        }
        let bundle: Bundle = serde_json::from_slice(bytes)
            .map_err(|error| SignatureError::NotABundle(Text::from(error.to_string())))?;
        if bundle.media_type != MediaType::Bundle0_3 {
            return Err(SignatureError::Version(Text::from(
                bundle.media_type.as_str(),
            )));
        }
        let VerificationMaterialContent::PublicKey(key) = bundle.verification_material.content
        else {
            return Err(SignatureError::Certificate);
        };
        let (signed, signature) = match &bundle.content {
            SignatureContent::MessageSignature(message) => {
                let digest = message.message_digest.as_ref().map(read_digest);
                (Signed::Component(digest.transpose()?), &message.signature)
            }
            SignatureContent::DsseEnvelope(envelope) => (
                Signed::Statement(Statement::read(envelope)?),
                &envelope.signature.sig,
            ),
            _ => return Err(SignatureError::Content),
        };
        Ok(Self {
            ecdsa: Ecdsa::from_der(signature.as_bytes()).map_err(|_| SignatureError::NotDer)?,
            signed,
            hint: Text::from(key.hint.as_str()),
        })
    }

    /// The bundle.
    ///
    /// # Panics
    ///
    /// Never: the JSON of a bundle cannot fail to be written.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let key = PublicKeyIdentifier::new(self.hint.raw());
        let signature = SignatureBytes::from_bytes(self.ecdsa.to_der().as_bytes());
        let content = match &self.signed {
            Signed::Component(digest) => {
                let mut message = MessageSignature::new(signature);
                if let Some(digest) = digest {
                    let digest = DigestBytes::new(digest.bytes().to_vec());
                    let digest = MessageDigest::new(HashAlgorithm::Sha2256, digest);
                    message = message.with_message_digest(digest);
                }
                SignatureContent::MessageSignature(message)
            }
            Signed::Statement(statement) => {
                let (payload_type, payload) = statement.payload();
                let signature = DsseSignature::new(signature, KeyId::new(self.hint.raw()));
                let envelope = DsseEnvelope::new(payload_type, payload, signature);
                SignatureContent::DsseEnvelope(envelope)
            }
        };
        let bundle = Bundle::new(
            MediaType::Bundle0_3,
            VerificationMaterial::new(VerificationMaterialContent::PublicKey(key)),
            content,
        );
        let mut bytes =
            serde_json::to_vec_pretty(&bundle).expect("a bundle can be written as JSON");
        bytes.push(b'\n');
        bytes
    }

    /// Holds it against a component and a key.
    ///
    /// # Errors
    ///
    /// When it is the signature of other bytes, or of another key.
    pub fn verify(&self, component: &Digest, key: &PublicKey) -> Result<(), SignatureError> {
        self.check_digest(component)?;
        let verified = match &self.signed {
            Signed::Component(_) => key
                .verifying()
                .verify_prehash(component.bytes(), &self.ecdsa),
            Signed::Statement(statement) => key
                .verifying()
                .verify(&statement.signed_bytes(), &self.ecdsa),
        };
        verified.map_err(|_| SignatureError::OtherKey {
            key: *key.id(),
            hint: self.hint.clone(),
        })
    }

    /// Whether it says that it is one of these bytes, which a key has to confirm.
    ///
    /// # Errors
    ///
    /// When it says that it is one of others.
    pub fn check_digest(&self, component: &Digest) -> Result<(), SignatureError> {
        let (signed, first) = match &self.signed {
            // Bytes whose digest is not named are held against the signature alone.
            Signed::Component(None) => return Ok(()),
            Signed::Component(Some(digest)) => (digest == component, *digest),
            Signed::Statement(statement) => (statement.names(component), statement.first()),
        };
        if signed {
            return Ok(());
        }
        Err(SignatureError::OtherBytes {
            signed: first,
            found: *component,
        })
    }

    /// What it says whose it is. Only a key says so for certain.
    #[must_use]
    pub fn hint(&self) -> &Text {
        &self.hint
    }
}

/// Where the signature of a component is looked for.
#[must_use]
pub fn bundle_path(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(BUNDLE_SUFFIX);
    name.into()
}

/// Reads the signature that lies beside a component: [`bundle_path`].
///
/// # Errors
///
/// When there is none, or it cannot be read; and as [`Signature::read`].
pub fn read_signature(component: &Path) -> Result<Signature, SignatureError> {
    read_bundle(&bundle_path(component))
}

/// Reads the signature in a file.
///
/// # Errors
///
/// As [`read_signature`].
pub fn read_bundle(path: &Path) -> Result<Signature, SignatureError> {
    Signature::read(&bundle_bytes(path)?)
}

/// The content of a bundle's file, for [`Signature::read`]: one byte more than it may have, where it is
/// larger, so that it is refused.
///
/// # Errors
///
/// When there is no such file, or it cannot be read.
pub fn bundle_bytes(path: &Path) -> Result<Vec<u8>, SignatureError> {
    let shown = || Text::from_bytes(path.as_os_str().as_encoded_bytes());
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(BUNDLE_BYTES_MAX + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(SignatureError::Missing { path: shown() })
        }
        Err(error) => Err(SignatureError::Unreadable {
            path: shown(),
            said: Text::from(error.to_string()),
        }),
    }
}

/// A signature in DER, or in Base64 of that, broken into lines or not.
fn read_signature_of(bytes: &[u8]) -> Option<Ecdsa> {
    Ecdsa::from_der(bytes).ok().or_else(|| {
        let text: Vec<u8> = bytes
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        Ecdsa::from_der(&BASE64_STANDARD.decode(text).ok()?).ok()
    })
}

fn read_digest(digest: &MessageDigest) -> Result<Digest, SignatureError> {
    if digest.algorithm != HashAlgorithm::Sha2256 {
        return Err(SignatureError::Hash);
    }
    let bytes = <[u8; 32]>::try_from(digest.digest.as_bytes()).map_err(|_| SignatureError::Hash)?;
    Ok(Digest::from_bytes(bytes))
}
