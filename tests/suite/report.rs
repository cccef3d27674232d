//! What a person reads and what a machine reads, of records that are built by hand: every outcome,
//! every kind of answer, every standing of a finding.

use std::sync::Arc;
use std::time::Duration;

use holdpoint::cli::{ExitCode, describe, guard};
use holdpoint::model::{
    Answer, Assessment, Circumstances, Commit, ContinuousIntegration, Demand, Digest, Edit,
    Effects, Factor, FaultCode, Finding, Grants, GuestFault, Kind, Lease, LimitKind, Location,
    Measures, Message, NewContent, ObjectName, Outcome, Person, Release, Requirement, RuleId,
    Severity, Sharing, Subject, Text, Totals, Verdict,
};
use holdpoint::pipeline::{
    Before, ConfigurationRecord, EditRecord, JudgedFinding, Mode, OnFault, PluginRecord, RunRecord,
    SourceRecord, StageRecord, Thresholds, Trust, WaiverRecord,
};
use holdpoint::release::difference;
use holdpoint::report::json::{RunReport, write};
use holdpoint::report::{Detail, Page, human_run, inert};
use holdpoint::sandbox::{CallRecord, CodeOrigin, Limits, LogLevel, LogLine};
use semver::Version;

/// Clears the screen, turns the direction of writing, hides a character, begins a command.
pub const HOSTILE: &str =
    "\u{1b}[2J\u{9b}31m\u{202e}gnp\u{200b}\u{7}::error::##[group]##vso[task.x]";

/// A run of one stage with one policy plugin that has nothing against the release.
pub fn record() -> RunRecord {
    let subject = Subject {
        project: "payments".into(),
        version: Some(Version::new(1, 4, 0)),
        previous: Some(Version::new(1, 3, 2)),
        head: name(1),
        base: Some(name(99)),
        target: Some("production".into()),
        path: None,
        versioning: holdpoint_conventional::Versioning::default(),
        tags: vec!["v1.4.0".into()],
        totals: Totals {
            commits: 12,
            merges: 1,
            files: 1,
            insertions: 1234,
            deletions: 5,
        },
        artifacts: Vec::new(),
        evidence: Vec::new(),
        commits: (1..=12).map(commit).collect(),
        changes: Vec::new(),
    };
    RunRecord {
        base_source: None,
        run: "0195-run".to_owned(),
        verdict: Verdict::Go,
        overridden: false,
        effects: Effects::None,
        release: Arc::new(Release {
            subject,
            digest: Digest::of(b"subject"),
            circumstances: Circumstances {
                time: "2026-11-22T10:00:00Z".parse().expect("a time"),
                zone: "UTC".to_owned(),
                ci: None,
                dirty: Some(false),
                dry_run: false,
            },
        }),
        configuration: ConfigurationRecord {
            trust: Trust::Trusted,
            pipeline: SourceRecord {
                origin: "embedded".into(),
                digest: Digest::of(b"pipeline"),
            },
            policy: None,
            digest: Digest::of(b"configuration"),
        },
        stages: vec![StageRecord {
            id: "policy".to_owned(),
            verdict: Verdict::Go,
            reached: true,
            thresholds: Thresholds::default(),
            plugins: vec![plugin(
                "conventional-commits",
                Outcome::Answered(Answer::Findings(Vec::new())),
            )],
            missing: Vec::new(),
            approval: None,
            overriding: None,
            files: Vec::new(),
            commands: Vec::new(),
            effects: Vec::new(),
            measured: Vec::new(),
        }],
        findings: Vec::new(),
        messages: Vec::new(),
        sitting: None,
    }
}

fn name(number: u32) -> ObjectName {
    ObjectName::new(&format!("{number:040x}").chars().rev().collect::<String>())
        .expect("40 hexadecimal digits")
}

fn commit(number: u32) -> Commit {
    let person = Person {
        name: "Ada Author".into(),
        email: "ada@example.com".into(),
    };
    Commit {
        id: name(number),
        parents: vec![name(number + 1)],
        author: person.clone(),
        authored: 0,
        committer: person,
        committed: 0,
        summary: format!("work number {number}").into(),
        body: Text::default(),
        trailers: Vec::new(),
        signed: false,
        measures: Measures::default(),
    }
}

