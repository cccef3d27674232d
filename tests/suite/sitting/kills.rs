//! Killed before and after every step: nothing is lost, nothing is done twice in silence, and what
//! nobody can know is said.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use serde_json::json;

use super::{DEPLOY, Project, verify};
use crate::context::Ran;
use crate::postgres::Cluster;

const TIME: &str = "2026-11-22T10:00:00Z";

/// Every place of a run that deploys and finds it healthy, in order, and whether the outcome of the
/// command is known after a kill there.
const PLACES: [(&str, bool); 26] = [
    ("before-began", true),
    ("after-began", true),
    ("before-sat", true),
    ("after-sat", true),
    ("before-decided:policy", true),
    ("after-decided:policy", true),
    ("before-decided:deploy", true),
    ("after-decided:deploy", true),
    ("before-intended:deploy/run/1", true),
    ("after-intended:deploy/run/1", false),
    ("before-deploy/run/1", false),
    ("after-deploy/run/1", false),
    ("before-settled:deploy/run/1", false),
    ("after-settled:deploy/run/1", true),
    ("before-decided:verify", true),
    ("after-decided:verify", true),
    ("before-measuring:verify/1", true),
    ("after-measuring:verify/1", true),
    ("before-measured:verify/1", true),
    ("after-measured:verify/1", true),
    ("before-rested", true),
    ("after-rested", true),
    ("before-decided:policy", true),
    ("after-decided:policy", true),
    ("before-sat", true),
    ("after-sat", true),
];

/// The same when the measurement fails and all is taken back.
const UNDO_PLACES: [(&str, bool); 6] = [
    ("before-intended:deploy/undo/1", true),
    ("after-intended:deploy/undo/1", false),
    ("before-deploy/undo/1", false),
    ("after-deploy/undo/1", false),
    ("before-settled:deploy/undo/1", false),
    ("after-settled:deploy/undo/1", true),
];

/// Runs until it is killed at a place.
pub fn kill(project: &Project, place: &str, store: Option<&str>) {
    let store: Vec<_> = store
        .map(|store| ("HOLDPOINT_STORE", store))
        .into_iter()
        .collect();
    kill_with(project, place, &store);
}

