//! The store in a database of either kind.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::{Mutex, MutexGuard};

use super::connection::{Connection, gone};
use super::documents::Packed;
use super::folder::FileLock;
use super::postgres::{self, Postgres};
use super::runs::{self, Kept};
use super::sitting::DatabaseSitting;
use super::sqlite::Sqlite;
use super::state::{Changes, Filter, HeldLease, NewRun, Sat, Store};
use super::{StoreError, documents, journal, layout, leases, outbox, salvage, statements, writing};
use crate::model::{
    Digest, Entry, Holder, OutboxMessage, Record, RunId, RunKey, RunState, RunSummary, Statement,
};

/// How long a server may take to notice that a connection has ended. A process that was killed is
/// noticed within milliseconds; one that is alive is named as the holder after this time.
pub const NOTICE_SECONDS_MAX: u64 = 1;

/// Pause between two looks at whether a server has noticed.
const PAUSE: Duration = Duration::from_millis(25);

/// Opens the store of a user: a database in their state folder. Both are made where they are missing.
///
/// # Errors
///
/// Where the folder or the file belongs to somebody else, can be reached by others, is a link or
/// lies in a git working tree, and where the store is of a newer version, damaged or not one.
pub async fn open_folder(folder: &Path) -> Result<Arc<dyn Store>, StoreError> {
    open(Backend::Sqlite(Box::new(Sqlite::in_folder(folder)?))).await
}

/// Opens a store that is carried about as one file, and makes it where it is missing. Between two
/// processes nothing but this file is needed.
///
/// # Errors
///
/// Like [`open_folder`], but the file can lie anywhere.
pub async fn open_file(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    open(Backend::Sqlite(Box::new(Sqlite::in_file(path)?))).await
}

/// Opens the store in a `PostgreSQL` database: `postgres://USER@HOST/DATABASE`.
///
/// # Errors
///
/// Where the address cannot be read, the server cannot be reached or refuses the login, and where
/// the store belongs to another role, is of a newer version or damaged. No error has the password.
pub async fn open_postgres(address: &str) -> Result<Arc<dyn Store>, StoreError> {
    open(Backend::Postgres(Box::new(Postgres::at(address)?))).await
}

/// The store of a user, to be read: none where there is none. Nothing is made or changed.
///
/// # Errors
///
/// Like [`open_folder`], and where the store is of an older version.
pub async fn read_folder(folder: &Path) -> Result<Option<Arc<dyn Store>>, StoreError> {
    match Sqlite::found_in_folder(folder)? {
        Some(sqlite) => read(Backend::Sqlite(Box::new(sqlite))).await,
        None => Ok(None),
    }
}

/// A store that is carried about as one file, to be read: none where there is none. Nothing is made
/// or changed.
///
/// # Errors
///
/// Like [`open_file`], and where the store is of an older version.
pub async fn read_file(path: &Path) -> Result<Option<Arc<dyn Store>>, StoreError> {
    match Sqlite::found_in_file(path)? {
        Some(sqlite) => read(Backend::Sqlite(Box::new(sqlite))).await,
        None => Ok(None),
    }
}

/// The store in a `PostgreSQL` database, to be read: none where there are no tables. Nothing is made
/// or changed.
///
/// # Errors
///
/// Like [`open_postgres`], and where the store is of an older version.
pub async fn read_postgres(address: &str) -> Result<Option<Arc<dyn Store>>, StoreError> {
    read(Backend::Postgres(Box::new(Postgres::at(address)?))).await
}

async fn read(backend: Backend) -> Result<Option<Arc<dyn Store>>, StoreError> {
    let database = Database::of(backend);
    let opened = async {
        let mut connection = database.connect().await?;
        let is_there = layout::look(&mut connection).await?;
        Ok(is_there.then_some(connection))
    };
    match opened.await {
        Ok(None) => Ok(None),
        Ok(Some(connection)) => Ok(Some(DatabaseStore::over(database, connection))),
        Err(error) => Err(database.explain(error).await),
    }
}

