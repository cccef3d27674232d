use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha512};

use super::certificate::Certificate;
use super::error::{KeyProblem, SignatureError};
use super::key::{CERTIFICATE_SUFFIX, Key};
use super::wire::{self, Wire};
use crate::model::Text;

/// The largest armoured signature, in bytes: many times one by a certificate with the largest keys
/// and many principals.
pub const SIGNATURE_BYTES_MAX: usize = 32 << 10;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// What a signature, and what is signed, begins with.
const MAGIC: &[u8] = b"SSHSIG";

/// The version of the format.
const VERSION: u32 = 1;

/// A signature as `ssh-keygen -Y sign` makes it. That it can be read says nothing of whose it is.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_field_names,
    reason = "the field is called so in PROTOCOL.sshsig"
)]
pub struct Signature {
    signer: SignedBy,
    namespace: String,
    hash: Hash,
    signature: Vec<u8>,
}

#[derive(Clone, Debug)]
enum SignedBy {
    Key(Key),
    Certificate(Box<Certificate>),
}

#[derive(Clone, Copy, Debug)]
enum Hash {
    Sha256,
    Sha512,
}

impl Signature {
    /// Reads an armoured signature.
    ///
    /// # Errors
    ///
    /// When it is not whole, or is made with what is not taken: a short key, an old algorithm, a
    /// certificate with conditions.
    pub fn read(armour: &str) -> Result<Self, SignatureError> {
        if armour.len() > SIGNATURE_BYTES_MAX {
            return Err(SignatureError::TooLarge);
        }
        let inside = armour
            .trim_ascii()
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix(END))
            .filter(|inside| inside.starts_with(['\r', '\n']) && inside.ends_with('\n'))
            .ok_or(SignatureError::NotArmoured)?;
        let base64: Vec<u8> = inside
            .bytes()
            .filter(|byte| !matches!(byte, b'\n' | b'\r'))
            .collect();
        let bytes = STANDARD
            .decode(base64)
            .map_err(|_| SignatureError::NotBase64)?;
        Self::decode(&bytes)
    }

    fn decode(bytes: &[u8]) -> Result<Self, SignatureError> {
        let malformed = || SignatureError::Malformed;
        let mut wire = Wire::new(bytes);
        if wire.take(MAGIC.len()) != Some(MAGIC) {
            return Err(malformed());
        }
        let version = wire.u32().ok_or_else(malformed)?;
        if version != VERSION {
            return Err(SignatureError::Version(version));
        }
        let key = wire.string().ok_or_else(malformed)?;
        let namespace = wire.text().ok_or_else(malformed)?.to_owned();
        let reserved = wire.string().ok_or_else(malformed)?;
        let hash = match wire.text().ok_or_else(malformed)? {
            "sha256" => Hash::Sha256,
            "sha512" => Hash::Sha512,
            other => return Err(SignatureError::Hash(Text::from(other))),
        };
        let signature = wire.string().ok_or_else(malformed)?.to_vec();
        // What is reserved is not signed, so that anybody could put it there.
        if !wire.is_done() || !reserved.is_empty() {
            return Err(malformed());
        }
        let kind = Wire::new(key).text().ok_or_else(malformed)?;
        let signer = if kind.ends_with(CERTIFICATE_SUFFIX) {
            let certificate = Certificate::read(key).map_err(KeyProblem::from);
            SignedBy::Certificate(Box::new(certificate.map_err(SignatureError::Key)?))
        } else {
            SignedBy::Key(Key::read(key).map_err(SignatureError::Key)?)
        };
        Ok(Self {
            signer,
            namespace,
            hash,
            signature,
        })
    }

    /// Whether it was made for this purpose, over this message, with the key that it names.
    ///
    /// # Errors
    ///
    /// When it was not.
    pub fn verify(&self, namespace: &str, message: &[u8]) -> Result<(), SignatureError> {
        if self.namespace != namespace {
            let found = Text::from(self.namespace.as_str());
            return Err(SignatureError::Namespace(found));
        }
        let (name, digest) = match self.hash {
            Hash::Sha256 => ("sha256", Sha256::digest(message).to_vec()),
            Hash::Sha512 => ("sha512", Sha512::digest(message).to_vec()),
        };
        let mut signed = MAGIC.to_vec();
        for part in [namespace.as_bytes(), &[], name.as_bytes(), &digest] {
            signed.extend(wire::string(part));
        }
        self.key()
            .verify(&signed, &self.signature)
            .map_err(SignatureError::Key)
    }

    /// The key that it names.
    #[must_use]
    pub fn key(&self) -> &Key {
        match &self.signer {
            SignedBy::Key(key) => key,
            SignedBy::Certificate(certificate) => &certificate.key,
        }
    }

    /// The certificate of that key, where it has one.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        match &self.signer {
            SignedBy::Key(_) => None,
            SignedBy::Certificate(certificate) => Some(certificate),
        }
    }
}
