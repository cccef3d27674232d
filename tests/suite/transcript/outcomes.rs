//! Every way in which a call can end has a transcript, and none of them is without bounds.

use std::time::Duration;

use holdpoint::model::{HostQuestion, LimitKind, Outcome};

use super::*;

/// Bounds that a guest reaches soon.
fn soon() -> Limits {
    Limits {
        fuel: 100_000_000,
        memory_bytes: 16 << 20,
        answer_bytes: 64 << 10,
        log_lines: 50,
        ..Limits::default()
    }
}

#[track_caller]
fn recorded(record: &CallRecord) -> Transcript {
    let transcript = record.transcript.clone().expect("it was recorded");
    assert_eq!(transcript.outcome, record.outcome);
    assert_eq!(transcript.log, record.log);
    assert_eq!(transcript.fuel, record.fuel);
    assert_eq!(transcript.memory_bytes, record.memory_bytes);
    let bytes = transcript.bytes();
    let read = Transcript::read(&bytes).expect("what was written can be read");
    assert_eq!(read, transcript);
    assert_eq!(read.bytes(), bytes);
    transcript
}

#[test]
fn every_outcome_has_a_transcript() {
    let scene = Scene::new();
    let loaded = scene.program("hostile");
    for (behaviour, outcome) in [
        ("nothing", "answered"),
        ("every-commit", "answered"),
        ("control-sequences", "answered"),
        ("fault", "fault"),
        ("panic", "trapped"),
        ("recurse", "trapped"),
        ("loop", "out-of-fuel"),
        ("allocate", "out-of-memory"),
        ("log", "too-much-output"),
        ("long-message", "too-much-output"),
        ("unknown-rule", "malformed"),
    ] {
        let settings = json!({ "behaviour": behaviour });
        let call = Call {
            limits: soon(),
            ..scene.call(&settings, Input::Policy)
        };
        let record = scene.run(&loaded, call);
        assert_eq!(record.outcome.name(), outcome, "{behaviour}");
        assert!(recorded(&record).reproducible, "{behaviour}");
    }
}

#[test]
fn what_ran_out_of_time_is_not_reproducible() {
    let scene = Scene::new();
    let settings = steps(&json!(["commits", "loop"]));
    let call = Call {
        limits: Limits {
            fuel: u64::MAX,
            timeout: Duration::from_millis(300),
            ..Limits::default()
        },
        ..scene.call(&settings, Input::Policy)
    };
    let record = scene.run(&scene.program("reader"), call);
    assert_eq!(record.outcome, Outcome::TimedOut { limit_ms: 300 });
    let transcript = recorded(&record);
    assert!(!transcript.reproducible);
    let first = &transcript.host_calls[0].asked;
    assert!(
        matches!(first, HostQuestion::CommitsPage { start: 0, count: 2 }),
        "what was asked before is kept: {first:?}"
    );
}

#[test]
fn a_repository_that_cannot_be_read_is_not_reproducible() {
    let scene = Scene::new();
    let git = scene.path().join("payments/.git/objects");
    let hidden = scene.path().join("hidden");
    std::fs::rename(&git, &hidden).expect("the objects can be taken away");
    let settings = steps(&json!([{ "file": "docs/guide.md" }]));
    let loaded = scene.program("reader");
    let record = scene.run(&loaded, scene.call(&settings, Input::Policy));
    assert_eq!(record.outcome.name(), "malformed", "{:?}", record.outcome);
    assert!(!recorded(&record).reproducible);
}

/// Sixty thousand control characters, each of which is six in a transcript.
#[test]
fn a_flood_of_long_names_is_too_much_for_a_transcript() {
    let scene = Scene::new();
    let loaded = scene.program("reader");
    let settings = steps(&json!([{ "long-names": 60_000 }]));
    let expected = Outcome::TooMuchOutput {
        what: LimitKind::TranscriptBytes,
        limit: 16 << 20,
    };
    let record = scene.run(&loaded, scene.call(&settings, Input::Policy));
    assert_eq!(record.outcome, expected);
    let transcript = recorded(&record);
    let calls = transcript.host_calls.len();
    assert_eq!(calls, (16 << 20) / (6 * 60_000 + 128));
    let bytes = transcript.bytes().len();
    assert!(bytes < 17 << 20, "{bytes} bytes");
    let unrecorded = Call {
        recording: None,
        ..scene.call(&settings, Input::Policy)
    };
    assert_eq!(
        scene.run(&loaded, unrecorded).outcome,
        expected,
        "it is the same where nothing is recorded"
    );
}

/// As many calls to the host as the default allows have room in a transcript.
#[test]
fn the_bound_on_transcripts_is_reached_after_that_on_calls() {
    let scene = Scene::new();
    let settings = steps(&json!([{ "long-names": 1 }]));
    let record = scene.run(
        &scene.program("reader"),
        scene.call(&settings, Input::Policy),
    );
    let limit = Limits::default().host_calls;
    assert_eq!(
        record.outcome,
        Outcome::TooMuchOutput {
            what: LimitKind::HostCalls,
            limit
        }
    );
    let transcript = record.transcript.expect("it was recorded");
    assert_eq!(transcript.host_calls.len() as u64, limit);
    assert!(transcript.bytes().len() < 17 << 20);
}
