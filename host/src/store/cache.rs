use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cap_std::fs::Dir;
use cap_std::time::SystemTime;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::folder::{self, KEY_BYTES, Refusal, TEMPORARY};
use crate::model::{Digest, Text};

/// The sum of all entries of a cache, in bytes. The machine code of a large plugin in JavaScript or
/// Python takes some 100 MiB.
pub const CACHE_BYTES_MAX: u64 = 1 << 30;

/// Entries of a cache. The list of them is read at every write.
pub const CACHE_ENTRIES_MAX: usize = 4096;

/// Bytes of the code at the end of an entry that shows who wrote it.
const CODE_BYTES: usize = 32;

/// Name of the key's file in the state folder.
const KEY_NAME: &str = "cache.key";

/// What entries are called.
const ENTRY_SUFFIX: &str = ".entry";

/// What the code of an entry is about: other uses of the key, and other layouts, have other words.
const PURPOSE: &[u8] = b"holdpoint cache entry, layout 1";

/// How long a file may be in the making before it counts as left behind.
const LEFT_BEHIND_AFTER: Duration = Duration::from_hours(1);

/// Where a cache lies, and how large it may become.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The folder of its entries.
    pub entries: &'a Path,
    /// The folder of the key that they are sealed with. Another one, so that whoever is handed the
    /// entries (as CI systems keep such folders) cannot make one.
    pub state: &'a Path,
    /// All entries together, in bytes: [`CACHE_BYTES_MAX`].
    pub bytes_max: u64,
    /// How many entries there may be: [`CACHE_ENTRIES_MAX`].
    pub entries_max: usize,
}

/// Values by kind and key, in a folder that only the user can write to. Cheap to clone; any number
/// of processes can use one folder.
///
/// Each entry ends with a keyed BLAKE3 hash of its kind, its key and its value, which is checked at
/// every read: an entry that was changed, or moved to another name, is removed and counts as
/// missing. An entry is written beside its place and moved there as a whole.
///
/// A cache has no errors. What cannot be read is missing, what cannot be written is not kept, and
/// the log says so once.
#[derive(Clone, Default)]
pub struct Cache(Option<Arc<Opened>>);

struct Opened {
    folder: Dir,
    key: [u8; KEY_BYTES],
    bytes_max: u64,
    entries_max: usize,
    /// Whether the log has been told that something cannot be kept.
    told: AtomicBool,
}

/// A file of the folder.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    used: SystemTime,
    name: String,
    bytes: u64,
}

impl Cache {
    /// A cache that keeps nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Opens the cache at a place and makes what is missing there. A folder or a key that others
    /// could have written is not used: the log says why, and nothing is kept.
    #[must_use]
    pub fn open(place: Place<'_>) -> Self {
        let key = folder::open(place.state).and_then(|state| folder::key(&state, KEY_NAME));
        let Some(key) = usable(place.state, key) else {
            return Self::none();
        };
        let Some(folder) = usable(place.entries, folder::open(place.entries)) else {
            return Self::none();
        };
        Self(Some(Arc::new(Opened {
            folder,
            key,
            bytes_max: place.bytes_max,
            entries_max: place.entries_max,
            told: AtomicBool::new(false),
        })))
    }

    /// The value that was written last for this kind and key. `kind` is a word of the program.
    #[must_use]
    pub fn read(&self, kind: &'static str, key: &Digest) -> Option<Vec<u8>> {
        let opened = self.0.as_ref()?;
        let name = name(kind, key);
        let mut bytes = match opened.read(&name) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                opened.tell(&error);
                return None;
            }
        };
        if let Some((value, code)) = bytes.split_last_chunk::<CODE_BYTES>()
            // The comparison of these hashes takes the same time wherever they differ.
            && opened.code(kind, key, value) == blake3::Hash::from_bytes(*code)
        {
            bytes.truncate(bytes.len() - CODE_BYTES);
            return Some(bytes);
        }
        tracing::warn!(
            entry = name,
            "an entry of the cache was not written by this user and is thrown away"
        );
        if let Err(error) = opened.folder.remove_file(&name) {
            opened.tell(&error);
        }
        None
    }

    /// Keeps a value, and gives up those that were not used for the longest time where there is no
    /// room.
    pub fn write(&self, kind: &'static str, key: &Digest, value: &[u8]) {
        if let Some(opened) = &self.0
            && let Err(error) = opened.write(kind, key, value)
        {
            opened.tell(&error);
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cache")
            .field("keeps", &self.0.is_some())
            .finish_non_exhaustive()
    }
}

