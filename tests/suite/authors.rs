//! What an author of a plugin uses: a folder to begin with, and its tests.

mod cases;
mod languages;
mod refused;

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

/// Gives a plugin the versions of the repository, so that nothing has to be fetched.
fn lock(plugin: &Path) {
    fs::copy(root().join("Cargo.lock"), plugin.join("Cargo.lock")).expect("the lockfile");
    // It names more than the plugin needs; cargo takes out what it does not.
    let trimmed = Command::new("cargo")
        .args(["metadata", "--format-version=1", "--offline", "--quiet"])
        .current_dir(plugin)
        .output()
        .expect("cargo can be started");
    assert!(trimmed.status.success(), "{trimmed:?}");
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
/// binary and Rust.
#[test]
fn an_engineer_blocks_a_bad_release_with_a_policy_of_their_own() {
    let context = Context::new();
    let parent = folder("engineer");
    let made = ran(&context, &parent, &["plugin", "new", "no-drafts"]).expect_code(0);
    insta::assert_snapshot!(made.stdout);
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
    lock(&plugin);
    // What is compiled stays: it depends on the place of the plugin, which is always the same.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engineer-target");
    let target = target.display().to_string();
    let test = |arguments: &[&str]| {
        let built = ["plugin", "test", "--offline", "--target-folder", &target];
        ran(&context, &plugin, &[&built[..], arguments].concat())
    };
    let report = test(&["--format", "json"]).expect_code(0).json();
    assert_eq!(results(&report).len(), 3);

    // Their own policy: tickets are drafts too, and a case says so.
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
    test(&[]).expect_code(0);

    // It blocks, outside of the checkout that it judges.
    let repository = context.repository("payments");
    repository.commit("feat: begin");
    repository.git(["tag", "v1.0.0"]);
    repository.commit("LATER: refund");
    let pipeline = context.write(
        "holdpoint.toml",
        format!(
            "[plugins.no-drafts]\nsource = {:?}\n[[stages]]\nid = \"policy\"\nuse = [\"no-drafts\"]\n",
            plugin.join("target/no-drafts.wasm")
        ),
    );
    let file = pipeline.display().to_string();
    let run = ran(&context, repository.path(), &["run", "--pipeline", &file]).expect_code(1);
    assert!(run.stdout.contains("no-drafts/draft"), "{}", run.stdout);

    // The release is a case from now on.
    let repo = repository.path().display().to_string();
    let built = plugin.join("target/no-drafts.wasm").display().to_string();
    let record = [
        "plugin",
        "test",
        "--built",
        &built,
        "--record",
        "v1.0.0..HEAD",
        "--repo",
        &repo,
        "--pipeline",
        &file,
        "--as-case",
        "payments",
        "--format",
        "json",
    ];
    let report = ran(&context, &plugin, &record).expect_code(0).json();
    assert_eq!(results(&report), [("payments", "written")]);
    let report = ran(
        &context,
        &plugin,
        &["plugin", "test", "--built", &built, "--format", "json"],
    )
    .expect_code(0)
    .json();
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
