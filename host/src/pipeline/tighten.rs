use std::collections::BTreeMap;
use std::fmt::Display;

use holdpoint_conventional::Versioning;

use super::DEFAULT_ZONE;
use super::approval::{APPROVALS_VALID, ApproversPlan, OverridePlan};
use super::channel::ChannelPlan;
use super::commands::{CommandsPlan, list_words, timeout_words};
use super::file::{RuleSetting, SettingsFiles};
use super::order::order;
use super::plan::{Plan, PluginPlan, ReleasePlan, RunLimits, Set, StagePlan, UsePlan};
use super::problem::{ConfigurationError, Problem};
use super::quantity::{Size, Span};
use super::source::Site;
use super::threshold::Percentile;
use super::waiver::Waiver;
use crate::model::{Grants, Text};
use crate::release::TagPattern;
use crate::sandbox::Limits;

/// Merges a project's pipeline into its organization's base policy. The stages of the base come
/// first, so that nothing of the project can use up the time of the run before them.
///
/// # Errors
///
/// When the project loosens something. For each key, `host/docs/pipeline.md` says what tighter
/// means.
pub fn tighten(base: Plan, project: Plan) -> Result<Plan, ConfigurationError> {
    // The base has to stand alone: its stages cannot wait for the project's.
    order(&base.stages)?;
    let release = release(base.release, project.release, &base.site)?;
    let limits = run_limits(base.limits, &project.limits, &base.site)?;
    check_waivers(&base.stages, &project.waivers)?;
    let acting = acting(&base.plugins);
    let mut plugins = base.plugins;
    for (name, plugin) in project.plugins {
        match plugins.get_mut(&name) {
            Some(base) => tighten_plugin(&name, base, plugin)?,
            None => {
                plugins.insert(name, plugin);
            }
        }
    }
    let mut stages = base.stages;
    for stage in project.stages {
        if let Some(base) = stages.iter_mut().find(|base| base.id == stage.id) {
            tighten_stage(base, stage, &acting)?;
        } else {
            check_acting(&stage, &acting)?;
            stages.push(stage);
        }
    }
    let mut waivers = base.waivers;
    waivers.extend(project.waivers);
    let mut channels = base.channels;
    for (name, channel) in project.channels {
        match channels.get(&name) {
            Some(base) => check_channel(&name, base, &channel)?,
            None => {
                channels.insert(name, channel);
            }
        }
    }
    Ok(Plan {
        release,
        limits,
        plugins,
        stages,
        waivers,
        channels,
        approvers: same(
            "approvers",
            base.approvers,
            project.approvers,
            |plan| &plan.site,
            ApproversPlan::is_same,
            ApproversPlan::words,
        )?,
        // Each is held by itself: a project can ask for more signatures, and take none away.
        trust: [base.trust, project.trust].concat(),
        // Each is for the plugins of its own file.
        registries: [base.registries, project.registries].concat(),
        overriding: same(
            "override",
            base.overriding,
            project.overriding,
            |plan| &plan.site,
            OverridePlan::is_same,
            OverridePlan::words,
        )?,
        site: project.site,
    })
}

/// Who hears of a run by the organization's word hears of all that it said.
fn check_channel(
    name: &str,
    base: &ChannelPlan,
    project: &ChannelPlan,
) -> Result<(), ConfigurationError> {
    if base.is_same(project) {
        return Ok(());
    }
    Err(looser(
        format!("channels.{name}"),
        (project.words(), &project.site),
        (base.words(), &base.site),
    ))
}

/// The error of a project that loosens a key.
fn looser(
    key: impl Into<String>,
    (project, project_site): (impl Display, &Site),
    (base, base_site): (impl Display, &Site),
) -> ConfigurationError {
    project_site
        .error(Problem::Looser {
            key: key.into(),
            project: Text::from(project.to_string()),
            project_at: project_site.words(),
            base: Text::from(base.to_string()),
            base_at: base_site.words(),
        })
        .beside(base_site.clone())
}

