//! A recorded call that is run again comes to the same, and what does not is named.

use holdpoint::model::{Difference, HostAnswer, LogLevel, LogLine};
use holdpoint::sandbox::Replayed;

use super::*;

impl Scene {
    fn replay(&self, loaded: &Loaded, transcript: &Transcript) -> Replayed {
        self.block_on(loaded.replay(transcript, &self.release, Some(Arc::clone(&self.tree))))
    }

    /// The one difference that there is.
    #[track_caller]
    fn difference(&self, loaded: &Loaded, transcript: &Transcript) -> Difference {
        let replayed = self.replay(loaded, transcript);
        assert!(!replayed.is_same());
        match <[Difference; 1]>::try_from(replayed.differences) {
            Ok([difference]) => difference,
            Err(differences) => panic!("{differences:#?}"),
        }
    }
}

#[test]
fn a_call_that_is_run_again_comes_to_the_same() {
    let scene = Scene::new();
    let (reader, hostile, tourist) = (
        scene.program("reader"),
        scene.program("hostile"),
        scene.program("tourist"),
    );
    let behave = |behaviour: &str| json!({ "behaviour": behaviour });
    let errand = |errand: &str| json!({ "errand": errand });
    for (loaded, settings, input) in [
        (&reader, everything(), Input::Policy),
        (&reader, everything(), Input::Verify { attempt: 3 }),
        (&hostile, behave("every-commit"), Input::Policy),
        (&hostile, behave("fault"), Input::Policy),
        (&hostile, behave("panic"), Input::Policy),
        (&hostile, behave("log"), Input::Policy),
        (&hostile, behave("unknown-rule"), Input::Policy),
        (&tourist, errand("look"), Input::Policy),
        (&tourist, errand("sleep"), Input::Policy),
        (&tourist, errand("print-little"), Input::Policy),
        (
            &scene.embedded("conventional-commits"),
            json!({}),
            Input::Policy,
        ),
        (&scene.embedded("change-risk"), json!({}), Input::Risk),
    ] {
        let record = scene.run(loaded, scene.call(&settings, input));
        let bytes = record.transcript.expect("it was recorded").bytes();
        let transcript = Transcript::read(&bytes).expect("it can be read");
        let replayed = scene.replay(loaded, &transcript);
        assert!(replayed.is_same(), "{settings}: {replayed:#?}");
        assert_eq!(
            replayed.transcript.expect("it was run").bytes(),
            bytes,
            "{settings}"
        );
    }
}

#[test]
fn another_sitting_replays_under_the_circumstances_of_the_transcript() {
    let scene = Scene::new();
    let loaded = scene.program("tourist");
    let look = json!({ "errand": "look" });
    let record = scene.run(&loaded, scene.call(&look, Input::Policy));
    let transcript = record.transcript.expect("it was recorded");
    let mut later = Release::clone(&scene.release);
    later.circumstances.time = "2027-01-01T00:00:00Z".parse().expect("a time");
    let replayed = scene.block_on(loaded.replay(&transcript, &Arc::new(later), None));
    assert!(replayed.is_same(), "{replayed:#?}");
}

#[test]
fn another_subject_is_named_and_nothing_is_run() {
    let scene = Scene::new();
    let transcript = scene.read();
    let mut other = Release::clone(&scene.release);
    other.subject.commits.pop();
    other.digest = Digest::of_json(&other.subject);
    let replayed = scene.block_on(scene.program("reader").replay(
        &transcript,
        &Arc::new(other.clone()),
        None,
    ));
    assert!(replayed.transcript.is_none());
    let [difference] = replayed.differences.as_slice() else {
        panic!("{:#?}", replayed.differences)
    };
    assert_eq!(difference.part.raw(), "subject");
    assert_eq!(
        difference.recorded.raw(),
        format!("\"{}\"", scene.release.digest)
    );
    assert_eq!(difference.now.raw(), format!("\"{}\"", other.digest));
}

#[test]
fn another_component_or_another_grant_is_named() {
    let scene = Scene::new();
    let transcript = scene.read();
    let replayed = scene.replay(&scene.program("hostile"), &transcript);
    let parts: Vec<_> = replayed
        .differences
        .iter()
        .map(|difference| difference.part.raw())
        .collect();
    assert_eq!(parts, ["name", "component", "manifest", "grants.tree.1"]);
    let wider = scene.granted("reader", &["docs/", "key.txt"]);
    let difference = scene.difference(&wider, &transcript);
    assert_eq!(difference.part.raw(), "grants.tree.2");
    assert_eq!(difference.recorded.raw(), "nothing");
    assert_eq!(difference.now.raw(), "\"key.txt\"");
}

