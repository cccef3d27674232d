//! Hostile plugins in a whole run: exit code, words, an unharmed host, and the answers of others.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::context::{Context, Ran, Repository};

/// A guest program that the build script made.
pub fn program(name: &str) -> PathBuf {
    Path::new(env!("OUT_DIR")).join(name).with_extension("wasm")
}

fn repository(context: &Context) -> Repository {
    let repository = context.repository("project");
    repository.commit_file("one", "1\n", "feat: begin");
    repository.tag("v1.0.0");
    repository.commit_file("one", "2\n", "fix: go on");
    repository
}

/// Bounds that a guest reaches within a second.
const LIMITS: &str = r#"{ fuel = 100000000, timeout = "60s", memory = "16 MiB", answer = "64 KiB", log-lines = 50 }"#;

/// A pipeline outside of the checkout: a hostile plugin and a bystander side by side.
fn pipeline(context: &Context, settings: &str) -> PathBuf {
    let hostile = program("hostile").display().to_string();
    context.write(
        "pipeline.toml",
        format!(
            "[plugins.hostile]\nsource = {hostile:?}\nsettings = {settings}\nlimits = {LIMITS}\n\
             [plugins.bystander]\nsource = {hostile:?}\nsettings = {{ behaviour = \"odd\" }}\n\
             [[stages]]\nid = \"policy\"\nuse = [\"hostile\", \"bystander\"]\n"
        ),
    )
}

fn run(context: &Context, pipeline: &Path, arguments: &[&str]) -> Ran {
    let repository = context.path().join("project");
    let pipeline = pipeline.to_str().expect("a path in UTF-8");
    let always = [
        "run",
        "--at",
        "2026-11-22T10:00:00Z",
        "--pipeline",
        pipeline,
    ];
    context.holdpoint(&repository, always.iter().chain(arguments))
}

/// Runs a behaviour and gives the hostile plugin's record, after checking exit code, verdict, and
/// that the bystander has answered.
#[track_caller]
fn behave(behaviour: &str, code: i32, verdict: &str) -> (Value, Ran) {
    let context = Context::new();
    repository(&context);
    let pipeline = pipeline(&context, &format!("{{ behaviour = {behaviour:?} }}"));
    let document = run(&context, &pipeline, &["--format", "json"])
        .expect_code(code)
        .json();
    assert_eq!(document["verdict"], verdict);
    let plugins = &document["stages"][0]["plugins"];
    assert_eq!(plugins[1]["name"], "bystander");
    assert_eq!(plugins[1]["outcome"], "answered", "{plugins:#}");
    let findings = document["stages"][0]["findings"]
        .as_array()
        .expect("findings");
    let of = |plugin: &str| {
        findings
            .iter()
            .filter(|finding| finding["plugin"] == plugin)
            .count()
    };
    assert_eq!(of("bystander"), 1, "{findings:#?}");
    assert_eq!(
        of("hostile"),
        usize::from(verdict == "no-go"),
        "{findings:#?}"
    );
    let human = run(&context, &pipeline, &[]).expect_code(code);
    (plugins[0].clone(), human)
}

#[test]
fn each_misbehaviour_is_a_fault_with_words_of_its_own() {
    for (behaviour, outcome, words) in [
        ("panic", "trapped", "the plugin gave up on project"),
        ("loop", "out-of-fuel", "limits.fuel"),
        ("recurse", "trapped", "recurse"),
        ("allocate", "out-of-memory", "limits.memory"),
        ("log", "too-much-output", "limits.log-lines"),
        ("long-message", "too-much-output", "limits.answer"),
        ("unknown-rule", "malformed", "no-such-rule"),
        ("unknown-commit", "malformed", "not in the range"),
        ("fault", "fault", "the oracle does not answer"),
    ] {
        let (plugin, human) = behave(behaviour, 3, "fault");
        assert_eq!(plugin["outcome"], outcome, "{behaviour}: {plugin:#}");
        assert_eq!(plugin["verdict"], "fault", "{behaviour}");
        let text = human
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(
            text.contains(words),
            "{behaviour}: {words} is not in\n{}",
            human.stdout
        );
    }
}

