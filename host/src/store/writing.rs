//! What belongs together, in one transaction.

use super::StoreError;
use super::connection::Connection;
use super::documents::{self, Packed};
use super::runs::{self, Kept};
use super::state::Changes;
use super::{journal, outbox};

/// Writes changes of a run whose row is locked by this transaction.
pub(super) async fn apply(
    connection: &mut Connection,
    kept: &mut Kept,
    sitting: u32,
    changes: Changes,
    documents: Vec<Packed>,
) -> Result<(), StoreError> {
    documents::add(connection, documents).await?;
    journal::add(connection, kept, sitting, &changes.entries).await?;
    outbox::add(connection, &kept.summary.id, &changes.messages).await?;
    outbox::change(connection, &kept.summary.id, changes.message_states).await?;
    if let Some(change) = changes.summary {
        kept.summary.state = change.state;
        kept.summary.verdict = change.verdict;
        kept.summary.overridden = change.overridden;
        kept.summary.effects = change.effects;
    }
    runs::save(connection, kept).await
}
