//! What runs on a target is where its next range begins: recorded runs as the project's history,
//! through the program, with real repositories and stores.

use std::collections::BTreeMap;
use std::fs;

use holdpoint::model::{
    BaseSource, Digest, Effects, Extent, ObjectName, RunId, RunKey, RunState, RunSummary, Text,
    Totals, Verdict,
};
use holdpoint::release::{Place, choose};
use proptest::prelude::*;
use serde_json::Value;

use crate::context::Ran;
use crate::schema::assert_fits;
use crate::sitting::people::gated;
use crate::sitting::{DEPLOY, Project};

impl Project {
    /// `run` to a target with the pipeline of this project.
    fn release(&self, target: &str, more: &[&str]) -> Ran {
        let arguments = ["run", "--target", target]
            .into_iter()
            .chain(more.iter().copied());
        Ran::of(self.arguments(self.command(), arguments).output())
    }

    /// A release that is carried out, with what its subject was.
    #[track_caller]
    fn released(&self, target: &str) -> Value {
        let report = self.release(target, &[]).expect_code(0).json();
        assert_fits("run.schema.json", &report);
        report
    }
}

#[track_caller]
fn begins_at(report: &Value, kind: &str, base: &str) {
    let subject = &report["subject"];
    assert_eq!(subject["base_source"]["kind"], kind, "{subject}");
    assert_eq!(subject["base"], base, "{subject}");
}

fn has_finding(report: &Value, rule: &str) -> bool {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().any(|finding| finding["rule"] == rule)
}

const PASSED_OVER: &str = "holdpoint/release-passed-over";

#[test]
fn the_next_range_of_a_target_begins_where_its_last_release_ended() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let tagged = project.repository.git(["rev-parse", "v1.0.0"]);
    let first = project.repository.git(["rev-parse", "HEAD"]);
    begins_at(&project.released("production"), "tag", &tagged);
    let second = project.repository.commit("fix: round");
    // Another target has had no release yet.
    begins_at(&project.released("staging"), "tag", &tagged);
    let report = project.released("production");
    begins_at(&report, "run", &first);
    assert_eq!(report["subject"]["previous"], "1.1.0");
    assert_eq!(report["subject"]["version"], "1.1.1");
    assert_eq!(report["subject"]["totals"]["commits"], 1);
    // A tag that somebody pushed later takes nothing out of it.
    project.repository.commit("fix: hidden");
    project.repository.tag("v1.9.0");
    project.repository.commit("fix: shown");
    let report = project.release("production", &["--dry-run"]).expect_code(0);
    begins_at(&report.json(), "run", &second);
    // What the operator names wins, and what it leaves out is said.
    let report = project.release("production", &["--dry-run", "--from", "v1.9.0"]);
    let report = report.expect_code(0).json();
    assert_eq!(report["subject"]["base_source"]["kind"], "option");
    assert!(has_finding(&report, "holdpoint/range-narrowed"), "{report}");
    // Without a target nothing is recorded of one.
    let report = Ran::of(
        project
            .arguments(project.command(), ["run", "--dry-run"])
            .output(),
    );
    assert_eq!(report.json()["subject"]["base_source"]["tag"], "v1.9.0");
}

#[test]
fn asked_for_again_it_is_the_same_release_and_is_not_carried_out_twice() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    project.released("production");
    project.repository.commit("fix: round");
    let once = project.released("production");
    let again = project.released("production");
    assert_eq!(once["run"], again["run"]);
    assert_eq!(once["subject"]["digest"], again["subject"]["digest"]);
    assert_eq!(project.ledger(), ["deploy 1.1.0", "deploy 1.1.1"]);
}

#[test]
fn a_run_that_waits_is_found_again() {
    let project = Project::new();
    for name in ["grace", "heidi", "ada"] {
        project.signer(name);
    }
    project.pipeline(DEPLOY);
    project.released("production");
    project.repository.commit("fix: round");
    project.gated();
    let once = project.release("production", &[]).expect_code(4).json();
    let again = project.release("production", &[]).expect_code(4).json();
    assert_eq!(once["run"], again["run"]);
    assert_eq!(once["subject"]["base_source"]["kind"], "run");
    // What says where it begins is known in every sitting.
    let resumed = project.resume().expect_code(4).json();
    assert_eq!(
        resumed["subject"]["base_source"],
        once["subject"]["base_source"]
    );
}

