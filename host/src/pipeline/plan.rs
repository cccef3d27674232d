use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use globset::GlobBuilder;
use holdpoint_conventional::Versioning;

use super::at::At;
use super::file::{
    ArtifactTable, EvidenceTable, File, LimitsTable, ReleaseTable, RuleSetting, RunLimitsTable,
    StageTable, UseEntry, WaiverTable,
};
use super::problem::{ConfigurationError, Problem};
use super::source::{Site, Source};
use super::waiver::{Place, Waiver};
use super::{Mode, OnFault};
use crate::model::{Kind, RuleId, Text};
use crate::release::TagPattern;
use crate::sandbox::Limits;

/// What a pipeline file asks for, before any plugin is read: defaults filled in, names checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is released.
    pub release: ReleasePlan,
    /// Caps on the whole run.
    pub limits: RunLimits,
    /// Plugins by name: those of a table and those that a stage uses.
    pub plugins: BTreeMap<String, PluginPlan>,
    /// Stages, in the order of the file; those of a base policy first.
    pub stages: Vec<StagePlan>,
    /// Waivers, in the order of the file.
    pub waivers: Vec<Waiver>,
    /// Where the file is.
    pub site: Site,
}

/// Which of two files said something: with a base policy, a project's part of a merged plan cannot
/// touch the organization's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The organization's base policy.
    Policy,
    /// The project's pipeline.
    Pipeline,
}

/// A value that a file sets, and where.
#[derive(Clone, Debug)]
pub struct Set<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub site: Site,
}

/// What is released. What a file does not set is none.
#[derive(Clone, Debug, Default)]
pub struct ReleasePlan {
    /// Name of the project.
    pub project: Option<Set<String>>,
    /// How tags are written.
    pub tag: Option<Set<TagPattern>>,
    /// The targets that there are.
    pub targets: Option<Set<Vec<String>>>,
    /// Path filter.
    pub path: Option<Set<String>>,
    /// The first version.
    pub initial: Option<Set<semver::Version>>,
    /// How versions are counted.
    pub versioning: Option<Set<Versioning>>,
    /// Path of a CODEOWNERS file.
    pub owners: Option<Set<String>>,
    /// Time zone.
    pub zone: Option<Set<String>>,
    /// What is shipped.
    pub artifacts: Vec<Set<ArtifactTable>>,
    /// Files about the release.
    pub evidence: Vec<Set<EvidenceTable>>,
}

/// Caps on a whole run.
#[derive(Clone, Debug)]
pub struct RunLimits {
    /// Uses of plugins in all stages.
    pub plugins: u32,
    /// Calls at one time.
    pub concurrent_calls: u32,
    /// Memory limits of all calls at one time together, in bytes.
    pub memory_bytes: u64,
    /// Wall-clock time of all stages together.
    pub wall_time: Duration,
    /// What the file sets, by key.
    pub set: BTreeMap<&'static str, Site>,
}

impl Default for RunLimits {
    /// Enough for a large pipeline on a small machine.
    fn default() -> Self {
        Self {
            plugins: 64,
            concurrent_calls: 8,
            memory_bytes: 2 << 30,
            wall_time: Duration::from_secs(600),
            set: BTreeMap::new(),
        }
    }
}

/// A plugin, before it is read.
#[derive(Clone, Debug)]
pub struct PluginPlan {
    /// Where it comes from; none for embedded by its own name.
    pub source: Option<Set<String>>,
    /// Settings as JSON.
    pub settings: Option<Set<serde_json::Map<String, serde_json::Value>>>,
    /// The bounds.
    pub limits: Limits,
    /// Where the file sets bounds.
    pub limits_site: Option<Site>,
    /// What its rules count for.
    pub rules: BTreeMap<String, Set<RuleSetting>>,
    /// Its table, or the first use of it.
    pub site: Site,
}

/// A stage, before its plugins are read.
#[derive(Clone, Debug)]
pub struct StagePlan {
    /// Its id.
    pub id: String,
    /// Which file it comes from.
    pub layer: Layer,
    /// Its plugins.
    pub uses: Vec<UsePlan>,
    /// Stages before it.
    pub needs: Vec<Set<String>>,
    /// Where it is.
    pub site: Site,
}

