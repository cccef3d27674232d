//! A call that is cut in the middle goes on from what was recorded of it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use holdpoint::model::{CutCall, Outcome};
use holdpoint::sandbox::Sink;

use super::*;

/// A sink that keeps what it is told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<HostCall>>>);

impl Told {
    fn sink(&self) -> Sink {
        let told = self.clone();
        Sink::new(move |call: &HostCall| {
            told.0.lock().expect("no panic").push(call.clone());
        })
    }

    fn calls(&self) -> Vec<HostCall> {
        self.0.lock().expect("no panic").clone()
    }
}

/// The call, recorded in this way.
fn recording(call: Call, cut: Option<CutCall>, sink: Option<Sink>) -> Call {
    Call {
        recording: Some(Recording {
            cut: cut.map(Arc::new),
            sink,
            ..call.recording.clone().expect("it is recorded")
        }),
        ..call
    }
}

/// After three calls to the host the guest is busy for about a second.
fn busy() -> Value {
    steps(&json!([
        "commits",
        "texts",
        { "file": "docs/guide.md" },
        { "busy": 300_000_000 },
        "changes",
        { "log": "end" }
    ]))
}

#[test]
fn a_call_that_was_cut_goes_on_from_what_was_recorded() {
    let scene = Scene::new();
    let loaded = scene.program("reader");
    let call = || scene.call(&busy(), Input::Policy);
    let uncut = scene.run(&loaded, call()).transcript.expect("recorded");

    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let sink = Sink::new(move |call: &HostCall| {
        let _ = sender.send(call.clone());
    });
    let given = loaded.given(&call()).expect("it is recorded");
    let host_calls = scene.block_on(async {
        let mut kept = Vec::new();
        tokio::select! {
            record = loaded.call(recording(call(), None, Some(sink))) => {
                panic!("it came to its end: {record:?}")
            }
            () = async {
                while kept.len() < 3 {
                    kept.push(receiver.recv().await.expect("the guest goes on"));
                }
            } => {}
        }
        kept
    });
    assert_eq!(host_calls, uncut.host_calls[..3]);

    let told = Told::default();
    let cut = CutCall { given, host_calls };
    let record = scene.run(&loaded, recording(call(), Some(cut), Some(told.sink())));
    let transcript = record.transcript.expect("recorded");
    assert!(transcript.bytes() == uncut.bytes(), "{transcript:#?}");
    assert_eq!(
        told.calls(),
        uncut.host_calls[3..],
        "what was recorded before is not told again"
    );
}

#[test]
fn a_call_can_be_cut_anywhere() {
    let scene = Scene::new();
    let loaded = scene.program("reader");
    let whole = scene.read();
    for length in 0..=whole.host_calls.len() {
        // As it is kept.
        let kept = serde_json::to_vec(&whole.cut(length)).expect("JSON");
        let cut = serde_json::from_slice(&kept).expect("a call that was cut");
        let told = Told::default();
        let call = scene.call(&everything(), Input::Policy);
        let record = scene.run(&loaded, recording(call, Some(cut), Some(told.sink())));
        let transcript = record.transcript.expect("recorded");
        assert!(
            transcript.bytes() == whole.bytes(),
            "cut after {length}: {transcript:#?}"
        );
        assert_eq!(told.calls(), whole.host_calls[length..]);
    }
}

#[test]
fn a_call_that_asks_something_else_than_before_is_ended() {
    let scene = Scene::new();
    let mut cut = scene.read().cut(5);
    cut.host_calls.swap(1, 3);
    let call = scene.call(&everything(), Input::Policy);
    let record = scene.run(&scene.program("reader"), recording(call, Some(cut), None));
    let Outcome::Malformed { message } = &record.outcome else {
        panic!("{:?}", record.outcome)
    };
    let transcript = record.transcript.as_ref().expect("recorded");
    assert!(!transcript.reproducible);
    assert_eq!(
        message.raw(),
        "the call diverged from its transcript: host call 2 was \
         {\"function\":\"changes.page\",\"start\":0,\"count\":4} and is \
         {\"function\":\"commits.page\",\"start\":0,\"count\":2} now"
    );
}

#[test]
fn what_was_recorded_of_another_call_is_refused() {
    let scene = Scene::new();
    let loaded = scene.program("reader");
    let cut = scene.read().cut(2);
    let other = steps(&json!(["commits"]));
    let call = recording(scene.call(&other, Input::Policy), Some(cut.clone()), None);
    let given = loaded.given(&call).expect("it is recorded");
    assert_eq!(cut.given.differences(&given)[0].part.raw(), "settings");
    let record = scene.run(&loaded, call);
    let Outcome::Malformed { message } = &record.outcome else {
        panic!("{:?}", record.outcome)
    };
    let words = "what was recorded is of another call: `settings` was \"";
    assert!(message.raw().starts_with(words), "{message:?}");
    assert_eq!(record.fuel, 0, "nothing was run");
    let transcript = record.transcript.as_ref().expect("recorded");
    assert_eq!(transcript.outcome, record.outcome);
    assert!(!transcript.reproducible);
}

/// The answer is larger than the memory of the guest, so that the guest never sees it.
#[test]
fn the_sink_is_told_before_the_guest_has_its_answer() {
    let scene = Scene::with_guide("x".repeat(12 << 20));
    let settings = steps(&json!([{ "file": "docs/guide.md" }]));
    let told = Told::default();
    let call = Call {
        limits: Limits {
            memory_bytes: 8 << 20,
            ..Limits::default()
        },
        ..scene.call(&settings, Input::Policy)
    };
    let record = scene.run(
        &scene.program("reader"),
        recording(call, None, Some(told.sink())),
    );
    assert_eq!(
        record.outcome,
        Outcome::OutOfMemory {
            limit_bytes: 8 << 20
        }
    );
    assert_eq!(told.calls().len(), 1);
}

#[test]
fn a_call_that_was_dropped_tells_nobody_any_more() {
    let scene = Scene::new();
    let loaded = scene.program("reader");
    let settings = steps(&json!([{ "long-names": 1 }]));
    let count = Arc::new(AtomicUsize::new(0));
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let sink = {
        let count = Arc::clone(&count);
        Sink::new(move |_: &HostCall| {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = sender.send(());
        })
    };
    let call = Call {
        limits: Limits {
            host_calls: u64::MAX,
            timeout: Duration::from_mins(1),
            ..Limits::default()
        },
        ..scene.call(&settings, Input::Policy)
    };
    let at_the_drop = scene.block_on(async {
        tokio::select! {
            record = loaded.call(recording(call, None, Some(sink))) => {
                panic!("it came to its end: {record:?}")
            }
            _ = receiver.recv() => {}
        }
        count.load(Ordering::SeqCst)
    });
    // The guest may take a while to stop: long enough for another call to come to its end.
    let record = scene.run(&loaded, scene.call(&everything(), Input::Policy));
    assert_eq!(record.outcome.name(), "answered");
    // Whoever drops a call waits for nobody: one more may have been on its way.
    let told = count.load(Ordering::SeqCst) - at_the_drop;
    assert!(told <= 1, "{told} more");
}