fn plugin(plugin_name: &str, outcome: Outcome) -> PluginRecord {
    let kind = match &outcome {
        Outcome::Answered(Answer::Assessment(_)) => Kind::Risk,
        Outcome::Answered(Answer::Requirements(_)) => Kind::Resource,
        Outcome::Answered(Answer::Edits(_)) => Kind::Document,
        Outcome::Answered(Answer::Messages(_)) => Kind::Notify,
        _ => Kind::Policy,
    };
    let answered = matches!(outcome, Outcome::Answered(_));
    let edits = match &outcome {
        Outcome::Answered(Answer::Edits(edits)) => edits
            .iter()
            .map(|edit| EditRecord {
                before: Before::File,
                difference: Some(difference("# Changes\n", edit.content.text().raw())),
            })
            .collect(),
        _ => Vec::new(),
    };
    PluginRecord {
        name: plugin_name.to_owned(),
        kind,
        version: Version::new(0, 1, 0),
        digest: Digest::of(plugin_name.as_bytes()),
        origin: CodeOrigin::Program,
        mode: Mode::Enforce,
        on_fault: OnFault::Block,
        limits: Limits::default(),
        grants: Grants::default(),
        signers: Vec::new(),
        edits,
        call: CallRecord {
            fuel: 1_234_567,
            memory_bytes: 1 << 20,
            duration: Duration::from_millis(12),
            ..CallRecord::of(outcome)
        },
        score: None,
        findings: Vec::new(),
        verdict: if answered {
            Verdict::Go
        } else {
            Verdict::Fault
        },
    }
}

fn judged(rule: &str, severity: Severity, location: Location) -> JudgedFinding {
    JudgedFinding {
        finding: Finding {
            rule: RuleId::new("conventional-commits", rule),
            severity,
            message: "The message does not begin with a type.".into(),
            location,
            help: Some("Write it as `type: subject`, such as `fix: round half to even`.".into()),
        },
        blocks: severity == Severity::Error,
        waiver: None,
    }
}

/// The stages' verdicts follow from their plugins' and the run's from the stages', as in the fold.
fn folded(mut record: RunRecord) -> RunRecord {
    for stage in &mut record.stages {
        let worst = stage.plugins.iter().map(|plugin| plugin.verdict).max();
        stage.verdict = worst.unwrap_or(Verdict::Go);
    }
    let worst = record.stages.iter().map(|stage| stage.verdict).max();
    record.verdict = worst.unwrap_or(Verdict::Go);
    record
}

/// A run that a rule blocks twelve times, with an advisory and a waived finding beside them.
fn blocked() -> RunRecord {
    let mut record = record();
    let plugin = &mut record.stages[0].plugins[0];
    plugin.verdict = Verdict::NoGo;
    plugin.findings = (1..=12)
        .map(|number| judged("type", Severity::Error, Location::Commit(name(number))))
        .collect();
    plugin.findings.push(judged(
        "subject-length",
        Severity::Warning,
        Location::File {
            path: "src/pay.rs".into(),
            line: Some(7),
        },
    ));
    let mut waived = judged("subject-form", Severity::Error, Location::Commit(name(3)));
    waived.blocks = false;
    waived.waiver = Some(WaiverRecord {
        rule: waived.finding.rule.clone(),
        owner: "platform".into(),
        reason: "imported before the rule".into(),
        expires: "2027-01-31T00:00:00Z".parse().expect("a time"),
    });
    plugin.findings.push(waived);
    folded(record)
}

fn page(record: &RunRecord, detail: Detail) -> String {
    let mut page = Page::new(100);
    human_run(&mut page, record, detail);
    anstream::adapter::strip_str(&page.finish()).to_string()
}

