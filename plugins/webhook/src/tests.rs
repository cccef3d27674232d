use holdpoint_sdk::{
    Channel, Event, EventKind, Fault, FaultCode, Finding, Message, Notify as _, Release,
    ReleaseBuilder, Severity, Verdict,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::cdevent::kind;
use crate::time::rfc3339;
use crate::{Settings, Webhook, uri};

pub(crate) const KINDS: [EventKind; 10] = [
    EventKind::Planned,
    EventKind::Started,
    EventKind::Waiting,
    EventKind::Approved,
    EventKind::Blocked,
    EventKind::Overridden,
    EventKind::Deployed,
    EventKind::Verified,
    EventKind::Undone,
    EventKind::Finished,
];

fn event(kind: EventKind, findings: Vec<Finding>) -> Event {
    Event {
        kind,
        run: "c0ffee".to_owned(),
        stage: matches!(kind, EventKind::Waiting | EventKind::Blocked).then(|| "policy".to_owned()),
        verdict: None,
        reason: "Because.".to_owned(),
        findings,
    }
}

fn channel(body_bytes_max: u32) -> Channel {
    Channel {
        name: "audit".to_owned(),
        media_type: "application/cloudevents+json".to_owned(),
        body_bytes_max,
    }
}

fn composed(release: ReleaseBuilder, event: &Event, bytes: u32) -> Result<Message, Fault> {
    let channel = channel(bytes);
    let mut messages = Webhook::compose(&release.build(), &Settings::default(), event, &channel)?;
    assert_eq!(messages.len(), 1);
    let message = messages.remove(0);
    assert_eq!(message.media_type, channel.media_type);
    assert!(message.body.len() <= bytes as usize);
    Ok(message)
}

fn body(release: ReleaseBuilder, event: &Event) -> Value {
    let message = composed(release, event, 64 << 10).expect("a message");
    serde_json::from_str(&message.body).expect("JSON")
}

#[test]
fn a_cloud_event_says_what_its_cdevent_says() {
    for kind in KINDS {
        let body = body(Release::builder(), &event(kind, Vec::new()));
        let (context, subject) = (&body["data"]["context"], &body["data"]["subject"]);
        assert_eq!(body["specversion"], "1.0");
        assert_eq!(context["specversion"], "0.5.1");
        assert_eq!(body["type"], crate::cdevent::kind(kind));
        for (outside, inside) in [
            ("id", &context["id"]),
            ("source", &context["source"]),
            ("type", &context["type"]),
            ("time", &context["timestamp"]),
            ("subject", &subject["id"]),
        ] {
            assert_eq!(&body[outside], inside, "{outside} of {kind:?}");
            assert!(body[outside].as_str().is_some_and(|text| !text.is_empty()));
        }
        assert!(subject["content"].is_object());
    }
}

#[test]
fn events_of_a_run_have_ids_of_their_own_and_the_same_every_time() {
    let id = |kind, stage: Option<&str>| {
        let mut event = event(kind, Vec::new());
        event.stage = stage.map(str::to_owned);
        body(Release::builder(), &event)["id"].clone()
    };
    assert_eq!(id(EventKind::Started, None), "c0ffee/started");
    assert_eq!(
        id(EventKind::Blocked, Some("policy")),
        "c0ffee/blocked/policy"
    );
    assert_eq!(id(EventKind::Blocked, Some("risk")), "c0ffee/blocked/risk");
}

#[test]
fn the_outcome_follows_the_verdict() {
    for (verdict, outcome) in [
        (Some(Verdict::Go), "success"),
        (Some(Verdict::NoGo), "failure"),
        (Some(Verdict::Wait), "cancel"),
        (Some(Verdict::Fault), "error"),
        (None, "error"),
    ] {
        let mut event = event(EventKind::Finished, Vec::new());
        event.verdict = verdict;
        let body = body(Release::builder(), &event);
        let content = &body["data"]["subject"]["content"];
        assert_eq!(content["outcome"], outcome);
        assert_eq!(content.get("errors").is_some(), outcome != "success");
    }
}

#[test]
fn findings_that_do_not_fit_are_counted() {
    let findings: Vec<Finding> = (0..10_000)
        .map(|number| {
            Finding::new("commits/form", format!("Number {number}."))
                .severity(Severity::Error)
                .at_line("src/\u{1b}[2J.rs", 7)
                .help("Mend it.")
        })
        .collect();
    let event = event(EventKind::Blocked, findings);
    let message = composed(Release::builder(), &event, 4_000).expect("a message");
    let body: Value = serde_json::from_str(&message.body).expect("JSON");
    let custom = &body["data"]["customData"];
    let shown = custom["findings"].as_array().expect("findings").len();
    assert!((10..100).contains(&shown), "{shown}");
    assert_eq!(custom["findings_left_out"], 10_000 - shown);
    assert_eq!(custom["findings"][0]["message"], "Number 0.");
    assert_eq!(custom["findings"][0]["line"], 7);
}

#[test]
fn a_channel_that_takes_too_little_is_a_fault_in_words() {
    let fault = composed(
        Release::builder(),
        &event(EventKind::Started, Vec::new()),
        100,
    )
    .expect_err("a fault");
    assert_eq!(fault.code, Some(FaultCode::Settings));
    assert!(
        fault
            .message
            .contains("the channel takes 100: raise `body-max`"),
        "{fault:?}"
    );
}

#[test]
fn what_the_channel_takes_and_the_source_is_are_held() {
    let release = Release::builder().build();
    let event = event(EventKind::Started, Vec::new());
    let compose = |media_type: &str, source: Option<&str>| {
        let settings = Settings {
            source: source.map(str::to_owned),
        };
        let channel = Channel {
            media_type: media_type.to_owned(),
            ..channel(64 << 10)
        };
        Webhook::compose(&release, &settings, &event, &channel).is_ok()
    };
    assert!(compose(
        "application/json",
        Some("https://ci.example.com/a%20b")
    ));
    assert!(!compose("text/plain", None));
    for source in ["", "a b", "%2", "é", "<>"] {
        assert!(!compose("application/json", Some(source)), "{source}");
    }
}

#[test]
fn a_job_is_linked_only_where_it_is_an_address() {
    let address = |url: &str| {
        let release = Release::builder().circumstances(|now| now.job_url = Some(url.to_owned()));
        body(release, &event(EventKind::Started, Vec::new()))["data"]["subject"]["content"]["uri"]
            .clone()
    };
    assert_eq!(
        address("https://ci.example.com/1"),
        "https://ci.example.com/1"
    );
    assert_eq!(address("javascript:alert(1)"), "holdpoint:run/c0ffee");
    assert_eq!(
        address("https://ci.example.com/ \n"),
        "holdpoint:run/c0ffee"
    );
}

#[test]
fn times_are_those_of_the_calendar() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (1_700_000_000, "2023-11-14T22:13:20Z"),
        (i64::MIN, "0001-01-01T00:00:00Z"),
        (i64::MAX, "9999-12-31T23:59:59Z"),
    ] {
        assert_eq!(rfc3339(seconds), text);
    }
}

