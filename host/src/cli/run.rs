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
use super::progress::Progress;
use super::{ExitCode, Failure, Format, Output};
use crate::model::{Circumstances, Digest, Release};
use crate::pipeline::{self, Configuration, Flags, Judged, Past, Prepared, RangeNotes, RunRecord};
use crate::release::{self, Repository};
use crate::report::human_run;
use crate::report::json::RunReport;

/// Decides about a release: go or no-go, and why
///
/// Reads the release from git, asks the plugins of each stage, and ends with the verdict's exit
/// code. Nothing is written, sent or run.
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

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Format,

    #[command(flatten)]
    release: ReleaseArguments,

    #[command(flatten)]
    configuration: ConfigurationArguments,

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
        self.at.map_or_else(
            || {
                let now = Timestamp::now();
                Timestamp::from_second(now.as_second()).unwrap_or(now)
            },
            |moment| moment.0,
        )
    }
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let record = judge(arguments, output)?;
    let code = ExitCode::of_run(&record, arguments.allow_untrusted);
    match output.format {
        Format::Json => output.put_json(&RunReport::new(&record, code.number()))?,
        Format::Human => {
            let mut page = output.page();
            human_run(&mut page, &record, output.detail);
            output.put(page)?;
        }
    }
    Ok(code)
}

fn judge(arguments: &Arguments, output: Output) -> Result<RunRecord, Failure> {
    let progress = Progress::new(output, "reading the configuration");
    let (repository, configuration) = arguments.configuration.load(arguments.release.flags())?;
    let configuration = Arc::new(configuration);
    let cache = arguments.cache.open();
    // Plugins are loaded while the release is read. What is wrong with the release is said first,
    // however long the plugins take: nobody waits for the thread then.
    let loading = {
        let (configuration, cache) = (Arc::clone(&configuration), cache.clone());
        std::thread::spawn(move || -> Result<Prepared, Failure> {
            Ok(pipeline::prepare(&configuration, &sandbox(cache)?)?)
        })
    };
    progress.say("reading the release".to_owned());
    let (release, range) = collect(arguments, &repository, &configuration, &progress)?;
    progress.say("loading plugins".to_owned());
    let prepared = loading
        .join()
        // A panic of the host stays one.
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let say = |now: pipeline::Progress<'_>| match now {
        pipeline::Progress::Stage { stage, plugins } => {
            progress.say(format!("stage {stage}: asking {plugins} plugins"));
        }
        pipeline::Progress::Called { stage, plugin, .. } => {
            progress.say(format!("stage {stage}: {plugin} has answered"));
        }
        pipeline::Progress::Compared { done, of } => {
            progress.say(format!("comparing with earlier releases: {done} of {of}"));
        }
    };
    let judged = Judged {
        tree: Arc::new(repository.tree(&release.subject.head)?),
        release: Arc::new(release),
    };
    let past = Past {
        repository: Arc::new(repository),
        cache,
    };
    let run = pipeline::run(&configuration, &prepared, judged, &range, &past, &say);
    Ok(tokio::runtime::Handle::current().block_on(run))
}

fn collect(
    arguments: &Arguments,
    repository: &Repository,
    configuration: &Configuration,
    progress: &Progress,
) -> Result<(Release, RangeNotes), Failure> {
    let query = configuration.query(repository);
    let collected = repository.collect(&query, &|commits| {
        progress.say(format!("reading the release: {commits} commits"));
    })?;
    let digest = Digest::of_json(&collected.subject);
    tracing::info!(
        commits = collected.subject.totals.commits,
        files = collected.subject.totals.files,
        base_tag = collected.base_tag.as_ref().map(|tag| tag.terminal().to_string()),
        %digest,
        "release read"
    );
    let circumstances = Circumstances {
        time: arguments.release.time(),
        zone: configuration.zone().to_owned(),
        ci: release::continuous_integration(|name| std::env::var(name).ok()),
        dirty: collected.dirty,
        dry_run: arguments.dry_run || arguments.release.at.is_some(),
    };
    let release = Release {
        subject: collected.subject,
        digest,
        circumstances,
    };
    let range = RangeNotes {
        narrowing: collected.narrowing,
        jump: collected.jump,
    };
    Ok((release, range))
}