fn json(record: &RunRecord) -> String {
    let mut bytes = Vec::new();
    let code = ExitCode::of_run(record, false).number();
    write(&mut bytes, &RunReport::new(record, code)).expect("memory can be written to");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

#[test]
fn a_go_can_be_read_out_loud() {
    insta::assert_snapshot!(page(&record(), Detail::Normal));
}

#[test]
fn a_no_go_names_each_finding_its_place_and_its_help() {
    insta::assert_snapshot!(page(&blocked(), Detail::Normal));
}

#[test]
fn brief_says_the_verdict_and_what_blocks() {
    insta::assert_snapshot!(page(&record(), Detail::Brief), @"Verdict: go. The one stage, policy, is go.");
    assert!(page(&blocked(), Detail::Brief).contains("12 findings block"));
}

#[test]
fn each_fault_has_words_of_its_own() {
    let mut record = record();
    let faults = [
        (
            "said-so",
            Outcome::Fault(GuestFault {
                message: "the ticket system has no project PAY".into(),
                code: Some(FaultCode::Missing),
                retry: false,
            }),
        ),
        (
            "trap",
            Outcome::Trapped {
                message: "index out of bounds at src/lib.rs:3".into(),
                backtrace: vec!["trap::check".into(), "trap::main".into()],
            },
        ),
        (
            "fuel",
            Outcome::OutOfFuel {
                limit: 10_000_000_000,
            },
        ),
        (
            "memory",
            Outcome::OutOfMemory {
                limit_bytes: 256 << 20,
            },
        ),
        ("time", Outcome::TimedOut { limit_ms: 30_000 }),
        ("run", Outcome::RunOutOfTime { limit_ms: 600_000 }),
        (
            "output",
            Outcome::TooMuchOutput {
                what: LimitKind::AnswerItems,
                limit: 10_000,
            },
        ),
        (
            "malformed",
            Outcome::Malformed {
                message: "rule `nonsense` is not in the manifest".into(),
            },
        ),
    ];
    record.stages[0].plugins = faults
        .into_iter()
        .map(|(name, outcome)| plugin(name, outcome))
        .collect();
    record.stages[0].plugins[1].call.log = vec![LogLine {
        level: LogLevel::Error,
        text: "panicked\nat src/lib.rs:3".into(),
    }];
    record.configuration.pipeline.origin = "main:holdpoint.toml".into();
    insta::assert_snapshot!(page(&folded(record), Detail::Normal));
}

#[test]
fn answers_of_other_kinds_are_shown_and_nothing_is_written_or_sent() {
    let mut record = record();
    record.stages[0].plugins = vec![
        plugin(
            "change-risk",
            Outcome::Answered(Answer::Assessment(Assessment {
                magnitude: 4.5,
                factors: vec![Factor {
                    name: "size".into(),
                    evidence: "1,234 lines added".into(),
                    weight: 3.0,
                    heuristic: true,
                    location: Location::Release,
                }],
            })),
        ),
        plugin(
            "lease",
            Outcome::Answered(Answer::Requirements(vec![Requirement {
                demand: Demand::Lease(Lease {
                    key: "production".into(),
                    sharing: Sharing::Exclusive,
                }),
                reason: "one release at a time".into(),
            }])),
        ),
        plugin(
            "changelog",
            Outcome::Answered(Answer::Edits(vec![Edit {
                path: "CHANGELOG.md".into(),
                content: NewContent::Whole("# Changes\n\n## 1.4.0\n".into()),
                title: "add 1.4.0".into(),
            }])),
        ),
        plugin(
            "chat",
            Outcome::Answered(Answer::Messages(vec![Message {
                media_type: "application/json".into(),
                body: "{}".into(),
                summary: "payments 1.4.0 is out".into(),
            }])),
        ),
    ];
    insta::assert_snapshot!(page(&record, Detail::Normal));
}

#[test]
fn an_untrusted_go_says_that_it_is_a_rehearsal() {
    let mut record = record();
    record.configuration.trust = Trust::Untrusted;
    record.configuration.pipeline.origin = "holdpoint.toml".into();
    insta::assert_snapshot!(page(&record, Detail::Brief));
    assert_eq!(ExitCode::of_run(&record, false), ExitCode::USAGE);
    assert_eq!(ExitCode::of_run(&record, true), ExitCode::GO);
}

#[test]
fn a_worse_verdict_is_not_hidden_by_untrusted_configuration() {
    for (verdict, number) in [(Verdict::NoGo, 1), (Verdict::Fault, 3), (Verdict::Wait, 4)] {
        let mut record = record();
        record.configuration.trust = Trust::Untrusted;
        record.verdict = verdict;
        assert_eq!(ExitCode::of_run(&record, false).number(), number);
        assert_eq!(ExitCode::of_run(&record, true).number(), number);
    }
}

/// A record in which every text that comes from outside is hostile.
fn hostile() -> RunRecord {
    let mut record = blocked();
    let hostile = || Text::from(HOSTILE);
    let release = Arc::make_mut(&mut record.release);
    release.subject.project = hostile();
    release.subject.target = Some(hostile());
    release.subject.path = Some(hostile());
    release.subject.tags = vec![hostile()];
    for commit in &mut release.subject.commits {
        commit.summary = hostile();
        commit.author.name = hostile();
    }
    release.circumstances.ci = Some(ContinuousIntegration {
        system: "github".to_owned(),
        initiator: Some(hostile()),
        commit: Some(hostile()),
        reference: Some(hostile()),
        repository: Some(hostile()),
        job: Some(hostile()),
        url: Some(hostile()),
    });
    record.configuration.pipeline.origin = hostile();
    for judged in &mut record.stages[0].plugins[0].findings {
        judged.finding.message = hostile();
        judged.finding.help = Some(hostile());
        if let Some(waiver) = &mut judged.waiver {
            waiver.owner = hostile();
            waiver.reason = hostile();
        }
    }
    let mut trapped = plugin(
        "trap",
        Outcome::Trapped {
            message: hostile(),
            backtrace: vec![hostile()],
        },
    );
    trapped.call.log = vec![LogLine {
        level: LogLevel::Info,
        text: Text::from(format!("one\n{HOSTILE}\n::set-env::")),
    }];
    record.stages[0].plugins.push(trapped);
    folded(record)
}

#[track_caller]
pub fn assert_harmless(text: &str) {
    for line in text.lines() {
        let start = line.trim_start();
        assert!(!start.starts_with("::"), "begins a command: {line:?}");
        assert!(!line.contains("##"), "begins a command: {line:?}");
        for character in line.chars() {
            let harmful = character.is_control()
                || matches!(character, '\u{202a}'..='\u{202e}' | '\u{200b}'..='\u{200f}');
            assert!(!harmful, "{character:?} in {line:?}");
        }
    }
}

#[test]
fn a_hostile_text_reaches_a_terminal_in_neither_form() {
    let record = hostile();
    for detail in [Detail::Brief, Detail::Normal, Detail::Full] {
        for columns in [1, 40, 80, usize::MAX] {
            let mut page = Page::new(columns);
            human_run(&mut page, &record, detail);
            assert_harmless(&anstream::adapter::strip_str(&page.finish()).to_string());
        }
    }
    let json = json(&record);
    assert_harmless(&json);
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        value["subject"]["project"], HOSTILE,
        "it is still the same text"
    );
}

