//! The documents that people sign.

use holdpoint::model::{
    Act, Assumed, Digest, REASON_BYTES_MAX, RunId, STATEMENT_BYTES_MAX, StatementBody,
    StatementProblem, Text,
};
use holdpoint::report::{Page, human_statement};

use super::world::{World, effect};

fn assume(outcome: Assumed) -> Act {
    Act::Assume {
        effect: effect(1),
        outcome,
    }
}

fn every_act() -> [Act; 6] {
    [
        Act::Approve,
        Act::Refuse,
        Act::Withdraw,
        Act::Override,
        assume(Assumed::Done),
        assume(Assumed::NotDone),
    ]
}

fn world() -> World {
    World::with("", "", |keys| {
        keys.make("ada", "-t ed25519");
        format!("ada {}\n", keys.public("ada"))
    })
}

#[test]
fn a_document_is_json_that_a_person_can_read() {
    let mut body = world().body(assume(Assumed::NotDone));
    body.reason = Some(Text::from(
        "the log\u{1b}[2J ends \u{202e}before ##[error]it",
    ));
    let text = String::from_utf8(body.write().expect("a statement")).expect("text");
    insta::assert_snapshot!(text);
}

#[test]
fn every_statement_is_read_as_it_was_written() {
    let world = world();
    for act in every_act() {
        let mut body = world.body(act);
        for target in [None, Some(Text::from("a \"b\"\n\\ü\u{202e}"))] {
            body.binding.target = target;
            body.binding.version = None;
            let bytes = body.write().expect("a statement");
            assert!(bytes.is_ascii() || !bytes.contains(&0x1b));
            assert_eq!(StatementBody::read(&bytes).as_ref(), Ok(&body));
            body.binding.commands.clear();
            let bytes = body.write().expect("a statement");
            assert_eq!(StatementBody::read(&bytes).as_ref(), Ok(&body));
        }
    }
}

#[test]
fn only_the_bytes_that_the_host_writes_are_a_statement() {
    let bytes = world().body(Act::Approve).write().expect("a statement");
    let text = String::from_utf8(bytes).expect("text");
    let not_canonical = [
        text.trim_end().to_owned(),
        format!("{text}\n"),
        format!(" {text}"),
        text.replace('\n', "\r\n"),
        text.replace("\"what\": ", "\"what\":"),
        text.replace("payments", "p\\u0061yments"),
        text.replace("09:00:00Z", "09:00:00.000Z"),
        text.replace("09:00:00Z", "10:00:00+01:00"),
        text.replace("  \"target\": \"production\",\n", ""),
    ];
    for other in &not_canonical {
        assert_ne!(*other, text);
        assert_eq!(
            StatementBody::read(other.as_bytes()),
            Err(StatementProblem::NotCanonical),
            "{other}"
        );
    }
    let malformed = [
        String::new(),
        "{}".to_owned(),
        text.replace("\"what\"", "\"more\": 1,\n  \"what\""),
        text.replace("\"project\"", "\"project\": \"a\",\n  \"project\""),
        text.replace("\"approve\"", "\"anything\""),
        text.replace("sha256:", "sha1:"),
    ];
    for other in &malformed {
        let problem = StatementBody::read(other.as_bytes()).expect_err("it is none");
        assert!(
            matches!(problem, StatementProblem::Malformed(_)),
            "{other}: {problem}"
        );
        assert!(!problem.help().is_empty());
    }
    let newer = text.replace("holdpoint-approval@v1", "holdpoint-approval@v2");
    assert_eq!(
        StatementBody::read(newer.as_bytes()),
        Err(StatementProblem::Format(Text::from(
            "holdpoint-approval@v2"
        )))
    );
    let of_an_effect = text.replace(
        "\"what\": \"approve\"",
        "\"what\": \"approve\",\n  \"outcome\": \"done\"",
    );
    assert_eq!(
        StatementBody::read(of_an_effect.as_bytes()),
        Err(StatementProblem::Effect)
    );
    let without = text.replace("\"what\": \"approve\"", "\"what\": \"assume\"");
    assert_eq!(
        StatementBody::read(without.as_bytes()),
        Err(StatementProblem::Effect)
    );
}

