use std::path::Path;

use serde::Serialize;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value};

use super::take::{Fetched, TakeArguments, fetch, replace, write_lock};
use super::vendored::VendoredFolder;
use super::{Error, shown, tell};
use crate::cli::{ExitCode, Failure, Output};
use crate::model::{Capability, Digest, Kind, Text};
use crate::pipeline::{STAGE_KINDS, Taking};
use crate::plugin::components::Components;
use crate::plugin::lock::{Lock, Locked};
use crate::plugin::registry::Reference;
use crate::plugin::{self, Plugin};
use crate::report::Page;

/// Takes a plugin into a pipeline: looks at it, and writes down which bytes it is
///
/// The tag of a plugin in a registry is looked up once; from then on holdpoint.lock says which bytes
/// are run, who signed them and what they may ask for. Nothing of the plugin is run. From a folder that
/// `holdpoint plugin vendor` wrote every plugin is taken, with the registry that it came from as its
/// source and its bytes beside the pipeline: no registry is asked.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint plugin add oci://registry.example.com/vendor/tickets:2 --stage policy
  holdpoint plugin add no-fridays/target/no-fridays.wasm --stage policy
  holdpoint plugin add /media/stick/holdpoint-vendor
  holdpoint plugin add oci://registry.example.com/vendor/tickets:2 --name tickets --pipeline ci/holdpoint.toml")]
pub(super) struct Arguments {
    /// Where it is: `oci://HOST/NAME:TAG`, a file, or a folder that `holdpoint plugin vendor` wrote
    #[arg(value_name = "SOURCE")]
    source: String,

    /// What the pipeline calls it [default: its own name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Stage that asks it, which is made where there is none of the name
    #[arg(long, value_name = "ID")]
    stage: Option<String>,

    #[command(flatten)]
    pub(super) take: TakeArguments,
}

/// What was taken.
#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    One(Taken),
    Folder { folder: String, plugins: Vec<Taken> },
}

/// A plugin that was taken.
#[derive(Serialize)]
struct Taken {
    name: String,
    source: String,
    version: String,
    digest: Digest,
    size: u64,
    signers: Vec<Digest>,
    kinds: Vec<Kind>,
    capabilities: Vec<Asked>,
    pipeline: String,
    /// Whether a stage or a channel of the pipeline uses it.
    used: bool,
}

/// What a plugin asks for.
#[derive(Serialize)]
struct Asked {
    capability: Capability,
    reason: String,
    granted: bool,
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let report = take(arguments)?;
    tell(arguments.take.format, output, &report, human)?;
    Ok(ExitCode::GO)
}

/// A plugin that is to be taken.
struct Found {
    /// What the pipeline calls it.
    name: String,
    /// Whether it was the operator who named it.
    is_named: bool,
    source: String,
    fetched: Fetched,
}

fn take(arguments: &Arguments) -> Result<Report, Failure> {
    let file = &arguments.take.pipeline;
    let components = arguments.take.components()?;
    let taking = Taking::open_or_begin(file)?;
    let path = Path::new(&arguments.source);
    let is_folder = !Reference::is_meant(&arguments.source) && path.is_dir();
    let folder = is_folder.then(|| VendoredFolder::open(path)).transpose()?;
    let found = match &folder {
        Some(folder) => found_in(folder, arguments, &components)?,
        None => vec![found(arguments, &taking, &components)?],
    };
    let mut lock = taking.lock()?;
    // What stands at the top of a new file has nothing after it, and would come to its end.
    let (words, mut text) = if taking.is_new() {
        (taking.text(), String::new())
    } else {
        ("", taking.text().to_owned())
    };
    let mut taken = Vec::new();
    for one in &found {
        let locked = locked(one, &taking, &lock)?;
        let plugin = &one.fetched.plugin;
        let stage = stage(arguments, &taking, plugin);
        let edited = edited(&text, (&one.name, &one.source), stage.as_deref(), plugin);
        text = edited.map_err(|why| Error::Edit {
            path: shown(file),
            why,
        })?;
        taken.push(Taken::new(
            one,
            &locked,
            stage.is_some() || taking.uses(&one.name),
            &taking,
            file,
        ));
        lock.insert(&one.name, locked);
    }
    let edited = format!("{words}{text}");
    taking.check(&edited)?;
    if let Some(folder) = &folder {
        folder.copy(&taking, found.iter().map(|one| &one.fetched), &lock)?;
    }
    // The lock first: a pipeline file without it would name a plugin that nothing is known of.
    write_lock(taking.folder(), &lock)?;
    if taking.is_new() || edited != taking.text() {
        replace(taking.file(), edited.as_bytes())?;
    }
    Ok(match folder {
        Some(_) => Report::Folder {
            folder: arguments.source.clone(),
            plugins: taken,
        },
        None => Report::One(taken.remove(0)),
    })
}

