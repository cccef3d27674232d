use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use holdpoint_build::nearest;

use super::Trust;
use super::beside;
use super::beside::read_beside;
use super::file::RuleSetting;
use super::keyring::{Signer, signers};
use super::parse::locate;
use super::place::{NamedBy, place};
use super::plan::{Plan, PluginPlan, Set, StagePlan, UsePlan};
use super::problem::{ConfigurationError, Problem};
use super::quantity::Size;
use super::registries::Beside;
use super::source::{Origin, Site};
use crate::model::{Digest, Grants, Kind, Text};
use crate::plugin::components::{Components, Wanted};
use crate::plugin::lock::Locked;
use crate::plugin::registry::Reference;
use crate::plugin::signature::{Signature, SignatureError, read_signature};
use crate::plugin::{self, Plugin};
use crate::release::Repository;

/// The kinds that a stage can call. Notify plugins are called for events.
pub const STAGE_KINDS: [Kind; 6] = [
    Kind::Policy,
    Kind::Risk,
    Kind::Resource,
    Kind::Document,
    Kind::Action,
    Kind::Verify,
];

/// The word for a plugin that is part of the program.
const EMBEDDED: &str = "embedded";

/// A plugin of the pipeline, read and held against what the pipeline says of it.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The plugin.
    pub plugin: Plugin,
    /// Its settings as JSON.
    pub settings: serde_json::Value,
    /// What it may use beyond the release itself.
    pub grants: Grants,
    /// Who signed it, by the word of each file that asks for a signature.
    pub signers: Vec<Signer>,
    /// Where the pipeline speaks of it first.
    pub site: Site,
}

/// Reads every plugin that a stage or a channel uses. Trust falls when one lies where the change under judgement
/// could have put it.
pub(super) fn resolve(
    plan: &Plan,
    shelf: Shelf<'_>,
) -> Result<(BTreeMap<String, Resolved>, Trust), ConfigurationError> {
    let (folder, repository) = (shelf.folder, shelf.repository);
    let mut trust = Trust::Trusted;
    let mut plugins = BTreeMap::new();
    let by_stages = uses(plan).map(|(stage, used)| (&stage.id, &used.plugin, &used.site));
    let by_channels = plan
        .channels
        .iter()
        .map(|(name, channel)| (name, &channel.plugin, &channel.site));
    for (user, name, site) in by_stages.chain(by_channels) {
        if plugins.contains_key(name) {
            continue;
        }
        let Some(plugin) = plan.plugins.get(name) else {
            return Err(site.error(unknown(plan, name, user)));
        };
        let taken = shelf.take(plan, name, plugin)?;
        if taken.trust == Trust::Untrusted {
            trust = Trust::Untrusted;
        }
        let read = &taken.plugin;
        let written = plugin.source.as_ref();
        let named = written.map_or(name.as_str(), |source| source.value.as_str());
        let named = (name.as_str(), named, source_site(plugin));
        let signatures = || shelf.signatures(plan, name, plugin, &taken);
        let beside = |path: &str, site: &Site| read_beside(path, site, folder, repository);
        let signed = signers(plan, named, read, &signatures, &beside)?;
        if signed.trust == Trust::Untrusted {
            trust = Trust::Untrusted;
        }
        let locked = taken.locked.as_ref();
        check_locked_signers(name, source_site(plugin), locked, &signed.by_own_file)?;
        let grants = plugin.grants();
        plugin::check_grants(name, &read.manifest, &grants).map_err(|source| {
            plugin.site.error(Problem::PluginRead {
                name: name.clone(),
                source,
            })
        })?;
        check_evidence(name, plan, plugin)?;
        let (settings, settings_trust) = beside::settings(plugin, folder, repository)?;
        if settings_trust == Trust::Untrusted {
            trust = Trust::Untrusted;
        }
        check_settings(name, plugin, read, &settings)?;
        check_rules(name, plugin, read)?;
        let resolved = Resolved {
            plugin: taken.plugin,
            settings,
            grants,
            signers: signed.signers,
            site: plugin.site.clone(),
        };
        plugins.insert(name.clone(), resolved);
    }
    check_channels(plan, &plugins)?;
    check_waivers(plan, &plugins)?;
    check_caps(plan)?;
    Ok((plugins, trust))
}

