#![expect(
    clippy::disallowed_methods,
    reason = "the command line owns the environment and the folder that it was called in"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Error, new, shown, test};
use crate::cli::Failure;
use crate::cli::network::ProxyArguments;
use crate::cli::record::random_bits;
use crate::cli::run::{circumstances, sitting_time};
use crate::model::{Circumstances, Digest, Kind, Release, Text};
use crate::pipeline::{self, Configuration, Flags, Judged, Past};
use crate::plugin::Plugin;
use crate::plugin::components::Components;
use crate::release::{Query, Repository};
use crate::sandbox::{Case, HttpClient, Loaded, RecordedCase, Recording, Sandbox, expectation};
use crate::store::Cache;

/// What is recorded.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "To record a case")]
pub(super) struct RecordArguments {
    /// Make a case of a real range, such as v1.3.2..v1.4.0, and of what other systems answer now
    #[arg(long, value_name = "RANGE")]
    record: Option<String>,

    /// Name of the case [default: the range, without what cannot be in a name]
    #[arg(long, value_name = "NAME", requires = "record")]
    as_case: Option<String>,

    /// Folder in the git repository of the range
    #[arg(long, value_name = "FOLDER", default_value = ".", requires = "record")]
    repo: PathBuf,

    /// Pipeline file whose settings and grants count for the plugin; its `source` is the built file
    ///
    /// Without it the plugin has no settings and no grants. The file and the plugin lie outside of
    /// the repository of the range, as in a real run.
    #[arg(long, value_name = "FILE", requires = "record")]
    pipeline: Option<String>,

    /// The kind that is asked, where the plugin has several
    #[arg(long, value_name = "KIND", requires = "record")]
    kind: Option<String>,

    #[command(flatten)]
    proxy: ProxyArguments,
}

impl RecordArguments {
    pub(super) fn is_asked(&self) -> bool {
        self.record.is_some()
    }
}

/// What the operator's pipeline says of the plugin.
struct Granted {
    loaded: Loaded,
    /// The pipeline itself; none where none is named.
    configuration: Option<Configuration>,
    settings: serde_json::Value,
    query: Query,
    circumstances: Circumstances,
}

/// Calls the plugin on a real range, with what its operator grants, and writes down a case that comes
/// to the same without asking anybody. Gives the name of the case.
pub(super) fn record(
    arguments: &RecordArguments,
    folder: &Path,
    plugin: &Plugin,
    (sandbox, for_cases): (&Sandbox, &Loaded),
) -> Result<String, Failure> {
    let range = arguments.record.as_deref().unwrap_or_default();
    let refused = |reason: String, help| Error::Record {
        range: Text::from(range),
        reason,
        help,
    };
    let (from, to) = range.split_once("..").ok_or_else(|| {
        let help = "name two revisions, such as `--record v1.3.2..v1.4.0`";
        refused("it is no range".to_owned(), help)
    })?;
    let kind = kind(arguments, plugin).ok_or_else(|| {
        let help = "name one of its kinds with `--kind`";
        refused(
            "which kind of the plugin is asked is not known".to_owned(),
            help,
        )
    })?;
    let repository = Arc::new(Repository::open(&arguments.repo)?);
    let flags = Flags {
        from: (!from.is_empty()).then(|| from.to_owned()),
        to: (!to.is_empty()).then(|| to.to_owned()),
        ..Flags::default()
    };
    let granted = match &arguments.pipeline {
        Some(file) => {
            let client = arguments.proxy.client()?;
            granted(file, flags, plugin, (&repository, sandbox, &client))?
        }
        None => Granted {
            loaded: for_cases.clone(),
            configuration: None,
            settings: serde_json::Value::Object(serde_json::Map::new()),
            query: Query {
                from: flags.from,
                to: flags.to,
                ..Query::default()
            },
            circumstances: Circumstances {
                time: sitting_time(),
                zone: pipeline::DEFAULT_ZONE.to_owned(),
                ci: None,
                dirty: None,
                dry_run: true,
            },
        },
    };
    crate::plugin::check_settings(&plugin.manifest, &granted.settings).map_err(|error| {
        let help = "name a pipeline file with its settings, with `--pipeline`";
        refused(error.to_string(), help)
    })?;
    let judged = judged(repository, &granted)?;
    let release = &judged.release;
    let runtime = tokio::runtime::Handle::current();
    let case = asked(kind, &granted.settings)
        .map_err(|error| refused(error.to_string(), "report it with the plugin"))?;
    let mut call = case
        .call(&plugin.manifest.kinds)
        .map_err(|error| refused(error.to_string(), "name one of its kinds with `--kind`"))?;
    call.release = Arc::clone(release);
    call.recording = Some(Recording::new("case", None));
    let loaded = judged.in_reach_of(&granted.loaded);
    let record = runtime.block_on(loaded.call(call));
    let transcript = record
        .transcript
        .as_ref()
        .filter(|transcript| transcript.reproducible)
        .ok_or_else(|| {
            let help = "try again: it ran out of time, or what it read could not be read";
            refused("the same call would not come to the same".to_owned(), help)
        })?;
    let recorded = RecordedCase::new(transcript, release, (&judged.tree, &judged.evidence));
    let again = recorded.clone().case();
    let call = again
        .call(&plugin.manifest.kinds)
        .map_err(|error| refused(error.to_string(), "report it with the plugin"))?;
    let replayed = runtime.block_on(for_cases.for_case(&again).call(call));
    if expectation(&replayed.outcome) != expectation(&record.outcome) {
        let help = "report it with the plugin: a call follows from what it is given";
        return Err(refused(
            "it comes to something else without asking anybody".to_owned(),
            help,
        )
        .into());
    }
    let name = match &arguments.as_case {
        Some(name) => name.clone(),
        None => file_name(range),
    };
    write(folder, (&name, range), &recorded, release)?;
    Ok(name)
}

