use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::error::AuthoritiesError;
use crate::model::Text;

/// Who may say that a host is who it should be.
#[derive(Clone)]
pub struct Authorities(Arc<ClientConfig>);

impl Authorities {
    /// Those of a file in PEM form, and no others. What else stands in the file, such as text or a
    /// key, is not looked at.
    ///
    /// # Errors
    ///
    /// When there is no certificate in it, or one that cannot be read.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, AuthoritiesError> {
        let mut roots = RootCertStore::empty();
        for (index, certificate) in CertificateDer::pem_slice_iter(bytes).enumerate() {
            let malformed = |said: String| AuthoritiesError::Malformed {
                number: index + 1,
                said: Text::from(said),
            };
            let certificate = certificate.map_err(|error| malformed(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| malformed(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(AuthoritiesError::Empty);
        }
        Self::new(roots)
    }

    /// Those that the platform trusts. On Linux that is the system's bundle, or what
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` name. Reads files.
    pub(super) fn of_platform() -> Result<Self, AuthoritiesError> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        // Bundles have old certificates in them that are of no use to anybody.
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let said: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
            return Err(AuthoritiesError::Platform(Text::from(said.join("; "))));
        }
        Self::new(roots)
    }

    /// The provider is named here: with two of them in one program, the process's own is none.
    fn new(roots: RootCertStore) -> Result<Self, AuthoritiesError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| AuthoritiesError::Platform(Text::from(error.to_string())))?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Authorities")
    }
}
