#![expect(
    clippy::disallowed_methods,
    reason = "the command line owns the clock and the environment, and hands them down"
)]

use std::sync::Arc;

use jiff::Timestamp;
use semver::Version;

use super::cache::{CacheArguments, sandbox};
use super::configuration::ConfigurationArguments;
use super::moment::Moment;
use super::network::NetworkArguments;
use super::progress::Progress;
use super::record::{self, Reading, Recorded, StoreArguments, now, random_bits};
use super::signal::Cancellation;
use super::sit::Ready;
use super::{ExitCode, Failure, Format, Output};
use crate::model::{BaseSource, Circumstances, Digest, Invocation, Release, RunId, Text};
use crate::pipeline::{
    self, Beginning, Configuration, Flags, Judged, Past, Prepared, RangeNotes, RunRecord, Trust,
};
use crate::release::{self, EvidenceBytes, Query, Repository};
use crate::report::human_run;
use crate::report::json::RunReport;
use crate::store::Store;

/// Decides about a release: go or no-go, and why
///
/// Reads the release from git, asks the plugins of each stage, carries out what the pipeline says of
/// those that are go, and ends with the verdict's exit code. Every step is recorded before and after
/// it; a run that waits, was stopped or was cut goes on when the same is asked for again, or with
/// `holdpoint resume`. With --dry-run, or a pipeline that is not trusted, nothing is written, sent
/// or run, and nothing is recorded.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint run
  holdpoint run --from v1.3.2 --to main --as 1.4.0
  holdpoint run --pipeline origin/main:holdpoint.toml --target production --format json")]
pub(super) struct Arguments {
    /// Show effects and carry none out
    #[arg(long)]
    dry_run: bool,

    /// End with 0 on a go although the pipeline is not trusted: this is only a rehearsal
    #[arg(long)]
    allow_untrusted: bool,

    /// Begin anew although this release was the last one that was carried out, or undone, on the target
    #[arg(long)]
    again: bool,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Format,

    #[command(flatten)]
    release: ReleaseArguments,

    #[command(flatten)]
    configuration: ConfigurationArguments,

    #[command(flatten)]
    network: NetworkArguments,

    #[command(flatten)]
    store: StoreArguments,

    #[command(flatten)]
    cache: CacheArguments,
}

/// What is judged.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "What is judged")]
pub(super) struct ReleaseArguments {
    /// Revision that the range starts after [default: the last release]
    #[arg(long, value_name = "REVISION")]
    from: Option<String>,

    /// Revision that is judged [default: HEAD]
    #[arg(long, value_name = "REVISION")]
    to: Option<String>,

    /// Judge only commits that touch this path, relative to the root of the repository
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// Where the release is going, such as production
    #[arg(long, value_name = "NAME")]
    target: Option<String>,

    /// The version to be released [default: the tag on the judged commit, else what the commits ask
    /// for]
    #[arg(long = "as", value_name = "VERSION")]
    version: Option<Version>,

    /// Judge as if it were this time, such as 2026-11-22T10:00:00+01:00; implies --dry-run
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
}

impl ReleaseArguments {
    pub(super) fn flags(&self) -> Flags {
        Flags {
            from: self.from.clone(),
            to: self.to.clone(),
            path: self.path.clone(),
            target: self.target.clone(),
            version: self.version.clone(),
            at: self.at.map(|moment| moment.0),
        }
    }

    /// The sitting's time: given, or read from the clock. Whole seconds are what plugins get, so
    /// they are all that is read.
    pub(super) fn time(&self) -> Timestamp {
        self.at.map_or_else(sitting_time, |moment| moment.0)
    }
}

