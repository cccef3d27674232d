//! What is written can be read and is the same, and nothing else can be read.

use holdpoint::model::{
    Answer, Approval, Assessment, Body, Channel, Content, CutCall, Demand, Edit, Element, Ending,
    Event, EventKind, Factor, FaultCode, Finding, GuestFault, Header, Health, LimitKind, Location,
    LogLevel, LogLine, Measurement, Measures, Message, NewContent, ObjectName, Outcome,
    PastRelease, PlannedRequest, Probe, Reading, Requirement, RuleId, Severity, Step, Text, Totals,
    TranscriptError, Verdict,
};
use proptest::prelude::*;
use semver::Version;

use super::*;

#[track_caller]
fn refused(bytes: &[u8]) -> TranscriptError {
    let error = Transcript::read(bytes).expect_err("it must be refused");
    assert!(!error.help().is_empty());
    error
}

/// The JSON of a transcript, changed, and written as it was written before.
fn changed(transcript: &Transcript, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = serde_json::to_value(transcript).expect("JSON");
    change(&mut value);
    serde_json::to_vec(&value).expect("JSON")
}

#[test]
fn a_newer_format_is_refused_with_both_numbers() {
    let transcript = made(Outcome::OutOfFuel { limit: 1 });
    let bytes = changed(&transcript, |value| {
        value["format"] = json!(7);
        value["outcome"] = json!("something new");
    });
    let error = refused(&bytes);
    assert_eq!(
        error.to_string(),
        "the transcript has format 7, and this version of Holdpoint reads up to 1"
    );
    assert!(matches!(
        error,
        TranscriptError::Newer { found: 7, known: 1 }
    ));
}

#[test]
fn what_is_not_a_transcript_is_refused_in_words() {
    let transcript = made(Outcome::OutOfFuel { limit: 1 });
    let bytes = transcript.bytes();
    let cut = &bytes[..bytes.len() - 1];
    for malformed in [&b""[..], b"{}", b"[]", b"\xff", b"{\"format\":1}", cut] {
        assert_eq!(
            refused(malformed).to_string(),
            "the transcript cannot be read"
        );
    }
    let spaced = [&bytes[..], b"\n"].concat();
    let more = changed(&transcript, |value| value["more"] = json!(1));
    let older = changed(&transcript, |value| value["format"] = json!(0));
    for rewritten in [spaced, more, older] {
        assert!(matches!(
            refused(&rewritten),
            TranscriptError::Rewritten { .. }
        ));
    }
    let other = changed(&transcript, |value| {
        value["given"]["circumstances"]["dry_run"] = json!(false);
    });
    assert!(matches!(refused(&other), TranscriptError::Circumstances));
    let numeral = changed(&transcript, |value| {
        value["outcome"] = json!({"answered": {"assessment": {"magnitude": "1", "factors": []}}});
    });
    assert!(matches!(refused(&numeral), TranscriptError::Malformed(_)));
    let path = changed(&transcript, |value| {
        value["given"]["grants"] = json!({"tree": ["../"]});
    });
    assert!(matches!(refused(&path), TranscriptError::Malformed(_)));
}

fn made(outcome: Outcome) -> Transcript {
    Transcript {
        outcome,
        ..super::shown::made()
    }
}

fn text() -> impl Strategy<Value = Text> {
    any::<String>().prop_map(Text::from)
}

fn number() -> impl Strategy<Value = f64> {
    use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
}

fn location() -> impl Strategy<Value = Location> {
    prop_oneof![
        Just(Location::Release),
        (text(), any::<Option<u32>>()).prop_map(|(path, line)| Location::File { path, line }),
        text().prop_map(Location::Artifact),
    ]
}

fn finding() -> impl Strategy<Value = Finding> {
    (text(), location(), prop::option::of(text())).prop_map(|(message, location, help)| Finding {
        rule: RuleId::new("guest", "rule"),
        severity: Severity::Warning,
        message,
        location,
        help,
    })
}

