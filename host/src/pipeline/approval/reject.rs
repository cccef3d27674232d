use jiff::Timestamp;

use super::people::Part;
use crate::model::{Digest, StatementProblem, Text};
use crate::plugin::ssh::{NotAllowed, SignatureError};

/// Why a statement does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The configuration could have been written by the change under judgement.
    #[error("the configuration is not trusted, and under such a one nobody can let a stage go")]
    Untrusted,
    /// Nobody's word counts in the stage.
    #[error("no file says whose word counts in this stage")]
    NoApprovers,
    /// No file says that there are overrides.
    #[error("no file says who can override this stage")]
    NoOverride,
    /// The document is not a statement.
    #[error(transparent)]
    Document(#[from] StatementProblem),
    /// The signature is none.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Nobody's whose word counts.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// One signature of two people.
    #[error(
        "its certificate is for {} and {}, who are two people here, so that nobody knows whose it is",
        .0.terminal(), .1.terminal()
    )]
    TwoPeople(Text, Text),
    /// Another run.
    #[error("it was given to another run, {0}")]
    AnotherRun(crate::model::RunId),
    /// The run's random text is another one.
    #[error("it does not repeat the random text of this run")]
    Nonce,
    /// Another stage.
    #[error("it was given to another stage, `{}`", .0.terminal())]
    AnotherStage(Text),
    /// Another effect.
    #[error("it is about another effect, `{}`", .0.terminal())]
    AnotherEffect(Text),
    /// A digest differs.
    #[error("{what} has changed since: it was {}, and is {}", signed.short(), now.short())]
    Changed {
        /// Which digest.
        what: &'static str,
        /// What was signed.
        signed: Digest,
        /// What it is now.
        now: Digest,
    },
    /// What was shown differs.
    #[error("it names another {what}: {}, not {}", .signed.terminal(), .now.terminal())]
    Shown {
        /// What.
        what: &'static str,
        /// What was signed.
        signed: Text,
        /// What it is.
        now: Text,
    },
    /// It is from the future.
    #[error("it is not yet valid: it was issued at {0}, which is to come")]
    NotYetValid(Timestamp),
    /// Its time is over.
    #[error("it has expired at {0}")]
    Expired(Timestamp),
    /// Taken back by the same person.
    #[error("the same person took it back at {0}")]
    Withdrawn(Timestamp),
    /// It settled something before.
    #[error("it was used before")]
    Used,
    /// Somebody whom nobody asks.
    #[error("{} is not one of those who are asked for: {}", .principal.terminal(), .asked.terminal())]
    NotAsked {
        /// Who signed.
        principal: Text,
        /// Who could.
        asked: Text,
    },
    /// Somebody who had a hand in it.
    #[error("it is signed by {} of the range, {}", part.words(), address.terminal())]
    OfTheRange {
        /// What that person did.
        part: Part,
        /// The address in the commits.
        address: Text,
    },
    /// Somebody who started it.
    #[error("it is signed by who started the run, {}", .0.terminal())]
    Initiator(Text),
    /// Somebody of whom nobody knows what commits are theirs.
    #[error("{} has no `identities`, so that nobody knows whether the commits are theirs", .0.terminal())]
    NoIdentity(Text),
    /// An author who may be anybody.
    #[error("{} is {} of the range and in no list of `identities`, so that nobody knows who that is", address_words(address), part.words())]
    UnmappedAuthor {
        /// What that person did.
        part: Part,
        /// The address in the commits.
        address: Text,
    },
    /// Who started the run may be anybody.
    #[error("{} started the run and is in no list of `identities`, so that nobody knows who that is", .0.terminal())]
    UnmappedInitiator(Text),
}

fn address_words(address: &Text) -> String {
    if address.is_empty() {
        "somebody without an address".to_owned()
    } else {
        address.terminal().to_string()
    }
}

impl Rejection {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Untrusted => "read the pipeline from a protected branch or from outside of the \
                checkout: `--pipeline origin/main:holdpoint.toml`"
                .to_owned(),
            Self::NoApprovers => {
                "have the owners of the pipeline add [approvers]; those of a project do not count \
                 in a stage of its base policy"
                    .to_owned()
            }
            Self::NoOverride => "have the owners of the pipeline add [override]".to_owned(),
            Self::Document(problem) => problem.help().to_owned(),
            Self::Signature(error) => error.help(),
            Self::NotAllowed(not) => not.help(),
            Self::TwoPeople(..) => {
                "have a certificate made for one person; or let the line of the \
                authority be about fewer names; or give both names one address in `identities`"
                    .to_owned()
            }
            Self::AnotherRun(_)
            | Self::Nonce
            | Self::AnotherStage(_)
            | Self::AnotherEffect(_)
            | Self::Changed { .. }
            | Self::Shown { .. }
            | Self::Expired(_)
            | Self::Withdrawn(_)
            | Self::Used => "look at the run as it is now, and sign again".to_owned(),
            Self::NotYetValid(_) => {
                "set the clock of the machine that it was signed on, or wait".to_owned()
            }
            Self::NotAsked { .. } => "have one of those sign".to_owned(),
            Self::OfTheRange { .. } | Self::Initiator(_) => {
                "have somebody else sign: four eyes see \
                more than two"
                    .to_owned()
            }
            Self::NoIdentity(_) | Self::UnmappedAuthor { .. } | Self::UnmappedInitiator(_) => {
                "have the owners of the pipeline add the address to `identities` of [approvers]; \
                 that of a machine under a name of its own"
                    .to_owned()
            }
        }
    }
}
