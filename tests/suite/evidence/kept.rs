//! What was read is what counts: in later sittings, on other machines, and years later.

use std::fs;
use std::sync::Arc;

use holdpoint::model::{
    Digest, FileRefusal, Grants, HostAnswer, HostQuestion, Input, Limits, Outcome, Release,
};
use holdpoint::release::{EvidenceBytes, NamedFile, Query, Repository as Opened};
use holdpoint::sandbox::{Call, Loaded, Recording, Sandbox};

use super::*;
use crate::sitting::Project as Deployment;

/// A pipeline that reads the evidence and then waits for somebody.
fn gated() -> String {
    let gate = "[approvers]\nsigners = \"allowed_signers\"\nroles = { managers = [\"grace@example.com\"] }\n\
                [[stages]]\nid = \"gate\"\napprovals = [{ role = \"managers\" }]\n";
    let steps = json!([{ "read": "sbom" }]);
    named("sbom", "sbom.json", CYCLONEDX) + &stage(GRANTS, &steps) + gate
}

/// A run that waits, on a machine on which the file is as it was, and then another one or none.
fn resumed(store: &[&str], file: Option<&str>) {
    let project = Deployment::new();
    project.signer("grace");
    project.pipeline(&gated());
    project.repository.write("sbom.json", SBOM);
    let run = |arguments: &[&str]| {
        let arguments = arguments.iter().chain(store);
        Ran::of(project.arguments(project.command(), arguments).output())
    };
    let begun = run(&["run"]).expect_code(4).json();
    assert_eq!(said(&begun), [SBOM]);
    let path = project.repository.path().join("sbom.json");
    match file {
        Some(content) => fs::write(path, content).expect("a file"),
        None => fs::remove_file(path).expect("it was there"),
    }
    let resumed = run(&["resume"]).expect_code(4).json();
    assert_eq!(resumed["run"], begun["run"]);
    assert_eq!(said(&resumed), [SBOM], "it is what was judged");
    assert_eq!(resumed["subject"]["evidence"], begun["subject"]["evidence"]);
}

#[test]
fn a_later_sitting_has_the_evidence_that_was_judged() {
    resumed(&[], None);
    resumed(&[], Some("[]\n"));
}

#[test]
fn a_run_that_is_carried_in_a_file_has_its_evidence_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("run.state");
    resumed(&["--state", state.to_str().expect("a path in UTF-8")], None);
}

/// A release with two pieces of evidence, and a component that may read one of them.
struct Scene {
    _context: Context,
    release: Arc<Release>,
    evidence: Arc<EvidenceBytes>,
    loaded: Loaded,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    fn new() -> Self {
        let context = Context::new();
        let repository = context.repository("payments");
        repository.commit("feat: pay");
        let file = |name: &str, content: &str| NamedFile {
            name: name.to_owned(),
            path: context.write(name, content),
            within: None,
            media_type: Some("application/json".to_owned()),
        };
        let query = Query {
            evidence: vec![file("sbom", SBOM), file("tests", "{}\n")],
            ..Query::default()
        };
        let opened = Opened::open(repository.path()).expect("it opens");
        let collected = opened.collect(&query, &|_| ()).expect("a release");
        let release = Release {
            digest: Digest::of_json(&collected.subject),
            subject: collected.subject,
            circumstances: crate::sandbox::release().circumstances,
        };
        let component = fs::read(program("archivist")).expect("a component");
        let manifest = holdpoint_build::read_manifest(&component).expect("a manifest");
        let grants = Grants {
            evidence: vec!["sbom".to_owned()],
            history: true,
            ..Grants::default()
        };
        let sandbox = Sandbox::new().expect("an engine");
        let loaded = sandbox.load_granted(&component, Arc::new(manifest), grants);
        Self {
            _context: context,
            release: Arc::new(release),
            evidence: Arc::new(collected.evidence),
            loaded: loaded.expect("it can be loaded"),
            runtime: tokio::runtime::Runtime::new().expect("a runtime"),
        }
    }

    fn call(&self, steps: &Value) -> Call {
        Call {
            release: Arc::clone(&self.release),
            settings: json!({ "steps": steps }).to_string(),
            input: Input::Policy,
            limits: Limits::default(),
            seed: [7; 32],
            recording: Some(Recording::new("archivist", Some("policy"))),
        }
    }
}

#[test]
fn a_transcript_names_evidence_and_does_not_copy_it() {
    let scene = Scene::new();
    let steps = json!(["items", { "read": "sbom" }, { "read": "tests" }, { "read": "none" }]);
    let loaded = scene.loaded.with_evidence(Arc::clone(&scene.evidence));
    let call = Call {
        input: Input::Policy,
        ..scene.call(&steps)
    };
    let record = scene.runtime.block_on(loaded.call(call));
    let transcript = record.transcript.expect("it was recorded");
    let calls: Vec<_> = transcript.host_calls.iter().collect();
    let HostAnswer::Items { items: 2, bytes } = calls[0].answer else {
        panic!("{:?}", calls[0])
    };
    assert!(bytes > 100, "{bytes}");
    let answers: Vec<_> = calls[1..].iter().map(|call| call.answer.clone()).collect();
    assert_eq!(
        answers,
        [
            HostAnswer::File {
                bytes: SBOM.len() as u64,
                digest: Digest::of(SBOM.as_bytes())
            },
            HostAnswer::Refused(FileRefusal::NotGranted),
            HostAnswer::Refused(FileRefusal::Missing),
        ]
    );
    let name = |name: &str| HostQuestion::EvidenceRead { name: name.into() };
    assert_eq!(calls[1].asked, name("sbom"));
    assert!(transcript.reproducible);
    let calls = serde_json::to_string(&transcript.host_calls).expect("JSON");
    assert!(!calls.contains("serde"), "{calls}");
}

#[test]
fn a_call_is_made_again_with_the_bytes_that_were_kept_and_with_no_others() {
    let scene = Scene::new();
    let steps = json!(["items", { "read": "sbom" }]);
    let loaded = scene.loaded.with_evidence(Arc::clone(&scene.evidence));
    let record = scene.runtime.block_on(loaded.call(scene.call(&steps)));
    let transcript = record.transcript.expect("it was recorded");
    let again = |loaded: &Loaded| {
        let replayed = loaded.replay(&transcript, &scene.release, None);
        scene.runtime.block_on(replayed)
    };
    // As a store has them: documents by their digest.
    let kept = EvidenceBytes::new([SBOM.as_bytes().to_vec()]);
    let replayed = again(&scene.loaded.with_evidence(Arc::new(kept)));
    assert!(replayed.is_same(), "{replayed:#?}");
    let now = replayed.transcript.expect("it was run");
    assert_eq!(now.bytes(), transcript.bytes());
    // Other bytes have another digest, and so are not what was asked for.
    let other = EvidenceBytes::new([b"{\"components\":[]}\n".to_vec()]);
    for loaded in [
        scene.loaded.with_evidence(Arc::new(other)),
        scene.loaded.clone(),
    ] {
        let replayed = again(&loaded);
        assert!(!replayed.is_same());
        let now = replayed.transcript.expect("it was run");
        assert!(!now.reproducible);
        let Outcome::Malformed { message } = &now.outcome else {
            panic!("{:?}", now.outcome)
        };
        assert!(message.raw().contains("is not at hand"), "{message:?}");
    }
}