/// A key that the base fixes by setting it.
fn fixed<T: PartialEq>(
    key: &str,
    base: Option<Set<T>>,
    project: Option<Set<T>>,
    words: impl Fn(&T) -> String,
) -> Result<Option<Set<T>>, ConfigurationError> {
    match (base, project) {
        (Some(base), Some(project)) if base.value != project.value => Err(looser(
            key,
            (words(&project.value), &project.site),
            (words(&base.value), &base.site),
        )),
        (Some(base), _) => Ok(Some(base)),
        (None, project) => Ok(project),
    }
}

/// A table that the base fixes by having it.
fn same<T>(
    key: &str,
    base: Option<T>,
    project: Option<T>,
    site: impl Fn(&T) -> &Site,
    is_same: impl Fn(&T, &T) -> bool,
    words: impl Fn(&T) -> String,
) -> Result<Option<T>, ConfigurationError> {
    match (base, project) {
        (Some(base), Some(project)) if !is_same(&base, &project) => Err(looser(
            key,
            (words(&project), site(&project)),
            (words(&base), site(&base)),
        )),
        (Some(base), _) => Ok(Some(base)),
        (None, project) => Ok(project),
    }
}

fn release(
    base: ReleasePlan,
    project: ReleasePlan,
    base_site: &Site,
) -> Result<ReleasePlan, ConfigurationError> {
    if let (None, Some(path)) = (&base.path, &project.path) {
        let whole = ("the whole repository", base_site);
        return Err(looser("release.path", (&path.value, &path.site), whole));
    }
    // Both decide what is compared, and when releases are open: where the base says nothing its
    // defaults count.
    if let (None, Some(tag)) = (&base.tag, &project.tag)
        && tag.value != TagPattern::default()
    {
        let default = (TagPattern::default().to_string(), base_site);
        return Err(looser(
            "release.tag",
            (tag.value.to_string(), &tag.site),
            default,
        ));
    }
    if let (None, Some(zone)) = (&base.zone, &project.zone)
        && zone.value != DEFAULT_ZONE
    {
        let default = (DEFAULT_ZONE, base_site);
        return Err(looser("release.zone", (&zone.value, &zone.site), default));
    }
    let versioning = match (base.versioning, project.versioning) {
        (base, None) => base,
        (base, Some(project)) => {
            let (floor, site) = base.map_or_else(
                || (Versioning::default(), base_site.clone()),
                |base| (base.value, base.site),
            );
            let is_looser = project.value.zero_breaking < floor.zero_breaking
                || project.value.zero_feature < floor.zero_feature;
            if is_looser {
                let words =
                    |versioning: &Versioning| serde_json::to_string(versioning).unwrap_or_default();
                return Err(looser(
                    "release.versioning",
                    (words(&project.value), &project.site),
                    (words(&floor), &site),
                ));
            }
            Some(project)
        }
    };
    let targets = match (base.targets, project.targets) {
        (Some(base), Some(project)) => {
            if !project
                .value
                .iter()
                .all(|target| base.value.contains(target))
            {
                return Err(looser(
                    "release.targets",
                    (project.value.join(", "), &project.site),
                    (base.value.join(", "), &base.site),
                ));
            }
            Some(project)
        }
        (base, project) => base.or(project),
    };
    Ok(ReleasePlan {
        project: fixed(
            "release.project",
            base.project,
            project.project,
            Clone::clone,
        )?,
        tag: fixed("release.tag", base.tag, project.tag, ToString::to_string)?,
        targets,
        path: fixed("release.path", base.path, project.path, Clone::clone)?,
        initial: fixed(
            "release.initial",
            base.initial,
            project.initial,
            ToString::to_string,
        )?,
        versioning,
        owners: fixed("release.owners", base.owners, project.owners, Clone::clone)?,
        zone: fixed("release.zone", base.zone, project.zone, Clone::clone)?,
        artifacts: added(
            "release.artifacts",
            base.artifacts,
            project.artifacts,
            |file| (file.name.value.clone(), file.path.value.clone()),
        )?,
        evidence: added(
            "release.evidence",
            base.evidence,
            project.evidence,
            |file| {
                let words = format!("{}, {}", file.path.value, file.media_type.value);
                (file.name.value.clone(), words)
            },
        )?,
    })
}

