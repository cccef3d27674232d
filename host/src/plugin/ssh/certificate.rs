use super::error::{CertificateProblem, KeyProblem};
use super::key::{CERTIFICATE_SUFFIX, Key};
use super::wire::Wire;
use crate::model::Text;

/// The most principals of a certificate that are read: as many as `ssh-keygen -s` writes.
pub const CERTIFICATE_PRINCIPALS_MAX: usize = 256;

/// A certificate of a user's key (PROTOCOL.certkeys), signed by the authority that it names. Whether
/// that authority is to be believed is for [`AllowedSigners`](super::AllowedSigners) to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub(super) key: Key,
    pub(super) authority: Key,
    principals: Vec<String>,
    valid_after: u64,
    valid_before: u64,
}

impl Certificate {
    /// Reads a certificate, and holds the authority's signature against it.
    pub(super) fn read(blob: &[u8]) -> Result<Self, CertificateProblem> {
        let malformed = || CertificateProblem::Malformed;
        let mut wire = Wire::new(blob);
        let name = wire.text().ok_or_else(malformed)?;
        let name = name
            .strip_suffix(CERTIFICATE_SUFFIX)
            .ok_or_else(malformed)?;
        // Hardware keys have their suffix before that of the certificate.
        let name = match name {
            "sk-ssh-ed25519" | "sk-ecdsa-sha2-nistp256" => format!("{name}@openssh.com"),
            name => name.to_owned(),
        };
        let _nonce = wire.string().ok_or_else(malformed)?;
        let key = Key::read_fields(&name, &mut wire).map_err(CertificateProblem::Key)?;
        let _serial = wire.u64().ok_or_else(malformed)?;
        let kind = wire.u32().ok_or_else(malformed)?;
        let _key_id = wire.string().ok_or_else(malformed)?;
        let mut listed = Wire::new(wire.string().ok_or_else(malformed)?);
        let valid_after = wire.u64().ok_or_else(malformed)?;
        let valid_before = wire.u64().ok_or_else(malformed)?;
        let mut options = Wire::new(wire.string().ok_or_else(malformed)?);
        let _extensions = wire.string().ok_or_else(malformed)?;
        let _reserved = wire.string().ok_or_else(malformed)?;
        let authority = wire.string().ok_or_else(malformed)?;
        let signed = wire.before();
        let signature = wire.string().ok_or_else(malformed)?;
        if !wire.is_done() {
            return Err(malformed());
        }
        let mut principals = Vec::new();
        while !listed.is_done() {
            principals.push(listed.text().ok_or_else(malformed)?.to_owned());
            if principals.len() > CERTIFICATE_PRINCIPALS_MAX {
                return Err(CertificateProblem::ManyPrincipals);
            }
        }
        let authority = Key::read(authority).map_err(CertificateProblem::Authority)?;
        authority
            .verify(signed, signature)
            .map_err(CertificateProblem::Authority)?;
        if kind != USER {
            return Err(CertificateProblem::NotOfAUser);
        }
        // Each is a condition that must hold, and none is known that a signature could fulfil.
        if !options.is_done() {
            let option = options.text().ok_or_else(malformed)?;
            return Err(CertificateProblem::CriticalOption(Text::from(option)));
        }
        Ok(Self {
            key,
            authority,
            principals,
            valid_after,
            valid_before,
        })
    }

    /// Whom it is for. A certificate for nobody in particular is for nobody.
    #[must_use]
    pub fn principals(&self) -> &[String] {
        &self.principals
    }

    /// Whether it is valid at a time, in seconds since 1970-01-01T00:00:00Z.
    pub(super) fn check_time(&self, seconds: i64) -> Result<(), CertificateProblem> {
        let Ok(seconds) = u64::try_from(seconds) else {
            return Err(CertificateProblem::NotYetValid);
        };
        if seconds < self.valid_after {
            Err(CertificateProblem::NotYetValid)
        } else if seconds >= self.valid_before {
            Err(CertificateProblem::Expired)
        } else {
            Ok(())
        }
    }
}

/// The type of a certificate for a user, not for a machine.
const USER: u32 = 1;

impl From<CertificateProblem> for KeyProblem {
    fn from(problem: CertificateProblem) -> Self {
        Self::Certificate(Box::new(problem))
    }
}