/// The plugin of a registry or a file.
fn found(
    arguments: &Arguments,
    taking: &Taking,
    components: &Components,
) -> Result<Found, Failure> {
    let source = if Reference::is_meant(&arguments.source) {
        arguments.source.clone()
    } else {
        relative(Path::new(&arguments.source), taking.folder())?
    };
    let fetched = fetch(taking, &source, components)?;
    let own = || fetched.plugin.manifest.name.clone();
    Ok(Found {
        name: arguments.name.clone().unwrap_or_else(own),
        is_named: arguments.name.is_some(),
        source,
        fetched,
    })
}

/// The plugins of a folder.
fn found_in(
    folder: &VendoredFolder,
    arguments: &Arguments,
    components: &Components,
) -> Result<Vec<Found>, Error> {
    let count = folder.plugins().count();
    if arguments.name.is_some() && count > 1 {
        return Err(Error::Folder {
            path: Text::from(arguments.source.as_str()),
            why: format!("it has {count} plugins, and --name is for one"),
            help: "leave --name out: they are called what they are called there".to_owned(),
        });
    }
    let found = folder.plugins().map(|(name, locked)| {
        let fetched = folder.fetch(name, locked)?;
        fetched.keep(components);
        Ok(Found {
            name: arguments.name.clone().unwrap_or_else(|| name.to_owned()),
            is_named: arguments.name.is_some(),
            source: locked.source.clone(),
            fetched,
        })
    });
    found.collect()
}

/// What is written down of a plugin, if nothing is in its way.
fn locked(found: &Found, taking: &Taking, lock: &Lock) -> Result<Locked, Failure> {
    let Found {
        name,
        is_named,
        source,
        fetched,
    } = found;
    let before = taking.source_of(name);
    let before = before.or_else(|| lock.get(name).map(|locked| locked.source.as_str()));
    let taken = |before: &str| Error::Taken {
        name: Text::from(name.as_str()),
        before: Text::from(before),
        now: Text::from(source.as_str()),
    };
    if let Some(before) = before
        && before != source
    {
        return Err(taken(before).into());
    }
    // Nobody takes the place of what the file uses already by calling a plugin as that.
    let is_standard = plugin::embedded_names().any(|embedded| embedded == name);
    if is_standard || (!is_named && before.is_none() && taking.names(name)) {
        return Err(taken("embedded").into());
    }
    let signers = taking.signers((name, source), &fetched.plugin, &fetched.bundles)?;
    let locked = fetched.locked(source, signers);
    // What differs from what was taken before is for `update` to show.
    if lock.get(name).is_some_and(|before| *before != locked) {
        return Err(Error::Other {
            name: Text::from(name.as_str()),
        }
        .into());
    }
    Ok(locked)
}

/// The stage that is to ask a plugin.
fn stage(arguments: &Arguments, taking: &Taking, plugin: &Plugin) -> Option<String> {
    match &arguments.stage {
        Some(stage) => Some(stage.clone()),
        // A pipeline without a stage decides nothing.
        None if taking.is_new() => {
            let mut kinds = plugin.manifest.kinds.iter();
            let kind = kinds.find(|kind| STAGE_KINDS.contains(kind));
            kind.map(ToString::to_string)
        }
        None => None,
    }
}

impl Taken {
    fn new(found: &Found, locked: &Locked, used: bool, taking: &Taking, pipeline: &Path) -> Self {
        let plugin = &found.fetched.plugin;
        let grants = taking.grants(&found.name);
        let capabilities = plugin.manifest.capabilities.iter();
        Self {
            name: found.name.clone(),
            source: found.source.clone(),
            version: locked.version.to_string(),
            digest: locked.digest,
            size: locked.size,
            signers: locked.signers.iter().copied().collect(),
            kinds: plugin.manifest.kinds.clone(),
            capabilities: capabilities
                .map(|request| Asked {
                    capability: request.capability,
                    reason: request.reason.clone(),
                    granted: grants.allow(request.capability),
                })
                .collect(),
            pipeline: pipeline.to_string_lossy().into_owned(),
            used,
        }
    }
}

/// A path as it stands in a file in this folder: relative where it lies below it.
fn relative(path: &Path, folder: &Path) -> Result<String, Error> {
    let found = path.canonicalize().map_err(|source| {
        let path_shown = shown(path);
        if source.kind() == std::io::ErrorKind::NotFound {
            let meant = Reference::meant_by(path_shown.raw()).map(Box::new);
            return Error::NoSource {
                path: path_shown,
                meant,
            };
        }
        Error::File {
            path: path_shown,
            source,
        }
    })?;
    let found = found.strip_prefix(folder).unwrap_or(&found);
    let found = found.to_str().ok_or_else(|| Error::Edit {
        path: shown(path),
        why: "its path is no UTF-8".to_owned(),
    })?;
    Ok(found.to_owned())
}