/// A list that a project can only add to.
fn added<T: PartialEq>(
    key: &str,
    mut base: Vec<Set<T>>,
    project: Vec<Set<T>>,
    name_and_words: impl Fn(&T) -> (String, String),
) -> Result<Vec<Set<T>>, ConfigurationError> {
    for item in project {
        let (name, words) = name_and_words(&item.value);
        let same = base
            .iter()
            .find(|other| name_and_words(&other.value).0 == name);
        match same {
            Some(same) if same.value == item.value => {}
            Some(same) => {
                let (_, base_words) = name_and_words(&same.value);
                let key = format!("{key} `{}`", Text::from(name).terminal());
                return Err(looser(key, (words, &item.site), (base_words, &same.site)));
            }
            None => base.push(item),
        }
    }
    Ok(base)
}

/// Fewer plugins are tighter. The other caps are fixed: with less time or memory a call that would
/// have found something faults instead, and a fault may be one that does not block.
fn run_limits(
    base: RunLimits,
    project: &RunLimits,
    base_site: &Site,
) -> Result<RunLimits, ConfigurationError> {
    let caps = [
        (
            "plugins",
            project.plugins > base.plugins,
            project.plugins.to_string(),
            base.plugins.to_string(),
        ),
        (
            "concurrent-calls",
            project.concurrent_calls != base.concurrent_calls,
            project.concurrent_calls.to_string(),
            base.concurrent_calls.to_string(),
        ),
        (
            "memory",
            project.memory_bytes != base.memory_bytes,
            Size(project.memory_bytes).to_string(),
            Size(base.memory_bytes).to_string(),
        ),
        (
            "wall-time",
            project.wall_time != base.wall_time,
            Span(project.wall_time).to_string(),
            Span(base.wall_time).to_string(),
        ),
        (
            "requests",
            project.requests != base.requests,
            project.requests.to_string(),
            base.requests.to_string(),
        ),
        (
            "response-data",
            project.response_bytes != base.response_bytes,
            Size(project.response_bytes).to_string(),
            Size(base.response_bytes).to_string(),
        ),
        (
            "requests-time",
            project.requests_time != base.requests_time,
            Span(project.requests_time).to_string(),
            Span(base.requests_time).to_string(),
        ),
    ];
    for (key, is_looser, project_words, base_words) in caps {
        if let (true, Some(site)) = (is_looser, project.set.get(key)) {
            let base_site = base.set.get(key).unwrap_or(base_site);
            let key = format!("limits.{key}");
            return Err(looser(key, (project_words, site), (base_words, base_site)));
        }
    }
    let plugins = if project.set.contains_key("plugins") {
        project.plugins
    } else {
        base.plugins
    };
    Ok(RunLimits { plugins, ..base })
}

