use std::collections::BTreeMap;
use std::sync::Arc;

use globset::GlobBuilder;

use super::approval::{approval_rule, approvers_plan, override_plan};
use super::at::At;
use super::channel::channels;
use super::commands::commands;
use super::file::{File, StageTable, UseEntry, WaiverTable};
use super::grants::grants;
use super::keyring::trust_plan;
use super::plan::{Layer, Plan, PluginPlan, Set, StagePlan, UsePlan};
use super::problem::{ConfigurationError, Problem};
use super::registries::registries;
use super::source::{Site, Source};
use super::tables::{call_limits, json, release_plan, run_limits};
use super::verification::verification;
use super::waiver::{Place, Waiver};
use crate::model::{RuleId, Text};
use crate::sandbox::Limits;

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
            let (grants, grants_ca) = match table.value.grants {
                None => (None, None),
                Some(table) => {
                    let (grants, ca) = grants(table, source)?;
                    (Some(grants), ca)
                }
            };
            let plugin = PluginPlan {
                source: table.value.source.map(|value| Set::of(value, source)),
                settings,
                grants,
                grants_ca,
                settings_files: table
                    .value
                    .settings_files
                    .into_iter()
                    .map(|(key, files)| (key.value, Set::of(files, source)))
                    .collect(),
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
                    .map(|(rule, setting)| (rule.value, Set::of(setting, source)))
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
                return Err(site.error(Problem::duplicate("stage", &stage.value.id.value)));
            }
            stages.push(stage_plan(stage.value, source, layer)?);
        }
        for used in stages.iter().flat_map(|stage| &stage.uses) {
            plugins
                .entry(used.plugin.clone())
                .or_insert_with(|| PluginPlan::embedded(&used.site));
        }
        let channels = channels(file.channels, source)?;
        for channel in channels.values() {
            plugins
                .entry(channel.plugin.clone())
                .or_insert_with(|| PluginPlan::embedded(&channel.site));
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
            channels,
            approvers: file
                .approvers
                .map(|table| approvers_plan(table, source, layer))
                .transpose()?,
            registries: registries(file.registries, source)?,
            trust: file
                .trust
                .map(|table| trust_plan(table, source))
                .transpose()?
                .into_iter()
                .collect(),
            overriding: file
                .overriding
                .map(|table| override_plan(table, source, layer))
                .transpose()?,
            site: place(&(0..0)),
        })
    }
}

/// Names are kebab-case, and `holdpoint` is the host's own.
pub(super) fn check_name(
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
    mut stage: StageTable,
    source: &Arc<Source>,
    layer: Layer,
) -> Result<StagePlan, ConfigurationError> {
    let site = Site::new(source, &stage.id.span);
    let commands = commands(&mut stage, source)?;
    let verification = verification(&mut stage, source)?;
    let mode = stage.mode.map(|mode| Set::of(mode, source));
    let on_fault = stage.on_fault.map(|on_fault| Set::of(on_fault, source));
    let kind = stage.kind.map(|kind| kind.value);
    let mut uses: Vec<UsePlan> = Vec::new();
    for entry in stage.uses {
        let site = Site::new(source, &entry.span);
        let plugin = match entry.value {
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
                    .map(|mode| Set::of(mode, source))
                    .or_else(|| mode.clone()),
                on_fault: table
                    .on_fault
                    .map(|on_fault| Set::of(on_fault, source))
                    .or_else(|| on_fault.clone()),
                site,
            },
        };
        let is_twice = uses
            .iter()
            .any(|other| other.plugin == plugin.plugin && other.kind == plugin.kind);
        if is_twice {
            return Err(plugin.site.error(Problem::duplicate("use", &plugin.plugin)));
        }
        uses.push(plugin);
    }
    let approvals = stage
        .approvals
        .into_iter()
        .map(|table| approval_rule(table, source))
        .collect::<Result<Vec<_>, _>>()?;
    // One that only waits for people is a gate.
    if uses.is_empty() && approvals.is_empty() && commands.is_none() {
        return Err(site.error(Problem::EmptyStage(stage.id.value)));
    }
    let plan = StagePlan {
        id: stage.id.value,
        layer,
        uses,
        needs: stage
            .needs
            .into_iter()
            .map(|needs| Set::of(needs, source))
            .collect(),
        approvals,
        approvals_valid: stage.approvals_valid.map(|value| Set::of(value, source)),
        approve_at: stage.approve_at.map(|value| Set::of(value, source)),
        block_at: stage.block_at.map(|value| Set::of(value, source)),
        commands,
        write_edits: stage.write_edits.map(|value| Set::of(value, source)),
        verification,
        site,
    };
    plan.check_thresholds()?;
    Ok(plan)
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
        places.push(Place::Commits(commits.values()));
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
            patterns: paths.values(),
            set,
        });
    }
    if let Some(artifacts) = table.artifacts {
        places.push(Place::Artifacts(artifacts.values()));
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
