use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

use super::carry::Carried;
use super::decide::milliseconds;
use super::{Seat, SittingError};
use crate::model::{
    Content, Digest, EffectId, EffectOutcome, EffectState, Header, HttpMethod as _, Intent, Part,
    Planned, PlannedMethod, PlannedRequest, PlannedStep, Probe, Record, Settlement, Text,
    UrlTemplate,
};
use crate::pipeline::load::Stage;
use crate::pipeline::quantity::Span;
use crate::pipeline::requests::{
    Attempted, Probed, acts, planned_steps, request_words, without_plan,
};
use crate::pipeline::retry::{pause, random};
use crate::release::{Error, read_artifact};
use crate::sandbox::{
    HttpLimits, HttpResponse, IDEMPOTENCY_KEY, NotMade, PlannedCall, SENT_BYTES_MAX,
};

/// Attempts at one request in one sitting, at most.
const ATTEMPTS_MAX: u32 = 5;

/// The longest that is waited for a server that asks to wait. One that wants more is asked in the
/// next sitting: leases are held meanwhile.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(1);

/// So long after an attempt it is believed that what is not there was not made: the server may have
/// been slow, or may list late.
const BELIEVED_AFTER: Duration = Duration::from_mins(1);

/// Time for one request whose body is an artifact: what the largest one takes on a slow line.
const ARTIFACT_TIME: Duration = Duration::from_mins(15);

/// A request that is an effect.
struct Making<'p> {
    effect: EffectId,
    planned: &'p PlannedStep,
    request: &'p PlannedRequest,
    /// What shows whether it was made; only of what is not an undo.
    probe: Option<&'p Probe>,
    /// Whether it can become known what became of it, where nobody knows.
    repeatable: bool,
    /// When the time of its stage's requests is over; none for what takes back.
    until: Option<Instant>,
}

impl Making<'_> {
    /// Whether it counts as one of the requests of the sitting: what takes back does not, for nothing
    /// may keep it from being taken back.
    fn is_counted(&self) -> bool {
        self.effect.part != Part::Revert
    }
}

/// A request that can be sent.
struct Ready {
    method: PlannedMethod,
    url: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    limits: HttpLimits,
    /// [`Making::is_counted`].
    is_counted: bool,
}

/// Why there is no request to send.
enum Obstacle {
    /// It will never be one.
    Refused(String),
    /// Something is not known that another sitting may know.
    Later(String),
    /// Everything is to end.
    Cancelled,
}

/// What trying came to.
enum Tried {
    Came(Attempted),
    /// Everything is to end, and nothing was sent that could have arrived.
    NothingSent,
    /// Everything is to end, and nobody knows.
    Cancelled,
}

/// What became of one request.
enum Made {
    Done,
    /// It did nothing.
    Refused,
    /// It did nothing, and the next sitting tries again.
    Later(Text),
    Unknown,
    Cancelled,
}

