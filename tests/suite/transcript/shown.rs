//! A transcript as people and machines read it.

use holdpoint::model::{
    Answer, Channel, ContinuousIntegration, Edit, Ending, Event, EventKind, Finding, Given,
    GuestFault, Location, LogLevel, LogLine, Message, NewContent, ObjectName, Outcome, PastRelease,
    RuleId, Severity, Text, Totals, Verdict,
};
use holdpoint::report::json::{TranscriptReport, write};
use holdpoint::report::{Page, human_transcript};

use super::*;
use crate::report::{HOSTILE, assert_harmless};
use crate::schema::assert_fits;

/// A transcript that is made by hand.
pub fn made() -> Transcript {
    let circumstances = crate::sandbox::release().circumstances;
    let file = |path: &str, answer| HostCall {
        asked: HostQuestion::TreeRead { path: path.into() },
        answer,
    };
    Transcript {
        format: Transcript::FORMAT,
        given: Given {
            plugin: "tickets".into(),
            name: "ticket-policy".into(),
            version: semver::Version::new(2, 1, 0),
            api: semver::Version::new(0, 1, 0),
            component: Digest::of(b"component"),
            manifest: Digest::of(b"manifest"),
            stage: Some("policy".into()),
            question: Input::Policy,
            settings: r#"{"project":"PAY"}"#.into(),
            subject: Digest::of(b"subject"),
            circumstances_digest: Digest::of_json(&circumstances),
            circumstances,
            utc_offset: 0,
            clock: 1_700_000_000,
            seed: [0xab; 32],
            limits: Limits::default(),
            grants: Grants {
                tree: vec![TreeGrant::new("docs/").expect("a folder")],
                ..Grants::default()
            },
        },
        host_calls: vec![
            page(
                |start, count| HostQuestion::CommitsPage { start, count },
                250,
                12,
                1_234,
            ),
            HostCall {
                asked: HostQuestion::LogWrite { line: 1 },
                answer: HostAnswer::Nothing,
            },
            HostCall {
                asked: HostQuestion::TreeEntries {
                    folder: "docs".into(),
                },
                answer: HostAnswer::Names {
                    items: 1,
                    bytes: 24,
                    digest: Digest::of(b"names"),
                },
            },
            file(
                "docs/guide.md",
                HostAnswer::File {
                    bytes: 11,
                    digest: Digest::of(GUIDE.as_bytes()),
                },
            ),
            file("key.txt", HostAnswer::Refused(FileRefusal::NotGranted)),
        ],
        log: vec![LogLine {
            level: LogLevel::Info,
            text: "12 commits to look at".into(),
        }],
        outcome: Outcome::Answered(Answer::Findings(vec![Finding {
            rule: RuleId::new("tickets", "open"),
            severity: Severity::Error,
            message: "The ticket PAY-7 is not closed.".into(),
            location: Location::File {
                path: "docs/guide.md".into(),
                line: Some(1),
            },
            help: Some("Close it, or take it out of the release.".into()),
        }])),
        fuel: 1_234_567,
        memory_bytes: 1 << 20,
        engine: Digest::of(b"engine"),
        reproducible: true,
    }
}

fn shown(transcript: &Transcript, columns: usize) -> String {
    let mut page = Page::new(columns);
    human_transcript(&mut page, transcript, 12);
    anstream::adapter::strip_str(&page.finish()).to_string()
}

fn document(transcript: &Transcript) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes, &TranscriptReport::new(transcript, 12)).expect("memory can be written to");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

#[test]
fn an_auditor_reads_a_table() {
    insta::assert_snapshot!(shown(&made(), 100));
}

#[test]
fn a_call_without_an_answer_says_what_happened() {
    let mut transcript = made();
    transcript.given.stage = None;
    transcript.given.question = Input::Notify {
        event: Event {
            kind: EventKind::Blocked,
            run: "0195-run".into(),
            stage: Some("policy".into()),
            verdict: Some(Verdict::NoGo),
            reason: "Stage policy: 1 finding of tickets blocks.".into(),
            findings: Vec::new(),
        },
        channel: Channel {
            name: "team".into(),
            media_type: "application/json".into(),
            body_bytes_max: 4_096,
        },
    };
    transcript.given.grants = Grants::default();
    transcript.host_calls.clear();
    transcript.log.clear();
    transcript.outcome = Outcome::TimedOut { limit_ms: 30_000 };
    transcript.reproducible = false;
    insta::assert_snapshot!(shown(&transcript, 100));
}