async fn open(backend: Backend) -> Result<Arc<dyn Store>, StoreError> {
    let database = Database::of(backend);
    let opened = async {
        let mut connection = database.connect().await?;
        layout::settle(&mut connection).await?;
        Ok(connection)
    };
    match opened.await {
        Ok(connection) => Ok(DatabaseStore::over(database, connection)),
        Err(error) => Err(database.explain(error).await),
    }
}

/// A database, and how to reach it.
pub(super) struct Database {
    place: Arc<str>,
    backend: Backend,
}

enum Backend {
    Sqlite(Box<Sqlite>),
    Postgres(Box<Postgres>),
}

/// That a run is taken: for as long as this is there, or the connection that it was taken through.
pub(super) enum Hold {
    File {
        /// Dropped to give the run back.
        _lock: FileLock,
    },
    Connection,
}

impl Database {
    fn of(backend: Backend) -> Arc<Self> {
        let place = match &backend {
            Backend::Sqlite(sqlite) => sqlite.place(),
            Backend::Postgres(postgres) => postgres.place().to_owned(),
        };
        Arc::new(Self {
            place: place.into(),
            backend,
        })
    }

    pub(super) async fn connect(&self) -> Result<Connection, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.connect(&self.place).await,
            Backend::Postgres(postgres) => postgres.connect(&self.place).await,
        }
    }

    /// A connection for a sitting that has lost its own. On a server the sitting is lost with it.
    pub(super) async fn connect_again(&self) -> Result<Connection, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.connect(&self.place).await,
            Backend::Postgres(_) => Err(gone(self.place.to_string())),
        }
    }

    /// Takes a run for a sitting: none where another one has it.
    async fn hold(
        &self,
        connection: &mut Connection,
        run: &RunId,
    ) -> Result<Option<Hold>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => Ok(sqlite.hold(run)?.map(|lock| Hold::File { _lock: lock })),
            Backend::Postgres(_) => {
                let held = postgres::hold(connection, run).await?;
                Ok(held.then_some(Hold::Connection))
            }
        }
    }

    /// Takes a run until the end of the transaction: none where a sitting has it.
    async fn hold_for_transaction(
        &self,
        connection: &mut Connection,
        run: &RunId,
    ) -> Result<Option<Hold>, StoreError> {
        match &self.backend {
            Backend::Sqlite(_) => self.hold(connection, run).await,
            Backend::Postgres(_) => {
                let held = postgres::hold_for_transaction(connection, run).await?;
                Ok(held.then_some(Hold::Connection))
            }
        }
    }

    /// Adds to an error that speaks of damage what can still be read.
    pub(super) async fn explain(&self, error: StoreError) -> StoreError {
        match (error, &self.backend) {
            (
                StoreError::Corrupt {
                    place,
                    what,
                    saved: None,
                },
                Backend::Sqlite(sqlite),
            ) => {
                let connection = sqlite.connect_reading(&self.place).await;
                let saved = match connection {
                    Ok(mut connection) => salvage::look(&mut connection).await,
                    Err(_) => salvage::Readable::default(),
                };
                StoreError::Corrupt {
                    place,
                    what,
                    saved: Some(Box::new(saved)),
                }
            }
            (error, _) => error,
        }
    }
}

/// Says nothing but the place: the rest holds the password.
impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Database")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

struct DatabaseStore {
    database: Arc<Database>,
    /// Waits for the next question. Not there while it is used, and after it broke: a question
    /// whose asker went away in the middle takes the connection, and with it what was begun, along.
    connection: Mutex<Option<Connection>>,
}

impl fmt::Debug for DatabaseStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.database, formatter)
    }
}

/// The connection of a store while it is used.
struct Lent<'a> {
    connection: Connection,
    back: MutexGuard<'a, Option<Connection>>,
    database: &'a Database,
}

