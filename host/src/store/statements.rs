//! What people signed, as it came.

use super::StoreError;
use super::connection::{Connection, Row};
use super::sealed::bounded;
use super::{runs, sealed};
use crate::model::{RunId, Statement};

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
    runs::get(connection, &statement.run).await?;
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