impl Seat<'_> {
    /// Reads the plans that are settled.
    pub(super) async fn read_plans(&mut self) -> Result<(), SittingError> {
        for stage in &self.session.configuration.stages {
            let Some(digest) = self.progress.planned(&stage.id) else {
                continue;
            };
            let bytes = self.desk.store.document(&digest).await?;
            let steps: Option<Vec<PlannedStep>> =
                bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            let steps = steps.ok_or_else(|| SittingError::Plan {
                run: self.run.id.clone(),
                stage: stage.id.clone(),
            })?;
            self.plans.insert(stage.id.clone(), steps.into());
        }
        Ok(())
    }

    /// Settles what the actions of a stage plan, before its first effect: what is undone later, also
    /// by another sitting, is what was made. Gives whether the stage may begin: an action that was let
    /// go without a plan, which somebody may have, keeps all of it from beginning.
    pub(super) async fn settle_plan(&mut self, stage: &Stage) -> Result<bool, SittingError> {
        if self.plans.contains_key(&stage.id) || !acts(stage) {
            return Ok(true);
        }
        let Some(record) = self.stages.last() else {
            return Ok(false);
        };
        let silent: Vec<Text> = without_plan(record)
            .into_iter()
            .map(|plugin| Text::from(format!("a plan of the action `{plugin}`")))
            .collect();
        if !silent.is_empty() {
            self.conclude_fault(silent);
            return Ok(false);
        }
        let steps = planned_steps(record);
        let bytes = serde_json::to_vec(&steps).map_err(SittingError::Subject)?;
        let planned = Record::Planned(Planned {
            stage: stage.id.clone(),
            steps: Digest::of(&bytes),
        });
        self.write_with(planned, vec![bytes]).await?;
        self.plans.insert(stage.id.clone(), steps.into());
        Ok(true)
    }

    /// The steps of a stage that are settled.
    fn settled_steps(&self, stage: &str) -> Arc<[PlannedStep]> {
        self.plans.get(stage).cloned().unwrap_or_default()
    }

    /// Makes the requests of a stage, one after the other, as far as they are not made yet.
    pub(super) async fn make_requests(&mut self, stage: &Stage) -> Result<Carried, SittingError> {
        let steps = self.settled_steps(&stage.id);
        let time = self.session.configuration.plan.limits.requests_time;
        let until = Instant::now() + time;
        for (number, planned) in (1..).zip(steps.iter()) {
            let effect = effect(&stage.id, Part::Request, number);
            if self.is_done(&effect) {
                continue;
            }
            if Instant::now() >= until {
                self.conclude_fault(vec![out_of_time(&effect, time)]);
                return Ok(Carried::Later);
            }
            let making = Making {
                until: Some(until),
                ..making(effect.clone(), planned)
            };
            match self.make(making, &steps).await? {
                Made::Done => {}
                Made::Refused => return Ok(Carried::Failed),
                Made::Later(why) => {
                    let words = format!("the effect {effect}: {}", why.raw());
                    self.conclude_fault(vec![Text::from(words)]);
                    return Ok(Carried::Later);
                }
                Made::Unknown => return Ok(Carried::Unknown),
                Made::Cancelled => return Ok(Carried::Cancelled),
            }
        }
        Ok(Carried::Done)
    }

    /// Takes back the requests of a stage that were made, the last one first. What cannot be taken
    /// back keeps nothing else from being taken back.
    pub(super) async fn revert_requests(&mut self, stage: &str) -> Result<Carried, SittingError> {
        let steps = self.settled_steps(stage);
        let mut carried = Carried::Done;
        let numbered: Vec<(u32, &PlannedStep)> = (1..).zip(steps.iter()).collect();
        for (number, planned) in numbered.into_iter().rev() {
            let made = effect(stage, Part::Request, number);
            if matches!(self.progress.effect(&made), Some(EffectState::Unknown(_))) {
                let making = making(made.clone(), planned);
                match self.find_out(making, &steps).await? {
                    Made::Unknown => carried = Carried::Unknown,
                    Made::Cancelled => return Ok(Carried::Cancelled),
                    Made::Done | Made::Refused | Made::Later(_) => {}
                }
            }
            let revert = effect(stage, Part::Revert, number);
            if !self.is_done(&made) || self.is_done(&revert) {
                continue;
            }
            let reverted = match &planned.step.undo {
                None => Made::Refused,
                Some(undo) => {
                    let making = Making {
                        effect: revert,
                        planned,
                        request: undo,
                        probe: None,
                        repeatable: undo.is_idempotent(),
                        until: None,
                    };
                    self.make(making, &steps).await?
                }
            };
            match reverted {
                Made::Cancelled => return Ok(Carried::Cancelled),
                Made::Unknown => carried = Carried::Unknown,
                Made::Refused | Made::Later(_) if carried == Carried::Done => {
                    carried = Carried::Failed;
                }
                Made::Refused | Made::Later(_) | Made::Done => {}
            }
        }
        Ok(carried)
    }

    /// Makes one request between its two entries in the journal.
    async fn make(
        &mut self,
        making: Making<'_>,
        steps: &[PlannedStep],
    ) -> Result<Made, SittingError> {
        if self.is_cancelled() {
            return Ok(Made::Cancelled);
        }
        let is_unknown = matches!(
            self.progress.effect(&making.effect),
            Some(EffectState::Unknown(_))
        );
        if is_unknown && !making.repeatable {
            return Ok(Made::Unknown);
        }
        // Also where it is tried again: what is not there is believed by the time of the last attempt.
        self.write(Record::Intended(self.intent(&making))).await?;
        let began = Instant::now();
        self.place(|| format!("before-{}", making.effect)).await;
        let tried = self.attempts(&making, steps, is_unknown).await?;
        self.place(|| format!("after-{}", making.effect)).await;
        self.calls.postpone(began.elapsed());
        let not_done = match making.effect.part {
            // What is to be taken back and could not be is said.
            Part::Revert => |why: &str| EffectOutcome::NotBegun(Text::from(why)),
            _ => |_: &str| EffectOutcome::NotDone,
        };
        let (outcome, output, made) = match tried {
            Tried::Cancelled => return Ok(Made::Cancelled),
            Tried::NothingSent => (not_done(CAME_FIRST), None, Made::Cancelled),
            Tried::Came(Attempted::Unknown(why)) => {
                say_unknown(&making.effect, &why);
                return Ok(Made::Unknown);
            }
            Tried::Came(Attempted::Made(body)) => (EffectOutcome::Done, Some(body), Made::Done),
            Tried::Came(Attempted::Refused(why)) => {
                let outcome = EffectOutcome::NotBegun(Text::from(why));
                (outcome, None, Made::Refused)
            }
            Tried::Came(Attempted::NotNow { said, .. }) => {
                (not_done(&said), None, Made::Later(Text::from(said)))
            }
        };
        self.settle_request(making.effect, outcome, output, began)
            .await?;
        Ok(made)
    }

    /// Finds out whether a request was made of which nobody knows, and makes nothing.
    async fn find_out(
        &mut self,
        making: Making<'_>,
        steps: &[PlannedStep],
    ) -> Result<Made, SittingError> {
        let Some(probe) = making.probe else {
            return Ok(Made::Unknown);
        };
        let began = Instant::now();
        let probed = self.probed_again(&making, probe, steps).await?;
        self.calls.postpone(began.elapsed());
        let (outcome, output, made) = match probed {
            Probed::Made(answer) => (EffectOutcome::Done, Some(answer), Made::Done),
            Probed::NotMade if self.is_long_ago(&making.effect) => {
                (EffectOutcome::NotDone, None, Made::Refused)
            }
            Probed::NotMade => {
                say_unknown(&making.effect, NOT_THERE_YET);
                return Ok(Made::Unknown);
            }
            Probed::NotNow { .. } | Probed::Unknown(_) if self.is_cancelled() => {
                return Ok(Made::Cancelled);
            }
            Probed::NotNow { said: why, .. } | Probed::Unknown(why) => {
                say_unknown(&making.effect, &why);
                return Ok(Made::Unknown);
            }
        };
        self.settle_request(making.effect, outcome, output, began)
            .await?;
        Ok(made)
    }

    async fn settle_request(
        &mut self,
        effect: EffectId,
        outcome: EffectOutcome,
        output: Option<Vec<u8>>,
        began: Instant,
    ) -> Result<(), SittingError> {
        // An empty answer is one too: it is not what a person said without having seen it.
        let documents: Vec<Vec<u8>> = output.into_iter().collect();
        let settled = Record::Settled(Settlement {
            effect,
            outcome,
            assumed: None,
            output: documents.first().map(|output| Digest::of(output)),
            duration_ms: milliseconds(began.elapsed()),
        });
        self.write_with(settled, documents).await
    }

    fn intent(&self, making: &Making<'_>) -> Intent {
        Intent {
            effect: making.effect.clone(),
            what: request_words(&making.planned.step, making.request),
            digest: Digest::of_json(&(&making.planned.plugin, making.request)),
            key: self.request_key(making),
            repeatable: making.repeatable,
        }
    }

    /// The same for the same request of the same run, in every sitting.
    fn request_key(&self, making: &Making<'_>) -> String {
        let own = &making.request.idempotency_key;
        let digest = Digest::of_json(&(&self.run.id, &making.effect, own));
        digest.hex()[..32].to_owned()
    }

    /// Whether the last attempt of an earlier sitting at an effect is so long ago that what is not
    /// there was not made.
    fn is_long_ago(&self, effect: &EffectId) -> bool {
        let now = (self.desk.clock)();
        self.intended
            .get(effect)
            .and_then(|then| Duration::try_from(now.duration_since(*then)).ok())
            .is_some_and(|elapsed| elapsed >= BELIEVED_AFTER)
    }

    /// Tries until it is known what became of it, or no more.
    async fn attempts(
        &self,
        making: &Making<'_>,
        steps: &[PlannedStep],
        was_unknown: bool,
    ) -> Result<Tried, SittingError> {
        let ready = match self.ready(making, steps).await? {
            Ok(ready) => ready,
            Err(Obstacle::Cancelled) if was_unknown => return Ok(Tried::Cancelled),
            Err(Obstacle::Cancelled) => return Ok(Tried::NothingSent),
            // Nothing more is known of an earlier attempt for that.
            Err(Obstacle::Refused(why) | Obstacle::Later(why)) if was_unknown => {
                return Ok(Tried::Came(Attempted::Unknown(why)));
            }
            Err(Obstacle::Refused(why)) => return Ok(Tried::Came(Attempted::Refused(why))),
            Err(Obstacle::Later(said)) => {
                return Ok(Tried::Came(Attempted::NotNow { said, asked: None }));
            }
        };
        let mut cancelled = self.desk.cancelled.clone();
        let mut may_be_made = was_unknown;
        let mut tried_here = false;
        let mut number = 0;
        loop {
            if self.is_cancelled() {
                return Ok(if may_be_made {
                    Tried::Cancelled
                } else {
                    Tried::NothingSent
                });
            }
            number += 1;
            let believes = !tried_here && self.is_long_ago(&making.effect);
            let attempt = self.attempt(making, &ready, steps, (may_be_made, believes));
            let attempted = tokio::select! {
                biased;
                _ = cancelled.wait_for(Option::is_some) => return Ok(Tried::Cancelled),
                attempted = attempt => attempted?,
            };
            let (said, asked) = match attempted {
                // It may be refused because it was taken before.
                Attempted::Refused(why) if may_be_made => {
                    return Ok(Tried::Came(Attempted::Unknown(why)));
                }
                Attempted::Made(_) | Attempted::Refused(_) => return Ok(Tried::Came(attempted)),
                Attempted::NotNow { said, asked } => (said, asked),
                Attempted::Unknown(why) => {
                    may_be_made = true;
                    tried_here = true;
                    (why, None)
                }
            };
            let wait = self.wait(making, number, asked);
            let Some(wait) = wait.filter(|_| !may_be_made || making.repeatable) else {
                return Ok(Tried::Came(if may_be_made {
                    Attempted::Unknown(said)
                } else {
                    Attempted::NotNow { said, asked }
                }));
            };
            tracing::info!(
                effect = %making.effect,
                "tried again: {}",
                Text::from(said).terminal()
            );
            self.back_off(wait).await;
        }
    }

    /// Waits before the next attempt, or until everything is to end.
    async fn back_off(&self, time: Duration) {
        let mut cancelled = self.desk.cancelled.clone();
        tokio::select! {
            biased;
            _ = cancelled.wait_for(Option::is_some) => {}
            () = pause(time) => {}
        }
    }

    /// What is waited after so many attempts; none where there is to be no other one in this sitting.
    fn wait(
        &self,
        making: &Making<'_>,
        attempts: u32,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        let wait = self.desk.retry.wait(attempts, random(), asked);
        let is_over = attempts >= ATTEMPTS_MAX
            || making
                .until
                .is_some_and(|until| Instant::now() + wait >= until)
            || asked.is_some_and(|asked| asked > RETRY_AFTER_MAX);
        (!is_over).then_some(wait)
    }

    /// One attempt. Where an earlier one may have been taken, it is asked first whether it was.
    async fn attempt(
        &self,
        making: &Making<'_>,
        ready: &Ready,
        steps: &[PlannedStep],
        (may_be_made, believes): (bool, bool),
    ) -> Result<Attempted, SittingError> {
        if may_be_made && let Some(probe) = making.probe {
            match self.probed(making, probe, steps).await? {
                Probed::Made(answer) => return Ok(Attempted::Made(answer)),
                Probed::NotMade if believes || making.request.is_idempotent() => {}
                Probed::NotMade => return Ok(Attempted::Unknown(NOT_THERE_YET.to_owned())),
                // Nothing was sent: what may have been made is what it was.
                Probed::NotNow { said, asked } => return Ok(Attempted::NotNow { said, asked }),
                Probed::Unknown(said) => return Ok(Attempted::NotNow { said, asked: None }),
            }
        }
        let sent = self.send(making, ready).await;
        let now = (self.desk.clock)();
        Ok(Attempted::of(sent, &making.request.success, now))
    }

    /// As [`Seat::probed`], and again while the server is busy, within the bounds of a request.
    async fn probed_again(
        &self,
        making: &Making<'_>,
        probe: &Probe,
        steps: &[PlannedStep],
    ) -> Result<Probed, SittingError> {
        let mut cancelled = self.desk.cancelled.clone();
        let mut number = 0;
        loop {
            number += 1;
            let probed = tokio::select! {
                biased;
                _ = cancelled.wait_for(Option::is_some) => {
                    return Ok(Probed::Unknown(CAME_FIRST.to_owned()));
                }
                probed = self.probed(making, probe, steps) => probed?,
            };
            let Probed::NotNow { asked, .. } = &probed else {
                return Ok(probed);
            };
            let Some(wait) = self.wait(making, number, *asked) else {
                return Ok(probed);
            };
            self.back_off(wait).await;
        }
    }

    /// What asking shows about a step.
    async fn probed(
        &self,
        making: &Making<'_>,
        probe: &Probe,
        steps: &[PlannedStep],
    ) -> Result<Probed, SittingError> {
        let url = match Box::pin(self.url(making, &probe.url, steps)).await? {
            Ok(url) => url,
            Err(Obstacle::Refused(why) | Obstacle::Later(why)) => return Ok(Probed::Unknown(why)),
            Err(Obstacle::Cancelled) => return Ok(Probed::Unknown(CAME_FIRST.to_owned())),
        };
        let asking = Ready {
            method: PlannedMethod::Get,
            url,
            headers: pairs(&probe.headers),
            body: Bytes::new(),
            limits: HttpLimits::default(),
            is_counted: making.is_counted(),
        };
        let sent = self.send(making, &asking).await;
        Ok(Probed::of(sent, probe, (self.desk.clock)()))
    }

    async fn send(&self, making: &Making<'_>, ready: &Ready) -> Result<HttpResponse, NotMade> {
        let plugin = &making.planned.plugin;
        let loaded = self.session.prepared.loaded.get(plugin);
        let reach = loaded.and_then(|loaded| Some((loaded, loaded.reach()?)));
        let Some((loaded, network)) = reach else {
            return Err(NotMade::of(
                "nothing leaves the machine under a pipeline that is not trusted, or without a \
                 grant"
                    .to_owned(),
            ));
        };
        let call = PlannedCall {
            method: ready.method,
            url: &ready.url,
            headers: &ready.headers,
            body: ready.body.clone(),
            is_counted: ready.is_counted,
        };
        let mut limits = ready.limits;
        if let Some(until) = making.until {
            let left = until.saturating_duration_since(Instant::now());
            limits.deadline = limits.deadline.min(left);
        }
        network.make(&loaded.grants(), &call, limits).await
    }

    /// The request with what it refers to in its place, or why there is none.
    async fn ready(
        &self,
        making: &Making<'_>,
        steps: &[PlannedStep],
    ) -> Result<Result<Ready, Obstacle>, SittingError> {
        let request = making.request;
        let Some(method) = PlannedMethod::named(request.method.raw()) else {
            let words = format!("`{}` is no method", request.method.raw());
            return Ok(Err(Obstacle::Refused(words)));
        };
        let url = match self.url(making, &request.url, steps).await? {
            Ok(url) => url,
            Err(obstacle) => return Ok(Err(obstacle)),
        };
        let mut headers = pairs(&request.headers);
        if !request.idempotency_key.is_empty() {
            headers.push((IDEMPOTENCY_KEY.to_owned(), self.request_key(making)));
        }
        let defaults = HttpLimits::default();
        let (body, limits) = match &request.content {
            Content::Bytes(bytes) => (Bytes::from(bytes.0.clone()), defaults),
            Content::Artifact(name) => match self.artifact(name).await {
                Ok(bytes) => {
                    let limits = HttpLimits {
                        request_bytes_max: usize::try_from(SENT_BYTES_MAX).unwrap_or(usize::MAX),
                        deadline: ARTIFACT_TIME,
                        ..defaults
                    };
                    (Bytes::from(bytes), limits)
                }
                Err(obstacle) => return Ok(Err(obstacle)),
            },
        };
        Ok(Ok(Ready {
            method,
            url,
            headers,
            body,
            limits,
            is_counted: making.is_counted(),
        }))
    }

    /// The bytes of an artifact as they were judged.
    async fn artifact(&self, name: &Text) -> Result<Vec<u8>, Obstacle> {
        let session = self.session;
        let query = session.configuration.query(&session.past.repository);
        let file = query
            .artifacts
            .into_iter()
            .find(|file| file.name == name.raw());
        let subject = &session.judged.release.subject;
        let judged = subject
            .artifacts
            .iter()
            .find(|artifact| artifact.name == *name);
        let (Some(file), Some(judged)) = (file, judged.cloned()) else {
            let words = format!("there is no artifact `{}`", name.raw());
            return Err(Obstacle::Refused(words));
        };
        let cancelled = self.desk.cancelled.clone();
        let read = tokio::task::spawn_blocking(move || {
            let is_cancelled = || cancelled.borrow().is_some();
            read_artifact(&file, &judged, &is_cancelled)
        });
        // A panic stays one.
        let read = read
            .await
            .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        read.map_err(|error| match error {
            Error::Cancelled => Obstacle::Cancelled,
            error => Obstacle::Refused(error.to_string()),
        })
    }

    /// A URL with parts of the answers to earlier steps of the same plan.
    async fn url(
        &self,
        making: &Making<'_>,
        url: &Text,
        steps: &[PlannedStep],
    ) -> Result<Result<String, Obstacle>, SittingError> {
        let template = match UrlTemplate::new(url.raw()) {
            Ok(template) => template,
            Err(error) => return Ok(Err(Obstacle::Refused(error.to_string()))),
        };
        let mut answers = Vec::new();
        for reference in template.references() {
            let name = reference.step.as_str();
            let plugin = &making.planned.plugin;
            let is_meant =
                |step: &PlannedStep| step.plugin == *plugin && step.step.name.raw() == name;
            let found = (1..).zip(steps).find(|(_, step)| is_meant(step));
            let Some((number, meant)) = found else {
                continue;
            };
            let made = effect(&making.effect.stage, Part::Request, number);
            match self.answer(&made, meant, steps, making.until).await? {
                Some(answer) => answers.push((name.to_owned(), answer)),
                None if self.is_cancelled() => return Ok(Err(Obstacle::Cancelled)),
                // A person said that it was made, and nobody has seen its answer.
                None if self.progress.output(&made).is_none() => {
                    let words = format!("the answer to the step `{name}` is not known");
                    return Ok(Err(Obstacle::Later(words)));
                }
                None => {}
            }
        }
        let answer = |name: &str| {
            let mut answers = answers.iter();
            answers
                .find(|(step, _)| step == name)
                .map(|(_, answer)| answer)
        };
        let filled = template.fill(answer);
        Ok(filled.map_err(|error| Obstacle::Refused(error.to_string())))
    }

    /// The answer to a step: as it was recorded, else as its probe shows it.
    async fn answer(
        &self,
        made: &EffectId,
        meant: &PlannedStep,
        steps: &[PlannedStep],
        until: Option<Instant>,
    ) -> Result<Option<Value>, SittingError> {
        let bytes = match (self.progress.output(made), &meant.step.probe) {
            (Some(digest), _) => self.desk.store.document(&digest).await?,
            (None, None) => None,
            (None, Some(probe)) => {
                let making = Making {
                    until,
                    ..making(made.clone(), meant)
                };
                match self.probed_again(&making, probe, steps).await? {
                    Probed::Made(answer) => Some(answer),
                    Probed::NotMade | Probed::NotNow { .. } | Probed::Unknown(_) => None,
                }
            }
        };
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }
}