impl Opened {
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let file = folder::open_file(&self.folder, name)?;
        if file.metadata()?.len() > self.bytes_max {
            return Err(io::Error::other(
                "an entry is larger than the whole cache may be",
            ));
        }
        let mut bytes = Vec::new();
        (&file).take(self.bytes_max + 1).read_to_end(&mut bytes)?;
        let used = Timestamps {
            last_access: instant(UTIME_OMIT),
            last_modification: instant(UTIME_NOW),
        };
        // A folder that cannot be written to can be read from all the same.
        let _ = rustix::fs::futimens(&file, &used);
        Ok(bytes)
    }

    fn write(&self, kind: &'static str, key: &Digest, value: &[u8]) -> io::Result<()> {
        let bytes = value.len().saturating_add(CODE_BYTES);
        if u64::try_from(bytes).map_or(true, |bytes| bytes > self.bytes_max) {
            tracing::info!(kind, bytes, "too large for the cache");
            return Ok(());
        }
        let mut entry = Vec::with_capacity(bytes);
        entry.extend_from_slice(value);
        entry.extend_from_slice(self.code(kind, key, value).as_bytes());
        let temporary = folder::write_new(&self.folder, &entry)?;
        let name = name(kind, key);
        self.folder
            .rename(&temporary, &self.folder, &name)
            .inspect_err(|_| {
                let _ = self.folder.remove_file(&temporary);
            })?;
        self.make_room(&name)
    }

    /// Removes what was not used for the longest time until the rest is within the bounds; never what
    /// was just written, for times are coarse. Only files that a cache has made are looked at.
    fn make_room(&self, written: &str) -> io::Result<()> {
        let mut kept = BTreeSet::new();
        let mut in_the_making = Vec::new();
        let mut now = None;
        let (mut bytes, mut entries) = (0, 0);
        for entry in self.folder.entries()? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // Another process may have removed it since.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let used = metadata.modified()?;
            let file = Kept {
                used,
                bytes: metadata.len(),
                name,
            };
            if file.name.starts_with(TEMPORARY) {
                in_the_making.push(file);
                continue;
            }
            if !file.name.ends_with(ENTRY_SUFFIX) {
                continue;
            }
            bytes += file.bytes;
            entries += 1;
            if file.name == written {
                now = Some(used);
            } else {
                kept.insert(file);
            }
        }
        for file in in_the_making {
            let age = now.and_then(|now| now.duration_since(file.used).ok());
            if age.is_some_and(|age| age > LEFT_BEHIND_AFTER) {
                self.remove(&file.name)?;
            }
        }
        while bytes > self.bytes_max || entries > self.entries_max {
            let Some(oldest) = kept.pop_first() else {
                break;
            };
            self.remove(&oldest.name)?;
            bytes -= oldest.bytes;
            entries -= 1;
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match self.folder.remove_file(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What only somebody with the key can work out: bound to the kind, the key and the value, each
    /// of a known length or behind its length.
    fn code(&self, kind: &str, key: &Digest, value: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in [PURPOSE, kind.as_bytes(), key.bytes(), value] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize()
    }

    /// Says once that the cache is of no use.
    fn tell(&self, error: &io::Error) {
        if self.told.swap(true, Ordering::Relaxed) {
            tracing::debug!("the cache cannot be used: {error}");
        } else {
            tracing::warn!("the cache cannot be used, and this goes on without it: {error}");
        }
    }
}

/// What was opened, if it may be used; else the log says why not.
fn usable<T>(folder: &Path, opened: Result<T, Refusal>) -> Option<T> {
    opened
        .inspect_err(|refusal| {
            let folder = Text::from_bytes(folder.as_os_str().as_encoded_bytes());
            tracing::warn!(folder = %folder.terminal(), "no cache is used: {refusal}");
        })
        .ok()
}

fn name(kind: &str, key: &Digest) -> String {
    format!("{kind}-{}{ENTRY_SUFFIX}", key.hex())
}

fn instant(nanoseconds: rustix::fs::Nsecs) -> Timespec {
    Timespec {
        tv_sec: 0,
        tv_nsec: nanoseconds,
    }
}
