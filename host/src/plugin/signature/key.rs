use p256::SecretKey;
use p256::ecdsa::{SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};

use super::KeyError;
use crate::model::Digest;

/// The largest file of a key, in bytes.
pub const KEY_BYTES_MAX: u64 = 64 << 10;

/// A key that signs.
#[derive(Clone)]
pub struct PrivateKey {
    signing: SigningKey,
    public: PublicKey,
}

/// A key that signatures are held against.
#[derive(Clone, Debug)]
pub struct PublicKey {
    verifying: VerifyingKey,
    id: Digest,
}

impl PrivateKey {
    /// Reads a key as OpenSSL writes it: PEM, of PKCS #8 or of SEC 1.
    ///
    /// # Errors
    ///
    /// When it is something else, is of another curve, or needs a password.
    pub fn read(pem: &[u8]) -> Result<Self, KeyError> {
        let text = text(pem)?;
        if text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
            return Err(KeyError::Ssh);
        }
        // OpenSSL's older form may have the parameters of the curve before the key.
        let key = text.find("-----BEGIN EC PRIVATE KEY-----");
        let secret = match key {
            _ if text.contains("ENCRYPTED") => return Err(KeyError::Encrypted),
            Some(at) => SecretKey::from_sec1_pem(text[at..].trim_end()).ok(),
            None if text.contains("-----BEGIN PRIVATE KEY-----") => {
                SecretKey::from_pkcs8_pem(text).ok()
            }
            None if text.contains("-----BEGIN PUBLIC KEY-----") => return Err(KeyError::Public),
            None => return Err(KeyError::NotPem),
        };
        let signing = SigningKey::from(secret.ok_or(KeyError::OtherCurve)?);
        let public = PublicKey::new(*signing.verifying_key())?;
        Ok(Self { signing, public })
    }

    /// The half of it that everybody may know.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn signing(&self) -> &SigningKey {
        &self.signing
    }
}

impl PublicKey {
    /// Reads a key as `openssl pkey -pubout` writes it: PEM, of `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    ///
    /// When it is something else, of another curve, or a private key.
    pub fn read(pem: &[u8]) -> Result<Self, KeyError> {
        let text = text(pem)?;
        // A line of `authorized_keys`, as `ssh-keygen` writes public keys.
        if text.starts_with("ecdsa-sha2-") || text.starts_with("ssh-") {
            return Err(KeyError::Ssh);
        }
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyError::Private);
        }
        if !text.contains("-----BEGIN PUBLIC KEY-----") {
            return Err(KeyError::NotPem);
        }
        let key =
            VerifyingKey::from_public_key_pem(text.trim()).map_err(|_| KeyError::OtherCurve)?;
        Self::new(key)
    }

    fn new(verifying: VerifyingKey) -> Result<Self, KeyError> {
        let document = verifying
            .to_public_key_der()
            .map_err(|_| KeyError::OtherCurve)?;
        Ok(Self {
            verifying,
            id: Digest::of(document.as_bytes()),
        })
    }

    /// What tells it from others: the SHA-256 of its `SubjectPublicKeyInfo` (DER), as `openssl pkey
    /// -pubin -outform DER | sha256sum` gives it.
    #[must_use]
    pub fn id(&self) -> &Digest {
        &self.id
    }

    pub(super) fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }
}

fn text(pem: &[u8]) -> Result<&str, KeyError> {
    if pem.len() as u64 > KEY_BYTES_MAX {
        return Err(KeyError::TooLarge);
    }
    std::str::from_utf8(pem).map_err(|_| KeyError::NotPem)
}
