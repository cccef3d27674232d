//! Records the calls from a guest to the host, and holds those of a call that is run again against
//! what was recorded of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::case::Answers;
use super::failure::Refusal;
use crate::model::{CutCall, HostAnswer, HostCall, HostQuestion, Text};

/// How a call is recorded.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Name of the plugin in the pipeline file.
    pub plugin: Text,
    /// The stage that asks; none outside of the stages.
    pub stage: Option<Text>,
    /// What is known of the same call, which was cut in the middle: the guest has to ask the same
    /// again, is answered what it was answered, and goes on from there. A call that is given
    /// something else than this one was is refused; [`Given::differences`](crate::model::Given)
    /// tells before.
    pub cut: Option<Arc<CutCall>>,
    /// Who is told of every call to the host that is not in `cut`, before the guest has its answer.
    pub sink: Option<Sink>,
    /// What other systems answer in a test: then nobody is asked. None outside of tests.
    pub answers: Option<Answers>,
}

impl Recording {
    /// Records a call from its beginning, and tells nobody.
    #[must_use]
    pub fn new(plugin: &str, stage: Option<&str>) -> Self {
        Self {
            plugin: Text::from(plugin),
            stage: stage.map(Text::from),
            cut: None,
            sink: None,
            answers: None,
        }
    }
}

/// Who is told of calls to the host as they are answered, so that a call that is cut later can go on
/// from there.
///
/// It is called on the thread of the guest, whose deadline goes on while it works. When the call has
/// ended, or its future was dropped, it is not called any more; it must not wait for that itself.
#[derive(Clone)]
pub struct Sink(Arc<dyn Fn(&HostCall) + Send + Sync>);

impl Sink {
    /// Tells this function.
    pub fn new(told: impl Fn(&HostCall) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sink").finish_non_exhaustive()
    }
}

/// What is recorded of one call; clones share it. Without a recording it keeps nothing and costs
/// nothing.
#[derive(Clone)]
pub(super) struct Recorder(Option<Arc<Mutex<Recorded>>>);

struct Recorded {
    calls: Vec<HostCall>,
    /// What the guest has to ask again, and is answered again.
    before: Option<Before>,
    sink: Option<Sink>,
    answers: Option<Answers>,
    is_reproducible: bool,
    is_closed: bool,
}

/// What was recorded of the same call before.
#[derive(Clone)]
pub(super) struct Before {
    pub(super) calls: Arc<CutCall>,
    /// Whether that is the whole call, after which nothing more is answered.
    pub(super) is_whole: bool,
}

/// What is known of the answer to a call to the host.
pub(super) enum Known {
    /// It was answered this before.
    Answer(HostAnswer),
    /// Nothing: it is asked for the first time.
    Nothing,
    /// Something else was asked at this place.
    Other,
    /// It is a test that has no answer to this.
    Unanswered,
}

/// What was recorded, at the end of a call.
pub(super) struct End {
    pub(super) host_calls: Vec<HostCall>,
    pub(super) is_reproducible: bool,
}

impl Recorder {
    pub(super) fn new(recording: Option<&Recording>, before: Option<Before>) -> Self {
        Self(recording.map(|recording| {
            Arc::new(Mutex::new(Recorded {
                calls: Vec::new(),
                before,
                sink: recording.sink.clone(),
                answers: recording.answers.clone(),
                is_reproducible: true,
                is_closed: false,
            }))
        }))
    }

    /// A call to the host was answered, and the guest has not seen it yet.
    pub(super) fn answered(
        &self,
        asked: HostQuestion,
        answer: impl FnOnce() -> HostAnswer,
    ) -> Result<(), Refusal> {
        let Some(recorded) = self.lock() else {
            return Ok(());
        };
        let sink = recorded.sink.clone();
        drop(recorded);
        let call = HostCall {
            asked,
            answer: answer(),
        };
        let is_new = !self.held(|recorded| recorded.was_recorded(&call))?;
        // Nothing is held meanwhile: who is told takes its time, and whoever ends the call waits for
        // nobody.
        if let Some(Sink(told)) = sink.filter(|_| is_new) {
            told(&call);
        }
        self.held(|recorded| {
            recorded.calls.push(call);
            Ok(())
        })
    }

