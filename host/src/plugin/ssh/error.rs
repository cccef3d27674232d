use super::certificate::CERTIFICATE_PRINCIPALS_MAX;
use super::key::{RSA_BITS_MAX, RSA_BITS_MIN};
use super::pattern::PATTERN_BYTES_MAX;
use super::signature::SIGNATURE_BYTES_MAX;
use super::signers::{LINE_BYTES_MAX, SIGNERS_BYTES_MAX, SIGNERS_LINES_MAX};
use crate::model::Text;

/// Why a signature does not count, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// More than [`SIGNATURE_BYTES_MAX`].
    #[error("the signature is larger than {SIGNATURE_BYTES_MAX} bytes")]
    TooLarge,
    /// Not between the two lines.
    #[error("the signature is not whole: it lacks its first or its last line")]
    NotArmoured,
    /// Not base64 between them.
    #[error("the signature is not base64 between its first and its last line")]
    NotBase64,
    /// Not what PROTOCOL.sshsig describes.
    #[error("the signature is not one of `ssh-keygen -Y sign`, or was cut or changed")]
    Malformed,
    /// A version that is not known.
    #[error("the signature has version {0}, and only version 1 is known")]
    Version(u32),
    /// It was made for another purpose.
    #[error("the signature was made for the namespace `{}`", .0.terminal())]
    Namespace(Text),
    /// A hash that is not known.
    #[error("the signature is over a hash of the kind `{}`, not sha256 or sha512", .0.terminal())]
    Hash(Text),
    /// Something is wrong with the key, or it did not make the signature.
    #[error(transparent)]
    Key(KeyProblem),
}

impl SignatureError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::TooLarge | Self::NotArmoured | Self::NotBase64 | Self::Malformed => {
                "hand over the file that `ssh-keygen -Y sign` wrote, whole and as it is".to_owned()
            }
            Self::Version(_) | Self::Hash(_) => {
                "sign with `ssh-keygen -Y sign` of OpenSSH 8.2 or later".to_owned()
            }
            Self::Namespace(_) => format!(
                "sign with `ssh-keygen -Y sign -n {}`",
                crate::model::STATEMENT_NAMESPACE
            ),
            Self::Key(problem) => problem.help(),
        }
    }
}

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// Not a key.
    #[error("the key or what it made is malformed")]
    Malformed,
    /// Of a type that is not taken.
    #[error("keys of the type `{}` are not taken", .0.terminal())]
    Type(Text),
    /// An RSA key that is too short or too long.
    #[error("an RSA key of {0} bits is not taken, only of {RSA_BITS_MIN} to {RSA_BITS_MAX}")]
    RsaBits(usize),
    /// A signature over a SHA-1 hash.
    #[error("the signature is of the kind `ssh-rsa`, which is over a SHA-1 hash")]
    Sha1,
    /// A signature of another algorithm than the key's.
    #[error("the signature is of the kind `{}`, which is not the key's", .0.terminal())]
    OtherAlgorithm(Text),
    /// A hardware key that nobody touched.
    #[error("the hardware key was not touched when it signed")]
    Untouched,
    /// It did not sign this.
    #[error("the signature is not one of this key over this document")]
    Wrong,
    /// Something is wrong with the key's certificate.
    #[error(transparent)]
    Certificate(Box<CertificateProblem>),
}

impl KeyProblem {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Malformed => "hand over the key or the signature whole and as it is".to_owned(),
            Self::Type(_) | Self::RsaBits(_) => format!(
                "use a key of Ed25519 (`ssh-keygen -t ed25519`), ECDSA on P-256 or P-384, a \
                 hardware key of these, or RSA of {RSA_BITS_MIN} to {RSA_BITS_MAX} bits"
            ),
            Self::Sha1 | Self::OtherAlgorithm(_) => {
                "sign with `ssh-keygen -Y sign` of OpenSSH 8.2 or later".to_owned()
            }
            Self::Untouched => "sign with a key that asks to be touched".to_owned(),
            Self::Wrong => "sign the document again: it or the signature was changed".to_owned(),
            Self::Certificate(problem) => problem.help().to_owned(),
        }
    }
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// Not a certificate.
    #[error("the key's certificate is malformed")]
    Malformed,
    /// Something is wrong with the certified key.
    #[error("the certificate is of a key that is not taken: {0}")]
    Key(KeyProblem),
    /// Something is wrong with the authority, or it did not sign the certificate.
    #[error("the certificate is not signed by the authority that it names: {0}")]
    Authority(KeyProblem),
    /// One for a machine.
    #[error("the certificate is not one of a user")]
    NotOfAUser,
    /// More than [`CERTIFICATE_PRINCIPALS_MAX`].
    #[error("the certificate is for more than {CERTIFICATE_PRINCIPALS_MAX} principals")]
    ManyPrincipals,
    /// A condition that nobody can hold it against.
    #[error("the certificate has the critical option `{}`, which is not known", .0.terminal())]
    CriticalOption(Text),
    /// Its time has not come.
    #[error("the certificate is not yet valid")]
    NotYetValid,
    /// Its time is over.
    #[error("the certificate has expired")]
    Expired,
    /// It is for nobody that the line of its authority is about.
    #[error("the certificate is for nobody whom the authority may speak for")]
    NoPrincipal,
}