/// What a plugin is, is asked and may use is fixed; its rules can be raised.
fn tighten_plugin(
    name: &str,
    base: &mut PluginPlan,
    project: PluginPlan,
) -> Result<(), ConfigurationError> {
    if let Some(source) = &project.source {
        let (value, site) = base
            .source
            .as_ref()
            .map_or(("embedded", &base.site), |base| {
                (base.value.as_str(), &base.site)
            });
        if source.value != value {
            let key = format!("plugins.{name}.source");
            return Err(looser(key, (&source.value, &source.site), (value, site)));
        }
    }
    if let Some(settings) = &project.settings {
        let empty = serde_json::Map::new();
        let (value, site) = base
            .settings
            .as_ref()
            .map_or((&empty, &base.site), |base| (&base.value, &base.site));
        if settings.value != *value {
            let words = |settings: &serde_json::Map<_, _>| {
                serde_json::to_string(settings).unwrap_or_default()
            };
            let key = format!("plugins.{name}.settings");
            let project = (words(&settings.value), &settings.site);
            return Err(looser(key, project, (words(value), site)));
        }
    }
    if let Some(grants) = &project.grants
        && grants.value != base.grants()
    {
        let site = base.grants.as_ref().map_or(&base.site, |set| &set.site);
        let words = |grants: &Grants| serde_json::to_string(grants).unwrap_or_default();
        let key = format!("plugins.{name}.grants");
        let floor = (words(&base.grants()), site);
        return Err(looser(key, (words(&grants.value), &grants.site), floor));
    }
    if let Some(ca) = &project.grants_ca
        && base.grants_ca.as_ref().map(|base| &base.value) != Some(&ca.value)
    {
        let (value, site) = base.grants_ca.as_ref().map_or_else(
            || ("the certificates of the platform".to_owned(), &base.site),
            |set| (set.value.clone(), &set.site),
        );
        let key = format!("plugins.{name}.grants.ca");
        return Err(looser(key, (ca.value.clone(), &ca.site), (value, site)));
    }
    for (key, files) in &project.settings_files {
        let value = base.settings_files.get(key);
        if value.map(|value| &value.value) != Some(&files.value) {
            let words = |files: &SettingsFiles| files.paths().join(", ");
            let key = Text::from(key.as_str());
            let key = format!("plugins.{name}.settings-files.{}", key.terminal());
            let (value, site) = value.map_or_else(
                || ("no file".to_owned(), &base.site),
                |value| (words(&value.value), &value.site),
            );
            return Err(looser(
                key,
                (words(&files.value), &files.site),
                (value, site),
            ));
        }
    }
    if let Some(limits) = &project.limits_site
        && let Some((key, value, base_value)) = other_limit(&project.limits, &base.limits)
    {
        let site = base.limits_site.as_ref().unwrap_or(&base.site);
        let key = format!("plugins.{name}.limits.{key}");
        return Err(looser(key, (value, limits), (base_value, site)));
    }
    for (rule, setting) in project.rules {
        let (floor, words, site) = match base.rules.get(&rule) {
            Some(base) => (base.value, base.value.name(), base.site.clone()),
            // The plugin may give any finding any severity, so that only the highest is no lower.
            None => (RuleSetting::Error, "left to the plugin", base.site.clone()),
        };
        if setting.value < floor {
            let rule = Text::from(rule);
            let key = format!("plugins.{name}.rules.{}", rule.terminal());
            return Err(looser(
                key,
                (setting.value.name(), &setting.site),
                (words, &site),
            ));
        }
        base.rules.insert(rule, setting);
    }
    Ok(())
}

/// The first limit that differs: its key, the project's value and that of the base.
fn other_limit(project: &Limits, base: &Limits) -> Option<(&'static str, String, String)> {
    // Taken apart by name, so that a new limit cannot be forgotten here.
    let values = |&Limits {
                      fuel,
                      timeout,
                      memory_bytes,
                      answer_bytes,
                      answer_items,
                      text_bytes,
                      log_lines,
                      log_bytes,
                      host_calls,
                      host_call_bytes,
                  }: &Limits| {
        [
            ("fuel", fuel.to_string()),
            ("timeout", Span(timeout).to_string()),
            ("memory", Size(memory_bytes).to_string()),
            ("answer", Size(answer_bytes).to_string()),
            ("answer-items", answer_items.to_string()),
            ("text", Size(text_bytes).to_string()),
            ("log", Size(log_bytes).to_string()),
            ("log-lines", log_lines.to_string()),
            ("host-calls", host_calls.to_string()),
            ("host-call-data", Size(host_call_bytes).to_string()),
        ]
    };
    values(project)
        .into_iter()
        .zip(values(base))
        .find(|((_, value), (_, base))| value != base)
        .map(|((key, value), (_, base))| (key, value, base))
}

