//! The gate in whole runs: which configuration is trusted, what a change cannot do about it, and
//! what stages make of the answers. What a base policy, a waiver and a mistake come to is below.

mod policy;
mod reach;
mod refused;
mod waivers;

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::context::{Context, Ran, Repository};
use crate::hostile::program;

/// A time after every commit of a test.
const AT: &str = "2026-11-22T10:00:00Z";

/// A stage that holds commit messages to their form.
const STAGE: &str = "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n";

/// A repository with a release 1.0.0 and a conventional commit since.
fn conventional(context: &Context) -> Repository {
    let repository = context.repository("payments");
    repository.commit_file("pay.rs", "one\n", "feat: pay");
    repository.tag("v1.0.0");
    repository.commit_file("pay.rs", "two\n", "fix: round half to even");
    repository
}

fn run(context: &Context, repository: &Repository, arguments: &[&str]) -> Ran {
    let arguments = ["run", "--at", AT].iter().chain(arguments);
    context.holdpoint(repository.path(), arguments)
}

/// Runs with the pipeline in a file outside of the checkout, and gives the report.
#[track_caller]
fn report(context: &Context, repository: &Repository, pipeline: &str, code: i32) -> Value {
    let pipeline = context.write("elsewhere/pipeline.toml", pipeline);
    let arguments = ["--pipeline", text(&pipeline), "--format", "json"];
    run(context, repository, &arguments)
        .expect_code(code)
        .json()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary path is UTF-8")
}

/// A table of the plugin that behaves as it is told.
fn behaving(name: &str, behaviour: &str) -> String {
    let source = program("hostile").display().to_string();
    format!("[plugins.{name}]\nsource = {source:?}\nsettings = {{ behaviour = {behaviour:?} }}\n")
}

/// A stage that uses this plugin.
fn stage(id: &str, plugin: &str, more: &str) -> String {
    format!("[[stages]]\nid = \"{id}\"\nuse = [\"{plugin}\"]\n{more}\n")
}

/// Exit codes of go, no-go and fault, with the same pipeline at a place that `at` prepares. It gives
/// the arguments that name the place.
#[track_caller]
fn trusted(expected: bool, at: impl Fn(&Context, &Repository, &str) -> Vec<String>) {
    let pipeline = |more: &str| format!("[plugins.conventional-commits]\n{more}\n{STAGE}");
    let pipelines = [
        pipeline(""),
        pipeline("settings = { types = [\"never\"] }"),
        pipeline("limits = { fuel = 1 }"),
    ];
    judged(expected, &pipelines, at);
}

/// The same, with pipelines that come to go, no-go and fault.
#[track_caller]
fn judged(
    expected: bool,
    pipelines: &[String; 3],
    at: impl Fn(&Context, &Repository, &str) -> Vec<String>,
) {
    let outcomes = [
        ("go", if expected { 0 } else { 2 }),
        ("no-go", 1),
        ("fault", 3),
    ];
    for (pipeline, (verdict, code)) in pipelines.iter().zip(outcomes) {
        let context = Context::new();
        let repository = conventional(&context);
        let mut arguments = at(&context, &repository, pipeline);
        let told: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let human = run(&context, &repository, &told).expect_code(code);
        let says = if expected { ", trusted" } else { "not trusted" };
        assert!(human.stdout.contains(says), "{}", human.stdout);
        arguments.extend(["--format".to_owned(), "json".to_owned()]);
        let told: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let document = run(&context, &repository, &told).expect_code(code).json();
        assert_eq!(document["verdict"], verdict);
        assert_eq!(document["exit_code"], code);
        assert_eq!(document["configuration"]["trusted"], expected);
        if code == 2 {
            arguments.push("--allow-untrusted".to_owned());
            let told: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let rehearsal = run(&context, &repository, &told).expect_code(0).json();
            assert_eq!(rehearsal["configuration"]["trusted"], false);
        }
    }
}

fn option(name: &str, value: impl Into<String>) -> Vec<String> {
    vec![name.to_owned(), value.into()]
}

/// Commits the pipeline as a part of the change that is judged.
fn committed(repository: &Repository, pipeline: &str) {
    repository.commit_file("holdpoint.toml", pipeline, "ci: hold releases");
}

#[test]
fn a_pipeline_outside_of_the_checkout_is_trusted() {
    trusted(true, |context, _, pipeline| {
        let file = context.write("elsewhere/pipeline.toml", pipeline);
        option("--pipeline", text(&file))
    });
}

#[test]
fn a_pipeline_at_a_ref_is_trusted() {
    trusted(true, |_, repository, pipeline| {
        committed(repository, pipeline);
        option("--pipeline", "main:holdpoint.toml")
    });
}

#[test]
fn a_pipeline_at_a_full_object_name_is_trusted_unless_it_is_the_judged_commit() {
    for (trust, later) in [(true, true), (false, false)] {
        trusted(trust, |_, repository, pipeline| {
            committed(repository, pipeline);
            let commit = repository.git(["rev-parse", "HEAD"]);
            if later {
                repository.commit("fix: go on");
            }
            option("--pipeline", format!("{commit}:holdpoint.toml"))
        });
    }
}

#[test]
fn a_pipeline_that_lies_in_the_checkout_is_not_trusted() {
    trusted(false, |_, repository, pipeline| {
        committed(repository, pipeline);
        Vec::new()
    });
    trusted(false, |_, repository, pipeline| {
        committed(repository, pipeline);
        option("--pipeline", "holdpoint.toml")
    });
}

#[test]
fn a_pipeline_at_what_is_judged_is_not_trusted() {
    trusted(false, |_, repository, pipeline| {
        committed(repository, pipeline);
        option("--pipeline", "HEAD:holdpoint.toml")
    });
}

