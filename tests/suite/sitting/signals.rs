//! Signals while something is under way: the run ends in time, says so, holds nothing, and goes on.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{DEPLOY, Project, entries, verify};
use crate::context::Ran;
use crate::hostile::program;
use crate::loopback::{Reply, Server};

/// What README and runs.md promise, and some time for a machine that is busy.
const ENDING_TIME: Duration = Duration::from_secs(5 + 5);

const TIME: &str = "2026-11-22T10:00:00Z";

/// Starts a run, waits until it is where it should be, asks it to end, and gives what it came to.
pub fn end(
    project: &Project,
    mut run: Command,
    signal: &str,
    mut is_there: impl FnMut() -> bool,
) -> Ran {
    let mut child = run
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    while !is_there() {
        assert_eq!(child.try_wait().expect("it is there"), None);
        std::thread::yield_now();
    }
    let asked = Instant::now();
    say(&child, signal);
    let ran = Ran::of(child.wait_with_output());
    assert!(asked.elapsed() < ENDING_TIME, "{:?}", asked.elapsed());
    let status = project.status();
    let names = entries(&status);
    assert!(names.contains(&"cancelled"), "{names:?}");
    assert_eq!(names.last(), Some(&"rested"), "{names:?}");
    ran
}

pub fn say(child: &Child, signal: &str) {
    let said = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .output();
    Ran::of(said).expect_code(0);
}

fn ledger_says(project: &Project, expected: &[&str]) {
    assert_eq!(project.ledger(), expected);
}

#[test]
fn while_a_plugin_is_at_work() {
    let project = Project::new();
    let hostile = program("hostile").display().to_string();
    let stage = format!(
        "[plugins.hostile]\nsource = {hostile:?}\nsettings = {{ behaviour = \"loop\" }}\n\
         limits = {{ fuel = 1000000000000, timeout = \"60s\" }}\n\n\
         [[stages]]\nid = \"slow\"\nuse = [\"hostile\"]\n\n[[stages]]\nid = \"deploy\""
    );
    project.pipeline(&DEPLOY.replace("[[stages]]\nid = \"deploy\"", &stage));
    let start = Instant::now();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let run = project.run_with(TIME, &format!("asking:slow=return({signal})"), None);
        Ran::of({ run }.output()).expect_code(code);
        let names = project.status();
        assert_eq!(entries(&names).last(), Some(&"rested"));
    }
    // Nobody waited for the plugin.
    assert!(
        start.elapsed() < Duration::from_secs(50),
        "{:?}",
        start.elapsed()
    );
    ledger_says(&project, &[]);
}

#[test]
fn while_a_channel_is_down() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(Server::new([
        Reply::with(503, "retry-after: 60\r\n", ""),
        Reply::status(204),
    ]));
    let project = Project::new();
    project.pipeline(&format!(
        "{DEPLOY}\n[channels.releases]\nuse = \"webhook\"\nmedia-type = \"application/cloudevents+json\"\n\
         events = [\"planned\"]\naddress = \"{}\"\naddresses = [\"127.0.0.0/8\"]\n",
        server.url("/hook")
    ));
    let run = project.arguments(project.command(), ["run"]);
    let ran = end(&project, run, "-TERM", || !server.received().is_empty());
    assert_eq!(ran.code, 143, "{}", ran.stderr);
    ledger_says(&project, &[]);
    // It is not forgotten: its time has come an hour later.
    let later = project.run_with("2126-11-22T11:00:00Z", "", None);
    let report = Ran::of({ later }.output()).expect_code(0).json();
    assert_eq!(report["sitting"]["deliveries"][0]["state"], "sent");
    ledger_says(&project, &["deploy 1.1.0"]);
    assert_eq!(server.received().len(), 2);
}

