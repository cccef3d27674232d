//! What the actions of a stage plan: which steps are made, in words, and what an answer to one of
//! their requests means.

use std::time::Duration;

use jiff::Timestamp;

use super::load::{Stage, Use};
use super::retry::retry_after;
use super::{Mode, PluginRecord, StageRecord};
use crate::model::{
    Answer, Digest, Element, Kind, Outcome, PlannedRequest, PlannedStep, Probe, Step, Text, scalar,
};
use crate::sandbox::{Arrival, HttpResponse, NotMade};

/// The actions of a stage whose plans are carried out: what an adviser plans is only shown.
fn acting(record: &StageRecord) -> impl Iterator<Item = &PluginRecord> {
    let plugins = record.plugins.iter();
    plugins.filter(|plugin| plugin.kind == Kind::Action && plugin.mode == Mode::Enforce)
}

/// The actions that have no plan although they should. Whoever let the stage go has not seen what it
/// would do, so that nothing of it begins.
pub(super) fn without_plan(record: &StageRecord) -> Vec<&str> {
    let answered =
        |plugin: &&PluginRecord| matches!(plugin.call.outcome, Outcome::Answered(Answer::Steps(_)));
    let silent = acting(record).filter(|plugin| !answered(plugin));
    silent.map(|plugin| plugin.name.as_str()).collect()
}

/// Whether a use is an action whose plan is carried out.
pub(super) fn is_acting(used: &Use) -> bool {
    used.kind == Kind::Action && used.mode == Mode::Enforce
}

/// Whether a stage has an action whose plan is carried out.
pub(super) fn acts(stage: &Stage) -> bool {
    stage.uses.iter().any(is_acting)
}

/// The steps that a stage makes, in the order of the file.
pub(super) fn planned_steps(record: &StageRecord) -> Vec<PlannedStep> {
    acting(record)
        .flat_map(|plugin| {
            let steps: &[Step] = match &plugin.call.outcome {
                Outcome::Answered(Answer::Steps(steps)) => steps,
                _ => &[],
            };
            steps.iter().map(|step| PlannedStep {
                plugin: plugin.name.clone(),
                step: step.clone(),
            })
        })
        .collect()
}

/// What a request does, for people.
pub(super) fn request_words(step: &Step, request: &PlannedRequest) -> Text {
    Text::from(format!(
        "{} {} ({})",
        request.method.raw(),
        request.url.raw(),
        step.title.raw()
    ))
}

/// What a signature on a step names: whose it is, what is asked for, and the digest of all of it.
pub(super) fn signed_words(planned: &PlannedStep) -> Vec<Text> {
    let request = &planned.step.request;
    vec![
        Text::from("request"),
        Text::from(format!("{}/{}", planned.plugin, planned.step.name.raw())),
        request.method.clone(),
        request.url.clone(),
        Text::from(Digest::of_json(planned).to_string()),
    ]
}

/// What an attempt at a request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attempted {
    /// It was made, with this answer.
    Made(Vec<u8>),
    /// It was refused for good, and did nothing.
    Refused(String),
    /// It did nothing, and may be taken another time, also by a later sitting.
    NotNow {
        /// What went wrong.
        said: String,
        /// What the server asks to wait.
        asked: Option<Duration>,
    },
    /// Nobody knows whether it was taken.
    Unknown(String),
}

impl Attempted {
    /// What an exchange means for a request of which these status codes are the success.
    pub(super) fn of(
        exchange: Result<HttpResponse, NotMade>,
        success: &[u16],
        now: Timestamp,
    ) -> Self {
        match exchange {
            Ok(response) if success.contains(&response.status) => Self::Made(response.body),
            Ok(response) => {
                let asked = asked_by(&response, now);
                let said = Text::from_bytes(&response.body).shortened(SAID_CHARACTERS_MAX);
                let separator = if said.is_empty() { "" } else { ": " };
                let words = format!("answered {}{separator}{}", response.status, said.raw());
                Self::status(response.status, words, asked)
            }
            Err(NotMade {
                why,
                arrival,
                lasts,
                is_exhausted,
            }) => match arrival {
                Arrival::NothingSent if lasts => Self::Refused(why),
                Arrival::NothingSent => Self::NotNow {
                    said: why,
                    // Only another sitting is allowed more.
                    asked: is_exhausted.then_some(Duration::MAX),
                },
                // It was taken, and its answer, which later steps may need, is lost.
                Arrival::Answered { status } if success.contains(&status) => Self::Unknown(why),
                Arrival::Answered { status } => Self::status(status, why, None),
                Arrival::MayHaveArrived => Self::Unknown(why),
            },
        }
    }