/// The plugins to which the base grants that the host makes requests for them, and where.
fn acting(plugins: &BTreeMap<String, PluginPlan>) -> BTreeMap<String, Site> {
    let granted = plugins.iter().filter_map(|(name, plugin)| {
        let grants = plugin.grants.as_ref()?;
        (!grants.value.requests.is_empty()).then(|| (name.clone(), grants.site.clone()))
    });
    granted.collect()
}

/// What the base has done with its credentials, it has done in its own stages.
fn check_acting(
    stage: &StagePlan,
    acting: &BTreeMap<String, Site>,
) -> Result<(), ConfigurationError> {
    for used in &stage.uses {
        if let Some(site) = acting.get(&used.plugin) {
            let key = format!("stages.{}.use", stage.id);
            let own = "its requests in stages of its own";
            return Err(looser(key, (&used.plugin, &used.site), (own, site)));
        }
    }
    Ok(())
}

/// A project can raise `mode` (not of an action) and `on-fault` of a stage of the base, and lower or add its
/// thresholds and approvals. What else it wants to be called goes into a stage of its own, after those of the
/// base.
fn tighten_stage(
    base: &mut StagePlan,
    project: StagePlan,
    acting: &BTreeMap<String, Site>,
) -> Result<(), ConfigurationError> {
    let (id, site) = (base.id.clone(), project.site.clone());
    if let Some(first) = project.needs.first() {
        let ids = |needs: &[Set<String>]| {
            let ids: Vec<&str> = needs.iter().map(|needs| needs.value.as_str()).collect();
            format!("[{}]", ids.join(", "))
        };
        let (project, fixed) = (ids(&project.needs), ids(&base.needs));
        if project != fixed {
            let key = format!("stages.{id}.needs");
            return Err(looser(key, (project, &first.site), (fixed, &base.site)));
        }
    }
    let names: Vec<String> = base.uses.iter().map(|used| used.plugin.clone()).collect();
    for used in project.uses {
        let same = base.uses.iter_mut().find(|other| {
            other.plugin == used.plugin && (used.kind.is_none() || used.kind == other.kind)
        });
        let Some(base_use) = same else {
            let key = format!("stages.{id}.use");
            let base = (names.join(", "), &base.site);
            return Err(looser(key, (used.plugin, &used.site), base));
        };
        let acts = acting.contains_key(&used.plugin);
        tighten_use(&id, base_use, used, acts)?;
    }
    for (key, base, project) in [
        ("approve-at", &mut base.approve_at, project.approve_at),
        ("block-at", &mut base.block_at, project.block_at),
    ] {
        tighten_threshold(&format!("stages.{id}.{key}"), base, project)?;
    }
    base.approvals.extend(project.approvals);
    if let Some(valid) = project.approvals_valid {
        let (floor, floor_site) = base.approvals_valid.as_ref().map_or_else(
            || (APPROVALS_VALID, &base.site),
            |set| (set.value, &set.site),
        );
        if valid.value > floor {
            let key = format!("stages.{id}.approvals-valid");
            return Err(looser(key, (valid.value, &valid.site), (floor, floor_site)));
        }
        base.approvals_valid = Some(valid);
    }
    check_effects(
        base,
        project.commands.as_ref(),
        project.write_edits.as_ref(),
    )?;
    base.check_thresholds().map_err(|error| error.moved(site))
}

