//! The command line itself: what is on standard output and what is not, help, completions.

use crate::context::{Context, Ran, Repository};
use crate::schema::assert_fits;

fn repository(context: &Context) -> Repository {
    let repository = context.repository("payments");
    repository.commit("feat: pay");
    repository.tag("v1.0.0");
    repository
}

#[test]
fn the_next_version_is_the_one_line_on_standard_output() {
    let context = Context::new();
    let repository = repository(&context);
    repository.commit("fix: round half to even");
    repository.commit("feat: refund");
    repository.commit("made it faster");
    let ran = context
        .holdpoint(repository.path(), ["next"])
        .expect_code(0);
    assert_eq!(ran.stdout, "1.1.0\n");
    insta::with_settings!({filters => vec![(r"\b[0-9a-f]{10}\b", "[commit]")]}, {
        insta::assert_snapshot!(ran.stderr);
    });
    let ran = context
        .holdpoint(repository.path(), ["next", "--quiet"])
        .expect_code(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("1.1.0\n", ""));
}

#[test]
fn nothing_to_release_is_said_in_words_and_is_no_failure() {
    let context = Context::new();
    let repository = repository(&context);
    repository.commit("docs: how to pay");
    let ran = context
        .holdpoint(repository.path(), ["next"])
        .expect_code(0);
    assert_eq!(ran.stdout, "");
    assert!(
        ran.stderr.contains("nothing asks for a release"),
        "{}",
        ran.stderr
    );
    let document = context
        .holdpoint(repository.path(), ["next", "--format", "json"])
        .expect_code(0)
        .json();
    assert_fits("next.schema.json", &document);
    assert_eq!(document["version"], serde_json::Value::Null);
    assert_eq!(document["rule"], "nothing-asked");
}

#[test]
fn a_pre_release_has_its_tag_in_json() {
    let context = Context::new();
    let repository = repository(&context);
    repository.commit("feat!: other coins");
    let document = context
        .holdpoint(
            repository.path(),
            ["next", "--pre", "rc", "--format", "json"],
        )
        .expect_code(0)
        .json();
    assert_fits("next.schema.json", &document);
    assert_eq!(document["version"], "2.0.0-rc.1");
    assert_eq!(document["tag"], "v2.0.0-rc.1");
    assert_eq!(document["reasons"][0]["asks"], "major");
}

#[test]
fn help_has_examples_and_exit_codes() {
    let context = Context::new();
    let help = |arguments: &[&str]| {
        let ran = context.holdpoint(context.path(), arguments).expect_code(0);
        assert_eq!(ran.stderr, "");
        ran.stdout
    };
    assert!(help(&["--help"]).contains("0 go  1 no-go  2 usage"));
    for command in ["run", "check", "next", "doctor", "completions"] {
        let help = help(&[command, "--help"]);
        assert!(
            help.contains(&format!("Examples:\n  holdpoint {command}")),
            "{help}"
        );
    }
}

#[test]
fn completions_are_a_script() {
    let context = Context::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = context
            .holdpoint(context.path(), ["completions", shell])
            .expect_code(0);
        assert!(ran.stdout.contains("allow-untrusted"), "{shell}");
    }
}

#[test]
fn a_time_needs_its_offset() {
    let context = Context::new();
    let repository = repository(&context);
    let check = |time: &str| context.holdpoint(repository.path(), ["check", "--at", time]);
    for time in [
        "2026-11-22",
        "2026-11-22T10:00:00",
        "yesterday",
        // In this zone the offset is another one.
        "2026-11-22T10:00:00+05:00[Europe/Berlin]",
    ] {
        let ran = check(time).expect_code(2);
        let text = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("a time with its offset"), "{time}");
    }
    for time in [
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00+01:00",
        "2026-11-22T10:00:00+01:00[Europe/Berlin]",
    ] {
        check(time).expect_code(0);
    }
}

/// What was typed cannot begin a line that a CI system reads as a command.
#[test]
fn a_usage_error_cannot_hold_a_command() {
    let context = Context::new();
    let version = "1.0\n::set-env name=X::y \u{202e}##vso[task.x]";
    let ran = context
        .holdpoint(context.path(), ["run", "--as", version])
        .expect_code(2);
    assert!(ran.stderr.contains("set-env"), "{}", ran.stderr);
    assert!(
        !ran.stderr
            .lines()
            .any(|line| line.trim_start().starts_with("::")),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("##"), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\u{202e}'), "{}", ran.stderr);
}

#[test]
fn the_doctor_says_what_is_missing_and_what_to_do() {
    let context = Context::new();
    let doctor = |arguments: &[&str], path: &str| {
        let mut command = context.command(context.path());
        command.arg("doctor").args(arguments).env("PATH", path);
        Ran::of(command.output())
    };
    let ran = doctor(&[], "/nonexistent").expect_code(0);
    insta::with_settings!({filters => [
        (r"holdpoint \d+\.\d+\.\d+", "holdpoint VERSION"),
        (r"compiled within limits.*\n(?s:.*?)ready    cache", "compiled within …\nready    cache"),
    ]}, {
        insta::assert_snapshot!(ran.stdout);
    });
    // What keeps a run from being recorded is a reason to end with 2.
    let store = context.write("store", "no folder");
    let ran = doctor(
        &["--store", store.to_str().expect("a path")],
        "/nonexistent",
    )
    .expect_code(2);
    assert!(ran.stdout.contains("broken   store"), "{}", ran.stdout);
    let ran = doctor(
        &["--plugin", "oci://127.0.0.1:9/a:1", "--format", "json"],
        "/nonexistent",
    );
    let report = ran.expect_code(2).json();
    let checks = report["checks"].as_array().expect("checks");
    let registry = checks.iter().find(|check| check["what"] == "registry");
    let registry = registry.expect("it was looked at");
    assert_eq!(registry["state"], "broken");
    let found = registry["found"].as_str().expect("words");
    assert!(found.contains("127.0.0.1 is a loopback address"), "{found}");
}

#[test]
fn every_command_for_plugins_has_examples() {
    let context = Context::new();
    let help = |words: &[&str]| {
        let words = [&["plugin"], words, &["--help"]].concat();
        context
            .holdpoint(context.path(), words)
            .expect_code(0)
            .stdout
    };
    let page = help(&[]);
    let list = page.split("Commands:\n").nth(1).expect("its commands");
    let list = list.split("\n\n").next().expect("a list");
    let names = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let names: Vec<&str> = names.filter(|name| *name != "help").collect();
    assert_eq!(names.len(), 10, "{names:?}");
    assert!(page.contains("Examples:\n  holdpoint plugin "), "{page}");
    for name in names {
        let page = help(&[name]);
        assert!(
            page.contains("Examples:\n") && page.contains(&format!("  holdpoint plugin {name}")),
            "{page}"
        );
    }
}
