//! What people signed, as it came, up to a bound: everybody who can reach the store can add to it, and
//! every sitting reads all of it.

use super::StoreError;
use super::connection::{Connection, Row};
use super::sealed::bounded;
use super::{runs, sealed};
use crate::model::{RunId, Statement};

/// Statements of one run: some people, each stage, and a new approval whenever an old one has run out.
pub const STATEMENTS_MAX: u32 = 1_000;

/// Bytes of all statements of one run, their signatures included.
pub const STATEMENTS_BYTES_MAX: u64 = 16 << 20;

/// Keeps a statement, once. Its run is there, and need not be held by anybody.
pub(super) async fn keep(
    connection: &mut Connection,
    statement: &Statement,
) -> Result<(), StoreError> {
    let what = "a signed statement";
    bounded(
        what,
        statement
            .document
            .len()
            .saturating_add(statement.signature.len()),
    )?;
    // Locked: of two that come at the same time the second one counts the first one too.
    runs::for_writing(connection, &statement.run).await?;
    if is_kept(connection, statement).await? {
        return Ok(());
    }
    check_room(connection, statement).await?;
    let insert = "INSERT INTO statements (run, digest, time, document, signature) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (run, digest) DO NOTHING";
    let values = [
        statement.run.as_str().into(),
        statement.digest().hex().into(),
        sealed::column(&statement.time.to_string()).into(),
        statement.document.clone().into(),
        // As bytes: it came from outside, and need not be the text that it says it is.
        statement.signature.clone().into_bytes().into(),
    ];
    connection.execute(insert, values).await.map(drop)
}

async fn is_kept(connection: &mut Connection, statement: &Statement) -> Result<bool, StoreError> {
    let select = "SELECT 1 FROM statements WHERE run = $1 AND digest = $2";
    let values = [
        statement.run.as_str().into(),
        statement.digest().hex().into(),
    ];
    Ok(connection.row(select, values).await?.is_some())
}

/// Refuses what would be more than a run has.
async fn check_room(connection: &mut Connection, statement: &Statement) -> Result<(), StoreError> {
    let select = "SELECT COUNT(*), \
         CAST(COALESCE(SUM(LENGTH(document) + LENGTH(signature)), 0) AS BIGINT) \
         FROM statements WHERE run = $1";
    let row = connection
        .row(select, [statement.run.as_str().into()])
        .await?
        .ok_or_else(|| connection.corrupt("statements cannot be counted"))?;
    let bytes = u64::try_from(row.integer(1)?).unwrap_or(u64::MAX);
    let length = statement
        .document
        .len()
        .saturating_add(statement.signature.len());
    let bytes = bytes.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
    if row.integer(0)? >= i64::from(STATEMENTS_MAX) || bytes > STATEMENTS_BYTES_MAX {
        return Err(StoreError::TooManyStatements {
            run: statement.run.clone(),
            place: connection.place(),
        });
    }
    Ok(())
}

/// What people signed about a run, in the order in which it came.
pub(super) async fn of(
    connection: &mut Connection,
    run: &RunId,
) -> Result<Vec<Statement>, StoreError> {
    let select = "SELECT digest, time, document, signature FROM statements \
         WHERE run = $1 ORDER BY position";
    let rows = connection.rows(select, [run.as_str().into()]).await?;
    rows.iter().map(|row| statement(row, run)).collect()
}

fn statement(row: &Row, run: &RunId) -> Result<Statement, StoreError> {
    let wrong = || {
        row.corrupt(format!(
            "a signed statement about the run {} is not what was kept",
            run.short()
        ))
    };
    let statement = Statement {
        run: run.clone(),
        time: row.text(1)?.parse().map_err(|_| wrong())?,
        document: row.bytes(2)?,
        signature: String::from_utf8(row.bytes(3)?).map_err(|_| wrong())?,
    };
    if statement.digest().hex() == row.text(0)? {
        Ok(statement)
    } else {
        Err(wrong())
    }
}
