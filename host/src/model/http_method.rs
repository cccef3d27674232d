use std::fmt;

use serde::{Deserialize, Serialize};

/// A method that a grant can name.
pub trait HttpMethod: Copy + PartialEq + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// As it is sent.
    fn name(self) -> &'static str;

    /// The method of this name, which is written in upper case.
    #[must_use]
    fn named(name: &str) -> Option<Self> {
        let mut methods = Self::ALL.iter().copied();
        methods.find(|method| method.name() == name)
    }
}

/// A method by which a plugin asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AskingMethod {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`, where the operator states that it only reads.
    Post,
}

impl HttpMethod for AskingMethod {
    const ALL: &'static [Self] = &[Self::Get, Self::Head, Self::Post];

    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
        }
    }
}

/// A method of a request that an action plans and the host makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PlannedMethod {
    /// `GET`, which shows whether a step was made.
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl HttpMethod for PlannedMethod {
    const ALL: &'static [Self] = &[Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for PlannedMethod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
