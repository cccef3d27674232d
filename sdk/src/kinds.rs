use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{
    Assessment, Channel, Edit, Event, Fault, Finding, Message, Reading, Release, Requirement, Step,
};

/// What every plugin is, whatever its kinds.
///
/// A plugin has no state: each call runs in a fresh instance, and what it answers follows from the
/// release and the settings alone. There is no clock but `release.circumstances.time`.
pub trait Plugin {
    /// What the operator can set. [`NoSettings`](crate::NoSettings) when there is nothing to set.
    ///
    /// Its JSON Schema lands in the plugin's manifest, and the host refuses settings that do not fit
    /// before it calls the plugin. An operator who sets nothing gives `{}`.
    type Settings: Settings;
}

/// A type that settings are read into; [`settings`](macro@crate::settings) makes one.
pub trait Settings: DeserializeOwned + JsonSchema {}

impl<T: DeserializeOwned + JsonSchema> Settings for T {}

/// *Is this release allowed?*
pub trait Policy: Plugin {
    /// What speaks against the release; empty when nothing does.
    ///
    /// Each finding names a rule of `plugin.toml`. A rule's severity there counts unless the finding
    /// or the operator says otherwise; what is an error blocks the release in an enforced stage.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot decide. It blocks, so it is not for what should be a finding.
    fn check(release: &Release, settings: &Self::Settings) -> Result<Vec<Finding>, Fault>;
}

/// *How risky is this release?*
pub trait Risk: Plugin {
    /// A magnitude, and the factors that explain it.
    ///
    /// The magnitude is any finite number that grows with risk and can be compared between releases
    /// of one project. The host turns it into a score: its percentile among those of the project's
    /// earlier releases, which it has assessed at their own time. So its order matters more than its
    /// unit; where there are fewer than 20 earlier releases a fixed scale counts, on which 0 is
    /// none, 10 is the middle and 90 is very much.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot decide.
    fn assess(release: &Release, settings: &Self::Settings) -> Result<Assessment, Fault>;
}

/// *Are the people, the environment and the hour free?*
pub trait Resource: Plugin {
    /// What has to be free: a lease on a key, a window to be in, an approval. The host holds the
    /// release until all of it is, and gives back what it took.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot decide.
    fn claim(release: &Release, settings: &Self::Settings) -> Result<Vec<Requirement>, Fault>;
}

/// *What should the documents say?*
pub trait Document: Plugin {
    /// The files to write, each whole or in a part: see [`Edit::whole`], [`Edit::section`] and
    /// [`Edit::insertion`]. They are shown as a difference first, and written by the host.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot decide.
    fn render(release: &Release, settings: &Self::Settings) -> Result<Vec<Edit>, Fault>;
}

/// *What should be said to whom?*
pub trait Notify: Plugin {
    /// The messages for an event, in a form that the channel takes; empty for none. The host knows
    /// the channel's address and sends them.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot compose. It never changes the verdict.
    fn compose(
        release: &Release,
        settings: &Self::Settings,
        event: &Event,
        channel: &Channel,
    ) -> Result<Vec<Message>, Fault>;
}

/// *Which requests carry the release out?*
pub trait Action: Plugin {
    /// The requests in order, each with what success is, what shows whether it was made, and what
    /// takes it back. The host makes them when the stage and every earlier one is go.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot plan.
    fn plan(release: &Release, settings: &Self::Settings) -> Result<Vec<Step>, Fault>;
}

/// *Is it healthy now?*
pub trait Verify: Plugin {
    /// Measures once; `attempt` counts from 1. How often, and how long apart, is the operator's.
    ///
    /// No traffic and no data is [`Health::Inconclusive`](crate::Health::Inconclusive), neither
    /// success nor failure.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot measure.
    fn measure(
        release: &Release,
        settings: &Self::Settings,
        attempt: u32,
    ) -> Result<Reading, Fault>;
}
