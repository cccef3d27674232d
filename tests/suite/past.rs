//! What plugins know of the releases before: tags of real repositories and recorded runs of real
//! stores, through the program.

use std::fs;
use std::sync::Arc;

use holdpoint::model::{
    Ending, Grants, HostAnswer, HostQuestion, Input, LimitKind, Limits, ObjectName, Outcome,
    PastRelease, Totals,
};
use holdpoint::sandbox::{Call, Loaded, Recording, Sandbox};
use serde_json::{Value, json};

use crate::context::{Context, Ran, Repository};
use crate::hostile::program;
use crate::postgres::Cluster;
use crate::score::{FIRST_COMMIT_TIME, history};
use crate::sitting::{DEPLOY, Project, kills};

/// A stage that has the archivist take steps. It asks for evidence too, and is granted some.
fn archivist(stage: &str, kind: &str, steps: &Value) -> String {
    let source = program("archivist").display().to_string();
    let steps = toml::Value::try_from(steps).expect("it has no null");
    format!(
        "[[release.evidence]]\nname = \"any\"\npath = {source:?}\nmedia-type = \"application/wasm\"\n\
         [plugins.archivist]\nsource = {source:?}\nsettings.steps = {steps}\n\
         grants = {{ evidence = [\"any\"], history = true }}\n\
         [[stages]]\nid = {stage:?}\nuse = [\"archivist\"]\nkind = {kind:?}\n"
    )
}

/// Reads all that it may know.
fn all() -> Value {
    json!([{ "releases": 100_000 }])
}

/// What the archivist says of the releases before, the newest first.
#[track_caller]
fn told(report: &Value, stage: usize) -> Vec<String> {
    let finding = &report["stages"][stage]["findings"][0]["message"];
    let words = finding.as_str().unwrap_or_else(|| panic!("{report:#}"));
    releases(words)
}

fn releases(words: &str) -> Vec<String> {
    let (count, releases) = words.split_once(": ").expect("a list");
    let releases: Vec<String> = releases
        .split(", ")
        .filter(|release| !release.is_empty())
        .map(str::to_owned)
        .collect();
    assert_eq!(releases.len().to_string(), count);
    releases
}

/// Version and end of each.
fn in_short(releases: &[String]) -> Vec<String> {
    let words = releases.iter().map(|release| {
        let mut words = release.split(' ');
        let version = words.next().unwrap_or_default();
        format!("{version} {}", words.next_back().unwrap_or_default())
    });
    words.collect()
}

/// A rehearsal without any store.
fn rehearsed(context: &Context, repository: &Repository, pipeline: &str, more: &[&str]) -> Value {
    let file = context.write("elsewhere/pipeline.toml", pipeline);
    let file = file.to_str().expect("a path in UTF-8");
    let always = ["run", "--dry-run", "--format", "json", "--pipeline", file];
    let arguments = always.iter().chain(more);
    let ran = context.holdpoint(repository.path(), arguments);
    ran.expect_code(0).json()
}

#[test]
fn without_a_record_the_tags_of_the_past_are_known_with_their_sizes() {
    let context = Context::new();
    let repository = history(&context, &[2, 1, 3], 2);
    let pipeline = archivist("policy", "policy", &all());
    let report = rehearsed(&context, &repository, &pipeline, &[]);
    let commit = |name: &str| repository.git(["rev-parse", name]);
    let time = |commits: i64| FIRST_COMMIT_TIME + (commits - 1) * 60;
    let expected = [
        format!(
            "0.3.0 {} at {} 3 commits 1 files +1 -0 tag",
            commit("v0.3.0"),
            time(6)
        ),
        format!(
            "0.2.0 {} at {} 1 commits 1 files +1 -0 tag",
            commit("v0.2.0"),
            time(3)
        ),
        format!(
            "0.1.0 {} at {} 2 commits 1 files +2 -0 tag",
            commit("v0.1.0"),
            time(2)
        ),
    ];
    assert_eq!(told(&report, 0), expected);
    // The same from what is kept of it.
    let report = rehearsed(&context, &repository, &pipeline, &[]);
    assert_eq!(told(&report, 0), expected);
    // A release is not in its own past, wherever its range begins.
    let back = ["--to", "v0.2.0", "--from", "v0.1.0"];
    let report = rehearsed(&context, &repository, &pipeline, &back);
    assert_eq!(told(&report, 0), expected[2..]);
    // What the path filter leaves nothing of is no release of it.
    let part = ["--path", "1"];
    repository.commit_file("1/more", "1\n", "fix: a part");
    let report = rehearsed(&context, &repository, &pipeline, &part);
    assert_eq!(told(&report, 0), expected[1..2]);
}