#[test]
fn while_the_last_message_waits_to_be_sent_again() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // Longer than ending may take, and shorter than messages have.
    let again = Reply::with(503, "retry-after: 20\r\n", "");
    let server = runtime.block_on(Server::new([again, Reply::status(204)]));
    let project = Project::new();
    project.pipeline(&format!(
        "{DEPLOY}\n[channels.releases]\nuse = \"webhook\"\nmedia-type = \"application/cloudevents+json\"\n\
         events = [\"finished\"]\naddress = \"{}\"\naddresses = [\"127.0.0.0/8\"]\n",
        server.url("/hook")
    ));
    let mut run = project.arguments(project.command(), ["run"]);
    let mut child = run
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program can be started");
    // Only where the answer was heard and recorded is it waiting.
    let is_waiting = || {
        let ran = project.holdpoint(["status", "--format", "json"]);
        ran.code == 0 && ran.json()["messages"].to_string().contains("answered 503")
    };
    while server.received().is_empty() || !is_waiting() {
        assert_eq!(child.try_wait().expect("it is there"), None);
    }
    let asked = Instant::now();
    say(&child, "-TERM");
    let ran = Ran::of(child.wait_with_output()).expect_code(143);
    assert!(asked.elapsed() < ENDING_TIME, "{:?}", asked.elapsed());
    // Work that does not end in time is left alone, and says nothing.
    assert_eq!(ran.json()["sitting"]["cancelled"], "SIGTERM");
    assert_eq!(project.status()["messages"][0]["state"], "pending");
    ledger_says(&project, &["deploy 1.1.0"]);
}

#[test]
fn while_it_is_undone() {
    let project = Project::new();
    project.pipeline(&format!(
        "{DEPLOY}repeatable = true\n{}",
        verify("{ healthy-from = 0 }", "")
    ));
    project.switch("undo-waits", true);
    let run = project.arguments(project.command(), ["run"]);
    let ran = end(&project, run, "-INT", || project.is_waiting_in("undo"));
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    project.switch("undo-waits", false);
    let report = project.run().expect_code(5).json();
    assert_eq!(report["effects"], "undone");
    ledger_says(&project, &["deploy 1.1.0", "undo 1.1.0", "undo 1.1.0"]);
    let keys = project.keys();
    assert_eq!(keys[1], keys[2]);
}

/// How many measurements the store has.
fn measurements(project: &Project) -> usize {
    let ran = project.holdpoint(["status", "--format", "json"]);
    // Before the run is there, there is none.
    let status: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    let journal = status["journal"].as_array().map_or(&[][..], Vec::as_slice);
    journal
        .iter()
        .filter(|entry| entry["what"] == "measured")
        .count()
}

#[test]
fn between_two_measurements() {
    let project = Project::new();
    let keys = "attempts = 2\ninterval = \"10m\"";
    project.pipeline(&format!("{DEPLOY}{}", verify("{ healthy-from = 2 }", keys)));
    let run = project.arguments(project.command(), ["run"]);
    let ran = end(&project, run, "-TERM", || measurements(&project) == 1);
    assert_eq!(ran.code, 143, "{}", ran.stderr);
    let report = project.run().expect_code(0).json();
    assert_eq!(report["effects"], "done");
    ledger_says(&project, &["deploy 1.1.0"]);
}

#[test]
fn while_a_command_runs_its_lease_is_given_back() {
    let project = Project::new();
    let lease = "[plugins.gauge]\nsource = \"GAUGE\"\nsettings = { lease = \"environment/production\" }\n\
                 \n[[stages]]\nid = \"lease\"\nuse = [\"gauge\"]\nkind = \"resource\"\n\n\
                 [[stages]]\nid = \"deploy\"";
    let pipeline = DEPLOY.replace("[[stages]]\nid = \"deploy\"", lease);
    project.pipeline(&pipeline);
    project.switch("deploy-waits", true);
    let run = project.arguments(project.command(), ["run"]);
    let ran = end(&project, run, "-TERM", || project.is_waiting());
    assert_eq!(ran.code, 143, "{}", ran.stderr);
    project.switch("deploy-waits", false);
    // Another project takes it at once, and gives it back.
    let other = pipeline.replace("\"payments\"", "\"refunds\"");
    project.pipeline(&other);
    project.run().expect_code(0);
}

#[test]
fn a_run_that_needs_a_person_keeps_its_lease() {
    let project = Project::new();
    let lease = "[plugins.gauge]\nsource = \"GAUGE\"\nsettings = { lease = \"environment/production\" }\n\
                 \n[[stages]]\nid = \"lease\"\nuse = [\"gauge\"]\nkind = \"resource\"\n\n\
                 [[stages]]\nid = \"deploy\"";
    let pipeline = DEPLOY.replace("[[stages]]\nid = \"deploy\"", lease);
    project.pipeline(&pipeline);
    super::kills::kill(&project, "after-deploy/run/1", None);
    project.run().expect_code(6);
    project.pipeline(&pipeline.replace("\"payments\"", "\"refunds\""));
    let report = project.run().expect_code(4).json();
    let missing = report["stages"][1]["missing"].to_string();
    assert!(missing.contains("environment/production"), "{missing}");
    ledger_says(&project, &["deploy 1.1.0"]);
}
