//! Messages on their way.

use super::StoreError;
use super::connection::{Connection, Value};
use super::sealed::{self, column};
use crate::model::{MessageKey, MessageState, OutboxMessage, RunId, Text};

/// Adds messages of a run; one that is there already stays as it is.
pub(super) async fn add(
    connection: &mut Connection,
    run: &RunId,
    messages: &[OutboxMessage],
) -> Result<(), StoreError> {
    let insert = "INSERT INTO outbox (run, event, channel, number, message, seal) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (run, event, channel, number) DO NOTHING";
    for message in messages {
        let key = &message.key;
        if key.run != *run {
            return Err(no_message(connection, run, key));
        }
        connection.execute(insert, row_of(run, message)?).await?;
    }
    Ok(())
}

/// Writes down where messages of a run are on their way. The run's row is locked, so that nobody
/// else does.
pub(super) async fn change(
    connection: &mut Connection,
    run: &RunId,
    states: Vec<(MessageKey, MessageState)>,
) -> Result<(), StoreError> {
    let select = "SELECT message, seal FROM outbox \
         WHERE run = $1 AND event = $2 AND channel = $3 AND number = $4";
    let update = "UPDATE outbox SET message = $5, seal = $6 \
         WHERE run = $1 AND event = $2 AND channel = $3 AND number = $4";
    for (key, state) in states {
        let found = if key.run == *run {
            let values = [
                run.as_str().into(),
                column(&key.event).into(),
                column(&key.channel).into(),
                key.number.into(),
            ];
            connection.row(select, values).await?
        } else {
            None
        };
        let Some(row) = found else {
            return Err(no_message(connection, run, &key));
        };
        let mut message: OutboxMessage = sealed::opened(&row, 0, 1, "a message")?;
        message.state = state;
        connection.execute(update, row_of(run, &message)?).await?;
    }
    Ok(())
}

/// A message as its columns: what it is found by, its text and the seal of that.
fn row_of(run: &RunId, message: &OutboxMessage) -> Result<[Value; 6], StoreError> {
    let key = &message.key;
    let (text, seal) = sealed::sealed("a message", message)?;
    Ok([
        run.as_str().into(),
        column(&key.event).into(),
        column(&key.channel).into(),
        key.number.into(),
        text.into(),
        seal.into(),
    ])
}

/// The messages of a run, in the order in which they were added.
pub(super) async fn of(
    connection: &mut Connection,
    run: &RunId,
) -> Result<Vec<OutboxMessage>, StoreError> {
    let select = "SELECT message, seal FROM outbox WHERE run = $1 ORDER BY position";
    let rows = connection.rows(select, [run.as_str().into()]).await?;
    rows.iter()
        .map(|row| sealed::opened(row, 0, 1, "a message"))
        .collect()
}

fn no_message(connection: &Connection, run: &RunId, key: &MessageKey) -> StoreError {
    StoreError::NoMessage {
        run: run.clone(),
        event: Text::from(key.event.as_str()),
        channel: Text::from(key.channel.as_str()),
        number: key.number,
        place: connection.place(),
    }
}
