//! The tables, and how those of an older version are brought up to date.

use super::StoreError;
use super::connection::Connection;

/// What each layout adds to the one before it. A layout that was released never changes: what is
/// new is a layout of its own at the end.
const LAYOUTS: [&str; 3] = [
    include_str!("layout/1.sql"),
    include_str!("layout/2.sql"),
    include_str!("layout/3.sql"),
];

/// The layout that this version writes.
const NEWEST: u32 = 3;
const _: () = assert!(LAYOUTS.len() == NEWEST as usize);

/// What the databases call the same thing.
const WORDS: [(&str, &str, &str); 5] = [
    ("{integer}", "INTEGER", "BIGINT"),
    ("{bytes}", "BLOB", "BYTEA"),
    // Compared as bytes, whatever the language of the database.
    ("{digits}", "TEXT COLLATE BINARY", "TEXT COLLATE \"C\""),
    (
        "{position}",
        "INTEGER PRIMARY KEY AUTOINCREMENT",
        "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    ),
    // SQLite takes any value for any column otherwise.
    ("{strict}", "STRICT", ""),
];

/// Number that an `SQLite` file of this program has in its head: `HOLD`.
const APPLICATION: i64 = 0x484f_4c44;

/// The schema of a `PostgreSQL` database in which the tables are.
pub(super) const SCHEMA: &str = "holdpoint";

/// The lock that one process has while it brings the tables up to date.
const LAYOUT_LOCK: i64 = 0x484f_4c44_0000_0001;

/// Makes the tables where there are none, and brings older ones up to date, in one transaction.
/// Refuses those of a newer version and a database of something else, and changes nothing there.
pub(super) async fn settle(connection: &mut Connection) -> Result<(), StoreError> {
    if known(connection).await? == Some(NEWEST) {
        return Ok(());
    }
    connection.begin().await?;
    let settled = bring_up(connection).await;
    connection.end(settled).await
}

/// Whether there are tables to be read; an error where this version cannot read them as they are.
/// Changes nothing.
pub(super) async fn look(connection: &mut Connection) -> Result<bool, StoreError> {
    match known(connection).await? {
        None => Ok(false),
        Some(NEWEST) => Ok(true),
        Some(found) => Err(StoreError::OlderLayout {
            place: connection.place(),
            found,
            known: NEWEST,
        }),
    }
}

async fn bring_up(connection: &mut Connection) -> Result<(), StoreError> {
    if connection.pick(false, true) {
        let lock = "SELECT pg_catalog.pg_advisory_xact_lock($1)";
        connection.execute(lock, [LAYOUT_LOCK.into()]).await?;
    }
    // Another process may have done it meanwhile.
    let found = known(connection).await?;
    let from = found.unwrap_or(0);
    if from == 0 {
        found_new(connection).await?;
    }
    for (layout, version) in LAYOUTS.into_iter().zip(1..) {
        if version > from {
            let script = connection.pick(text(layout, true), text(layout, false));
            connection.script(script).await?;
            let insert = "INSERT INTO layout (version) VALUES ($1)";
            connection.execute(insert, [version.into()]).await?;
        }
    }
    Ok(())
}

fn text(layout: &str, sqlite: bool) -> String {
    WORDS
        .into_iter()
        .fold(layout.to_owned(), |text, (word, of_sqlite, of_postgres)| {
            text.replace(word, if sqlite { of_sqlite } else { of_postgres })
        })
}

/// The layout of the tables; none where there are none.
async fn known(connection: &mut Connection) -> Result<Option<u32>, StoreError> {
    check_whose(connection).await?;
    let tables = connection.pick(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'layout'",
        "SELECT count(*) FROM pg_catalog.pg_tables \
         WHERE schemaname = 'holdpoint' AND tablename = 'layout'",
    );
    if count(connection, tables).await? == 0 {
        return Ok(None);
    }
    let newest = "SELECT max(version) FROM layout";
    let found = match connection.row(newest, []).await? {
        Some(row) => row.maybe_number(0)?,
        None => None,
    };
    match found {
        None => Err(connection.corrupt("it does not say its layout")),
        Some(found) if found > NEWEST => Err(StoreError::NewerLayout {
            place: connection.place(),
            found,
            known: NEWEST,
        }),
        found => Ok(found),
    }
}

/// Says that a new database is one of this program.
async fn found_new(connection: &mut Connection) -> Result<(), StoreError> {
    if connection.pick(true, false) {
        let script = format!("PRAGMA application_id = {APPLICATION}");
        return connection.script(script).await;
    }
    let schemas = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = 'holdpoint'";
    // An administrator can have made it for a role that may not make one itself.
    if count(connection, schemas).await? == 0 {
        connection.script(format!("CREATE SCHEMA {SCHEMA}")).await?;
    }
    Ok(())
}

/// Asks which program a database says that it is of.
const WHOSE: &str = "PRAGMA application_id";

/// Refuses a database of another program, and one with things in it that act by themselves.
async fn check_whose(connection: &mut Connection) -> Result<(), StoreError> {
    if connection.pick(false, true) {
        return check_role(connection).await;
    }
    let refused = |connection: &Connection, why: &str| {
        Err(StoreError::NotAStore {
            place: connection.place(),
            why: why.to_owned(),
        })
    };
    let application = count(connection, WHOSE).await?;
    if application != APPLICATION {
        let anything = "SELECT count(*) FROM sqlite_schema";
        let is_new = application == 0 && count(connection, anything).await? == 0;
        // Another process may have made it between the two questions, whose answers are then of two
        // states: it says whose it is in the transaction that makes its tables.
        if !is_new && count(connection, WHOSE).await? != APPLICATION {
            return refused(connection, "it is a database of another program");
        }
    }
    let acting = "SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view')";
    if count(connection, acting).await? != 0 {
        return refused(
            connection,
            "it has triggers or views, which Holdpoint never makes",
        );
    }
    Ok(())
}

/// Refuses the schema of a role that this one is no member of, and a database that cannot hold
/// every text.
async fn check_role(connection: &mut Connection) -> Result<(), StoreError> {
    let encoding = "SELECT pg_catalog.current_setting('server_encoding')";
    if let Some(row) = connection.row(encoding, []).await? {
        let encoding = row.text(0)?;
        if encoding != "UTF8" {
            return Err(StoreError::Refused {
                place: connection.place(),
                why: format!(
                    "its texts are {encoding}: make a database with the encoding UTF8 for it"
                ),
            });
        }
    }
    let owner = "SELECT CASE WHEN pg_catalog.pg_has_role(nspowner, 'USAGE') \
         THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END, \
         CAST(pg_catalog.pg_get_userbyid(nspowner) AS TEXT), CAST(current_user AS TEXT) \
         FROM pg_catalog.pg_namespace WHERE nspname = 'holdpoint'";
    let Some(row) = connection.row(owner, []).await? else {
        return Ok(());
    };
    if row.integer(0)? == 1 {
        return Ok(());
    }
    Err(StoreError::Foreign {
        place: connection.place(),
        owner: format!("the role {}", row.text(1)?),
        user: format!("the role {}", row.text(2)?),
    })
}

async fn count(connection: &mut Connection, sql: &'static str) -> Result<i64, StoreError> {
    match connection.row(sql, []).await? {
        Some(row) => row.integer(0),
        None => Ok(0),
    }
}
