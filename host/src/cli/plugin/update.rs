use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use super::take::{Fetched, TakeArguments, fetch, write_lock};
use super::vendored::VendoredFolder;
use super::{Error, tell};
use crate::cli::{ExitCode, Failure, Output};
use crate::model::{Capability, Text};
use crate::pipeline::Taking;
use crate::plugin::components::{Components, Wanted};
use crate::plugin::lock::{Lock, Locked, names};
use crate::plugin::registry::Reference;
use crate::plugin::{self, Plugin, Source};
use crate::report::Page;

/// Looks what the plugins of a pipeline are now, shows the difference, and takes it
///
/// A plugin that asks for more than before, or that somebody else signed, is taken only with
/// --accept: without it nothing is written, and the exit code is 2. The difference is on standard
/// output either way.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint plugin update
  holdpoint plugin update tickets --accept
  holdpoint plugin update --from /media/stick/holdpoint-vendor
  holdpoint plugin update --format json | jq '.plugins[] | select(.wider != [])'")]
pub(super) struct Arguments {
    /// Plugins, as the pipeline calls them [default: all of holdpoint.lock]
    #[arg(value_name = "NAME")]
    plugins: Vec<String>,

    /// Take what a folder has that `holdpoint plugin vendor` wrote, and ask no registry
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,

    /// Take also what asks for more, or is signed by somebody else
    #[arg(long)]
    accept: bool,

    #[command(flatten)]
    pub(super) take: TakeArguments,
}

#[derive(Serialize)]
struct Report {
    plugins: Vec<Updated>,
    /// Whether holdpoint.lock has them now.
    written: bool,
}

/// What became of a plugin.
#[derive(Serialize)]
struct Updated {
    name: String,
    source: String,
    /// What differs; empty where it is what it was.
    differences: Vec<Difference>,
    /// What it asks for and did not before.
    wider: BTreeSet<Capability>,
    /// Whether somebody else signed it.
    other_signer: bool,
}

#[derive(Serialize)]
struct Difference {
    what: &'static str,
    before: String,
    now: String,
}

impl Updated {
    fn needs_accepting(&self) -> bool {
        !self.wider.is_empty() || self.other_signer
    }
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let components = arguments.take.components()?;
    let taking = Taking::open(&arguments.take.pipeline)?;
    let mut lock = taking.lock()?;
    let folder = arguments.from.as_deref().map(VendoredFolder::open);
    let folder = folder.transpose()?;
    let mut plugins = Vec::new();
    let mut taken = Vec::new();
    for name in chosen(arguments, (&taking, folder.as_ref()), &lock)? {
        let Some(before) = lock.get(&name).cloned() else {
            continue;
        };
        // The pipeline file says where it comes from; the lock, where it came from.
        let source = taking.source_of(&name).unwrap_or(&before.source);
        let fetched = match &folder {
            None => fetch(&taking, source, &components)?,
            Some(folder) => folder.fetch_from(&name, source)?,
        };
        let named = (name.as_str(), source);
        let signers = taking.signers(named, &fetched.plugin, &fetched.bundles)?;
        let now = fetched.locked(source, signers);
        if now == before {
            plugins.push(Updated {
                name,
                source: before.source,
                differences: Vec::new(),
                wider: BTreeSet::new(),
                other_signer: false,
            });
            continue;
        }
        let old = old(&taking, &before, &components)?;
        plugins.push(updated(&name, (&before, old.as_ref()), (&now, &fetched)));
        lock.insert(&name, now);
        taken.push(fetched);
    }
    let is_refused = !arguments.accept && plugins.iter().any(Updated::needs_accepting);
    let written = !is_refused && plugins.iter().any(|one| !one.differences.is_empty());
    if written {
        if let Some(folder) = &folder {
            folder.copy(&taking, &taken, &lock)?;
            for fetched in &taken {
                fetched.keep(&components);
            }
        }
        write_lock(taking.folder(), &lock)?;
    }
    let report = Report { plugins, written };
    tell(arguments.take.format, output, &report, |page, report| {
        human(page, report, is_refused);
    })?;
    Ok(if is_refused {
        ExitCode::USAGE
    } else {
        ExitCode::GO
    })
}

