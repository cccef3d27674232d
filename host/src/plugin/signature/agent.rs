//! Keys that an SSH agent holds: in memory, on a smart card, or on another machine.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use p256::ecdsa::Signature as Ecdsa;
use ssh_agent_client_rs::{Client, Error as ClientError, Identity};
use ssh_key::public::{EcdsaPublicKey, KeyData};
use ssh_key::{Fingerprint, HashAlg, PublicKey as SshPublicKey};

use super::statement::Statement;
use super::{PublicKey, Signature, SignatureError, Signed};
use crate::model::{Digest, Text};

/// An SSH agent, asked to sign with a key of ECDSA on P-256.
///
/// It signs a statement that names the component by its digest, and not the component: OpenSSH's agent
/// takes no more than 256 KiB.
#[derive(Clone, Debug)]
pub struct Agent {
    socket: PathBuf,
    timeout: Duration,
}

/// Why an agent did not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// Nobody answers there.
    #[error("nobody answers at {}", socket.terminal())]
    Unreachable {
        /// Where.
        socket: Text,
        /// What the system says.
        source: std::io::Error,
    },
    /// It does not hold the key.
    #[error("it does not hold the key {key} (it holds {held})")]
    NotHeld {
        /// The fingerprint of the key that was to sign, as `ssh-add -l` shows it.
        key: Fingerprint,
        /// How many keys it holds.
        held: usize,
    },
    /// It said no, such as because nobody confirmed it.
    #[error("it refused")]
    Refused,
    /// It took too long.
    #[error("it did not answer within {} ms", timeout.as_millis())]
    Timeout {
        /// How long it had.
        timeout: Duration,
    },
    /// What it says is not the protocol of agents.
    #[error("its answer cannot be read: {}", .0.terminal())]
    Protocol(Text),
    /// What it gave is no signature by the key.
    #[error("its signature does not count")]
    Signature(#[source] Box<SignatureError>),
}

impl AgentError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "start one (`eval \"$(ssh-agent)\"`) and give it the key with `ssh-add KEY`"
            }
            Self::NotHeld { .. } => {
                "give it the key with `ssh-add KEY`, or unlock it with `ssh-add -X`; `ssh-add -l` lists what \
                 it holds. A key of FIDO (`ecdsa-sk`) cannot sign plugins"
            }
            Self::Refused => {
                "confirm what it asks; a key that was given to it for some hosts only (`ssh-add -h`) signs \
                 nothing but logins there"
            }
            Self::Timeout { .. } => {
                "see whether it waits for a confirmation or a touch, and give it more time with \
                 --signer-timeout"
            }
            Self::Protocol(_) | Self::Signature(_) => {
                "see what listens there: it has to be an SSH agent"
            }
        }
    }
}

impl Agent {
    /// The agent that listens at a socket, and how long it has for all that it is asked.
    #[must_use]
    pub fn new(socket: &Path, timeout: Duration) -> Self {
        Self {
            socket: socket.to_owned(),
            timeout,
        }
    }

    /// Has the agent sign a component with the private half of a key, which confirms it.
    ///
    /// # Errors
    ///
    /// When there is no agent, it does not hold the key, or does not sign in time.
    pub fn sign(&self, component: &Digest, key: &PublicKey) -> Result<Signature, AgentError> {
        let statement = Statement::of(component);
        let (sender, receiver) = mpsc::channel();
        let (socket, asked) = (self.socket.clone(), key.clone());
        let message = statement.signed_bytes();
        // An agent may take its time at any point, also before it takes the connection: what is asked on a
        // thread of its own can be left behind.
        thread::spawn(move || sender.send(ask(&socket, &asked, &message)));
        let ecdsa = match receiver.recv_timeout(self.timeout) {
            Ok(answer) => answer?,
            Err(RecvTimeoutError::Timeout) => {
                return Err(AgentError::Timeout {
                    timeout: self.timeout,
                });
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(AgentError::Protocol(Text::from("it gave none")));
            }
        };
        Signature::confirmed(ecdsa, Signed::Statement(statement), component, key)
            .map_err(|source| AgentError::Signature(Box::new(source)))
    }
}

/// The agent's signature of a message, which nobody has confirmed yet.
fn ask(socket: &Path, key: &PublicKey, message: &[u8]) -> Result<Ecdsa, AgentError> {
    let unreachable = |source| AgentError::Unreachable {
        socket: Text::from_bytes(socket.as_os_str().as_encoded_bytes()),
        source,
    };
    let mut client = Client::connect(socket).map_err(|error| match error {
        ClientError::AgentCommunicationError(source) => unreachable(source),
        other => said(&other),
    })?;
    let wanted = SshPublicKey::from(KeyData::Ecdsa(EcdsaPublicKey::from(key.verifying())));
    let signature = match client.sign(&wanted, message) {
        Ok(signature) => signature,
        // It says no more than this. What it holds explains it, as far as that can be read: there may be
        // keys of any kind.
        Err(ClientError::RemoteFailure) => {
            let held = client.list_all_identities().unwrap_or_default();
            let is_wanted = |identity: &Identity<'_>| matches!(identity, Identity::PublicKey(held) if held.key_data() == wanted.key_data());
            return Err(if held.iter().any(is_wanted) {
                AgentError::Refused
            } else {
                AgentError::NotHeld {
                    key: wanted.fingerprint(HashAlg::Sha256),
                    held: held.len(),
                }
            });
        }
        Err(error) => return Err(said(&error)),
    };
    Ecdsa::try_from(&signature)
        .map_err(|_| AgentError::Protocol(Text::from("it is no signature of ECDSA on P-256")))
}

/// The most that is shown of what an agent says, in characters.
const WORDS_MAX: usize = 200;

fn said(error: &ClientError) -> AgentError {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| {
        error.source()
    });
    let words: Vec<String> = causes.map(ToString::to_string).collect();
    AgentError::Protocol(Text::from(words.join(": ")).shortened(WORDS_MAX))
}
