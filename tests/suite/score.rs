//! The score: a risk plugin's magnitude among those of the project's earlier releases, what it
//! comes to with thresholds, and what is said of it.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use holdpoint::model::{Basis, Earlier, ScaleReason, Score};
use serde_json::Value;

use crate::context::{Context, Ran, Repository, git_command};
use crate::hostile::program;
use crate::schema::assert_fits;

/// The time of the first commit of a [`history`]; each later one is a minute after the one before.
pub const FIRST_COMMIT_TIME: i64 = 1_700_000_000;

/// A time after every commit.
const AT: &str = "2026-11-22T10:00:00Z";

/// A repository whose releases `v0.1.0`, `v0.2.0` and so on have so many commits, each of which
/// adds a line to the file `line` of the release's own folder, and then so many that are not
/// released.
pub fn history(context: &Context, releases: &[usize], since: usize) -> Repository {
    let repository = context.repository("project");
    let mut stream = String::new();
    let mut time = FIRST_COMMIT_TIME;
    for (index, commits) in releases.iter().chain([&since]).enumerate() {
        let mut lines = String::new();
        for number in 0..*commits {
            lines.push_str("line\n");
            let message = format!("fix: release {index} commit {number}");
            let _ = write!(
                stream,
                "commit refs/heads/main\nauthor Ada Author <ada@example.com> {time} +0000\n\
                 committer Carl Committer <carl@example.com> {time} +0000\n\
                 data {}\n{message}\nM 100644 inline {}/line\ndata {}\n{lines}\n",
                message.len(),
                index % 2,
                lines.len()
            );
            time += 60;
        }
        if index < releases.len() {
            let _ = write!(
                stream,
                "reset refs/tags/v0.{}.0\nfrom refs/heads/main\n\n",
                index + 1
            );
        }
    }
    import(&repository, &stream);
    repository
}

/// Hands a stream to `git fast-import` and checks the result out.
pub fn import(repository: &Repository, stream: &str) {
    let mut child = git_command(repository.path())
        .args(["-c", "fastimport.unpackLimit=100000"])
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git can be started");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(stream.as_bytes())
        .expect("git reads");
    assert!(child.wait().expect("git ends").success());
    repository.git(["reset", "--hard", "--quiet"]);
}

/// A pipeline with one stage and one weigher.
fn weighing(settings: &str, more: &str) -> String {
    let source = program("weigher").display().to_string();
    format!(
        "[plugins.weigher]\nsource = {source:?}\nsettings = {{ {settings} }}\n\
         [[stages]]\nid = \"risk\"\nuse = [\"weigher\"]\n{more}\n"
    )
}

const BY_COMMITS: &str = "by = \"commits\"";

fn run(context: &Context, repository: &Repository, pipeline: &str, arguments: &[&str]) -> Ran {
    let pipeline = context.write("pipeline.toml", pipeline);
    let pipeline = pipeline.to_str().expect("a path in UTF-8");
    let always = ["run", "--at", AT, "--pipeline", pipeline];
    context.holdpoint(repository.path(), always.iter().chain(arguments))
}

/// The report of a run.
#[track_caller]
fn report(context: &Context, repository: &Repository, pipeline: &str, code: i32) -> Value {
    let ran = run(context, repository, pipeline, &["--format", "json"]).expect_code(code);
    let document = ran.json();
    assert_fits("run.schema.json", &document);
    document
}

/// The score of the only plugin.
#[track_caller]
fn score(context: &Context, repository: &Repository, pipeline: &str) -> Value {
    let document = report(context, repository, pipeline, 0);
    let stage = &document["stages"][0];
    assert_eq!(stage["score"], stage["plugins"][0]["score"]["value"]);
    stage["plugins"][0]["score"].clone()
}

/// What a person reads, with single spaces.
#[track_caller]
fn says(context: &Context, repository: &Repository, pipeline: &str, code: i32, words: &str) {
    let ran = run(context, repository, pipeline, &[]).expect_code(code);
    let text: Vec<_> = ran.stdout.split_whitespace().collect();
    assert!(
        text.join(" ").contains(words),
        "`{words}` is not in\n{}",
        ran.stdout
    );
}

fn ramp() -> Vec<usize> {
    (1..=20).collect()
}