/// The names that are meant.
fn chosen(
    arguments: &Arguments,
    (taking, folder): (&Taking, Option<&VendoredFolder>),
    lock: &Lock,
) -> Result<Vec<String>, Error> {
    if arguments.plugins.is_empty() {
        let locked = lock.plugins().map(|(name, _)| name);
        let is_there = |name: &&str| folder.is_none_or(|folder| folder.has(name));
        let used = locked.filter(|name| taking.source_of(name).is_some() && is_there(name));
        let used: Vec<String> = used.map(str::to_owned).collect();
        return match folder {
            Some(folder) if used.is_empty() => Err(folder.lacks_all()),
            _ => Ok(used),
        };
    }
    for name in &arguments.plugins {
        if lock.get(name).is_none() {
            return Err(Error::NotLocked {
                name: Text::from(name.as_str()),
            });
        }
    }
    Ok(arguments.plugins.clone())
}

/// The plugin as it was, if its bytes are still to be had: what its lock does not say, it does.
fn old(
    taking: &Taking,
    before: &Locked,
    components: &Components,
) -> Result<Option<Plugin>, Failure> {
    let bytes = match before.source.parse::<Reference>() {
        // One of a file is kept where it was taken from it.
        Err(_) => components.kept(&before.digest),
        Ok(reference) => {
            let access = taking.access(reference.host())?;
            let bytes = components.component(Wanted {
                reference: &reference,
                locked: before,
                access: Some(&access),
                vendored: &|_, _| None,
            });
            bytes
                .inspect_err(|error| {
                    tracing::warn!(%error, "what the plugin was before is not to be had");
                })
                .ok()
        }
    };
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    Ok(plugin::read_component(Source::Registry(before.source.clone()), bytes.into()).ok())
}

fn updated(
    name: &str,
    (before, old): (&Locked, Option<&Plugin>),
    (now, fetched): (&Locked, &Fetched),
) -> Updated {
    let mut differences = Vec::new();
    let mut differs = |what, before: String, now: String| {
        if before != now {
            differences.push(Difference { what, before, now });
        }
    };
    differs("source", before.source.clone(), now.source.clone());
    differs(
        "version",
        before.version.to_string(),
        now.version.to_string(),
    );
    differs("digest", before.digest.to_string(), now.digest.to_string());
    differs("size", before.size.to_string(), now.size.to_string());
    differs("signed by", names(&before.signers), names(&now.signers));
    differs("kinds", names(&before.kinds), names(&now.kinds));
    differs(
        "asks for",
        names(&before.capabilities),
        names(&now.capabilities),
    );
    let new = &fetched.plugin;
    if before.digest != now.digest {
        let unknown = || "not known: its bytes are gone".to_owned();
        differs("rules", old.map_or_else(unknown, rules), rules(new));
        differs(
            "settings",
            old.map_or_else(unknown, settings),
            settings(new),
        );
    }
    let capabilities = &now.capabilities;
    Updated {
        name: name.to_owned(),
        source: now.source.clone(),
        wider: capabilities
            .difference(&before.capabilities)
            .copied()
            .collect(),
        other_signer: before.signers != now.signers,
        differences,
    }
}

/// The rules of a plugin, with how much they matter.
fn rules(plugin: &Plugin) -> String {
    let rules = plugin.manifest.rules.iter();
    let rules: BTreeSet<String> = rules
        .map(|rule| format!("{} ({})", rule.id, rule.severity))
        .collect();
    names(&rules)
}

/// The settings of a plugin, with the whole of what each may be.
fn settings(plugin: &Plugin) -> String {
    let properties = plugin.manifest.settings["properties"].as_object();
    let settings: BTreeSet<String> = properties
        .into_iter()
        .flatten()
        .map(|(key, schema)| format!("{key}: {schema}"))
        .collect();
    names(&settings)
}

fn human(page: &mut Page, report: &Report, is_refused: bool) {
    for one in &report.plugins {
        page.text(0, &one.name);
        if one.differences.is_empty() {
            page.text(2, "is what it was.");
            continue;
        }
        for difference in &one.differences {
            page.field(difference.what, &difference.before);
            page.field("", &format!("→ {}", difference.now));
        }
        if !one.wider.is_empty() {
            page.text(
                2,
                &format!("It asks for more than before: {}.", names(&one.wider)),
            );
        }
        if one.other_signer {
            page.text(2, "Somebody else signed it than before.");
        }
    }
    page.gap();
    page.text(
        0,
        if is_refused {
            "Nothing was written. Read what it may do now; to take it, say --accept."
        } else if report.written {
            "holdpoint.lock has it. Commit it."
        } else {
            "Nothing differs."
        },
    );
}
