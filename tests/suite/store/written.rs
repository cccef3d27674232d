//! Messages, signed statements, and whatever sequence of writes there is.

use holdpoint::model::{
    CallEntry, Decision, Digest, EffectOutcome, Effects, Intent, Kind, MessageState, Record, RunId,
    RunState, Settlement, Statement, Text, Verdict,
};
use holdpoint::store::{Changes, STATEMENTS_BYTES_MAX, STATEMENTS_MAX, StoreError, SummaryChange};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{
    At, cases, entry, hold_file, hold_folder, hold_server, make, message, new_run, sit, time,
};

cases![
    a_message_is_added_once,
    a_message_goes_its_way,
    a_statement_is_kept_once,
    every_record_comes_back,
    any_sequence_of_writes_is_read_back,
    a_flood_of_statements_is_refused,
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

pub fn statement(run: &RunId, number: u8) -> Statement {
    Statement {
        run: run.clone(),
        time: time(number.into()),
        document: vec![number, 0, 255],
        signature: format!("-----BEGIN SSH SIGNATURE-----\n{number}\n"),
    }
}

async fn a_message_is_added_once(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let mut sitting = sit(&store, &run.id, 1).await;
    let first = message(&run.id, "waiting/deploy", 1);
    let mut same = first.clone();
    same.body = Text::from("something else");
    let mut other_channel = first.clone();
    other_channel.key.channel = String::from("on-call");
    let second = message(&run.id, "waiting/deploy", 2);
    let messages = [&second, &first, &same, &other_channel, &second];
    let changes = Changes {
        messages: messages.into_iter().cloned().collect(),
        ..Changes::default()
    };
    sitting.write(changes.clone()).await.unwrap();
    sitting.write(changes).await.unwrap();
    let expected = [second, first, other_channel];
    assert_eq!(store.messages(&run.id).await.unwrap(), expected);
    let other = make(&store, 2).await;
    assert_eq!(store.messages(&other.id).await.unwrap(), []);
}

async fn a_message_goes_its_way(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let mut sitting = sit(&store, &run.id, 1).await;
    let (mut first, second) = (message(&run.id, "a", 1), message(&run.id, "b", 1));
    let changes = Changes {
        messages: vec![first.clone(), second.clone()],
        ..Changes::default()
    };
    sitting.write(changes).await.unwrap();
    let states = [
        MessageState::Sending { attempts: 0 },
        MessageState::Pending {
            attempts: 1,
            not_before: time(30),
            said: Some(Text::from("503")),
        },
        MessageState::Sending { attempts: 1 },
        MessageState::Sent { at: time(40) },
        MessageState::Undelivered {
            said: Text::from("410"),
        },
    ];
    for state in states {
        first.state = state.clone();
        let changes = Changes {
            message_states: vec![(first.key.clone(), state)],
            ..Changes::default()
        };
        sitting.write(changes).await.unwrap();
        let told = store.messages(&run.id).await.unwrap();
        assert_eq!(told, [first.clone(), second.clone()]);
    }
    // Added and on its way in one go.
    let third = message(&run.id, "c", 1);
    let changes = Changes {
        messages: vec![third.clone()],
        message_states: vec![(third.key.clone(), MessageState::Sending { attempts: 0 })],
        ..Changes::default()
    };
    sitting.write(changes).await.unwrap();
    let told = store.messages(&run.id).await.unwrap();
    assert_eq!(told[2].state, MessageState::Sending { attempts: 0 });
}

async fn a_statement_is_kept_once(at: At) {
    let store = at.store().await;
    let (run, other) = (make(&store, 1).await, make(&store, 2).await);
    // Somebody works on the run; what is said about it does not wait for that.
    let sitting = sit(&store, &run.id, 1).await;
    let (two, one) = (statement(&run.id, 2), statement(&run.id, 1));
    let mut later = one.clone();
    later.time = time(99);
    let mut signed_otherwise = one.clone();
    signed_otherwise.signature.push('x');
    for said in [&two, &one, &two, &later, &signed_otherwise] {
        store.say(said).await.unwrap();
    }
    let expected = [two, one, signed_otherwise];
    assert_eq!(store.statements(&run.id).await.unwrap(), expected);
    assert_eq!(store.statements(&other.id).await.unwrap(), []);
    // The same about another run is another one.
    store.say(&statement(&other.id, 1)).await.unwrap();
    assert_eq!(store.statements(&other.id).await.unwrap().len(), 1);
    let unknown = statement(&new_run(9).id, 1);
    let error = store.say(&unknown).await.unwrap_err();
    assert!(matches!(error, StoreError::NoRun { .. }), "{error:?}");
    drop(sitting);
}

fn all_records() -> Vec<Record> {
    let digest = Digest::of(b"x");
    let effect: holdpoint::model::EffectId = "deploy/run/1".parse().unwrap();
    let settled = |outcome, assumed| {
        Record::Settled(Settlement {
            effect: effect.clone(),
            outcome,
            assumed,
            output: Some(digest),
            duration_ms: u64::from(u32::MAX) * 1000,
        })
    };
    vec![
        super::began(),
        super::sat(1),
        Record::Decided(Decision {
            stage: "deploy".to_owned(),
            verdict: Verdict::Wait,
            findings: digest,
            score: Some(91.5),
            missing: vec![Text::from("an approval")],
            statements: vec![digest],
            commands: vec![vec![Text::from("./deploy.sh"), Text::from("1.0.0")]],
            approvals_valid_seconds: 3_600,
            calls: vec![CallEntry {
                plugin: "conventional-commits".to_owned(),
                kind: Kind::Policy,
                outcome: "answered".to_owned(),
                verdict: Verdict::Go,
                transcript: None,
                duration_ms: 3,
            }],
        }),
        Record::Intended(Intent {
            effect: effect.clone(),
            what: Text::from("./deploy.sh\n1.0.0"),
            digest,
            key: "k".to_owned(),
            repeatable: true,
        }),
        settled(EffectOutcome::Done, None),
        settled(EffectOutcome::Failed(Text::from("exit 1")), None),
        settled(
            EffectOutcome::NotBegun(Text::from("no such file")),
            Some(digest),
        ),
        Record::Overridden {
            stage: "deploy".to_owned(),
            verdict: Verdict::NoGo,
            statements: vec![digest, digest],
        },
        super::cancelled("SIGTERM"),
        Record::Rested {
            verdict: Verdict::Fault,
            overridden: true,
            effects: Effects::Unknown,
            finished: false,
        },
        Record::Aborted {
            by: None,
            reason: Text::from("not today"),
        },
        Record::Superseded {
            by: RunId::from_bits(3),
        },
    ]
}

async fn every_record_comes_back(at: At) {
    let store = at.store().await;
    let run = new_run(1);
    let records = all_records();
    let changes = Changes {
        entries: records
            .iter()
            .map(|record| (time(1), record.clone()))
            .collect(),
        ..Changes::default()
    };
    store.begin(&run, &[], changes).await.unwrap();
    assert_eq!(super::records(&store, &run.id).await, records);
}

/// What one process does with a run.
#[derive(Clone, Debug)]
enum Step {
    Write(Vec<(i64, usize)>, Vec<Vec<u8>>, Option<usize>),
    Refused(Vec<(i64, usize)>),
    SitAnew,
    OpenAnew,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let entries = || prop::collection::vec((-1_000_000_i64..1_000_000, 0_usize..1000), 0..5);
    let documents = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..3);
    let step = prop_oneof![
        6 => (entries(), documents, prop::option::of(0_usize..100))
            .prop_map(|(entries, documents, summary)| Step::Write(entries, documents, summary)),
        1 => entries().prop_map(Step::Refused),
        1 => Just(Step::SitAnew),
        1 => Just(Step::OpenAnew),
    ];
    prop::collection::vec(step, 1..16)
}

