//! The store: the same cases on `SQLite` in a folder, on `SQLite` as one file and on `PostgreSQL`, and
//! what each of them owes by itself.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use holdpoint::model::{
    Circumstances, Digest, Entry, Holder, MessageKey, MessageState, ObjectName, OutboxMessage,
    Record, RunId, RunKey, Text,
};
use holdpoint::store::{self, Changes, NewRun, Sat, Sitting, Store, StoreError};
use jiff::Timestamp;
use sqlx::{ConnectOptions as _, Connection as _};

mod conformance;
mod damage;
mod layouts;
mod leases;
mod places;
mod processes;
mod releases;
mod server;
mod sittings;
mod written;

/// Where a store is.
#[derive(Clone, Debug)]
pub enum At {
    Folder(PathBuf),
    File(PathBuf),
    Server(String),
}

impl At {
    /// Opens the store, as another process would.
    pub async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Folder(folder) => store::open_folder(folder).await,
            Self::File(file) => store::open_file(file).await,
            Self::Server(address) => store::open_postgres(address).await,
        }
    }

    /// The same where nothing is in the way.
    pub async fn store(&self) -> Arc<dyn Store> {
        self.open().await.expect("the store opens")
    }

    /// The file of the database.
    pub fn file(&self) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.join("holdpoint.db"),
            Self::File(file) => file.clone(),
            Self::Server(address) => panic!("{address} is no file"),
        }
    }

    /// Does something to the database behind the store's back.
    pub async fn meddle(&self, sql: &str) {
        let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
        if let Self::Server(address) = self {
            let done = sql.execute(&mut session(address).await).await;
            done.expect("it is done");
        } else {
            let mut connection = opened(&self.file()).await;
            sql.execute(&mut connection).await.expect("it is done");
            connection.close().await.expect("it ends");
        }
    }

    /// Reads a text of the database behind the store's back.
    pub async fn peek(&self, sql: &'static str) -> String {
        if let Self::Server(address) = self {
            let mut session = session(address).await;
            let text = sqlx::query_scalar(sql).fetch_one(&mut session).await;
            text.expect("a text")
        } else {
            let mut connection = opened(&self.file()).await;
            let text = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
            connection.close().await.expect("it ends");
            text.expect("a text")
        }
    }

    /// Begins a sitting of a run behind the store's back, as a process does that does not see the
    /// one that is under way.
    pub async fn take_over(&self, run: &RunId) {
        let text = self.peek("SELECT run FROM runs").await;
        let mut kept: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(kept["summary"]["id"], run.as_str());
        let sittings = kept["summary"]["sittings"].as_u64().expect("a number");
        kept["summary"]["sittings"] = (sittings + 1).into();
        kept["holder"] = serde_json::to_value(holder(4711)).expect("JSON");
        let text = kept.to_string();
        let seal = Digest::of(text.as_bytes()).hex();
        let text = text.replace('\'', "''");
        self.meddle(&format!("UPDATE runs SET run = '{text}', seal = '{seal}'"))
            .await;
    }
}

/// A session on a server, in the schema of the store.
async fn session(address: &str) -> sqlx::PgConnection {
    let options: sqlx::postgres::PgConnectOptions = address.parse().expect("an address");
    let options = options.options([("search_path", "holdpoint")]);
    options.connect().await.expect("a connection")
}

/// The database in a file, which is made where it is missing.
async fn opened(file: &Path) -> sqlx::SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true);
    options.connect().await.expect("a connection")
}

/// A case: it is given the place of a store that is not there yet.
type Case = (
    &'static str,
    fn(At) -> Pin<Box<dyn Future<Output = ()> + Send>>,
);

/// The cases of these functions, by their names.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        fn cases() -> Vec<$crate::store::Case> {
            vec![$((stringify!($name), |at| Box::pin($name(at)))),*]
        }
    };
}
use cases;