/// What a stage of the base does is fixed: a project says nothing about it, or the same.
fn check_effects(
    base: &StagePlan,
    project: Option<&CommandsPlan>,
    write_edits: Option<&Set<bool>>,
) -> Result<(), ConfigurationError> {
    let equal = |key: &str, project: Option<(String, &Site)>, base_words: String| {
        let Some((words, site)) = project else {
            return Ok(());
        };
        if words == base_words {
            return Ok(());
        }
        let key = format!("stages.{}.{key}", base.id);
        Err(looser(key, (words, site), (base_words, &base.site)))
    };
    equal(
        "write-edits",
        write_edits.map(|set| (set.value.to_string(), &set.site)),
        base.writes_edits().to_string(),
    )?;
    let Some(project) = project else {
        return Ok(());
    };
    let fixed = base.commands.as_ref();
    if fixed.map(|base| &base.run.value) != Some(&project.run.value) {
        let words = fixed.map(|base| list_words(&base.run.value));
        let project = (list_words(&project.run.value), &project.run.site);
        let base_words = words.unwrap_or_else(|| "not set".to_owned());
        let key = format!("stages.{}.run", base.id);
        return Err(looser(key, project, (base_words, &base.site)));
    }
    let Some(fixed) = fixed else {
        return Ok(());
    };
    if let Some(undo) = &project.undo
        && undo.value != fixed.undo()
    {
        let key = format!("stages.{}.undo", base.id);
        let floor = (list_words(fixed.undo()), &base.site);
        return Err(looser(key, (list_words(&undo.value), &undo.site), floor));
    }
    equal(
        "timeout",
        project
            .timeout
            .as_ref()
            .map(|set| (timeout_words(set.value), &set.site)),
        timeout_words(fixed.timeout()),
    )?;
    equal(
        "environment",
        project
            .environment
            .as_ref()
            .map(|set| (set.value.join(", "), &set.site)),
        fixed.environment().join(", "),
    )?;
    equal(
        "repeatable",
        project
            .repeatable
            .as_ref()
            .map(|set| (set.value.to_string(), &set.site)),
        fixed.is_repeatable().to_string(),
    )?;
    equal(
        "dashes",
        project
            .dashes
            .as_ref()
            .map(|set| (set.value.to_string(), &set.site)),
        fixed.allows_dashes().to_string(),
    )
}

/// The lower, the tighter. What a project does not set stays.
fn tighten_threshold(
    key: &str,
    base: &mut Option<Set<Percentile>>,
    project: Option<Set<Percentile>>,
) -> Result<(), ConfigurationError> {
    let Some(project) = project else {
        return Ok(());
    };
    match base {
        Some(base) if project.value > base.value => Err(looser(
            key,
            (project.value, &project.site),
            (base.value, &base.site),
        )),
        _ => {
            *base = Some(project);
            Ok(())
        }
    }
}

fn tighten_use(
    stage: &str,
    base: &mut UsePlan,
    project: UsePlan,
    acts: bool,
) -> Result<(), ConfigurationError> {
    if let Some(mode) = project.mode {
        // Who raises an action has more done than the base says.
        if mode.value < base.mode() || (acts && mode.value != base.mode()) {
            let site = base.mode.as_ref().map_or(&base.site, |mode| &mode.site);
            let key = format!("stages.{stage}.mode of `{}`", base.plugin);
            let words = (mode.value, &mode.site);
            return Err(looser(key, words, (base.mode(), site)));
        }
        base.mode = Some(mode);
    }
    if let Some(on_fault) = project.on_fault {
        if on_fault.value < base.on_fault() {
            let site = base.on_fault.as_ref().map_or(&base.site, |set| &set.site);
            let key = format!("stages.{stage}.on-fault of `{}`", base.plugin);
            let words = (on_fault.value, &on_fault.site);
            return Err(looser(key, words, (base.on_fault(), site)));
        }
        base.on_fault = Some(on_fault);
    }
    Ok(())
}

/// A waiver of the project releases findings of its own stages only; one for a rule of the base
/// would look as if it did more.
fn check_waivers(base: &[StagePlan], project: &[Waiver]) -> Result<(), ConfigurationError> {
    for waiver in project {
        let plugin = waiver.rule.as_str().split('/').next().unwrap_or_default();
        let used = base
            .iter()
            .flat_map(|stage| &stage.uses)
            .find(|used| used.plugin == plugin);
        if let Some(used) = used {
            let rule = Text::from(waiver.rule.as_str());
            return Err(looser(
                "waivers.rule",
                (rule.raw(), &waiver.rule_site),
                (format!("enforcing `{plugin}` without it"), &used.site),
            ));
        }
    }
    Ok(())
}
