use std::sync::Arc;

use jiff::SignedDuration;

use super::cache::{CacheArguments, sandbox};
use super::configuration::ConfigurationArguments;
use super::failure::Lacking;
use super::network::NetworkArguments;
use super::progress::Progress;
use super::record::{self, Reading, StoreArguments};
use super::run::{circumstances, finish, sitting_time};
use super::sign::{Saying, SignArguments};
use super::signal::Cancellation;
use super::sit::Ready;
use super::{ExitCode, Failure, Format, Output};
use crate::model::{
    Act, Assumed, EffectId, Invocation, Record, Release, RunState, RunSummary, Subject, Text,
};
use crate::pipeline::{self, Configuration, Flags, Judged, Past, RangeNotes, SittingError, Trust};
use crate::release::EvidenceBytes;
use crate::store::{Filter, Store, StoreError};

/// How long a word on what became of an effect holds, in hours.
const ASSUME_HOURS: i64 = 4;

/// Goes on with a run that waits, was stopped or was cut
///
/// Decides every stage again, with its own clock, and carries out what is not done yet: what was
/// done is never done again. What the run judges and what decides are what they were; where that has
/// changed, begin a new run.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint resume
  holdpoint resume 3f9a
  holdpoint resume 3f9a --assume deploy/run/1=done --reason 'the new version answers' --key ~/.ssh/id_ed25519")]
pub(super) struct Arguments {
    /// Identifier of the run, or its beginning [default: the only run that is open]
    #[arg(value_name = "RUN")]
    run: Option<String>,

    /// Say, with a signature, what became of an effect of which nobody knows it
    #[arg(long, value_name = "EFFECT=done|not-done", value_parser = assumed, requires = "reason")]
    assume: Option<(EffectId, Assumed)>,

    /// Why that is known
    #[arg(long, value_name = "TEXT", requires = "assume")]
    reason: Option<String>,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Format,

    #[command(flatten)]
    sign: SignArguments,

    #[command(flatten)]
    configuration: ConfigurationArguments,

    #[command(flatten)]
    network: NetworkArguments,

    #[command(flatten)]
    store: StoreArguments,

    #[command(flatten)]
    cache: CacheArguments,
}

fn assumed(text: &str) -> Result<(EffectId, Assumed), String> {
    let expected = "expected an effect and what became of it, such as `deploy/run/1=done`";
    let (effect, outcome) = text.split_once('=').ok_or(expected)?;
    let effect = effect
        .parse()
        .map_err(|error: crate::model::ParseEffectError| error.to_string())?;
    let outcome = [Assumed::Done, Assumed::NotDone]
        .into_iter()
        .find(|known| known.name() == outcome)
        .ok_or(expected)?;
    Ok((effect, outcome))
}

pub(super) fn execute(
    arguments: &Arguments,
    output: Output,
    cancellation: &Cancellation,
) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Handle::current();
    if let Some((effect, outcome)) = &arguments.assume {
        runtime.block_on(say(arguments, effect, *outcome, output))?;
        if arguments.sign.only_prints() {
            return Ok(ExitCode::GO);
        }
    }
    let progress = Progress::new(output, "reading the record");
    let (store, run, invocation) = runtime.block_on(find(arguments))?;
    let ready = prepare(arguments, &store, &run, &invocation, &progress)?;
    let record = runtime.block_on(ready.sit(store, &run, &progress, cancellation, output))?;
    drop(progress);
    finish(&record, false, output)
}

/// Signs what became of an effect.
async fn say(
    arguments: &Arguments,
    effect: &EffectId,
    outcome: Assumed,
    output: Output,
) -> Result<(), Failure> {
    let run = open_run(arguments).await?.1;
    let saying = Saying::read(&arguments.store, run.id.as_str()).await?;
    let binding = saying.binding(saying.decision(Some(&effect.stage), |_| true)?);
    let act = Act::Assume {
        effect: effect.clone(),
        outcome,
    };
    let valid = SignedDuration::from_hours(ASSUME_HOURS);
    let reason = arguments.reason.as_deref();
    // What comes next is this very sitting.
    saying
        .keep(&arguments.sign, (act, binding), reason, valid, output)
        .await
}

