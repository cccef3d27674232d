//! What an answer comes to: rules, modes, waivers and faults.

use holdpoint::model::{
    Answer, Approval, Demand, Finding, GuestFault, Location, ObjectName, Outcome, Requirement,
    RuleId, Severity, Text, Verdict, Window,
};
use holdpoint::pipeline::Judgement;

use super::{COMMIT, USE, plan, waiver};

fn finding(severity: Severity, location: Location) -> Finding {
    Finding {
        rule: RuleId::new("the-plugins-own-name", "type"),
        severity,
        message: Text::from("no"),
        location,
        help: None,
    }
}

fn commit() -> Location {
    Location::Commit(ObjectName::new(COMMIT).expect("a name"))
}

/// What an answer of the plugin `p` in the only stage comes to, in the middle of 2026.
fn judged(text: &str, outcome: &Outcome) -> Judgement {
    let plan = plan(text).expect("a plan");
    let stage = &plan.stages[0];
    let time = "2026-06-01T00:00:00Z".parse().expect("a time");
    plan.judge(stage, &stage.uses[0], time).judge(outcome)
}

fn answered(findings: Vec<Finding>) -> Outcome {
    Outcome::Answered(Answer::Findings(findings))
}

#[test]
fn an_error_blocks_and_a_warning_does_not() {
    let error = judged(USE, &answered(vec![finding(Severity::Error, commit())]));
    assert_eq!(error.verdict, Verdict::NoGo);
    assert_eq!(error.findings[0].finding.rule.as_str(), "p/type");
    let warning = judged(USE, &answered(vec![finding(Severity::Warning, commit())]));
    assert_eq!(warning.verdict, Verdict::Go);
    assert!(!warning.findings[0].blocks);
}

#[test]
fn advise_shows_and_does_not_block() {
    let advise = format!("{USE}mode = \"advise\"\n");
    let judgement = judged(&advise, &answered(vec![finding(Severity::Error, commit())]));
    assert_eq!(judgement.verdict, Verdict::Go);
    assert_eq!(judgement.findings.len(), 1);
    assert!(!judgement.findings[0].blocks);
}

#[test]
fn rules_are_raised_lowered_and_turned_off() {
    let with = |setting: &str| format!("{USE}[plugins.p.rules]\ntype = \"{setting}\"\n");
    let error = answered(vec![finding(Severity::Error, commit())]);
    let info = answered(vec![finding(Severity::Info, commit())]);
    assert_eq!(judged(&with("error"), &info).verdict, Verdict::NoGo);
    let lowered = judged(&with("warning"), &error);
    assert_eq!(lowered.verdict, Verdict::Go);
    assert_eq!(lowered.findings[0].finding.severity, Severity::Warning);
    assert!(judged(&with("off"), &error).findings.is_empty());
}

#[test]
fn a_fault_blocks_unless_the_operator_says_otherwise() {
    let fault = Outcome::Fault(GuestFault {
        message: Text::from("no"),
        code: None,
        retry: false,
    });
    let outcomes = [
        fault,
        Outcome::OutOfFuel { limit: 1 },
        Outcome::TimedOut { limit_ms: 1 },
    ];
    for outcome in outcomes {
        assert_eq!(judged(USE, &outcome).verdict, Verdict::Fault);
        let advise = format!("{USE}on-fault = \"advise\"\n");
        assert_eq!(judged(&advise, &outcome).verdict, Verdict::Go);
        let only_mode = format!("{USE}mode = \"advise\"\n");
        assert_eq!(judged(&only_mode, &outcome).verdict, Verdict::Fault);
        let waived = format!(
            "{USE}{}",
            waiver("release = true", "\"2027-01-31T00:00:00Z\"")
        );
        assert_eq!(judged(&waived, &outcome).verdict, Verdict::Fault);
    }
}

#[test]
fn a_waiver_releases_what_it_names_until_it_ends() {
    let cases = [
        (format!("commits = [\"{COMMIT}\"]"), commit(), true),
        (
            format!("commits = [\"{}\"]", "0".repeat(40)),
            commit(),
            false,
        ),
        ("release = true".to_owned(), commit(), false),
        ("release = true".to_owned(), Location::Release, true),
        (
            "paths = [\"vendor/**\"]".to_owned(),
            path("vendor/a/b.c"),
            true,
        ),
        (
            "paths = [\"vendor/*\"]".to_owned(),
            path("vendor/a/b.c"),
            false,
        ),
        (
            "artifacts = [\"app\"]".to_owned(),
            Location::Artifact(Text::from("app")),
            true,
        ),
        (
            "artifacts = [\"app\"]".to_owned(),
            Location::Artifact(Text::from("other")),
            false,
        ),
    ];
    for (place, location, releases) in cases {
        let error = answered(vec![finding(Severity::Error, location)]);
        let text = format!("{USE}{}", waiver(&place, "\"2027-01-31T00:00:00Z\""));
        let judgement = judged(&text, &error);
        let expected = if releases { Verdict::Go } else { Verdict::NoGo };
        assert_eq!(judgement.verdict, expected, "{place}");
        assert_eq!(judgement.findings[0].waiver.is_some(), releases, "{place}");
        let expired = format!("{USE}{}", waiver(&place, "\"2026-06-01T00:00:00Z\""));
        assert_eq!(judged(&expired, &error).verdict, Verdict::NoGo, "{place}");
    }
    let other_rule =
        waiver("release = true", "\"2027-01-31T00:00:00Z\"").replace("p/type", "p/scope");
    let error = answered(vec![finding(Severity::Error, Location::Release)]);
    assert_eq!(
        judged(&format!("{USE}{other_rule}"), &error).verdict,
        Verdict::NoGo
    );
}

fn path(path: &str) -> Location {
    Location::File {
        path: Text::from(path),
        line: None,
    }
}

#[test]
fn who_claims_what_is_not_there_waits() {
    let claim = |demand| {
        let reason = Text::from("because");
        Outcome::Answered(Answer::Requirements(vec![Requirement { demand, reason }]))
    };
    let window = |start, end| claim(Demand::Window(Window { start, end }));
    let now = 1_780_272_000;
    assert_eq!(
        judged(USE, &window(Some(now), Some(now + 1))).verdict,
        Verdict::Go
    );
    assert_eq!(
        judged(USE, &window(Some(now - 1), Some(now))).verdict,
        Verdict::Wait
    );
    assert_eq!(
        judged(USE, &window(Some(now + 1), None)).verdict,
        Verdict::Wait
    );
    let approval = claim(Demand::Approval(Approval {
        principal: Text::from("lead"),
        count: 1,
    }));
    assert_eq!(judged(USE, &approval).verdict, Verdict::Wait);
}

#[test]
fn findings_that_matter_most_come_first_and_keep_the_plugins_order() {
    let findings = vec![
        finding(Severity::Info, path("d")),
        finding(Severity::Error, path("c")),
        finding(Severity::Error, path("a")),
        finding(Severity::Warning, Location::Release),
        finding(Severity::Error, path("b")),
    ];
    let judgement = judged(USE, &answered(findings));
    let places: Vec<_> = judgement
        .findings
        .iter()
        .map(|judged| judged.finding.location.clone())
        .collect();
    assert_eq!(
        places,
        [
            path("c"),
            path("a"),
            path("b"),
            Location::Release,
            path("d")
        ]
    );
}
