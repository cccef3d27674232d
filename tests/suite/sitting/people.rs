//! Approvals, overrides and words on what became of an effect, with real keys, through the program.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use holdpoint::store::STATEMENTS_MAX;

use super::{DEPLOY, Project, kills};
use crate::context::Ran;

impl Project {
    /// A new key of somebody, whom the list of signers names.
    pub fn signer(&self, name: &str) -> PathBuf {
        let key = self.context.path().join(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(&key)
            .output();
        Ran::of(made).expect_code(0);
        let public = fs::read_to_string(key.with_extension("pub")).expect("a public key");
        let list = self.context.path().join("allowed_signers");
        let mut lines = fs::read_to_string(&list).unwrap_or_default();
        lines.push_str(&format!("{name}@example.com {public}"));
        fs::write(list, lines).expect("the list");
        key
    }

    /// A pipeline in which the deployment waits for an approval.
    pub fn gated(&self) {
        self.pipeline(&gated());
    }
}

/// The pipeline, which names the people.
pub fn gated() -> String {
    let people = "\
[approvers]
signers = \"allowed_signers\"
roles = { managers = [\"grace@example.com\", \"heidi@example.com\"] }

[approvers.identities]
\"grace@example.com\" = [\"grace@example.com\"]
\"heidi@example.com\" = [\"heidi@example.com\"]
\"ada@example.com\" = [\"ada@example.com\", \"carl@example.com\"]

[override]
role = \"managers\"

[[stages]]
id = \"gate\"
approvals = [{ role = \"managers\" }]

[[stages]]
id = \"deploy\"";
    DEPLOY.replace("[[stages]]\nid = \"deploy\"", people)
}

fn run_of(ran: &Ran) -> String {
    ran.json()["run"].as_str().expect("a run").to_owned()
}

#[test]
fn a_run_waits_for_an_approval_and_goes_on_in_another_process() {
    let project = Project::new();
    let grace = project.signer("grace");
    project.signer("heidi");
    project.signer("ada");
    project.gated();
    let ran = project.run().expect_code(4);
    let run = run_of(&ran);
    assert!(project.ledger().is_empty());
    let missing = ran.json()["stages"][1]["missing"].to_string();
    assert!(missing.contains("managers"), "{missing}");
    // Waiting is no new run.
    assert_eq!(run_of(&project.run().expect_code(4)), run);
    let key = grace.to_str().expect("a path");
    let shown = project
        .holdpoint(["approve", &run, "--key", key])
        .expect_code(0);
    assert!(shown.stderr.contains("deploy"), "{}", shown.stderr);
    let report = project.resume().expect_code(0).json();
    assert_eq!(report["run"], run.as_str());
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
    let counted = &report["stages"][1]["approval"]["counted"][0]["principals"];
    assert_eq!(counted, "grace@example.com");
}

#[test]
fn an_author_cannot_approve_and_is_told_why() {
    let project = Project::new();
    project.signer("grace");
    project.signer("heidi");
    let ada = project.signer("ada");
    project.gated();
    let run = run_of(&project.run().expect_code(4));
    let key = ada.to_str().expect("a path");
    project
        .holdpoint(["approve", &run, "--key", key])
        .expect_code(0);
    let report = project.resume().expect_code(4).json();
    let rejected = report["stages"][1]["approval"]["rejected"][0]["why"]
        .as_str()
        .expect("a reason");
    assert!(rejected.contains("ada@example.com"), "{rejected}");
    assert!(project.ledger().is_empty());
}

#[test]
fn a_refusal_is_a_no_go_until_it_is_withdrawn() {
    let project = Project::new();
    let grace = project.signer("grace");
    let heidi = project.signer("heidi");
    project.signer("ada");
    project.gated();
    let run = run_of(&project.run().expect_code(4));
    let (grace, heidi) = (
        grace.to_str().expect("a path"),
        heidi.to_str().expect("a path"),
    );
    let no = [
        "approve",
        &run,
        "--refuse",
        "--reason",
        "not today",
        "--key",
        heidi,
    ];
    project.holdpoint(no).expect_code(0);
    project
        .holdpoint(["approve", &run, "--stage", "gate", "--key", grace])
        .expect_code(0);
    project.resume().expect_code(1);
    let back = [
        "approve",
        &run,
        "--stage",
        "gate",
        "--withdraw",
        "--reason",
        "go on",
        "--key",
        heidi,
    ];
    project.holdpoint(back).expect_code(0);
    project.resume().expect_code(0);
}

#[test]
fn what_was_signed_elsewhere_counts_and_what_was_signed_for_another_run_does_not() {
    let project = Project::new();
    let grace = project.signer("grace");
    project.signer("heidi");
    project.signer("ada");
    project.gated();
    let run = run_of(&project.run().expect_code(4));
    let document = project
        .holdpoint(["approve", &run, "--print"])
        .expect_code(0)
        .stdout;
    let file = project.context.write("approval.json", &document);
    let signed = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-q", "-n", "holdpoint-approval@v1", "-f"])
        .args([&grace, &file])
        .output();
    Ran::of(signed).expect_code(0);
    let signature = project.context.path().join("approval.json.sig");
    let hand_over = |run: &str| {
        project.holdpoint([
            "approve",
            run,
            "--document",
            file.to_str().expect("a path"),
            "--signature",
            signature.to_str().expect("a path"),
        ])
    };
    project.repository.commit("feat: more");
    let other = run_of(&project.run().expect_code(4));
    hand_over(&other).expect_code(2);
    // The older run was superseded; its approval is still of no use to the newer one.
    project.resume().expect_code(4);
    assert!(project.ledger().is_empty());
}

#[test]
fn two_people_can_break_the_glass_and_the_verdict_stays() {
    let project = Project::new();
    let grace = project.signer("grace");
    let heidi = project.signer("heidi");
    project.signer("ada");
    project.repository.commit("made it faster");
    project.gated();
    let ran = project.run().expect_code(1);
    let run = run_of(&ran);
    for stage in ["policy", "gate"] {
        for key in [&grace, &heidi] {
            let before = project.ledger();
            assert!(before.is_empty());
            let key = key.to_str().expect("a path");
            project
                .holdpoint([
                    "override", &run, "--stage", stage, "--reason", "INC-1", "--key", key,
                ])
                .expect_code(0);
        }
        if stage == "policy" {
            project.resume().expect_code(1);
        }
    }
    let report = project.resume().expect_code(0).json();
    assert_eq!(report["verdict"], "no-go");
    assert_eq!(report["overridden"], true);
    assert_eq!(report["effects"], "done");
    let page = project.holdpoint(["status"]).expect_code(0).stdout;
    assert!(page.contains("OVERRIDDEN"), "{page}");
}

#[test]
fn a_person_says_what_became_of_an_effect() {
    for (word, ledger) in [("done", 1), ("not-done", 2)] {
        let project = Project::new();
        let grace = project.signer("grace");
        project.signer("heidi");
        project.signer("ada");
        let pipeline = gated().replace(
            "[[stages]]\nid = \"gate\"\napprovals = [{ role = \"managers\" }]\n",
            "",
        );
        project.pipeline(&pipeline);
        kills::kill(&project, "after-deploy/run/1", None);
        assert_eq!(project.ledger().len(), 1);
        project.run().expect_code(6);
        let key = grace.to_str().expect("a path");
        let assumed = format!("deploy/run/1={word}");
        let arguments = [
            "resume", "--assume", &assumed, "--reason", "I looked", "--key", key,
        ];
        project.holdpoint(arguments).expect_code(0);
        assert_eq!(project.ledger().len(), ledger, "{word}");
    }
}

#[test]
fn what_decides_must_not_have_changed() {
    let project = Project::new();
    let grace = project.signer("grace");
    project.signer("heidi");
    project.signer("ada");
    project.gated();
    let run = run_of(&project.run().expect_code(4));
    let key = grace.to_str().expect("a path");
    project
        .holdpoint(["approve", &run, "--key", key])
        .expect_code(0);
    project.pipeline(&gated().replace("\"deploy\", \"{{", "\"something-else\", \"{{"));
    let refused = project.holdpoint(["resume", &run]).expect_code(2);
    assert!(refused.stderr.contains("has changed"), "{}", refused.stderr);
    assert!(project.ledger().is_empty());
}

/// A flood of statements, which anybody can make who can reach the store.
#[test]
fn a_flood_of_statements_is_refused_in_words_and_harms_nobody() {
    let project = Project::new();
    let grace = project.signer("grace");
    project.signer("heidi");
    project.signer("ada");
    project.gated();
    let run = run_of(&project.run().expect_code(4));
    let key = grace.to_str().expect("a path");
    let approve = ["approve", &run, "--key", key];
    project.holdpoint(approve).expect_code(0);
    let folder = project.context.path().join("state/holdpoint");
    crate::store::block(async {
        let store = holdpoint::store::open_folder(&folder)
            .await
            .expect("it opens");
        let id = store.run(&run).await.expect("the run").id;
        let mut statement = store.statements(&id).await.expect("one")[0].clone();
        for number in 1..STATEMENTS_MAX {
            statement.document = number.to_be_bytes().to_vec();
            store.say(&statement).await.expect("there is room");
        }
    });
    let refused = project.holdpoint(approve).expect_code(2);
    assert!(refused.stderr.contains("at most"), "{}", refused.stderr);
    assert!(refused.stderr.contains("abort"), "{}", refused.stderr);
    // What was said before still counts.
    project.resume().expect_code(0);
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
}