/// The range, with all that a plugin may be given of it.
fn judged(repository: Arc<Repository>, granted: &Granted) -> Result<Judged, Failure> {
    let collected = repository.collect(&granted.query, &|_| {})?;
    let tree = Arc::new(repository.tree(&collected.subject.head)?);
    let release = Arc::new(Release {
        digest: Digest::of_json(&collected.subject),
        subject: collected.subject,
        circumstances: granted.circumstances.clone(),
    });
    // What runs were recorded of is on the operator's machine; what is tagged is in the repository.
    let history = match &granted.configuration {
        Some(configuration) => {
            let past = Past {
                repository,
                cache: Cache::none(),
                recorded: Vec::new(),
                runs: Vec::new(),
            };
            pipeline::history(&past, configuration, &release)
        }
        None => Arc::default(),
    };
    Ok(Judged {
        release,
        tree,
        evidence: Arc::new(collected.evidence),
        history,
    })
}

/// The kind that is asked; none where it has several and none of them is named.
fn kind(arguments: &RecordArguments, plugin: &Plugin) -> Option<Kind> {
    match (&arguments.kind, plugin.manifest.kinds.as_slice()) {
        (None, [kind]) => Some(*kind),
        (named, kinds) => {
            let mut kinds = kinds.iter().copied();
            kinds.find(|kind| Some(kind.to_string()) == *named)
        }
    }
}

/// Writes a case down.
fn write(
    folder: &Path,
    (name, range): (&str, &str),
    recorded: &RecordedCase,
    release: &Release,
) -> Result<(), Error> {
    // What somebody wrote is not lost for a name that was chosen twice.
    let case = test::case_file(folder, name, "toml");
    if case.symlink_metadata().is_ok() {
        return Err(Error::CaseExists { path: shown(&case) });
    }
    let json = serde_json::to_string_pretty(recorded).unwrap_or_default();
    let file = test::case_file(folder, name, "recorded.json");
    new::write(&file, &format!("{json}\n"))?;
    let subject = &release.subject;
    let words = format!(
        "# Recorded from {} of {}: {} commits. What was released, and what other systems answered,\n\
         # is in the file that is named.\n\nrecorded = {:?}\n",
        Text::from(range).terminal(),
        subject.project.terminal(),
        subject.totals.commits,
        format!("{name}.recorded.json")
    );
    new::write(&case, &words)
}

/// What is asked of a plugin of this kind, whatever is released.
fn asked(kind: Kind, settings: &serde_json::Value) -> Result<Case, crate::sandbox::CaseError> {
    let text = format!("kind = \"{kind}\"\n");
    let case = Case::parse::<std::convert::Infallible>(&text, |_| Ok(String::new()));
    let Ok(case) = case;
    let mut case = case?;
    case.settings = settings.clone();
    Ok(case)
}

/// The plugin as the operator's pipeline has it.
fn granted(
    file: &str,
    flags: Flags,
    plugin: &Plugin,
    (repository, sandbox, client): (&Repository, &Sandbox, &HttpClient),
) -> Result<Granted, Failure> {
    let folder = std::env::current_dir().map_err(Failure::CurrentFolder)?;
    let configuration: Configuration = pipeline::load(pipeline::Request {
        repository,
        folder: &folder,
        pipeline: Some(file),
        policy: None,
        components: Some(&Components {
            cache: Cache::none(),
            client: Some(client.clone()),
        }),
        flags,
    })?;
    let mut plugins = configuration.plugins.iter();
    let used = plugins.find(|(_, resolved)| resolved.plugin.digest == plugin.digest);
    let (name, resolved) = used.ok_or_else(|| Error::Record {
        range: Text::from(file),
        reason: "it uses no plugin that is the one that was built".to_owned(),
        help: "let a plugin of the pipeline have the built file, below target/, as its `source`",
    })?;
    let variable = |name: &str| std::env::var_os(name);
    let random = format!("{:032x}", random_bits()?);
    let prepared = pipeline::prepare(&configuration, sandbox)?.connected(
        &configuration,
        client,
        repository,
        (&random, &variable),
    )?;
    let loaded = prepared.loaded(name).ok_or_else(|| Error::Record {
        range: Text::from(file),
        reason: "the plugin is not there".to_owned(),
        help: "use it in a stage or a channel",
    })?;
    Ok(Granted {
        loaded: loaded.clone(),
        settings: resolved.settings.clone(),
        query: configuration.query(repository),
        circumstances: circumstances(&configuration, sitting_time(), None, true),
        configuration: Some(configuration),
    })
}

/// A range as the name of a file.
fn file_name(range: &str) -> String {
    let plain = range.replace("..", "-to-");
    let name = plain.chars().map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() || "-_.".contains(letter) => letter,
        _ => '-',
    });
    name.collect::<String>().trim_start_matches('.').to_owned()
}
