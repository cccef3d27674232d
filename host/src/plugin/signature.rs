//! Signatures of components: ECDSA on the curve P-256 over the bytes of the component, in a Sigstore
//! bundle of version 0.3 with a message signature and the hint of a key.
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

mod error;
mod key;

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use p256::ecdsa::Signature as Ecdsa;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use sigstore_types::bundle::{
    MediaType, MessageDigest, MessageSignature, PublicKeyIdentifier, SignatureContent,
    VerificationMaterial, VerificationMaterialContent,
};
use sigstore_types::encoding::DigestBytes;
use sigstore_types::{Bundle, HashAlgorithm, SignatureBytes};

pub use error::{KeyError, SignatureError};
pub use key::{KEY_BYTES_MAX, PrivateKey, PublicKey};

use crate::model::{Digest, Text};

/// The largest bundle, in bytes. One with a signature by a key takes some 400.
pub const BUNDLE_BYTES_MAX: u64 = 64 << 10;

/// The name of the file beside a component in which its signature is looked for: the name of the
/// component's file and this.
pub const BUNDLE_SUFFIX: &str = ".sigstore.json";

/// A signature of a component, read and not yet held against anything.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use holdpoint::plugin::signature::{PrivateKey, Signature};
///
/// let key = PrivateKey::read(&std::fs::read("key.pem")?)?;
/// let signature = Signature::new(b"a component", &key);
/// let read = Signature::read(&signature.bytes())?;
/// assert!(read.verify(b"a component", &key.public()).is_ok());
/// assert!(read.verify(b"another one", &key.public()).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Signature {
    ecdsa: Ecdsa,
    /// What it says that it signs.
    digest: Option<Digest>,
    /// What it says whose it is: a word that helps to find the key, and that nobody vouches for.
    hint: Text,
}

impl Signature {
    /// Signs a component. The same bytes and the same key give the same signature (RFC 6979).
    #[must_use]
    pub fn new(component: &[u8], key: &PrivateKey) -> Self {
        Self {
            ecdsa: key.signing().sign(component),
            digest: Some(Digest::of(component)),
            hint: Text::from(key.public().id().to_string()),
        }
    }

    /// A signature that was made elsewhere, such as by a hardware key: in DER as `openssl dgst -sha256
    /// -sign` writes it, or that in Base64 as services of clouds do.
    ///
    /// # Errors
    ///
    /// When it is not such a signature, or not one of this component by this key.
    pub fn of_signature(
        signature: &[u8],
        component: &[u8],
        key: &PublicKey,
    ) -> Result<Self, SignatureError> {
        let signature = Self {
            ecdsa: read_signature_of(signature).ok_or(SignatureError::NotDer)?,
            digest: Some(Digest::of(component)),
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
        let SignatureContent::MessageSignature(signed) = bundle.content else {
            return Err(SignatureError::Envelope);
        };
        let digest = signed
            .message_digest
            .as_ref()
            .map(read_digest)
            .transpose()?;
        Ok(Self {
            ecdsa: Ecdsa::from_der(signed.signature.as_bytes())
                .map_err(|_| SignatureError::NotDer)?,
            digest,
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
        let mut signed = MessageSignature::new(signature);
        if let Some(digest) = self.digest {
            let digest = DigestBytes::new(digest.bytes().to_vec());
            signed = signed.with_message_digest(MessageDigest::new(HashAlgorithm::Sha2256, digest));
        }
        let bundle = Bundle::new(
            MediaType::Bundle0_3,
            VerificationMaterial::new(VerificationMaterialContent::PublicKey(key)),
            SignatureContent::MessageSignature(signed),
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
    pub fn verify(&self, component: &[u8], key: &PublicKey) -> Result<(), SignatureError> {
        self.check_digest(component)?;
        let verified = key.verifying().verify(component, &self.ecdsa);
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
    pub fn check_digest(&self, component: &[u8]) -> Result<(), SignatureError> {
        let found = Digest::of(component);
        match self.digest.filter(|digest| *digest != found) {
            Some(signed) => Err(SignatureError::OtherBytes { signed, found }),
            None => Ok(()),
        }
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
    let shown = || Text::from_bytes(path.as_os_str().as_encoded_bytes());
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| {
        // One byte more than may be, so that what is larger is refused.
        file.take(BUNDLE_BYTES_MAX + 1).read_to_end(&mut bytes)
    });
    match read {
        Ok(_) => Signature::read(&bytes),
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
