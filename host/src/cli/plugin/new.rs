#![expect(
    clippy::disallowed_methods,
    reason = "the folder of a plugin is made where its author asks for it"
)]

use std::fs;
use std::path::{Path, PathBuf};

use holdpoint_build::Language;

use super::{Error, shown};
use crate::cli::{ExitCode, Failure, Output};
use crate::model::{Kind, Text};
use crate::plugin::Scaffold;

/// Makes a folder for a plugin: it builds, passes its tests and can be read in a minute
///
/// It has all that the plugin is written with, in vendor/: only what the kit itself depends on comes
/// from crates.io.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint plugin new no-fridays
  holdpoint plugin new page-answers --kind verify
  holdpoint plugin new no-fridays --lang python
  cd no-fridays && holdpoint plugin test")]
pub(super) struct Arguments {
    /// Name of the plugin, such as no-fridays
    name: String,

    /// What it is: policy, risk, resource, document, notify, action or verify
    #[arg(long, value_name = "KIND", default_value = "policy", value_parser = kind)]
    kind: Kind,

    /// What it is written in: rust, javascript or python
    #[arg(long = "lang", value_name = "LANGUAGE", default_value = "rust", value_parser = language)]
    language: Language,

    /// Folder to make it in
    #[arg(long = "in", value_name = "FOLDER", default_value = ".")]
    parent: PathBuf,

    /// Folder of holdpoint-sdk, for plugins in Rust that share one; without it the plugin has its own
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,
}

fn kind(text: &str) -> Result<Kind, String> {
    let mut kinds = Kind::ALL.into_iter();
    kinds.find(|kind| kind.to_string() == text).ok_or_else(|| {
        let kinds = Kind::ALL.map(|kind| kind.to_string());
        format!("expected one of {}", kinds.join(", "))
    })
}

fn language(text: &str) -> Result<Language, String> {
    let languages = [Language::Rust, Language::JavaScript, Language::Python];
    languages
        .into_iter()
        .find(|language| language.to_string() == text)
        .ok_or_else(|| "expected one of rust, javascript, python".to_owned())
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let scaffold = Scaffold {
        name: arguments.name.clone(),
        kind: arguments.kind,
        language: arguments.language,
        kit: match &arguments.sdk {
            None => None,
            Some(folder) => {
                let folder = fs::canonicalize(folder).map_err(|source| Error::CaseFile {
                    path: shown(folder),
                    source,
                })?;
                Some(folder.to_string_lossy().into_owned())
            }
        },
    };
    let files = scaffold.files().map_err(|source| Error::Scaffold {
        name: Text::from(arguments.name.as_str()),
        source,
    })?;
    let folder = if arguments.parent.as_os_str() == "." {
        PathBuf::from(&arguments.name)
    } else {
        arguments.parent.join(&arguments.name)
    };
    if folder.symlink_metadata().is_ok() {
        let path = shown(&folder);
        return Err(Error::Exists { path }.into());
    }
    for (path, text) in &files {
        write(&folder.join(path), text)?;
    }
    let mut page = output.page();
    page.text(
        0,
        &format!(
            "{} is a plugin of the kind {}",
            shown(&folder).terminal(),
            arguments.kind
        ),
    );
    page.gap();
    page.text(0, "Next:");
    page.text(2, &format!("cd {}", shown(&folder).terminal()));
    match arguments.language {
        Language::Rust => {}
        Language::JavaScript => page.text(2, "npm install"),
        Language::Python => page.text(
            2,
            "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
        ),
    }
    page.text(2, "holdpoint plugin test");
    output.put(page)?;
    Ok(ExitCode::GO)
}

/// Writes a file, in a folder that is made for it.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|source| Error::Write {
            path: shown(path),
            source,
        })
}