fn uses(plan: &Plan) -> impl Iterator<Item = (&StagePlan, &UsePlan)> {
    plan.stages
        .iter()
        .flat_map(|stage| stage.uses.iter().map(move |used| (stage, used)))
}

fn source_site(plugin: &PluginPlan) -> &Site {
    plugin
        .source
        .as_ref()
        .map_or(&plugin.site, |source| &source.site)
}

/// Where plugins are taken from.
#[derive(Clone, Copy)]
pub(super) struct Shelf<'a> {
    /// The folder that relative paths of options start from.
    pub(super) folder: &'a Path,
    /// The repository of the release.
    pub(super) repository: &'a Repository,
    /// What registries give.
    pub(super) components: Option<&'a Components>,
}

/// A plugin, and what `holdpoint.lock` says of it.
struct Taken {
    plugin: Plugin,
    trust: Trust,
    locked: Option<Locked>,
    /// Where it is in a registry, if it is in one.
    reference: Option<Reference>,
}

impl Shelf<'_> {
    /// Reads a plugin. What `holdpoint.lock` says of it is held against it, whether it lies in a
    /// registry or in a file.
    fn take(
        &self,
        plan: &Plan,
        name: &str,
        plugin: &PluginPlan,
    ) -> Result<Taken, ConfigurationError> {
        let site = source_site(plugin);
        let beside = self.beside(site);
        let written = plugin.source.as_ref().map(|source| source.value.as_str());
        // What is part of this program is what it is; a name in the lock does not make it another one.
        let locked = match written {
            None => None,
            Some(_) => beside.lock().map_err(|error| error.moved(site.clone()))?,
        };
        let (lock, lock_trust) = locked.unzip();
        let locked = lock.as_ref().and_then(|lock| lock.get(name)).cloned();
        let reference = match written {
            Some(written) if Reference::is_meant(written) => {
                let reference = written.parse().map_err(|source| {
                    site.error(Problem::Reference {
                        plugin: name.to_owned(),
                        source,
                    })
                })?;
                Some(reference)
            }
            _ => None,
        };
        let unread = |source| {
            site.error(Problem::PluginRead {
                name: name.to_owned(),
                source,
            })
        };
        let (read, mut trust) = match (&reference, &locked) {
            (None, _) => {
                let (source, trust) = source(plan, name, plugin, self.folder, self.repository)?;
                (plugin::read(&source).map_err(unread)?, trust)
            }
            (Some(reference), Some(locked)) => {
                let bytes =
                    self.with_wanted(plan, site, (reference, locked), |given, wanted| {
                        given
                            .component(wanted)
                            .map_err(|source| Problem::Component {
                                plugin: name.to_owned(),
                                source,
                            })
                    })?;
                let bytes = bytes.map_err(|problem| site.error(problem))?;
                let source = plugin::Source::Registry(reference.to_string());
                let read = plugin::read_component(source, bytes.into()).map_err(unread)?;
                (read, Trust::Trusted)
            }
            (Some(_), None) => {
                return Err(site.error(Problem::NotLocked {
                    plugin: name.to_owned(),
                    from: Text::from(written.unwrap_or_default()),
                    beside: site.source.name.clone(),
                }));
            }
        };
        if let (Some(locked), Some(written)) = (&locked, written) {
            locked.check(written, &read).map_err(|source| {
                site.error(Problem::Locked {
                    plugin: name.to_owned(),
                    source,
                })
            })?;
            if lock_trust == Some(Trust::Untrusted) {
                trust = Trust::Untrusted;
            }
        }
        Ok(Taken {
            plugin: read,
            trust,
            locked,
            reference,
        })
    }

    /// The signatures of a plugin, of which none is verified yet.
    fn signatures(
        &self,
        plan: &Plan,
        name: &str,
        plugin: &PluginPlan,
        taken: &Taken,
    ) -> Result<Vec<Signature>, Problem> {
        let unsigned = |source| Problem::Signature {
            plugin: name.to_owned(),
            source,
        };
        if let plugin::Source::Path(path) = &taken.plugin.source {
            let signature = read_signature(path).map_err(unsigned)?;
            return Ok(vec![signature]);
        }
        let (Some(reference), Some(locked)) = (&taken.reference, &taken.locked) else {
            return Ok(Vec::new());
        };
        let bundles = self.with_wanted(
            plan,
            source_site(plugin),
            (reference, locked),
            |given, wanted| {
                given.bundles(wanted).map_err(|source| Problem::Component {
                    plugin: name.to_owned(),
                    source,
                })
            },
        );
        // How a registry is asked was read when the plugin was.
        let bundles = match bundles {
            Ok(bundles) => bundles?,
            Err(_) => Vec::new(),
        };
        let place = Text::from(reference.to_string());
        read_bundles(&bundles, place).map_err(unsigned)
    }

    /// Asks for something of a plugin in a registry.
    fn with_wanted<T>(
        &self,
        plan: &Plan,
        site: &Site,
        (reference, locked): (&Reference, &Locked),
        ask: impl FnOnce(&Components, Wanted<'_>) -> T,
    ) -> Result<T, ConfigurationError> {
        let beside = self.beside(site);
        let access = beside.access(&plan.registries, reference.host())?;
        let vendored = |name: &str, bytes_max| beside.vendored(name, bytes_max);
        let wanted = Wanted {
            reference,
            locked,
            access: access.as_ref(),
            vendored: &vendored,
        };
        let nothing = Components::none();
        Ok(ask(self.components.unwrap_or(&nothing), wanted))
    }

    fn beside<'a>(&'a self, site: &'a Site) -> Beside<'a> {
        Beside {
            source: &site.source,
            folder: self.folder,
            repository: self.repository,
        }
    }
}