/// The same with these variables.
pub fn kill_with(project: &Project, place: &str, variables: &[(&str, &str)]) {
    let mut command = project.arguments(project.failpoints(TIME), ["run"]);
    command
        .env("FAILPOINTS", format!("{place}=return"))
        .envs(variables.iter().copied())
        .stdout(Stdio::null());
    let output = command.output().expect("the program can be started");
    assert_eq!(
        output.status.signal(),
        Some(9),
        "{place}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Runs to the end.
fn go_on(project: &Project, store: Option<&str>) -> Ran {
    let mut command = project.arguments(project.failpoints(TIME), ["run"]);
    command.envs(store.map(|store| ("HOLDPOINT_STORE", store)));
    Ran::of(command.output())
}

fn check_deploy(place: &str, is_known: bool, store: Option<&str>, repeatable: bool) {
    let project = Project::new();
    let deploy = if repeatable {
        format!("{DEPLOY}repeatable = true\n")
    } else {
        DEPLOY.to_owned()
    };
    project.pipeline(&format!("{deploy}{}", verify("{ healthy-from = 1 }", "")));
    kill(&project, place, store);
    let ran = go_on(&project, store);
    let report = ran.json();
    let ledger = project.ledger();
    if is_known {
        assert_eq!(ran.code, 0, "{place}: {}", ran.stdout);
        assert_eq!(ledger, ["deploy 1.1.0"], "{place}");
    } else if repeatable {
        assert_eq!(ran.code, 0, "{place}: {}", ran.stdout);
        assert!((1..=2).contains(&ledger.len()), "{place}: {ledger:?}");
        let keys = project.keys();
        assert!(keys.iter().all(|key| *key == keys[0]), "{place}: {keys:?}");
    } else {
        assert_eq!(ran.code, 6, "{place}: {}", ran.stdout);
        assert_eq!(report["effects"], "unknown", "{place}");
        assert_eq!(report["stages"][1]["effects"][0]["state"], "unknown");
        assert!(ledger.len() <= 1, "{place}: {ledger:?}");
    }
}

fn check_undo(place: &str, is_known: bool, store: Option<&str>) {
    let project = Project::new();
    project.pipeline(&format!("{DEPLOY}{}", verify("{ healthy-from = 0 }", "")));
    kill(&project, place, store);
    let ran = go_on(&project, store);
    let ledger = project.ledger();
    if is_known {
        assert_eq!(ran.code, 5, "{place}: {}", ran.stdout);
        assert_eq!(ledger, ["deploy 1.1.0", "undo 1.1.0"], "{place}");
    } else {
        assert_eq!(ran.code, 6, "{place}: {}", ran.stdout);
        assert_eq!(ran.json()["effects"], "unknown", "{place}");
        assert!(ledger.len() <= 2, "{place}: {ledger:?}");
    }
}

#[test]
fn a_kill_at_any_step_loses_nothing_and_repeats_nothing() {
    for (place, is_known) in PLACES {
        check_deploy(place, is_known, None, false);
    }
}

#[test]
fn what_may_be_repeated_is_repeated_with_the_same_key() {
    for (place, is_known) in PLACES {
        if !is_known {
            check_deploy(place, is_known, None, true);
        }
    }
}

#[test]
fn a_kill_while_undoing_is_no_different() {
    for (place, is_known) in UNDO_PLACES {
        check_undo(place, is_known, None);
    }
}

#[test]
fn the_same_on_postgresql() {
    let cluster = Cluster::start();
    for (number, (place, is_known)) in PLACES.into_iter().enumerate() {
        let store = cluster.database(&format!("deploy_{number}"));
        check_deploy(place, is_known, Some(&store), false);
    }
    for (number, (place, is_known)) in UNDO_PLACES.into_iter().enumerate() {
        let store = cluster.database(&format!("undo_{number}"));
        check_undo(place, is_known, Some(&store));
    }
}

#[test]
fn a_newer_release_does_not_bury_an_outcome_that_is_not_known() {
    for place in ["after-deploy/run/1", "after-deploy/undo/1"] {
        let project = Project::new();
        project.pipeline(&format!("{DEPLOY}{}", verify("{ healthy-from = 0 }", "")));
        kill(&project, place, None);
        let before = project.ledger();
        project.repository.commit("feat: more");
        let refused = go_on(&project, None);
        assert_eq!(refused.code, 6, "{place}: {}", refused.stdout);
        let message = refused.json()["error"]["message"].to_string();
        assert!(message.contains("stands in the way"), "{message}");
        assert_eq!(project.ledger(), before, "{place}");
    }
}

#[test]
fn a_program_that_cannot_be_killed_is_what_is_shipped() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let mut command = project.arguments(project.command(), ["run"]);
    command
        .env("FAILPOINTS", "before-sat=return")
        .env("HOLDPOINT_TEST_TIME", "1999-01-01T00:00:00Z");
    let report = Ran::of(command.output()).expect_code(0).json();
    let time = report["circumstances"]["time"].as_str().expect("a time");
    assert!(time > "2026", "{time}");
}

#[test]
fn a_signal_ends_the_command_and_says_that_its_outcome_is_not_known() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let project = Project::new();
        project.pipeline(DEPLOY);
        project.switch("deploy-waits", true);
        let mut child = project
            .arguments(project.command(), ["run"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program can be started");
        while !project.is_waiting() {
            assert_eq!(child.try_wait().expect("it is there"), None);
            std::thread::yield_now();
        }
        let pid = child.id().to_string();
        Ran::of(
            std::process::Command::new("kill")
                .args([signal, &pid])
                .output(),
        )
        .expect_code(0);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(code));
        let status = project.status();
        assert_eq!(status["effects"][0]["state"], "unknown");
        let cancelled = &status["journal"].as_array().expect("a journal");
        assert!(cancelled.iter().any(|entry| entry["what"] == "cancelled"));
        let report = project.resume().expect_code(6).json();
        assert_eq!(report["effects"], json!("unknown"));
    }
}

#[test]
fn of_two_sittings_one_wins_and_the_other_says_who() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    project.switch("deploy-waits", true);
    let mut child = project
        .arguments(project.command(), ["run"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program can be started");
    while !project.is_waiting() {
        assert_eq!(child.try_wait().expect("it is there"), None);
        std::thread::yield_now();
    }
    let other = project.run().expect_code(4);
    let error = other.json();
    let message = error["error"]["message"].as_str().expect("a message");
    assert!(
        message.contains(&format!("process {}", child.id())),
        "{message}"
    );
    project.switch("deploy-waits", false);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
}
