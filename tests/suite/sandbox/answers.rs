//! What a guest answers, and what is made of an answer that is too much or not true.

use super::*;

#[test]
fn a_guest_that_finds_nothing_has_answered() {
    let record = run(&Guest::default());
    assert_eq!(
        record.outcome,
        Outcome::Answered(Answer::Findings(Vec::new()))
    );
    assert!(record.fuel > 0);
    assert_eq!(record.memory_bytes, 2 << 16);
}

#[test]
fn a_finding_has_the_rules_severity_and_help() {
    let record = run(&Guest {
        module: with_memory(&findings(1, "release")),
        ..Guest::default()
    });
    let Outcome::Answered(Answer::Findings(findings)) = record.outcome else {
        panic!("not answered: {:?}", record.outcome)
    };
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule.as_str(), "guest/r");
    assert_eq!(findings[0].severity, Severity::Error);
    assert_eq!(findings[0].location, Location::Release);
    assert_eq!(findings[0].help.as_ref().map(Text::raw), Some("Do better."));
}

#[test]
fn too_many_findings_are_too_much_output() {
    let count = limits().answer_items + 1;
    let zeros = u32::try_from(count).expect("a small number");
    let repeated = findings(1, "release");
    // The same finding again and again: copied by the guest itself.
    let guest = Guest {
        module: with_memory(&format!(
            "{repeated} (data (i32.const 24) \"{}\")",
            escaped(&zeros.to_le_bytes())
        )),
        check: "(local $at i32) (local.set $at (i32.const 1076))
                (loop $more
                    (memory.copy (local.get $at) (i32.const 1024) (i32.const 52))
                    (local.set $at (i32.add (local.get $at) (i32.const 52)))
                    (br_if $more (i32.lt_u (local.get $at) (i32.const 60000))))
                (i32.const 16)"
            .into(),
        ..Guest::default()
    };
    let record = run(&guest);
    let expected = Outcome::TooMuchOutput {
        what: LimitKind::AnswerItems,
        limit: count - 1,
    };
    assert_eq!(record.outcome, expected);
}

#[test]
fn a_million_findings_are_not_even_read() {
    let guest = Guest {
        module: with_memory(&findings(1_000_000, "release"))
            .replace("\"memory\") 2", "\"memory\") 900"),
        ..Guest::default()
    };
    let limits = Limits {
        memory_bytes: 64 << 20,
        ..limits()
    };
    let expected = Outcome::TooMuchOutput {
        what: LimitKind::AnswerBytes,
        limit: limits.answer_bytes,
    };
    assert_eq!(run_with(&guest, limits).outcome, expected);
}

#[test]
fn a_long_text_is_too_much_output() {
    let mut module = with_memory(&findings(1, "release"));
    // The message's length is at 16 bytes into the finding.
    module.push_str(&format!(
        r#"(data (i32.const 1040) "{}")"#,
        escaped(&2_000u32.to_le_bytes())
    ));
    module.push_str(&format!(
        r#"(data (i32.const 4096) "{}")"#,
        "x".repeat(2_000)
    ));
    module.push_str(&format!(
        r#"(data (i32.const 1036) "{}")"#,
        escaped(&4096u32.to_le_bytes())
    ));
    let record = run(&Guest {
        module,
        ..Guest::default()
    });
    let expected = Outcome::TooMuchOutput {
        what: LimitKind::TextBytes,
        limit: 1_000,
    };
    assert_eq!(record.outcome, expected);
}

#[test]
fn a_lying_guest_has_not_answered() {
    let unknown_rule = with_memory(&findings(1, "release")).replace("\"rm\"", "\"sm\"");
    let unknown_commit = with_memory(&findings(1, "commit"));
    let not_utf8 = with_memory(&findings(1, "release")).replace("\"rm\"", "\"r\\ff\"");
    let blank_message = with_memory(&findings(1, "release")).replace("\"rm\"", "\"r \"");
    let out_of_memory =
        with_memory(r#"(data (i32.const 16) "\00\00\00\00\00\00\00\7f\01\00\00\00")"#);
    let no_such_case = with_memory(r#"(data (i32.const 16) "\09")"#);
    for (module, word) in [
        (unknown_rule, "rule"),
        (unknown_commit, "commit"),
        (not_utf8, "UTF-8"),
        (blank_message, "message"),
        (out_of_memory, "out of bounds"),
        (no_such_case, "discriminant"),
    ] {
        let outcome = run(&Guest {
            module,
            ..Guest::default()
        })
        .outcome;
        let Outcome::Malformed { message } = &outcome else {
            panic!("{word}: {outcome:?}")
        };
        assert!(message.raw().contains(word), "{word}: {message:?}");
    }
}

#[test]
fn an_answer_outside_of_memory_has_not_answered() {
    let guest = Guest {
        check: "(i32.const -4)".into(),
        ..Guest::default()
    };
    let outcome = run(&guest).outcome;
    assert!(
        matches!(outcome, Outcome::Trapped { .. } | Outcome::Malformed { .. }),
        "{outcome:?}"
    );
}

#[test]
fn a_fault_is_what_the_guest_says() {
    // fault { message: "m", code: some(missing), retry: true }
    let data = r#"(data (i32.const 16) "\01\00\00\00\41\00\00\00\01\00\00\00\01\01\01")
                  (data (i32.const 64) "rm")"#;
    let Outcome::Fault(fault) = run(&Guest {
        module: with_memory(data),
        ..Guest::default()
    })
    .outcome
    else {
        panic!("no fault")
    };
    assert_eq!(fault.message.raw(), "m");
    assert_eq!(fault.code, Some(FaultCode::Missing));
    assert!(fault.retry);
}

#[test]
fn the_same_call_uses_the_same_fuel() {
    let guest = Guest {
        module: with_memory(&findings(1, "release")),
        ..Guest::default()
    };
    let first = run(&guest);
    let second = run(&guest);
    assert_eq!(first.fuel, second.fuel);
    assert_eq!(first.outcome, second.outcome);
}
