use serde::{Deserialize, Serialize};

use super::{Channel, Event, Kind};

/// Which question is asked of a plugin, with what only that kind is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// `policy.check`
    Policy,
    /// `risk.assess`
    Risk,
    /// `resource.claim`
    Resource,
    /// `document.render`
    Document,
    /// `notify.compose`
    Notify {
        /// What happened.
        event: Event,
        /// Who is told.
        channel: Channel,
    },
    /// `action.plan`
    Action,
    /// `verify.measure`
    Verify {
        /// Counts from 1.
        attempt: u32,
    },
}

impl Input {
    /// The kind that answers it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Policy => Kind::Policy,
            Self::Risk => Kind::Risk,
            Self::Resource => Kind::Resource,
            Self::Document => Kind::Document,
            Self::Notify { .. } => Kind::Notify,
            Self::Action => Kind::Action,
            Self::Verify { .. } => Kind::Verify,
        }
    }
}