    /// Does something with what is recorded, unless the call has ended.
    fn held<T>(
        &self,
        work: impl FnOnce(&mut Recorded) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        match self.lock() {
            Some(mut recorded) if !recorded.is_closed => work(&mut recorded),
            _ => Err(Refusal(Text::from("the call has ended"))),
        }
    }

    /// What a call was answered before, where that is from outside; none where it was not asked yet,
    /// or something else was, which [`answered`](Self::answered) refuses.
    pub(super) fn known(&self, asked: &HostQuestion) -> Known {
        let Some(mut recorded) = self.lock() else {
            return Known::Nothing;
        };
        if let Some(answers) = &mut recorded.answers {
            return answers.to(asked).map_or(Known::Unanswered, Known::Answer);
        }
        let Some(before) = &recorded.before else {
            return Known::Nothing;
        };
        match before.calls.host_calls.get(recorded.calls.len()) {
            Some(known) if known.asked == *asked => Known::Answer(known.answer.clone()),
            None if !before.is_whole => Known::Nothing,
            _ => Known::Other,
        }
    }

    /// Something that was asked for could not be had, and might be had another time.
    pub(super) fn is_not_reproducible(&self) {
        if let Some(mut recorded) = self.lock() {
            recorded.is_reproducible = false;
        }
    }

    /// Nothing more is recorded, and a guest that goes on asking is refused.
    pub(super) fn close(&self) {
        if let Some(mut recorded) = self.lock() {
            recorded.is_closed = true;
        }
    }

    /// What was recorded, and nothing more is.
    pub(super) fn finish(&self) -> End {
        self.close();
        match self.lock() {
            Some(mut recorded) => End {
                host_calls: std::mem::take(&mut recorded.calls),
                is_reproducible: recorded.is_reproducible,
            },
            None => End {
                host_calls: Vec::new(),
                is_reproducible: false,
            },
        }
    }

    fn lock(&self) -> Option<MutexGuard<'_, Recorded>> {
        // A call is added whole or not at all, so a panic elsewhere leaves nothing half done.
        let recorded = self.0.as_ref()?;
        Some(recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Recorded {
    /// Whether this call was recorded before; an error when another one was. Then what ends the call is
    /// what it was held against, and not the call itself.
    fn was_recorded(&mut self, call: &HostCall) -> Result<bool, Refusal> {
        let was_recorded = self.held_against(call);
        self.is_reproducible &= was_recorded.is_ok();
        was_recorded
    }

    fn held_against(&self, call: &HostCall) -> Result<bool, Refusal> {
        let Some(before) = &self.before else {
            return Ok(false);
        };
        let number = self.calls.len() + 1;
        let diverged = |what: String| {
            Refusal(Text::from(format!(
                "the call diverged from its transcript: {what}"
            )))
        };
        match before.calls.host_calls.get(self.calls.len()) {
            Some(known) if known == call => Ok(true),
            Some(known) if known.asked == call.asked => Err(diverged(format!(
                "to host call {number}, {}, the answer was {} and is {} now",
                json(&call.asked),
                json(&known.answer),
                json(&call.answer)
            ))),
            Some(known) => Err(diverged(format!(
                "host call {number} was {} and is {} now",
                json(&known.asked),
                json(&call.asked)
            ))),
            None if before.is_whole => Err(diverged(format!(
                "there were {} host calls, and now there is another one, {}",
                number - 1,
                json(&call.asked)
            ))),
            None => Ok(false),
        }
    }
}

/// The most of a question or an answer that is repeated in words, in characters.
const SHOWN_CHARACTERS_MAX: usize = 200;

fn json(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    Text::from(json)
        .shortened(SHOWN_CHARACTERS_MAX)
        .raw()
        .to_owned()
}
