use std::sync::Arc;
use std::time::Duration;

use crate::model::{Channel, Event, Kind, Outcome, Release, Text};

use super::Limits;
use holdpoint_build::Manifest;

/// The engine and everything that plugins can be linked to.
pub struct Sandbox {}

/// A component that was checked, compiled and linked; a call makes a fresh instance of it.
pub struct Loaded {}

/// Why a component was refused before it ran.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The engine cannot compile it.
    #[error("the engine refuses the component")]
    Compile(#[source] wasmtime::Error),
}

/// One call of one plugin.
pub struct Call {
    /// What is judged.
    pub release: Arc<Release>,
    /// Settings as JSON, already held against the plugin's schema.
    pub settings: String,
    /// Which question is asked.
    pub input: Input,
    /// The bounds.
    pub limits: Limits,
    /// Seed of the guest's random numbers.
    pub seed: [u8; 32],
}

/// Which question is asked, with what only that kind is given.
#[derive(Clone, Debug)]
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
    Notify { event: Event, channel: Channel },
    /// `action.plan`
    Action,
    /// `verify.measure`; attempts count from 1.
    Verify { attempt: u32 },
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

/// What is known of a call after it.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// What became of it.
    pub outcome: Outcome,
    /// Fuel used.
    pub fuel: u64,
    /// Largest sum of memories and tables, in bytes.
    pub memory_bytes: u64,
    /// Wall-clock time.
    pub duration: Duration,
    /// What the guest logged and printed, in order.
    pub log: Vec<LogLine>,
}

/// A line that a guest logged or printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The line.
    pub text: Text,
}

/// How much a log line matters. What is printed to standard output is `Info`, to standard error
/// `Warn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For finding defects.
    Debug,
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// Something failed.
    Error,
}

impl Sandbox {
    /// Starts the engine.
    ///
    /// # Errors
    ///
    /// When this machine cannot run it.
    pub fn new() -> Result<Self, LoadError> {
        todo!()
    }

    /// Checks the component's imports and exports against its manifest and the contract, compiles
    /// and links it. Nothing of it runs.
    ///
    /// # Errors
    ///
    /// When it asks for what no host gives, does not export what its manifest says, or does not
    /// compile.
    pub fn load(&self, _component: &[u8], _manifest: Arc<Manifest>) -> Result<Loaded, LoadError> {
        todo!()
    }
}

impl Loaded {
    /// Calls the plugin in a fresh store. Never fails: what goes wrong is an outcome.
    #[expect(clippy::unused_async)]
    pub async fn call(&self, _call: Call) -> CallRecord {
        todo!()
    }
}