    fn status(status: u16, said: String, asked: Option<Duration>) -> Self {
        match status {
            _ if is_busy(status, asked) => Self::NotNow { said, asked },
            // It may have taken it and failed afterwards, or says elsewhere what became of it.
            200..=399 | 408 | 500..=599 => Self::Unknown(said),
            _ => Self::Refused(said),
        }
    }
}

/// Whether a server says that it did not take a request. Those between may say 503 without knowing.
fn is_busy(status: u16, asked: Option<Duration>) -> bool {
    matches!((status, asked), (425 | 429, _) | (503, Some(_)))
}

/// What a server asks to wait.
fn asked_by(response: &HttpResponse, now: Timestamp) -> Option<Duration> {
    let asked = response.header("retry-after");
    asked.and_then(|asked| retry_after(asked, now))
}

/// Of what a server answers this much is repeated, in characters.
const SAID_CHARACTERS_MAX: usize = 300;

/// What asking showed about a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Probed {
    /// It was made, and this stands for its answer.
    Made(Vec<u8>),
    /// It was not made.
    NotMade,
    /// Nothing can be said about it now, and something may another time.
    NotNow {
        /// What went wrong.
        said: String,
        /// What the server asks to wait.
        asked: Option<Duration>,
    },
    /// The answer says nothing about it.
    Unknown(String),
}

impl Probed {
    /// What the answer to a probe means.
    pub(super) fn of(
        exchange: Result<HttpResponse, NotMade>,
        probe: &Probe,
        now: Timestamp,
    ) -> Self {
        let response = match exchange {
            Ok(response) => response,
            // Only another sitting is allowed more.
            Err(error) if error.is_exhausted => {
                return Self::NotNow {
                    said: error.why,
                    asked: Some(Duration::MAX),
                };
            }
            Err(error) => return Self::Unknown(error.why),
        };
        // A list that is not there says nothing about what is in it: the token may have lost its
        // rights.
        if response.status == 404 && probe.element.is_none() {
            return Self::NotMade;
        }
        if !probe.success.contains(&response.status) {
            let said = format!("asked whether it was made, answered {}", response.status);
            let asked = asked_by(&response, now);
            return if is_busy(response.status, asked) {
                Self::NotNow { said, asked }
            } else {
                Self::Unknown(said)
            };
        }
        let Some(element) = &probe.element else {
            return Self::Made(response.body);
        };
        match element_of(element, &response.body) {
            Ok(Some(found)) => Self::Made(found),
            Ok(None) => Self::NotMade,
            Err(why) => Self::Unknown(why.to_owned()),
        }
    }
}

/// The element of a list that is meant; none where the list has none.
fn element_of(element: &Element, body: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    let answer: serde_json::Value =
        serde_json::from_slice(body).map_err(|_| "answered with something else than JSON")?;
    let list = answer
        .pointer(element.list.raw())
        .and_then(serde_json::Value::as_array)
        .ok_or("answered without the list that was asked for")?;
    let is_meant = |item: &&serde_json::Value| {
        let mut members = element.members.iter();
        members.all(|(pointer, value)| {
            let found = item.pointer(pointer.raw()).and_then(scalar);
            found.as_deref() == Some(value.raw())
        })
    };
    let found = list.iter().find(is_meant);
    Ok(found.map(|found| found.to_string().into_bytes()))
}
