//! Files that the configuration names, read from where the file that names them was read.

#![expect(
    clippy::disallowed_methods,
    reason = "this is where the folders of the configuration are listed"
)]

use std::collections::VecDeque;
use std::path::Path;
use std::{fs, io};

use super::Trust;
use super::file::SettingsFiles;
use super::place::{NamedBy, place};
use super::plan::{PluginPlan, Set};
use super::problem::{ConfigurationError, FILE_BYTES_MAX, Problem};
use super::read::read_file;
use super::source::{Origin, Site};
use crate::model::Text;
use crate::release::{self, Repository, TreeError};

/// The most files that the settings of one plugin are read from, and the most names in a folder of
/// them: a folder of rules has tens.
pub const SETTINGS_FILES_MAX: usize = 256;
/// The most bytes that these files have together.
pub const SETTINGS_FILES_BYTES_MAX: usize = 16 << 20;

/// The content of a file, at most [`FILE_BYTES_MAX`], and whether the change under judgement could
/// have written it.
pub(super) fn read_beside(
    path: &str,
    site: &Site,
    folder: &Path,
    repository: &Repository,
) -> Result<(Vec<u8>, Trust), ConfigurationError> {
    match &site.source.origin {
        // By the commit: a ref may have moved since.
        Origin::Revision { commit, .. } => {
            let (_, bytes) = repository
                .read_at(commit.as_str(), path, FILE_BYTES_MAX)
                .map_err(|source| {
                    site.error(Problem::Revision {
                        name: Text::from(format!("{commit}:{path}")),
                        source,
                    })
                })?;
            Ok((bytes, site.source.trust))
        }
        Origin::Embedded | Origin::File(_) => {
            let base = match &site.source.origin {
                Origin::File(file) => file.parent().unwrap_or(folder),
                _ => folder,
            };
            let read = || {
                let named_by = NamedBy::File(&site.source);
                let place = place(Path::new(path), base, repository, named_by)?;
                Ok((read_file(&place.path, FILE_BYTES_MAX)?, place.trust))
            };
            read().map_err(|error: ConfigurationError| error.moved(site.clone()))
        }
    }
}

/// The settings of a plugin: what its table says, and the texts of the files that it names. Trust
/// falls when one of them is in reach of the change under judgement.
pub(super) fn settings(
    plugin: &PluginPlan,
    folder: &Path,
    repository: &Repository,
) -> Result<(serde_json::Value, Trust), ConfigurationError> {
    let written = plugin.settings.as_ref().map(|settings| &settings.value);
    let mut settings = written.cloned().unwrap_or_default();
    let mut trust = Trust::Trusted;
    let (mut files, mut bytes) = (0, 0);
    for (key, Set { value, site }) in &plugin.settings_files {
        if settings.contains_key(key) {
            let message = format!("the setting `{key}` is in `settings` as well: keep one of them");
            return Err(site.error(Problem::Value(Text::from(message))));
        }
        let (paths, folders_trust) = files_of(value, site, folder, repository)?;
        if folders_trust == Trust::Untrusted {
            trust = Trust::Untrusted;
        }
        files += paths.len();
        if files > SETTINGS_FILES_MAX {
            return Err(too_many(site, &files.to_string()));
        }
        let mut texts = Vec::new();
        for path in &paths {
            let (content, file_trust) = read_beside(path, site, folder, repository)?;
            if file_trust == Trust::Untrusted {
                trust = Trust::Untrusted;
            }
            bytes += content.len();
            if bytes > SETTINGS_FILES_BYTES_MAX {
                return Err(site.error(Problem::Cap {
                    what: format!("files of settings with {bytes} bytes and more"),
                    cap: format!("{SETTINGS_FILES_BYTES_MAX} bytes for one plugin"),
                }));
            }
            let text = String::from_utf8(content).map_err(|error| {
                site.error(Problem::NotUtf8 {
                    name: Text::from(path.as_str()),
                    offset: error.utf8_error().valid_up_to(),
                })
            })?;
            texts.push(serde_json::Value::String(text));
        }
        let value = match value {
            value if value.has_folder() => {
                serde_json::Value::Object(paths.into_iter().zip(texts).collect())
            }
            SettingsFiles::One(_) => texts.pop().unwrap_or_default(),
            SettingsFiles::Several(_) => texts.into(),
        };
        settings.insert(key.clone(), value);
    }
    Ok((serde_json::Value::Object(settings), trust))
}