/// The pipeline file with the plugin in it, and everything else as it was.
fn edited(
    text: &str,
    (name, source): (&str, &str),
    stage: Option<&str>,
    plugin: &Plugin,
) -> Result<String, String> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    let plugins = document.entry("plugins").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let plugins = plugins.as_table_like_mut().ok_or("`plugins` is no table")?;
    let table = plugins
        .entry(name)
        .or_insert_with(|| Item::Table(Table::new()));
    let table = table
        .as_table_like_mut()
        .ok_or_else(|| format!("`plugins.{name}` is no table"))?;
    if !table.contains_key("source") {
        table.insert("source", toml_edit::value(source));
    }
    let Some(stage) = stage else {
        return Ok(document.to_string());
    };
    let stages = document
        .entry("stages")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let stages = stages
        .as_array_of_tables_mut()
        .ok_or("`stages` is not written as [[stages]]")?;
    let is_it = |table: &Table| table.get("id").and_then(Item::as_str) == Some(stage);
    let number = stages.iter().position(is_it).unwrap_or(stages.len());
    if number == stages.len() {
        let mut table = Table::new();
        table.insert("id", toml_edit::value(stage));
        stages.push(table);
    }
    let table = stages.get_mut(number).ok_or("there is no such stage")?;
    let used = table
        .entry("use")
        .or_insert_with(|| toml_edit::value(Array::new()));
    let used = used
        .as_array_mut()
        .ok_or_else(|| format!("`use` of the stage `{stage}` is no list"))?;
    let names = |value: &Value| match value {
        Value::String(text) => text.value() == name,
        Value::InlineTable(table) => table.get("plugin").and_then(Value::as_str) == Some(name),
        _ => false,
    };
    if used.iter().any(names) {
        return Ok(document.to_string());
    }
    // One of several kinds is asked the first of them: the file has to say which.
    match plugin.manifest.kinds.as_slice() {
        [_] | [] => used.push(name),
        [kind, ..] => {
            let mut entry = toml_edit::InlineTable::new();
            entry.insert("plugin", name.into());
            entry.insert("kind", kind.to_string().into());
            used.push(Value::InlineTable(entry));
        }
    }
    Ok(document.to_string())
}

fn human(page: &mut Page, report: &Report) {
    match report {
        Report::One(taken) => human_one(page, taken),
        Report::Folder { plugins, .. } => {
            for (number, taken) in plugins.iter().enumerate() {
                if number > 0 {
                    page.gap();
                }
                human_one(page, taken);
            }
        }
    }
}

fn human_one(page: &mut Page, report: &Taken) {
    page.text(
        0,
        &format!(
            "{} {} is taken into {}.",
            report.name, report.version, report.pipeline
        ),
    );
    page.gap();
    page.field("source", &report.source);
    page.field("digest", &report.digest.to_string());
    page.field("size", &format!("{} bytes", report.size));
    let signers: Vec<String> = report.signers.iter().map(ToString::to_string).collect();
    page.field(
        "signed by",
        &match signers.as_slice() {
            [] => "[trust] asks for no signature".to_owned(),
            signers => signers.join(", "),
        },
    );
    let kinds: Vec<String> = report.kinds.iter().map(ToString::to_string).collect();
    page.field("kinds", &kinds.join(", "));
    let mut first = "asks for";
    for asked in &report.capabilities {
        page.field(first, &format!("{}: {}", asked.capability, asked.reason));
        first = "";
    }
    if report.capabilities.is_empty() {
        page.field(first, "nothing");
    }
    let missing = report.capabilities.iter().filter(|asked| !asked.granted);
    for asked in missing {
        let error = plugin::Error::NotGranted {
            plugin: Text::from(report.name.as_str()),
            capability: asked.capability,
            reason: Text::from(asked.reason.as_str()),
        };
        page.gap();
        page.text(0, &format!("{} is not granted yet:", asked.capability));
        for line in error.help().lines() {
            page.text(2, line);
        }
    }
    page.gap();
    page.text(
        0,
        &if report.used {
            format!("Next: commit {} and holdpoint.lock.", report.pipeline)
        } else {
            format!(
                "Next: let a stage `use = [\"{}\"]` it, and commit {} and holdpoint.lock.",
                report.name, report.pipeline
            )
        },
    );
}
