//! The standard plugins that write documents, from a git repository to the difference in a report:
//! the real binary, the real components, the files of a real commit.

use serde_json::{Value, json};

use crate::context::{Context, Ran, Repository};

mod grants;
mod tree;

/// A time after every commit of a test, on another day in a zone ahead of UTC.
const AT: &str = "2026-11-23T23:00:00Z";

/// Calls both plugins; the changelog may read its file.
const BOTH: &str = "[plugins.changelog]\ngrants.tree = [\"CHANGELOG.md\"]\n\
                    [[stages]]\nid = \"documents\"\nuse = [\"changelog\", \"release-notes\"]\n";

/// A changelog in the form of Keep a Changelog, with something unreleased.
const CHANGELOG: &str = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- what was written by hand\n\n\
                         ## [1.0.0] - 2026-01-01\n\n### Added\n\n- pay\n\n\
                         [Unreleased]: https://example.com/a/compare/v1.0.0...HEAD\n\
                         [1.0.0]: https://example.com/a/releases/tag/v1.0.0\n";

/// A release 1.0.0 with a changelog, and a fix and a feature since.
fn conventional(context: &Context) -> Repository {
    let repository = context.repository("payments");
    repository.commit_file("CHANGELOG.md", CHANGELOG, "feat: pay");
    repository.tag("v1.0.0");
    repository.commit_file("pay.rs", "two\n", "fix: round half to even");
    repository.commit_file("refund.rs", "one\n", "feat(api): refund for @everyone <b>");
    repository
}

fn run(context: &Context, repository: &Repository, arguments: &[&str]) -> Ran {
    let arguments = ["run", "--at", AT].iter().chain(arguments);
    context.holdpoint(repository.path(), arguments)
}

/// Runs a pipeline file, for machines.
fn piped(context: &Context, repository: &Repository, pipeline: &str, code: i32) -> Value {
    let file = context.write("elsewhere/pipeline.toml", pipeline);
    let file = file.to_str().expect("a path in UTF-8");
    run(
        context,
        repository,
        &["--pipeline", file, "--format", "json"],
    )
    .expect_code(code)
    .json()
}

/// The edits of a plugin of the last stage.
fn edits(document: &Value, plugin: usize) -> &Vec<Value> {
    let stage = document["stages"]
        .as_array()
        .and_then(|stages| stages.last());
    stage.expect("a stage")["plugins"][plugin]["answer"]["edits"]
        .as_array()
        .unwrap_or_else(|| panic!("no edits: {document:#}"))
}

/// What the changelog says of why it could not decide.
#[track_caller]
fn fault(document: &Value) -> &str {
    document["stages"][0]["plugins"][0]["fault"]["message"]
        .as_str()
        .unwrap_or_else(|| panic!("no fault: {document:#}"))
}

/// The grants of a plugin that is given nothing.
fn nothing_granted() -> serde_json::Value {
    json!({
        "tree": [],
        "evidence": [],
        "history": false,
        "http": [],
        "requests": [],
        "ca": null,
        "secrets": []
    })
}

#[test]
fn documents_are_shown_as_differences() {
    let context = Context::new();
    let repository = conventional(&context);
    let ran = run(&context, &repository, &[]).expect_code(0);
    insta::assert_snapshot!(ran.stdout);
    let status = repository.git(["status", "--porcelain"]);
    assert_eq!(status, "", "nothing is written");
}

#[test]
fn machines_get_the_content_and_the_difference() {
    let context = Context::new();
    let repository = conventional(&context);
    let document = piped(&context, &repository, BOTH, 0);
    crate::schema::assert_fits("run.schema.json", &document);
    let changelog = &edits(&document, 0)[0];
    assert_eq!(changelog["path"], "CHANGELOG.md");
    assert_eq!(changelog["before"], "file");
    assert_eq!(changelog["insertions"], 9);
    assert_eq!(changelog["deletions"], 1);
    // The difference leads from the one content to the other, says git.
    let difference = changelog["difference"].as_str().expect("a difference");
    let patch = context.write(
        "change.patch",
        format!("--- a/CHANGELOG.md\n+++ b/CHANGELOG.md\n{difference}"),
    );
    repository.git(["apply".as_ref(), patch.as_os_str()]);
    let applied = std::fs::read_to_string(repository.path().join("CHANGELOG.md"));
    assert_eq!(changelog["content"], applied.expect("a file"));
    let notes = &edits(&document, 1)[0];
    assert_eq!(notes["before"], "absent");
    assert_eq!(notes["deletions"], 0);
    let plugins = &document["stages"][0]["plugins"];
    assert_eq!(plugins[0]["grants"]["tree"], json!(["CHANGELOG.md"]));
    assert_eq!(plugins[1]["grants"], nothing_granted());
}

