//! `holdpoint plugin inspect`: what a plugin is and asks for, with nothing of it run.

use holdpoint_build::{
    Capability, CapabilityRequest, Import, Kind, Manifest, Rule, Severity, inspect, stamp,
};
use serde_json::json;

use super::{component, manifest, redacted, requests, stamped, with_section};
use crate::context::{Context, Ran};
use crate::hostile::program;

fn shown(context: &Context, arguments: &[&str]) -> Ran {
    let arguments = ["plugin", "inspect"].iter().chain(arguments);
    context.holdpoint(context.path(), arguments)
}

/// A page as people see it.
fn assert_page(name: &str, page: &str) {
    insta::with_settings!({ snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(name, redacted(page));
    });
}

#[test]
fn a_standard_plugin_is_shown_by_its_name() {
    let context = Context::new();
    let ran = shown(&context, &["embedded:conventional-commits"]).expect_code(0);
    assert_page("a_standard_plugin", &ran.stdout);
    assert_eq!(ran.stderr, "");
    let ran = shown(&context, &["embedded:conventional-comits"]).expect_code(2);
    assert!(
        ran.stderr.contains("did you mean `conventional-commits`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn standard_plugins_use_what_they_ask_for() {
    let context = Context::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins");
    let entries = std::fs::read_dir(folder).expect("the standard plugins");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    // The one that is not in the program is tried with its own tests.
    let names = names.filter(|name| name != "rego");
    let mut seen = 0;
    for name in names {
        let source = format!("embedded:{}", name.display());
        let document = shown(&context, &[&source, "--format", "json"])
            .expect_code(0)
            .json();
        assert_eq!(document["not-imported"], json!([]), "{source}");
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn machines_are_told_everything() {
    let context = Context::new();
    let path = program("hostile");
    let bytes = std::fs::read(&path).expect("the guest program");
    let path = path.to_str().expect("a path in UTF-8");
    let document = shown(&context, &[path, "--format", "json"])
        .expect_code(0)
        .json();
    let inspection = inspect(&bytes).expect("a plugin");
    assert_eq!(document["file"], path);
    assert_eq!(document["digest"], format!("sha256:{}", inspection.sha256));
    assert_eq!(document["size"], bytes.len());
    assert_eq!(document["kinds"], json!(["policy"]));
    assert_eq!(document["other-exports"], json!([]));
    assert_eq!(document["manifest"]["name"], "hostile");
    assert_eq!(
        document["manifest"]["capabilities"],
        json!([{"capability": "commits", "reason": "to have something to misbehave with"}])
    );
    assert_eq!(document["manifest"]["rules"][0]["id"], "wrong");
    assert_eq!(document["manifest"]["settings"]["type"], "object");
    let imports: Vec<_> = inspection
        .imports
        .iter()
        .map(|import| json!({"name": import.to_string(), "remark": null}))
        .collect();
    assert!(
        inspection
            .imports
            .contains(&Import::Capability(Capability::Commits))
    );
    assert_eq!(document["imports"], json!(imports));
}

/// Clears the screen, turns the direction of writing, begins commands of CI systems.
const ODD: &str = "::set-env::\u{1b}[2Jodd\u{7}\u{202e}\r\nline ##vso[task.x]";

/// A plugin that imports what it does not ask for and what nobody gives, with control sequences in
/// all that its author wrote.
fn stranger() -> Vec<u8> {
    let bytes = component(
        &[
            "holdpoint:plugin/changes@0.1.0",
            "holdpoint:plugin/http@0.1.0",
            "wasi:io/poll@0.2.6",
            "acme:tools/clock@1.0.0",
        ],
        &["holdpoint:plugin/policy@0.1.0", "acme:tools/spare@1.0.0"],
    );
    let odd = ODD;
    let manifest = Manifest {
        description: odd.to_owned(),
        license: odd.to_owned(),
        authors: vec![odd.to_owned()],
        kinds: vec![Kind::Policy],
        rules: vec![Rule {
            id: "rule".to_owned(),
            title: odd.to_owned(),
            severity: Severity::Warning,
            help: odd.to_owned(),
        }],
        settings: json!({"properties": {odd: {"description": odd}}}),
        capabilities: vec![CapabilityRequest {
            capability: Capability::Changes,
            reason: odd.to_owned(),
        }],
        ..manifest()
    };
    stamp(bytes, &manifest).expect("a valid manifest")
}

#[test]
fn what_no_host_gives_is_remarked_and_nothing_reaches_the_terminal() {
    let context = Context::new();
    context.write("stranger.wasm", stranger());
    let ran = shown(&context, &["stranger.wasm"]).expect_code(0);
    assert_page("a_stranger", &ran.stdout);
    for line in ran.stdout.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains("##"), "{line}");
    }

    let ran = shown(&context, &["stranger.wasm", "--format", "json"]).expect_code(0);
    let is_harmless = |text: &str| {
        !text.contains(|character: char| {
            (character.is_control() && character != '\n') || character == '\u{202e}'
        })
    };
    assert!(is_harmless(&ran.stdout), "{:?}", ran.stdout);
    let document = ran.json();
    assert_eq!(
        document["imports"],
        json!([
            {"name": "holdpoint:plugin/changes", "remark": null},
            {"name": "holdpoint:plugin/http", "remark": "undeclared"},
            {"name": "wasi:io/poll@0.2.6", "remark": "virtual-wasi"},
            {"name": "acme:tools/clock@1.0.0", "remark": "unknown"},
        ])
    );
    assert_eq!(document["other-exports"], json!(["acme:tools/spare@1.0.0"]));
    assert_eq!(document["manifest"]["description"], ODD);
}

#[test]
fn what_is_not_a_plugin_is_refused_with_a_remedy() {
    let context = Context::new();
    let whole = stamped();
    let newer = with_section(super::EMPTY.to_vec(), r#"{"api": "0.9.0"}"#);
    for (bytes, because, help) in [
        (&b""[..], "not WebAssembly", "plugin build"),
        (b"#!/bin/sh\n", "not WebAssembly", "plugin build"),
        (b"\0asm\x01\0\0\0", "core module", "plugin build"),
        (&whole[..whole.len() - 1], "damaged", "again"),
        (
            super::EMPTY,
            "without a `holdpoint-manifest` section",
            "strip",
        ),
        (&newer, "0.9.0", "holdpoint"),
    ] {
        context.write("file.wasm", bytes);
        let ran = shown(&context, &["file.wasm"]).expect_code(2);
        assert_eq!(ran.stdout, "");
        for words in ["file.wasm is not a plugin that can be used", because, help] {
            assert!(ran.stderr.contains(words), "{words}\n{}", ran.stderr);
        }
        let ran = shown(&context, &["file.wasm", "--format", "json"]).expect_code(2);
        let error = &ran.json()["error"];
        assert_eq!(error["exit_code"], 2);
        assert!(
            error["message"]
                .as_str()
                .expect("words")
                .contains("file.wasm")
        );
    }
    let huge = std::fs::File::create(context.path().join("huge.wasm")).expect("a file");
    // A file with a hole: large, and nothing of it is on the disk.
    huge.set_len((64 << 20) + 1).expect("a length");
    for (file, words) in [
        ("huge.wasm", "larger than 64 MiB"),
        (".", "is not a file"),
        ("missing.wasm", "cannot be read"),
    ] {
        let ran = shown(&context, &[file]).expect_code(2);
        assert!(ran.stderr.contains(words), "{words}\n{}", ran.stderr);
        assert!(ran.stderr.contains("help: "), "{}", ran.stderr);
    }
}

#[test]
fn a_plugin_that_asks_for_what_cannot_be_granted_is_shown_all_the_same() {
    let context = Context::new();
    let greedy = Manifest {
        capabilities: requests(Capability::Secrets),
        ..manifest()
    };
    let bytes = stamp(super::EMPTY.to_vec(), &greedy).expect("valid");
    context.write("greedy.wasm", bytes);
    let ran = shown(&context, &["greedy.wasm"]).expect_code(0);
    assert!(ran.stdout.contains("secrets: to look"), "{}", ran.stdout);
}
