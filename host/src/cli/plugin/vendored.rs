//! The folder of plugins that `holdpoint plugin vendor` writes: beside the pipeline file, where a run
//! takes them from, or as somebody handed it over. It has a lock of its own, so that it says what it has.

#![expect(
    clippy::disallowed_methods,
    reason = "plugins are read and written where the operator keeps them"
)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::take::{Fetched, replace};
use super::{Error, shown};
use crate::model::{Digest, Text};
use crate::pipeline::{FILE_BYTES_MAX, Taking};
use crate::plugin::components::{VENDOR_FOLDER, vendored_component, vendored_signature};
use crate::plugin::lock::{LOCK_NAME, Lock, Locked};
use crate::plugin::registry::{Reference, SIGNATURES_MAX};
use crate::plugin::signature::{BUNDLE_BYTES_MAX, Signature};
use crate::plugin::{self, Source};

/// What the folder of a plugin's source has.
const PLUGIN_TOML: &str = "plugin.toml";

/// The folder beside a pipeline file, which is made where there is none.
pub(super) fn beside(taking: &Taking) -> Result<PathBuf, Error> {
    let folder = taking.folder().join(VENDOR_FOLDER);
    let failed = |source| Error::Write {
        path: shown(&folder),
        source,
    };
    // A link would have files elsewhere replaced and removed.
    if folder.is_symlink() {
        return Err(Error::Link {
            path: shown(&folder),
        });
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    Ok(folder)
}

/// Writes a plugin into the folder, and gives the names of its files.
pub(super) fn write(
    folder: &Path,
    digest: &Digest,
    component: &[u8],
    bundles: &[Vec<u8>],
) -> Result<BTreeSet<String>, Error> {
    let signatures = (1..).zip(bundles).map(|(number, bundle)| {
        let name = vendored_signature(digest, number);
        (name, bundle.as_slice())
    });
    let mut written = BTreeSet::new();
    for (name, bytes) in signatures.chain([(vendored_component(digest), component)]) {
        replace(&folder.join(&name), bytes)?;
        written.insert(name);
    }
    Ok(written)
}

/// Writes the lock of the folder: what a lock says of the plugins of registries that it has.
pub(super) fn write_lock(folder: &Path, lock: &Lock) -> Result<(), Error> {
    let mut own = Lock::empty();
    for (name, locked) in lock.plugins() {
        let is_there = folder.join(vendored_component(&locked.digest)).is_file();
        if is_there && Reference::is_meant(&locked.source) {
            own.insert(name, locked.clone());
        }
    }
    replace(&folder.join(LOCK_NAME), own.text().as_bytes())
}

/// Such a folder, wherever it lies. What it says of names and sources is taken from it; its bytes are
/// held against its lock, and whoever signed them against the keys of who takes them.
pub(super) struct VendoredFolder {
    path: PathBuf,
    lock: Lock,
}

impl VendoredFolder {
    /// Reads what the folder says that it has.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let refused = |why: String, help: String| Error::Folder {
            path: shown(path),
            why,
            help,
        };
        let name = shown(path);
        let name = name.terminal();
        if path.join(PLUGIN_TOML).exists() {
            return Err(refused(
                "it is the source of a plugin".to_owned(),
                format!(
                    "build it with `holdpoint plugin build {name}`, and take the file that this says"
                ),
            ));
        }
        let lock = path.join(LOCK_NAME);
        if !lock.exists() {
            let within = path.join(VENDOR_FOLDER);
            let help = if within.join(LOCK_NAME).exists() {
                format!("name {}", shown(&within).terminal())
            } else {
                "name the file of a plugin, `oci://HOST/NAME:TAG`, or a folder that `holdpoint plugin \
                 vendor` wrote, which writes it anew where it has no lock yet"
                    .to_owned()
            };
            return Err(refused(format!("it has no {LOCK_NAME}"), help));
        }
        let bytes = bounded(&lock, FILE_BYTES_MAX)?;
        let lock = Lock::read(&String::from_utf8_lossy(&bytes)).map_err(|error| {
            refused(
                format!("{LOCK_NAME} in it cannot be read: {error}"),
                AGAIN.to_owned(),
            )
        })?;
        if lock.plugins().next().is_none() {
            return Err(refused(
                "there is no plugin in it".to_owned(),
                AGAIN.to_owned(),
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            lock,
        })
    }

    /// Its plugins, by the names that whoever wrote it has for them.
    pub(super) fn plugins(&self) -> impl Iterator<Item = (&str, &Locked)> {
        self.lock.plugins()
    }

    /// That nothing which is wanted of it is there.
    pub(super) fn lacks_all(&self) -> Error {
        let names: Vec<String> = self.plugins().map(|(name, _)| name.to_owned()).collect();
        Error::Folder {
            path: shown(&self.path),
            why: format!(
                "no plugin of holdpoint.lock has a name that it has: {}",
                Text::from(names.join(", ")).terminal()
            ),
            help: "`holdpoint plugin add FOLDER` takes what is new; what the pipeline calls otherwise \
                   has to be called so where the folder is written"
                .to_owned(),
        }
    }

    /// Whether it has a plugin of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.lock.get(name).is_some()
    }

    /// Copies plugins of it into the folder beside a pipeline file, which has this lock from then on.
    pub(super) fn copy<'f>(
        &self,
        taking: &Taking,
        plugins: impl IntoIterator<Item = &'f Fetched>,
        lock: &Lock,
    ) -> Result<(), Error> {
        let own = beside(taking)?;
        let found = |path: &Path| path.canonicalize().ok();
        // It may lie there already.
        if found(&own) != found(&self.path) {
            for fetched in plugins {
                let plugin = &fetched.plugin;
                write(&own, &plugin.digest, &plugin.component, &fetched.bundles)?;
            }
        }
        write_lock(&own, lock)
    }

    /// The bytes of the plugin of a name, which is to come from this source.
    pub(super) fn fetch_from(&self, name: &str, source: &str) -> Result<Fetched, Error> {
        let refused = |why: String, help: &str| Error::Folder {
            path: shown(&self.path),
            why,
            help: help.to_owned(),
        };
        let shown = |text: &str| format!("`{}`", Text::from(text).terminal());
        let locked = self.lock.get(name).ok_or_else(|| {
            let why = format!("it has no {}", shown(name));
            refused(why, "leave its name out, or have it written again with it")
        })?;
        if locked.source != source {
            let why = format!(
                "{} in it comes from {}, and the pipeline file says {}",
                shown(name),
                shown(&locked.source),
                shown(source)
            );
            return Err(refused(
                why,
                "if that is meant, make it the `source` of the plugin in the pipeline file",
            ));
        }
        self.fetch(name, locked)
    }

    /// The bytes of one of its plugins, which are what its lock says.
    pub(super) fn fetch(&self, name: &str, locked: &Locked) -> Result<Fetched, Error> {
        let reference: Reference = locked.source.parse().map_err(|error| Error::Folder {
            path: shown(&self.path),
            why: format!("of `{}` it says: {error}", Text::from(name).terminal()),
            help: AGAIN.to_owned(),
        })?;
        // The folder has the bytes of the plugin and not those of what the registry calls by this digest.
        if reference.digest().is_some() {
            return Err(Error::Folder {
                path: shown(&self.path),
                why: format!(
                    "the source of `{}`, {}, names a digest of the registry, and only the registry shows \
                     what has it",
                    Text::from(name).terminal(),
                    Text::from(locked.source.as_str()).terminal(),
                ),
                help: "take it from the registry, or have the folder written where its source names a tag"
                    .to_owned(),
            });
        }
        let file = self.path.join(vendored_component(&locked.digest));
        if file.exists() {
            own_file(&file)?;
        }
        let component = plugin::read_bytes(&file).map_err(|source| Error::NotVendored {
            name: Text::from(name),
            folder: shown(&self.path),
            source: Box::new(source),
        })?;
        let differs = |source| Error::Vendored {
            name: Text::from(name),
            folder: shown(&self.path),
            source,
        };
        // Before anything of it is read.
        locked.check_digest(&component).map_err(differs)?;
        let source = Source::Registry(reference.to_string());
        let plugin = plugin::read_component(source, component.into()).map_err(Error::Read)?;
        locked.check(&locked.source, &plugin).map_err(differs)?;
        let (mut bundles, mut unread) = (Vec::new(), None);
        for number in 1..=SIGNATURES_MAX {
            let file = self.path.join(vendored_signature(&locked.digest, number));
            if !file.exists() {
                break;
            }
            let bundle = bounded(&file, BUNDLE_BYTES_MAX)?;
            // What else was said of a plugin may lie among them, such as how it was built.
            match Signature::read(&bundle) {
                Ok(_) => bundles.push(bundle),
                Err(source) => {
                    unread = Some(Error::Signature {
                        path: shown(&file),
                        source: Box::new(source),
                    });
                }
            }
        }
        if let (true, Some(error)) = (bundles.is_empty(), unread) {
            return Err(error);
        }
        Ok(Fetched {
            plugin,
            manifest: locked.manifest,
            bundles,
        })
    }
}

/// What to do about a folder that is not as it was written.
const AGAIN: &str =
    "have it written again: `holdpoint plugin vendor` does, where its plugins are used";

/// Refuses what is no file of the folder itself: a link could have a file from elsewhere, which nobody
/// handed over, copied beside a pipeline.
fn own_file(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::File {
        path: shown(path),
        source,
    };
    if path.symlink_metadata().map_err(failed)?.is_file() {
        return Ok(());
    }
    Err(failed(std::io::Error::other(
        "it is a link, or no file at all",
    )))
}

/// The content of a file, at most one byte more than it may have, so that what is larger is refused.
fn bounded(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::File {
        path: shown(path),
        source,
    };
    own_file(path)?;
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > bytes_max {
        let words = format!("it has more than {bytes_max} bytes");
        return Err(failed(std::io::Error::other(words)));
    }
    Ok(bytes)
}
