//! Leases: one for itself, or any number together.

use holdpoint::model::{Effects, RunState, Sharing};
use holdpoint::store::{Changes, Leased, Sitting, SummaryChange};

use super::{At, cases, hold_file, hold_folder, hold_server, make, sit, time};

cases![
    a_key_is_held_by_one_or_shared,
    asking_again_changes_nothing,
    a_shared_lease_becomes_exclusive_when_alone,
    what_a_run_holds_is_given_back,
    leases_of_runs_that_are_over_are_given_back,
    a_lease_outlives_its_sitting,
    many_ask_at_once_and_one_is_given_it,
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

/// Nobody is in the way.
const HELD: [u32; 0] = [];

async fn asked(sitting: &mut Box<dyn Sitting>, key: &str, sharing: Sharing) -> Vec<u32> {
    match sitting
        .lease(key, sharing, time(3))
        .await
        .expect("an answer")
    {
        Leased::Held => Vec::new(),
        Leased::Taken(by) => {
            assert!(!by.is_empty());
            by.iter().map(|lease| number(lease.run.as_str())).collect()
        }
    }
}

/// The number that a run of these tests was made from.
fn number(run: &str) -> u32 {
    (0..10)
        .find(|number| super::new_run(*number).id.as_str() == run)
        .expect("a run of these tests")
}

async fn a_key_is_held_by_one_or_shared(at: At) {
    let store = at.store().await;
    let mut sittings = Vec::new();
    for number in 0..3 {
        let run = make(&store, number).await;
        sittings.push(sit(&store, &run.id, 1).await);
    }
    let [a, b, c] = &mut sittings[..] else {
        unreachable!()
    };
    assert_eq!(asked(a, "database", Sharing::Shared).await, HELD);
    assert_eq!(asked(b, "database", Sharing::Shared).await, HELD);
    let mut both = asked(c, "database", Sharing::Exclusive).await;
    both.sort_unstable();
    assert_eq!(both, [0, 1]);
    assert_eq!(store.leases("database").await.unwrap().len(), 2);
    // Another key is another matter.
    assert_eq!(asked(c, "Database", Sharing::Exclusive).await, HELD);
    assert_eq!(asked(a, "Database", Sharing::Shared).await, [2]);
    assert_eq!(asked(b, "Database", Sharing::Exclusive).await, [2]);
    let held = store.leases("Database").await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].run, super::new_run(2).id);
    assert_eq!(
        (held[0].sharing, held[0].since),
        (Sharing::Exclusive, time(3))
    );
    assert_eq!(held[0].key, "Database");
    assert_eq!(store.leases("other").await.unwrap(), []);
}

async fn asking_again_changes_nothing(at: At) {
    let store = at.store().await;
    let run = make(&store, 0).await;
    let mut sitting = sit(&store, &run.id, 1).await;
    assert_eq!(asked(&mut sitting, "a", Sharing::Exclusive).await, HELD);
    for sharing in [Sharing::Exclusive, Sharing::Shared, Sharing::Exclusive] {
        let asked = sitting.lease("a", sharing, time(99)).await.unwrap();
        assert_eq!(asked, Leased::Held);
    }
    let held = store.leases("a").await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].sharing, held[0].since),
        (Sharing::Exclusive, time(3))
    );
}

async fn a_shared_lease_becomes_exclusive_when_alone(at: At) {
    let store = at.store().await;
    let (first, second) = (make(&store, 0).await, make(&store, 1).await);
    let mut a = sit(&store, &first.id, 1).await;
    let mut b = sit(&store, &second.id, 1).await;
    assert_eq!(asked(&mut a, "k", Sharing::Shared).await, HELD);
    assert_eq!(asked(&mut b, "k", Sharing::Shared).await, HELD);
    assert_eq!(asked(&mut a, "k", Sharing::Exclusive).await, [1]);
    // It holds it shared all the same.
    assert_eq!(store.leases("k").await.unwrap().len(), 2);
    b.give_back().await.unwrap();
    assert_eq!(asked(&mut a, "k", Sharing::Exclusive).await, HELD);
    assert_eq!(asked(&mut b, "k", Sharing::Shared).await, [0]);
}

async fn what_a_run_holds_is_given_back(at: At) {
    let store = at.store().await;
    let (first, second) = (make(&store, 0).await, make(&store, 1).await);
    let mut a = sit(&store, &first.id, 1).await;
    let mut b = sit(&store, &second.id, 1).await;
    for key in ["x", "y"] {
        assert_eq!(asked(&mut a, key, Sharing::Exclusive).await, HELD);
    }
    assert_eq!(asked(&mut b, "z", Sharing::Exclusive).await, HELD);
    a.give_back().await.unwrap();
    for key in ["x", "y"] {
        assert_eq!(asked(&mut b, key, Sharing::Exclusive).await, HELD);
    }
    assert_eq!(store.leases("z").await.unwrap().len(), 1);
}

async fn leases_of_runs_that_are_over_are_given_back(at: At) {
    let store = at.store().await;
    let (first, second) = (make(&store, 0).await, make(&store, 1).await);
    let mut a = sit(&store, &first.id, 1).await;
    let mut b = sit(&store, &second.id, 1).await;
    assert_eq!(asked(&mut a, "k", Sharing::Exclusive).await, HELD);
    let finished = SummaryChange {
        state: RunState::Finished,
        verdict: None,
        overridden: false,
        effects: Effects::None,
    };
    let changes = Changes {
        summary: Some(finished),
        ..Changes::default()
    };
    a.write(changes).await.unwrap();
    assert_eq!(store.leases("k").await.unwrap(), []);
    assert_eq!(asked(&mut b, "k", Sharing::Exclusive).await, HELD);
    assert_eq!(store.leases("k").await.unwrap().len(), 1);
}

async fn a_lease_outlives_its_sitting(at: At) {
    let store = at.store().await;
    let (first, second) = (make(&store, 0).await, make(&store, 1).await);
    let mut a = sit(&store, &first.id, 1).await;
    let mut b = sit(&store, &second.id, 1).await;
    assert_eq!(asked(&mut a, "k", Sharing::Exclusive).await, HELD);
    a.release().await.unwrap();
    assert_eq!(asked(&mut b, "k", Sharing::Shared).await, [0]);
    let mut a = sit(&store, &first.id, 1).await;
    assert_eq!(asked(&mut a, "k", Sharing::Exclusive).await, HELD);
}

async fn many_ask_at_once_and_one_is_given_it(at: At) {
    let store = at.store().await;
    let mut sittings = Vec::new();
    for number in 0..6 {
        let run = make(&store, number).await;
        sittings.push(sit(&store, &run.id, 1).await);
    }
    let mut asking = Vec::new();
    for mut sitting in sittings {
        asking.push(tokio::spawn(async move {
            sitting
                .lease("k", Sharing::Exclusive, time(1))
                .await
                .unwrap()
        }));
    }
    let mut held = 0;
    for one in asking {
        if one.await.expect("no panic") == Leased::Held {
            held += 1;
        }
    }
    assert_eq!(held, 1);
}