#[test]
fn what_was_undone_is_no_release() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let tagged = project.repository.git(["rev-parse", "v1.0.0"]);
    project.switch("deploy-fails", true);
    project.release("production", &[]).expect_code(5);
    project.switch("deploy-fails", false);
    project.repository.commit("fix: round");
    begins_at(&project.released("production"), "tag", &tagged);
}

#[test]
fn a_target_that_goes_back_is_said_and_the_next_range_begins_there() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let first = project.repository.git(["rev-parse", "HEAD"]);
    let once = project.released("production");
    project.repository.commit("fix: round");
    project.released("production");
    // An older commit over a newer one: a rollback.
    let back = project.release("production", &["--to", &first, "--as", "1.1.0"]);
    let back = back.expect_code(0).json();
    assert!(has_finding(&back, PASSED_OVER), "{back}");
    assert_eq!(back["subject"]["base"], once["subject"]["base"]);
    // What runs is the older one.
    project.repository.commit("fix: once more");
    let report = project.released("production");
    begins_at(&report, "run", &first);
    assert!(!has_finding(&report, PASSED_OVER), "{report}");
}

#[test]
fn a_release_that_a_rewritten_history_has_lost_is_said_and_the_tag_counts() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let tagged = project.repository.git(["rev-parse", "v1.0.0"]);
    project.released("production");
    let lost = project.repository.git(["rev-parse", "HEAD"]);
    project
        .repository
        .git(["reset", "--hard", "--quiet", "v1.0.0"]);
    project.repository.commit("feat: written anew");
    let report = project
        .release("production", &["--dry-run"])
        .expect_code(0)
        .json();
    begins_at(&report, "tag", &tagged);
    let said = report["findings"].to_string();
    assert!(said.contains("is not part of what is judged"), "{said}");
    // The commit itself goes.
    project
        .repository
        .git(["reflog", "expire", "--expire=now", "--all"]);
    project.repository.git(["gc", "--prune=now", "--quiet"]);
    let report = project.released("production");
    begins_at(&report, "tag", &tagged);
    let said = report["findings"].to_string();
    assert!(said.contains("is not in this repository"), "{said}");
    assert!(said.contains(&lost[..10]), "{said}");
}

#[test]
fn a_path_filter_begins_at_what_judged_that_path() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let tagged = project.repository.git(["rev-parse", "v1.0.0"]);
    project.repository.commit_file("pay/a", "1\n", "feat: pay");
    let part = project
        .release("production", &["--path", "pay"])
        .expect_code(0);
    begins_at(&part.json(), "tag", &tagged);
    let head = project.repository.git(["rev-parse", "HEAD"]);
    project.repository.commit_file("pay/a", "2\n", "fix: pay");
    // The whole was never judged; the part was.
    let whole = project.release("production", &["--dry-run"]).expect_code(0);
    begins_at(&whole.json(), "tag", &tagged);
    let part = project.release("production", &["--dry-run", "--path", "pay"]);
    begins_at(&part.expect_code(0).json(), "run", &head);
}

#[test]
fn without_effects_a_named_target_is_released_and_twice_is_once() {
    let project = Project::new();
    let run = |arguments: &[&str]| {
        let arguments = arguments.iter().chain(&["--format", "json"]);
        project.holdpoint(["run"].iter().chain(arguments)).json()
    };
    let once = run(&[]);
    assert_eq!(once["subject"], run(&[])["subject"]);
    let to = ["--target", "production"];
    let once = run(&to);
    assert_eq!(once["verdict"], "go", "{once}");
    assert_eq!(once["subject"], run(&to)["subject"]);
    let head = project.repository.git(["rev-parse", "HEAD"]);
    project.repository.commit("fix: round");
    begins_at(&run(&to), "run", &head);
    assert_eq!(run(&[])["subject"]["base_source"]["kind"], "tag");
}

