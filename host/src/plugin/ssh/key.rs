use signature::Verifier as _;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, HashAlg, PublicKey};

use super::error::KeyProblem;
use super::wire::Wire;
use crate::model::Text;

/// The fewest bits of an RSA key: shorter ones can be taken apart, NIST SP 800-131A.
pub const RSA_BITS_MIN: usize = 2048;

/// The most bits of an RSA key: longer ones make verifying slow and nothing safer.
pub const RSA_BITS_MAX: usize = 4096;

/// The types of keys that are taken, with how many strings come after the name of the type.
const TYPES: [(&str, usize); 6] = [
    ("ssh-ed25519", 1),
    ("ecdsa-sha2-nistp256", 2),
    ("ecdsa-sha2-nistp384", 2),
    ("ssh-rsa", 2),
    ("sk-ssh-ed25519@openssh.com", 2),
    ("sk-ecdsa-sha2-nistp256@openssh.com", 3),
];

/// The end of the name of a certificate's type.
pub(super) const CERTIFICATE_SUFFIX: &str = "-cert-v01@openssh.com";

/// The bit of a hardware key's signature that says that somebody touched it.
const TOUCHED: u8 = 1;

/// What a hardware key adds to a signature: a byte of flags and a counter.
const HARDWARE_BYTES: usize = 5;

/// A public key of a type that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(KeyData);

impl Key {
    /// Reads a key as it stands in a signature, or in base64 in a file.
    pub(super) fn read(blob: &[u8]) -> Result<Self, KeyProblem> {
        let name = Wire::new(blob).text().ok_or(KeyProblem::Malformed)?;
        if !TYPES.iter().any(|(taken, _)| *taken == name) {
            return Err(KeyProblem::Type(Text::from(name)));
        }
        let key = PublicKey::from_bytes(blob).map_err(|_| KeyProblem::Malformed)?;
        // The crate passes over some lengths that are wrong; a key is written in one way.
        if key.to_bytes().as_deref() != Ok(blob) {
            return Err(KeyProblem::Malformed);
        }
        if let KeyData::Rsa(rsa) = key.key_data() {
            let modulus = rsa.n.as_positive_bytes().ok_or(KeyProblem::Malformed)?;
            let leading = modulus.first().map_or(0, |first| first.leading_zeros());
            let bits = (modulus.len() * 8).saturating_sub(leading as usize);
            if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
                return Err(KeyProblem::RsaBits(bits));
            }
        }
        Ok(Self(key.key_data().clone()))
    }

    /// Reads the fields of a key where the name of its type was read before, as in a certificate.
    pub(super) fn read_fields(name: &str, wire: &mut Wire<'_>) -> Result<Self, KeyProblem> {
        let Some((_, fields)) = TYPES.iter().find(|(taken, _)| *taken == name) else {
            return Err(KeyProblem::Type(Text::from(name)));
        };
        let mut blob = super::wire::string(name.as_bytes());
        for _ in 0..*fields {
            let field = wire.string().ok_or(KeyProblem::Malformed)?;
            blob.extend(super::wire::string(field));
        }
        Self::read(&blob)
    }

    /// Its fingerprint, as `ssh-keygen -l` shows it: `SHA256:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Whether a signature over a message was made with this key.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyProblem> {
        let mut wire = Wire::new(signature);
        let name = wire.text().ok_or(KeyProblem::Malformed)?;
        let mut data = wire.string().ok_or(KeyProblem::Malformed)?.to_vec();
        let own = self.0.algorithm();
        match &own {
            // The name of the key's type stands for SHA-1 where a signature has it.
            Algorithm::Rsa { .. } if name == "ssh-rsa" => return Err(KeyProblem::Sha1),
            Algorithm::Rsa { .. } if matches!(name, "rsa-sha2-256" | "rsa-sha2-512") => {}
            own if own.as_str() == name => {}
            _ => return Err(KeyProblem::OtherAlgorithm(Text::from(name))),
        }
        if matches!(own, Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256) {
            let hardware = wire.take(HARDWARE_BYTES).ok_or(KeyProblem::Malformed)?;
            if hardware.first().is_none_or(|flags| flags & TOUCHED == 0) {
                return Err(KeyProblem::Untouched);
            }
            data.extend(hardware);
        }
        if !wire.is_done() {
            return Err(KeyProblem::Malformed);
        }
        let algorithm = Algorithm::new(name).map_err(|_| KeyProblem::Malformed)?;
        let signature =
            ssh_key::Signature::new(algorithm, data).map_err(|_| KeyProblem::Malformed)?;
        self.0
            .verify(message, &signature)
            .map_err(|_| KeyProblem::Wrong)
    }
}