/// Every answer and every question, with hostile texts everywhere.
fn hostile() -> Vec<Transcript> {
    let hostile = || Text::from(HOSTILE);
    let mut transcript = made();
    let given = &mut transcript.given;
    given.plugin = hostile();
    given.name = hostile();
    given.stage = Some(hostile());
    given.settings = hostile();
    HOSTILE.clone_into(&mut given.circumstances.zone);
    given.circumstances.ci = Some(ContinuousIntegration {
        system: HOSTILE.to_owned(),
        initiator: Some(hostile()),
        commit: Some(hostile()),
        reference: Some(hostile()),
        repository: Some(hostile()),
        job: Some(hostile()),
        url: Some(hostile()),
    });
    given.question = Input::Notify {
        event: Event {
            kind: EventKind::Blocked,
            run: HOSTILE.to_owned(),
            stage: Some(HOSTILE.to_owned()),
            verdict: None,
            reason: hostile(),
            findings: Vec::new(),
        },
        channel: Channel {
            name: HOSTILE.to_owned(),
            media_type: HOSTILE.to_owned(),
            body_bytes_max: 1,
        },
    };
    given.grants.tree = vec![TreeGrant::new(HOSTILE).expect("a file")];
    given.grants.evidence = vec![HOSTILE.to_owned()];
    transcript.host_calls.push(HostCall {
        asked: HostQuestion::EvidenceRead { name: hostile() },
        answer: HostAnswer::Refused(FileRefusal::TooLarge),
    });
    transcript.host_calls.push(HostCall {
        asked: HostQuestion::TreeRead { path: hostile() },
        answer: HostAnswer::Refused(FileRefusal::Missing),
    });
    transcript.log.push(LogLine {
        level: LogLevel::Error,
        text: Text::from(format!("{HOSTILE}\n::set-env::")),
    });
    let finding = Finding {
        rule: RuleId::new(HOSTILE, HOSTILE),
        severity: Severity::Info,
        message: hostile(),
        location: Location::Artifact(hostile()),
        help: Some(hostile()),
    };
    let edit = Edit {
        path: hostile(),
        content: NewContent::Insertion {
            heading: hostile(),
            content: hostile(),
        },
        title: hostile(),
    };
    let message = Message {
        media_type: hostile(),
        body: hostile(),
        summary: hostile(),
    };
    [
        Outcome::Answered(Answer::Findings(vec![finding])),
        Outcome::Answered(Answer::Edits(vec![edit])),
        Outcome::Answered(Answer::Messages(vec![message])),
        Outcome::Malformed { message: hostile() },
        Outcome::Trapped {
            message: hostile(),
            backtrace: vec![hostile()],
        },
        Outcome::Fault(GuestFault {
            message: hostile(),
            code: None,
            retry: false,
        }),
    ]
    .into_iter()
    .map(|outcome| Transcript {
        outcome,
        ..transcript.clone()
    })
    .collect()
}

