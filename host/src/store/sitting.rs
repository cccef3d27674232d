//! A sitting in a database.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::connection::Connection;
use super::database::{Database, Hold};
use super::runs::{self, Kept};
use super::state::{Changes, Leased, Sitting};
use super::{StoreError, documents, leases, postgres, writing};
use crate::model::{RunId, Sharing};

/// A sitting, with the connection that everything of it is written through. On a server the run is
/// taken by that connection: what is written through it is written while the run is held.
pub(super) struct DatabaseSitting {
    database: Arc<Database>,
    /// Not there while it is used, and after it broke.
    connection: Option<Connection>,
    hold: Hold,
    run: RunId,
    number: u32,
}

impl DatabaseSitting {
    pub(super) fn new(
        database: Arc<Database>,
        connection: Connection,
        hold: Hold,
        run: RunId,
        number: u32,
    ) -> Self {
        Self {
            database,
            connection: Some(connection),
            hold,
            run,
            number,
        }
    }

    async fn take(&mut self) -> Result<Connection, StoreError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.database.connect_again().await,
        }
    }

    async fn done<T>(
        &mut self,
        connection: Connection,
        result: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if connection.usable() {
            self.connection = Some(connection);
        }
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(self.database.explain(error).await),
        }
    }

    /// The run, locked for this transaction, if this is still its newest sitting.
    async fn fenced(&self, connection: &mut Connection) -> Result<Kept, StoreError> {
        let kept = runs::for_writing(connection, &self.run).await?;
        if kept.summary.sittings == self.number {
            return Ok(kept);
        }
        Err(StoreError::Fenced {
            run: self.run.clone(),
            number: self.number,
            newest: kept.summary.sittings,
            holder: kept.holder.map(Box::new),
            place: connection.place(),
        })
    }

    async fn write_through(
        &self,
        connection: &mut Connection,
        changes: Changes,
    ) -> Result<(), StoreError> {
        let documents = documents::pack(connection, &changes).await?;
        connection.begin().await?;
        let written = async {
            let mut kept = self.fenced(connection).await?;
            writing::apply(connection, &mut kept, self.number, changes, documents).await
        }
        .await;
        connection.end(written).await
    }

    async fn lease_through(
        &self,
        connection: &mut Connection,
        key: &str,
        sharing: Sharing,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        connection.begin().await?;
        let leased = async {
            self.fenced(connection).await?;
            leases::take(connection, &self.run, key, sharing, now).await
        }
        .await;
        connection.end(leased).await
    }

    async fn give_back_through(&self, connection: &mut Connection) -> Result<(), StoreError> {
        connection.begin().await?;
        let given_back = async {
            self.fenced(connection).await?;
            leases::give_back(connection, &self.run).await
        }
        .await;
        connection.end(given_back).await
    }
}

#[async_trait]
impl Sitting for DatabaseSitting {
    fn number(&self) -> u32 {
        self.number
    }

    async fn write(&mut self, changes: Changes) -> Result<(), StoreError> {
        let mut connection = self.take().await?;
        let written = self.write_through(&mut connection, changes).await;
        self.done(connection, written).await
    }

    async fn lease(
        &mut self,
        key: &str,
        sharing: Sharing,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        let mut connection = self.take().await?;
        let leased = self.lease_through(&mut connection, key, sharing, now).await;
        self.done(connection, leased).await
    }

    async fn give_back(&mut self) -> Result<(), StoreError> {
        let mut connection = self.take().await?;
        let given_back = self.give_back_through(&mut connection).await;
        self.done(connection, given_back).await
    }

    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        if let Some(mut connection) = self.connection.take() {
            // Where it cannot be said any more, the end of the connection says it.
            if connection.pick(false, true)
                && let Err(error) = postgres::give_up(&mut connection, &self.run).await
            {
                tracing::debug!(%error, "the run is given up with the connection");
            }
            connection.close().await;
        }
        drop(self.hold);
        Ok(())
    }
}

impl fmt::Debug for DatabaseSitting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DatabaseSitting")
            .field("database", &self.database)
            .field("run", &self.run)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