#[test]
fn a_first_release_has_no_past() {
    let context = Context::new();
    let repository = context.repository("payments");
    repository.commit("feat: begin");
    let pipeline = archivist("policy", "policy", &all());
    let report = rehearsed(&context, &repository, &pipeline, &[]);
    assert_eq!(told(&report, 0), [""; 0]);
}

impl Project {
    /// `run` to a target, for machines.
    fn to(&self, target: &str, code: i32) -> Value {
        let arguments = ["run", "--target", target];
        let ran = Ran::of(self.arguments(self.command(), arguments).output());
        ran.expect_code(code).json()
    }
}

/// What became of runs, in all the ways that there are.
fn recorded(store: Option<&str>) {
    let project = Project::new();
    let to = |target: &str, code: i32| {
        let mut command = project.arguments(project.command(), ["run", "--target", target]);
        command.envs(store.map(|store| ("HOLDPOINT_STORE", store)));
        Ran::of(command.output()).expect_code(code).json()
    };
    let pipeline = archivist("past", "policy", &all()) + DEPLOY;
    let pipeline = pipeline.replace("[release]\nproject = \"payments\"\n", "");
    let pipeline = format!("[release]\nproject = \"payments\"\n{pipeline}");
    project.pipeline(&pipeline);
    let report = to("production", 0);
    assert_eq!(in_short(&told(&report, 0)), ["1.0.0 tag"]);
    assert!(report["sitting"].is_object(), "{report}");
    // A tag on what a run has released is the same release.
    project.repository.tag("v1.1.0");
    project.repository.commit("fix: round");
    project.switch("deploy-fails", true);
    to("production", 5);
    project.switch("deploy-fails", false);
    project
        .repository
        .commit("this is no message of the project");
    to("production", 1);
    project
        .repository
        .git(["reset", "--hard", "--quiet", "HEAD~1"]);
    project.repository.commit("fix: round again");
    // The run that was blocked is over with this one, which takes its place.
    let report = to("production", 0);
    let expected = [
        "1.1.1 blocked",
        "1.1.1 undone",
        "1.1.0 released",
        "1.0.0 tag",
    ];
    assert_eq!(in_short(&told(&report, 0)), expected);
    // Another target has another past.
    let report = to("staging", 0);
    assert_eq!(in_short(&told(&report, 0)), ["1.1.0 tag", "1.0.0 tag"]);
    project.repository.commit("fix: once more");
    let report = to("production", 0);
    let told = told(&report, 0);
    assert_eq!(in_short(&told)[0], "1.1.1 released", "{told:?}");
    assert!(told[0].contains(" 2 commits 0 files +0 -0 "), "{told:?}");
}

#[test]
fn recorded_runs_are_known_with_what_became_of_them() {
    recorded(None);
}

#[test]
fn recorded_runs_are_known_from_a_server_too() {
    let cluster = Cluster::start();
    recorded(Some(&cluster.database("past")));
}