/// A plugin in a stage.
#[derive(Clone, Debug)]
pub struct UsePlan {
    /// Its name.
    pub plugin: String,
    /// Which question is asked, if the file says so.
    pub kind: Option<Kind>,
    /// Whether findings block; none where the file does not say.
    pub mode: Option<Set<Mode>>,
    /// Whether faults block; none where the file does not say.
    pub on_fault: Option<Set<OnFault>>,
    /// Where it is.
    pub site: Site,
}

impl Plan {
    /// Makes a plan of one file.
    ///
    /// # Errors
    ///
    /// When a name is malformed or there twice, or a value makes no sense. Whether `needs` can be
    /// kept is seen when the plan is whole.
    pub fn new(file: File, source: &Arc<Source>, layer: Layer) -> Result<Self, ConfigurationError> {
        let place = |span: &std::ops::Range<usize>| Site::new(source, span);
        let mut plugins = BTreeMap::new();
        for (name, table) in file.plugins {
            check_name("plugin", &name, source)?;
            let settings = match table.value.settings {
                None => None,
                Some(settings) => Some(Set {
                    value: json(settings.value)
                        .map_err(|problem| place(&settings.span).error(problem))?,
                    site: place(&settings.span),
                }),
            };
            let plugin = PluginPlan {
                source: table.value.source.map(|value| set(value, source)),
                settings,
                limits: table
                    .value
                    .limits
                    .as_ref()
                    .map_or_else(Limits::default, |limits| call_limits(&limits.value)),
                limits_site: table.value.limits.map(|limits| place(&limits.span)),
                rules: table
                    .value
                    .rules
                    .into_iter()
                    .map(|(rule, setting)| (rule.value, set(setting, source)))
                    .collect(),
                site: place(&name.span),
            };
            plugins.insert(name.value, plugin);
        }
        let mut stages: Vec<StagePlan> = Vec::new();
        for stage in file.stages {
            let site = place(&stage.value.id.span);
            check_name("stage", &stage.value.id, source)?;
            if stages.iter().any(|other| other.id == stage.value.id.value) {
                return Err(site.error(duplicate("stage", &stage.value.id.value)));
            }
            stages.push(stage_plan(stage.value, source, layer)?);
        }
        for used in stages.iter().flat_map(|stage| &stage.uses) {
            plugins
                .entry(used.plugin.clone())
                .or_insert_with(|| PluginPlan::embedded(&used.site));
        }
        let waivers = file
            .waivers
            .into_iter()
            .map(|waiver| waiver_plan(waiver, source, layer))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            release: release_plan(file.release, source)?,
            limits: run_limits(&file.limits, source),
            plugins,
            stages,
            waivers,
            site: place(&(0..0)),
        })
    }
}

impl UsePlan {
    /// Whether findings block: they do unless the file says otherwise.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode.as_ref().map_or(Mode::Enforce, |mode| mode.value)
    }

    /// Whether faults block: they do unless the file says otherwise.
    #[must_use]
    pub fn on_fault(&self) -> OnFault {
        self.on_fault
            .as_ref()
            .map_or(OnFault::Block, |on_fault| on_fault.value)
    }
}

impl PluginPlan {
    /// A plugin without a table.
    fn embedded(site: &Site) -> Self {
        Self {
            source: None,
            settings: None,
            limits: Limits::default(),
            limits_site: None,
            rules: BTreeMap::new(),
            site: site.clone(),
        }
    }
}

fn set<T>(at: At<T>, source: &Arc<Source>) -> Set<T> {
    Set {
        site: Site::new(source, &at.span),
        value: at.value,
    }
}

fn duplicate(what: &'static str, name: &str) -> Problem {
    Problem::Duplicate {
        what,
        name: Text::from(name),
    }
}

/// Names are kebab-case, and `holdpoint` is the host's own.
fn check_name(
    what: &'static str,
    name: &At<String>,
    source: &Arc<Source>,
) -> Result<(), ConfigurationError> {
    let is_kebab = name
        .value
        .starts_with(|first: char| first.is_ascii_lowercase())
        && name.value.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
    if is_kebab && name.value != "holdpoint" {
        return Ok(());
    }
    let problem = Problem::Name {
        what,
        name: Text::from(name.value.as_str()),
    };
    Err(Site::new(source, &name.span).error(problem))
}

