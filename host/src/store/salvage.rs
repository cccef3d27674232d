//! What can still be read of a damaged file.

use std::collections::BTreeSet;

pub(super) use super::error::Readable;

use super::connection::Connection;
use super::{StoreError, journal, runs};
use crate::model::RunId;

/// Reads all that is there, and tells the runs that are whole from those that are not. A run counts
/// as whole when every line of its journal is what was written.
pub(super) async fn look(connection: &mut Connection) -> Readable {
    let mut found = BTreeSet::new();
    // The table and the index of its identifiers are in different places of the file: where one is
    // damaged, the other one may still name the runs. What comes before an error counts.
    let _ = by_position(connection, &mut found).await;
    let _ = by_identifier(connection, &mut found).await;
    let mut readable = Readable::default();
    for run in found {
        match journal::of(connection, &run).await {
            Ok(_) => readable.whole.push(run),
            Err(_) => readable.damaged.push(run),
        }
    }
    readable
}

async fn by_position(
    connection: &mut Connection,
    found: &mut BTreeSet<RunId>,
) -> Result<(), StoreError> {
    let select = "SELECT position, id FROM runs NOT INDEXED WHERE position > $1 \
         ORDER BY position LIMIT 1";
    let mut position = 0;
    while let Some(row) = connection.row(select, [position.into()]).await? {
        position = row.integer(0)?;
        found.extend(runs::id(&row, 1));
    }
    Ok(())
}

async fn by_identifier(
    connection: &mut Connection,
    found: &mut BTreeSet<RunId>,
) -> Result<(), StoreError> {
    let select = "SELECT id FROM runs WHERE id > $1 ORDER BY id LIMIT 1";
    let mut last = String::new();
    while let Some(row) = connection.row(select, [last.clone().into()]).await? {
        last = row.text(0)?;
        found.extend(runs::id(&row, 0));
    }
    Ok(())
}