#[test]
fn the_score_is_the_rank_among_earlier_releases() {
    let context = Context::new();
    let repository = history(&context, &ramp(), 16);
    let pipeline = weighing(BY_COMMITS, "");
    assert_eq!(
        score(&context, &repository, &pipeline),
        serde_json::json!({
            "value": 77.5, "basis": "releases", "releases": 20, "recorded": 0, "riskier_than": 15,
            "equal_to": 1, "left_out": 0, "unfinished": 0, "reason": null
        })
    );
    let words = "Risk 77.5 of 100: riskier than 15 of your last 20 releases, and as risky as 1.";
    says(&context, &repository, &pipeline, 0, words);
}

#[test]
fn below_twenty_earlier_releases_a_fixed_scale_counts() {
    let context = Context::new();
    let repository = history(&context, &ramp()[..19], 30);
    let pipeline = weighing(BY_COMMITS, "");
    assert_eq!(
        score(&context, &repository, &pipeline),
        serde_json::json!({
            "value": 75.0, "basis": "scale", "releases": 19, "recorded": 0, "riskier_than": null,
            "equal_to": null, "left_out": 0, "unfinished": 0, "reason": "too-few"
        })
    );
    let words = "Risk 75 of 100: too little to compare with, 19 earlier releases of the 20 that it \
                 takes; this is where its magnitude stands on a fixed scale.";
    says(&context, &repository, &pipeline, 0, words);
    // Its thresholds count all the same.
    let holding = weighing(BY_COMMITS, "approve-at = 75");
    report(&context, &repository, &holding, 4);
}

#[test]
fn a_first_release_has_nothing_to_be_compared_with() {
    let context = Context::new();
    let repository = history(&context, &[], 10);
    let found = score(&context, &repository, &weighing(BY_COMMITS, ""));
    assert_eq!(
        (&found["value"], &found["releases"], &found["reason"]),
        (&50.0.into(), &0.into(), &"too-few".into())
    );
}

#[test]
fn the_scale_holds_what_plugins_may_say() {
    let context = Context::new();
    let repository = history(&context, &[1], 1);
    for (by, value) in [("one", 100.0 / 11.0), ("negative", 0.0), ("largest", 100.0)] {
        let found = score(
            &context,
            &repository,
            &weighing(&format!("by = {by:?}"), ""),
        );
        let found = found["value"].as_f64().expect("a number");
        assert!((found - value).abs() < 1e-9, "{by}: {found}");
    }
    let document = report(
        &context,
        &repository,
        &weighing("by = \"infinite\"", "block-at = 100"),
        3,
    );
    let plugin = &document["stages"][0]["plugins"][0];
    assert_eq!(plugin["outcome"], "malformed");
    assert_eq!(plugin["score"], Value::Null);
}

#[test]
fn a_release_like_all_others_is_in_the_middle() {
    let context = Context::new();
    let repository = history(&context, &ramp(), 3);
    let found = score(&context, &repository, &weighing("by = \"one\"", ""));
    assert_eq!(
        (&found["value"], &found["equal_to"]),
        (&50.0.into(), &20.into())
    );
}

#[test]
fn a_score_reaches_a_threshold_at_its_very_value() {
    let context = Context::new();
    let repository = history(&context, &ramp(), 16);
    for (thresholds, code, verdict) in [
        ("approve-at = 77.5", 4, "wait"),
        ("approve-at = 77.6", 0, "go"),
        ("approve-at = 0", 4, "wait"),
        ("block-at = 77.5", 1, "no-go"),
        ("block-at = 77.6", 0, "go"),
        ("block-at = 100", 0, "go"),
        ("approve-at = 20\nblock-at = 77.5", 1, "no-go"),
        ("approve-at = 77.5\nblock-at = 78", 4, "wait"),
        (
            "approve-at = 77.5\nblock-at = 78\nmode = \"advise\"",
            0,
            "go",
        ),
        ("block-at = 1\nmode = \"advise\"", 0, "go"),
        ("block-at = 1\non-fault = \"advise\"", 1, "no-go"),
    ] {
        let document = report(
            &context,
            &repository,
            &weighing(BY_COMMITS, thresholds),
            code,
        );
        assert_eq!(document["verdict"], verdict, "{thresholds}");
        assert_eq!(document["exit_code"], code, "{thresholds}");
    }
}

