//! What is carried out, what is taken back, and what the process ends with.

use serde_json::json;

use super::{DEPLOY, Project, entries, verify};

#[test]
fn a_go_is_carried_out_once_and_recorded() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let report = project.run().expect_code(0).json();
    assert_eq!(report["verdict"], "go");
    assert_eq!(report["effects"], "done");
    assert_eq!(report["sitting"]["state"], "finished");
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
    let status = project.status();
    assert_eq!(
        entries(&status),
        [
            "began", "sat", "decided", "decided", "intended", "settled", "rested"
        ]
    );
    assert_eq!(status["effects"][0]["state"], "done");
}

#[test]
fn a_release_that_was_carried_out_is_carried_out_again_only_when_that_is_said() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let first = project.run().expect_code(0).json();
    let second = project.run().expect_code(0).json();
    assert_eq!(second["run"], first["run"]);
    assert_eq!(second["stages"][1]["reached"], false);
    assert_eq!(second["stages"][1]["effects"][0]["state"], "done");
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
    let mut again = project.arguments(project.command(), ["run", "--again"]);
    crate::context::Ran::of(again.output()).expect_code(0);
    assert_eq!(project.ledger(), ["deploy 1.1.0", "deploy 1.1.0"]);
}

#[test]
fn a_dry_run_shows_what_it_would_run_and_records_nothing() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    let command = project.arguments(project.command(), ["run", "--dry-run"]);
    let report = crate::context::Ran::of({ command }.output())
        .expect_code(0)
        .json();
    assert_eq!(
        report["stages"][1]["commands"],
        json!([["./deploy.sh", "deploy", "1.1.0"]])
    );
    assert_eq!(report["sitting"], json!(null));
    assert!(project.ledger().is_empty());
    project.holdpoint(["status"]).expect_code(2);
}

#[test]
fn a_copy_of_the_pipeline_in_the_checkout_lets_nothing_go_on() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    super::kills::kill(&project, "after-decided:deploy", None);
    let file = project.context.path().join("holdpoint.toml");
    let copy = project.repository.path().join("holdpoint.toml");
    std::fs::copy(file, &copy).expect("a copy");
    let resume = |pipeline: &std::path::Path| {
        let mut command = project.command();
        command.args(["resume", "--format", "json", "--pipeline"]);
        crate::context::Ran::of(command.arg(pipeline).output())
    };
    let error = resume(&copy).expect_code(2).json()["error"].clone();
    assert!(
        error["message"].to_string().contains("is not trusted"),
        "{error:#}"
    );
    assert!(project.ledger().is_empty());
    resume(&project.context.path().join("holdpoint.toml")).expect_code(0);
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
}

#[test]
fn nothing_is_carried_out_after_a_stage_that_is_not_go() {
    let project = Project::new();
    project.repository.commit("made it faster");
    project.pipeline(DEPLOY);
    let report = project.run().expect_code(1).json();
    assert_eq!(report["effects"], "none");
    assert_eq!(report["sitting"]["state"], "open");
    assert_eq!(report["stages"][1]["verdict"], "go");
    assert!(project.ledger().is_empty());
}

#[test]
fn a_command_that_fails_is_undone() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    project.switch("deploy-fails", true);
    let report = project.run().expect_code(5).json();
    assert_eq!(report["effects"], "undone");
    assert_eq!(project.ledger(), ["deploy 1.1.0", "undo 1.1.0"]);
    let effects = &report["stages"][1]["effects"];
    assert_eq!(effects[0]["state"], "failed");
    assert_eq!(effects[0]["why"], "it exited with 7");
    assert_eq!(effects[1]["state"], "done");
    assert_eq!(report["sitting"]["state"], "finished");
    // Asked for again it says so again, and deploys nothing.
    project.run().expect_code(5);
    assert_eq!(project.ledger().len(), 2);
}

#[test]
fn stages_are_undone_in_reverse_and_what_cannot_be_undone_needs_a_person() {
    let project = Project::new();
    project.pipeline(&format!(
        "{DEPLOY}\n[[stages]]\nid = \"second\"\n\
         run = [[\"./deploy.sh\", \"deploy\", \"second\"]]\n\
         undo = [[\"./deploy.sh\", \"undo\", \"second\"]]\nenvironment = [\"LEDGER\"]\n\n\
         [[stages]]\nid = \"announce\"\n\
         run = [[\"./deploy.sh\", \"announce\", \"{{{{ subject.version }}}}\"]]\n\
         environment = [\"LEDGER\"]\n"
    ));
    project.switch("announce-fails", true);
    let ran = project.run().expect_code(6);
    let report = ran.json();
    assert_eq!(report["effects"], "incomplete");
    assert_eq!(report["sitting"]["state"], "open");
    assert_eq!(
        project.ledger(),
        [
            "deploy 1.1.0",
            "deploy second",
            "announce 1.1.0",
            "undo second",
            "undo 1.1.0"
        ]
    );
    // It is said first.
    let page = project.holdpoint(["resume"]).expect_code(6);
    assert!(page.stdout.starts_with("NOT UNDONE"), "{}", page.stdout);
    assert_eq!(project.ledger().len(), 5, "nothing is undone twice");
}