fn answer() -> impl Strategy<Value = Answer> {
    let factor = (text(), text(), number(), location()).prop_map(|it| Factor {
        name: it.0,
        evidence: it.1,
        weight: it.2,
        heuristic: true,
        location: it.3,
    });
    let requirement = (text(), text(), any::<u32>()).prop_map(|it| Requirement {
        demand: Demand::Approval(Approval {
            principal: it.0,
            count: it.2,
        }),
        reason: it.1,
    });
    let message = (text(), text(), text()).prop_map(|it| Message {
        media_type: it.0,
        body: it.1,
        summary: it.2,
    });
    let edit = (text(), text(), text()).prop_map(|it| Edit {
        path: it.0,
        content: NewContent::Section {
            begin: it.2.clone(),
            end: it.1.clone(),
            content: it.1,
        },
        title: it.2,
    });
    let step = (text(), any::<Vec<u8>>(), any::<Vec<u16>>()).prop_map(|(name, body, success)| {
        let request = PlannedRequest {
            method: "POST".into(),
            url: name.clone(),
            headers: vec![Header {
                name: name.clone(),
                value: name.clone(),
            }],
            content: Content::Bytes(Body(body)),
            success,
            idempotency_key: name.clone(),
        };
        Step {
            name: name.clone(),
            title: name.clone(),
            probe: Some(Probe {
                url: name.clone(),
                headers: request.headers.clone(),
                success: request.success.clone(),
                element: Some(Element {
                    list: name.clone(),
                    members: vec![(name.clone(), name)],
                }),
            }),
            request: request.clone(),
            undo: Some(request),
        }
    });
    let measure = (text(), prop::option::of(number())).prop_map(|(name, value)| Measurement {
        name: name.clone(),
        value,
        unit: name.clone(),
        bound: name,
    });
    let few = 0..3;
    prop_oneof![
        prop::collection::vec(finding(), few.clone()).prop_map(Answer::Findings),
        (number(), prop::collection::vec(factor, few.clone())).prop_map(|(magnitude, factors)| {
            Answer::Assessment(Assessment { magnitude, factors })
        }),
        prop::collection::vec(requirement, few.clone()).prop_map(Answer::Requirements),
        prop::collection::vec(edit, few.clone()).prop_map(Answer::Edits),
        prop::collection::vec(message, few.clone()).prop_map(Answer::Messages),
        prop::collection::vec(step, few.clone()).prop_map(Answer::Steps),
        (text(), prop::collection::vec(measure, few)).prop_map(|(reason, measures)| {
            Answer::Reading(Reading {
                health: Health::Inconclusive,
                reason,
                measures,
            })
        }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        answer().prop_map(Outcome::Answered),
        (text(), any::<bool>()).prop_map(|(message, retry)| Outcome::Fault(GuestFault {
            message,
            code: retry.then_some(FaultCode::Unavailable),
            retry,
        })),
        (text(), prop::collection::vec(text(), 0..3))
            .prop_map(|(message, backtrace)| Outcome::Trapped { message, backtrace }),
        any::<u64>().prop_map(|limit| Outcome::OutOfFuel { limit }),
        any::<u64>().prop_map(|limit_bytes| Outcome::OutOfMemory { limit_bytes }),
        any::<u64>().prop_map(|limit_ms| Outcome::TimedOut { limit_ms }),
        any::<u64>().prop_map(|limit_ms| Outcome::RunOutOfTime { limit_ms }),
        any::<u64>().prop_map(|limit| Outcome::TooMuchOutput {
            what: LimitKind::TranscriptBytes,
            limit,
        }),
        text().prop_map(|message| Outcome::Malformed { message }),
    ]
}

fn host_call() -> impl Strategy<Value = HostCall> {
    let asked = prop_oneof![
        any::<(u32, u32)>().prop_map(|(start, count)| HostQuestion::CommitsPage { start, count }),
        any::<(u32, u32)>().prop_map(|(start, count)| HostQuestion::CommitsTexts { start, count }),
        any::<(u32, u32)>().prop_map(|(start, count)| HostQuestion::ChangesPage { start, count }),
        any::<(u32, u32)>().prop_map(|(start, count)| HostQuestion::ArtifactsPage { start, count }),
        Just(HostQuestion::EvidenceItems),
        text().prop_map(|name| HostQuestion::EvidenceRead { name }),
        any::<(u32, u32)>().prop_map(|(start, count)| HostQuestion::HistoryPage { start, count }),
        text().prop_map(|folder| HostQuestion::TreeEntries { folder }),
        text().prop_map(|path| HostQuestion::TreeRead { path }),
        any::<u32>().prop_map(|line| HostQuestion::LogWrite { line }),
    ];
    let digest = any::<[u8; 32]>().prop_map(Digest::from_bytes);
    let answer = prop_oneof![
        Just(HostAnswer::Nothing),
        any::<(u32, u64)>().prop_map(|(items, bytes)| HostAnswer::Items { items, bytes }),
        (any::<(u32, u64)>(), digest.clone()).prop_map(|((items, bytes), digest)| {
            HostAnswer::Names {
                items,
                bytes,
                digest,
            }
        }),
        (any::<u64>(), digest).prop_map(|(bytes, digest)| HostAnswer::File { bytes, digest }),
        Just(HostAnswer::Refused(FileRefusal::TooLarge)),
        prop::collection::vec(past_release(), 0..3).prop_map(HostAnswer::Releases),
    ];
    (asked, answer).prop_map(|(asked, answer)| HostCall { asked, answer })
}

fn past_release() -> impl Strategy<Value = PastRelease> {
    let ended = prop::option::of(prop::sample::select(vec![
        Ending::Released,
        Ending::Undone,
        Ending::Blocked,
        Ending::Stopped,
    ]));
    let version = prop::option::of(any::<(u64, u64, u64)>());
    (version, any::<i64>(), any::<[u32; 5]>(), ended).prop_map(|(version, time, counts, ended)| {
        let [commits, merges, files, insertions, deletions] = counts;
        PastRelease {
            version: version.map(|(major, minor, patch)| Version::new(major, minor, patch)),
            head: ObjectName::new(&"5".repeat(64)).expect("a name"),
            time,
            totals: Totals {
                commits,
                merges,
                files,
                insertions,
                deletions,
            },
            ended,
        }
    })
}

fn question() -> impl Strategy<Value = Input> {
    let event = (text(), prop::collection::vec(finding(), 0..3)).prop_map(|(reason, findings)| {
        Input::Notify {
            event: Event {
                kind: EventKind::Blocked,
                run: reason.raw().to_owned(),
                stage: Some(reason.raw().to_owned()),
                verdict: Some(Verdict::NoGo),
                reason: reason.clone(),
                findings,
            },
            channel: Channel {
                name: reason.raw().to_owned(),
                media_type: reason.raw().to_owned(),
                body_bytes_max: 1,
            },
        }
    });
    prop_oneof![
        Just(Input::Policy),
        any::<u32>().prop_map(|attempt| Input::Verify { attempt }),
        event,
    ]
}

fn transcript() -> impl Strategy<Value = Transcript> {
    let log = (
        text(),
        prop::sample::select(vec![LogLevel::Debug, LogLevel::Error]),
    )
        .prop_map(|(text, level)| LogLine { level, text });
    (
        outcome(),
        question(),
        prop::collection::vec(host_call(), 0..5),
        prop::collection::vec(log, 0..3),
        (text(), any::<[u8; 32]>(), any::<(u64, u64)>()),
    )
        .prop_map(
            |(outcome, question, host_calls, log, (text, seed, (fuel, memory_bytes)))| {
                let mut transcript = made(outcome);
                transcript.given.question = question;
                transcript.given.plugin = text.clone();
                transcript.given.settings = text;
                transcript.given.seed = seed;
                transcript.host_calls = host_calls;
                transcript.log = log;
                transcript.fuel = fuel;
                transcript.memory_bytes = memory_bytes;
                transcript
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(transcript in transcript()) {
        let bytes = transcript.bytes();
        let read = Transcript::read(&bytes).expect("what was written can be read");
        prop_assert_eq!(&read, &transcript);
        prop_assert!(read.bytes() == bytes);
        prop_assert_eq!(read.digest(), Digest::of(&bytes));
        prop_assert!(transcript.differences(&read).is_empty());
        let cut = serde_json::to_string(&transcript.cut(2)).expect("JSON");
        let cut: CutCall = serde_json::from_str(&cut).expect("a call that was cut");
        prop_assert_eq!(cut, transcript.cut(2));
    }

    #[test]
    fn two_transcripts_that_differ_have_a_difference(one in transcript(), other in transcript()) {
        let differences = one.differences(&other);
        prop_assert_eq!(differences.is_empty(), one.bytes() == other.bytes());
        for difference in differences {
            prop_assert!(difference.recorded != difference.now, "{:?}", difference);
        }
    }

    /// What the bound on a transcript counts is no less than what is written.
    #[test]
    fn an_earlier_release_takes_no_more_than_it_is_charged_with(release in past_release()) {
        let written = serde_json::to_vec(&[&release]).expect("JSON").len() as u64;
        prop_assert!(written <= release.written_bytes(), "{written}: {release:?}");
    }

    #[test]
    fn reading_survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Transcript::read(&bytes).is_err());
    }

    #[test]
    fn reading_survives_any_change(
        transcript in transcript(),
        place in any::<prop::sample::Index>(),
        with in prop::collection::vec(any::<u8>(), 0..4),
        length in 0_usize..4,
    ) {
        let mut bytes = transcript.bytes();
        let start = place.index(bytes.len());
        let end = bytes.len().min(start + length);
        bytes.splice(start..end, with);
        if let Ok(read) = Transcript::read(&bytes) {
            prop_assert!(read.bytes() == bytes);
        }
    }

    /// A subject that comes back from where it is kept gives a plugin the same numbers.
    #[test]
    fn the_measures_of_a_commit_come_back_as_they_were(entropy in number()) {
        let measures = Measures { entropy, ..Measures::default() };
        let json = serde_json::to_string(&measures).expect("JSON");
        let read: Measures = serde_json::from_str(&json).expect("measures");
        prop_assert_eq!(read.entropy.to_bits(), entropy.to_bits(), "{}", json);
    }
}
