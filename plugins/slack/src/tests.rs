use holdpoint_sdk::{
    Channel, Event, EventKind, Fault, FaultCode, Finding, Message, NoSettings, Notify as _,
    Release, ReleaseBuilder, Severity, Verdict,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::Slack;
use crate::blocks::{BLOCKS_MAX, FINDINGS_MAX};
use crate::text::{marked, shown};

const KINDS: [EventKind; 10] = [
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
        stage: None,
        verdict: None,
        reason: "Because.".to_owned(),
        findings,
    }
}

fn composed(release: ReleaseBuilder, event: &Event, bytes: u32) -> Result<Message, Fault> {
    let channel = Channel {
        name: "releases".to_owned(),
        media_type: "application/json".to_owned(),
        body_bytes_max: bytes,
    };
    let mut messages = Slack::compose(&release.build(), &NoSettings {}, event, &channel)?;
    assert_eq!(messages.len(), 1);
    let message = messages.remove(0);
    assert!(message.body.len() <= bytes as usize);
    Ok(message)
}

fn body(event: &Event) -> Value {
    let message = composed(Release::builder(), event, 1 << 20).expect("a message");
    serde_json::from_str(&message.body).expect("JSON")
}

/// Every text that Slack shows, with the most characters that it may have.
fn texts(body: &Value) -> Vec<(&str, usize)> {
    let mut texts = vec![(body["text"].as_str().expect("a text"), 4_000)];
    let blocks = body["blocks"].as_array().expect("blocks");
    assert!(blocks.len() <= BLOCKS_MAX);
    for block in blocks {
        let max = if block["type"] == "header" {
            150
        } else {
            3_000
        };
        let fields = block["fields"].as_array().into_iter().flatten();
        let elements = block["elements"].as_array().into_iter().flatten();
        assert!(fields.clone().count() <= 10 && elements.clone().count() <= 10);
        let inner = block.get("text").map(|text| (text, max));
        let many = fields.chain(elements).map(|text| (text, 2_000));
        for (text, max) in inner.into_iter().chain(many) {
            assert_eq!(text["type"], "plain_text");
            assert_eq!(text["emoji"], false);
            texts.push((text["text"].as_str().expect("a text"), max));
        }
    }
    texts
}

fn holds(body: &Value) {
    for (text, max) in texts(body) {
        let length = text.encode_utf16().count();
        assert!((1..=max).contains(&length), "{length} of {max}: {text}");
        assert!(!text.contains(['<', '>']), "{text}");
        for (place, _) in text.match_indices('&') {
            let rest = &text[place..];
            let entities = ["&amp;", "&lt;", "&gt;"];
            assert!(
                entities.iter().any(|entity| rest.starts_with(entity)),
                "{rest}"
            );
        }
    }
}

#[test]
fn mentions_links_and_markup_are_text() {
    let reason = "<!here> <@U1> <https://x.example|y> *a* _b_ ~c~ `d` :boom: & &amp;";
    let mut event = event(EventKind::Blocked, Vec::new());
    event.reason = reason.to_owned();
    let body = body(&event);
    holds(&body);
    assert_eq!(
        body["blocks"][1]["text"]["text"],
        "&lt;!here&gt; &lt;@U1&gt; &lt;https://x.example|y&gt; *a* _b_ ~c~ `d` :boom: &amp; &amp;amp;"
    );
    let fallback = body["text"].as_str().expect("a text");
    for markup in ["*a*", "_b_", "~c~", "`d`", ":boom:", "@U1"] {
        assert!(!fallback.contains(markup), "{markup} in {fallback}");
    }
}

