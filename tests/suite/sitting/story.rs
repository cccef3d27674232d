//! One release from its beginning to its end, each step in a process of its own.

use serde_json::Value;

use super::people::gated;
use super::{Project, verify};
use crate::context::Ran;
use crate::loopback::{Reply, Server};

const BEFORE: &str = "2026-11-22T10:00:00Z";
const IN_THE_FREEZE: &str = "2026-11-23T10:00:00Z";
const AFTER: &str = "2026-11-24T10:00:00Z";

fn pipeline(address: &str) -> String {
    let freeze = "\
use = [\"conventional-commits\", \"freeze-calendar\"]

[[plugins.freeze-calendar.settings.deny]]
name = \"audit\"
reason = \"the books are closed\"
start = 2026-11-23T00:00:00
end = 2026-11-24T00:00:00
";
    let people = gated().replace("use = [\"conventional-commits\"]\n", freeze);
    let verify = verify("{ healthy-from = 0 }", "attempts = 2\ninterval = \"1ms\"");
    format!(
        "{people}{verify}\n[channels.releases]\nuse = \"webhook\"\nmedia-type = \"application/cloudevents+json\"\naddress = \"{address}\"\n\
         addresses = [\"127.0.0.0/8\"]\n"
    )
}

/// A step of the story at a time: its exit code and report.
fn step(project: &Project, time: &str, arguments: &[&str], code: i32) -> Value {
    let mut command = project.failpoints(time);
    command.args(arguments);
    Ran::of(command.output()).expect_code(code).json()
}

#[test]
fn a_release_waits_is_stopped_by_a_freeze_deploys_fails_and_is_undone() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(Server::new([Reply::status(204)]));
    let project = Project::new();
    let grace = project.signer("grace");
    project.signer("heidi");
    project.signer("ada");
    project.pipeline(&pipeline(&server.url("/hook")));

    // It waits for an approval.
    let run = project.arguments(project.failpoints(BEFORE), ["run"]);
    let report = Ran::of({ run }.output()).expect_code(4).json();
    assert_eq!(report["verdict"], "wait");
    let id = report["run"].as_str().expect("a run").to_owned();

    // Somebody approves.
    let mut approve = project.failpoints(BEFORE);
    approve.args(["approve", &id, "--key"]).arg(&grace);
    Ran::of(approve.output()).expect_code(0);

    // The freeze has begun: it is stopped, approved or not.
    let resume = ["resume", &id, "--format", "json"];
    let report = step(&project, IN_THE_FREEZE, &resume, 1);
    assert_eq!(report["verdict"], "no-go");
    assert!(project.ledger().is_empty());

    // After it, it is deployed, found failing, and taken back.
    let report = step(&project, AFTER, &resume, 5);
    assert_eq!(report["verdict"], "no-go", "what was deployed is failing");
    assert_eq!(report["effects"], "undone");
    assert_eq!(project.ledger(), ["deploy 1.1.0", "undo 1.1.0"]);

    // The channel has heard of all of it, once.
    let deliveries = report["sitting"]["deliveries"].as_array().expect("a list");
    let events: Vec<&str> = deliveries
        .iter()
        .map(|message| {
            assert_eq!(message["state"], "sent", "{message}");
            let event = message["event"].as_str().expect("an event");
            event.split('/').next().expect("a kind")
        })
        .collect();
    assert_eq!(
        events,
        [
            "planned", "started", "waiting", "blocked", "approved", "deployed", "undone",
            "finished"
        ]
    );
    assert_eq!(server.received().len(), events.len());

    // The record shows it all.
    let status = step(&project, AFTER, &["status", &id, "--format", "json"], 0);
    assert_eq!(status["run"]["state"], "finished");
    assert_eq!(status["run"]["effects"], "undone");
    assert_eq!(status["run"]["sittings"], 3);
    let history = step(&project, AFTER, &["history", "--format", "json"], 0);
    assert_eq!(history["runs"][0]["run"], id.as_str());
    let page = project.holdpoint(["status", &id]).expect_code(0).stdout;
    for word in ["policy", "gate", "deploy/run/1", "deploy/undo/1", "failing"] {
        assert!(page.contains(word), "{word}: {page}");
    }
}
