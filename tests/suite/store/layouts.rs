//! Stores of older and of newer versions.

use std::os::unix::fs::PermissionsExt as _;

use holdpoint::model::{Digest, RunState};
use holdpoint::store::{Changes, Filter, StoreError};

use super::{At, block, cancelled, entry, holder, message, new_run, records, sit, told, written};
use crate::postgres::Cluster;

/// Stores as the first layout was: a run that was superseded, an open one with two sittings, and a
/// document. They were written by a real one and never change.
const FIRST_SQLITE: &str = include_str!("layouts/1.sqlite.sql");
const FIRST_POSTGRES: &str = include_str!("layouts/1.postgres.sql");

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Makes an older store in a place.
async fn old(at: &At) {
    if let At::Server(_) = at {
        at.meddle(FIRST_POSTGRES).await;
    } else {
        at.meddle(FIRST_SQLITE).await;
        let own = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(at.file(), own).expect("its mode");
    }
}

async fn migrated(at: At) {
    old(&at).await;
    // Several processes of the new version come at once.
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let at = at.clone();
            tokio::spawn(async move { at.open().await })
        })
        .collect();
    for opened in opening {
        opened.await.expect("no panic").expect("it opens");
    }
    let newest = at
        .peek("SELECT CAST(max(version) AS TEXT) FROM layout")
        .await;
    assert_eq!(newest, "3");
    let index = if let At::Server(_) = at {
        "SELECT count(*)::TEXT FROM pg_catalog.pg_indexes WHERE indexname = 'runs_of_targets'"
    } else {
        "SELECT CAST(count(*) AS TEXT) FROM sqlite_schema WHERE name = 'runs_of_targets'"
    };
    assert_eq!(at.peek(index).await, "1");
    // All is there as it was.
    let store = at.store().await;
    let (first, second) = (new_run(1), new_run(2));
    let superseded = holdpoint::model::Record::Superseded {
        by: second.id.clone(),
    };
    assert_eq!(
        records(&store, &first.id).await,
        [super::began(), superseded]
    );
    let before = told(&store, &second.id).await.unwrap();
    assert_eq!(before.summary.sittings, 2);
    assert_eq!(before.summary.key, second.key);
    let expected = [super::began(), cancelled("SIGTERM"), cancelled("SIGINT")];
    assert_eq!(records(&store, &second.id).await, expected);
    let history = store.history(&Filter::default(), 9).await.unwrap();
    let states: Vec<_> = history.iter().map(|run| run.state).collect();
    assert_eq!(states, [RunState::Open, RunState::Superseded]);
    let document = store.document(&Digest::of(b"subject")).await.unwrap();
    assert_eq!(document.as_deref(), Some(&b"subject"[..]));
    // And what is new can be done with it.
    let mut sitting = sit(&store, &second.id, 3).await;
    assert_eq!(sitting.number(), 3);
    let message = message(&second.id, "waiting", 1);
    let changes = Changes {
        messages: vec![message.clone()],
        ..entry(50, cancelled("SIGINT"))
    };
    sitting.write(changes).await.unwrap();
    let statement = written::statement(&second.id, 1);
    store.say(&statement).await.unwrap();
    let after = told(&store, &second.id).await.unwrap();
    assert_eq!(
        (after.messages, after.statements),
        (vec![message], vec![statement])
    );
    assert_eq!(after.journal.len(), before.journal.len() + 1);
}

async fn newer(at: At) {
    let store = at.store().await;
    let run = super::make(&store, 1).await;
    at.meddle("INSERT INTO layout (version) VALUES (4)").await;
    let error = at.open().await.expect_err("it is newer");
    assert!(
        matches!(
            error,
            StoreError::NewerLayout {
                found: 4,
                known: 3,
                ..
            }
        ),
        "{error:?}"
    );
    let said = error.to_string();
    assert!(
        said.contains("layout 4") && said.contains("up to 3"),
        "{said}"
    );
    assert!(error.help().contains("newest version"));
    at.meddle("DELETE FROM layout WHERE version = 4").await;
    let store = at.store().await;
    assert_eq!(records(&store, &run.id).await, [super::began()]);
    let _ = store.sit(&run.id, &holder(1)).await.unwrap();
    at.meddle("DELETE FROM layout").await;
    let error = at.open().await.expect_err("it says no layout");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[test]
fn an_older_file_is_brought_up_to_date() {
    let folder = folder();
    block(migrated(At::File(folder.path().join("run.state"))));
}

#[test]
fn an_older_folder_is_brought_up_to_date() {
    let folder = folder();
    let at = At::Folder(folder.path().to_owned());
    block(migrated(at));
}

#[test]
fn an_older_database_is_brought_up_to_date() {
    let cluster = Cluster::start();
    block(migrated(At::Server(cluster.database("old"))));
}

#[test]
fn a_newer_store_is_refused() {
    let folder = folder();
    let cluster = Cluster::start();
    block(async {
        newer(At::File(folder.path().join("run.state"))).await;
        newer(At::Folder(folder.path().join("state"))).await;
        newer(At::Server(cluster.database("newer"))).await;
    });
}

/// Writes the rows of [`FIRST_SQLITE`] and [`FIRST_POSTGRES`] with the present version, to be dumped.
#[test]
#[ignore = "was run once, to make the stores of the first layout"]
fn write_the_rows_of_the_first_layout() {
    let place = std::env::var("HOLDPOINT_TEST_STORE").expect("a place");
    let at = match place.strip_prefix("postgres:") {
        Some(_) => At::Server(place.clone()),
        None => At::File(place.into()),
    };
    block(async {
        let store = at.store().await;
        super::make(&store, 1).await;
        let (first, second) = (new_run(1), new_run(2));
        let changes = Changes {
            documents: vec![b"subject".to_vec()],
            ..entry(2, super::began())
        };
        store.begin(&second, &[first.id], changes).await.unwrap();
        for (process, signal) in [(1, "SIGTERM"), (2, "SIGINT")] {
            let mut sitting = sit(&store, &second.id, process).await;
            sitting.write(entry(10, cancelled(signal))).await.unwrap();
            sitting.release().await.unwrap();
        }
    });
}
