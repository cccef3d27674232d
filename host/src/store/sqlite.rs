//! `SQLite`: one file in the user's state folder, or one that is carried about.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cap_std::fs::Dir;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::StoreError;
use super::connection::{BUSY_SECONDS_MAX, Connection, Raw};
use super::error::shown;
use super::failure::explained_connecting;
use super::folder::{self, FileLock, Others, Refusal};
use crate::model::RunId;

/// Name of the database in the state folder.
const NAME: &str = "holdpoint.db";

/// Bytes of the smallest database: one page of the smallest size.
const PAGE_BYTES_MIN: u64 = 512;

/// Pause between two tries to open a database that others are opening too.
const PAUSE: Duration = Duration::from_millis(20);

/// Where a database is, and how it is opened.
pub(super) struct Sqlite {
    folder: Arc<Dir>,
    name: String,
    options: SqliteConnectOptions,
}

impl Sqlite {
    /// The database of a state folder; both are made where they are missing. Of any number of
    /// processes one writes while others read: a write-ahead log, which is synchronised at the end of
    /// every transaction, so that what was journalled is there after a power cut.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let place = shown(&path);
        let work_tree = folder::work_tree(folder).map_err(|error| unreachable(&place, &error))?;
        if let Some(work_tree) = work_tree {
            return Err(StoreError::InWorkTree {
                folder: folder.to_owned(),
                work_tree,
            });
        }
        let opened = folder::open(folder).map_err(|refusal| refused(shown(folder), refusal))?;
        let bytes = folder::make_file(&opened, NAME, Others::Nothing)
            .map_err(|refusal| refused(place.clone(), refusal))?;
        check_size(&opened, NAME, bytes, &place)?;
        let folder = folder
            .canonicalize()
            .map_err(|error| unreachable(&place, &error))?;
        let options = options(&folder.join(NAME))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        Ok(Self {
            folder: Arc::new(opened),
            name: NAME.to_owned(),
            options,
        })
    }

    /// A database that is one file and nothing else between two processes; made where it is missing.
    /// Its rollback journal is gone after every transaction, and the folder is synchronised then:
    /// one that came back after a power cut would take the transaction back.
    pub(super) fn in_file(path: &Path) -> Result<Self, StoreError> {
        let place = shown(path);
        let not_used = |why: &str| StoreError::Refused {
            place: place.clone(),
            why: why.to_owned(),
        };
        let name = path
            .file_name()
            .ok_or_else(|| not_used("it names no file"))?
            .to_str()
            .ok_or_else(|| not_used("its name is not UTF-8"))?;
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let folder: PathBuf = folder
            .canonicalize()
            .map_err(|error| unreachable(&shown(folder), &error))?;
        let opened =
            folder::open_beside(&folder).map_err(|refusal| refused(shown(&folder), refusal))?;
        let bytes = folder::make_file(&opened, name, Others::Read)
            .map_err(|refusal| refused(place.clone(), refusal))?;
        check_size(&opened, name, bytes, &place)?;
        let options = options(&folder.join(name))
            .journal_mode(SqliteJournalMode::Delete)
            .synchronous(SqliteSynchronous::Extra);
        Ok(Self {
            folder: Arc::new(opened),
            name: name.to_owned(),
            options,
        })
    }

    /// The database of a state folder, to be read: none where there is none. Nothing is made.
    pub(super) fn found_in_folder(folder: &Path) -> Result<Option<Self>, StoreError> {
        if is_there(&folder.join(NAME))? {
            Ok(Some(Self::in_folder(folder)?.reading()))
        } else {
            Ok(None)
        }
    }

    /// A database that is one file, to be read: none where there is none. Nothing is made.
    pub(super) fn found_in_file(path: &Path) -> Result<Option<Self>, StoreError> {
        if is_there(path)? {
            Ok(Some(Self::in_file(path)?.reading()))
        } else {
            Ok(None)
        }
    }

    fn reading(mut self) -> Self {
        self.options = options(self.options.get_filename()).read_only(true);
        self
    }

    /// Where it is, for people.
    pub(super) fn place(&self) -> String {
        shown(self.options.get_filename())
    }

    /// Opens it. Only one process at a time can set how a database is journalled, and nobody waits
    /// for it by itself: it is tried again for a while.
    pub(super) async fn connect(&self, place: &Arc<str>) -> Result<Connection, StoreError> {
        let deadline = Instant::now() + Duration::from_secs(BUSY_SECONDS_MAX);
        loop {
            match self.options.connect().await {
                Ok(connection) => {
                    return Ok(Connection::new(Raw::Sqlite(connection), Arc::clone(place)));
                }
                Err(error) => match explained_connecting(place.to_string(), &error) {
                    StoreError::Busy { .. } if Instant::now() < deadline => {
                        tokio::time::sleep(PAUSE).await;
                    }
                    error => return Err(error),
                },
            }
        }
    }

    /// Opens it to see what can be read of it, and changes nothing.
    pub(super) async fn connect_reading(&self, place: &Arc<str>) -> Result<Connection, StoreError> {
        let options = options(self.options.get_filename()).read_only(true);
        match options.connect().await {
            Ok(connection) => Ok(Connection::new(Raw::Sqlite(connection), Arc::clone(place))),
            Err(error) => Err(explained_connecting(place.to_string(), &error)),
        }
    }

    /// Takes a run for one sitting: none where another one has it. The lock is a file of its own
    /// beside the database; the system gives it up when the process ends, however it ends.
    pub(super) fn hold(&self, run: &RunId) -> Result<Option<FileLock>, StoreError> {
        let name = format!("{}-{run}.lock", self.name);
        folder::lock(&self.folder, name).map_err(|error| unreachable(&self.place(), &error))
    }
}

fn is_there(path: &Path) -> Result<bool, StoreError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unreachable(&shown(path), &error)),
    }
}

/// Refuses what is too small for a database, which `SQLite` takes for a new one and writes over. It
/// can be one in the making where there is a journal beside it.
fn check_size(folder: &Dir, name: &str, bytes: u64, place: &str) -> Result<(), StoreError> {
    let journal = folder.symlink_metadata(format!("{name}-journal"));
    if bytes == 0 || bytes >= PAGE_BYTES_MIN || journal.is_ok() {
        return Ok(());
    }
    Err(StoreError::Corrupt {
        place: place.to_owned(),
        what: format!("a file of {bytes} bytes is no database"),
        saved: Some(Box::default()),
    })
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(Duration::from_secs(BUSY_SECONDS_MAX))
        .foreign_keys(true)
        // A file that was carried about may be made to harm: its schema runs nothing, and its pages
        // are looked at before they are used.
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        // Apple's fsync returns before the disk has written.
        .pragma("fullfsync", "ON")
        .disable_statement_logging()
}

fn refused(place: String, refusal: Refusal) -> StoreError {
    match refusal {
        Refusal::Foreign { owner, user } => StoreError::Foreign {
            place,
            owner: format!("the user {owner}"),
            user: format!("the user {user}"),
        },
        Refusal::Io(error) => unreachable(&place, &error),
        refusal => StoreError::Refused {
            place,
            why: refusal.to_string(),
        },
    }
}

fn unreachable(place: &str, error: &std::io::Error) -> StoreError {
    let why = error.to_string();
    let place = place.to_owned();
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            StoreError::Full { place, why }
        }
        _ => StoreError::Unreachable { place, why },
    }
}