/// White space before it does not keep CI systems from reading a command.
#[test]
fn no_line_of_a_page_begins_a_command() {
    for space in ["", " ", "   ", "\u{a0}", "\u{3000}"] {
        for (lead, body) in [("", "::error::x"), ("::error::", "x"), (" :", ":error::x")] {
            for indent in [0, 4] {
                let mut page = Page::new(80);
                page.field(&format!("{space}{lead}"), body);
                page.text(indent, &format!("{space}{lead}{body}"));
                page.field("", &format!("{space}{lead}{body}"));
                assert_harmless(&anstream::adapter::strip_str(&page.finish()).to_string());
            }
        }
    }
    assert_harmless(&inert("one\n  ::error::x\n::error::x ##vso[task.x]\n"));
}

#[test]
fn styles_are_the_only_control_sequences_of_a_page() {
    let mut page = Page::new(80);
    human_run(&mut page, &hostile(), Detail::Full);
    let page = page.finish();
    for sequence in page.split('\u{1b}').skip(1) {
        let end = sequence.find('m').expect("a style ends with m");
        assert!(
            sequence[1..end]
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b';'),
            "{sequence:?}"
        );
    }
}

#[test]
fn a_panic_of_the_host_is_a_fault_and_says_so() {
    assert_eq!(guard(|| panic!("{HOSTILE}")), ExitCode::FAULT);
    assert_eq!(ExitCode::FAULT.number(), 3);
    let payload: Box<dyn std::any::Any + Send> = Box::new(HOSTILE.to_owned());
    let said = describe(payload.as_ref(), None);
    assert_harmless(&said);
    assert!(
        said.contains("a defect of Holdpoint, not of your release"),
        "{said}"
    );
    assert!(said.contains(env!("CARGO_PKG_VERSION")), "{said}");
    assert!(said.contains("please report"), "{said}");
}
