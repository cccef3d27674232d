//! What a store says was released on a target.

use std::sync::Arc;

use holdpoint::model::{Effects, Ending, RunState, Verdict};
use holdpoint::store::{Changes, SummaryChange};

use super::{At, cases, hold_file, hold_folder, hold_server, make, sit};

cases![
    releases_are_what_was_let_go_on_a_named_target,
    every_run_of_a_target_is_told_whatever_became_of_it,
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

async fn every_run_of_a_target_is_told_whatever_became_of_it(at: At) {
    use Effects::{Done, None as Nothing, Undone};
    use RunState::{Aborted, Finished, Open, Superseded};

    let store = at.store().await;
    let ended = |state, verdict, effects, overridden| SummaryChange {
        state,
        verdict: Some(verdict),
        overridden,
        effects,
    };
    let ends = [
        (ended(Finished, Verdict::Go, Done, false), Ending::Released),
        (
            ended(Finished, Verdict::NoGo, Nothing, true),
            Ending::Released,
        ),
        (ended(Finished, Verdict::Go, Undone, false), Ending::Undone),
        (
            ended(Superseded, Verdict::NoGo, Nothing, false),
            Ending::Blocked,
        ),
        (
            ended(Superseded, Verdict::NoGo, Nothing, true),
            Ending::Stopped,
        ),
        (
            ended(Superseded, Verdict::Wait, Nothing, false),
            Ending::Stopped,
        ),
        (
            ended(Superseded, Verdict::Fault, Nothing, false),
            Ending::Stopped,
        ),
        (
            ended(Aborted, Verdict::NoGo, Nothing, false),
            Ending::Stopped,
        ),
        (ended(Aborted, Verdict::NoGo, Undone, false), Ending::Undone),
        (ended(Open, Verdict::Wait, Nothing, false), Ending::Stopped),
        (ended(Open, Verdict::NoGo, Nothing, false), Ending::Blocked),
    ];
    let mut expected = Vec::new();
    for (number, (end, ending)) in (1..).zip(ends) {
        let run = make(&store, number).await;
        let mut sitting = sit(&store, &run.id, 1).await;
        let changes = Changes {
            summary: Some(end),
            ..Changes::default()
        };
        sitting.write(changes).await.unwrap();
        sitting.release().await.unwrap();
        expected.insert(0, (run.id, ending));
    }
    let found = store
        .runs_of_target("payments", "production", 100)
        .await
        .unwrap();
    let found: Vec<_> = found
        .into_iter()
        .map(|run| (run.id.clone(), Ending::of(&run)))
        .collect();
    assert_eq!(found, expected);
    let found = store
        .runs_of_target("payments", "production", 2)
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(
        store
            .runs_of_target("payments", "staging", 9)
            .await
            .unwrap(),
        []
    );
}
