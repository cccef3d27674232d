//! The caps on a whole run, each tripped, and the end of a run by a signal.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::context::{Context, Ran, Repository};
use crate::hostile::program;

/// A time after every commit of a test.
const AT: &str = "2026-11-22T10:00:00Z";

/// So much fuel that only time ends a loop.
const FUEL: u64 = 1_000_000_000_000;

fn repository(context: &Context) -> Repository {
    let repository = context.repository("payments");
    repository.commit_file("pay.rs", "one\n", "feat: pay");
    repository.tag("v1.0.0");
    repository.commit_file("pay.rs", "two\n", "fix: round half to even");
    repository
}

/// A plugin that behaves as it is told, within these limits.
fn behaving(name: &str, behaviour: &str, limits: &str) -> String {
    let source = program("hostile").display().to_string();
    format!(
        "[plugins.{name}]\nsource = {source:?}\nsettings = {{ behaviour = {behaviour:?} }}\n\
         limits = {{ {limits} }}\n"
    )
}

fn stage(id: &str, plugins: &[&str]) -> String {
    format!("[[stages]]\nid = {id:?}\nuse = {plugins:?}\n")
}

fn pipeline(context: &Context, text: &str) -> PathBuf {
    context.write("pipeline.toml", text)
}

fn run(context: &Context, text: &str, arguments: &[&str]) -> Ran {
    let repository = repository(context);
    let pipeline = pipeline(context, text);
    let pipeline = pipeline.to_str().expect("a path in UTF-8");
    let always = ["run", "--at", AT, "--pipeline", pipeline];
    context.holdpoint(repository.path(), always.iter().chain(arguments))
}

#[track_caller]
fn report(text: &str, code: i32) -> Value {
    let context = Context::new();
    run(&context, text, &["--format", "json"])
        .expect_code(code)
        .json()
}

/// The outcomes of all calls, in the order of the file.
fn outcomes(document: &Value) -> Vec<&str> {
    let stages = document["stages"].as_array().expect("stages");
    stages
        .iter()
        .flat_map(|stage| stage["plugins"].as_array().expect("plugins"))
        .map(|plugin| plugin["outcome"].as_str().expect("an outcome"))
        .collect()
}

/// What the host says about calls for which the run had no time; nothing when it had enough.
fn cut_short(document: &Value) -> &str {
    let findings = document["findings"].as_array().expect("a list");
    match findings.as_slice() {
        [] => "",
        [finding] => {
            assert_eq!(finding["rule"], "holdpoint/run-out-of-time");
            finding["message"].as_str().expect("words")
        }
        others => panic!("{others:#?}"),
    }
}

/// Two plugins that loop until their own time is over, in one stage of a run that has time for one
/// after the other and a half.
fn two_loops(limits: &str) -> Value {
    let looping = |name: &str| {
        behaving(
            name,
            "loop",
            &format!("timeout = \"2s\", fuel = {FUEL}, memory = \"64 MiB\""),
        )
    };
    let text = format!("[limits]\nwall-time = \"3900ms\"\n{limits}\n")
        + &looping("one")
        + &looping("two")
        + &stage("policy", &["one", "two"]);
    let document = report(&text, 3);
    assert_eq!(outcomes(&document), ["timed-out", "timed-out"]);
    document
}

#[test]
fn plugins_of_a_stage_run_side_by_side() {
    // One after the other they would need more time than the run has.
    assert_eq!(cut_short(&two_loops("")), "");
    assert_eq!(cut_short(&two_loops("concurrent-calls = 2")), "");
    assert_eq!(cut_short(&two_loops("memory = \"128 MiB\"")), "");
}

#[test]
fn the_cap_on_calls_at_one_time_is_kept() {
    assert_eq!(
        cut_short(&two_loops("concurrent-calls = 1")),
        "1 call was not made or cut short: the run may take 3900ms"
    );
}

#[test]
fn the_cap_on_memory_is_kept() {
    assert_eq!(
        cut_short(&two_loops("memory = \"127 MiB\"")),
        "1 call was not made or cut short: the run may take 3900ms"
    );
}

