//! `holdpoint run`, from a git repository to an exit code: the real binary and the real plugin.

use std::process::Stdio;

use serde_json::Value;

use crate::context::{Context, Ran, Repository};
use crate::schema::assert_fits;

/// A time after every commit of a test.
const AT: &str = "2026-11-22T10:00:00Z";

/// A repository with a release 1.0.0 and two conventional commits since.
fn conventional(context: &Context) -> Repository {
    let repository = context.repository("payments");
    repository.commit_file("pay.rs", "one\n", "feat: pay");
    repository.tag("v1.0.0");
    repository.commit_file("pay.rs", "one\ntwo\n", "fix: round half to even");
    repository.commit_file("refund.rs", "one\n", "feat: refund");
    repository
}

fn run(context: &Context, repository: &Repository, arguments: &[&str]) -> Ran {
    let arguments = ["run", "--at", AT].iter().chain(arguments);
    context.holdpoint(repository.path(), arguments)
}

fn json(context: &Context, repository: &Repository, code: i32) -> Value {
    let document = run(context, repository, &["--format", "json"])
        .expect_code(code)
        .json();
    assert_fits("run.schema.json", &document);
    document
}

#[test]
fn a_conventional_release_is_a_go() {
    let context = Context::new();
    let repository = conventional(&context);
    let ran = run(&context, &repository, &[]).expect_code(0);
    insta::assert_snapshot!(ran.stdout);
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_commit_without_a_type_is_a_no_go() {
    let context = Context::new();
    let repository = conventional(&context);
    let commit = repository.commit_file("pay.rs", "three\n", "made it faster");
    let ran = run(&context, &repository, &[]).expect_code(1);
    insta::assert_snapshot!(ran.stdout);

    let document = json(&context, &repository, 1);
    assert_eq!(document["verdict"], "no-go");
    assert_eq!(document["exit_code"], 1);
    let findings = document["stages"][0]["findings"]
        .as_array()
        .expect("findings");
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0]["place"]["commit"], commit);
    assert_eq!(findings[0]["blocks"], true);
    assert!(findings[0]["help"].is_string());
}

#[test]
fn json_has_what_scripts_go_by() {
    let context = Context::new();
    let repository = conventional(&context);
    let document = json(&context, &repository, 0);
    assert_eq!(document["verdict"], "go");
    assert_eq!(document["overridden"], false);
    assert_eq!(document["effects"], "none");
    let subject = &document["subject"];
    assert_eq!(subject["project"], "payments");
    assert_eq!(subject["version"], "1.1.0");
    assert_eq!(subject["previous"], "1.0.0");
    assert_eq!(subject["head"], repository.git(["rev-parse", "HEAD"]));
    assert_eq!(subject["base"], repository.git(["rev-parse", "v1.0.0"]));
    assert_eq!(
        subject["totals"],
        serde_json::json!({
            "commits": 2, "merges": 0, "files": 2, "insertions": 2, "deletions": 0
        })
    );
    let plugin = &document["stages"][0]["plugins"][0];
    assert_eq!(plugin["name"], "conventional-commits");
    assert_eq!(plugin["outcome"], "answered");
    assert_eq!(
        document["circumstances"]["dry_run"], true,
        "--at implies it"
    );
    assert_eq!(document["circumstances"]["time"], AT);
    assert_eq!(document["configuration"]["trusted"], true);
    assert_eq!(document["configuration"]["pipeline"]["origin"], "embedded");
}

#[test]
fn the_same_run_twice_differs_in_its_identifier_and_durations_only() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.commit("not conventional");
    let once = || {
        let ran = run(&context, &repository, &["--format", "json"]).expect_code(1);
        let mut run = None;
        let lines: Vec<String> = ran
            .stdout
            .lines()
            .filter(|line| {
                if line.starts_with("  \"run\": ") {
                    run = Some((*line).to_owned());
                }
                !line.starts_with("  \"run\": ")
                    && !line.trim_start().starts_with("\"duration_ms\":")
            })
            .map(str::to_owned)
            .collect();
        (lines, run.expect("the run has an identifier"))
    };
    let (first, first_run) = once();
    let (second, second_run) = once();
    assert_eq!(first, second);
    assert_ne!(first_run, second_run);
}

#[test]
fn ci_variables_are_claims() {
    let context = Context::new();
    let repository = conventional(&context);
    let output = context
        .command(repository.path())
        .args(["run", "--at", AT, "--format", "json"])
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_ACTOR", "ada")
        .output()
        .expect("the binary runs");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["circumstances"]["ci"]["system"], "github");
    assert_eq!(document["circumstances"]["ci"]["initiator"], "ada");
    assert_eq!(document["circumstances"]["ci"]["claimed"], true);
}