#[test]
fn a_deadline_ends_a_call() {
    let context = Context::new();
    repository(&context);
    let hostile = program("hostile").display().to_string();
    let pipeline = context.write(
        "pipeline.toml",
        format!(
            "[plugins.hostile]\nsource = {hostile:?}\nsettings = {{ behaviour = \"loop\" }}\n\
             limits = {{ timeout = \"100ms\", fuel = 1000000000000 }}\n\
             [[stages]]\nid = \"policy\"\nuse = [\"hostile\"]\n"
        ),
    );
    let document = run(&context, &pipeline, &["--format", "json"])
        .expect_code(3)
        .json();
    assert_eq!(document["stages"][0]["plugins"][0]["outcome"], "timed-out");
    let human = run(&context, &pipeline, &[]).expect_code(3);
    assert!(human.stdout.contains("limits.timeout"), "{}", human.stdout);
}

#[test]
fn a_finding_blocks_and_the_bystander_is_heard() {
    let (plugin, human) = behave("every-commit", 1, "no-go");
    assert_eq!(plugin["outcome"], "answered");
    assert!(
        human.stdout.contains("1 finding blocks"),
        "{}",
        human.stdout
    );
}

/// Runs with a component in place of the hostile plugin and gives what is said of it.
fn refused(component: &[u8]) -> Ran {
    let context = Context::new();
    repository(&context);
    let path = context.write("component.wasm", component);
    let pipeline = context.write(
        "pipeline.toml",
        format!(
            "[plugins.stranger]\nsource = {:?}\nsettings = {{ behaviour = \"nothing\" }}\n\
             [[stages]]\nid = \"policy\"\nuse = [\"stranger\"]\n",
            path.display().to_string()
        ),
    );
    run(&context, &pipeline, &[]).expect_code(2)
}

#[track_caller]
fn assert_says(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.stdout, "");
    let text: Vec<_> = ran
        .stderr
        .split_whitespace()
        .filter(|word| *word != "│")
        .collect();
    let text = text.join(" ");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in\n{}", ran.stderr);
    }
}

#[test]
fn what_is_not_a_component_is_refused_by_name() {
    let whole = std::fs::read(program("hostile")).expect("the guest program");
    assert_says(&refused(b""), &["stranger", "component.wasm"]);
    assert_says(
        &refused(b"#!/bin/sh\nexit 0\n"),
        &["stranger", "component.wasm"],
    );
    assert_says(
        &refused(&whole[..whole.len() / 2]),
        &["stranger", "component.wasm"],
    );
    let module = wat::parse_str("(module)").expect("a module");
    assert_says(
        &refused(&module),
        &["stranger", "core module", "plugin build"],
    );
}

#[test]
fn a_component_of_200_megabytes_is_refused_before_it_is_read() {
    let context = Context::new();
    repository(&context);
    let path = context.path().join("huge.wasm");
    // A file with a hole: large, and nothing of it is on the disk.
    std::fs::File::create(&path)
        .and_then(|file| file.set_len(200 << 20))
        .expect("a file with a hole");
    let pipeline = context.write(
        "pipeline.toml",
        format!(
            "[plugins.stranger]\nsource = {:?}\n[[stages]]\nid = \"policy\"\nuse = [\"stranger\"]\n",
            path.display().to_string()
        ),
    );
    let ran = run(&context, &pipeline, &[]).expect_code(2);
    assert_says(&ran, &["stranger", "huge.wasm", "64 MiB"]);
}

#[test]
fn a_component_for_a_newer_host_names_both_versions() {
    let whole = std::fs::read(program("hostile")).expect("the guest program");
    // The same length, so that the section's size stays true.
    let newer = replaced(&whole, br#""api":"0.1.0""#, br#""api":"0.9.0""#);
    assert_says(&refused(&newer), &["stranger", "0.9.0", "0.1.0"]);
}

#[test]
fn a_component_whose_imports_are_not_declared_is_refused_by_name() {
    let whole = std::fs::read(program("hostile")).expect("the guest program");
    let undeclared = replaced(
        &whole,
        br#""capability":"commits""#,
        br#""capability":"changes""#,
    );
    assert_says(&refused(&undeclared), &["stranger", "commits"]);
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes
        .windows(from.len())
        .rposition(|window| window == from)
        .expect("the manifest has what is replaced");
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}
