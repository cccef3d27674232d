use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::StageTable;
use super::problem::{ConfigurationError, Problem};
use super::source::{Site, Source};
use crate::model::Text;

/// The most measurements of one stage in one sitting: with a pause of a minute that is most of a day.
pub const ATTEMPTS_MAX: u32 = 1_000;

/// Time between two measurements where the file sets none.
pub const INTERVAL: Duration = Duration::from_secs(30);

/// How what a stage deployed is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How often in one sitting, until it is healthy.
    pub attempts: u32,
    /// Time between two measurements.
    pub interval: Duration,
    /// What it means when the last one says neither yes nor no.
    pub inconclusive: Inconclusive,
}

/// What it means when a measurement says neither yes nor no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Inconclusive {
    /// The stage waits: another sitting measures again.
    #[default]
    Wait,
    /// It counts as healthy.
    Healthy,
    /// It counts as failing: what was carried out is undone.
    Failing,
}

impl Default for Verification {
    fn default() -> Self {
        Self {
            attempts: 1,
            interval: INTERVAL,
            inconclusive: Inconclusive::default(),
        }
    }
}

/// What a file sets of it, and where.
#[derive(Clone, Debug)]
pub struct VerificationPlan {
    /// The values.
    pub value: Verification,
    /// Where the first of them is; none where the file sets none.
    pub site: Option<Site>,
}

/// Takes the keys about measuring out of a stage's table.
pub(super) fn verification(
    stage: &mut StageTable,
    source: &Arc<Source>,
) -> Result<VerificationPlan, ConfigurationError> {
    let default = Verification::default();
    let (attempts, interval, inconclusive) = (
        stage.attempts.take(),
        stage.interval.take(),
        stage.inconclusive.take(),
    );
    if let Some(attempts) = &attempts
        && attempts.value.get() > ATTEMPTS_MAX
    {
        let message = format!("a stage is measured at most {ATTEMPTS_MAX} times in one sitting");
        let problem = Problem::Value(Text::from(message));
        return Err(Site::new(source, &attempts.span).error(problem));
    }
    let spans = [
        attempts.as_ref().map(|set| &set.span),
        interval.as_ref().map(|set| &set.span),
        inconclusive.as_ref().map(|set| &set.span),
    ];
    let site = spans.into_iter().flatten().next();
    Ok(VerificationPlan {
        site: site.map(|span| Site::new(source, span)),
        value: Verification {
            attempts: attempts.map_or(default.attempts, |set| set.value.get()),
            interval: interval.map_or(default.interval, |set| set.value.0),
            inconclusive: inconclusive.map_or(default.inconclusive, |set| set.value),
        },
    })
}