#[test]
fn a_folder_that_is_no_repository_is_a_usage_error_in_words() {
    let context = Context::new();
    let ran = context.holdpoint(context.path(), ["run"]).expect_code(2);
    assert_eq!(ran.stdout, "");
    assert!(
        ran.stderr.contains("is not in a git repository"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--repo"), "{}", ran.stderr);
}

#[test]
fn an_error_is_json_where_json_is_asked_for() {
    let context = Context::new();
    let ran = context
        .holdpoint(context.path(), ["run", "--format", "json"])
        .expect_code(2);
    let error = &ran.json()["error"];
    assert_eq!(error["exit_code"], 2);
    assert!(
        error["message"]
            .as_str()
            .expect("a message")
            .contains("git repository")
    );
    assert!(error["help"].as_str().expect("a help").contains("--repo"));
}

#[test]
fn an_empty_range_is_no_release() {
    let context = Context::new();
    let repository = conventional(&context);
    let ran = run(&context, &repository, &["--from", "HEAD"]).expect_code(2);
    assert!(
        ran.stderr.contains("no commit to release"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_unknown_flag_is_a_usage_error_in_both_forms() {
    let context = Context::new();
    let ran = context
        .holdpoint(context.path(), ["run", "--dry-runn"])
        .expect_code(2);
    assert!(ran.stderr.contains("--dry-run"), "{}", ran.stderr);
    let ran = context
        .holdpoint(context.path(), ["run", "--dry-runn", "--format=json"])
        .expect_code(2);
    assert_eq!(ran.json()["error"]["exit_code"], 2);
}

#[test]
fn a_pipeline_of_the_checkout_is_a_rehearsal() {
    let context = Context::new();
    let repository = conventional(&context);
    let pipeline = "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n";
    repository.commit_file("holdpoint.toml", pipeline, "ci: hold releases");
    let ran = run(&context, &repository, &[]).expect_code(2);
    assert!(ran.stdout.contains("Verdict: go"), "{}", ran.stdout);
    assert!(ran.stdout.contains("rehearsal"), "{}", ran.stdout);
    run(&context, &repository, &["--allow-untrusted"]).expect_code(0);
    run(
        &context,
        &repository,
        &["--pipeline", "main:holdpoint.toml"],
    )
    .expect_code(0);
    repository.commit("not conventional");
    run(&context, &repository, &[]).expect_code(1);
}

#[test]
fn a_mistake_in_the_pipeline_is_shown_at_its_line() {
    let context = Context::new();
    let repository = conventional(&context);
    let pipeline = context.write(
        "holdpoint.toml",
        "[[stages]]\nid = \"policy\"\nuze = [\"conventional-commits\"]\n",
    );
    let pipeline = pipeline.to_str().expect("the path is UTF-8");
    let ran = run(&context, &repository, &["--pipeline", pipeline]).expect_code(2);
    assert!(ran.stderr.contains(":3:"), "{}", ran.stderr);
    assert!(ran.stderr.contains("did you mean `use`?"), "{}", ran.stderr);
    let ran = run(
        &context,
        &repository,
        &["--pipeline", pipeline, "--format", "json"],
    )
    .expect_code(2);
    assert_eq!(ran.json()["error"]["place"]["line"], 3);
}

#[test]
fn terminal_sequences_of_a_commit_reach_nobody() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.commit("\u{1b}[2Jcleared \u{202e}drawkcab\u{9b}31m ##[group]");
    for arguments in [&["--color", "always"][..], &["--format", "json"], &["-vv"]] {
        let ran = run(&context, &repository, arguments).expect_code(1);
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains("\u{1b}[2J"), "{text:?}");
            assert!(!text.contains(['\u{202e}', '\u{9b}']), "{text:?}");
            assert!(!text.contains("##["), "{text:?}");
        }
        assert!(ran.stdout.contains("cleared"), "{}", ran.stdout);
    }
}

#[test]
fn colours_are_for_those_who_want_them() {
    let context = Context::new();
    let repository = conventional(&context);
    let plain = run(&context, &repository, &[]).expect_code(0);
    assert!(!plain.stdout.contains('\u{1b}'));
    let coloured = run(&context, &repository, &["--color", "always"]).expect_code(0);
    assert!(coloured.stdout.contains("\u{1b}[1m"));
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let context = Context::new();
    let repository = conventional(&context);
    for arguments in [
        &["run"][..],
        &["run", "--format", "json"],
        &["completions", "bash"],
    ] {
        let mut child = context
            .command(repository.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the binary ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert_eq!(stderr, "");
    }
}

#[test]
fn logs_are_json_when_asked_for() {
    let context = Context::new();
    let repository = conventional(&context);
    let ran = run(&context, &repository, &["-v", "--log-format", "json"]).expect_code(0);
    let lines: Vec<Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert!(!lines.is_empty());
}

#[test]
fn quiet_leaves_the_verdict() {
    let context = Context::new();
    let repository = conventional(&context);
    let ran = run(&context, &repository, &["--quiet"]).expect_code(0);
    assert_eq!(ran.stdout, "Verdict: go. All 3 stages are go.\n");
}

/// Whoever may push a tag can make the range short: it is said.
#[test]
fn a_tag_that_jumps_ahead_inside_the_range_is_a_finding_of_the_host() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.tag("v9.9.9");
    repository.commit("fix: one more");
    let document = json(&context, &repository, 0);
    let rules: Vec<_> = document["findings"]
        .as_array()
        .expect("findings of the host")
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(rules, ["holdpoint/version-jump"]);
    let ran = run(&context, &repository, &[]).expect_code(0);
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["v9.9.9", "v1.0.0", "2 commits between them"] {
        assert!(text.contains(words), "{words}: {}", ran.stdout);
    }
}