#[test]
fn findings_stand_by_severity_and_the_rest_is_counted() {
    let mut findings = vec![Finding::new("x/late", "Late.").severity(Severity::Error); 10_000];
    findings.insert(
        0,
        Finding::new("x/mild", "Mild.").severity(Severity::Warning),
    );
    findings[1] = Finding::new("x/first", "First.")
        .severity(Severity::Error)
        .at_line("src/a.rs", 7)
        .help("Mend it.");
    let body = body(&event(EventKind::Blocked, findings));
    holds(&body);
    assert_eq!(
        body["blocks"][2]["text"]["text"],
        "error x/first, src/a.rs:7\nFirst.\nHelp: Mend it."
    );
    let left_out = 10_001 - FINDINGS_MAX;
    assert_eq!(
        body["blocks"][2 + FINDINGS_MAX]["text"]["text"],
        format!("… and {left_out} more that block.")
    );
    assert!(!body.to_string().contains("x/mild"));
}

#[test]
fn a_smaller_channel_gets_fewer_findings() {
    let event = event(
        EventKind::Blocked,
        vec![Finding::new("x/y", "é".repeat(500)); 5],
    );
    let message = composed(Release::builder(), &event, 3_500).expect("a message");
    assert!(message.body.contains("more that block"));
    let fault = composed(Release::builder(), &event, 100).expect_err("a fault");
    assert_eq!(fault.code, Some(FaultCode::Settings));
    assert!(
        fault
            .message
            .contains("the channel takes 100: raise `body-max`"),
        "{fault:?}"
    );
}

#[test]
fn the_title_says_what_came_of_it() {
    let mut finished = event(EventKind::Finished, Vec::new());
    finished.verdict = Some(Verdict::NoGo);
    let release = Release::builder().subject(|subject| subject.target = Some("production".into()));
    let message = composed(release, &finished, 1 << 20).expect("a message");
    assert_eq!(
        message.summary,
        "example 1.1.0 to production: finished, no-go"
    );
    let nameless = Release::builder().subject(|subject| subject.project.clear());
    let message = composed(nameless, &finished, 1 << 20).expect("a message");
    assert!(message.summary.starts_with("a project without a name"));
}

#[test]
fn a_text_is_cut_between_signs_and_counted() {
    assert_eq!(shown("short", 50), "short");
    assert_eq!(shown("", 50), "–");
    assert_eq!(
        shown(&"a".repeat(100), 50),
        format!("{}… (90 more characters)", "a".repeat(10))
    );
    assert_eq!(
        shown(&"&".repeat(100), 50),
        "&amp;&amp;… (98 more characters)"
    );
    assert!(marked(&"*".repeat(5_000), 3_000).encode_utf16().count() <= 3_000);
    // No half of a sign that is joined of several.
    let family = "👩\u{200d}👩\u{200d}👧".repeat(100);
    assert!(!shown(&family, 44).contains("\u{200d}…"));
}

#[test]
fn another_media_type_is_a_fault() {
    let channel = Channel {
        name: "releases".to_owned(),
        media_type: "text/plain".to_owned(),
        body_bytes_max: 1_000,
    };
    let event = event(EventKind::Started, Vec::new());
    let release = Release::builder().build();
    let fault = Slack::compose(&release, &NoSettings {}, &event, &channel).expect_err("a fault");
    assert!(fault.message.contains("`media-type`"), "{fault:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_text_makes_a_message_that_slack_takes(
        text in "\\PC*|[\\x00-\\x1f<>&*_~`\"\\\\\u{202e}\u{200d}]*|[&<😀é]{0,4000}",
        count in 0_usize..60,
    ) {
        let findings = vec![Finding::new(text.clone(), text.clone()).at_file(text.clone()).help(text.clone()); count];
        let release = Release::builder().version(&text).subject(|subject| {
            subject.project.clone_from(&text);
            subject.target = Some(text.clone());
        }).circumstances(|now| now.job_url = Some(text.clone()));
        for kind in KINDS {
            let mut event = event(kind, findings.clone());
            event.reason.clone_from(&text);
            event.stage = Some(text.clone());
            let message = composed(release.clone(), &event, 1 << 20).expect("a message");
            holds(&serde_json::from_str(&message.body).expect("JSON"));
            prop_assert!(!message.summary.contains('\n'));
        }
    }
}