impl Lent<'_> {
    /// Gives the connection back, if it can be used again.
    async fn done<T>(mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.connection.usable() {
            *self.back = Some(self.connection);
        }
        drop(self.back);
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(self.database.explain(error).await),
        }
    }
}

impl DatabaseStore {
    fn over(database: Arc<Database>, connection: Connection) -> Arc<dyn Store> {
        Arc::new(Self {
            database,
            connection: Mutex::new(Some(connection)),
        })
    }

    async fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let mut back = self.connection.lock().await;
        let kept = match back.take() {
            Some(mut connection) => connection.answers().await.then_some(connection),
            None => None,
        };
        let connection = match kept {
            Some(connection) => connection,
            None => self.database.connect().await?,
        };
        Ok(Lent {
            connection,
            back,
            database: &self.database,
        })
    }

    /// In a transaction: makes the run and supersedes others.
    async fn make(
        &self,
        connection: &mut Connection,
        new: &NewRun,
        supersedes: &[RunId],
        changes: Changes,
        documents: Vec<Packed>,
    ) -> Result<(), StoreError> {
        // Held until the transaction is as good as over, so that no sitting begins meanwhile.
        let mut holds = Vec::new();
        // Two processes that supersede the same runs wait for each other in one order.
        let mut supersedes = supersedes.to_vec();
        supersedes.sort();
        supersedes.dedup();
        for id in &supersedes {
            let mut kept = runs::for_writing(connection, id).await?;
            if kept.summary.state != RunState::Open {
                continue;
            }
            match self.database.hold_for_transaction(connection, id).await? {
                Some(hold) => holds.push(hold),
                None => return Err(under_way(connection, kept)),
            }
            let record = Record::Superseded { by: new.id.clone() };
            kept.summary.state = RunState::Superseded;
            journal::add(connection, &mut kept, 0, &[(new.began, record)]).await?;
            runs::save(connection, &kept).await?;
        }
        let mut kept = Kept::of(new);
        runs::add(connection, &kept).await?;
        writing::apply(connection, &mut kept, 0, changes, documents).await
    }

    /// In a transaction: takes a run for a new sitting, or tells who has it. Nobody else begins or
    /// ends a transaction on this run meanwhile, so that the holder that is told is the right one.
    async fn seat(
        &self,
        connection: &mut Connection,
        run: &RunId,
        holder: &Holder,
    ) -> Result<Seat, StoreError> {
        let mut kept = runs::for_writing(connection, run).await?;
        let Some(hold) = self.database.hold(connection, run).await? else {
            return Ok(Seat::Taken(kept.holder));
        };
        kept.summary.sittings += 1;
        kept.holder = Some(holder.clone());
        runs::save(connection, &kept).await?;
        Ok(Seat::Won(hold, kept.summary.sittings))
    }
}

enum Seat {
    Won(Hold, u32),
    Taken(Option<Holder>),
}

fn under_way(connection: &Connection, kept: Kept) -> StoreError {
    match kept.holder {
        Some(holder) => StoreError::UnderWay {
            run: kept.summary.id,
            holder: Box::new(holder),
            place: connection.place(),
        },
        None => busy(connection, &kept.summary.id),
    }
}

/// Somebody has a run and has not said who it is.
fn busy(connection: &Connection, run: &RunId) -> StoreError {
    StoreError::Busy {
        place: connection.place(),
        why: format!("another process keeps the run {}", run.short()),
    }
}

#[async_trait]
impl Store for DatabaseStore {
    fn place(&self) -> String {
        self.database.place.to_string()
    }

    async fn begin(
        &self,
        run: &NewRun,
        supersedes: &[RunId],
        changes: Changes,
    ) -> Result<(), StoreError> {
        let mut lent = self.lend().await?;
        let result = async {
            let connection = &mut lent.connection;
            let documents = documents::pack(connection, &changes).await?;
            connection.begin().await?;
            let made = self
                .make(connection, run, supersedes, changes, documents)
                .await;
            connection.end(made).await
        }
        .await;
        lent.done(result).await
    }

