use std::sync::Arc;

use jiff::Timestamp;

use super::{SittingError, kill_point};
use crate::model::{
    BaseSource, Effects, Extent, Invocation, Progress, Record, Release, RunId, RunKey, RunState,
    RunSummary, Text,
};
use crate::pipeline::Configuration;
use crate::store::{Changes, Filter, NewRun, Store, StoreError};

/// Open runs of one target that are looked at: there is one, where nothing went wrong.
const OPEN_RUNS_MAX: u32 = 100;

/// What a run begins with.
pub struct Beginning<'a> {
    /// Where it is recorded.
    pub store: &'a Arc<dyn Store>,
    /// What decides.
    pub configuration: &'a Configuration,
    /// What is judged.
    pub release: &'a Release,
    /// What says where its range begins.
    pub source: BaseSource,
    /// How it was asked for.
    pub invocation: Invocation,
    /// An identifier that no run has.
    pub id: RunId,
    /// Random text that signatures on the run have to repeat.
    pub nonce: String,
    /// The time.
    pub now: Timestamp,
    /// Whether a release that was carried out on the target is carried out again.
    pub again: bool,
}

/// The run to sit on.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The run.
    pub run: RunSummary,
    /// Whether it was there before.
    pub is_found: bool,
}

/// Finds the open run of this subject under this configuration on this target, or makes it. One that
/// was carried out, or undone, and is the last one of the target is found too, so that nothing is
/// carried out twice in silence. A new run takes the place of older ones on the target, except where the outcome of an effect of theirs
/// is not known: a person has to say that first.
///
/// # Errors
///
/// When the store cannot be used, or an older run stands in the way.
pub async fn begin(beginning: Beginning<'_>) -> Result<Begun, SittingError> {
    let Beginning {
        store,
        configuration,
        release,
        source,
        invocation,
        id,
        nonce,
        now,
        again,
    } = beginning;
    let subject = &release.subject;
    let key = configuration.run_key(release);
    if let Some(run) = store.find(&key).await? {
        return Ok(Begun {
            run,
            is_found: true,
        });
    }
    let filter = |state| Filter {
        project: Some(key.project.raw().to_owned()),
        target: key.target.as_ref().map(|target| target.raw().to_owned()),
        state: Some(state),
    };
    // A process that was killed when all was done is asked for again by whoever did not see its end.
    if !again
        && let Some(last) = store.history(&filter(RunState::Finished), 1).await?.pop()
        && last.key == key
        && matches!(last.effects, Effects::Done | Effects::Undone)
    {
        return Ok(Begun {
            run: last,
            is_found: true,
        });
    }
    let supersedes = superseded(store, &key, &filter(RunState::Open)).await?;
    let run = NewRun {
        id: id.clone(),
        key: key.clone(),
        version: subject.version.clone(),
        head: subject.head.clone(),
        began: now,
        extent: Some(Extent {
            base: subject.base.clone(),
            previous: subject.previous.clone(),
            path: subject.path.clone(),
            totals: subject.totals,
            source,
        }),
    };
    let initiator = release
        .circumstances
        .ci
        .as_ref()
        .and_then(|ci| ci.initiator.clone());
    let began = Record::Began {
        initiator,
        nonce,
        invocation,
    };
    kill_point(|| "before-began".to_owned());
    let changes = Changes {
        entries: vec![(now, began)],
        ..Changes::default()
    };
    match store.begin(&run, &supersedes, changes).await {
        // Where another process was faster, its run is the one.
        Ok(()) | Err(StoreError::OpenAlready { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    kill_point(|| "after-began".to_owned());
    match store.find(&key).await? {
        Some(run) => Ok(Begun {
            is_found: run.id != id,
            run,
        }),
        None => Err(StoreError::NoRun {
            run: Text::from(id.as_str()),
            place: store.place(),
        }
        .into()),
    }
}

/// The open runs on the same target whose place a run takes.
async fn superseded(
    store: &Arc<dyn Store>,
    key: &RunKey,
    open: &Filter,
) -> Result<Vec<RunId>, SittingError> {
    let mut supersedes = Vec::new();
    for older in store.history(open, OPEN_RUNS_MAX).await? {
        if older.key.target != key.target {
            continue;
        }
        let effects = effects_of(store, &older).await?;
        if matches!(effects, Effects::Unknown | Effects::Incomplete) {
            return Err(SittingError::InTheWay {
                run: older.id,
                effects,
            });
        }
        supersedes.push(older.id);
    }
    Ok(supersedes)
}

/// What has become of the effects of an open run, by its journal: a process that was killed has left
/// no summary of what it began.
async fn effects_of(store: &Arc<dyn Store>, run: &RunSummary) -> Result<Effects, SittingError> {
    let progress = Progress::of(&store.journal(&run.id).await?);
    Ok(if progress.unknown().next().is_some() {
        Effects::Unknown
    } else if progress.failed().is_some() || progress.is_undoing() {
        Effects::Incomplete
    } else {
        run.effects
    })
}