#[test]
fn without_a_target_nothing_recorded_is_known() {
    let project = Project::new();
    let pipeline = archivist("past", "policy", &all());
    project.pipeline(&pipeline);
    project.to("production", 0);
    project.repository.commit("fix: round");
    let ran = project.run().expect_code(0).json();
    assert_eq!(in_short(&told(&ran, 0)), ["1.0.0 tag"]);
    let rehearsal = ["run", "--dry-run", "--target", "production"];
    let ran = Ran::of(project.arguments(project.command(), rehearsal).output());
    let told = told(&ran.expect_code(0).json(), 0);
    assert_eq!(in_short(&told), ["1.1.0 released", "1.0.0 tag"]);
    // What was judged with another path filter is another part of the project.
    let part = ["run", "--target", "production", "--path", "refund.txt"];
    project
        .repository
        .commit_file("refund.txt", "more\n", "fix: refund more");
    for expected in [&[][..], &["1.1.1 released"]] {
        let ran = Ran::of(project.arguments(project.command(), part).output());
        let told = self::told(&ran.expect_code(0).json(), 0);
        assert_eq!(in_short(&told), expected);
        project
            .repository
            .commit_file("refund.txt", "even more\n", "fix: refund more");
    }
}

#[test]
fn a_run_that_goes_on_is_not_in_its_own_past() {
    let project = Project::new();
    project.signer("grace");
    let gate = "[approvers]\nsigners = \"allowed_signers\"\nroles = { managers = [\"grace@example.com\"] }\n\
                [[stages]]\nid = \"gate\"\napprovals = [{ role = \"managers\" }]\n";
    project.pipeline(&(archivist("past", "policy", &all()) + gate));
    for _ in 0..2 {
        let report = project.to("production", 4);
        assert_eq!(in_short(&told(&report, 0)), ["1.0.0 tag"]);
    }
    let resume = project.arguments(project.command(), ["resume"]).output();
    let report = Ran::of(resume).expect_code(4).json();
    assert_eq!(in_short(&told(&report, 0)), ["1.0.0 tag"]);
    // For the next one it is over.
    project.repository.commit("fix: round");
    let report = project.to("production", 4);
    assert_eq!(in_short(&told(&report, 0)), ["1.1.0 stopped", "1.0.0 tag"]);
}

/// A measurement that was cut goes on with what it knew, whatever is known by then.
#[test]
fn what_was_known_and_recorded_is_known_again() {
    let project = Project::new();
    let steps = json!([{ "releases": 10 }, { "releases": 1 }]);
    let verify = archivist("verify", "verify", &steps);
    let pipeline = format!(
        "{verify}{}",
        DEPLOY.replace("[release]\nproject = \"payments\"\n", "")
    );
    // The deployment first.
    let (head, stages) = pipeline.split_once("[[stages]]").expect("stages");
    let (own, others) = stages.split_once("[[stages]]").expect("two stages");
    let pipeline = format!("{head}[[stages]]{others}\n[[stages]]{own}");
    project.pipeline(&pipeline);
    kills::kill(&project, "after-asked:verify/1/archivist", None);
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
    project.repository.git(["tag", "--delete", "v1.0.0"]);
    let report = project.resume().expect_code(0).json();
    let reading = &report["stages"][2]["measured"][0]["calls"][0]["answer"]["reason"];
    let reading = reading.as_str().unwrap_or_else(|| panic!("{report:#}"));
    // The first question was answered before the tag was gone, the second was not asked by then.
    let (first, second) = reading.split_once("; ").expect("two answers");
    assert!(first.contains("attempt 1: 1: 1.0.0 "), "{reading}");
    assert_eq!(second, "0: ", "{reading}");
}

