//! Keys that runs hold for a while.

use jiff::Timestamp;

use super::StoreError;
use super::connection::Connection;
use super::runs;
use super::sealed::{column, of_column};
use super::state::{HeldLease, Leased};
use crate::model::{RunId, Sharing};

/// Takes a key for a run, or tells who has it. A run that holds it shared and is alone with it can
/// have it for itself; one that has it for itself keeps it so until it gives it back.
pub(super) async fn take(
    connection: &mut Connection,
    run: &RunId,
    key: &str,
    sharing: Sharing,
    now: Timestamp,
) -> Result<Leased, StoreError> {
    // Two runs that ask at the same time would not see each other.
    if connection.pick(false, true) {
        let lock = "LOCK TABLE leases IN SHARE ROW EXCLUSIVE MODE";
        connection.execute(lock, []).await?;
    }
    let forget = "DELETE FROM leases WHERE key = $1 \
         AND run IN (SELECT id FROM runs WHERE state <> 'open')";
    connection.execute(forget, [column(key).into()]).await?;
    let (own, others): (Vec<_>, Vec<_>) = of(connection, key)
        .await?
        .into_iter()
        .partition(|lease| lease.run == *run);
    let held = own.first().map(|lease| lease.sharing);
    if matches!(
        (held, sharing),
        (Some(Sharing::Exclusive), _) | (Some(Sharing::Shared), Sharing::Shared)
    ) {
        return Ok(Leased::Held);
    }
    let in_the_way =
        |lease: &HeldLease| sharing == Sharing::Exclusive || lease.sharing == Sharing::Exclusive;
    let others: Vec<_> = others.into_iter().filter(in_the_way).collect();
    if !others.is_empty() {
        return Ok(Leased::Taken(others));
    }
    let insert = "INSERT INTO leases (key, run, sharing, since) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (key, run) DO UPDATE SET sharing = excluded.sharing";
    let values = [
        column(key).into(),
        run.as_str().into(),
        name(sharing).into(),
        now.to_string().into(),
    ];
    connection.execute(insert, values).await?;
    Ok(Leased::Held)
}

/// Gives back all that a run holds.
pub(super) async fn give_back(connection: &mut Connection, run: &RunId) -> Result<(), StoreError> {
    let delete = "DELETE FROM leases WHERE run = $1";
    connection
        .execute(delete, [run.as_str().into()])
        .await
        .map(drop)
}

/// Who holds a key: runs that are open.
pub(super) async fn of(
    connection: &mut Connection,
    key: &str,
) -> Result<Vec<HeldLease>, StoreError> {
    let select = "SELECT leases.key, leases.run, leases.sharing, leases.since FROM leases \
         JOIN runs ON runs.id = leases.run \
         WHERE leases.key = $1 AND runs.state = 'open' ORDER BY leases.run";
    let rows = connection.rows(select, [column(key).into()]).await?;
    rows.iter()
        .map(|row| {
            let wrong = || row.corrupt("a lease is not of its layout");
            Ok(HeldLease {
                key: of_column(&row.text(0)?),
                run: runs::id(row, 1)?,
                sharing: of_name(&row.text(2)?).ok_or_else(wrong)?,
                since: row.text(3)?.parse().map_err(|_| wrong())?,
            })
        })
        .collect()
}

fn name(sharing: Sharing) -> &'static str {
    match sharing {
        Sharing::Exclusive => "exclusive",
        Sharing::Shared => "shared",
    }
}

fn of_name(text: &str) -> Option<Sharing> {
    [Sharing::Exclusive, Sharing::Shared]
        .into_iter()
        .find(|sharing| name(*sharing) == text)
}
