//! Runs, their journals and their documents.

use std::sync::Arc;

use holdpoint::model::{Digest, Effects, Record, RunId, RunState, Text, Verdict};
use holdpoint::store::{
    Changes, DOCUMENT_BYTES_MAX, Filter, Store, StoreError, SummaryChange, TEXT_BYTES_MAX, Written,
};

use super::{
    At, began, cancelled, cases, entry, hold_file, hold_folder, hold_server, key, make, message,
    new_run, records, sit, time, told,
};

cases![
    a_run_is_found_by_its_key,
    a_run_is_found_by_its_first_digits,
    history_is_newest_first_and_filtered,
    what_was_written_is_read_by_the_next_process,
    what_does_not_go_together_is_not_written,
    a_document_is_kept_once,
    what_is_too_large_is_refused,
    a_changed_document_is_named,
    a_bomb_is_not_unpacked,
    a_changed_journal_is_noticed,
    any_text_comes_back,
    a_run_is_made_once_for_a_key,
    a_run_takes_the_place_of_others,
    a_run_that_is_worked_on_is_not_superseded,
    a_new_run_can_begin_when_the_other_is_over,
    many_processes_open_a_new_store,
    many_processes_begin_one_run,
    the_store_says_where_it_is,
];

#[test]
fn in_a_folder() {
    hold_folder(cases());
}

#[test]
fn in_a_file() {
    hold_file(cases());
}

#[test]
fn on_a_server() {
    hold_server(cases());
}

async fn a_run_is_found_by_its_key(at: At) {
    let store = at.store().await;
    assert_eq!(store.find(&key("1")).await.unwrap(), None);
    let run = make(&store, 1).await;
    make(&store, 2).await;
    let found = store.find(&key("1")).await.unwrap().expect("a run");
    assert_eq!(found.id, run.id);
    assert_eq!(found.key, run.key);
    assert_eq!(found.version, run.version);
    assert_eq!(found.head, run.head);
    assert_eq!((found.began, found.changed), (run.began, run.began));
    assert_eq!((found.sittings, found.state), (0, RunState::Open));
    assert_eq!((found.verdict, found.overridden), (None, false));
    assert_eq!(found.effects, Effects::None);
    let mut other = key("1");
    other.target = None;
    assert_eq!(store.find(&other).await.unwrap(), None);
    let finished = SummaryChange {
        state: RunState::Finished,
        verdict: Some(Verdict::NoGo),
        overridden: true,
        effects: Effects::Undone,
    };
    let mut sitting = sit(&store, &run.id, 1).await;
    let changes = Changes {
        summary: Some(finished),
        ..entry(77, cancelled("SIGINT"))
    };
    sitting.write(changes).await.unwrap();
    assert_eq!(store.find(&key("1")).await.unwrap(), None);
    let found = store.run(run.id.as_str()).await.unwrap();
    assert_eq!(
        (found.state, found.verdict),
        (RunState::Finished, Some(Verdict::NoGo))
    );
    assert_eq!((found.overridden, found.effects), (true, Effects::Undone));
    assert_eq!((found.changed, found.sittings), (time(77), 1));
}

async fn a_run_is_found_by_its_first_digits(at: At) {
    let store = at.store().await;
    let mut ids = Vec::new();
    for (number, digits) in ["aaab", "aaac", "b000"].into_iter().enumerate() {
        let mut run = new_run(u32::try_from(number).unwrap());
        run.id = RunId::new(&format!("{digits:0<32}")).unwrap();
        store.begin(&run, &[], Changes::default()).await.unwrap();
        ids.push(run.id);
    }
    for (prefix, id) in [("aaab", 0), ("aaac0", 1), ("b", 2), (ids[1].as_str(), 1)] {
        assert_eq!(store.run(prefix).await.unwrap().id, ids[id], "{prefix}");
    }
    let error = store.run("aaa").await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Ambiguous { runs, .. } if *runs == ids[..2]),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("aaab00000000, aaac00000000"),
        "{error}"
    );
    assert!(error.help().contains("more digits"));
    for prefix in ["c", "aaad", "b0001"] {
        let error = store.run(prefix).await.unwrap_err();
        assert!(
            matches!(error, StoreError::NoRun { .. }),
            "{prefix}: {error:?}"
        );
        assert!(
            error.to_string().contains(&format!("`{prefix}`")),
            "{error}"
        );
    }
    for prefix in [
        "",
        "latest",
        "AAAB",
        "b_",
        "%",
        "b'",
        &"a".repeat(33),
        "\u{1b}[2J",
    ] {
        let error = store.run(prefix).await.unwrap_err();
        assert!(
            matches!(error, StoreError::NotARun { .. }),
            "{prefix}: {error:?}"
        );
        assert!(error.help().contains("hexadecimal"));
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    }
}