#[test]
fn types_are_distinct() {
    let types: std::collections::BTreeSet<_> = KINDS.map(kind).into_iter().collect();
    assert_eq!(types.len(), KINDS.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_makes_a_body_that_is_json_and_fits(
        text in "\\PC*|[\\x00-\\x1f<>&\"\\\\\u{202e}]*|.{0,3000}",
        bytes in 0_u32..20_000,
        count in 0_usize..40,
    ) {
        let findings = vec![Finding::new(text.clone(), text.clone()).at_file(text.clone()); count];
        let release = Release::builder().version(&text).subject(|subject| {
            subject.project.clone_from(&text);
            subject.target = Some(text.clone());
        });
        for kind in KINDS {
            let mut event = event(kind, findings.clone());
            event.reason.clone_from(&text);
            match composed(release.clone(), &event, bytes) {
                Ok(message) => {
                    let body: Value = serde_json::from_str(&message.body).expect("JSON");
                    let custom = &body["data"]["customData"];
                    let shown = custom["findings"].as_array().expect("findings").len() as u64;
                    prop_assert_eq!(shown + custom["findings_left_out"].as_u64().expect("a count"), count as u64);
                    prop_assert!(uri::is_reference(body["source"].as_str().expect("a source")));
                }
                Err(fault) => prop_assert!(fault.message.contains("body-max")),
            }
        }
    }
}
