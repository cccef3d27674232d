//! What the errors of the databases mean. They are told apart by their codes, never by their words.

use super::{StoreError, Written};

/// How far a connection has come when something fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It reads, or does nothing.
    Reading,
    /// It is in a transaction, which nobody sees before its end.
    Writing,
    /// The transaction is being ended.
    Committing,
}

/// What an error means for who asked.
pub(super) fn explained(place: String, error: &sqlx::Error, stage: Stage) -> StoreError {
    let written = match stage {
        Stage::Reading | Stage::Writing => Written::Nothing,
        Stage::Committing => Written::Unknown,
    };
    match error {
        sqlx::Error::Database(database) => {
            let why = database.message().to_owned();
            let code = database.code().unwrap_or_default();
            match code.parse() {
                // The codes of PostgreSQL have five characters, some of them are all digits.
                Ok(code)
                    if database
                        .try_downcast_ref::<sqlx::sqlite::SqliteError>()
                        .is_some() =>
                {
                    of_sqlite(code, place, why, written)
                }
                _ => of_postgres(&code, place, why, written),
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::PoolClosed
        | sqlx::Error::PoolTimedOut => StoreError::Lost {
            place,
            why: error.to_string(),
            written,
        },
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt {
            place,
            what: error.to_string(),
            saved: None,
        },
        error => StoreError::Statement {
            place,
            why: error.to_string(),
        },
    }
}

/// The same when a connection is being made: nothing was asked yet.
pub(super) fn explained_connecting(place: String, error: &sqlx::Error) -> StoreError {
    match explained(place, error, Stage::Reading) {
        StoreError::Lost { place, why, .. } | StoreError::Statement { place, why } => {
            StoreError::Unreachable { place, why }
        }
        explained => explained,
    }
}

/// <https://www.sqlite.org/rescode.html>
fn of_sqlite(code: u32, place: String, why: String, written: Written) -> StoreError {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const READONLY: u32 = 8;
    const IOERR: u32 = 10;
    const CORRUPT: u32 = 11;
    const FULL: u32 = 13;
    const CANTOPEN: u32 = 14;
    const NOTADB: u32 = 26;
    const PERM: u32 = 3;
    const IOERR_WRITE: u32 = 778;
    const IOERR_SHMSIZE: u32 = 4874;
    // The lower byte is the sort of error.
    match (code, code & 0xff) {
        (_, BUSY | LOCKED) => StoreError::Busy { place, why },
        (IOERR_WRITE | IOERR_SHMSIZE, _) | (_, FULL) => StoreError::Full { place, why },
        (_, IOERR) => StoreError::Lost {
            place,
            why,
            written,
        },
        (_, CORRUPT | NOTADB) => StoreError::Corrupt {
            place,
            what: why,
            saved: None,
        },
        (_, READONLY | CANTOPEN | PERM) => StoreError::Unreachable { place, why },
        _ => StoreError::Statement { place, why },
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn of_postgres(code: &str, place: String, why: String, written: Written) -> StoreError {
    match code {
        // Serialization, deadlock, a lock that was not given in time, a statement that took longer
        // than the role may, too many connections.
        "40001" | "40P01" | "55P03" | "57014" | "53300" => StoreError::Busy { place, why },
        "53100" => StoreError::Full { place, why },
        "XX001" | "XX002" => StoreError::Corrupt {
            place,
            what: why,
            saved: None,
        },
        // A replica, which only reads.
        "25006" => StoreError::Refused { place, why },
        // No such database or role, no right to something, a wrong password.
        "3D000" | "42501" => StoreError::Unreachable { place, why },
        _ if code.starts_with("28") => StoreError::Unreachable { place, why },
        // The server or an administrator ends the connection, or the server has no memory.
        _ if code.starts_with("57") || code.starts_with("08") || code.starts_with("53") => {
            StoreError::Lost {
                place,
                why,
                written,
            }
        }
        _ => StoreError::Statement { place, why },
    }
}