#[test]
fn a_statement_that_lacks_something_is_not_written() {
    let world = world();
    let problem = |act: Act, change: &dyn Fn(&mut StatementBody)| {
        let mut body = world.body(act);
        change(&mut body);
        let problem = body.write().expect_err("it lacks something");
        assert!(!problem.help().is_empty());
        problem
    };
    for act in every_act() {
        let needs = act.needs_reason();
        assert_eq!(needs, act != Act::Approve);
        let empty: &dyn Fn(&mut StatementBody) = &|body| body.reason = Some(Text::from(" \n"));
        assert_eq!(problem(act.clone(), empty), StatementProblem::Reason);
        if needs {
            assert_eq!(
                problem(act.clone(), &|body| body.reason = None),
                StatementProblem::Reason
            );
        }
        if act.expires() {
            assert_eq!(
                problem(act.clone(), &|body| body.expires = None),
                StatementProblem::Endless
            );
            assert_eq!(
                problem(act, &|body| body.expires = Some(body.issued)),
                StatementProblem::Backwards
            );
        } else {
            assert_eq!(
                problem(act, &|body| body.expires = Some(jiff::Timestamp::MAX)),
                StatementProblem::Expires
            );
        }
    }
    for nonce in ["", "0123", "0123456789ABCDEF0123456789abcdef"] {
        let change: &dyn Fn(&mut StatementBody) = &|body| body.binding.nonce = nonce.to_owned();
        assert_eq!(problem(Act::Approve, change), StatementProblem::Nonce);
    }
    assert_eq!(
        problem(Act::Approve, &|body| body.binding.stage.clear()),
        StatementProblem::Stage
    );
    let other: &dyn Fn(&mut StatementBody) = &|body| body.binding.stage = "other".to_owned();
    assert_eq!(
        problem(assume(Assumed::Done), other),
        StatementProblem::OtherStage("other".to_owned())
    );
}

#[test]
fn a_statement_has_bounds() {
    let mut body = world().body(Act::Refuse);
    body.reason = Some(Text::from("x".repeat(REASON_BYTES_MAX)));
    assert!(body.write().is_ok());
    body.reason = Some(Text::from("x".repeat(REASON_BYTES_MAX + 1)));
    assert_eq!(body.write(), Err(StatementProblem::LongReason));
    let mut body = world().body(Act::Approve);
    body.binding.commands = vec![vec![Text::default()]];
    let room = STATEMENT_BYTES_MAX - body.write().expect("a statement").len();
    body.binding.commands = vec![vec![Text::from("x".repeat(room))]];
    let largest = body.write().expect("it just fits");
    assert_eq!(largest.len(), STATEMENT_BYTES_MAX);
    assert!(StatementBody::read(&largest).is_ok());
    body.binding.commands = vec![vec![Text::from("x".repeat(room + 1))]];
    assert_eq!(body.write(), Err(StatementProblem::TooLarge));
    let larger = [largest, b" ".to_vec()].concat();
    assert_eq!(
        StatementBody::read(&larger),
        Err(StatementProblem::TooLarge)
    );
}

#[test]
fn everything_that_is_bound_is_shown_and_cannot_harm_the_terminal() {
    let world = world();
    for act in every_act() {
        let mut body = world.body(act);
        body.binding.run = RunId::from_bits(7);
        body.binding.project = Text::from("pay\u{1b}[2Jments");
        body.binding.commands = vec![
            vec![
                Text::from("./deploy.sh"),
                Text::from("a b"),
                Text::from("\u{202e}x\n::error::y"),
            ],
            vec![Text::from("z")],
        ];
        body.reason = Some(Text::from("one\n::set-output::two"));
        let binding = &mut body.binding;
        for (digest, bytes) in [
            (&mut binding.subject, b"1"),
            (&mut binding.configuration, b"2"),
            (&mut binding.findings, b"3"),
        ] {
            *digest = Digest::of(bytes);
        }
        let mut page = Page::new(100);
        human_statement(&mut page, &body);
        let shown = anstream::adapter::strip_str(&page.finish()).to_string();
        let binding = &body.binding;
        let mut parts = vec![
            binding.run.to_string(),
            binding.nonce.clone(),
            "pay\\u{1b}[2Jments".to_owned(),
            "production".to_owned(),
            "1.2.0".to_owned(),
            "stage deploy".to_owned(),
            binding.subject.to_string(),
            binding.configuration.to_string(),
            binding.findings.to_string(),
            "[\"./deploy.sh\",\"a b\",\"".to_owned(),
            "[\"z\"]".to_owned(),
            body.issued.to_string(),
            "| one".to_owned(),
            "two".to_owned(),
        ];
        parts.extend(body.expires.map(|expires| expires.to_string()));
        match &body.act {
            Act::Assume { effect, outcome } => {
                parts.extend([effect.to_string(), outcome.name().to_owned()]);
            }
            Act::Override => parts.push("OVERRIDE".to_owned()),
            _ => {}
        }
        for part in parts {
            assert!(shown.contains(&part), "{part} is missing in\n{shown}");
        }
        for harm in ['\u{1b}', '\u{202e}'] {
            assert!(!shown.contains(harm), "{shown}");
        }
        assert!(
            !shown
                .lines()
                .any(|line| line.trim_start().starts_with("::")),
            "{shown}"
        );
    }
}
