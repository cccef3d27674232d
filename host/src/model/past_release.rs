use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Effects, ObjectName, RunState, RunSummary, Totals, Verdict};

/// An earlier release of a project on a target, as a plugin may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRelease {
    /// Its version; none when it had none.
    pub version: Option<Version>,
    /// Its judged commit.
    pub head: ObjectName,
    /// When it ended, in seconds since 1970-01-01T00:00:00Z; where it is known from a tag only, when its
    /// commit was made.
    pub time: i64,
    /// Its size.
    pub totals: Totals,
    /// What became of it; none when it is known from a tag only.
    pub ended: Option<Ending>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Everything in it was let go, and nothing had to be undone.
    Released,
    /// What it had carried out was undone.
    Undone,
    /// A finding stopped it.
    Blocked,
    /// A fault or a person stopped it, or a newer run took its place.
    Stopped,
}

impl Ending {
    /// How a run ended, or ends when a newer one takes its place now.
    #[must_use]
    pub fn of(run: &RunSummary) -> Self {
        if run.is_release() {
            Self::Released
        } else if run.effects == Effects::Undone {
            Self::Undone
        } else if run.state != RunState::Aborted
            && run.verdict == Some(Verdict::NoGo)
            && !run.overridden
        {
            Self::Blocked
        } else {
            Self::Stopped
        }
    }
}

impl PastRelease {
    /// What one has in a transcript at most, in bytes, beside its version.
    const WRITTEN_BYTES: u64 = 320;

    /// What it counts against the bound on what the host hands out, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let version = self.version_text().len() + self.head.as_str().len();
        64 + u64::try_from(version).unwrap_or(u64::MAX)
    }

    /// The bytes that it has in a transcript at most.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        Self::WRITTEN_BYTES + u64::try_from(self.version_text().len()).unwrap_or(u64::MAX)
    }

    fn version_text(&self) -> String {
        self.version
            .as_ref()
            .map_or_else(String::new, Version::to_string)
    }
}