/// The signatures in bundles. Those that are none are left out, as long as one is.
pub(super) fn read_bundles(
    bundles: &[Vec<u8>],
    place: Text,
) -> Result<Vec<Signature>, SignatureError> {
    let mut refused = SignatureError::None { place };
    let mut signatures = Vec::new();
    for bundle in bundles {
        match Signature::read(bundle) {
            Ok(signature) => signatures.push(signature),
            Err(error) => refused = error,
        }
    }
    if signatures.is_empty() {
        return Err(refused);
    }
    Ok(signatures)
}

/// Who signs a plugin does not change unseen.
fn check_locked_signers(
    name: &str,
    site: &Site,
    locked: Option<&Locked>,
    signers: &BTreeSet<Digest>,
) -> Result<(), ConfigurationError> {
    let Some(locked) = locked else {
        return Ok(());
    };
    match signers
        .iter()
        .find(|signer| !locked.signers.contains(signer))
    {
        None => Ok(()),
        Some(signer) => Err(site.error(Problem::LockedSigner {
            plugin: name.to_owned(),
            locked: plugin::lock::names(&locked.signers),
            found: *signer,
        })),
    }
}

/// Where a plugin's bytes come from, and whether they are out of reach.
fn source(
    plan: &Plan,
    name: &str,
    plugin: &PluginPlan,
    folder: &Path,
    repository: &Repository,
) -> Result<(plugin::Source, Trust), ConfigurationError> {
    let written = plugin.source.as_ref();
    let embedded = match written.map(|source| source.value.as_str()) {
        None | Some(EMBEDDED) => Some(name),
        Some(source) => source
            .strip_prefix(EMBEDDED)
            .and_then(|rest| rest.strip_prefix(':')),
    };
    let site = source_site(plugin);
    if let Some(embedded) = embedded {
        if plugin::embedded(embedded).is_none() {
            return Err(site.error(unknown(plan, embedded, name)));
        }
        return Ok((
            plugin::Source::Embedded(embedded.to_owned()),
            Trust::Trusted,
        ));
    }
    let path = PathBuf::from(written.map_or(name, |source| source.value.as_str()));
    let base = match &site.source.origin {
        Origin::File(file) => file.parent().unwrap_or(folder),
        Origin::Embedded | Origin::Revision { .. } if path.is_absolute() => folder,
        Origin::Embedded | Origin::Revision { .. } => {
            let path = Text::from(path.to_string_lossy());
            return Err(site.error(Problem::RelativeSource(path)));
        }
    };
    let place = place(&path, base, repository, NamedBy::File(&site.source))
        .map_err(|error| error.moved(site.clone()))?;
    Ok((plugin::Source::Path(place.path), place.trust))
}

