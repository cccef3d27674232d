//! Kills at random instants: `make chaos`. The judge is the ledger that the deploy script keeps and
//! what the server of the channel has received.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::people::gated;
use super::{Project, verify};
use crate::context::Ran;
use crate::loopback::{Reply, Server};

/// How many kills there are where nobody says it.
const KILLS: u32 = 200;

/// Processes of one run that are killed at most, before it is let go on to its end.
const KILLS_OF_ONE_RUN: u32 = 3;

/// What a run of chaos came to.
#[derive(Debug, Default)]
struct Tally {
    runs: u32,
    kills: u32,
    unknown: u32,
    repeated: u32,
    undone: u32,
}

fn random(below: u64) -> u64 {
    RandomState::new().hash_one(0) % below.max(1)
}

fn pipeline(server: &Server, fails: bool, repeatable: bool) -> String {
    let gate = "[[stages]]\nid = \"gate\"\napprovals = [{ role = \"managers\" }]\n";
    let mut people = gated().replace(gate, "");
    if repeatable {
        people.push_str("repeatable = true\n");
    }
    let verify = verify(
        if fails {
            "{ healthy-from = 0 }"
        } else {
            "{ healthy-from = 1 }"
        },
        "",
    );
    format!(
        "{people}{verify}\n[channels.releases]\nuse = \"webhook\"\n\
         media-type = \"application/cloudevents+json\"\naddress = \"{}\"\n\
         addresses = [\"127.0.0.0/8\"]\n",
        server.url("/hook")
    )
}

/// Kills the process at a random instant of `time`; says whether it was still there.
fn kill(mut child: Child, time: Duration) -> bool {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let at = Instant::now() + Duration::from_micros(random(micros));
    loop {
        if child.try_wait().expect("it is there").is_some() {
            return false;
        }
        if Instant::now() >= at {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
            return true;
        }
        std::thread::yield_now();
    }
}

/// Goes on with a run until nothing is left of it, saying of unknown effects what the ledger knows.
fn finish(project: &Project, key: &str, tally: &mut Tally) -> Value {
    for _ in 0..10 {
        let ran = project.run();
        match ran.code {
            0 | 5 => return ran.json(),
            6 => {
                let report = ran.json();
                assert_eq!(report["effects"], "unknown", "{report}");
                tally.unknown += 1;
                say(project, &report, key);
            }
            // A command of a killed process may still be at work.
            4 => std::thread::yield_now(),
            code => panic!("exit {code}: {}{}", ran.stdout, ran.stderr),
        }
    }
    panic!("the run does not come to its end");
}

/// Says of each unknown effect what became of it.
fn say(project: &Project, report: &Value, key: &str) {
    let run = report["run"].as_str().expect("a run");
    let stages = report["stages"].as_array().expect("stages");
    let effects = stages
        .iter()
        .flat_map(|stage| stage["effects"].as_array().expect("effects"));
    for effect in effects.filter(|effect| effect["state"] == "unknown") {
        let name = effect["effect"].as_str().expect("a name");
        let key_of_effect = effect["key"].as_str().expect("a key");
        let happened = project.keys().iter().any(|known| known == key_of_effect);
        let word = if happened { "done" } else { "not-done" };
        let assumed = format!("{name}={word}");
        let ran = project.holdpoint([
            "resume",
            run,
            "--assume",
            &assumed,
            "--reason",
            "the ledger",
            "--key",
            key,
        ]);
        assert!(
            matches!(ran.code, 0 | 4 | 5 | 6),
            "{assumed}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
}

#[test]
#[ignore = "takes minutes: make chaos"]
fn kills_at_random_instants() {
    let kills: u32 = std::env::var("HOLDPOINT_CHAOS_KILLS")
        .ok()
        .and_then(|kills| kills.parse().ok())
        .unwrap_or(KILLS);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut tally = Tally::default();
    while tally.kills < kills {
        tally.runs += 1;
        let (fails, repeatable) = (tally.runs % 3 == 0, tally.runs % 2 == 0);
        let server = runtime.block_on(Server::new([Reply::status(204)]));
        let project = Project::new();
        let grace = project.signer("grace");
        project.signer("heidi");
        project.signer("ada");
        project.pipeline(&pipeline(&server, fails, repeatable));
        let mut time = Duration::from_millis(1_500);
        for _ in 0..KILLS_OF_ONE_RUN {
            let child = project
                .arguments(project.command(), ["run"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the program can be started");
            let start = Instant::now();
            if !kill(child, time) {
                time = start.elapsed();
                break;
            }
            tally.kills += 1;
        }
        let report = finish(&project, grace.to_str().expect("a path"), &mut tally);
        judge(&project, &server, &report, (fails, repeatable), &mut tally);
    }
    println!("chaos: {tally:?}");
}

/// Holds the ledger and the messages against what the run says.
fn judge(
    project: &Project,
    server: &Server,
    report: &Value,
    (fails, repeatable): (bool, bool),
    tally: &mut Tally,
) {
    let ledger = project.ledger();
    let mut counts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (line, key) in ledger.iter().zip(project.keys()) {
        counts.entry(line.clone()).or_default().insert(key);
    }
    // One key an effect, in every sitting.
    assert!(counts.values().all(|keys| keys.len() == 1), "{ledger:?}");
    let times = |line: &str| ledger.iter().filter(|other| *other == line).count();
    let (deployed, undone) = (times("deploy 1.1.0"), times("undo 1.1.0"));
    assert!(deployed >= 1, "an effect is lost: {ledger:?}");
    if fails {
        assert_eq!(report["effects"], "undone", "{report}");
        assert!(undone >= 1, "an undoing is lost: {ledger:?}");
        tally.undone += 1;
    } else {
        assert_eq!(report["effects"], "done", "{report}");
        assert_eq!(undone, 0, "{ledger:?}");
    }
    if repeatable {
        tally.repeated += u32::try_from(deployed + undone).expect("few") - 1 - u32::from(fails);
    } else {
        // Nothing is repeated in silence: whoever was asked said what the ledger knows.
        assert_eq!(deployed, 1, "{ledger:?}");
        assert!(undone <= 1, "{ledger:?}");
    }
    // What is said to be sent has arrived.
    let received: BTreeSet<String> = server
        .received()
        .iter()
        .filter_map(|message| message.header("idempotency-key").map(str::to_owned))
        .collect();
    let status = project.status();
    let sent = status["messages"].as_array().expect("messages");
    let sent = sent
        .iter()
        .filter(|message| message["state"] == "sent")
        .count();
    assert!(
        received.len() >= sent,
        "{} of {sent} arrived",
        received.len()
    );
    Ran::of(project.command().args(["history"]).output()).expect_code(0);
}
