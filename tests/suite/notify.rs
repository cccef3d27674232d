//! Channels: who is told of what, and that nothing a notify plugin does changes a verdict.

use serde_json::Value;

use crate::context::{Context, Ran, Repository};

/// A repository with a release, and a second one that a message breaks.
fn blocked(context: &Context) -> Repository {
    let repository = context.repository("payments");
    repository.commit("feat: begin");
    repository.tag("v1.0.0");
    repository.commit("made it <!here> *faster*");
    repository
}

fn pipeline(channels: &str) -> String {
    format!(
        "[release]\nproject = \"payments\"\n\n[[stages]]\nid = \"policy\"\n\
         use = [\"conventional-commits\"]\n\n{channels}"
    )
}

/// A run under a trusted pipeline file with these channels.
fn run(context: &Context, repository: &Repository, channels: &str, format: &[&str]) -> Ran {
    let file = context.write("holdpoint.toml", pipeline(channels));
    let file = file.to_str().expect("a path");
    let arguments = ["run", "--at", "2026-11-22T10:00:00Z", "--pipeline", file];
    context.holdpoint(repository.path(), arguments.iter().chain(format))
}

fn report(context: &Context, repository: &Repository, channels: &str, code: i32) -> Value {
    run(context, repository, channels, &["--format", "json"])
        .expect_code(code)
        .json()
}

fn told(report: &Value) -> Vec<(&str, &str, Option<&str>)> {
    let messages = report["messages"].as_array().expect("messages");
    messages
        .iter()
        .map(|message| {
            let text = |key: &str| message[key].as_str();
            (
                text("channel").expect("a channel"),
                text("event").expect("an event"),
                text("stage"),
            )
        })
        .collect()
}

const SLACK: &str = "[channels.releases]\nuse = \"slack\"\n";
const WEBHOOK: &str =
    "[channels.audit]\nuse = \"webhook\"\nmedia-type = \"application/cloudevents+json\"\n";

#[test]
fn every_channel_hears_of_every_event_in_order() {
    let context = Context::new();
    let report = report(
        &context,
        &blocked(&context),
        &format!("{SLACK}{WEBHOOK}"),
        1,
    );
    assert_eq!(
        told(&report),
        [
            ("audit", "planned", None),
            ("releases", "planned", None),
            ("audit", "started", None),
            ("releases", "started", None),
            ("audit", "blocked", Some("policy")),
            ("releases", "blocked", Some("policy")),
            ("audit", "finished", None),
            ("releases", "finished", None),
        ]
    );
    for message in report["messages"].as_array().expect("messages") {
        assert_eq!(message["outcome"], "answered", "{message}");
        assert_eq!(message["sent"], false);
        let body = message["messages"][0]["body"].as_str().expect("a body");
        serde_json::from_str::<Value>(body).expect("JSON");
    }
}

#[test]
fn a_channel_hears_of_its_events_only_and_a_go_blocks_nothing() {
    let context = Context::new();
    let repository = context.repository("payments");
    repository.commit("feat: begin");
    let channels = format!("{SLACK}events = [\"finished\", \"blocked\", \"waiting\"]\n");
    let report = report(&context, &repository, &channels, 0);
    assert_eq!(told(&report), [("releases", "finished", None)]);
}

#[test]
fn a_message_that_does_not_fit_is_a_fault_that_changes_no_verdict() {
    let context = Context::new();
    let repository = context.repository("payments");
    repository.commit("feat: begin");
    let channels = format!("{SLACK}body-max = \"10B\"\nevents = [\"finished\"]\n");
    let ran = run(&context, &repository, &channels, &[]).expect_code(0);
    assert!(
        ran.stdout.contains(
            "releases, finished: no message, because slack said that it could not decide"
        ),
        "{}",
        ran.stdout
    );
    let report = report(&context, &repository, &channels, 0);
    assert_eq!(report["verdict"], "go");
    assert_eq!(report["messages"][0]["outcome"], "fault");
    assert_eq!(report["messages"][0]["messages"], serde_json::json!([]));
}