#[test]
fn a_rehearsal_reads_the_store_and_neither_makes_nor_changes_one() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let state = project.context.path().join("carried.state");
    let state = state.to_str().expect("a path");
    let rehearse = ["--dry-run", "--state", state];
    project.release("production", &rehearse).expect_code(0);
    assert!(
        !fs::exists(state).expect("it is looked"),
        "a store was made"
    );
    let head = project.repository.git(["rev-parse", "HEAD"]);
    project
        .release("production", &["--state", state])
        .expect_code(0);
    project.repository.commit("fix: round");
    let before = fs::read(state).expect("the store");
    let report = project
        .release("production", &rehearse)
        .expect_code(0)
        .json();
    begins_at(&report, "run", &head);
    assert_eq!(report["sitting"], Value::Null);
    assert!(
        fs::read(state).expect("the store") == before,
        "it was changed"
    );
    // One that cannot be read is an error where it was named, and in a run that counts.
    fs::write(state, "no store at all").expect("a file");
    for arguments in [&rehearse[..], &["--state", state]] {
        let ran = project.release("production", arguments);
        assert_ne!(ran.code, 0, "{}", ran.stdout);
        assert!(ran.stdout.contains("carried.state"), "{}", ran.stdout);
    }
}

#[test]
fn next_and_check_say_what_the_range_begins_at() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let report = project.released("production");
    let run = report["run"].as_str().expect("a run").to_owned();
    project.repository.commit("fix: round");
    let of = |command: &str, more: &[&str]| {
        let arguments = [command].into_iter().chain(more.iter().copied());
        Ran::of(project.arguments(project.command(), arguments).output())
            .expect_code(0)
            .json()
    };
    let to = ["--target", "production"];
    let next = of("next", &to);
    assert_fits("next.schema.json", &next);
    assert_eq!(next["previous_run"], run.as_str());
    assert_eq!(
        (&next["previous"], &next["version"]),
        (&"1.1.0".into(), &"1.1.1".into())
    );
    assert_eq!(of("next", &[])["previous_tag"], "v1.0.0");
    let check = of("check", &to);
    assert_fits("check.schema.json", &check);
    assert_eq!(check["range"]["source"]["run"], run.as_str());
    assert_eq!(of("check", &[])["range"]["source"]["tag"], "v1.0.0");
}

