mod body;
mod problem;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Digest, RunId};

pub use body::{Act, Assumed, Binding, StatementBody};
pub use problem::StatementProblem;

/// What the signature of a statement is for. A signature that was made for something else (a login,
/// a commit, another program) is none on a statement.
pub const STATEMENT_NAMESPACE: &str = "holdpoint-approval@v1";

/// The largest document of a statement, in bytes: room for every command of a long stage, and small
/// enough to be read before it is signed.
pub const STATEMENT_BYTES_MAX: usize = 64 << 10;

/// The longest reason of a statement, in bytes: some pages.
pub const REASON_BYTES_MAX: usize = 8 << 10;

/// What a person signed about a run: an approval, a refusal, a withdrawal, an override, or a word on
/// what became of an effect. It is kept as it came, and is held against the trusted signers in every
/// sitting anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The run that it was given to.
    pub run: RunId,
    /// When it was given.
    pub time: Timestamp,
    /// The bytes that were signed.
    pub document: Vec<u8>,
    /// The signature: an armoured SSH signature.
    pub signature: String,
}

impl Statement {
    /// What names it: the digest of the document and the signature.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_json(&(Digest::of(&self.document), &self.signature))
    }
}
