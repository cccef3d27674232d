use std::collections::BTreeSet;
use std::sync::Arc;

use super::at::At;
use super::channel::is_media_type;
use super::file::{LimitsTable, ReleaseTable, RunLimitsTable};
use super::plan::{ReleasePlan, RunLimits, Set};
use super::problem::{ConfigurationError, Problem};
use super::source::{Site, Source};
use crate::model::Text;
use crate::sandbox::Limits;

pub(super) fn release_plan(
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
    for file in &table.evidence {
        let media_type = &file.value.media_type;
        // Parameters are free: `application/vnd.cyclonedx+json; version=1.6`.
        let (kind, _) = media_type
            .value
            .split_once(';')
            .unwrap_or((&media_type.value, ""));
        if !is_media_type(kind.trim_end()) || media_type.value.contains(char::is_control) {
            let message = "expected a media type, such as `application/vnd.cyclonedx+json`";
            let site = Site::new(source, &media_type.span);
            return Err(site.error(Problem::Value(Text::from(message))));
        }
    }
    Ok(ReleasePlan {
        project: table.project.map(|value| Set::of(value, source)),
        tag,
        targets: table.targets.map(|targets| Set {
            site: Site::new(source, &targets.span),
            value: targets.values(),
        }),
        path: table.path.map(|value| Set::of(value, source)),
        initial: table.initial.map(|value| Set::of(value, source)),
        versioning: table.versioning.map(|value| Set::of(value, source)),
        owners: table.owners.map(|value| Set::of(value, source)),
        zone: table.zone.map(|value| Set::of(value, source)),
        artifacts: table
            .artifacts
            .into_iter()
            .map(|value| Set::of(value, source))
            .collect(),
        evidence: table
            .evidence
            .into_iter()
            .map(|value| Set::of(value, source))
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
            return Err(Site::new(source, &name.span).error(Problem::duplicate(what, &name.value)));
        }
    }
    Ok(())
}

pub(super) fn run_limits(table: &RunLimitsTable, source: &Arc<Source>) -> RunLimits {
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
    if let Some(requests) = &table.requests {
        limits.requests = requests.value.get();
        limits
            .set
            .insert("requests", Site::new(source, &requests.span));
    }
    if let Some(data) = &table.response_data {
        limits.response_bytes = data.value.0;
        limits
            .set
            .insert("response-data", Site::new(source, &data.span));
    }
    if let Some(time) = &table.requests_time {
        limits.requests_time = time.value.0;
        limits
            .set
            .insert("requests-time", Site::new(source, &time.span));
    }
    limits
}

pub(super) fn call_limits(table: &LimitsTable) -> Limits {
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
pub(super) fn json(
    table: toml::Table,
) -> Result<serde_json::Map<String, serde_json::Value>, Problem> {
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