/// The run that is meant.
async fn open_run(arguments: &Arguments) -> Result<(Arc<dyn Store>, RunSummary), Failure> {
    let store = arguments.store.open().await?;
    if let Some(run) = &arguments.run {
        let run = store.run(run).await?;
        return Ok((store, run));
    }
    let filter = Filter {
        state: Some(RunState::Open),
        ..Filter::default()
    };
    let mut open = store.history(&filter, 2).await?;
    match (open.pop(), open.pop()) {
        (Some(run), None) => Ok((store, run)),
        (None, _) => Err(Lacking::Open.into()),
        (Some(_), Some(_)) => Err(Lacking::OneOpen.into()),
    }
}

async fn find(arguments: &Arguments) -> Result<(Arc<dyn Store>, RunSummary, Invocation), Failure> {
    let (store, run) = open_run(arguments).await?;
    let entries = store.journal(&run.id).await?;
    let invocation = entries.into_iter().find_map(|entry| match entry.record {
        Record::Began { invocation, .. } => Some(invocation),
        _ => None,
    });
    match invocation {
        Some(invocation) => Ok((store, run, invocation)),
        None => Err(StoreError::NoRun {
            run: Text::from(run.id.as_str()),
            place: store.place(),
        }
        .into()),
    }
}

/// Reads again what decided, and takes what was judged from the record.
fn prepare(
    arguments: &Arguments,
    store: &Arc<dyn Store>,
    run: &RunSummary,
    invocation: &Invocation,
    progress: &Progress,
) -> Result<Ready, Failure> {
    let raw = |text: &Option<Text>| text.as_ref().map(|text| text.raw().to_owned());
    let flags = Flags {
        from: raw(&invocation.from),
        to: raw(&invocation.to),
        path: raw(&invocation.path),
        target: raw(&invocation.target),
        version: invocation.version.clone(),
        at: None,
    };
    let components = arguments.network.components(&arguments.cache)?;
    let (repository, configuration) =
        arguments
            .configuration
            .load_again(invocation, &components, flags)?;
    if configuration.digest != run.key.configuration {
        let run = run.id.clone();
        return Err(SittingError::Changed { run }.into());
    }
    // The same words, and yet the change under judgement could have written them.
    if configuration.trust == Trust::Untrusted {
        let run = run.id.clone();
        return Err(SittingError::Untrusted { run }.into());
    }
    let configuration = Arc::new(configuration);
    progress.say("reading the release".to_owned());
    let query = configuration.query(&repository);
    let recorded = record::recorded(store, &repository, &query, Reading::of(&configuration));
    let recorded = tokio::runtime::Handle::current().block_on(recorded)?;
    let subject = tokio::runtime::Handle::current()
        .block_on(store.document(&run.key.subject))?
        .ok_or_else(|| SittingError::NoSubject {
            run: run.id.clone(),
        })?;
    let subject: Subject = serde_json::from_slice(&subject).map_err(SittingError::Subject)?;
    let evidence = evidence(store, &configuration, (&subject, run))?;
    progress.say("loading plugins".to_owned());
    let cache = arguments.cache.open();
    let prepared = pipeline::prepare(&configuration, &sandbox(cache.clone())?)?;
    let release = Release {
        circumstances: circumstances(&configuration, sitting_time(), None, false),
        digest: run.key.subject,
        subject,
    };
    let tree = Arc::new(repository.tree(&release.subject.head)?);
    let past = Past {
        repository: Arc::new(repository),
        cache,
        recorded: recorded.releases,
        runs: recorded.runs,
    };
    let history = pipeline::history(&past, &configuration, &release);
    Ok(Ready {
        client: arguments.network.client()?,
        prepared,
        judged: Judged {
            release: Arc::new(release),
            tree,
            evidence: Arc::new(evidence),
            history,
        },
        configuration,
        range: RangeNotes {
            source: run.extent.as_ref().map(|extent| extent.source.clone()),
            ..RangeNotes::default()
        },
        past,
    })
}

/// The evidence that plugins may read, as it was when the run began: the files may be gone, and what
/// lies in their places is not what was judged.
fn evidence(
    store: &Arc<dyn Store>,
    configuration: &Configuration,
    (subject, run): (&Subject, &RunSummary),
) -> Result<EvidenceBytes, Failure> {
    let mut files = Vec::new();
    for item in &subject.evidence {
        if !configuration.gives_evidence(item.name.raw()) {
            continue;
        }
        let document = store.document(&item.digest);
        let document = tokio::runtime::Handle::current().block_on(document)?;
        files.push(document.ok_or_else(|| SittingError::NoEvidence {
            run: run.id.clone(),
            name: item.name.clone(),
        })?);
    }
    Ok(EvidenceBytes::new(files))
}
