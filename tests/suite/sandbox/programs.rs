//! The guest programs: what Rust and its standard library make of the same bounds.

use super::*;

#[test]
fn a_panic_is_a_trap_with_its_message_and_place_in_the_log() {
    let record = hostile("panic", limits());
    let Outcome::Trapped { message, backtrace } = record.outcome else {
        panic!("no trap")
    };
    assert_eq!(
        message.raw(),
        "wasm trap: wasm `unreachable` instruction executed"
    );
    assert!(
        backtrace
            .iter()
            .any(|frame| frame.raw().contains("hostile") && frame.raw().contains("check")),
        "{backtrace:?}"
    );
    let line = record.log.last().expect("a line in the log");
    assert_eq!(line.level, LogLevel::Error);
    assert!(
        line.text.raw().contains("the plugin gave up on project"),
        "{line:?}"
    );
    assert!(line.text.raw().contains("src/lib.rs:"), "{line:?}");
}

#[test]
fn a_guest_in_rust_trips_the_same_bounds() {
    let limits = limits();
    let outcome = |behaviour: &str| hostile(behaviour, limits).outcome;
    let too_much = |what, limit| Outcome::TooMuchOutput { what, limit };
    assert_eq!(outcome("loop"), Outcome::OutOfFuel { limit: limits.fuel });
    assert!(matches!(outcome("recurse"), Outcome::Trapped { .. }));
    assert_eq!(
        outcome("allocate"),
        Outcome::OutOfMemory {
            limit_bytes: limits.memory_bytes
        }
    );
    assert_eq!(
        outcome("log"),
        too_much(LimitKind::LogLines, limits.log_lines)
    );
    assert!(matches!(outcome("unknown-rule"), Outcome::Malformed { .. }));
    assert!(matches!(
        outcome("unknown-commit"),
        Outcome::Malformed { .. }
    ));
    assert!(matches!(outcome("fault"), Outcome::Fault(_)));
    let limits = Limits {
        memory_bytes: 1 << 30,
        fuel: 5_000_000_000,
        ..limits
    };
    let outcome = |behaviour: &str| hostile(behaviour, limits).outcome;
    assert_eq!(
        outcome("million-findings"),
        too_much(LimitKind::AnswerBytes, limits.answer_bytes)
    );
    assert_eq!(
        outcome("long-message"),
        too_much(LimitKind::AnswerBytes, limits.answer_bytes)
    );
}

/// Everything that a standard library offers to look at is there and empty, denied, or the same
/// each time.
#[test]
fn a_guest_for_wasi_sees_nothing_of_this_machine() {
    let record = tourist("look");
    let Outcome::Answered(Answer::Findings(findings)) = &record.outcome else {
        panic!("{:?}\n{:?}", record.outcome, record.log)
    };
    let seen: Vec<_> = findings
        .iter()
        .map(|finding| finding.message.raw())
        .collect();
    assert_eq!(
        seen[..12],
        [
            "environment: 0",
            "arguments: 0",
            "standard input: Ok(0)",
            "folder: denied",
            "write: denied",
            "file: denied",
            "parent: denied",
            "connect: denied",
            "listen: denied",
            "datagram: denied",
            "resolve: denied",
            "time: 1700000000",
        ]
    );
    assert_eq!(
        record.outcome,
        tourist("look").outcome,
        "the same seed gives the same random numbers"
    );
}

#[test]
fn a_guest_for_wasi_sleeps_a_day_in_no_time() {
    let Outcome::Answered(Answer::Findings(findings)) = tourist("sleep").outcome else {
        panic!("not answered")
    };
    assert_eq!(findings[0].message.raw(), "hours slept: 24");
}

#[test]
fn endless_printing_is_too_much_output() {
    let outcome = tourist("print").outcome;
    assert_eq!(
        outcome,
        Outcome::TooMuchOutput {
            what: LimitKind::LogLines,
            limit: 50
        }
    );
}