async fn history_is_newest_first_and_filtered(at: At) {
    let store = at.store().await;
    let mut ids = Vec::new();
    for number in 0..6 {
        let mut run = new_run(number);
        // A clock that goes back does not change what came last.
        run.began = time(-i64::from(number));
        if number % 2 == 1 {
            run.key.project = Text::from("billing");
        }
        if number == 4 {
            run.key.target = None;
        }
        store.begin(&run, &[], Changes::default()).await.unwrap();
        ids.push(run.id);
    }
    let aborted = Changes {
        summary: Some(SummaryChange {
            state: RunState::Aborted,
            verdict: None,
            overridden: false,
            effects: Effects::None,
        }),
        ..Changes::default()
    };
    sit(&store, &ids[1], 1).await.write(aborted).await.unwrap();
    let check = async |filter: Filter, count, expected: &[usize]| {
        let found = store.history(&filter, count).await.unwrap();
        let found: Vec<_> = found.iter().map(|run| &run.id).collect();
        let expected: Vec<_> = expected.iter().map(|number| &ids[*number]).collect();
        assert_eq!(found, expected, "{filter:?}");
    };
    let all = Filter::default();
    check(all.clone(), 100, &[5, 4, 3, 2, 1, 0]).await;
    check(all.clone(), 2, &[5, 4]).await;
    check(all.clone(), 0, &[]).await;
    let billing = Filter {
        project: Some("billing".to_owned()),
        ..all.clone()
    };
    check(billing.clone(), 100, &[5, 3, 1]).await;
    let open = Filter {
        state: Some(RunState::Open),
        ..billing
    };
    check(open, 100, &[5, 3]).await;
    let production = Filter {
        target: Some("production".to_owned()),
        ..all
    };
    check(production, 100, &[5, 3, 2, 1, 0]).await;
}

async fn what_was_written_is_read_by_the_next_process(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let mut first = sit(&store, &run.id, 1).await;
    let message = message(&run.id, "waiting", 1);
    let changes = Changes {
        entries: vec![(time(10), super::sat(1)), (time(9), cancelled("SIGTERM"))],
        documents: vec![b"transcript".to_vec()],
        messages: vec![message.clone()],
        ..Changes::default()
    };
    first.write(changes).await.unwrap();
    first.release().await.unwrap();
    let mut second = sit(&store, &run.id, 2).await;
    second.write(entry(20, cancelled("SIGINT"))).await.unwrap();
    let before = told(&store, &run.id).await.unwrap();
    let numbers: Vec<_> = before
        .journal
        .iter()
        .map(|entry| (entry.number, entry.sitting, entry.time))
        .collect();
    let expected = [
        (1, 0, time(1)),
        (2, 1, time(10)),
        (3, 1, time(9)),
        (4, 2, time(20)),
    ];
    assert_eq!(numbers, expected);
    assert_eq!(before.journal[0].record, began());
    assert_eq!(before.journal[1].record, super::sat(1));
    assert_eq!(before.messages, [message]);
    assert_eq!(
        (before.summary.sittings, before.summary.changed),
        (2, time(20))
    );
    second.release().await.unwrap();
    drop(store);
    let store = at.store().await;
    assert_eq!(told(&store, &run.id).await.unwrap(), before);
    let digest = Digest::of(b"transcript");
    let document = store.document(&digest).await.unwrap();
    assert_eq!(document.as_deref(), Some(&b"transcript"[..]));
    let unknown = new_run(2).id;
    let error = store.journal(&unknown).await.unwrap_err();
    assert!(matches!(error, StoreError::NoRun { .. }), "{error:?}");
    let error = store.sit(&unknown, &super::holder(1)).await;
    assert!(matches!(error, Err(StoreError::NoRun { .. })));
}

