#![expect(
    clippy::disallowed_methods,
    reason = "plugins are written where the operator keeps the pipeline"
)]

use std::collections::BTreeSet;
use std::fs;

use serde::Serialize;

use super::take::TakeArguments;
use super::{Error, shown, tell, vendored};
use crate::cli::{ExitCode, Failure, Output};
use crate::model::{Digest, Text};
use crate::pipeline::Taking;
use crate::plugin::components::{ComponentError, Wanted};
use crate::plugin::registry::Reference;
use crate::report::Page;

/// Puts every plugin from a registry into a folder beside the pipeline file
///
/// From then on no registry is needed: a run takes them from there, and holds them against
/// holdpoint.lock. What is there of plugins that are no longer used is removed. The folder says itself
/// what it has: handed over, `holdpoint plugin add FOLDER` takes its plugins into another pipeline.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint plugin vendor
  holdpoint plugin vendor --pipeline ci/holdpoint.toml && git add ci/holdpoint-vendor
  holdpoint run --offline")]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) take: TakeArguments,
}

#[derive(Serialize)]
struct Report {
    folder: String,
    plugins: Vec<Vendored>,
    removed: Vec<String>,
}

#[derive(Serialize)]
struct Vendored {
    name: String,
    digest: Digest,
    size: u64,
    signatures: usize,
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let components = arguments.take.components()?;
    let taking = Taking::open(&arguments.take.pipeline)?;
    let lock = taking.lock()?;
    let folder = vendored::beside(&taking)?;
    let failed = |source| Error::Write {
        path: shown(&folder),
        source,
    };
    let mut kept = BTreeSet::new();
    let mut plugins = Vec::new();
    for (name, locked) in lock.plugins() {
        let Ok(reference) = locked.source.parse::<Reference>() else {
            continue;
        };
        if taking.source_of(name).is_none() {
            continue;
        }
        let access = taking.access(reference.host())?;
        let wanted = Wanted {
            reference: &reference,
            locked,
            access: Some(&access),
            vendored: &|_, _| None,
        };
        let failed = |source| Error::Component {
            name: Text::from(name),
            source: Box::new(source),
        };
        let bytes = components.component(wanted).map_err(failed)?;
        let bundles = match components.bundles(wanted) {
            // That there is none is not kept anywhere.
            Err(ComponentError::NotHere { .. }) if locked.signers.is_empty() => Vec::new(),
            bundles => bundles.map_err(failed)?,
        };
        let digest = locked.digest;
        kept.extend(vendored::write(&folder, &digest, &bytes, &bundles)?);
        plugins.push(Vendored {
            name: name.to_owned(),
            digest,
            size: locked.size,
            signatures: bundles.len(),
        });
    }
    let mut removed = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Only what this command writes.
        if name.starts_with("sha256-") && !kept.contains(&name) {
            fs::remove_file(entry.path()).map_err(failed)?;
            removed.push(name);
        }
    }
    removed.sort();
    vendored::write_lock(&folder, &lock)?;
    let report = Report {
        folder: folder.to_string_lossy().into_owned(),
        plugins,
        removed,
    };
    tell(arguments.take.format, output, &report, human)?;
    Ok(ExitCode::GO)
}

fn human(page: &mut Page, report: &Report) {
    for one in &report.plugins {
        let signatures = match one.signatures {
            0 => "no signature".to_owned(),
            1 => "1 signature".to_owned(),
            count => format!("{count} signatures"),
        };
        page.text(0, &one.name);
        page.field("digest", &one.digest.to_string());
        page.field("size", &format!("{} bytes, {signatures}", one.size));
    }
    for name in &report.removed {
        page.field("removed", name);
    }
    page.gap();
    page.text(
        0,
        &match report.plugins.len() {
            0 => "No plugin comes from a registry.".to_owned(),
            1 => format!("1 plugin is in {}. Commit it.", report.folder),
            count => format!("{count} plugins are in {}. Commit them.", report.folder),
        },
    );
}
