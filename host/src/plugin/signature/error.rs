use super::{BUNDLE_BYTES_MAX, KEY_BYTES_MAX};
use crate::model::{Digest, Text};

/// Why a file is not a key that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Larger than [`KEY_BYTES_MAX`].
    #[error("the key is larger than {KEY_BYTES_MAX} bytes")]
    TooLarge,
    /// Not PEM, or of something else than a key.
    #[error("it is not a key in PEM")]
    NotPem,
    /// As OpenSSH writes keys.
    #[error("it is a key as OpenSSH writes it, and not in PEM")]
    Ssh,
    /// It needs a password.
    #[error("the private key is encrypted")]
    Encrypted,
    /// A public key where a private one is needed.
    #[error("it is a public key, and only a private key signs")]
    Public,
    /// A private key where a public one is needed.
    #[error("it is a private key, and who only verifies should not have it")]
    Private,
    /// Not of the curve P-256, or damaged.
    #[error("it is damaged, or not a key of the curve P-256")]
    OtherCurve,
}

impl KeyError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::TooLarge | Self::NotPem | Self::OtherCurve => {
                "make one with `openssl ecparam -name prime256v1 -genkey -noout -out key.pem`, and its \
                 public half with `openssl pkey -in key.pem -pubout -out key.pub`"
            }
            Self::Ssh => {
                "`ssh-keygen -e -m PKCS8 -f KEY.pub` writes the public key in PEM; the private one signs \
                 from an SSH agent, with --agent"
            }
            Self::Encrypted => {
                "sign with `openssl dgst -sha256 -sign KEY`, which asks for the password, and hand the \
                 signature over with `--signature`"
            }
            Self::Public => "name the private key, or hand over a signature with `--signature`",
            Self::Private => {
                "name its public half: `openssl pkey -in KEY -pubout -out KEY.pub` writes it"
            }
        }
    }
}

/// Why a signature of a component does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is none.
    #[error("there is no signature {}", path.terminal())]
    Missing {
        /// Where it was looked for.
        path: Text,
    },
    /// The registry has none.
    #[error("there is no signature of it in {}", place.terminal())]
    None {
        /// Where it was looked for.
        place: Text,
    },
    /// It cannot be read.
    #[error("the signature {} cannot be read: {}", path.terminal(), said.terminal())]
    Unreadable {
        /// Where it is.
        path: Text,
        /// What the system says.
        said: Text,
    },
    /// Larger than [`BUNDLE_BYTES_MAX`].
    #[error("the bundle is larger than {BUNDLE_BYTES_MAX} bytes")]
    TooLarge,
    /// Not a Sigstore bundle.
    #[error("it is not a Sigstore bundle: {}", .0.terminal())]
    NotABundle(Text),
    /// A bundle of another version.
    #[error("it is a bundle of the kind `{}`, and only version 0.3 is read", .0.terminal())]
    Version(Text),
    /// It was signed with a certificate.
    #[error("it was signed with a certificate, and only signatures by keys are read")]
    Certificate,
    /// Neither a signature of bytes nor an envelope.
    #[error("it has neither a signature of bytes nor an envelope")]
    Content,
    /// What was signed is no statement of in-toto.
    #[error("it has a signed `{}`, and only statements of in-toto v1 are read", .0.terminal())]
    Payload(Text),
    /// It says that it is such a statement, and is not.
    #[error("the statement in it cannot be read: {}", .0.terminal())]
    NotAStatement(Text),
    /// A statement that says something else.
    #[error("it has a signed statement `{}`, which does not say that the component is signed", .0.terminal())]
    Predicate(Text),
    /// A statement that says more than that something is signed.
    #[error("the signed statement in it says more than that the component is signed")]
    SaysMore,
    /// A statement about nothing.
    #[error("the statement in it names nothing that it is about")]
    NoSubject,
    /// The digest that it names is none of SHA-256.
    #[error("it names another digest than one of SHA-256")]
    Hash,
    /// The signature is not ECDSA's form.
    #[error("the signature in it is not one of ECDSA on P-256, in DER")]
    NotDer,
    /// It is of other bytes.
    #[error("it is the signature of {signed}, and the component is {found}")]
    OtherBytes {
        /// What was signed.
        signed: Digest,
        /// What is there.
        found: Digest,
    },
    /// The key did not make it.
    #[error(
        "the key {key} did not make this signature of the component; it says it is by `{}`",
        hint.terminal()
    )]
    OtherKey {
        /// The key.
        key: Digest,
        /// What it says itself.
        hint: Text,
    },
}

impl SignatureError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing { .. } => {
                "put the signature beside the plugin; who publishes a plugin makes it with `holdpoint \
                 plugin sign`"
            }
            Self::None { .. } => {
                "ask who publishes it to sign it: `holdpoint plugin sign`, and `plugin push` again"
            }
            Self::Unreadable { .. } => "check whether this user may read it",
            Self::TooLarge
            | Self::NotABundle(_)
            | Self::Version(_)
            | Self::Content
            | Self::Payload(_)
            | Self::NotAStatement(_)
            | Self::Predicate(_)
            | Self::SaysMore
            | Self::NoSubject
            | Self::Hash
            | Self::NotDer => {
                "get the signature again; `holdpoint plugin sign` writes such a bundle"
            }
            Self::Certificate => "ask for a signature by a key whose public half you can have",
            Self::OtherBytes { .. } => {
                "get the component and its signature of the same version; if they are, somebody changed \
                 the component"
            }
            Self::OtherKey { .. } => {
                "hold it against the key of who is said to have signed it; if that is the one, somebody \
                 else signed the component"
            }
        }
    }
}