/// A message that is not there cannot be on its way: what is written with it is not written.
async fn what_does_not_go_together_is_not_written(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let other = make(&store, 2).await;
    let mut sitting = sit(&store, &run.id, 1).await;
    let before = told(&store, &run.id).await.unwrap();
    let wrong = [
        Changes {
            message_states: vec![{
                let message = message(&run.id, "blocked", 9);
                (message.key, message.state)
            }],
            ..Changes::default()
        },
        Changes {
            messages: vec![message(&other.id, "blocked", 1)],
            ..Changes::default()
        },
    ];
    for wrong in wrong {
        let mut changes = wrong;
        changes.entries = vec![(time(50), cancelled("SIGINT"))];
        changes.documents = vec![b"lost".to_vec()];
        changes.messages.push(message(&run.id, "waiting", 1));
        changes.summary = Some(SummaryChange {
            state: RunState::Finished,
            verdict: Some(Verdict::Go),
            overridden: false,
            effects: Effects::Done,
        });
        let error = sitting.write(changes).await.unwrap_err();
        assert!(matches!(error, StoreError::NoMessage { .. }), "{error:?}");
        assert_eq!(told(&store, &run.id).await.unwrap(), before);
        assert_eq!(store.document(&Digest::of(b"lost")).await.unwrap(), None);
        assert_eq!(store.messages(&other.id).await.unwrap(), []);
    }
    // The sitting goes on, and no number is left out.
    sitting
        .write(entry(60, cancelled("SIGTERM")))
        .await
        .unwrap();
    assert_eq!(
        records(&store, &run.id).await,
        [began(), cancelled("SIGTERM")]
    );
}

async fn a_document_is_kept_once(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let mut sitting = sit(&store, &run.id, 1).await;
    // Not to be compressed, empty, and to be compressed.
    let noise: Vec<u8> = (0..200_000_u32)
        .flat_map(|number| *Digest::of(&number.to_le_bytes()).bytes())
        .collect();
    let documents = [noise, Vec::new(), b"{}".repeat(1_000_000), vec![0, 255, 0]];
    for _ in 0..2 {
        let changes = Changes {
            documents: documents.iter().chain(&documents).cloned().collect(),
            ..Changes::default()
        };
        sitting.write(changes).await.unwrap();
    }
    let kept = at
        .peek("SELECT CAST(count(*) AS TEXT) FROM documents")
        .await;
    assert_eq!(kept, documents.len().to_string());
    for document in documents {
        let read = store.document(&Digest::of(&document)).await.unwrap();
        assert!(read.as_ref() == Some(&document), "{} bytes", document.len());
    }
    assert_eq!(store.document(&Digest::of(b"other")).await.unwrap(), None);
}

async fn what_is_too_large_is_refused(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let mut sitting = sit(&store, &run.id, 1).await;
    let before = told(&store, &run.id).await.unwrap();
    let text = "x".repeat(usize::try_from(TEXT_BYTES_MAX).unwrap());
    let mut large_message = message(&run.id, "waiting", 1);
    large_message.body = Text::from(text.as_str());
    let document = vec![0; usize::try_from(DOCUMENT_BYTES_MAX).unwrap() + 1];
    let too_large = [
        entry(9, cancelled(&text)),
        Changes {
            messages: vec![large_message],
            ..entry(9, cancelled("SIGINT"))
        },
        Changes {
            documents: vec![document],
            ..entry(9, cancelled("SIGINT"))
        },
    ];
    for changes in too_large {
        let error = sitting.write(changes).await.unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { .. }), "{error:?}");
        assert_eq!(told(&store, &run.id).await.unwrap(), before);
    }
    let mut statement = super::written::statement(&run.id, 1);
    statement.document = text.into_bytes();
    let error = store.say(&statement).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error:?}");
    assert_eq!(store.statements(&run.id).await.unwrap(), []);
}

/// The bytes as a database writes them.
fn bytes(at: &At, bytes: &[u8]) -> String {
    let digits = bytes.iter().fold(String::new(), |mut digits, byte| {
        digits.push_str(&format!("{byte:02x}"));
        digits
    });
    match at {
        At::Server(_) => format!("'\\x{digits}'"),
        _ => format!("x'{digits}'"),
    }
}

fn packed(document: impl std::io::Read) -> Vec<u8> {
    let mut encoder = flate2::read::ZlibEncoder::new(document, flate2::Compression::best());
    let mut packed = Vec::new();
    std::io::Read::read_to_end(&mut encoder, &mut packed).unwrap();
    packed
}

async fn a_changed_document_is_named(at: At) {
    let store = at.store().await;
    let documents = vec![b"approved".to_vec()];
    let changes = Changes {
        documents,
        ..Changes::default()
    };
    store.begin(&new_run(1), &[], changes).await.unwrap();
    let digest = Digest::of(b"approved");
    for content in [packed(&b"approve!"[..]), b"no zlib".to_vec(), Vec::new()] {
        let content = bytes(&at, &content);
        at.meddle(&format!("UPDATE documents SET content = {content}"))
            .await;
        let error = store.document(&digest).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Changed { digest: named, .. } if *named == digest),
            "{error:?}"
        );
        assert!(error.to_string().contains(&digest.to_string()), "{error}");
        assert!(error.help().contains("backup"));
    }
}

