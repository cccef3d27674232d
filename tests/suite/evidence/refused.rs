//! What is no evidence is refused before anything runs, in words.

use std::fs;
use std::path::Path;

use super::*;

/// What is said of evidence at this path.
#[track_caller]
fn said_of(project: &Project, path: &str) -> String {
    let pipeline = named("sbom", path, "text/plain") + &stage(GRANTS, &json!([{ "read": "sbom" }]));
    words(&project.report(&pipeline, 2))
}

fn words(report: &Value) -> String {
    let error = &report["error"];
    format!("{} {} {}", error["message"], error["causes"], error["help"])
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// The evidence at this path is read.
#[track_caller]
fn reads(project: &Project, path: &str, content: &str) {
    let pipeline = named("sbom", path, "text/plain") + &stage(GRANTS, &json!([{ "read": "sbom" }]));
    assert_eq!(said(&project.report(&pipeline, 0)), [content]);
}

#[test]
fn what_is_not_there_or_no_file_is_said_with_its_name_and_its_path() {
    let project = Project::new();
    let missing = said_of(&project, "out/none.json");
    assert!(
        missing.contains("cannot read evidence `sbom` at"),
        "{missing}"
    );
    assert!(missing.contains("out/none.json"), "{missing}");
    assert!(missing.contains("the step that makes it"), "{missing}");
    let folder = said_of(&project, "out");
    assert!(folder.contains("is not a file"), "{folder}");
    assert!(folder.contains("archive"), "{folder}");
}

#[test]
fn a_link_of_the_working_tree_leads_to_nothing_outside_of_it() {
    let project = Project::new();
    let outside = project.context.write("elsewhere/secret", "the key\n");
    let out = project.repository.path().join("out");
    let link = |name: &str, target: &Path| {
        std::os::unix::fs::symlink(target, out.join(name)).expect("a link");
    };
    link("away", &outside);
    link("up", Path::new("../../elsewhere/secret"));
    link("folder", outside.parent().expect("a folder"));
    link("git", Path::new("../.git/config"));
    link("inside", Path::new("sbom.json"));
    for path in [
        "out/away",
        "out/up",
        "out/folder/secret",
        "out/git",
        ".git/config",
    ] {
        let said = said_of(&project, path);
        assert!(
            said.contains("cannot read evidence `sbom`"),
            "{path}: {said}"
        );
        let own = project.repository.path().join(path);
        let said = said_of(&project, text(&own));
        assert!(
            said.contains("cannot read evidence `sbom`"),
            "{path}: {said}"
        );
    }
    // What stays inside is read, and so is what the operator names outside.
    reads(&project, "out/inside", SBOM);
    reads(&project, "out/../out/sbom.json", SBOM);
    reads(&project, text(&outside), "the key\n");
    reads(&project, "../elsewhere/secret", "the key\n");
}

#[test]
fn a_pipeline_that_is_not_trusted_names_evidence_of_the_working_tree_only() {
    let project = Project::new();
    let checkout = project.repository.path();
    fs::copy(program("archivist"), checkout.join("archivist.wasm")).expect("a copy");
    project.context.write("elsewhere/secret", "the key\n");
    let source = program("archivist").display().to_string();
    let run = |path: &str, code: i32| {
        let stage = stage(GRANTS, &json!([{ "read": "sbom" }]));
        let pipeline = named("sbom", path, "text/plain") + &stage;
        let pipeline = pipeline.replace(&source, "archivist.wasm");
        project.repository.write("holdpoint.toml", pipeline);
        let arguments = ["run", "--dry-run", "--allow-untrusted", "--format", "json"];
        let ran = project.context.holdpoint(checkout, arguments);
        ran.expect_code(code).json()
    };
    let report = run("out/sbom.json", 0);
    assert_eq!(report["configuration"]["trusted"], false);
    assert_eq!(said(&report), [SBOM]);
    for path in ["../elsewhere/secret", ".git/config"] {
        let refused = words(&run(path, 2));
        assert!(refused.contains("cannot read evidence `sbom`"), "{refused}");
    }
}

#[test]
fn names_and_media_types_are_held_to_their_form() {
    let project = Project::new();
    let twice = named("sbom", "out/sbom.json", "text/plain");
    let twice = format!("{twice}{twice}{}", stage(GRANTS, &json!([])));
    let said = words(&project.report(&twice, 2));
    assert!(
        said.contains("give each evidence file a name of its own"),
        "{said}"
    );
    let shared = "[[release.artifacts]]\nname = \"sbom\"\npath = \"out/sbom.json\"\n".to_owned()
        + &both()
        + &stage(GRANTS, &json!([]));
    let said = words(&project.report(&shared, 2));
    assert!(said.contains("`sbom`"), "{said}");
    assert!(said.contains("a name of its own"), "{said}");
    for media_type in [
        "",
        "json",
        "text/",
        "/json",
        "text/a b",
        "a/b/c",
        "text/plain\\n",
    ] {
        let pipeline = format!(
            "[[release.evidence]]\nname = \"sbom\"\npath = \"out/sbom.json\"\nmedia-type = \"{media_type}\"\n{}",
            stage(GRANTS, &json!([]))
        );
        let said = words(&project.report(&pipeline, 2));
        assert!(
            said.contains("expected a media type"),
            "{media_type}: {said}"
        );
    }
}
