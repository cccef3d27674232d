//! One connection to a database of either kind. What is asked of it is written once, in SQL that both
//! understand; where they differ, a function here says so. sqlx has a driver for any database, too:
//! it knows nothing of the codes of errors, which decide here what a person is told.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};

use super::failure::{self, Stage};
use super::{StoreError, Written};

/// How long a store may take for one statement. What waits for others gives up sooner and says so
/// ([`BUSY_SECONDS_MAX`]); this is for a server or a disk that does not answer at all.
pub const ANSWER_SECONDS_MAX: u64 = 60;

/// How long a statement waits for other processes. What they do takes milliseconds each.
pub const BUSY_SECONDS_MAX: u64 = 10;

/// A connection, and how far it can be relied on.
pub(super) struct Connection {
    raw: Raw,
    place: Arc<str>,
    stage: Stage,
    usable: bool,
}

/// The databases.
pub(super) enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// What is put in the place of `$1`, `$2` and so on.
pub(super) enum Value {
    Integer(i64),
    Text(String),
    MaybeText(Option<String>),
    Bytes(Vec<u8>),
}

/// A row of an answer.
pub(super) struct Row {
    raw: RawRow,
    place: Arc<str>,
}

enum RawRow {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<u32> for Value {
    fn from(integer: u32) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::MaybeText(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// A statement with its values, for the database that is inferred.
macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query($sql);
        for value in $values {
            query = match value {
                Value::Integer(integer) => query.bind(integer),
                Value::Text(text) => query.bind(text),
                Value::MaybeText(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }};
}

impl Connection {
    pub(super) fn new(raw: Raw, place: Arc<str>) -> Self {
        Self {
            raw,
            place,
            stage: Stage::Reading,
            usable: true,
        }
    }

    /// Where it leads, for people.
    pub(super) fn place(&self) -> String {
        self.place.to_string()
    }

    /// Whether another statement can be sent.
    pub(super) fn usable(&self) -> bool {
        self.usable
    }

    /// The text for the database at hand, where they differ.
    pub(super) fn pick<T>(&self, sqlite: T, postgres: T) -> T {
        match self.raw {
            Raw::Sqlite(_) => sqlite,
            Raw::Postgres(_) => postgres,
        }
    }

    /// Sends a statement and gives how many rows it changed.
    pub(super) async fn execute<const COUNT: usize>(
        &mut self,
        sql: &'static str,
        values: [Value; COUNT],
    ) -> Result<u64, StoreError> {
        let answer = match &mut self.raw {
            Raw::Sqlite(connection) => {
                let query = bound!(sql, values);
                in_time(async move { Ok(query.execute(connection).await?.rows_affected()) }).await
            }
            Raw::Postgres(connection) => {
                let query = bound!(sql, values);
                in_time(async move { Ok(query.execute(connection).await?.rows_affected()) }).await
            }
        };
        answer.map_err(|error| self.failed(&error))
    }

    /// Sends a statement and gives the rows that it answers.
    pub(super) async fn rows<const COUNT: usize>(
        &mut self,
        sql: &'static str,
        values: [Value; COUNT],
    ) -> Result<Vec<Row>, StoreError> {
        let rows: Result<Vec<RawRow>, _> = match &mut self.raw {
            Raw::Sqlite(connection) => {
                let query = bound!(sql, values);
                in_time(async move {
                    let rows = query.fetch_all(connection).await?;
                    Ok(rows.into_iter().map(RawRow::Sqlite).collect())
                })
                .await
            }
            Raw::Postgres(connection) => {
                let query = bound!(sql, values);
                in_time(async move {
                    let rows = query.fetch_all(connection).await?;
                    Ok(rows.into_iter().map(RawRow::Postgres).collect())
                })
                .await
            }
        };
        let rows = rows.map_err(|error| self.failed(&error))?;
        Ok(rows
            .into_iter()
            .map(|raw| Row {
                raw,
                place: Arc::clone(&self.place),
            })
            .collect())
    }

    /// Sends a statement and gives the first row that it answers.
    pub(super) async fn row<const COUNT: usize>(
        &mut self,
        sql: &'static str,
        values: [Value; COUNT],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Sends statements that are a text of this program as a whole, without values.
    pub(super) async fn script(&mut self, sql: String) -> Result<(), StoreError> {
        let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
        let answer = match &mut self.raw {
            Raw::Sqlite(connection) => {
                in_time(async move { connection.execute(sql).await.map(drop) }).await
            }
            Raw::Postgres(connection) => {
                in_time(async move { connection.execute(sql).await.map(drop) }).await
            }
        };
        answer.map_err(|error| self.failed(&error))
    }

    /// Begins a transaction that writes. `SQLite` has one such at a time: it is waited for here, for
    /// a transaction that has begun to read could not wait any more. What [`Connection::end`] has
    /// not ended is taken back when the connection is dropped.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        self.stage = Stage::Writing;
        self.command(self.pick("BEGIN IMMEDIATE", "BEGIN ISOLATION LEVEL READ COMMITTED"))
            .await
    }

    /// Ends the transaction: what was written stays where the result is good, and only there.
    pub(super) async fn end<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        let result = match result {
            Ok(value) => {
                self.stage = Stage::Committing;
                self.command("COMMIT").await.map(|()| value)
            }
            Err(error) => Err(error),
        };
        if result.is_err() && self.usable {
            self.stage = Stage::Writing;
            if self.command("ROLLBACK").await.is_err() {
                self.usable = false;
            }
        }
        self.stage = Stage::Reading;
        result
    }

    async fn command(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let answer = match &mut self.raw {
            Raw::Sqlite(connection) => {
                in_time(async move { connection.execute(sql).await.map(drop) }).await
            }
            Raw::Postgres(connection) => {
                in_time(async move { connection.execute(sql).await.map(drop) }).await
            }
        };
        answer.map_err(|error| self.failed(&error))
    }

    /// Whether a server still answers. A file always does.
    pub(super) async fn answers(&mut self) -> bool {
        match &mut self.raw {
            Raw::Sqlite(_) => true,
            Raw::Postgres(connection) => in_time(connection.ping()).await.is_ok(),
        }
    }

    /// Ends the connection, so that a server hears of it at once.
    pub(super) async fn close(self) {
        // What was written is written; whoever does not hear of the end sees it later.
        let _ = match self.raw {
            Raw::Sqlite(connection) => in_time(connection.close()).await,
            Raw::Postgres(connection) => in_time(connection.close()).await,
        };
    }

    /// An error that says that what was read is not what can have been written.
    pub(super) fn corrupt(&self, what: impl Into<String>) -> StoreError {
        StoreError::Corrupt {
            place: self.place(),
            what: what.into(),
            saved: None,
        }
    }

    fn failed(&mut self, error: &sqlx::Error) -> StoreError {
        let error = failure::explained(self.place(), error, self.stage);
        if matches!(error, StoreError::Lost { .. }) {
            self.usable = false;
        }
        error
    }
}

impl Row {
    pub(super) fn integer(&self, index: usize) -> Result<i64, StoreError> {
        self.decoded(match &self.raw {
            RawRow::Sqlite(row) => row.try_get(index),
            RawRow::Postgres(row) => row.try_get(index),
        })
    }