#[test]
fn a_threshold_that_is_reached_is_a_finding_of_the_host() {
    let context = Context::new();
    let repository = history(&context, &ramp(), 16);
    let finding = |more: &str, code| {
        let document = report(&context, &repository, &weighing(BY_COMMITS, more), code);
        let stage = &document["stages"][0];
        assert_eq!(stage["findings"].as_array().map(Vec::len), Some(1));
        stage["findings"][0].clone()
    };
    let blocking = finding("block-at = 70", 1);
    assert_eq!(blocking["rule"], "holdpoint/risk-block-at");
    assert_eq!(blocking["plugin"], Value::Null);
    assert_eq!(blocking["severity"], "error");
    assert_eq!(blocking["blocks"], true);
    let advised = finding("block-at = 70\nmode = \"advise\"", 0);
    assert_eq!(advised["blocks"], false);
    let waiting = finding("approve-at = 70", 4);
    assert_eq!(waiting["rule"], "holdpoint/risk-approve-at");
    assert_eq!(waiting["blocks"], false);
    insta::with_settings!({filters => vec![
        (r"\b[0-9a-f]{10}\b", "[commit]"), (r"/\S+/pipeline\.toml", "[file]"),
    ]}, {
        let ran = run(&context, &repository, &weighing(BY_COMMITS, "approve-at = 70"), &[]);
        insta::assert_snapshot!(ran.expect_code(4).stdout);
        let ran = run(&context, &repository, &weighing(BY_COMMITS, "block-at = 70"), &[]);
        insta::assert_snapshot!(ran.expect_code(1).stdout);
    });
}

#[test]
fn a_threshold_that_would_never_count_is_refused() {
    let context = Context::new();
    let repository = history(&context, &[1], 1);
    let stage = "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\nblock-at = 99\n";
    let ran = run(&context, &repository, stage, &[]).expect_code(2);
    let words: Vec<_> = ran.stderr.split_whitespace().collect();
    let expected = "stage `policy` has a threshold and uses no plugin of kind risk";
    assert!(words.join(" ").contains(expected), "{}", ran.stderr);
    assert!(ran.stderr.contains("4 │ block-at = 99"), "{}", ran.stderr);
}

#[test]
fn check_shows_thresholds() {
    let context = Context::new();
    let repository = history(&context, &[1], 1);
    let pipeline = weighing(BY_COMMITS, "approve-at = 75\nblock-at = 99.5");
    let pipeline = context.write("pipeline.toml", pipeline);
    let pipeline = pipeline.to_str().expect("a path in UTF-8");
    let check = |more: &[&str]| {
        let arguments = ["check", "--pipeline", pipeline];
        let ran = context.holdpoint(repository.path(), arguments.iter().chain(more));
        ran.expect_code(0)
    };
    let document = check(&["--format", "json"]).json();
    assert_fits("check.schema.json", &document);
    let stage = &document["stages"][0];
    assert_eq!(
        (&stage["approve_at"], &stage["block_at"]),
        (&75.0.into(), &99.5.into())
    );
    let human = check(&[]).stdout;
    for words in [
        "From a risk of 75 of 100 on it waits for an approval (approve-at).",
        "From a risk of 99.5 of 100 on it is a no-go (block-at).",
    ] {
        assert!(human.contains(words), "{human}");
    }
}