#[test]
fn an_undo_that_failed_is_tried_again_by_the_next_sitting() {
    let project = Project::new();
    project.pipeline(DEPLOY);
    project.switch("deploy-fails", true);
    project.switch("undo-fails", true);
    project.run().expect_code(6);
    project.switch("undo-fails", false);
    let report = project.resume().expect_code(5).json();
    assert_eq!(report["effects"], "undone");
    assert_eq!(
        project.ledger(),
        ["deploy 1.1.0", "undo 1.1.0", "undo 1.1.0"]
    );
}

#[test]
fn a_measurement_that_fails_undoes_what_was_deployed() {
    let project = Project::new();
    let keys = "attempts = 2\ninterval = \"1ms\"";
    project.pipeline(&format!("{DEPLOY}{}", verify("{ healthy-from = 0 }", keys)));
    let report = project.run().expect_code(5).json();
    assert_eq!(project.ledger(), ["deploy 1.1.0", "undo 1.1.0"]);
    let measured = report["stages"][2]["measured"].as_array().expect("a list");
    assert_eq!(measured.len(), 2);
}

#[test]
fn a_measurement_is_repeated_until_it_is_healthy() {
    let project = Project::new();
    let keys = "attempts = 3\ninterval = \"1ms\"";
    project.pipeline(&format!("{DEPLOY}{}", verify("{ healthy-from = 2 }", keys)));
    let report = project.run().expect_code(0).json();
    assert_eq!(report["effects"], "done");
    assert_eq!(report["stages"][2]["measured"][1]["health"], "healthy");
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
}

#[test]
fn no_data_waits_unless_the_operator_says_what_it_means() {
    for (inconclusive, code, ledger) in [("wait", 4, 1), ("healthy", 0, 1), ("failing", 5, 2)] {
        let project = Project::new();
        let keys = format!("inconclusive = \"{inconclusive}\"");
        let settings = "{ before = \"inconclusive\" }";
        project.pipeline(&format!("{DEPLOY}{}", verify(settings, &keys)));
        project.run().expect_code(code);
        assert_eq!(project.ledger().len(), ledger, "{inconclusive}");
    }
}

#[test]
fn a_plugin_that_cannot_measure_is_a_fault_that_undoes_nothing() {
    let project = Project::new();
    project.pipeline(&format!("{DEPLOY}{}", verify("{ before = \"fault\" }", "")));
    let report = project.run().expect_code(3).json();
    assert_eq!(report["effects"], "done");
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
}

/// A stage whose program is not there, and which has something to undo.
const MISSING: &str = "\n[[stages]]\nid = \"announce\"\n\
                       run = [[\"./missing.sh\"]]\nundo = [[\"./deploy.sh\", \"unsay\", \"it\"]]\n\
                       environment = [\"LEDGER\"]\n";

#[test]
fn a_program_that_is_not_there_did_nothing_and_is_not_undone() {
    let project = Project::new();
    project.pipeline(&format!("{DEPLOY}{MISSING}"));
    let report = project.run().expect_code(5).json();
    assert_eq!(report["stages"][2]["effects"][0]["state"], "not-begun");
    assert_eq!(report["effects"], "undone");
    assert_eq!(project.ledger(), ["deploy 1.1.0", "undo 1.1.0"]);
}

#[test]
fn where_nothing_was_carried_out_nothing_was_undone() {
    let project = Project::new();
    project.pipeline(&DEPLOY.replace(
        "\"./deploy.sh\", \"deploy\"",
        "\"./missing.sh\", \"deploy\"",
    ));
    for _ in 0..2 {
        let report = project.run().expect_code(3).json();
        assert_eq!(report["verdict"], "fault");
        assert_eq!(report["effects"], "none");
        assert_eq!(report["sitting"]["state"], "open");
        assert_eq!(report["stages"][1]["effects"][0]["state"], "not-begun");
        let missing = report["stages"][1]["missing"].to_string();
        assert!(missing.contains("deploy/run/1"), "{missing}");
        assert!(project.ledger().is_empty());
    }
    // It is in nobody's way.
    project.repository.commit("feat: more");
    project.pipeline(DEPLOY);
    project.run().expect_code(0);
}

