//! Files that the configuration names, read from where the file that names them was read.

use std::path::Path;

use super::Trust;
use super::file::SettingsFiles;
use super::place::{NamedBy, place};
use super::plan::{PluginPlan, Set};
use super::problem::{ConfigurationError, FILE_BYTES_MAX, Problem};
use super::read::read_file;
use super::source::{Origin, Site};
use crate::model::Text;
use crate::release::Repository;

/// The most files that the settings of one plugin are read from.
pub const SETTINGS_FILES_MAX: usize = 16;

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
    let mut files = 0;
    for (key, Set { value, site }) in &plugin.settings_files {
        if settings.contains_key(key) {
            let message = format!("the setting `{key}` is in `settings` as well: keep one of them");
            return Err(site.error(Problem::Value(Text::from(message))));
        }
        files += value.paths().len();
        if files > SETTINGS_FILES_MAX {
            return Err(site.error(Problem::Cap {
                what: format!("{files} files of settings"),
                cap: format!("{SETTINGS_FILES_MAX} files for one plugin"),
            }));
        }
        let mut texts = Vec::new();
        for path in value.paths() {
            let (bytes, file_trust) = read_beside(path, site, folder, repository)?;
            if file_trust == Trust::Untrusted {
                trust = Trust::Untrusted;
            }
            let text = String::from_utf8(bytes).map_err(|error| {
                site.error(Problem::NotUtf8 {
                    name: Text::from(path.as_str()),
                    offset: error.utf8_error().valid_up_to(),
                })
            })?;
            texts.push(serde_json::Value::String(text));
        }
        let value = match value {
            SettingsFiles::One(_) => texts.pop().unwrap_or_default(),
            SettingsFiles::Several(_) => texts.into(),
        };
        settings.insert(key.clone(), value);
    }
    Ok((serde_json::Value::Object(settings), trust))
}