    async fn find(&self, key: &RunKey) -> Result<Option<RunSummary>, StoreError> {
        let mut lent = self.lend().await?;
        let result = runs::open_of(&mut lent.connection, key).await;
        lent.done(result).await
    }

    async fn run(&self, prefix: &str) -> Result<RunSummary, StoreError> {
        let mut lent = self.lend().await?;
        let result = runs::beginning_with(&mut lent.connection, prefix).await;
        lent.done(result).await
    }

    async fn history(&self, filter: &Filter, count: u32) -> Result<Vec<RunSummary>, StoreError> {
        let mut lent = self.lend().await?;
        let result = runs::history(&mut lent.connection, filter, count).await;
        lent.done(result).await
    }

    async fn releases(
        &self,
        project: &str,
        target: &str,
        count: u32,
    ) -> Result<Vec<RunSummary>, StoreError> {
        let mut lent = self.lend().await?;
        let result = runs::releases(&mut lent.connection, project, target, count).await;
        lent.done(result).await
    }

    async fn runs_of_target(
        &self,
        project: &str,
        target: &str,
        count: u32,
    ) -> Result<Vec<RunSummary>, StoreError> {
        let mut lent = self.lend().await?;
        let result = runs::of_target(&mut lent.connection, project, target, count).await;
        lent.done(result).await
    }

    async fn journal(&self, run: &RunId) -> Result<Vec<Entry>, StoreError> {
        let mut lent = self.lend().await?;
        let result = journal::of(&mut lent.connection, run).await;
        lent.done(result).await
    }

    async fn sit(&self, run: &RunId, holder: &Holder) -> Result<Sat, StoreError> {
        let mut connection = self.database.connect().await?;
        let notice = connection.pick(0, NOTICE_SECONDS_MAX);
        let deadline = Instant::now() + Duration::from_secs(notice);
        let seat = loop {
            let seat = async {
                connection.begin().await?;
                let seat = self.seat(&mut connection, run, holder).await;
                connection.end(seat).await
            }
            .await;
            match seat {
                Ok(Seat::Taken(_)) if Instant::now() < deadline => {
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(seat) => break seat,
                Err(error) => return Err(self.database.explain(error).await),
            }
        };
        match seat {
            Seat::Won(hold, number) => Ok(Sat::Won(Box::new(DatabaseSitting::new(
                Arc::clone(&self.database),
                connection,
                hold,
                run.clone(),
                number,
            )))),
            Seat::Taken(Some(holder)) => {
                connection.close().await;
                Ok(Sat::Taken(holder))
            }
            Seat::Taken(None) => Err(busy(&connection, run)),
        }
    }

    async fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let mut lent = self.lend().await?;
        let result = documents::read(&mut lent.connection, digest).await;
        lent.done(result).await
    }

    async fn say(&self, statement: &Statement) -> Result<(), StoreError> {
        let mut lent = self.lend().await?;
        let connection = &mut lent.connection;
        let result = match connection.begin().await {
            Ok(()) => {
                let kept = statements::keep(connection, statement).await;
                connection.end(kept).await
            }
            Err(error) => Err(error),
        };
        lent.done(result).await
    }

    async fn statements(&self, run: &RunId) -> Result<Vec<Statement>, StoreError> {
        let mut lent = self.lend().await?;
        let result = statements::of(&mut lent.connection, run).await;
        lent.done(result).await
    }

    async fn messages(&self, run: &RunId) -> Result<Vec<OutboxMessage>, StoreError> {
        let mut lent = self.lend().await?;
        let result = outbox::of(&mut lent.connection, run).await;
        lent.done(result).await
    }

    async fn leases(&self, key: &str) -> Result<Vec<HeldLease>, StoreError> {
        let mut lent = self.lend().await?;
        let result = leases::of(&mut lent.connection, key).await;
        lent.done(result).await
    }
}