#[test]
fn earlier_releases_are_assessed_with_what_was_known_by_then() {
    let context = Context::new();
    let repository = history(&context, &[1; 24], 1);
    let pipeline = archivist("risk", "risk", &json!([]));
    let score = || {
        let report = rehearsed(&context, &repository, &pipeline, &[]);
        let plugin = &report["stages"][0]["plugins"][0];
        (
            plugin["answer"]["magnitude"].clone(),
            plugin["score"].clone(),
        )
    };
    let (magnitude, score_of_it) = score();
    assert_eq!(magnitude, 24.0);
    // Each had one release less before it than the next one, so that this one has the most.
    assert_eq!(score_of_it["releases"], 24);
    assert_eq!(score_of_it["value"], 100.0);
    let (_, again) = score();
    assert_eq!(again, score_of_it);
    // With one release more, all are assessed anew.
    repository.tag("v0.25.0");
    repository.commit("fix: go on");
    let (magnitude, score_of_it) = score();
    assert_eq!(magnitude, 25.0);
    assert_eq!(
        (&score_of_it["releases"], &score_of_it["value"]),
        (&json!(25), &json!(100.0))
    );
    // And with one less: what is kept of them was worked out with that one.
    repository.git(["tag", "--delete", "v0.1.0"]);
    let (magnitude, score_of_it) = score();
    assert_eq!(magnitude, 24.0);
    assert_eq!(
        (&score_of_it["releases"], &score_of_it["value"]),
        (&json!(24), &json!(100.0))
    );
}

/// A component that may know so many releases.
fn knowing(count: u32) -> Loaded {
    let component = fs::read(program("archivist")).expect("a component");
    let manifest = holdpoint_build::read_manifest(&component).expect("a manifest");
    let grants = Grants {
        evidence: vec!["any".to_owned()],
        history: true,
        ..Grants::default()
    };
    let sandbox = Sandbox::new().expect("an engine");
    let loaded = sandbox.load_granted(&component, Arc::new(manifest), grants);
    let releases = (0..count).map(|number| PastRelease {
        version: None,
        head: ObjectName::new(&format!("{number:040x}")).expect("a name"),
        time: -i64::from(number),
        totals: Totals::default(),
        ended: Some(Ending::Stopped),
    });
    loaded
        .expect("it can be loaded")
        .with_history(releases.collect())
}

fn call(steps: &Value, limits: Limits) -> Call {
    Call {
        release: Arc::new(crate::sandbox::release()),
        settings: json!({ "steps": steps }).to_string(),
        input: Input::Policy,
        limits,
        seed: [7; 32],
        recording: Some(Recording::new("archivist", Some("policy"))),
    }
}

#[test]
fn a_long_past_is_read_in_pages_as_far_as_it_is_asked_for() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let loaded = knowing(600);
    let pages = |count: usize| {
        let steps = json!([{ "releases": count }]);
        let record = runtime.block_on(loaded.call(call(&steps, Limits::default())));
        let transcript = record.transcript.expect("it was recorded");
        let calls = transcript.host_calls.iter();
        let pages: Vec<_> = calls
            .map(|call| match (&call.asked, &call.answer) {
                (HostQuestion::HistoryPage { start, count }, HostAnswer::Releases(releases)) => {
                    (*start, *count, releases.len())
                }
                other => panic!("{other:?}"),
            })
            .collect();
        (pages, transcript)
    };
    assert_eq!(pages(1).0, [(0, 250, 250)]);
    let (all, transcript) = pages(1_000);
    assert_eq!(all, [(0, 250, 250), (250, 250, 250), (500, 250, 100)]);
    assert!(transcript.reproducible);
    // What the call was answered stands in its transcript: it can be made again by somebody who knows
    // nothing of the past.
    let release = Arc::new(crate::sandbox::release());
    let replayed = runtime.block_on(knowing(0).replay(&transcript, &release, None));
    assert!(replayed.is_same(), "{:#?}", replayed.differences);
}

#[test]
fn a_flood_of_pages_is_too_much_for_a_transcript() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let limits = Limits {
        fuel: u64::MAX,
        ..Limits::default()
    };
    let record = runtime.block_on(knowing(600).call(call(&json!(["releases-forever"]), limits)));
    let Outcome::TooMuchOutput { what, limit } = record.outcome else {
        panic!("{:?}", record.outcome)
    };
    assert_eq!((what, limit), (LimitKind::TranscriptBytes, 16 << 20));
    let transcript = record.transcript.expect("it was recorded");
    let written = serde_json::to_vec(&transcript.host_calls)
        .expect("JSON")
        .len();
    assert!(written < 16 << 20, "{written}");
}