#[test]
fn a_document_that_is_as_it_should_be_is_not_changed() {
    let context = Context::new();
    let repository = conventional(&context);
    let pipeline = format!("[release]\nzone = \"Europe/Berlin\"\n{BOTH}");
    let document = piped(&context, &repository, &pipeline, 0);
    for plugin in [0, 1] {
        let edit = &edits(&document, plugin)[0];
        let text = edit["content"].as_str().expect("content");
        assert!(text.contains("2026-11-24"), "{text}");
        repository.write(edit["path"].as_str().expect("a path"), text);
    }
    repository.commit("docs: release 1.1.0");
    let document = piped(&context, &repository, &pipeline, 0);
    assert_eq!(edits(&document, 0), &[json!(null); 0]);
}

/// Whatever a repository is like, documents stop nobody who has not asked for them.
#[test]
fn the_embedded_pipeline_has_something_sensible_to_say_everywhere() {
    let context = Context::new();
    let last = |repository: &Repository| {
        let document = run(&context, repository, &["--format", "json"]).json();
        let stages = document["stages"].as_array().expect("stages");
        let stage = stages.last().expect("a stage");
        assert_eq!(stage["id"], "documents");
        assert_eq!(stage["verdict"], "go", "{stage:#}");
        document
    };
    let plain = context.repository("plain");
    plain.commit_file("one", "1\n", "did <i>something</i>");
    plain.tag("v1.0.0");
    plain.commit_file("one", "2\n", "did more");
    let document = last(&plain);
    assert!(document["subject"]["version"].is_null());
    assert_eq!(edits(&document, 0), &[json!(null); 0]);
    let notes = &edits(&document, 1)[0]["content"];
    assert_eq!(
        notes,
        "# Changes since 1.0.0\n\n## Other changes\n\n- did more\n"
    );

    // No changelog is begun where there is none.
    let without = context.repository("without");
    without.commit_file("one", "1\n", "feat: begin");
    assert_eq!(edits(&last(&without), 0), &[json!(null); 0]);

    // One that cannot be read is told of and stops nobody.
    without.commit_file("CHANGELOG.md", b"\xff\n", "feat: go on");
    let document = last(&without);
    let plugin = &document["stages"][2]["plugins"][0];
    assert_eq!(plugin["outcome"], "fault");

    let merged = context.repository("merged");
    merged.commit_file("one", "1\n", "feat: begin");
    merged.tag("v1.0.0");
    merged.git(["checkout", "--quiet", "-b", "side", "HEAD"]);
    let side = merged.commit("fix: aside");
    merged.git(["checkout", "--quiet", "main"]);
    merged.commit("chore: go on");
    merged.git(["merge", "--quiet", "--no-ff", "--no-edit", &side]);
    assert_eq!(edits(&last(&merged), 1).len(), 1);
}

/// Nothing in a commit message controls the terminal or the document.
#[test]
fn hostile_messages_stay_text() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.commit(
        "feat(\u{1b}[2J): \u{202e}@all <script>alert(1)</script> ![x](https://evil.example) ::error::",
    );
    let ran = run(&context, &repository, &["-v"]);
    assert!(
        !ran.stdout.contains(['\u{1b}', '\u{202e}']),
        "{}",
        ran.stdout
    );
    let document = piped(&context, &repository, BOTH, 0);
    for plugin in [0, 1] {
        let text = edits(&document, plugin)[0]["content"].as_str();
        let text = text.expect("content");
        assert!(!text.contains(['\u{1b}', '\u{202e}', '<']), "{text}");
        assert!(text.contains("`@all`"), "{text}");
        assert!(text.contains("`![x](https://evil.example)`"), "{text}");
    }
}

#[test]
fn a_long_difference_is_cut_and_says_how_to_see_it_all() {
    let context = Context::new();
    let repository = conventional(&context);
    for number in 0..60 {
        repository.commit(&format!("feat: number {number}"));
    }
    let brief = run(&context, &repository, &[]).expect_code(0).stdout;
    assert!(brief.contains("more lines; -v shows all"), "{brief}");
    assert!(!brief.contains("number 0\n"), "{brief}");
    let full = run(&context, &repository, &["-v"]).expect_code(0).stdout;
    assert!(!full.contains("more lines; -v shows all"), "{full}");
    assert!(full.contains("number 0\n"), "{full}");
    let colored = run(&context, &repository, &["--color", "always"]).stdout;
    assert!(colored.contains("\u{1b}[32m+"), "{colored}");
}
