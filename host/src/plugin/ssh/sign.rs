//! Signing is left to `ssh-keygen`, as git does: it knows passphrases, agents and hardware keys, and
//! no private key is ever in this program.
#![expect(
    clippy::disallowed_methods,
    reason = "`ssh-keygen` signs with the keys of whoever asks for it"
)]

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use super::error::SignatureError;
use super::signature::{SIGNATURE_BYTES_MAX, Signature};
use crate::model::Text;

/// The program that signs.
pub const SSH_KEYGEN: &str = "ssh-keygen";

/// The most that is read of what the program says of itself, in bytes: some lines are expected.
const WORDS_BYTES_MAX: u64 = 16 << 10;

/// A key that signs: a private key, or a public one whose private half an agent or a hardware key
/// holds.
#[derive(Clone, Debug)]
pub struct Signer {
    program: PathBuf,
    key: PathBuf,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The program is not there, or cannot be started.
    #[error("cannot start {}", .program.terminal())]
    Start {
        /// The program.
        program: Text,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// It was started and cannot be spoken with.
    #[error("cannot speak with {}", .program.terminal())]
    Speak {
        /// The program.
        program: Text,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// It did not sign.
    #[error("{} did not sign with {}: {}", .program.terminal(), .key.terminal(), .words.terminal())]
    Failed {
        /// The program.
        program: Text,
        /// The key.
        key: Text,
        /// What it said last, else how it ended.
        words: Text,
    },
    /// What it put out is no signature over the document.
    #[error("what {} put out is not a signature of this document", .program.terminal())]
    NotASignature {
        /// The program.
        program: Text,
        /// What is wrong with it.
        #[source]
        source: SignatureError,
    },
}

impl SignError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Start { .. } => {
                "install OpenSSH 8.2 or later; or have the document printed with \
                `--print`, sign it elsewhere, and hand the signature over"
                    .to_owned()
            }
            Self::Speak { .. } => "try it again".to_owned(),
            Self::Failed { .. } => "name a private key, or a public key whose private half is in \
                the agent (`ssh-add -L` lists those)"
                .to_owned(),
            Self::NotASignature { source, .. } => source.help(),
        }
    }
}

impl Signer {
    /// A key that [`SSH_KEYGEN`] signs with.
    #[must_use]
    pub fn new(key: &Path) -> Self {
        Self::with_program(key, OsStr::new(SSH_KEYGEN))
    }

    /// A key that another program of the same manners signs with.
    #[must_use]
    pub fn with_program(key: &Path, program: &OsStr) -> Self {
        Self {
            program: program.into(),
            key: key.to_owned(),
        }
    }

    /// Has a document signed, and gives the armoured signature, which was verified. `heard` is told
    /// each line that the program says, such as that a hardware key is to be touched; for
    /// passphrases it asks the terminal itself.
    ///
    /// # Errors
    ///
    /// When the program is missing or does not sign.
    pub fn sign(
        &self,
        namespace: &str,
        document: &[u8],
        heard: &mut dyn FnMut(&Text),
    ) -> Result<String, SignError> {
        let program = || Text::from(self.program.to_string_lossy());
        let mut child = Command::new(&self.program)
            .args(["-Y", "sign", "-n", namespace, "-f"])
            .arg(&self.key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| SignError::Start {
                program: program(),
                source,
            })?;
        let speak = |source| SignError::Speak {
            program: program(),
            source,
        };
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut last = Text::default();
        let armour = thread::scope(|scope| {
            // A program that ends without reading has said why elsewhere.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(document)));
            let armour = scope.spawn(move || {
                let mut armour = Vec::new();
                let bytes_max = SIGNATURE_BYTES_MAX as u64 + 1;
                let stdout = stdout.map(|stdout| stdout.take(bytes_max));
                stdout.map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut armour))?;
                Ok(armour)
            });
            let words = stderr.map(|stderr| BufReader::new(stderr.take(WORDS_BYTES_MAX)));
            for line in words.into_iter().flat_map(|words| words.split(b'\n')) {
                let Ok(line) = line else { break };
                let line = Text::from_bytes(line.trim_ascii_end());
                if !line.is_empty() {
                    heard(&line);
                    last = line;
                }
            }
            armour
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        let status = child.wait().map_err(speak)?;
        let armour = armour.map_err(speak)?;
        if !status.success() {
            return Err(self.failed(&program(), last, status));
        }
        let wrong = |source| SignError::NotASignature {
            program: program(),
            source,
        };
        let armour = String::from_utf8(armour).map_err(|_| wrong(SignatureError::NotArmoured))?;
        let signature = Signature::read(&armour).map_err(wrong)?;
        signature.verify(namespace, document).map_err(wrong)?;
        Ok(armour)
    }

    fn failed(&self, program: &Text, last: Text, status: ExitStatus) -> SignError {
        let words = if last.is_empty() {
            Text::from(format!("it ended with {status}"))
        } else {
            last
        };
        SignError::Failed {
            program: program.clone(),
            key: Text::from(self.key.to_string_lossy()),
            words,
        }
    }
}