async fn a_bomb_is_not_unpacked(at: At) {
    let store = at.store().await;
    let changes = Changes {
        documents: vec![b"small".to_vec()],
        ..Changes::default()
    };
    store.begin(&new_run(1), &[], changes).await.unwrap();
    let large = std::io::Read::take(std::io::repeat(0), DOCUMENT_BYTES_MAX + 1);
    let content = bytes(&at, &packed(large));
    at.meddle(&format!("UPDATE documents SET content = {content}"))
        .await;
    let error = store.document(&Digest::of(b"small")).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Changed { what, .. } if what.contains("larger")),
        "{error:?}"
    );
}

/// Neither database has digests of its own that a changed row would not have either.
async fn a_changed_journal_is_noticed(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let mut sitting = sit(&store, &run.id, 1).await;
    for second in 2..5 {
        sitting
            .write(entry(second, cancelled("SIGINT")))
            .await
            .unwrap();
    }
    let changes = Changes {
        messages: vec![message(&run.id, "waiting", 1)],
        ..Changes::default()
    };
    sitting.write(changes).await.unwrap();
    store
        .say(&super::written::statement(&run.id, 1))
        .await
        .unwrap();
    let before = told(&store, &run.id).await.unwrap();
    let meddled = [
        (
            "UPDATE journal SET record = replace(record, 'SIGINT', 'SIGHUP') WHERE number = 2",
            "line 2",
        ),
        ("UPDATE journal SET sitting = 7 WHERE number = 3", "line 3"),
        (
            "UPDATE journal SET time = '2020-01-01T00:00:00Z' WHERE number = 1",
            "line 1",
        ),
        ("UPDATE journal SET number = 9 WHERE number = 4", "line 9"),
        (
            "DELETE FROM journal WHERE number = 4",
            "missing: there are 3 of 4",
        ),
        (
            "DELETE FROM journal WHERE number = 2",
            "missing: there are 3 of 4",
        ),
        (
            "UPDATE runs SET run = replace(run, 'payments', 'paymentz')",
            "summary",
        ),
        (
            "UPDATE outbox SET message = replace(message, 'it waits', 'it is go')",
            "message",
        ),
        ("UPDATE statements SET time = 'yesterday'", "statement"),
        ("UPDATE statements SET digest = 'other'", "statement"),
    ];
    for (sql, named) in meddled {
        let keep =
            TABLES.map(|table| format!("CREATE TABLE kept_{table} AS SELECT * FROM {table};"));
        at.meddle(&format!("{} {sql}", keep.concat())).await;
        let error = told(&store, &run.id).await.expect_err(sql);
        assert!(
            matches!(&error, StoreError::Corrupt { what, .. } if what.contains(named)),
            "{sql}: {error:?}"
        );
        assert!(error.help().contains("copy it as it is"));
        at.meddle(&restoring()).await;
        assert_eq!(told(&store, &run.id).await.unwrap(), before);
    }
    // A sitting does not write on what cannot be relied on.
    at.meddle("UPDATE runs SET run = replace(run, 'payments', 'paymentz')")
        .await;
    let error = sitting
        .write(entry(9, cancelled("SIGINT")))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

/// The tables that [`a_changed_journal_is_noticed`] changes.
const TABLES: [&str; 4] = ["runs", "journal", "outbox", "statements"];

/// Makes those tables what they were.
fn restoring() -> String {
    let mut sql = "DELETE FROM journal; INSERT INTO journal SELECT * FROM kept_journal;".to_owned();
    for (table, columns) in [
        ("runs", ["run", "seal"]),
        ("outbox", ["message", "seal"]),
        ("statements", ["time", "digest"]),
    ] {
        for column in columns {
            sql.push_str(&format!(
                "UPDATE {table} SET {column} = (SELECT {column} FROM kept_{table} \
                 WHERE kept_{table}.position = {table}.position);"
            ));
        }
    }
    sql + &TABLES
        .map(|table| format!("DROP TABLE kept_{table};"))
        .concat()
}

/// `PostgreSQL` takes no NUL, `SQLite` takes it for an end here and there, and both have quotes.
async fn any_text_comes_back(at: At) {
    let store = at.store().await;
    let odd = "a\0b\\0c\\\\d'e\"f%g_h\u{1b}[2J\u{202e}i\u{10ffff}$1?";
    let mut run = new_run(1);
    run.key.project = Text::from(odd);
    run.key.target = Some(Text::from(format!("{odd}2")));
    store
        .begin(&run, &[], entry(1, cancelled(odd)))
        .await
        .unwrap();
    let mut sitting = sit(&store, &run.id, 1).await;
    let mut message = message(&run.id, odd, 1);
    message.key.channel = format!("{odd}3");
    message.body = Text::from(odd);
    let changes = Changes {
        messages: vec![message.clone()],
        ..Changes::default()
    };
    sitting.write(changes).await.unwrap();
    let key = format!("{odd}4");
    sitting
        .lease(&key, holdpoint::model::Sharing::Exclusive, time(1))
        .await
        .unwrap();
    let mut statement = super::written::statement(&run.id, 1);
    statement.document = odd.as_bytes().to_vec();
    statement.signature = odd.to_owned();
    store.say(&statement).await.unwrap();
    let told = told(&store, &run.id).await.unwrap();
    assert_eq!(told.summary.key, run.key);
    assert_eq!(told.journal[0].record, cancelled(odd));
    assert_eq!(told.messages, [message]);
    assert_eq!(told.statements, [statement]);
    let leases = store.leases(&key).await.unwrap();
    assert_eq!(leases.len(), 1);
    assert_eq!(leases[0].key, key);
    let filter = Filter {
        project: Some(odd.to_owned()),
        target: Some(format!("{odd}2")),
        state: None,
    };
    assert_eq!(store.history(&filter, 9).await.unwrap().len(), 1);
    let filter = Filter {
        project: Some(odd.replace('\0', "\\0")),
        ..Filter::default()
    };
    assert_eq!(store.history(&filter, 9).await.unwrap().len(), 0);
}

async fn a_run_is_made_once_for_a_key(at: At) {
    let store = at.store().await;
    let first = make(&store, 1).await;
    let mut second = new_run(2);
    second.key = first.key.clone();
    let changes = || Changes {
        documents: vec![b"second".to_vec()],
        ..entry(2, began())
    };
    let error = store.begin(&second, &[], changes()).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::OpenAlready { run, .. } if *run == first.id),
        "{error:?}"
    );
    assert!(error.help().contains("resume"));
    assert_eq!(store.history(&Filter::default(), 9).await.unwrap().len(), 1);
    assert_eq!(store.document(&Digest::of(b"second")).await.unwrap(), None);
    // The same identifier twice is no run either.
    let mut again = new_run(1);
    again.key = key("other");
    let error = store
        .begin(&again, &[], Changes::default())
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Statement { .. }), "{error:?}");
}