#[test]
fn a_threshold_cannot_be_waived() {
    let context = Context::new();
    let repository = history(&context, &ramp(), 16);
    let waived = weighing(
        BY_COMMITS,
        "block-at = 70\n[[waivers]]\nrule = \"holdpoint/risk-block-at\"\nrelease = true\n\
         owner = \"platform\"\nreason = \"in a hurry\"\nexpires = \"2027-01-31T00:00:00Z\"",
    );
    let ran = run(&context, &repository, &waived, &[]).expect_code(2);
    assert!(
        ran.stderr.contains("no plugin `holdpoint`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn of_several_risk_plugins_the_highest_counts() {
    let context = Context::new();
    let repository = history(&context, &ramp(), 16);
    let source = program("weigher").display().to_string();
    let pipeline = |uses: &str| {
        format!(
            "[plugins.first]\nsource = {source:?}\nsettings = {{ by = \"commits\" }}\n\
             [plugins.second]\nsource = {source:?}\nsettings = {{ by = \"one\" }}\n\
             [[stages]]\nid = \"risk\"\nuse = {uses}\nblock-at = 60\n"
        )
    };
    for uses in [r#"["first", "second"]"#, r#"["second", "first"]"#] {
        let document = report(&context, &repository, &pipeline(uses), 1);
        assert_eq!(document["stages"][0]["score"], 77.5);
    }
    let advised = r#"[{ plugin = "first", mode = "advise" }, "second"]"#;
    report(&context, &repository, &pipeline(advised), 0);
}

#[test]
fn an_earlier_release_that_cannot_be_assessed_is_left_out() {
    let context = Context::new();
    let sizes: Vec<usize> = (1..=24).collect();
    let repository = history(&context, &sizes, 16);
    let pipeline = weighing("by = \"commits\", faults = [\"0.1.0\", \"0.2.0\"]", "");
    let found = score(&context, &repository, &pipeline);
    assert_eq!(
        (
            &found["releases"],
            &found["left_out"],
            &found["riskier_than"]
        ),
        (&22.into(), &2.into(), &13.into())
    );
    let words = "2 earlier releases could not be read or assessed, and are left out.";
    says(&context, &repository, &pipeline, 0, words);
    let versions: Vec<String> = (1..=5).map(|number| format!("0.{number}.0")).collect();
    let pipeline = weighing(&format!("by = \"commits\", faults = {versions:?}"), "");
    let found = score(&context, &repository, &pipeline);
    assert_eq!(
        (&found["basis"], &found["reason"], &found["left_out"]),
        (&"scale".into(), &"too-many-left-out".into(), &5.into())
    );
}

#[test]
fn when_most_earlier_releases_cannot_be_assessed_the_fixed_scale_counts() {
    let context = Context::new();
    let repository = history(&context, &[1; 50], 10);
    let faulting = |count: usize| {
        let versions: Vec<String> = (1..=count).map(|number| format!("0.{number}.0")).collect();
        let pipeline = weighing(&format!("by = \"commits\", faults = {versions:?}"), "");
        score(&context, &repository, &pipeline)
    };
    let half = faulting(25);
    assert_eq!(
        (&half["basis"], &half["releases"]),
        (&"releases".into(), &25.into())
    );
    let most = faulting(26);
    assert_eq!(
        (&most["basis"], &most["value"]),
        (&"scale".into(), &50.0.into())
    );
    assert_eq!(most["reason"], "too-many-left-out");
}

/// A small number of the fixed scale would let through what the comparison would have stopped.
#[test]
fn a_threshold_without_a_comparison_is_a_fault() {
    let context = Context::new();
    let repository = history(&context, &[1; 50], 10);
    let versions: Vec<String> = (1..=26).map(|number| format!("0.{number}.0")).collect();
    let settings = format!("by = \"commits\", faults = {versions:?}");
    let held = weighing(&settings, "block-at = 95");
    let document = report(&context, &repository, &held, 3);
    assert_eq!(document["verdict"], "fault");
    let finding = &document["stages"][0]["findings"][0];
    assert_eq!(finding["rule"], "holdpoint/risk-not-compared");
    assert_eq!(finding["blocks"], true);
    let advised = weighing(&settings, "block-at = 95\nmode = \"advise\"");
    assert_eq!(report(&context, &repository, &advised, 0)["verdict"], "go");

    // What was not fetched may be releases.
    let url = format!("file://{}", repository.path().display());
    let shallow = context.path().join("shallow");
    let target = shallow.to_str().expect("a path in UTF-8");
    repository.git(["clone", "--quiet", "--depth", "16", &url, target]);
    let held = context.write("held.toml", weighing(BY_COMMITS, "block-at = 95"));
    let held = held.to_str().expect("a path in UTF-8");
    let arguments = ["run", "--at", AT, "--pipeline", held, "--format", "json"];
    let ran = context.holdpoint(&shallow, arguments).expect_code(3);
    assert_eq!(ran.json()["verdict"], "fault");
}

#[test]
fn each_earlier_release_is_assessed_at_its_own_time() {
    let context = Context::new();
    let repository = history(&context, &[1; 20], 1);
    let pipeline = context.write("pipeline.toml", weighing("by = \"time\"", ""));
    let pipeline = pipeline.to_str().expect("a path in UTF-8");
    let tenth = jiff::Timestamp::from_second(FIRST_COMMIT_TIME + 9 * 60).expect("a time");
    let arguments = ["run", "--at", &tenth.to_string(), "--format", "json"];
    let document = context
        .holdpoint(
            repository.path(),
            arguments.iter().chain(&["--pipeline", pipeline]),
        )
        .expect_code(0)
        .json();
    let found = &document["stages"][0]["plugins"][0]["score"];
    assert_eq!(
        (&found["riskier_than"], &found["equal_to"]),
        (&9.into(), &1.into())
    );
}

#[test]
fn only_the_last_hundred_releases_count() {
    let context = Context::new();
    // The older ones are larger than the release, the last hundred are not.
    let sizes: Vec<usize> = [3; 10].into_iter().chain([1; 100]).collect();
    let repository = history(&context, &sizes, 2);
    let found = score(&context, &repository, &weighing(BY_COMMITS, ""));
    assert_eq!(
        (&found["value"], &found["releases"]),
        (&100.0.into(), &100.into())
    );
}

#[test]
fn five_thousand_tags_are_not_too_many() {
    let context = Context::new();
    let repository = history(&context, &vec![1; 5_000], 2);
    let found = score(&context, &repository, &weighing(BY_COMMITS, ""));
    assert_eq!(
        (&found["value"], &found["releases"]),
        (&100.0.into(), &100.into())
    );
}

#[test]
fn a_release_without_anything_under_the_path_is_not_compared_with() {
    let context = Context::new();
    // Releases change the folders `0` and `1` in turn.
    let sizes: Vec<usize> = (1..=40).collect();
    let repository = history(&context, &sizes, 16);
    let pipeline = weighing(BY_COMMITS, "[release]\npath = \"0\"");
    let found = score(&context, &repository, &pipeline);
    assert_eq!(
        (&found["releases"], &found["left_out"]),
        (&20.into(), &0.into())
    );
    assert_eq!(found["riskier_than"], 8);
    let few = weighing(
        BY_COMMITS,
        "[release]\npath = \"0/line\"\n[limits]\nplugins = 1",
    );
    assert_eq!(score(&context, &repository, &few)["releases"], 20);
}

/// The file of the tree of a revision. Without it neither that commit nor the next can be read.
fn tree(repository: &Repository, revision: &str) -> PathBuf {
    let name = repository.git(["rev-parse", &format!("{revision}^{{tree}}")]);
    let (folder, file) = name.split_at(2);
    repository
        .path()
        .join(".git/objects")
        .join(folder)
        .join(file)
}

/// What is kept, by file.
fn kept(context: &Context) -> Vec<PathBuf> {
    let folder = context.path().join("cache/holdpoint");
    let mut kept: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the cache is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().contains("earlier-releases"))
        .collect();
    kept.sort();
    kept
}

#[test]
fn an_earlier_release_is_assessed_once() {
    let context = Context::new();
    let sizes: Vec<usize> = (1..=25).collect();
    let repository = history(&context, &sizes, 16);
    let pipeline = weighing(BY_COMMITS, "");
    let first = score(&context, &repository, &pipeline);
    assert_eq!(
        (&first["releases"], &first["left_out"]),
        (&25.into(), &0.into())
    );
    assert_eq!(kept(&context).len(), 1);
    // What is known needs not to be read again; without it, it cannot be.
    fs::remove_file(tree(&repository, "v0.5.0")).expect("the tree is there");
    assert_eq!(score(&context, &repository, &pipeline), first);
    let ran = run(
        &context,
        &repository,
        &pipeline,
        &["--no-cache", "--format", "json"],
    );
    let anew = &ran.expect_code(0).json()["stages"][0]["plugins"][0]["score"];
    assert_eq!(
        (&anew["releases"], &anew["left_out"]),
        (&23.into(), &2.into())
    );
    // Another question is not answered with what is known.
    let other = score(&context, &repository, &weighing("by = \"insertions\"", ""));
    assert_eq!(
        (&other["releases"], &other["left_out"]),
        (&23.into(), &2.into())
    );
    assert_eq!(kept(&context).len(), 2);
}

#[test]
fn what_could_not_be_assessed_is_tried_again() {
    let context = Context::new();
    let sizes: Vec<usize> = (1..=25).collect();
    let repository = history(&context, &sizes, 16);
    let pipeline = weighing(BY_COMMITS, "");
    let (tree, aside) = (tree(&repository, "v0.5.0"), context.path().join("aside"));
    fs::rename(&tree, &aside).expect("the tree is there");
    let first = score(&context, &repository, &pipeline);
    assert_eq!(
        (&first["releases"], &first["left_out"]),
        (&23.into(), &2.into())
    );
    fs::rename(&aside, &tree).expect("it goes back");
    let second = score(&context, &repository, &pipeline);
    assert_eq!(
        (&second["releases"], &second["left_out"]),
        (&25.into(), &0.into())
    );
}

#[test]
fn what_is_kept_depends_on_all_that_decides() {
    let context = Context::new();
    let repository = history(&context, &ramp(), 16);
    let asked = |settings: &str, more: &str, arguments: &[&str]| {
        run(&context, &repository, &weighing(settings, more), arguments).expect_code(0);
        kept(&context).len()
    };
    let cases: [(&str, &str, &[&str], usize); 9] = [
        (BY_COMMITS, "", &[], 1),
        (BY_COMMITS, "approve-at = 99", &[], 1),
        ("by = \"commits\", faults = [\"9.9.9\"]", "", &[], 2),
        (
            BY_COMMITS,
            "[plugins.weigher.limits]\nfuel = 9999999999",
            &[],
            3,
        ),
        (BY_COMMITS, "[release]\nproject = \"other\"", &[], 4),
        (BY_COMMITS, "[release]\nzone = \"Europe/Berlin\"", &[], 5),
        (
            BY_COMMITS,
            "[release]\nversioning = { zero-feature = \"minor\" }",
            &[],
            6,
        ),
        (BY_COMMITS, "", &["--target", "moon"], 7),
        (BY_COMMITS, "", &["--path", "0", "--verbose"], 8),
    ];
    for (settings, more, arguments, expected) in cases {
        assert_eq!(
            asked(settings, more, arguments),
            expected,
            "{more} {arguments:?}"
        );
    }
    context.write("owners", "* @team\n");
    let owners = context.path().join("owners");
    let owners = format!("[release]\nowners = {:?}", owners.display().to_string());
    assert_eq!(asked(BY_COMMITS, &owners, &[]), 9);
}

#[test]
fn a_magnitude_that_somebody_put_into_the_cache_is_not_believed() {
    let context = Context::new();
    let repository = history(&context, &ramp(), 16);
    let pipeline = weighing(BY_COMMITS, "block-at = 80");
    let first = score(&context, &repository, &pipeline);
    assert_eq!(first["value"], 77.5);
    // Every release but the last would have been of magnitude 1, and this one a no-go.
    let (one, entry) = (1.0_f64.to_bits().to_string(), kept(&context).remove(0));
    let mut bytes = fs::read(&entry).expect("the entry");
    for commits in 2..=16_u32 {
        let other = f64::from(commits).to_bits().to_string();
        assert_eq!(one.len(), other.len());
        let at = bytes
            .windows(other.len())
            .position(|window| window == other.as_bytes())
            .expect("the magnitude is kept as its bits");
        bytes[at..at + one.len()].copy_from_slice(one.as_bytes());
    }
    fs::write(&entry, bytes).expect("the entry can be written");
    assert_eq!(score(&context, &repository, &pipeline), first);
}

#[test]
fn ten_runs_at_once_come_to_one_score() {
    let context = Context::new();
    let repository = history(&context, &ramp(), 16);
    let pipeline = context.write("pipeline.toml", weighing(BY_COMMITS, ""));
    let start = || {
        let mut command = context.command(repository.path());
        command
            .args(["run", "--at", AT, "--format", "json", "--pipeline"])
            .arg(&pipeline)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("it starts")
    };
    let running: Vec<_> = (0..10).map(|_| start()).collect();
    for child in running {
        let document = Ran::of(child.wait_with_output()).expect_code(0).json();
        assert_eq!(document["stages"][0]["score"], 77.5);
    }
    assert_eq!(kept(&context).len(), 1);
}

#[test]
fn when_the_time_is_over_what_is_known_counts_or_the_fixed_scale() {
    let context = Context::new();
    let repository = history(&context, &[1; 25], 10);
    let versions: Vec<String> = (1..=25).map(|number| format!("0.{number}.0")).collect();
    let pipeline = weighing(
        &format!("by = \"commits\", loops = {versions:?}"),
        "[limits]\nwall-time = \"3s\"\n\
         [plugins.weigher.limits]\nfuel = 1000000000000000\ntimeout = \"1h\"",
    );
    let found = score(&context, &repository, &pipeline);
    assert_eq!(
        (&found["basis"], &found["value"]),
        (&"scale".into(), &50.0.into())
    );
    assert_eq!(
        (&found["reason"], &found["unfinished"]),
        (&"out-of-time".into(), &25.into())
    );
    says(
        &context,
        &repository,
        &pipeline,
        0,
        "The time for comparing was over before 25",
    );

    let mut known = Earlier {
        magnitudes: vec![1.0; 20],
        recorded: 0,
        left_out: 0,
        unfinished: 30,
    };
    let score = Score::new(2.0, &known);
    assert_eq!(
        score.basis,
        Basis::Releases {
            smaller: 20,
            equal: 0
        }
    );
    assert_eq!(score.unfinished, 30);
    known.magnitudes.pop();
    assert_eq!(
        Score::new(2.0, &known).basis,
        Basis::Scale(ScaleReason::OutOfTime)
    );
}