fn stage_plan(
    stage: StageTable,
    source: &Arc<Source>,
    layer: Layer,
) -> Result<StagePlan, ConfigurationError> {
    let site = Site::new(source, &stage.id.span);
    let mode = stage.mode.map(|mode| set(mode, source));
    let on_fault = stage.on_fault.map(|on_fault| set(on_fault, source));
    let kind = stage.kind.map(|kind| kind.value);
    let mut uses: Vec<UsePlan> = Vec::new();
    for entry in stage.uses {
        let site = Site::new(source, &entry.span);
        let used = match entry.value {
            UseEntry::Name(plugin) => UsePlan {
                plugin,
                kind,
                mode: mode.clone(),
                on_fault: on_fault.clone(),
                site,
            },
            UseEntry::Table(table) => UsePlan {
                plugin: table.plugin.value,
                kind: table.kind.map(|kind| kind.value).or(kind),
                mode: table
                    .mode
                    .map(|mode| set(mode, source))
                    .or_else(|| mode.clone()),
                on_fault: table
                    .on_fault
                    .map(|on_fault| set(on_fault, source))
                    .or_else(|| on_fault.clone()),
                site,
            },
        };
        let is_twice = uses
            .iter()
            .any(|other| other.plugin == used.plugin && other.kind == used.kind);
        if is_twice {
            return Err(used.site.error(duplicate("use", &used.plugin)));
        }
        uses.push(used);
    }
    if uses.is_empty() {
        return Err(site.error(Problem::EmptyStage(stage.id.value)));
    }
    Ok(StagePlan {
        id: stage.id.value,
        layer,
        uses,
        needs: stage
            .needs
            .into_iter()
            .map(|needs| set(needs, source))
            .collect(),
        site,
    })
}

fn waiver_plan(
    waiver: At<WaiverTable>,
    source: &Arc<Source>,
    layer: Layer,
) -> Result<Waiver, ConfigurationError> {
    let site = Site::new(source, &waiver.span);
    let table = waiver.value;
    let value =
        |message: String, span| Site::new(source, span).error(Problem::Value(Text::from(message)));
    let Some((plugin, rule)) = table.rule.value.split_once('/') else {
        let message = "expected a plugin's name, `/` and a rule's id, such as \
                       `conventional-commits/type`";
        return Err(value(message.to_owned(), &table.rule.span));
    };
    for (text, name) in [(&table.owner, "owner"), (&table.reason, "reason")] {
        if text.value.trim().is_empty() {
            return Err(value(
                format!("`{name}` of a waiver cannot be empty"),
                &text.span,
            ));
        }
    }
    let mut places = Vec::new();
    if let Some(commits) = table.commits {
        places.push(Place::Commits(values(commits)));
    }
    if let Some(paths) = table.paths {
        let mut globs = globset::GlobSetBuilder::new();
        for path in &paths.value {
            let glob = GlobBuilder::new(&path.value)
                .literal_separator(true)
                .build()
                .map_err(|error| value(error.to_string(), &path.span))?;
            globs.add(glob);
        }
        let set = globs
            .build()
            .map_err(|error| value(error.to_string(), &paths.span))?;
        places.push(Place::Paths {
            patterns: values(paths),
            set,
        });
    }
    if let Some(artifacts) = table.artifacts {
        places.push(Place::Artifacts(values(artifacts)));
    }
    if table.release.is_some_and(|release| release.value) {
        places.push(Place::Release);
    }
    let mut places = places.into_iter();
    let (Some(place), None) = (places.next(), places.next()) else {
        return Err(site.error(Problem::WaiverPlace));
    };
    if place.is_empty() {
        return Err(site.error(Problem::WaiverPlace));
    }
    Ok(Waiver {
        rule: RuleId::new(plugin, rule),
        rule_site: Site::new(source, &table.rule.span),
        place,
        owner: Text::from(table.owner.value),
        reason: Text::from(table.reason.value),
        expires: table.expires.value.0,
        layer,
        site,
    })
}

fn values<T>(list: At<Vec<At<T>>>) -> Vec<T> {
    list.value.into_iter().map(|item| item.value).collect()
}

