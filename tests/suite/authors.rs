//! What an author of a plugin uses: a folder to begin with, and its tests.

mod cases;
mod languages;
mod refused;
mod types;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::context::{Context, Ran};

fn ran(context: &Context, folder: &Path, arguments: &[&str]) -> Ran {
    Ran::of(
        context
            .command_with_compiler(folder)
            .args(arguments)
            .output(),
    )
}

/// A folder at the same place each time, so that what is compiled for it can be used again.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::canonicalize(root).expect("the repository")
}

fn results(report: &Value) -> Vec<(&str, &str)> {
    let cases = report["cases"].as_array().expect("cases");
    cases
        .iter()
        .map(|case| {
            (
                case["name"].as_str().expect("a name"),
                case["result"].as_str().expect("a result"),
            )
        })
        .collect()
}

/// One test, because what is compiled takes long: the way of an engineer who has nothing but the
/// binary and Rust, and on from there.
#[test]
fn an_engineer_blocks_a_bad_release_with_a_policy_of_their_own() {
    let context = Context::new();
    // What is compiled stays: it depends on the place of the plugin, which is always the same.
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engineer-tools");
    fs::create_dir_all(tools.join("target")).expect("a folder");
    fs::copy(root().join("Cargo.lock"), tools.join("Cargo.lock")).expect("the lockfile");
    let parent = folder("engineer");
    let begun = languages::own_policy(&context, "rust", &parent, &tools);
    let (made, _) = begun.stdout.split_once("no-drafts 0.1.0").expect("a test");
    insta::assert_snapshot!(made);
    let again = ran(&context, &parent, &["plugin", "new", "no-drafts"]).expect_code(2);
    assert!(again.stderr.contains("already there"), "{}", again.stderr);
    let plugin = parent.join("no-drafts");
    let cargo = fs::read_to_string(plugin.join("Cargo.toml")).expect("Cargo.toml");
    let (_, dependencies) = cargo.split_once("[dependencies]\n").expect("dependencies");
    let named = dependencies.lines().take_while(|line| !line.is_empty());
    assert_eq!(
        named.collect::<Vec<_>>(),
        ["holdpoint-sdk = { path = \"vendor/holdpoint/sdk\" }"]
    );
    // What is copied has its licence with it.
    assert!(plugin.join("vendor/holdpoint/LICENSE").is_file());
    let test = |arguments: &[&str]| {
        let built = ["plugin", "test", "--offline"];
        ran(&context, &plugin, &[&built[..], arguments].concat())
    };

    // The release that was stopped is a case from now on.
    let record = "plugin test no-drafts --built no-drafts/target/no-drafts.wasm --format json \
                  --record v1.0.0..HEAD --repo payments --pipeline holdpoint.toml --as-case payments";
    let record: Vec<_> = record.split_whitespace().collect();
    let report = ran(&context, &parent, &record).expect_code(0).json();
    assert_eq!(results(&report), [("payments", "written")]);

    // Their own policy: what is left for later is a draft too, and a case says so.
    let source = fs::read_to_string(plugin.join("src/lib.rs")).expect("the source");
    let changed = source.replace("\"WIP\"]", "\"WIP\", \"LATER\"]");
    fs::write(plugin.join("src/lib.rs"), changed).expect("the source");
    let case = "[release]\ncommits = [\"LATER: ask legal\"]\n";
    fs::write(plugin.join("cases/later.toml"), case).expect("the case");
    let differs = test(&["--case", "later"]).expect_code(1);
    assert!(
        differs.stdout.contains("“LATER: ask legal” is a draft."),
        "{}",
        differs.stdout
    );
    test(&["--case", "later", "--update"]).expect_code(0);
    let report = test(&["--format", "json"]).expect_code(0).json();
    assert_eq!(results(&report).len(), 5);

    // The examples of the other kinds, in the same folder, so that the kit is compiled once.
    for kind in ["risk", "resource", "document", "notify", "action", "verify"] {
        let other = folder("example");
        let new = ["plugin", "new", "no-drafts", "--kind", kind];
        ran(&context, &other, &new).expect_code(0);
        let other = other.join("no-drafts");
        for file in ["plugin.toml", "src/lib.rs"] {
            fs::copy(other.join(file), plugin.join(file)).expect("a file of the example");
        }
        fs::remove_dir_all(plugin.join("cases")).expect("the cases");
        fs::rename(other.join("cases"), plugin.join("cases")).expect("the cases");
        let report = test(&["--format", "json"]).expect_code(0).json();
        assert_eq!(results(&report).len(), 2, "{kind}");
    }

    fs::remove_dir_all(plugin.join("cases")).expect("the cases");
    let nothing = test(&[]).expect_code(2);
    assert!(
        nothing.stderr.contains("has no tests"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn a_plugin_cannot_have_every_name() {
    let context = Context::new();
    for name in [
        "No-Fridays",
        "no fridays",
        "../no-fridays",
        "no\"fridays",
        "",
    ] {
        let ran = ran(&context, context.path(), &["plugin", "new", name]).expect_code(2);
        let said: Vec<&str> = ran.stderr.split_whitespace().collect();
        // Each error in the chain says what the next one says.
        let times = said.join(" ").matches("expected kebab-case").count();
        assert_eq!(times, 1, "{}", ran.stderr);
    }
    assert_eq!(fs::read_dir(context.path()).expect("the folder").count(), 0);
    let ran = ran(
        &context,
        context.path(),
        &["plugin", "new", "x", "--kind", "polity"],
    );
    let ran = ran.expect_code(2);
    assert!(
        ran.stderr.contains("policy, risk, resource"),
        "{}",
        ran.stderr
    );
}