/// The clock as plugins get it: in whole seconds.
pub(super) fn sitting_time() -> Timestamp {
    let now = now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

pub(super) fn execute(
    arguments: &Arguments,
    output: Output,
    cancellation: &Cancellation,
) -> Result<ExitCode, Failure> {
    let progress = Progress::new(output, "reading the configuration");
    let runtime = tokio::runtime::Handle::current();
    let (ready, store) = prepare(arguments, &progress)?;
    let is_rehearsal = is_rehearsal(arguments, &ready.configuration);
    let store = match store {
        None if !is_rehearsal => runtime.block_on(open(&arguments.store, &ready.configuration))?,
        store => store,
    };
    let record = runtime.block_on(async {
        match store {
            None => ready.rehearse(&progress).await,
            Some(store) => {
                recorded(arguments, &ready, store, &progress, cancellation, output).await
            }
        }
    })?;
    drop(progress);
    finish(&record, arguments.allow_untrusted, output)
}

/// Whether nothing is carried out, sent or recorded.
fn is_rehearsal(arguments: &Arguments, configuration: &Configuration) -> bool {
    is_dry_run(arguments) || configuration.trust == Trust::Untrusted
}

fn is_dry_run(arguments: &Arguments) -> bool {
    arguments.dry_run || arguments.release.at.is_some()
}

/// What was released on the target before, and the store where it was opened for writing. What runs
/// on a target is where its next range begins: a run that is recorded cannot do without knowing it.
fn released(
    arguments: &Arguments,
    repository: &Repository,
    configuration: &Configuration,
) -> Result<(Recorded, Option<Arc<dyn Store>>), Failure> {
    let query = configuration.query(repository);
    let reading = Reading::of(configuration);
    let runtime = tokio::runtime::Handle::current();
    if is_rehearsal(arguments, configuration) {
        let recorded = arguments.store.recorded(repository, &query, reading);
        return Ok((runtime.block_on(recorded)?, None));
    }
    if query.target.is_none() {
        return Ok((Recorded::default(), None));
    }
    runtime.block_on(async {
        let store = arguments.store.open().await?;
        let recorded = record::recorded(&store, repository, &query, reading).await?;
        Ok((recorded, Some(store)))
    })
}

/// The store; none where it cannot be had and nothing of the run needs a record.
async fn open(
    arguments: &StoreArguments,
    configuration: &Configuration,
) -> Result<Option<Arc<dyn Store>>, Failure> {
    match arguments.open().await {
        Ok(store) => Ok(Some(store)),
        Err(error) if arguments.is_named() || configuration.needs_record() => Err(error),
        Err(error) => {
            tracing::warn!("the run is not recorded: {}", error.words());
            Ok(None)
        }
    }
}

/// Finds the run or makes it, and sits on it.
async fn recorded(
    arguments: &Arguments,
    ready: &Ready,
    store: Arc<dyn Store>,
    progress: &Progress,
    cancellation: &Cancellation,
    output: Output,
) -> Result<RunRecord, Failure> {
    let begun = pipeline::begin(Beginning {
        store: &store,
        configuration: &ready.configuration,
        release: &ready.judged.release,
        source: ready.range.source.clone().unwrap_or(BaseSource::Beginning),
        invocation: invocation(arguments),
        id: RunId::from_bits(random_bits()?),
        nonce: format!("{:032x}", random_bits()?),
        now: now(),
        again: arguments.again,
    })
    .await?;
    if begun.is_found {
        tracing::info!(run = %begun.run.id, "goes on with a run that was there before");
    }
    ready
        .sit(store, &begun.run, progress, cancellation, output)
        .await
}

fn invocation(arguments: &Arguments) -> Invocation {
    let text = |value: &Option<String>| value.as_deref().map(Text::from);
    let folder = std::env::current_dir().ok();
    Invocation {
        folder: folder.map(|folder| Text::from_bytes(folder.as_os_str().as_encoded_bytes())),
        pipeline: text(&arguments.configuration.pipeline),
        policy: text(&arguments.configuration.policy),
        from: text(&arguments.release.from),
        to: text(&arguments.release.to),
        path: text(&arguments.release.path),
        target: text(&arguments.release.target),
        version: arguments.release.version.clone(),
    }
}

/// Writes the report, and gives what the process ends with.
pub(super) fn finish(
    record: &RunRecord,
    allow_untrusted: bool,
    output: Output,
) -> Result<ExitCode, Failure> {
    let code = ExitCode::of_run(record, allow_untrusted);
    match output.format {
        Format::Json => output.put_json(&RunReport::new(record, code.number()))?,
        Format::Human => {
            let mut page = output.page();
            human_run(&mut page, record, output.detail);
            output.put(page)?;
        }
    }
    Ok(code)
}

fn prepare(
    arguments: &Arguments,
    progress: &Progress,
) -> Result<(Ready, Option<Arc<dyn Store>>), Failure> {
    let client = arguments.network.client()?;
    let components = arguments.network.components(&arguments.cache)?;
    let flags = arguments.release.flags();
    let (repository, configuration) = arguments.configuration.load(&components, flags)?;
    let configuration = Arc::new(configuration);
    let cache = components.cache;
    // Plugins are loaded while the release is read. What is wrong with the release is said first,
    // however long the plugins take: nobody waits for the thread then.
    let loading = {
        let (configuration, cache) = (Arc::clone(&configuration), cache.clone());
        std::thread::spawn(move || -> Result<Prepared, Failure> {
            Ok(pipeline::prepare(&configuration, &sandbox(cache)?)?)
        })
    };
    progress.say("reading the release".to_owned());
    let (recorded, store) = released(arguments, &repository, &configuration)?;
    let query = Query {
        recorded: recorded.releases,
        ..configuration.query(&repository)
    };
    let (release, evidence, range) =
        collect(arguments, &repository, &configuration, &query, progress)?;
    let tree = Arc::new(repository.tree(&release.subject.head)?);
    let past = Past {
        repository: Arc::new(repository),
        cache,
        recorded: query.recorded,
        runs: recorded.runs,
    };
    let history = pipeline::history(&past, &configuration, &release);
    progress.say("loading plugins".to_owned());
    let prepared = loading
        .join()
        // A panic of the host stays one.
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let judged = Judged {
        release: Arc::new(release),
        tree,
        evidence: Arc::new(evidence),
        history,
    };
    let ready = Ready {
        client,
        configuration,
        prepared,
        judged,
        range,
        past,
    };
    Ok((ready, store))
}

fn collect(
    arguments: &Arguments,
    repository: &Repository,
    configuration: &Configuration,
    query: &Query,
    progress: &Progress,
) -> Result<(Release, EvidenceBytes, RangeNotes), Failure> {
    let collected = repository.collect(query, &|commits| {
        progress.say(format!("reading the release: {commits} commits"));
    })?;
    let digest = Digest::of_json(&collected.subject);
    tracing::info!(
        commits = collected.subject.totals.commits,
        files = collected.subject.totals.files,
        begins_at = %collected.source.words().terminal(),
        %digest,
        "release read"
    );
    let dry_run = is_dry_run(arguments);
    let time = arguments.release.time();
    let circumstances = circumstances(configuration, time, collected.dirty, dry_run);
    let release = Release {
        subject: collected.subject,
        digest,
        circumstances,
    };
    let range = RangeNotes {
        narrowing: collected.narrowing,
        jump: collected.jump,
        source: Some(collected.source),
        passed_over: collected.passed_over,
    };
    Ok((release, collected.evidence, range))
}

/// What is known about this sitting.
pub(super) fn circumstances(
    configuration: &Configuration,
    time: Timestamp,
    dirty: Option<bool>,
    dry_run: bool,
) -> Circumstances {
    Circumstances {
        time,
        zone: configuration.zone().to_owned(),
        ci: release::continuous_integration(|name| std::env::var(name).ok()),
        dirty,
        dry_run,
    }
}
