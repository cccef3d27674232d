use std::fmt;

use serde::{Deserialize, Serialize};

/// What a stage or a run comes to. The worst counts: they are ordered from good to bad.
///
/// ```
/// use holdpoint::model::Verdict;
///
/// assert_eq!([Verdict::Go, Verdict::NoGo, Verdict::Wait].into_iter().max(), Some(Verdict::NoGo));
/// ```
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing speaks against it.
    Go,
    /// An approval, a window or a lease is missing: come back.
    Wait,
    /// A finding blocks.
    NoGo,
    /// A plugin or the host could not decide.
    Fault,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Go => "go",
            Self::Wait => "wait",
            Self::NoGo => "no-go",
            Self::Fault => "fault",
        })
    }
}

/// What became of the effects of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effects {
    /// There were none.
    None,
    /// All that began were carried out.
    Done,
    /// One failed, and what had been carried out was undone.
    Undone,
    /// One failed, and what had been carried out could not be undone, or not all of it.
    Incomplete,
    /// What became of one is not known: a person has to say it.
    Unknown,
}

impl Effects {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Done => "done",
            Self::Undone => "undone",
            Self::Incomplete => "incomplete",
            Self::Unknown => "unknown",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [
            Self::None,
            Self::Done,
            Self::Undone,
            Self::Incomplete,
            Self::Unknown,
        ]
        .into_iter()
        .find(|effects| effects.name() == name)
    }
}