#[test]
fn what_is_printed_is_kept_by_line() {
    let record = tourist("print-little");
    assert_eq!(
        record.outcome,
        Outcome::Answered(Answer::Findings(Vec::new()))
    );
    let lines: Vec<_> = record
        .log
        .iter()
        .map(|line| (line.level, line.text.raw()))
        .collect();
    assert_eq!(
        lines,
        [
            (LogLevel::Info, "to \u{1b}[31moutput"),
            (LogLevel::Warn, "to \u{1b}[31merror"),
            (LogLevel::Info, "no end"),
        ]
    );
    assert_eq!(
        record.log[0].text.terminal().to_string(),
        "to \\u{1b}[31moutput"
    );
}

#[test]
fn an_exit_is_no_answer() {
    let Outcome::Trapped { message, .. } = tourist("exit").outcome else {
        panic!("no trap")
    };
    assert_eq!(message.raw(), "the guest called exit(0)");
}

fn notify() -> Input {
    Input::Notify {
        event: holdpoint::model::Event {
            kind: holdpoint::model::EventKind::Started,
            run: "run".into(),
            stage: None,
            verdict: None,
            reason: Text::from("because"),
            findings: Vec::new(),
        },
        channel: holdpoint::model::Channel {
            name: "channel".into(),
            media_type: "application/json".into(),
            body_bytes_max: 1_000,
        },
    }
}

#[test]
fn an_edit_lies_plainly_in_the_checkout() {
    let outcome = |path: &str| liar(&serde_json::json!({ "path": path }), Input::Document);
    for path in [
        "",
        "/etc/passwd",
        "../up",
        "a/../b",
        "a//b",
        ".git/config",
        "a/.GIT/b",
        "a\\b",
        "c:b",
        "a\0",
    ] {
        assert!(
            matches!(outcome(path), Outcome::Malformed { .. }),
            "{path}: {:?}",
            outcome(path)
        );
    }
    assert!(matches!(
        outcome("docs/CHANGELOG.md"),
        Outcome::Answered(Answer::Edits(_))
    ));
}

#[test]
fn a_message_is_the_json_that_it_says_it_is() {
    let outcome = |settings| liar(&settings, notify());
    let body = |body: &str| outcome(serde_json::json!({ "body": body }));
    assert!(matches!(
        body("{\"text\": 1}"),
        Outcome::Answered(Answer::Messages(_))
    ));
    assert!(matches!(body("{"), Outcome::Malformed { .. }));
    let Input::Notify { event, mut channel } = notify() else {
        panic!("a question for messages")
    };
    channel.media_type = "text/plain".into();
    let other = liar(
        &serde_json::json!({ "body": "1" }),
        Input::Notify { event, channel },
    );
    assert!(matches!(other, Outcome::Malformed { .. }), "{other:?}");
    assert!(matches!(
        body(&format!("\"{}\"", "x".repeat(1_000))),
        Outcome::Malformed { .. }
    ));
    assert!(matches!(
        outcome(serde_json::json!({ "depth": 50 })),
        Outcome::Answered(_)
    ));
    assert!(matches!(
        outcome(serde_json::json!({ "depth": 400 })),
        Outcome::Malformed { .. }
    ));
}

#[test]
fn numbers_are_numbers_and_methods_change_something() {
    let not_a_number = serde_json::json!({ "not-a-number": true });
    for (settings, input) in [
        (not_a_number.clone(), Input::Risk),
        (not_a_number, Input::Verify { attempt: 1 }),
        (serde_json::json!({ "method": "GET" }), Input::Action),
    ] {
        let outcome = liar(&settings, input);
        assert!(matches!(outcome, Outcome::Malformed { .. }), "{outcome:?}");
    }
    for (settings, input) in [
        (serde_json::json!({}), Input::Risk),
        (serde_json::json!({}), Input::Resource),
        (serde_json::json!({}), Input::Verify { attempt: 1 }),
        (serde_json::json!({ "method": "POST" }), Input::Action),
    ] {
        let outcome = liar(&settings, input);
        assert!(matches!(outcome, Outcome::Answered(_)), "{outcome:?}");
    }
}