fn summary(number: usize) -> SummaryChange {
    let pick = |count| number % count;
    SummaryChange {
        state: [RunState::Open, RunState::Finished, RunState::Aborted][pick(3)],
        verdict: [
            None,
            Some(Verdict::Go),
            Some(Verdict::NoGo),
            Some(Verdict::Wait),
        ][pick(4)],
        overridden: pick(2) == 1,
        effects: [
            Effects::None,
            Effects::Done,
            Effects::Undone,
            Effects::Incomplete,
        ][pick(4)],
    }
}

/// Whatever is written, by however many processes one after the other, is read back in order, with
/// numbers from 1 and no gap.
async fn any_sequence_of_writes_is_read_back(at: At) {
    let mut runner = TestRunner::deterministic();
    let records = all_records();
    for case in 0..12 {
        let sequence = steps().new_tree(&mut runner).expect("steps").current();
        play(&at, case, &sequence, &records).await;
    }
}

async fn play(at: &At, case: u32, sequence: &[Step], records: &[Record]) {
    let mut store = at.store().await;
    let run = make(&store, case).await;
    let mut sitting = sit(&store, &run.id, 0).await;
    let mut expected = vec![(0, run.began, super::began())];
    let mut kept = Vec::new();
    let mut last = None;
    let written = |entries: &[(i64, usize)]| -> Vec<_> {
        entries
            .iter()
            .map(|(second, record)| (time(*second), records[record % records.len()].clone()))
            .collect()
    };
    for step in sequence {
        match step {
            Step::Write(entries, documents, change) => {
                let entries = written(entries);
                let changes = Changes {
                    entries: entries.clone(),
                    documents: documents.clone(),
                    summary: change.map(summary),
                    ..Changes::default()
                };
                sitting.write(changes).await.expect("it is written");
                expected.extend(
                    entries
                        .into_iter()
                        .map(|(time, record)| (sitting.number(), time, record)),
                );
                kept.extend(documents.iter().cloned());
                last = change.map(summary).or(last);
            }
            Step::Refused(entries) => {
                let message = message(&run.id, "unknown", 1);
                let changes = Changes {
                    message_states: vec![(message.key, message.state)],
                    entries: written(entries),
                    ..entry(1, super::cancelled("SIGINT"))
                };
                sitting.write(changes).await.expect_err("it is refused");
            }
            Step::SitAnew => {
                sitting.release().await.expect("it ends");
                sitting = sit(&store, &run.id, 0).await;
            }
            Step::OpenAnew => {
                drop(sitting);
                store = at.store().await;
                sitting = sit(&store, &run.id, 0).await;
            }
        }
    }
    let journal = store.journal(&run.id).await.expect("the journal");
    let numbers: Vec<_> = journal.iter().map(|entry| entry.number).collect();
    let counted: Vec<_> = (1..=u32::try_from(expected.len()).expect("few")).collect();
    assert_eq!(numbers, counted, "{sequence:?}");
    let found: Vec<_> = journal
        .into_iter()
        .map(|entry| (entry.sitting, entry.time, entry.record))
        .collect();
    assert_eq!(found, expected, "{sequence:?}");
    let told = store.run(run.id.as_str()).await.expect("the run");
    assert_eq!(told.sittings, sitting.number());
    assert_eq!(told.changed, expected.last().expect("one").1);
    if let Some(last) = last {
        assert_eq!((told.state, told.verdict), (last.state, last.verdict));
        assert_eq!(
            (told.overridden, told.effects),
            (last.overridden, last.effects)
        );
    }
    for document in kept {
        let read = store
            .document(&Digest::of(&document))
            .await
            .expect("it is read");
        assert_eq!(read.as_ref(), Some(&document));
    }
    sitting.release().await.expect("it ends");
}

async fn a_flood_of_statements_is_refused(at: At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let numbered = |number: u32| {
        let mut statement = statement(&run.id, 1);
        statement.document = number.to_be_bytes().to_vec();
        statement
    };
    for number in 0..STATEMENTS_MAX {
        store.say(&numbered(number)).await.unwrap();
    }
    let error = store.say(&numbered(STATEMENTS_MAX)).await.unwrap_err();
    assert!(
        matches!(error, StoreError::TooManyStatements { .. }),
        "{error:?}"
    );
    // What is there already is no new one.
    store.say(&numbered(0)).await.unwrap();
    let kept = store.statements(&run.id).await.unwrap().len();
    assert_eq!(kept, usize::try_from(STATEMENTS_MAX).unwrap());
    // Another run has room of its own, and a bound on bytes.
    let other = make(&store, 2).await;
    let large = |number: u8| {
        let mut statement = statement(&other.id, number);
        statement.document = vec![number; 4 << 20];
        statement
    };
    let fitting = u8::try_from(STATEMENTS_BYTES_MAX >> 22).unwrap() - 1;
    for number in 0..fitting {
        store.say(&large(number)).await.unwrap();
    }
    store.say(&large(fitting)).await.unwrap_err();
}
