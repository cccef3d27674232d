use super::{REASON_BYTES_MAX, STATEMENT_BYTES_MAX};

/// Why a document is not a statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementProblem {
    /// More than [`STATEMENT_BYTES_MAX`].
    #[error("the statement is larger than {STATEMENT_BYTES_MAX} bytes")]
    TooLarge,
    /// Not JSON of a statement.
    #[error("not a statement: {}", .0.terminal())]
    Malformed(super::super::Text),
    /// Another format, or another version of this one.
    #[error("a statement of another format, `{}`", .0.terminal())]
    Format(super::super::Text),
    /// The same statement is written with other bytes.
    #[error("the bytes are not those that Holdpoint writes for this statement")]
    NotCanonical,
    /// The random text of a run is 32 hexadecimal digits.
    #[error("`nonce` is not 32 lower-case hexadecimal digits")]
    Nonce,
    /// It names no stage.
    #[error("`stage` is empty")]
    Stage,
    /// It needs a reason, or has an empty one.
    #[error("`reason` is missing or empty")]
    Reason,
    /// More than [`REASON_BYTES_MAX`].
    #[error("`reason` is longer than {REASON_BYTES_MAX} bytes")]
    LongReason,
    /// It needs an end.
    #[error("`expires` is missing")]
    Endless,
    /// It is one that has no end.
    #[error("`expires` is there, and a refusal or a withdrawal does not end")]
    Expires,
    /// It ends before it begins.
    #[error("`expires` is not after `issued`")]
    Backwards,
    /// It is about an effect and does not say which, or what became of it; or it is not about one.
    #[error("`effect` and `outcome` belong to a statement of `assume`, and only to one")]
    Effect,
    /// The effect is one of another stage.
    #[error("`effect` is not one of the stage `{0}`")]
    OtherStage(String),
}

impl StatementProblem {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::TooLarge => "give the stage fewer or shorter commands",
            Self::Malformed(_) | Self::Format(_) | Self::NotCanonical => {
                "sign the file that `holdpoint approve --print` writes, with every byte as it is"
            }
            Self::Reason => "say why: a reason is shown in every report",
            Self::LongReason => "shorten the reason; put the rest where the reason can point to",
            Self::Nonce
            | Self::Stage
            | Self::Endless
            | Self::Expires
            | Self::Backwards
            | Self::Effect
            | Self::OtherStage(_) => {
                "have the statement made by `holdpoint approve`, which fills these in"
            }
        }
    }
}