    /// A count or a number of something.
    pub(super) fn number(&self, index: usize) -> Result<u32, StoreError> {
        let integer = self.integer(index)?;
        u32::try_from(integer)
            .map_err(|_| self.corrupt(format!("{integer} is no number of anything")))
    }

    pub(super) fn text(&self, index: usize) -> Result<String, StoreError> {
        self.decoded(match &self.raw {
            RawRow::Sqlite(row) => row.try_get(index),
            RawRow::Postgres(row) => row.try_get(index),
        })
    }

    pub(super) fn maybe_number(&self, index: usize) -> Result<Option<u32>, StoreError> {
        let integer: Option<i64> = self.decoded(match &self.raw {
            RawRow::Sqlite(row) => row.try_get(index),
            RawRow::Postgres(row) => row.try_get(index),
        })?;
        integer.map(|_| self.number(index)).transpose()
    }

    pub(super) fn bytes(&self, index: usize) -> Result<Vec<u8>, StoreError> {
        self.decoded(match &self.raw {
            RawRow::Sqlite(row) => row.try_get(index),
            RawRow::Postgres(row) => row.try_get(index),
        })
    }

    /// An error that says that this row is not what can have been written.
    pub(super) fn corrupt(&self, what: impl Into<String>) -> StoreError {
        StoreError::Corrupt {
            place: self.place.to_string(),
            what: what.into(),
            saved: None,
        }
    }

    fn decoded<T>(&self, value: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        value.map_err(|error| self.corrupt(format!("a row is not of its layout ({error})")))
    }
}

/// What comes in time, or an error that says that the store does not answer.
async fn in_time<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS_MAX), answer).await {
        Ok(answer) => answer,
        Err(_) => Err(sqlx::Error::Io(std::io::Error::new(
            std::io::ErrorKind::TimedOut,
            format!("no answer within {ANSWER_SECONDS_MAX} seconds"),
        ))),
    }
}

/// An error for a connection that is gone.
pub(super) fn gone(place: String) -> StoreError {
    StoreError::Lost {
        place,
        why: "the connection of this sitting has ended, and with it the sitting".to_owned(),
        written: Written::Nothing,
    }
}