async fn a_run_takes_the_place_of_others(at: At) {
    let store = at.store().await;
    let (first, second, third) = (
        make(&store, 1).await,
        make(&store, 2).await,
        make(&store, 3).await,
    );
    sit(&store, &first.id, 1).await.release().await.unwrap();
    let finished = Changes {
        summary: Some(SummaryChange {
            state: RunState::Finished,
            verdict: Some(Verdict::Go),
            overridden: false,
            effects: Effects::Done,
        }),
        ..Changes::default()
    };
    let mut sitting = sit(&store, &second.id, 1).await;
    sitting.write(finished).await.unwrap();
    sitting.release().await.unwrap();
    // One of the same key as well: it makes room first.
    let mut newest = new_run(4);
    newest.key = third.key.clone();
    let supersedes = [
        third.id.clone(),
        second.id.clone(),
        first.id.clone(),
        third.id.clone(),
    ];
    store
        .begin(&newest, &supersedes, entry(40, began()))
        .await
        .unwrap();
    for run in [&first, &third] {
        let told = told(&store, &run.id).await.unwrap();
        assert_eq!(told.summary.state, RunState::Superseded);
        assert_eq!(told.summary.changed, newest.began);
        let end = Record::Superseded {
            by: newest.id.clone(),
        };
        assert_eq!(records(&store, &run.id).await, [began(), end]);
        assert_eq!(told.journal[1].sitting, 0);
    }
    let kept = store.run(second.id.as_str()).await.unwrap();
    assert_eq!(kept.state, RunState::Finished);
    assert_eq!(records(&store, &second.id).await, [began()]);
    let found = store.find(&third.key).await.unwrap().expect("a run");
    assert_eq!(found.id, newest.id);
    // Nothing of it happens where one of them is not there.
    let missing = [newest.id.clone(), RunId::from_bits(7)];
    let error = store.begin(&new_run(5), &missing, entry(50, began())).await;
    assert!(matches!(error, Err(StoreError::NoRun { .. })));
    assert_eq!(records(&store, &newest.id).await, [began()]);
}