impl CertificateProblem {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Malformed | Self::Key(_) | Self::Authority(_) => {
                "have the certificate made again with `ssh-keygen -s`"
            }
            Self::NotOfAUser | Self::CriticalOption(_) | Self::ManyPrincipals => {
                "have a certificate made for one user, without `-h` and without critical options"
            }
            Self::NotYetValid | Self::Expired => {
                "have a new certificate made, and sign again with it"
            }
            Self::NoPrincipal => {
                "have a certificate made with `-n` and the name that `allowed_signers` has"
            }
        }
    }
}

/// Why a list of signers was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignersError {
    /// More than [`SIGNERS_BYTES_MAX`].
    #[error("the list of signers is larger than {SIGNERS_BYTES_MAX} bytes")]
    TooLarge,
    /// More than [`SIGNERS_LINES_MAX`].
    #[error("the list of signers has more than {SIGNERS_LINES_MAX} lines")]
    ManyLines,
    /// Nobody in it.
    #[error("the list of signers names nobody")]
    Empty,
    /// A line that is wrong.
    #[error("line {line}: {problem}")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: SignersProblem,
    },
}

/// What is wrong with a line of a list of signers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignersProblem {
    /// More than [`LINE_BYTES_MAX`].
    #[error("it is longer than {LINE_BYTES_MAX} bytes")]
    Long,
    /// Not text.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// Principals without a key.
    #[error("it has no key")]
    NoKey,
    /// A quote that is not closed.
    #[error("a quote is not closed")]
    Quote,
    /// A principal that can match nobody.
    #[error("it names nobody before its key")]
    NoPrincipal,
    /// More bytes than OpenSSH takes in one pattern.
    #[error("a pattern is longer than {PATTERN_BYTES_MAX} bytes")]
    LongPattern,
    /// An option that is not known.
    #[error("unknown option `{}`", .0.terminal())]
    Option(Text),
    /// An option that is there twice.
    #[error("the option `{0}` is there twice")]
    Twice(&'static str),
    /// An option whose value is not in quotes.
    #[error("the value of `{0}` is not in double quotes")]
    Unquoted(&'static str),
    /// A time that is not one.
    #[error("the value of `{0}` is not a time: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, and `Z`")]
    Time(&'static str),
    /// It ends before it begins.
    #[error("`valid-before` is not after `valid-after`")]
    Backwards,
    /// A certificate where its authority should stand.
    #[error("a certificate stands where a key should")]
    Certificate,
    /// Text that is no key.
    #[error("its key is not base64")]
    NotBase64,
    /// The name of the type is not that of the key.
    #[error("its key is not of the type `{}` that stands before it", .0.terminal())]
    OtherType(Text),
    /// Something is wrong with the key.
    #[error(transparent)]
    Key(KeyProblem),
}

impl SignersError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::TooLarge | Self::ManyLines => {
                "name a certificate authority instead of each key: one line with `cert-authority`"
                    .to_owned()
            }
            Self::Empty => "add a line: ada@example.com ssh-ed25519 AAAA…".to_owned(),
            Self::Line { problem, .. } => problem.help(),
        }
    }
}

impl SignersProblem {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Option(_) => "known options: cert-authority, namespaces, valid-after, \
                valid-before; apart by commas, without spaces"
                .to_owned(),
            Self::Certificate => {
                "write the key of the authority that signs certificates, with the \
                option `cert-authority`"
                    .to_owned()
            }
            Self::Key(problem) => problem.help(),
            _ => "a line has principals, options if any, and a public key: ada@example.com \
                namespaces=\"holdpoint-*\" ssh-ed25519 AAAA…"
                .to_owned(),
        }
    }
}
