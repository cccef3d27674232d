//! The life of both grants: asked for, granted, in force, told.

use super::*;

const BOTH: &str = "kind = \"policy\"\n";

#[track_caller]
fn refused(project: &Project, pipeline: &str, expected: &[&str]) {
    let report = project.report(pipeline, 2);
    let error = &report["error"];
    let said = format!("{} {} {}", error["message"], error["causes"], error["help"]);
    for words in expected {
        assert!(said.contains(words), "{words}\n{error:#}");
    }
}

#[test]
fn what_is_asked_for_and_not_granted_is_refused_and_the_words_show_the_line() {
    let project = Project::new();
    for (grants, expected) in [
        (
            "grants.history = true",
            ["asks for the capability `evidence`", "grants.evidence = ["],
        ),
        (
            "grants.evidence = []\ngrants.history = true",
            ["asks for the capability `evidence`", "[plugins.archivist]"],
        ),
        (
            "grants.evidence = [\"sbom\"]",
            ["asks for the capability `history`", "grants.history = true"],
        ),
        (
            "grants.evidence = [\"sbom\"]\ngrants.history = false",
            ["asks for the capability `history`", "[plugins.archivist]"],
        ),
    ] {
        let pipeline = both() + &stage(grants, &json!([]));
        refused(&project, &pipeline, &expected);
    }
}

#[test]
fn evidence_that_the_release_does_not_have_cannot_be_granted() {
    let project = Project::new();
    let grants = "grants.evidence = [\"sbon\"]\ngrants.history = true";
    refused(
        &project,
        &(both() + &stage(grants, &json!([]))),
        &["is granted the evidence `sbon`", "did you mean `sbom`?"],
    );
    refused(
        &project,
        &stage(grants, &json!([])),
        &["which the release does not have", "[[release.evidence]]"],
    );
    // Nothing stands for all of them: what is added later is not granted by then.
    let grants = "grants.evidence = [\"*\"]\ngrants.history = true";
    let pipeline = both() + &stage(grants, &json!([]));
    refused(&project, &pipeline, &["is granted the evidence `*`"]);
}

#[test]
fn what_is_granted_and_not_asked_for_is_a_warning_and_not_in_force() {
    let project = Project::new();
    let source = program("hostile").display().to_string();
    let pipeline = format!(
        "{}[plugins.judge]\nsource = {source:?}\n{GRANTS}\nsettings.behaviour = \"nothing\"\n\
         [[stages]]\nid = \"policy\"\nuse = [\"judge\"]\n{BOTH}",
        both()
    );
    let report = project.report(&pipeline, 0);
    let findings = report["findings"].as_array().expect("findings");
    let said: Vec<_> = findings.iter().map(|one| &one["message"]).collect();
    assert_eq!(
        said,
        [
            "plugin `judge` is granted `evidence` and does not ask for it",
            "plugin `judge` is granted `history` and does not ask for it"
        ]
    );
    let grants = &report["stages"][0]["plugins"][0]["grants"];
    assert_eq!(
        (&grants["evidence"], &grants["history"]),
        (&json!([]), &json!(false))
    );
}

#[test]
fn both_grants_are_part_of_what_decides() {
    let project = Project::new();
    let digest = |grants: &str| {
        let report = project.report(&(both() + &stage(grants, &json!([]))), 0);
        report["configuration"]["digest"].to_string()
    };
    let one = digest("grants = { evidence = [\"sbom\"], history = true }");
    let two = digest("grants = { evidence = [\"tests\", \"sbom\"], history = true }");
    assert_ne!(one, two);
}

#[test]
fn a_project_grants_a_plugin_of_the_base_policy_nothing_more() {
    let project = Project::new();
    let base = both() + &stage(GRANTS, &json!([]));
    let base = project.context.write("elsewhere/base.toml", base);
    let base = base.to_str().expect("a path in UTF-8");
    let run = |text: &str, code: i32| {
        let more = ["--policy", base, "--format", "json"];
        project.ran(text, &more).expect_code(code).json()
    };
    run(&format!("[plugins.archivist]\n{GRANTS}\n"), 0);
    for grants in [
        "grants.evidence = [\"sbom\", \"tests\"]\ngrants.history = true",
        "grants.evidence = [\"sbom\"]",
    ] {
        let report = run(&format!("[plugins.archivist]\n{grants}\n"), 2);
        let message = report["error"]["message"].as_str().expect("a message");
        assert!(message.contains("`plugins.archivist.grants`"), "{message}");
    }
    // More evidence is tighter; the same with another word on what it is, is not.
    let more = named("more", "out/tests.xml", "text/xml");
    let report = run(&more, 0);
    assert_eq!(report["subject"]["evidence"][2]["name"], "more");
    let report = run(&named("sbom", "out/sbom.json", "text/plain"), 2);
    let message = report["error"]["message"].as_str().expect("a message");
    assert!(message.contains("`release.evidence `sbom``"), "{message}");
    assert!(message.contains("out/sbom.json, text/plain"), "{message}");
}