#[cfg(unix)]
#[test]
fn a_link_into_the_checkout_is_not_trusted() {
    trusted(false, |context, repository, pipeline| {
        committed(repository, pipeline);
        let link = context.path().join("pipeline.toml");
        let file = repository.path().join("holdpoint.toml");
        std::os::unix::fs::symlink(file, &link).expect("a link");
        option("--pipeline", text(&link))
    });
}

#[test]
fn a_plugin_that_lies_in_the_checkout_is_not_trusted() {
    let pipelines = ["nothing", "every-commit", "fault"]
        .map(|behaviour| behaving("judge", behaviour) + &stage("policy", "judge", ""));
    judged(false, &pipelines, |context, repository, pipeline| {
        let inside = repository.path().join("judge.wasm");
        fs::copy(program("hostile"), &inside).expect("a copy");
        repository.commit("ci: add the judge");
        let outside = program("hostile").display().to_string();
        let pipeline = pipeline.replace(&outside, text(&inside));
        let file = context.write("elsewhere/pipeline.toml", pipeline);
        option("--pipeline", text(&file))
    });
}

#[test]
fn a_base_policy_that_lies_in_the_checkout_is_not_trusted() {
    trusted(false, |context, repository, pipeline| {
        committed(repository, pipeline);
        let file = context.write("elsewhere/pipeline.toml", "[release]\n");
        let mut arguments = option("--pipeline", text(&file));
        arguments.extend(option("--policy", "holdpoint.toml"));
        arguments
    });
}

#[test]
fn a_change_cannot_loosen_the_gate_that_judges_it() {
    let context = Context::new();
    let repository = conventional(&context);
    committed(&repository, STAGE);
    // The change: a message without a form, and a pipeline that does not mind.
    repository.git(["checkout", "--quiet", "-b", "topic"]);
    let loose = format!("{STAGE}mode = \"advise\"\n");
    repository.commit_file("holdpoint.toml", &loose, "made it go");

    // Its own pipeline lets it go, which does not count.
    let own = run(&context, &repository, &[]).expect_code(2);
    assert!(own.stdout.contains("Verdict: go"), "{}", own.stdout);
    run(
        &context,
        &repository,
        &["--pipeline", "HEAD:holdpoint.toml"],
    )
    .expect_code(2);
    // The one that the operator names does not, whatever the change makes of it.
    let protected = ["--pipeline", "main:holdpoint.toml"];
    let judged = run(&context, &repository, &protected).expect_code(1);
    assert!(
        judged.stdout.contains("conventional-commits/form"),
        "{}",
        judged.stdout
    );
    repository.git(["rm", "--quiet", "holdpoint.toml"]);
    repository.commit("took it away");
    run(&context, &repository, &protected).expect_code(1);
    // Without one the embedded pipeline holds it too.
    run(&context, &repository, &[]).expect_code(1);
}

#[test]
fn advice_is_shown_and_does_not_block() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.commit("made it faster");
    let advising = |more: &str| format!("{STAGE}{more}\n");
    assert_eq!(
        report(&context, &repository, &advising(""), 1)["stages"][0]["findings"][0]["blocks"],
        true
    );
    let document = report(&context, &repository, &advising("mode = \"advise\""), 0);
    let finding = &document["stages"][0]["findings"][0];
    assert_eq!(finding["rule"], "conventional-commits/form");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["blocks"], false);
    // A word on one plugin counts before that of its stage.
    let one = "[[stages]]\nid = \"policy\"\nmode = \"advise\"\n\
               use = [{ plugin = \"conventional-commits\", mode = \"enforce\" }]\n";
    report(&context, &repository, one, 1);
}

#[test]
fn a_fault_blocks_unless_the_operator_says_otherwise() {
    let context = Context::new();
    let repository = conventional(&context);
    let pipeline =
        |more: &str| behaving("judge", "fault") + &stage("policy", "judge", more) + SECOND;
    let document = report(&context, &repository, &pipeline(""), 3);
    assert_eq!(document["stages"][0]["verdict"], "fault");
    // Advice about findings is none about faults.
    report(&context, &repository, &pipeline("mode = \"advise\""), 3);
    let document = report(&context, &repository, &pipeline("on-fault = \"advise\""), 0);
    let judge = &document["stages"][0]["plugins"][0];
    assert_eq!(judge["outcome"], "fault");
    assert_eq!(judge["verdict"], "go");
    let says = judge["fault"]["message"].as_str().expect("words");
    assert!(says.contains("the oracle does not answer"), "{says}");
}

/// A second stage, which has nothing against a conventional release.
const SECOND: &str = "[[stages]]\nid = \"second\"\nuse = [\"conventional-commits\"]\n";

#[test]
fn stages_run_in_the_order_that_they_need_and_the_worst_counts() {
    let context = Context::new();
    let repository = conventional(&context);
    let pipeline = |first: &str, second: &str, needs: &str| {
        behaving("one", first)
            + &behaving("two", second)
            + &stage("first", "one", needs)
            + &stage("second", "two", "")
    };
    for (first, second, code) in [
        ("nothing", "nothing", 0),
        ("every-commit", "nothing", 1),
        ("nothing", "every-commit", 1),
        ("every-commit", "fault", 3),
        ("fault", "every-commit", 3),
    ] {
        for (needs, order) in [
            ("", ["first", "second"]),
            ("needs = [\"second\"]", ["second", "first"]),
        ] {
            let text = pipeline(first, second, needs);
            let document = report(&context, &repository, &text, code);
            let stages = document["stages"].as_array().expect("stages");
            let ids: Vec<_> = stages.iter().map(|stage| &stage["id"]).collect();
            assert_eq!(ids, order, "{first}, {second}");
        }
    }
}