#[test]
fn evidence_and_the_past_are_shown_with_their_digests() {
    let mut transcript = made();
    transcript.given.grants.evidence = vec!["sbom".to_owned(), "tests".to_owned()];
    transcript.given.grants.history = true;
    let past = PastRelease {
        version: Some(semver::Version::new(1, 0, 0)),
        head: ObjectName::new(&"5".repeat(40)).expect("a name"),
        time: 1_700_000_000,
        totals: Totals::default(),
        ended: Some(Ending::Released),
    };
    let digest = Digest::of_json(&[&past]);
    transcript.host_calls = vec![
        HostCall {
            asked: HostQuestion::EvidenceItems,
            answer: HostAnswer::Items {
                items: 1,
                bytes: 130,
            },
        },
        HostCall {
            asked: HostQuestion::EvidenceRead {
                name: "sbom".into(),
            },
            answer: HostAnswer::File {
                bytes: 11,
                digest: Digest::of(GUIDE.as_bytes()),
            },
        },
        HostCall {
            asked: HostQuestion::HistoryPage {
                start: 0,
                count: 250,
            },
            answer: HostAnswer::Releases(vec![past]),
        },
    ];
    let page = shown(&transcript, 100);
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "evidence: sbom, tests; earlier releases on the target",
        "evidence.items all -> 1 piece of evidence of the subject, 130 bytes",
        &format!(
            "evidence.read sbom -> evidence, 11 bytes, {}",
            Digest::of(GUIDE.as_bytes())
        ),
        &format!("history.page from 0 on, at most 250 -> 1 release, 109 bytes, {digest}"),
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    let value: Value = serde_json::from_str(&document(&transcript)).expect("JSON");
    assert_fits("transcript.schema.json", &value);
    let calls = &value["host_calls"];
    assert_eq!(calls[1]["evidence"], "sbom");
    assert_eq!(
        (&calls[2]["start"], &calls[2]["items"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(calls[2]["digest"], digest.to_string());
    assert_eq!(value["grants"]["history"], true);
}

#[test]
fn a_hostile_text_reaches_a_terminal_in_neither_form() {
    for transcript in hostile() {
        for columns in [1, 40, 80, usize::MAX] {
            assert_harmless(&shown(&transcript, columns));
        }
        let json = document(&transcript);
        assert_harmless(&json);
        let value: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(value["plugin"], HOSTILE, "it is still the same text");
        assert_fits("transcript.schema.json", &value);
    }
}

#[test]
fn machines_read_everything() {
    let scene = Scene::new();
    for transcript in [made(), scene.read()] {
        let value: Value = serde_json::from_str(&document(&transcript)).expect("JSON");
        assert_fits("transcript.schema.json", &value);
        assert_eq!(value["digest"], transcript.digest().to_string());
        let calls = value["host_calls"].as_array().expect("calls");
        assert_eq!(calls.len(), transcript.host_calls.len());
        assert_eq!(calls[0]["number"], 1);
    }
    let value: Value = serde_json::from_str(&document(&made())).expect("JSON");
    assert_eq!(value["settings"]["project"], "PAY");
    assert_eq!(value["clock"], "2023-11-14T22:13:20Z");
    assert_eq!(value["answer"]["kind"], "policy");
    assert_eq!(value["answer"]["findings"][0]["rule"], "tickets/open");
    assert_eq!(
        value["host_calls"][3],
        json!({
            "number": 4,
            "interface": "tree",
            "function": "read",
            "start": null,
            "count": null,
            "path": "docs/guide.md",
            "evidence": null,
            "line": null,
            "method": null,
            "url": null,
            "secret": null,
            "status": null,
            "items": null,
            "bytes": 11,
            "digest": Digest::of(GUIDE.as_bytes()).to_string(),
            "refused": null,
            "message": null
        })
    );
}

/// Every kind of answer that a component can give has a report that fits the schema.
#[test]
fn every_kind_of_answer_fits_the_schema() {
    let scene = Scene::new();
    let channel = Channel {
        name: "team".into(),
        media_type: "application/json".into(),
        body_bytes_max: 4_096,
    };
    let event = Event {
        kind: EventKind::Finished,
        run: "0195-run".into(),
        stage: None,
        verdict: Some(Verdict::Go),
        reason: "All is well.".into(),
        findings: Vec::new(),
    };
    let settings = json!({ "path": "CHANGELOG.md", "body": "{}", "method": "POST" });
    for (input, kind) in [
        (Input::Risk, "risk"),
        (Input::Resource, "resource"),
        (Input::Document, "document"),
        (Input::Notify { event, channel }, "notify"),
        (Input::Action, "action"),
        (Input::Verify { attempt: 2 }, "verify"),
    ] {
        let transcript = scene.transcript("liar", &settings, input);
        let value: Value = serde_json::from_str(&document(&transcript)).expect("JSON");
        assert_fits("transcript.schema.json", &value);
        assert_eq!(value["outcome"], "answered", "{value:#}");
        assert_eq!(value["question"]["kind"], kind);
        assert_eq!(value["answer"]["kind"], kind);
        assert_harmless(&shown(&transcript, 100));
    }
}