#[test]
fn check_says_who_is_needed_and_what_is_done() {
    let project = Project::new();
    for name in ["grace", "heidi", "ada"] {
        project.signer(name);
    }
    let gates = "use = [\"change-risk\"]\napprovals = [{ count = 2, role = \"managers\" }, { at = 50, four-eyes = false }]";
    project.pipeline(&gated().replace("approvals = [{ role = \"managers\" }]", gates));
    let check = project.arguments(project.command(), ["check"]).output();
    let check = Ran::of(check).expect_code(0).json();
    assert_fits("check.schema.json", &check);
    let stages = &check["stages"];
    assert_eq!(stages[0]["approvals"], serde_json::json!([]));
    assert_eq!(stages[0]["effects"], Value::Null);
    let first = &stages[1]["approvals"][0];
    assert_eq!(first["count"], 2);
    let people = serde_json::json!(["grace@example.com", "heidi@example.com"]);
    assert_eq!(
        (&first["people"], &first["role"]),
        (&people, &"managers".into())
    );
    assert_eq!(
        (&first["four_eyes"], &first["at"]),
        (&true.into(), &Value::Null)
    );
    let second = &stages[1]["approvals"][1];
    assert_eq!(
        (&second["four_eyes"], &second["at"]),
        (&false.into(), &50.0.into())
    );
    assert_eq!(second["problem"], Value::Null);
    assert_eq!(
        stages[2]["effects"]["run"][0],
        "./deploy.sh deploy '{{ subject.version }}'"
    );
    assert_eq!(check["overriding"]["people"], people);
    let pipeline = project.context.path().join("holdpoint.toml");
    let words = ["check", "--pipeline", pipeline.to_str().expect("a path")];
    let page = project.holdpoint(words).expect_code(0).stdout;
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "Needs 2 approvals by the role managers (grace@example.com, heidi@example.com), not by who \
         started the run",
        "from a risk of 50 of 100 on",
        "Runs ./deploy.sh deploy",
        "Undone with ./deploy.sh undo",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[test]
fn releases_that_are_recorded_are_compared_with_and_count_once() {
    let project = Project::new();
    let risk = "[[stages]]\nid = \"risk\"\nuse = [\"change-risk\"]\n";
    project.pipeline(risk);
    for number in 0..19 {
        project
            .repository
            .commit_file("a", format!("{number}\n"), "fix: go on");
        if number % 2 == 0 {
            project.repository.tag(&format!("v1.0.{}", number + 1));
        }
        project.release("production", &[]).expect_code(0);
    }
    project
        .repository
        .commit_file("a", "more\n", "fix: once more");
    let scored = |target: &str| {
        let report = project
            .release(target, &["--dry-run"])
            .expect_code(0)
            .json();
        report["stages"][0]["plugins"][0]["score"].clone()
    };
    // 19 recorded ones, and the tag v1.0.0, which no run has released: the others count once.
    let score = scored("production");
    assert_eq!(
        (&score["releases"], &score["recorded"]),
        (&20.into(), &19.into())
    );
    assert_eq!(score["basis"], "releases");
    let score = scored("staging");
    assert_eq!(
        (&score["releases"], &score["recorded"]),
        (&11.into(), &0.into())
    );
    assert_eq!(score["basis"], "scale");
}

fn name(number: u8) -> ObjectName {
    ObjectName::new(&format!("{number:040x}")).expect("a name")
}

fn summary(head: u8, path: Option<&str>) -> RunSummary {
    let time = jiff::Timestamp::UNIX_EPOCH;
    RunSummary {
        id: RunId::from_bits(u128::from(head)),
        key: RunKey {
            project: Text::from("payments"),
            target: Some(Text::from("production")),
            subject: Digest::of(&[head]),
            configuration: Digest::of(b"configuration"),
        },
        version: None,
        head: name(head),
        began: time,
        changed: time,
        sittings: 1,
        state: RunState::Finished,
        verdict: Some(Verdict::Go),
        overridden: false,
        effects: Effects::Done,
        extent: Some(Extent {
            base: None,
            previous: None,
            path: path.map(Text::from),
            totals: Totals::default(),
            source: BaseSource::Beginning,
        }),
    }
}

proptest! {
    /// The newest of another commit that is contained, whatever else is recorded; and releasing the
    /// judged commit, however often, changes nothing.
    #[test]
    fn the_base_is_the_newest_contained_release_of_another_commit(
        heads in prop::collection::vec((0_u8..8, prop::option::of(Just("pay"))), 0..12),
        places in prop::collection::vec(0_u8..4, 8),
        again in prop::collection::vec(0_usize..12, 0..3),
        is_part in any::<bool>(),
    ) {
        let places: BTreeMap<ObjectName, Place> = (0..8).zip(&places).map(|(number, place)| {
            let place = [Place::Contained, Place::Ahead, Place::Apart, Place::Missing]
                [usize::from(*place)];
            (name(number), place)
        }).collect();
        let head = name(0);
        let path = is_part.then(|| Text::from("pay"));
        let mut recorded: Vec<RunSummary> =
            heads.iter().map(|(head, path)| summary(*head, *path)).collect();
        let fits = |run: &&RunSummary| {
            let own = run.extent.as_ref().and_then(|extent| extent.path.clone());
            run.head != head && (own.is_none() || own == path)
        };
        let expected = recorded.iter().filter(fits)
            .find(|run| places[&run.head] == Place::Contained).cloned();
        let newest = recorded.iter().find(fits).cloned();
        let choice = choose(&recorded, &head, path.as_ref(), |commit| places[commit]);
        prop_assert_eq!(choice.base.cloned(), expected.clone());
        let passed = choice.passed_over.map(|passed| passed.release);
        prop_assert_eq!(passed, newest.filter(|newest| Some(newest) != expected.as_ref()
            && places[&newest.head] != Place::Contained));
        for at in again {
            let at = at.min(recorded.len());
            recorded.insert(at, summary(0, None));
        }
        let choice = choose(&recorded, &head, path.as_ref(), |commit| places[commit]);
        prop_assert_eq!(choice.base.cloned(), expected);
    }
}
