//! Stores that fail in the middle of a run: no effect begins without its record, what is known is
//! said, and the run goes on when the store is back.

use std::fs;
use std::process::{Child, Command, Stdio};

use super::signals::say;
use super::{DEPLOY, Project};
use crate::context::{Ran, binary};
use crate::postgres::Cluster;

const TIME: &str = "2026-11-22T10:00:00Z";

/// Blocks of 512 bytes that a file may have: from a store that cannot be made to one that can be
/// filled.
const BLOCKS_MAX: usize = 1_600;

/// How much more room each run gets: about one transaction.
const BLOCKS_STEP: usize = 16;

/// A run whose files may have so many blocks, as on a disk that is full.
fn run_within(project: &Project, blocks: usize) -> Ran {
    let mut command = Command::new("sh");
    // The signal would end the process before it hears of the error.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    command.args(["-c", &script]).arg(binary());
    let prepared = project.command();
    command
        .env_clear()
        .current_dir(project.repository.path())
        .envs(
            prepared
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    Ran::of(project.arguments(command, ["run"]).output())
}

#[test]
fn a_full_disk_ends_the_run_in_words_and_loses_nothing() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let (mut refused, mut unknown) = (0, 0);
    for blocks in (BLOCKS_STEP..BLOCKS_MAX).step_by(BLOCKS_STEP) {
        let _ = fs::remove_dir_all(project.context.path().join("state"));
        let _ = fs::remove_file(project.context.path().join("ledger"));
        let ran = run_within(&project, blocks);
        if ran.code == 0 {
            break;
        }
        refused += 1;
        assert_eq!(ran.code, 3, "{blocks}: {}{}", ran.stdout, ran.stderr);
        let error = ran.json();
        let message = error["error"]["message"].as_str().expect("a message");
        assert!(message.contains("holdpoint.db"), "{message}");
        assert!(message.contains("the disk is full"), "{message}");
        let help = error["error"]["help"].as_str().expect("help");
        assert!(help.contains("make room"), "{help}");
        let began = project.ledger().len();
        let again = project.run();
        if again.code == 0 {
            assert_eq!(project.ledger(), ["deploy 1.1.0"], "{blocks}");
            continue;
        }
        // The record has it that the command was about to begin, and not what became of it.
        assert_eq!(again.code, 6, "{blocks}: {}{}", again.stdout, again.stderr);
        assert_eq!(again.json()["effects"], "unknown", "{blocks}");
        assert_eq!(project.ledger().len(), began, "{blocks}");
        unknown += 1;
    }
    assert!(refused > 3, "{refused}");
    println!("{refused} disks were too small, {unknown} of them within the command");
}

/// Waits until a process has stopped itself.
fn wait_until_stopped(child: &mut Child) {
    let stat = format!("/proc/{}/stat", child.id());
    loop {
        assert_eq!(child.try_wait().expect("it is there"), None);
        let stat = fs::read_to_string(&stat).expect("the process is there");
        let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
        if state == Some(Some('T')) {
            return;
        }
        std::thread::yield_now();
    }
}

/// The server goes away while the run is at a place, and is back before or after the run goes on.
fn lose(place: &str, is_back: bool, is_known: bool) {
    let mut cluster = Cluster::start();
    let store = cluster.database("runs");
    let project = Project::new();
    project.pipeline(DEPLOY);
    let mut child = project
        .run_with(TIME, &format!("{place}=return(STOP)"), Some(&store))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    wait_until_stopped(&mut child);
    cluster.stop();
    if is_back {
        cluster.start_again();
    }
    say(&child, "-CONT");
    let ran = Ran::of(child.wait_with_output()).expect_code(3);
    let error = ran.json();
    let message = error["error"]["message"].as_str().expect("a message");
    assert!(
        message.contains("was lost") || message.contains("cannot be reached"),
        "{place}: {message}"
    );
    assert!(error["error"]["help"].is_string(), "{place}: {error}");
    if !is_back {
        cluster.start_again();
    }
    let again = Ran::of(project.run_with(TIME, "", Some(&store)).output());
    if is_known {
        assert_eq!(again.code, 0, "{place}: {}{}", again.stdout, again.stderr);
        assert_eq!(project.ledger(), ["deploy 1.1.0"], "{place}");
    } else {
        assert_eq!(again.code, 6, "{place}: {}{}", again.stdout, again.stderr);
        assert_eq!(again.json()["effects"], "unknown", "{place}");
        assert!(project.ledger().len() <= 1, "{place}");
    }
}

#[test]
fn a_server_that_goes_away_between_effects_loses_nothing() {
    for (place, is_back, is_known) in [
        ("after-sat", false, true),
        ("before-decided:deploy", true, true),
        ("before-intended:deploy/run/1", false, true),
        ("after-deploy/run/1", true, false),
        ("after-settled:deploy/run/1", true, true),
        ("before-rested", false, true),
    ] {
        lose(place, is_back, is_known);
    }
}