fn unknown(plan: &Plan, name: &str, but: &str) -> Problem {
    let tables = plan
        .plugins
        .iter()
        .filter(|(name, plugin)| plugin.source.is_some() && *name != but)
        .map(|(name, _)| name.as_str());
    let mut names: Vec<&str> = plugin::embedded_names().collect();
    names.extend(tables);
    Problem::UnknownPlugin {
        name: Text::from(name),
        nearest: nearest(name, names).map(str::to_owned),
        embedded: plugin::embedded_names().map(str::to_owned).collect(),
    }
}

/// What is granted by name is there, so that a slip of the pen is seen before the plugin misses it.
fn check_evidence(name: &str, plan: &Plan, plugin: &PluginPlan) -> Result<(), ConfigurationError> {
    let Some(Set { value, site }) = &plugin.grants else {
        return Ok(());
    };
    let evidence = plan.release.evidence.iter();
    let names: Vec<&str> = evidence
        .map(|file| file.value.name.value.as_str())
        .collect();
    let mut granted = value.evidence.iter();
    let Some(unknown) = granted.find(|granted| !names.contains(&granted.as_str())) else {
        return Ok(());
    };
    let site = locate(&site.source, &["plugins", name, "grants", "evidence"])
        .map_or_else(|| site.clone(), |span| Site::new(&site.source, &span));
    Err(site.error(Problem::UnknownEvidence {
        plugin: name.to_owned(),
        name: Text::from(unknown.as_str()),
        nearest: nearest(unknown, names).map(Text::from),
    }))
}

fn check_settings(
    name: &str,
    plan: &PluginPlan,
    plugin: &Plugin,
    settings: &serde_json::Value,
) -> Result<(), ConfigurationError> {
    plugin::check_settings(&plugin.manifest, settings).map_err(|source| {
        let site = match &plan.settings {
            Some(settings) => settings_site(name, &settings.site, &source),
            None => plan.site.clone(),
        };
        site.error(Problem::Settings {
            plugin: name.to_owned(),
            source,
        })
    })
}

/// The setting that the first problem is about, else all of them.
fn settings_site(name: &str, all: &Site, error: &plugin::SettingsError) -> Site {
    let plugin::SettingsError::Problems { problems } = error else {
        return all.clone();
    };
    let pointer = problems.first().map_or("", |problem| problem.pointer.raw());
    let steps: Vec<String> = pointer
        .split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect();
    let way: Vec<&str> = ["plugins", name, "settings"]
        .into_iter()
        .chain(steps.iter().map(String::as_str))
        .collect();
    locate(&all.source, &way).map_or_else(|| all.clone(), |span| Site::new(&all.source, &span))
}

fn check_rules(name: &str, plan: &PluginPlan, plugin: &Plugin) -> Result<(), ConfigurationError> {
    for (rule, setting) in &plan.rules {
        check_rule(name, rule, &setting.site, plugin)?;
    }
    Ok(())
}

fn check_rule(
    name: &str,
    rule: &str,
    site: &Site,
    plugin: &Plugin,
) -> Result<(), ConfigurationError> {
    let rules = &plugin.manifest.rules;
    if rules.iter().any(|known| known.id == rule) {
        return Ok(());
    }
    let ids = rules.iter().map(|rule| rule.id.as_str());
    Err(site.error(Problem::UnknownRule {
        plugin: name.to_owned(),
        rule: Text::from(rule),
        nearest: nearest(rule, ids).map(str::to_owned),
    }))
}