#[test]
fn a_file_with_other_content_is_named() {
    let scene = Scene::new();
    let transcript = scene.read();
    let elsewhere = Scene::with_guide("how not to pay\n");
    let replayed = scene.block_on(scene.program("reader").replay(
        &transcript,
        &scene.release,
        Some(Arc::clone(&elsewhere.tree)),
    ));
    let now = replayed.transcript.expect("it was run");
    let said = format!("{:?}", now.outcome);
    assert!(said.contains("diverged from its transcript"), "{said}");
    assert!(said.contains("to host call 7"), "{said}");
    assert!(said.contains("docs/guide.md"), "{said}");
    let parts: Vec<_> = replayed
        .differences
        .iter()
        .map(|difference| difference.part.raw())
        .collect();
    assert!(parts.contains(&"outcome"), "{parts:?}");
}

#[test]
fn what_was_tampered_with_is_named() {
    let scene = Scene::new();
    let loaded = scene.program("reader");
    let whole = scene.read();
    let tampered = |tamper: &dyn Fn(&mut Transcript)| {
        let mut transcript = whole.clone();
        tamper(&mut transcript);
        transcript
    };
    let part = |transcript: &Transcript| {
        let difference = scene.difference(&loaded, transcript);
        difference.part.raw().to_owned()
    };
    assert_eq!(part(&tampered(&|it| it.fuel += 1)), "fuel");
    assert_eq!(part(&tampered(&|it| it.memory_bytes += 1)), "memory_bytes");
    assert_eq!(
        part(&tampered(&|it| it.log[1].text = "END".into())),
        "log.2.text"
    );
    let line = LogLine {
        level: LogLevel::Info,
        text: "more".into(),
    };
    assert_eq!(part(&tampered(&|it| it.log.push(line.clone()))), "log.3");
    assert_eq!(
        part(&tampered(&|it| {
            let holdpoint::model::Outcome::Answered(holdpoint::model::Answer::Findings(findings)) =
                &mut it.outcome
            else {
                panic!("{:?}", it.outcome)
            };
            findings[1].message = "nothing".into();
        })),
        "outcome.answered.findings.2.message"
    );
    assert_eq!(part(&tampered(&|it| it.given.clock += 1)), "clock");
    assert_eq!(
        part(&tampered(&|it| it.given.utc_offset += 1)),
        "utc_offset"
    );
}

#[test]
fn calls_to_the_host_that_were_tampered_with_end_the_call() {
    let scene = Scene::new();
    let loaded = scene.program("reader");
    let whole = scene.read();
    let said = |tamper: &dyn Fn(&mut Vec<HostCall>)| {
        let mut transcript = whole.clone();
        tamper(&mut transcript.host_calls);
        let replayed = scene.replay(&loaded, &transcript);
        assert!(!replayed.is_same());
        let now = replayed.transcript.expect("it was run");
        format!("{:?}", now.outcome)
    };
    let other_question = said(&|calls| {
        calls[1].asked = HostQuestion::CommitsPage { start: 0, count: 3 };
    });
    assert!(
        other_question.contains("host call 2 was {\\\"function\\\":\\\"commits.page\\\""),
        "{other_question}"
    );
    let other_answer = said(&|calls| {
        calls[1].answer = HostAnswer::Items { items: 3, bytes: 9 };
    });
    assert!(
        other_answer.contains("to host call 2") && other_answer.contains("the answer was"),
        "{other_answer}"
    );
    let fewer = said(&|calls| {
        calls.truncate(4);
    });
    assert!(
        fewer.contains("there were 4 host calls, and now there is another one"),
        "{fewer}"
    );
    let mut more = whole.clone();
    more.host_calls.push(whole.host_calls[0].clone());
    let difference = scene.difference(&loaded, &more);
    assert_eq!(difference.part.raw(), "host_calls.12");
    assert_eq!(difference.now.raw(), "nothing");
}

#[test]
fn fuel_is_not_compared_between_engines() {
    let scene = Scene::new();
    let mut transcript = scene.read();
    transcript.engine = Digest::of(b"another engine");
    transcript.fuel += 1;
    transcript.memory_bytes += 1;
    let replayed = scene.replay(&scene.program("reader"), &transcript);
    assert!(replayed.is_same(), "{replayed:#?}");
}

#[test]
fn what_is_not_reproducible_is_not_run_again() {
    let scene = Scene::new();
    let mut transcript = scene.read();
    transcript.reproducible = false;
    let replayed = scene.replay(&scene.program("reader"), &transcript);
    assert!(replayed.transcript.is_none());
    assert_eq!(replayed.differences[0].part.raw(), "reproducible");
}