#[test]
fn what_people_let_go_and_could_not_begin_is_no_success() {
    let project = Project::new();
    let grace = project.signer("grace");
    let heidi = project.signer("heidi");
    project.signer("ada");
    let pipeline = super::people::gated().replace(
        "[[stages]]\nid = \"gate\"\napprovals = [{ role = \"managers\" }]\n\n",
        "",
    );
    // The stage that cannot begin is itself one that people let go.
    let pipeline = pipeline.replace(
        "id = \"deploy\"\n",
        "id = \"deploy\"\napprovals = [{ role = \"managers\" }]\n",
    );
    project.pipeline(&pipeline.replace(
        "\"./deploy.sh\", \"deploy\"",
        "\"./missing.sh\", \"deploy\"",
    ));
    project.repository.commit("made it faster");
    let run = project.run().expect_code(1).json();
    let run = run["run"].as_str().expect("a run");
    for stage in ["policy", "deploy"] {
        for key in [&grace, &heidi] {
            let key = key.to_str().expect("a path");
            let says = [
                "override", run, "--stage", stage, "--reason", "INC-1", "--key", key,
            ];
            project.holdpoint(says).expect_code(0);
        }
    }
    project.run().expect_code(3);
    project.run().expect_code(3);
    assert!(project.ledger().is_empty());
}

#[test]
fn an_edit_that_is_refused_undoes_nothing_and_is_tried_again() {
    let project = Project::new();
    let notes = "\n[[stages]]\nid = \"notes\"\nuse = [\"release-notes\"]\nwrite-edits = true\n";
    for (pipeline, ledger, effects) in [
        (
            DEPLOY.replace(
                "\n[[stages]]\nid = \"deploy\"",
                &format!("{notes}\n[[stages]]\nid = \"deploy\""),
            ),
            0,
            "none",
        ),
        (format!("{DEPLOY}{notes}"), 1, "done"),
    ] {
        project.pipeline(&pipeline);
        // Somebody's work, which is not written over.
        project.repository.write("RELEASE_NOTES.md", "mine\n");
        let report = project.run().expect_code(3).json();
        assert_eq!(report["verdict"], "fault");
        assert_eq!(report["effects"], effects);
        assert_eq!(report["sitting"]["state"], "open");
        assert_eq!(project.ledger().len(), ledger);
        let file = project.repository.path().join("RELEASE_NOTES.md");
        std::fs::remove_file(&file).expect("the work is put away");
        let report = project.run().expect_code(0).json();
        assert_eq!(report["effects"], "done");
        assert!(file.exists());
        assert_eq!(project.ledger(), ["deploy 1.1.0"]);
        project.reset_ledger();
    }
}

#[test]
fn a_rehearsal_with_a_file_of_the_checkout_runs_nothing() {
    let project = Project::new();
    project.repository.write("holdpoint.toml", DEPLOY);
    let ran = project.holdpoint(["run", "--format", "json"]);
    ran.expect_code(2);
    assert!(project.ledger().is_empty());
}

#[test]
fn a_new_run_takes_the_place_of_one_that_waits_and_not_of_one_that_is_not_settled() {
    let project = Project::new();
    project.repository.commit("made it faster");
    project.pipeline(DEPLOY);
    let first = project.run().expect_code(1).json();
    project
        .repository
        .git(["reset", "--quiet", "--hard", "HEAD~1"]);
    project.run().expect_code(0);
    let runs = project
        .holdpoint(["history", "--format", "json"])
        .expect_code(0)
        .json();
    let states: Vec<_> = runs["runs"]
        .as_array()
        .expect("runs")
        .iter()
        .map(|run| (run["run"].clone(), run["state"].clone()))
        .collect();
    assert_eq!(states[1], (first["run"].clone(), json!("superseded")));
    assert_eq!(states[0].1, json!("finished"));
}

#[test]
fn a_run_that_was_ended_does_not_go_on() {
    let project = Project::new();
    project.repository.commit("made it faster");
    project.pipeline(DEPLOY);
    let run = project.run().expect_code(1).json();
    let run = run["run"].as_str().expect("a run");
    project
        .holdpoint(["abort", run, "--reason", "not needed"])
        .expect_code(0);
    let refused = project.holdpoint(["resume", run]).expect_code(2);
    assert!(refused.stderr.contains("is aborted"), "{}", refused.stderr);
}

#[test]
fn a_lease_keeps_another_run_waiting_until_it_is_given_back() {
    let project = Project::new();
    let lease = "\n[plugins.gauge]\nsource = \"GAUGE\"\nsettings = { lease = \"environment/production\" }\n\
                 \n[[stages]]\nid = \"lease\"\nuse = [\"gauge\"]\nkind = \"resource\"\n";
    let (head, deploy) = DEPLOY
        .split_once("[[stages]]\nid = \"deploy\"")
        .expect("a stage");
    project.pipeline(&format!(
        "{head}{lease}\n[[stages]]\nid = \"deploy\"{deploy}"
    ));
    let report = project.run().expect_code(0).json();
    assert_eq!(report["verdict"], "go");
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
}
