//! Sittings: one process writes, and who was overtaken does not.

use holdpoint::model::Sharing;
use holdpoint::store::{Sat, StoreError};

use super::{
    At, began, cancelled, cases, entry, hold_file, hold_folder, hold_server, holder, make, records,
    sit, time,
};

cases![
    one_sits_and_the_other_is_told_who,
    sittings_are_counted,
    a_sitting_that_is_dropped_is_over,
    who_was_overtaken_writes_nothing,
    many_sit_down_at_once_and_one_does,
    runs_do_not_wait_for_each_other,
    a_write_that_is_given_up_leaves_nothing_behind,
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

async fn one_sits_and_the_other_is_told_who(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let first = sit(&store, &run.id, 4711).await;
    // Also for a process that opens the store itself.
    for store in [&store, &at.store().await] {
        match store.sit(&run.id, &holder(2)).await.unwrap() {
            Sat::Taken(by) => assert_eq!(by, holder(4711)),
            Sat::Won(sitting) => panic!("{sitting:?}"),
        }
    }
    // Those that did not get it are not counted, and are not in the way.
    first.release().await.unwrap();
    let second = sit(&store, &run.id, 2).await;
    assert_eq!(second.number(), 2);
    match store.sit(&run.id, &holder(3)).await.unwrap() {
        Sat::Taken(by) => assert_eq!(by, holder(2)),
        Sat::Won(sitting) => panic!("{sitting:?}"),
    }
}

async fn sittings_are_counted(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    for number in 1..5 {
        let mut sitting = sit(&store, &run.id, 1).await;
        assert_eq!(sitting.number(), number);
        sitting.write(entry(1, cancelled("SIGINT"))).await.unwrap();
        sitting.release().await.unwrap();
        let summary = store.run(run.id.as_str()).await.unwrap();
        assert_eq!(summary.sittings, number);
        let journal = store.journal(&run.id).await.unwrap();
        assert_eq!(journal.last().expect("a line").sitting, number);
    }
}

async fn a_sitting_that_is_dropped_is_over(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    drop(sit(&store, &run.id, 1).await);
    assert_eq!(sit(&store, &run.id, 2).await.number(), 2);
}

/// What holds a run can be lost without its process knowing. Then the number decides.
async fn who_was_overtaken_writes_nothing(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let mut sitting = sit(&store, &run.id, 1).await;
    sitting.write(entry(2, cancelled("SIGINT"))).await.unwrap();
    at.take_over(&run.id).await;
    let fenced = |error: StoreError| {
        assert!(
            matches!(&error, StoreError::Fenced { number: 1, newest: 2, holder: Some(by), .. }
                if **by == holder(4711)),
            "{error:?}"
        );
        assert!(
            error.to_string().contains("process 4711 on runner of ada"),
            "{error}"
        );
        assert!(error.help().contains("newer sitting"));
    };
    fenced(
        sitting
            .write(entry(3, cancelled("SIGTERM")))
            .await
            .unwrap_err(),
    );
    let asked = sitting.lease("k", Sharing::Exclusive, time(1)).await;
    fenced(asked.unwrap_err());
    fenced(sitting.give_back().await.unwrap_err());
    assert_eq!(
        records(&store, &run.id).await,
        [began(), cancelled("SIGINT")]
    );
    assert_eq!(store.leases("k").await.unwrap(), []);
}

async fn many_sit_down_at_once_and_one_does(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    // Somebody sat there before, whom nobody may name any more.
    sit(&store, &run.id, 999).await.release().await.unwrap();
    let mut sitting = Vec::new();
    for process in 0..8 {
        let (at, run) = (at.clone(), run.id.clone());
        sitting.push(tokio::spawn(async move {
            let store = at.store().await;
            match store.sit(&run, &holder(process)).await.unwrap() {
                Sat::Won(sitting) => Ok((process, sitting)),
                Sat::Taken(by) => Err(by.process),
            }
        }));
    }
    let (mut won, mut told) = (Vec::new(), Vec::new());
    for one in sitting {
        match one.await.expect("no panic") {
            Ok(sitting) => won.push(sitting),
            Err(by) => told.push(by),
        }
    }
    let [(winner, sitting)] = &won[..] else {
        panic!("{} sit there", won.len());
    };
    assert_eq!(sitting.number(), 2);
    assert_eq!(told, [*winner; 7]);
}

async fn runs_do_not_wait_for_each_other(at: At) {
    let store = at.store().await;
    let mut sitting = Vec::new();
    for number in 0..6 {
        let run = make(&store, number).await;
        let mut sitting_of_run = sit(&store, &run.id, number).await;
        sitting.push(tokio::spawn(async move {
            for second in 0..10 {
                let changes = entry(second, cancelled(&second.to_string()));
                sitting_of_run.write(changes).await.expect("it is written");
            }
            run.id
        }));
    }
    for one in sitting {
        let run = one.await.expect("no panic");
        let expected = (0..10).map(|second| cancelled(&second.to_string()));
        let expected: Vec<_> = std::iter::once(began()).chain(expected).collect();
        assert_eq!(records(&store, &run).await, expected);
    }
}

/// Whoever stops waiting for an answer takes back what was begun, all of it or nothing.
async fn a_write_that_is_given_up_leaves_nothing_behind(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let mut counts = Vec::new();
    for tries in 0..12 {
        let mut sitting = sit(&store, &run.id, tries).await;
        let before = store.journal(&run.id).await.unwrap().len();
        let mut changes = entry(1, cancelled("1"));
        for second in 2..=20 {
            changes.entries.push((time(second), cancelled("more")));
        }
        let mut writing = sitting.write(changes);
        // Asked a few times whether it is ready, then not any more.
        for _ in 0..tries {
            let ready = std::future::poll_fn(|context| {
                std::task::Poll::Ready(writing.as_mut().poll(context).is_ready())
            });
            if ready.await {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(writing);
        let _ = sitting.release().await;
        let _ = store.find(&run.key).await.unwrap();
        let after = sit(&store, &run.id, 99).await;
        let lines = store.journal(&run.id).await.unwrap().len();
        assert!(
            lines == before || lines == before + 20,
            "{before}, then {lines}"
        );
        counts.push(lines - before);
        after.release().await.unwrap();
    }
    assert_eq!(counts[0], 0, "{counts:?}");
}