fn release_plan(
    table: ReleaseTable,
    source: &Arc<Source>,
) -> Result<ReleasePlan, ConfigurationError> {
    let tag = match table.tag {
        None => None,
        Some(tag) => {
            let site = Site::new(source, &tag.span);
            let value = tag.value.parse().map_err(|error: crate::release::Error| {
                site.error(Problem::Value(Text::from(error.to_string())))
            })?;
            Some(Set { value, site })
        }
    };
    if let Some(zone) = &table.zone
        && jiff::tz::TimeZone::get(&zone.value).is_err()
    {
        let message = format!(
            "`{}` is not an IANA time zone, such as `Europe/Berlin`",
            zone.value
        );
        return Err(Site::new(source, &zone.span).error(Problem::Value(Text::from(message))));
    }
    unique(
        "artifact",
        table.artifacts.iter().map(|file| &file.value.name),
        source,
    )?;
    unique(
        "evidence file",
        table.evidence.iter().map(|file| &file.value.name),
        source,
    )?;
    Ok(ReleasePlan {
        project: table.project.map(|value| set(value, source)),
        tag,
        targets: table.targets.map(|targets| Set {
            site: Site::new(source, &targets.span),
            value: values(targets),
        }),
        path: table.path.map(|value| set(value, source)),
        initial: table.initial.map(|value| set(value, source)),
        versioning: table.versioning.map(|value| set(value, source)),
        owners: table.owners.map(|value| set(value, source)),
        zone: table.zone.map(|value| set(value, source)),
        artifacts: table
            .artifacts
            .into_iter()
            .map(|value| set(value, source))
            .collect(),
        evidence: table
            .evidence
            .into_iter()
            .map(|value| set(value, source))
            .collect(),
    })
}

fn unique<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a At<String>>,
    source: &Arc<Source>,
) -> Result<(), ConfigurationError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(&name.value) {
            return Err(Site::new(source, &name.span).error(duplicate(what, &name.value)));
        }
    }
    Ok(())
}

fn run_limits(table: &RunLimitsTable, source: &Arc<Source>) -> RunLimits {
    let mut limits = RunLimits::default();
    if let Some(plugins) = &table.plugins {
        limits.plugins = plugins.value.get();
        limits
            .set
            .insert("plugins", Site::new(source, &plugins.span));
    }
    if let Some(calls) = &table.concurrent_calls {
        limits.concurrent_calls = calls.value.get();
        limits
            .set
            .insert("concurrent-calls", Site::new(source, &calls.span));
    }
    if let Some(memory) = &table.memory {
        limits.memory_bytes = memory.value.0;
        limits.set.insert("memory", Site::new(source, &memory.span));
    }
    if let Some(time) = &table.wall_time {
        limits.wall_time = time.value.0;
        limits
            .set
            .insert("wall-time", Site::new(source, &time.span));
    }
    limits
}

fn call_limits(table: &LimitsTable) -> Limits {
    let default = Limits::default();
    Limits {
        fuel: table.fuel.map_or(default.fuel, Into::into),
        timeout: table.timeout.map_or(default.timeout, |span| span.0),
        memory_bytes: table.memory.map_or(default.memory_bytes, |size| size.0),
        answer_bytes: table.answer.map_or(default.answer_bytes, |size| size.0),
        answer_items: table.answer_items.map_or(default.answer_items, Into::into),
        text_bytes: table.text.map_or(default.text_bytes, |size| size.0),
        log_lines: table.log_lines.map_or(default.log_lines, Into::into),
        log_bytes: table.log.map_or(default.log_bytes, |size| size.0),
        host_calls: table.host_calls.map_or(default.host_calls, Into::into),
        host_call_bytes: table
            .host_call_data
            .map_or(default.host_call_bytes, |size| size.0),
    }
}

/// Settings as JSON: a time becomes its text. Infinite numbers have no JSON.
fn json(table: toml::Table) -> Result<serde_json::Map<String, serde_json::Value>, Problem> {
    table
        .into_iter()
        .map(|(key, value)| Ok((key, json_value(value)?)))
        .collect()
}

fn json_value(value: toml::Value) -> Result<serde_json::Value, Problem> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => serde_json::Number::from_f64(number)
            .ok_or_else(|| Problem::Value("settings cannot have infinite numbers".into()))?
            .into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items
            .into_iter()
            .map(json_value)
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        toml::Value::Table(table) => json(table)?.into(),
    })
}