/// What is said where everything was to end before something was asked.
const CAME_FIRST: &str = "a signal came first";

/// What is said where a probe finds nothing soon after an attempt.
const NOT_THERE_YET: &str = "it is not there, and may still come";

/// What is said of a request that the time of its stage's requests leaves no room for.
fn out_of_time(effect: &EffectId, time: Duration) -> Text {
    Text::from(format!(
        "the effect {effect}: the requests of its stage have {} in one sitting, and that is over: run \
         again, or raise `requests-time` under `[limits]`",
        Span(time)
    ))
}

fn say_unknown(effect: &EffectId, why: &str) {
    tracing::warn!(
        %effect,
        "nobody knows whether it was carried out: {}",
        Text::from(why).terminal()
    );
}

fn effect(stage: &str, part: Part, number: u32) -> EffectId {
    EffectId {
        stage: stage.to_owned(),
        part,
        number,
    }
}

fn making(effect: EffectId, planned: &PlannedStep) -> Making<'_> {
    let step = &planned.step;
    Making {
        effect,
        planned,
        request: &step.request,
        probe: step.probe.as_ref(),
        repeatable: step.is_repeatable(),
        until: None,
    }
}

fn pairs(headers: &[Header]) -> Vec<(String, String)> {
    let pair = |header: &Header| (header.name.raw().to_owned(), header.value.raw().to_owned());
    headers.iter().map(pair).collect()
}
