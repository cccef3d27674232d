//! What a plugin is, for people and for machines.

use std::path::Path;

use holdpoint_build::{Capability, Import, Inspection};

use super::shown;
use crate::report::Page;

pub(super) fn human(page: &mut Page, file: &Path, inspection: &Inspection) {
    let manifest = &inspection.manifest;
    page.text(0, &format!("{} {}", manifest.name, manifest.version));
    page.text(0, &manifest.description);
    page.gap();
    rows(page, "file", [shown(file).raw().to_owned()]);
    rows(page, "digest", [format!("sha256:{}", inspection.sha256)]);
    rows(page, "size", [format!("{} bytes", inspection.size)]);
    rows(page, "api", [format!("holdpoint:plugin {}", manifest.api)]);
    rows(page, "license", [manifest.license.clone()]);
    rows(page, "authors", manifest.authors.iter().cloned());
    rows(
        page,
        "kinds",
        inspection.kinds.iter().map(ToString::to_string),
    );
    rows(page, "exports", inspection.other_exports.iter().cloned());
    let requests = manifest.capabilities.iter();
    rows(
        page,
        "asks for",
        requests.map(|request| {
            let remark = if is_imported(inspection, request.capability) {
                ""
            } else {
                " (not imported: leave it out of plugin.toml)"
            };
            format!("{}: {}{remark}", request.capability, request.reason)
        }),
    );
    let remarked = |import| remark(inspection, import).map_or("", |(text, _)| text);
    let imports = inspection.imports.iter();
    rows(
        page,
        "imports",
        imports.map(|import| format!("{import}{}", remarked(import))),
    );
    let rules = manifest.rules.iter();
    rows(
        page,
        "rules",
        rules.map(|rule| format!("{} ({}): {}", rule.id, rule.severity, rule.title)),
    );
    let settings = manifest.settings["properties"].as_object();
    rows(
        page,
        "settings",
        settings
            .into_iter()
            .flatten()
            .map(|(key, schema)| match schema["description"].as_str() {
                Some(description) => format!("{key}: {description}"),
                None => key.clone(),
            }),
    );
}

/// One row of the table, or several with the name before the first. What they say is put on the
/// page as the plugin's author wrote it: the page makes it harmless.
fn rows(page: &mut Page, name: &str, values: impl IntoIterator<Item = String>) {
    let mut name = name;
    for value in values {
        page.field(name, &value);
        name = "";
    }
}

/// Whether the code has what plugin.toml asks for. Who grants it would grant it for nothing.
fn is_imported(inspection: &Inspection, capability: Capability) -> bool {
    inspection.imports.contains(&Import::Capability(capability))
}

/// What is to be said of an import, for people and for machines.
fn remark(inspection: &Inspection, import: &Import) -> Option<(&'static str, &'static str)> {
    match import {
        Import::Capability(Capability::Log) | Import::Model => None,
        Import::Capability(capability) => {
            let requests = &inspection.manifest.capabilities;
            (!requests
                .iter()
                .any(|request| request.capability == *capability))
            .then_some((" (not asked for: no host runs it)", "undeclared"))
        }
        Import::VirtualWasi(_) => Some((" (virtual)", "virtual-wasi")),
        Import::Unknown(_) => Some((" (no host gives it)", "unknown")),
    }
}

pub(super) fn json(file: &Path, inspection: &Inspection) -> serde_json::Value {
    let imports: Vec<_> = inspection
        .imports
        .iter()
        .map(|import| {
            serde_json::json!({
                "name": import.to_string(),
                "remark": remark(inspection, import).map(|(_, word)| word),
            })
        })
        .collect();
    let requests = inspection.manifest.capabilities.iter();
    let not_imported: Vec<_> = requests
        .map(|request| request.capability)
        .filter(|capability| !is_imported(inspection, *capability))
        .collect();
    serde_json::json!({
        "file": shown(file).raw(),
        "digest": format!("sha256:{}", inspection.sha256),
        "size": inspection.size,
        "kinds": inspection.kinds,
        "imports": imports,
        "not-imported": not_imported,
        "other-exports": inspection.other_exports,
        "manifest": inspection.manifest,
    })
}