#[test]
fn the_report_shows_a_line_a_message() {
    let context = Context::new();
    let repository = blocked(&context);
    let ran = run(&context, &repository, &format!("{SLACK}{WEBHOOK}"), &[]).expect_code(1);
    let start = ran.stdout.find("Messages").expect("messages");
    let end = ran.stdout.find("\nVerdict").expect("a verdict");
    insta::assert_snapshot!(&ran.stdout[start..end]);
}

#[test]
fn one_message_of_each_plugin_for_each_event() {
    let context = Context::new();
    let repository = blocked(&context);
    let report = report(&context, &repository, &format!("{SLACK}{WEBHOOK}"), 1);
    let run = report["run"].as_str().expect("a run");
    let mut shown = String::new();
    for told in report["messages"].as_array().expect("messages") {
        let body = told["messages"][0]["body"].as_str().expect("a body");
        let body = body.replace(run, "RUN");
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let body = serde_json::to_string_pretty(&body).expect("JSON");
        let name = |key: &str| told[key].as_str().expect("a name").to_owned();
        shown.push_str(&format!(
            "# {}: {}\n{body}\n",
            name("plugin"),
            name("event")
        ));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn check_shows_the_channels() {
    let context = Context::new();
    let repository = blocked(&context);
    let file = context.write("holdpoint.toml", pipeline(SLACK));
    let arguments = [
        "check",
        "--format",
        "json",
        "--pipeline",
        file.to_str().expect("a path"),
    ];
    let report = context
        .holdpoint(repository.path(), arguments)
        .expect_code(0)
        .json();
    let channel = &report["channels"][0];
    assert_eq!(channel["name"], "releases");
    assert_eq!(channel["plugin"], "slack");
    assert_eq!(channel["body_bytes_max"], 65_536);
    assert_eq!(channel["media_type"], "application/json");
    assert_eq!(channel["events"].as_array().map(Vec::len), Some(10));
}

#[test]
fn what_is_wrong_with_a_channel_is_said() {
    let context = Context::new();
    let repository = blocked(&context);
    for (channels, words) in [
        (
            "[channels.a]\nuse = \"conventional-commits\"",
            "is not of kind notify",
        ),
        ("[channels.a]\nuse = \"slakc\"", "did you mean `slack`?"),
        (
            "[channels.A]\nuse = \"slack\"",
            "`A` cannot be the name of a channel",
        ),
        ("[channels.a]\nevents = []", "lacks `use`"),
        (
            "[channels.a]\nuse = \"slack\"\nevents = []",
            "would hear of nothing",
        ),
        (
            "[channels.a]\nuse = \"slack\"\nevents = [\"done\"]",
            "unknown variant `done`",
        ),
        (
            "[channels.a]\nuse = \"slack\"\nmedia-type = \"json; x\"",
            "expected a media type",
        ),
        (
            "[channels.a]\nuse = \"slack\"\nbody-max = \"2MiB\"",
            "a body has at most 1 MiB",
        ),
        (
            "[channels.a]\nuse = \"slack\"\nurl = \"https://x\"",
            "where messages are posted is `address`",
        ),
        (
            "[channels.a]\nuse = \"slack\"\nevnts = []",
            "did you mean `events`?",
        ),
    ] {
        let ran = run(&context, &repository, channels, &[]).expect_code(2);
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(words), "{channels}\n{}", ran.stderr);
    }
}

#[test]
fn channels_count_against_the_plugins_of_a_run() {
    let context = Context::new();
    let channels = format!("{SLACK}{WEBHOOK}[limits]\nplugins = 2\n");
    let ran = run(&context, &blocked(&context), &channels, &[]).expect_code(2);
    assert!(ran.stderr.contains("3 uses of plugins"), "{}", ran.stderr);
}

#[test]
fn a_stage_cannot_call_a_notify_plugin() {
    let context = Context::new();
    let stage = "[[stages]]\nid = \"tell\"\nuse = [\"slack\"]\n";
    let ran = run(&context, &blocked(&context), stage, &[]).expect_code(2);
    assert!(ran.stderr.contains("[channels.NAME]"), "{}", ran.stderr);
}

#[test]
fn a_project_adds_channels_and_changes_none_of_the_base() {
    let context = Context::new();
    let repository = blocked(&context);
    let policy = context.write(
        "policy.toml",
        pipeline(&format!("{SLACK}body-max = \"32KiB\"\n")),
    );
    let with = |channels: &str| {
        let file = context.write("holdpoint.toml", format!("[release]\n\n{channels}"));
        let arguments = [
            "run",
            "--format",
            "json",
            "--policy",
            policy.to_str().expect("a path"),
            "--pipeline",
            file.to_str().expect("a path"),
        ];
        context.holdpoint(repository.path(), arguments)
    };
    let report = with(WEBHOOK).expect_code(1).json();
    // Its end is told when it is over, and a run that is stopped is not.
    assert_eq!(told(&report).len(), 6);
    with(&format!("{SLACK}body-max = \"32KiB\"\n")).expect_code(1);
    for looser in ["", "body-max = \"32KiB\"\nevents = [\"finished\"]\n"] {
        let ran = with(&format!("{SLACK}{looser}")).expect_code(2);
        assert!(
            ran.stdout.contains("`channels.releases` is"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn channels_are_part_of_the_configuration_digest() {
    let context = Context::new();
    let repository = blocked(&context);
    let digest = |channels: &str| {
        report(&context, &repository, channels, 1)["configuration"]["digest"].clone()
    };
    assert_ne!(digest(SLACK), digest(WEBHOOK));
    assert_eq!(digest(SLACK), digest(SLACK));
}

#[test]
fn more_findings_than_a_message_holds_are_counted() {
    let context = Context::new();
    let repository = context.repository("payments");
    repository.commit("feat: begin");
    repository.tag("v1.0.0");
    for _ in 0..60 {
        repository.commit(&format!("no type {}", "x".repeat(2_000)));
    }
    let channels = format!(
        "{SLACK}events = [\"blocked\"]\n{WEBHOOK}body-max = \"8KiB\"\nevents = [\"blocked\"]\n"
    );
    let report = report(&context, &repository, &channels, 1);
    let slack = report["messages"][1]["messages"][0]["body"]
        .as_str()
        .expect("a body");
    assert!(slack.contains("… and 40 more that block."), "{slack}");
    let audit = report["messages"][0]["messages"][0]["body"]
        .as_str()
        .expect("a body");
    assert!(audit.len() <= 8 << 10 && audit.contains("\"findings_left_out\""));
}

/// The outcome of each call of a channel whose plugin sends a body of so many bytes so many times.
fn outcomes(events: &str, bytes: usize, more: usize) -> Vec<String> {
    let context = Context::new();
    let repository = context.repository("payments");
    repository.commit("feat: begin");
    let liar = std::path::Path::new(env!("OUT_DIR")).join("liar.wasm");
    let body = format!("\"{}\"", "x".repeat(bytes - 2));
    let channels = format!(
        "[plugins.liar]\nsource = {:?}\nsettings = {{ body = {body:?}, more = {more} }}\n\
         limits = {{ answer = \"64MiB\", text = \"2MiB\" }}\n\
         [channels.a]\nuse = \"liar\"\nbody-max = \"1MiB\"\nevents = [{events}]\n",
        liar.display().to_string()
    );
    let report = report(&context, &repository, &channels, 0);
    let messages = report["messages"].as_array().expect("messages");
    messages
        .iter()
        .map(|message| message["outcome"].as_str().expect("an outcome").to_owned())
        .collect()
}

#[test]
fn an_event_has_at_most_so_many_messages() {
    assert_eq!(outcomes("\"finished\"", 2, 15), ["answered"]);
    assert_eq!(outcomes("\"finished\"", 2, 16), ["too-much-output"]);
}

#[test]
fn a_run_has_at_most_so_much_in_its_messages() {
    let events = "\"planned\", \"started\", \"finished\"";
    assert_eq!(
        outcomes(events, 600 << 10, 15),
        ["answered", "too-much-output", "too-much-output"]
    );
    assert_eq!(outcomes(events, 60 << 10, 15), ["answered"; 3]);
}

#[test]
fn a_plugin_that_needs_too_much_changes_no_verdict() {
    let context = Context::new();
    let repository = context.repository("payments");
    repository.commit("feat: begin");
    let channels =
        format!("{SLACK}events = [\"finished\"]\n[plugins.slack]\nlimits = {{ fuel = 1000 }}\n");
    let report = report(&context, &repository, &channels, 0);
    assert_eq!(report["messages"][0]["outcome"], "out-of-fuel");
}