#[test]
fn the_cap_on_time_ends_a_run_and_answers_are_kept() {
    let text = "[limits]\nwall-time = \"2s\"\n".to_owned()
        + &behaving("looping", "loop", &format!("fuel = {FUEL}"))
        + &behaving("other", "loop", &format!("fuel = {FUEL}"))
        + &behaving("bystander", "odd", "")
        + &behaving("late", "nothing", "")
        + &stage("first", &["looping", "bystander", "other"])
        + &stage("second", &["late"]);
    let document = report(&text, 3);
    assert_eq!(
        outcomes(&document),
        ["timed-out", "answered", "timed-out", "timed-out"]
    );
    let findings = document["stages"][0]["findings"].as_array();
    assert_eq!(findings.expect("a list").len(), 1);
    assert_eq!(document["stages"][0]["findings"][0]["plugin"], "bystander");
    assert_eq!(
        cut_short(&document),
        "3 calls were not made or cut short: the run may take 2s"
    );
}

/// Is refused before anything runs, with these words.
#[track_caller]
fn refused(text: &str, words: &[&str]) {
    let context = Context::new();
    let ran = run(&context, text, &[]).expect_code(2);
    assert_eq!(ran.stdout, "");
    for word in words {
        assert!(ran.stderr.contains(word), "{word}\n{}", ran.stderr);
    }
}

#[test]
fn the_cap_on_plugins_is_kept() {
    let text = |plugins: u32| {
        format!("[limits]\nplugins = {plugins}\n")
            + &behaving("one", "nothing", "")
            + &stage("first", &["one"])
            + &stage("second", &["one"])
    };
    assert_eq!(outcomes(&report(&text(2), 0)), ["answered", "answered"]);
    refused(
        &text(1),
        &["2 uses of plugins", "1 plugins", ":2:", "[limits]"],
    );
}

#[test]
fn no_plugin_may_have_more_memory_than_the_run() {
    let text = |memory: &str| {
        format!("[limits]\nmemory = \"{memory}\"\n")
            + &behaving("one", "nothing", "memory = \"64 MiB\"")
            + &stage("policy", &["one"])
    };
    assert_eq!(outcomes(&report(&text("64 MiB"), 0)), ["answered"]);
    refused(
        &text("63 MiB"),
        &[
            "the memory limit of plugin `one`",
            "63 MiB",
            ":6:",
            "[limits]",
        ],
    );
}

/// Starts a run whose second stage loops for a minute, and waits until the first one is done.
#[cfg(unix)]
fn looping(context: &Context, format: &str) -> Child {
    let repository = repository(context);
    let text = behaving("first", "nothing", "")
        + &behaving(
            "second",
            "loop",
            &format!("timeout = \"60s\", fuel = {FUEL}"),
        )
        + &stage("one", &["first"])
        + &stage("two", &["second"]);
    let pipeline = pipeline(context, &text);
    let mut child = context
        .command(repository.path())
        .args(["run", "-v", "--at", AT, "--format", format, "--pipeline"])
        .arg(pipeline)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    // The first stage's span closes right before the second stage begins.
    while !(line.contains("stage{") && line.contains("close") && !line.contains("call{")) {
        line.clear();
        let length = log.read_line(&mut line).expect("text");
        assert!(length > 0, "the run ended before its second stage");
    }
    child.stderr = Some(log.into_inner());
    child
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_at_once() {
    /// Much less than the guest has, and as long as a cancelled run may take.
    const PROMPT: Duration = Duration::from_secs(5);
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        for format in ["human", "json"] {
            let context = Context::new();
            let mut child = looping(&context, format);
            let sent = Instant::now();
            let killed = Command::new("kill")
                .args(["-s", signal, &child.id().to_string()])
                .status()
                .expect("kill can be started");
            assert!(killed.success());
            let status = child.wait().expect("it ends");
            assert!(sent.elapsed() < PROMPT, "{:?}", sent.elapsed());
            // It ends itself: it is not killed.
            assert_eq!(status.code(), Some(code));
            let mut stdout = String::new();
            let mut stderr = String::new();
            child
                .stdout
                .take()
                .expect("a pipe")
                .read_to_string(&mut stdout)
                .expect("text");
            child
                .stderr
                .take()
                .expect("a pipe")
                .read_to_string(&mut stderr)
                .expect("text");
            assert_eq!(stdout, "", "nothing was decided");
            assert!(
                stderr.contains("cancelled: nothing was decided"),
                "{stderr}"
            );
        }
    }
}
