//! What a store says was released on a target.

use std::sync::Arc;

use holdpoint::model::{Effects, RunState, Verdict};
use holdpoint::store::{Changes, SummaryChange};

use super::{At, cases, hold_file, hold_folder, hold_server, make, sit};

cases![releases_are_what_was_let_go_on_a_named_target];

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

async fn releases_are_what_was_let_go_on_a_named_target(at: At) {
    let store = at.store().await;
    let done = SummaryChange {
        state: RunState::Finished,
        verdict: Some(Verdict::Go),
        overridden: false,
        effects: Effects::Done,
    };
    let ends = [
        (true, done),
        (
            true,
            SummaryChange {
                effects: Effects::None,
                ..done
            },
        ),
        (
            false,
            SummaryChange {
                effects: Effects::Undone,
                ..done
            },
        ),
        (
            false,
            SummaryChange {
                state: RunState::Open,
                ..done
            },
        ),
        (
            false,
            SummaryChange {
                state: RunState::Aborted,
                ..done
            },
        ),
        (
            false,
            SummaryChange {
                verdict: Some(Verdict::NoGo),
                ..done
            },
        ),
        (
            true,
            SummaryChange {
                verdict: Some(Verdict::NoGo),
                overridden: true,
                ..done
            },
        ),
    ];
    let mut expected = Vec::new();
    for (number, (is_release, end)) in (1..).zip(ends) {
        let run = make(&store, number).await;
        let mut sitting = sit(&store, &run.id, 1).await;
        let changes = Changes {
            summary: Some(end),
            ..Changes::default()
        };
        sitting.write(changes).await.unwrap();
        sitting.release().await.unwrap();
        if is_release {
            expected.insert(0, run.id);
        }
    }
    // More than are read at once lie above them, of this target and none of them a release.
    for number in 100..250 {
        let run = make(&store, number).await;
        let mut sitting = sit(&store, &run.id, 1).await;
        let changes = Changes {
            summary: Some(SummaryChange {
                effects: Effects::Undone,
                ..done
            }),
            ..Changes::default()
        };
        sitting.write(changes).await.unwrap();
        sitting.release().await.unwrap();
    }
    let found = |target: &'static str, count| {
        let store = Arc::clone(&store);
        async move {
            let found = store.releases("payments", target, count).await.unwrap();
            found.into_iter().map(|run| run.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(found("production", 100).await, expected);
    assert_eq!(found("production", 2).await, expected[..2]);
    assert_eq!(found("staging", 100).await, []);
    assert_eq!(store.releases("other", "production", 9).await.unwrap(), []);
}
