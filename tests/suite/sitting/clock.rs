//! A clock that jumps between two sittings, forwards and backwards: no approval counts out of its
//! time, no lease is taken from anybody, and the journal stays in its order.

use serde_json::Value;

use super::people::gated;
use super::{DEPLOY, Project};
use crate::context::Ran;

const EARLIER: &str = "2026-11-21T10:00:00Z";
const NOON: &str = "2026-11-22T12:00:00Z";
const LATER: &str = "2026-11-22T18:00:00Z";
const MUCH_LATER: &str = "2026-12-24T12:00:00Z";

fn run(project: &Project, time: &str) -> Ran {
    Ran::of(project.run_with(time, "", None).output())
}

/// The number and the time of each line of the journal.
fn lines(project: &Project) -> Vec<(u64, String)> {
    let status: Value = project.status();
    let journal = status["journal"].as_array().expect("a journal");
    journal
        .iter()
        .map(|entry| {
            (
                entry["number"].as_u64().expect("a number"),
                entry["time"].as_str().expect("a time").to_owned(),
            )
        })
        .collect()
}

#[test]
fn an_approval_counts_in_its_time_only() {
    let project = Project::new();
    let grace = project.signer("grace");
    project.signer("heidi");
    project.signer("ada");
    project.pipeline(&gated());
    let report = run(&project, NOON).expect_code(4).json();
    let id = report["run"].as_str().expect("a run");
    let mut approve = project.failpoints(NOON);
    approve.args(["approve", id, "--key"]).arg(&grace);
    Ran::of(approve.output()).expect_code(0);
    // Before it was issued, and after it has expired.
    for time in [EARLIER, MUCH_LATER] {
        let report = run(&project, time).expect_code(4).json();
        let rejected = &report["stages"][1]["approval"]["rejected"];
        assert_eq!(rejected.as_array().map(Vec::len), Some(1), "{report}");
        assert!(project.ledger().is_empty(), "{time}");
    }
    let numbers: Vec<u64> = lines(&project)
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    let expected: Vec<u64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "the order is that of writing");
    run(&project, LATER).expect_code(0);
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
    let times: Vec<String> = lines(&project).into_iter().map(|(_, time)| time).collect();
    assert!(!times.is_sorted(), "each line has the time of its sitting");
}

#[test]
fn a_lease_is_not_taken_from_who_holds_it_whatever_the_time_is() {
    let project = Project::new();
    let lease = "[plugins.gauge]\nsource = \"GAUGE\"\nsettings = { lease = \"environment/production\" }\n\
                 \n[[stages]]\nid = \"lease\"\nuse = [\"gauge\"]\nkind = \"resource\"\n\n\
                 [[stages]]\nid = \"deploy\"";
    let pipeline = DEPLOY.replace("[[stages]]\nid = \"deploy\"", lease);
    project.pipeline(&pipeline);
    let killed = project.run_with(NOON, "before-intended:deploy/run/1=return", None);
    assert_eq!(Ran::of({ killed }.output()).code, -1);
    project.pipeline(&pipeline.replace("\"payments\"", "\"refunds\""));
    for time in [EARLIER, LATER, MUCH_LATER] {
        run(&project, time).expect_code(4);
        assert!(project.ledger().is_empty(), "{time}");
    }
    // Who holds it goes on, also yesterday.
    project.pipeline(&pipeline);
    run(&project, EARLIER).expect_code(0);
    project.pipeline(&pipeline.replace("\"payments\"", "\"refunds\""));
    run(&project, EARLIER).expect_code(0);
}

#[test]
fn no_time_is_too_odd() {
    let project = Project::new();
    for name in ["grace", "heidi", "ada"] {
        project.signer(name);
    }
    let freeze = "use = [\"conventional-commits\", \"freeze-calendar\", \"change-risk\"]\n\n\
                  [[plugins.freeze-calendar.settings.deny]]\nname = \"audit\"\nreason = \"closed\"\n\
                  start = 2026-11-23T00:00:00\nend = 2026-11-24T00:00:00\n";
    project.pipeline(&gated().replace("use = [\"conventional-commits\"]\n", freeze));
    for time in [
        "-009999-01-02T02:00:00Z",
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999Z",
        "2026-11-23T00:00:00Z",
        "9999-12-30T21:59:59Z",
    ] {
        let ran = run(&project, time);
        assert!((1..=4).contains(&ran.code), "{time}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{time}: {}", ran.stderr);
        assert!(!ran.json()["run"].is_null(), "{time}: {}", ran.stdout);
    }
    assert!(project.ledger().is_empty());
}
