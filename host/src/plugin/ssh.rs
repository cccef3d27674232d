//! Signatures made with SSH keys (`ssh-keygen -Y sign`, PROTOCOL.sshsig), and the list of those whose
//! signatures count (`allowed_signers`, ssh-keygen(1)).
//!
//! Where this is stricter than `ssh-keygen -Y verify`: an `allowed_signers` file with one broken line
//! is refused whole; keys are of the types below, RSA keys have 2,048 to 4,096 bits; a certificate
//! with critical options is refused; a hardware key has to have been touched; times without `Z` are
//! UTC, because nobody knows in which zone a file was written. Where it is more lenient: an armour may
//! have the line ends of Windows.

mod certificate;
mod error;
mod instant;
mod key;
mod line;
mod pattern;
mod sign;
mod signature;
mod signers;
mod wire;

pub use certificate::{CERTIFICATE_PRINCIPALS_MAX, Certificate};
pub use error::{CertificateProblem, KeyProblem, SignatureError, SignersError, SignersProblem};
pub use key::{Key, RSA_BITS_MAX, RSA_BITS_MIN};
pub use sign::{SSH_KEYGEN, SignError, Signer};
pub use signature::{SIGNATURE_BYTES_MAX, Signature};
pub use signers::{
    AllowedSigners, LINE_BYTES_MAX, NotAllowed, SIGNERS_BYTES_MAX, SIGNERS_LINES_MAX,
};
