//! Writes the section of a release in CHANGELOG.md, in the form of Keep a Changelog 1.1.0.
//!
//! Only lines are added, and one link is changed: what stands in the file stays. `README.md` says
//! what becomes of files in another form.

#![forbid(unsafe_code)]

mod entries;
mod file;
mod links;
mod section;
mod settings;

#[cfg(test)]
mod tests;

use holdpoint_sdk::{Document, Edit, Fault, Plugin, Release, TreeError};

use section::New;
pub use settings::{Section, Settings};

/// What a new file begins with.
const HEADER: &str = "# Changelog

All notable changes to this project are documented in this file.

The format is based on [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).

## [Unreleased]
";

/// The plugin.
pub struct Changelog;

impl Plugin for Changelog {
    type Settings = Settings;
}

impl Document for Changelog {
    fn render(release: &Release, settings: &Settings) -> Result<Vec<Edit>, Fault> {
        let repository = settings.repository()?;
        let Some(version) = &release.subject.version else {
            if settings.version_required {
                return Err(Fault::missing(
                    "the release has no version, so that its section has no name: state one, or set \
                     `version-required` to false to write nothing then",
                ));
            }
            return Ok(Vec::new());
        };
        let old = match read(release, &settings.path)? {
            Some(old) => old,
            None if settings.create => String::new(),
            None => return Ok(Vec::new()),
        };
        let previous = release.subject.previous.as_deref();
        let new = New {
            version,
            previous,
            date: holdpoint_documents::date(
                release.circumstances.time,
                release.circumstances.utc_offset,
            ),
            tag: settings.tag_of(version)?,
            previous_tag: previous
                .map(|previous| settings.tag_of(previous))
                .transpose()?,
            entries: if settings.commits {
                entries::read(release, settings, repository.as_ref())
            } else {
                entries::Entries::default()
            },
            repository,
        };
        let header = if old
            .trim_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
            .is_empty()
        {
            HEADER
        } else {
            ""
        };
        let content = section::add(&format!("{old}{header}"), &new)
            .map_err(|problem| Fault::malformed(format!("`{}`: {problem}", settings.path)))?;
        Ok(content
            .map(|content| {
                let title = format!("the section of {version}");
                Edit::whole(&settings.path, content, title)
            })
            .into_iter()
            .collect())
    }
}

/// The file of the judged commit; none when it is not there.
fn read(release: &Release, path: &str) -> Result<Option<String>, Fault> {
    match release.read_file(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => Err(Fault::malformed(format!(
                "`{path}` is not UTF-8: byte {} is not part of a character",
                error.utf8_error().valid_up_to()
            ))),
        },
        Err(TreeError::Missing) => Ok(None),
        Err(TreeError::NotAFile) => Err(Fault::malformed(format!(
            "`{path}` of the judged commit is a folder, a link or a submodule, and not a file"
        ))),
        Err(TreeError::NotGranted) => Err(Fault::settings(format!(
            "`{path}` may not be read: name it in `grants.tree` of this plugin"
        ))),
        Err(TreeError::TooLarge) => Err(Fault::malformed(format!(
            "`{path}` is larger than what a plugin may read of one file: move old sections to \
             another file"
        ))),
    }
}

holdpoint_sdk::export!(Changelog: document);