fn too_many(site: &Site, files: &str) -> ConfigurationError {
    site.error(Problem::Cap {
        what: format!("{files} files of settings"),
        cap: format!("{SETTINGS_FILES_MAX} files for one plugin"),
    })
}

/// The paths of the files that a setting is read from: those that it names, and those below the
/// folders that it names, ordered. And the trust in the folders: in one that the change under judgement
/// can write to, a file that is not there may have been taken away by it.
fn files_of(
    value: &SettingsFiles,
    site: &Site,
    folder: &Path,
    repository: &Repository,
) -> Result<(Vec<String>, Trust), ConfigurationError> {
    let (mut files, mut trust) = (Vec::new(), Trust::Trusted);
    // Folders without files count too, so that the search has an end.
    let mut seen = 0;
    for path in value.paths() {
        let Some(top) = path.strip_suffix('/') else {
            files.push(path.clone());
            continue;
        };
        let before = files.len();
        let mut folders = VecDeque::from([top.to_owned()]);
        while let Some(path) = folders.pop_front() {
            let (names, folder_trust) = names_in(&path, site, folder, repository)?;
            if folder_trust == Trust::Untrusted {
                trust = Trust::Untrusted;
            }
            for name in names {
                seen += 1;
                if seen > SETTINGS_FILES_MAX {
                    return Err(too_many(site, &format!("more than {SETTINGS_FILES_MAX}")));
                }
                match name.strip_suffix('/') {
                    Some(name) => folders.push_back(format!("{path}/{name}")),
                    None => files.push(format!("{path}/{name}")),
                }
            }
        }
        if files.len() == before {
            let message = format!("there is no file in {path}");
            return Err(site.error(Problem::Value(Text::from(message))));
        }
    }
    if value.has_folder() {
        files.sort();
        files.dedup();
    }
    Ok((files, trust))
}

/// The names in a folder, those of folders with `/` at the end, and the trust in it. A link is a file
/// here: who reads it sees where it leads.
fn names_in(
    path: &str,
    site: &Site,
    folder: &Path,
    repository: &Repository,
) -> Result<(Vec<String>, Trust), ConfigurationError> {
    match &site.source.origin {
        Origin::Revision { commit, .. } => {
            let unreadable = |source| {
                site.error(Problem::Revision {
                    name: Text::from(format!("{commit}:{path}")),
                    source,
                })
            };
            let tree = repository.tree(commit).map_err(unreadable)?;
            match tree.entries(path, SETTINGS_FILES_MAX) {
                Ok(names) => {
                    let names = names.iter().map(|name| name.raw().to_owned());
                    Ok((names.collect(), site.source.trust))
                }
                Err(TreeError::TooLarge) => {
                    Err(too_many(site, &format!("more than {SETTINGS_FILES_MAX}")))
                }
                Err(TreeError::Repository(source)) => Err(unreadable(source)),
                Err(TreeError::Missing | TreeError::NotThat) => {
                    Err(unreadable(release::Error::NoSuchFile {
                        path: Text::from(format!("{path}/")),
                        commit: commit.clone(),
                    }))
                }
            }
        }
        Origin::Embedded | Origin::File(_) => {
            let base = match &site.source.origin {
                Origin::File(file) => file.parent().unwrap_or(folder),
                _ => folder,
            };
            let named_by = NamedBy::File(&site.source);
            let place = place(Path::new(path), base, repository, named_by)
                .map_err(|error| error.moved(site.clone()))?;
            let names = list(&place.path).map_err(|source| {
                site.error(Problem::Read {
                    path: place.path.clone(),
                    source,
                })
            })?;
            Ok((names, place.trust))
        }
    }
}

/// What git keeps in a checkout is left out, as a tree does not have it.
fn list(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    // One more than may be, beside what is left out.
    for entry in fs::read_dir(folder)?.take(SETTINGS_FILES_MAX + 2) {
        let entry = entry?;
        if entry.file_name() == ".git" {
            continue;
        }
        let mut name = entry.file_name().into_string().map_err(|name| {
            let message = format!("the name {} is not UTF-8", name.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        if entry.file_type()?.is_dir() {
            name.push('/');
        }
        names.push(name);
    }
    Ok(names)
}
