//! The life of a grant: asked for, granted, in force, told.

use super::*;

const STAGE: &str = "[[stages]]\nid = \"documents\"\nuse = [\"changelog\"]\n";

#[track_caller]
fn refused(context: &Context, repository: &Repository, pipeline: &str, expected: &[&str]) {
    let document = piped(context, repository, pipeline, 2);
    let error = &document["error"];
    let said = format!("{} {} {}", error["message"], error["causes"], error["help"]);
    for words in expected {
        assert!(said.contains(words), "{words}\n{error:#}");
    }
}

#[test]
fn what_is_asked_for_and_not_granted_is_refused_before_the_run() {
    let context = Context::new();
    let repository = conventional(&context);
    refused(
        &context,
        &repository,
        STAGE,
        &[
            "asks for the capability `tree`",
            "which is not granted",
            "[plugins.changelog]",
            "grants.tree = [",
        ],
    );
    refused(
        &context,
        &repository,
        &format!("[plugins.changelog]\ngrants.tree = []\n{STAGE}"),
        &["which is not granted"],
    );
}

#[test]
fn a_grant_is_a_file_or_a_folder_of_the_repository() {
    let context = Context::new();
    let repository = conventional(&context);
    for path in [
        "",
        "/",
        "/etc/passwd",
        "..",
        "../a",
        "a/../b",
        "./a",
        "a//b",
        "a\\\\b",
    ] {
        refused(
            &context,
            &repository,
            &format!("[plugins.changelog]\ngrants.tree = [\"{path}\"]\n{STAGE}"),
            &["is not the path of a file"],
        );
    }
    refused(
        &context,
        &repository,
        &format!("[plugins.changelog]\ngrants.three = [\"a\"]\n{STAGE}"),
        &["unknown key `three`", "did you mean `tree`?"],
    );
}

#[test]
fn what_is_granted_and_not_asked_for_is_a_warning() {
    let context = Context::new();
    let repository = conventional(&context);
    let pipeline = "[plugins.release-notes]\ngrants.tree = [\"docs/\"]\n\
                    [[stages]]\nid = \"documents\"\nuse = [\"release-notes\"]\n";
    let document = piped(&context, &repository, pipeline, 0);
    let finding = &document["findings"][0];
    assert_eq!(finding["rule"], "holdpoint/grant-unused");
    assert_eq!(finding["severity"], "warning");
    assert_eq!(
        finding["message"],
        "plugin `release-notes` is granted `tree` and does not ask for it"
    );
    let plugin = &document["stages"][0]["plugins"][0];
    assert_eq!(plugin["grants"], nothing_granted(), "nothing is in force");
}

#[test]
fn a_grant_is_part_of_what_decides() {
    let context = Context::new();
    let repository = conventional(&context);
    let digest = |tree: &str| {
        let pipeline = format!("[plugins.changelog]\ngrants.tree = [{tree}]\n{STAGE}");
        let file = context.write("elsewhere/pipeline.toml", pipeline);
        let file = file.to_str().expect("a path in UTF-8");
        let arguments = ["check", "--pipeline", file, "--format", "json"];
        let document = context
            .holdpoint(repository.path(), arguments)
            .expect_code(0)
            .json();
        crate::schema::assert_fits("check.schema.json", &document);
        let plugin = &document["stages"][0]["plugins"][0];
        (
            document["configuration"]["digest"].clone(),
            plugin["grants"]["tree"].clone(),
        )
    };
    let (one, tree) = digest("\"CHANGELOG.md\"");
    assert_eq!(tree, json!(["CHANGELOG.md"]));
    let (two, tree) = digest("\"docs/\", \"CHANGELOG.md\"");
    assert_eq!(tree, json!(["CHANGELOG.md", "docs/"]));
    assert_ne!(one, two);
}

#[test]
fn a_project_grants_a_plugin_of_the_base_policy_nothing_more() {
    let context = Context::new();
    let repository = conventional(&context);
    let base = context.write("elsewhere/base.toml", BOTH);
    let run = |grants: &str, code: i32| {
        let project = format!("[plugins.changelog]\n{grants}\n");
        let project = context.write("elsewhere/project.toml", project);
        let arguments = [
            "--policy".as_ref(),
            base.as_os_str(),
            "--pipeline".as_ref(),
            project.as_os_str(),
            "--format".as_ref(),
            "json".as_ref(),
        ];
        let arguments = ["run", "--at", AT]
            .map(AsRef::as_ref)
            .into_iter()
            .chain(arguments);
        context
            .holdpoint(repository.path(), arguments)
            .expect_code(code)
            .json()
    };
    run("grants.tree = [\"CHANGELOG.md\"]", 0);
    for grants in [
        "grants.tree = [\"CHANGELOG.md\", \"docs/\"]",
        "grants.tree = [\"docs/\"]",
        "grants.tree = []",
    ] {
        let document = run(grants, 2);
        let message = document["error"]["message"].as_str().expect("a message");
        assert!(message.contains("`plugins.changelog.grants`"), "{message}");
        assert!(message.contains("looser than"), "{message}");
    }
}