async fn a_run_that_is_worked_on_is_not_superseded(at: At) {
    let store = at.store().await;
    let (first, second) = (make(&store, 1).await, make(&store, 2).await);
    let mut sitting = sit(&store, &second.id, 4711).await;
    let supersedes = [first.id.clone(), second.id.clone()];
    let newest = new_run(3);
    let error = store
        .begin(&newest, &supersedes, entry(3, began()))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StoreError::UnderWay { run, holder, .. }
            if *run == second.id && holder.process == 4711),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("process 4711 on runner of ada"),
        "{error}"
    );
    assert_eq!(store.history(&Filter::default(), 9).await.unwrap().len(), 2);
    assert_eq!(records(&store, &first.id).await, [began()]);
    // The one that was not superseded is nobody's.
    sit(&store, &first.id, 1).await.release().await.unwrap();
    sitting.write(entry(4, cancelled("SIGINT"))).await.unwrap();
    sitting.release().await.unwrap();
    store
        .begin(&newest, &supersedes, entry(5, began()))
        .await
        .unwrap();
    let kept = store.run(second.id.as_str()).await.unwrap();
    assert_eq!(kept.state, RunState::Superseded);
    // Nor is one that was.
    sit(&store, &second.id, 1).await.release().await.unwrap();
}

async fn a_new_run_can_begin_when_the_other_is_over(at: At) {
    let store = at.store().await;
    for number in 1..4 {
        let mut run = new_run(number);
        run.key = key("same");
        store.begin(&run, &[], entry(1, began())).await.unwrap();
        let aborted = SummaryChange {
            state: RunState::Aborted,
            verdict: None,
            overridden: false,
            effects: Effects::None,
        };
        let mut sitting = sit(&store, &run.id, 1).await;
        let changes = Changes {
            summary: Some(aborted),
            ..Changes::default()
        };
        sitting.write(changes).await.unwrap();
    }
    assert_eq!(store.history(&Filter::default(), 9).await.unwrap().len(), 3);
}

async fn many_processes_open_a_new_store(at: At) {
    let mut opening = Vec::new();
    for number in 0..8 {
        let at = at.clone();
        opening.push(tokio::spawn(async move {
            let store = at.open().await?;
            let run = new_run(number);
            store.begin(&run, &[], entry(1, began())).await
        }));
    }
    for opened in opening {
        opened.await.expect("no panic").expect("it opens");
    }
    let store = at.store().await;
    assert_eq!(
        store.history(&Filter::default(), 99).await.unwrap().len(),
        8
    );
}

async fn many_processes_begin_one_run(at: At) {
    let store = at.store().await;
    let mut beginning = Vec::new();
    for number in 0..8 {
        let at = at.clone();
        beginning.push(tokio::spawn(async move {
            let store = at.store().await;
            let mut run = new_run(number);
            run.key = key("same");
            match store.begin(&run, &[], entry(1, began())).await {
                Ok(()) => Ok(run.id),
                Err(StoreError::OpenAlready { run, .. }) => Err(run),
                Err(error) => panic!("{error}"),
            }
        }));
    }
    let mut ended = Vec::new();
    for one in beginning {
        ended.push(one.await.expect("no panic"));
    }
    let won: Vec<_> = ended.iter().filter_map(|end| end.as_ref().ok()).collect();
    assert_eq!(won.len(), 1, "{ended:?}");
    let found = store.find(&key("same")).await.unwrap().expect("a run");
    assert_eq!(found.id, *won[0]);
    let told = ended.iter().filter_map(|end| end.as_ref().err());
    assert!(told.clone().all(|run| run == won[0]), "{ended:?}");
    assert_eq!(told.count(), 7);
}

async fn the_store_says_where_it_is(at: At) {
    let store: Arc<dyn Store> = at.store().await;
    let place = store.place();
    match &at {
        At::Server(_) => assert!(place.starts_with("postgres://holdpoint@"), "{place}"),
        _ => assert_eq!(
            place,
            at.file().canonicalize().unwrap().display().to_string()
        ),
    }
    assert!(format!("{store:?}").contains(&place));
    assert_eq!(Written::Nothing.to_string(), "nothing was written");
}