/// Runs every case on a place of its own, and names those that fail.
async fn hold(cases: Vec<Case>, mut place: impl FnMut(usize) -> At) {
    let mut failed = Vec::new();
    for (number, (name, case)) in cases.into_iter().enumerate() {
        let at = place(number);
        if let Err(error) = tokio::spawn(case(at)).await {
            let panic = error.into_panic();
            let said = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            failed.push(format!("{name}: {}", said.unwrap_or_default()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Holds `SQLite` in a folder to these cases.
fn hold_folder(cases: Vec<Case>) {
    let folder = tempfile::tempdir().expect("a folder");
    block(hold(cases, |number| {
        At::Folder(folder.path().join(number.to_string()))
    }));
}

/// Holds `SQLite` as one file to these cases.
fn hold_file(cases: Vec<Case>) {
    let folder = tempfile::tempdir().expect("a folder");
    block(hold(cases, |number| {
        At::File(folder.path().join(format!("{number}.state")))
    }));
}

/// Holds `PostgreSQL` to these cases, each in a database of its own.
fn hold_server(cases: Vec<Case>) {
    let cluster = crate::postgres::Cluster::start();
    block(hold(cases, |number| {
        At::Server(cluster.database(&format!("case_{number}")))
    }));
}

/// Runs something that waits. More than one thread, so that what is begun at the same time runs so.
pub fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

// The values of tests

pub fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time")
}

pub fn key(subject: &str) -> RunKey {
    RunKey {
        project: Text::from("payments"),
        target: Some(Text::from("production")),
        subject: Digest::of(subject.as_bytes()),
        configuration: Digest::of(b"configuration"),
    }
}

/// A run of which everything follows from its number.
pub fn new_run(number: u32) -> NewRun {
    NewRun {
        // Spread over all digits, so that no identifier begins like another one.
        id: RunId::from_bits(
            u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        ),
        key: key(&number.to_string()),
        version: Some(semver::Version::new(1, number.into(), 0)),
        head: ObjectName::new(&format!("{number:040x}")).expect("a name"),
        began: time(number.into()),
        extent: None,
    }
}

pub fn holder(process: u32) -> Holder {
    Holder {
        host: Text::from("runner"),
        process,
        user: Some(Text::from("ada")),
        job: None,
        since: time(5),
    }
}

pub fn began() -> Record {
    Record::Began {
        initiator: Some(Text::from("ada")),
        nonce: "0".repeat(32),
        invocation: holdpoint::model::Invocation::default(),
    }
}

pub fn cancelled(signal: &str) -> Record {
    Record::Cancelled {
        signal: signal.to_owned(),
    }
}

pub fn entry(second: i64, record: Record) -> Changes {
    Changes {
        entries: vec![(time(second), record)],
        ..Changes::default()
    }
}

pub fn message(run: &RunId, event: &str, number: u32) -> OutboxMessage {
    OutboxMessage {
        key: MessageKey {
            run: run.clone(),
            event: event.to_owned(),
            channel: "team".to_owned(),
            number,
        },
        media_type: Text::from("application/json"),
        body: Text::from("{}"),
        summary: Text::from("it waits"),
        state: MessageState::Pending {
            attempts: 0,
            not_before: time(0),
            said: None,
        },
    }
}

/// Makes a run that has begun.
pub async fn make(store: &Arc<dyn Store>, number: u32) -> NewRun {
    let run = new_run(number);
    store
        .begin(&run, &[], entry(number.into(), began()))
        .await
        .expect("the run is made");
    run
}

/// Sits down where nobody sits.
pub async fn sit(store: &Arc<dyn Store>, run: &RunId, process: u32) -> Box<dyn Sitting> {
    match store.sit(run, &holder(process)).await.expect("it is tried") {
        Sat::Won(sitting) => sitting,
        Sat::Taken(holder) => panic!("{holder:?} sits there"),
    }
}

/// What the journal of a run says, without what all lines have.
pub async fn records(store: &Arc<dyn Store>, run: &RunId) -> Vec<Record> {
    let journal = store.journal(run).await.expect("the journal");
    journal.into_iter().map(|entry| entry.record).collect()
}

/// Everything that a store tells about a run.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub summary: holdpoint::model::RunSummary,
    pub journal: Vec<Entry>,
    pub messages: Vec<OutboxMessage>,
    pub statements: Vec<holdpoint::model::Statement>,
}

pub async fn told(store: &Arc<dyn Store>, run: &RunId) -> Result<Told, StoreError> {
    Ok(Told {
        summary: store.run(run.as_str()).await?,
        journal: store.journal(run).await?,
        messages: store.messages(run).await?,
        statements: store.statements(run).await?,
    })
}

/// A record of a sitting, with all that may be in one.
pub fn sat(process: u32) -> Record {
    Record::Sat {
        version: semver::Version::new(0, 1, 0),
        holder: holder(process),
        circumstances: Circumstances {
            time: time(5),
            zone: "Europe/Berlin".to_owned(),
            ci: None,
            dirty: Some(false),
            dry_run: false,
        },
    }
}
