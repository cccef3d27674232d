//! Edits of documents that a run writes into the working tree.

use std::fs;

use serde_json::{Value, json};

use super::Project;
use crate::context::Ran;
use crate::hostile::program;

/// A pipeline with a stage for each list of edits: a path, what is written, and its marks.
fn project(stages: &[Value]) -> Project {
    let project = Project::new();
    let liar = program("liar");
    let mut text = "[release]\nproject = \"payments\"\n".to_owned();
    for (number, edits) in (1..).zip(stages) {
        let settings = json!({ "edits": edits }).to_string();
        let settings: toml::Value = serde_json::from_str(&settings).expect("settings");
        text += &format!(
            "\n[plugins.writer-{number}]\nsource = {:?}\nsettings = {settings}\n\n[[stages]]\n\
             id = \"documents-{number}\"\nuse = [{{ plugin = \"writer-{number}\", kind = \"document\" }}]\n\
             write-edits = true\n",
            liar.display().to_string(),
        );
    }
    project.repository.write(
        "README.md",
        "# Payments\n\n<!-- version -->\n1.0\n<!-- /version -->\n\n## News\n\n- old\n",
    );
    project.repository.commit("docs: read me");
    project.pipeline(&text);
    project
}

fn read(project: &Project, path: &str) -> String {
    fs::read_to_string(project.repository.path().join(path)).expect("a file")
}

#[test]
fn parts_of_one_file_are_put_together() {
    let marks = ["<!-- version -->", "<!-- /version -->"];
    let project = project(&[json!([
        { "path": "README.md", "content": "1.1", "marks": marks },
        { "path": "NOTES.md", "content": "new\n" },
        { "path": "README.md", "content": "- refunds", "marks": ["## News"] },
    ])]);
    let report = project.run().expect_code(0).json();
    assert_eq!(
        read(&project, "README.md"),
        "# Payments\n\n<!-- version -->\n1.1\n<!-- /version -->\n\n## News\n\n- refunds\n\n- old\n"
    );
    assert_eq!(read(&project, "NOTES.md"), "new\n");
    let shown = project.holdpoint(["status"]).expect_code(0).stdout;
    assert!(shown.contains("write README.md"), "{shown}");
    // One effect a file, and what each edit changes.
    let stage = &report["stages"][0];
    assert_eq!(stage["effects"].as_array().map(Vec::len), Some(2));
    let edits = &stage["plugins"][0]["answer"]["edits"];
    assert_eq!(
        edits[0]["place"],
        json!({ "kind": "section", "begin": marks[0], "end": marks[1] })
    );
    assert_eq!(
        edits[0]["difference"],
        "@@ -1,7 +1,7 @@\n # Payments\n \n <!-- version -->\n-1.0\n+1.1\n <!-- /version -->\n \n ## News\n"
    );
    assert_eq!(edits[1]["before"], "absent");
    assert_eq!(
        edits[2]["place"],
        json!({ "kind": "insertion", "heading": "## News" })
    );
    assert_eq!(edits[2]["insertions"], 2);
}

#[test]
fn a_person_reads_whether_it_is_written() {
    let project = project(&[json!([{ "path": "NOTES.md", "content": "new\n" }])]);
    let said = |arguments: &[&str]| {
        let mut command = project.command();
        command.args(arguments).arg("--pipeline");
        command.arg(project.context.path().join("holdpoint.toml"));
        Ran::of(command.output()).expect_code(0).stdout
    };
    let rehearsed = said(&["run", "--dry-run"]);
    assert!(
        rehearsed.contains("It would edit (nothing is written):"),
        "{rehearsed}"
    );
    assert!(!project.repository.path().join("NOTES.md").exists());
    let written = said(&["run"]);
    assert!(written.contains("It edits:"), "{written}");
    assert_eq!(read(&project, "NOTES.md"), "new\n");
}

#[track_caller]
fn is_malformed(edits: Value, expected: &str) {
    let project = project(&[edits]);
    let before = read(&project, "README.md");
    let report = project.run().expect_code(3).json();
    let plugin = &report["stages"][0]["plugins"][0];
    assert_eq!(plugin["outcome"], "malformed");
    let message = plugin["fault"]["message"].as_str().expect("a message");
    assert!(message.ends_with(expected), "{message}");
    assert_eq!(report["effects"], "none");
    assert_eq!(read(&project, "README.md"), before);
    assert!(!project.repository.path().join("NOTES.md").exists());
}

#[test]
fn an_edit_that_does_not_fit_is_a_fault_and_nothing_is_written() {
    is_malformed(
        json!([
            { "path": "NOTES.md", "content": "new\n" },
            { "path": "README.md", "content": "x", "marks": ["## Olds"] },
        ]),
        "an edit of `README.md`: the file has the line `## Olds` 0 times, and once is needed",
    );
    is_malformed(
        json!([{ "path": "NOTES.md", "content": "x", "marks": ["# Notes"] }]),
        "an edit of `NOTES.md`: there is no such file",
    );
    is_malformed(
        json!([
            { "path": "README.md", "content": "x", "marks": ["## News"] },
            { "path": "README.md", "content": "all of it" },
        ]),
        "an edit of `README.md`: another edit of the stage changes it already, and this one would \
         write all of it",
    );
}

#[test]
fn what_the_edits_of_a_stage_change_is_bounded() {
    // Each edit is small, and each one gives a whole file.
    let project = Project::new();
    let large = format!("{}\n## News\n", "x".repeat(15 << 20));
    project.repository.write("LARGE.md", &large);
    project.repository.commit("docs: much");
    let liar = program("liar");
    let edit = "{ path = \"LARGE.md\", content = \"- new\", marks = [\"## News\"] }";
    project.pipeline(&format!(
        "[plugins.writer]\nsource = {:?}\nsettings = {{ edits = [{edit}, {edit}, {edit}] }}\n\n\
         [[stages]]\nid = \"documents\"\nuse = [{{ plugin = \"writer\", kind = \"document\" }}]\n",
        liar.display().to_string(),
    ));
    let report = project.run().expect_code(3).json();
    assert_eq!(
        report["stages"][0]["plugins"][0]["fault"]["message"],
        "answered what the contract does not allow: an edit of `LARGE.md`: the files that the stage \
         edits, before and after, have more than 67108864 bytes"
    );
}