/// A channel is served by a plugin that composes messages.
fn check_channels(
    plan: &Plan,
    plugins: &BTreeMap<String, Resolved>,
) -> Result<(), ConfigurationError> {
    for channel in plan.channels.values() {
        let kinds = plugins
            .get(&channel.plugin)
            .map_or(&[][..], |resolved| &resolved.plugin.manifest.kinds);
        if !kinds.contains(&Kind::Notify) {
            return Err(channel.site.error(Problem::WrongKind {
                plugin: channel.plugin.clone(),
                kind: Kind::Notify,
                kinds: kinds.to_vec(),
            }));
        }
    }
    Ok(())
}

/// A waiver names a rule of a plugin that a stage uses, so that a slip of the pen is seen.
fn check_waivers(
    plan: &Plan,
    plugins: &BTreeMap<String, Resolved>,
) -> Result<(), ConfigurationError> {
    for waiver in &plan.waivers {
        let (name, rule) = waiver.rule.as_str().split_once('/').unwrap_or_default();
        match plugins.get(name) {
            Some(resolved) => check_rule(name, rule, &waiver.rule_site, &resolved.plugin)?,
            None => {
                return Err(waiver.rule_site.error(Problem::UnknownPlugin {
                    name: Text::from(name),
                    nearest: nearest(name, plugins.keys().map(String::as_str)).map(str::to_owned),
                    embedded: plugin::embedded_names().map(str::to_owned).collect(),
                }));
            }
        }
    }
    Ok(())
}

fn check_caps(plan: &Plan) -> Result<(), ConfigurationError> {
    let count = uses(plan).count() + plan.channels.len();
    if u32::try_from(count).map_or(true, |count| count > plan.limits.plugins) {
        let site = plan.limits.set.get("plugins").unwrap_or(&plan.site);
        return Err(site.error(Problem::Cap {
            what: format!("{count} uses of plugins"),
            cap: format!("{} plugins", plan.limits.plugins),
        }));
    }
    let by_stages = uses(plan).map(|(_, used)| &used.plugin);
    let by_channels = plan.channels.values().map(|channel| &channel.plugin);
    for name in by_stages.chain(by_channels) {
        let Some(plugin) = plan.plugins.get(name) else {
            continue;
        };
        if plugin.limits.memory_bytes > plan.limits.memory_bytes {
            let site = plugin.limits_site.as_ref().unwrap_or(&plugin.site);
            return Err(site.error(Problem::Cap {
                what: format!("the memory limit of plugin `{name}`"),
                cap: format!("memory = \"{}\"", Size(plan.limits.memory_bytes)),
            }));
        }
    }
    Ok(())
}

/// Which of its kinds a stage calls a plugin for: what the file says, else the only one.
pub(super) fn kind(used: &UsePlan, plugin: &Plugin) -> Result<Kind, ConfigurationError> {
    let kinds = &plugin.manifest.kinds;
    let kind = match (used.kind, kinds.as_slice()) {
        (Some(kind), kinds) if kinds.contains(&kind) => kind,
        (Some(kind), kinds) => {
            return Err(used.site.error(Problem::WrongKind {
                plugin: used.plugin.clone(),
                kind,
                kinds: kinds.to_vec(),
            }));
        }
        (None, [kind]) => *kind,
        (None, kinds) => {
            return Err(used.site.error(Problem::AmbiguousKind {
                plugin: used.plugin.clone(),
                kinds: kinds.to_vec(),
            }));
        }
    };
    if STAGE_KINDS.contains(&kind) {
        return Ok(kind);
    }
    Err(used.site.error(Problem::KindOutsideStages {
        plugin: used.plugin.clone(),
        kind,
    }))
}

/// Whether a plugin has anything to say: a policy plugin speaks through its rules only.
pub(super) fn is_active(
    kind: Kind,
    plugin: &Plugin,
    rules: &BTreeMap<String, Set<RuleSetting>>,
) -> bool {
    kind != Kind::Policy
        || plugin.manifest.rules.iter().any(|rule| {
            rules
                .get(&rule.id)
                .is_none_or(|setting| setting.value != RuleSetting::Off)
        })
}
