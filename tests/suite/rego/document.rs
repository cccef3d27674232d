//! The release as policies see it, and a call that is run again.

use std::sync::Arc;

use holdpoint::model::{Input, Transcript};
use serde_json::json;

use super::*;
use crate::transcript::Scene as Recorded;

#[test]
fn the_document_fits_its_schema() {
    let scene = Scene::new();
    scene.context.write("payments.tar", "shipped");
    let artifact = scene.context.path().join("payments.tar");
    let policy = "package main\nwarn contains json.marshal(input)\n";
    scene.context.write("policy/main.rego", policy);
    let pipeline = scene.pipeline("settings-files.policies = \"policy/\"");
    let pipeline = format!(
        "[[release.artifacts]]\nname = \"payments.tar\"\npath = {artifact:?}\n\n{pipeline}"
    );
    let file = scene.context.write("holdpoint.toml", pipeline);
    let report = scene.run(&file.display().to_string()).expect_code(0).json();
    let found = findings(&report);
    let document = found[0].1.strip_suffix(" (main.warn)").expect("the rule");
    let document: Value = serde_json::from_str(document).expect("JSON");

    let schema = include_str!("../../../plugins/rego/input.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{document:#}");

    assert_eq!(document["commits"][0]["summary"], "fix: round");
    assert_eq!(
        document["commits"][0]["trailers"],
        json!([{ "key": "Reviewed-by", "value": "Ada" }])
    );
    assert_eq!(document["changes"][0]["how"], "modified");
    assert_eq!(document["artifacts"][0]["size"], 7);
}

#[test]
fn a_call_that_is_run_again_comes_to_the_same() {
    let scene = Recorded::new();
    let component = std::fs::read(component()).expect("the component");
    let loaded = scene.loaded(&component, &["docs/"]);
    let policy = "package main\nwarn contains sprintf(\"%v %v %v\", [input.text, time.now_ns(), rand.intn(\"a\", 1000000)])\n";
    let settings = json!({
        "policies": [policy],
        "inputs": ["docs/guide.md"],
        "parser": "yaml",
    });
    let record = scene.run(&loaded, scene.call(&settings, Input::Policy));
    let bytes = record.transcript.expect("it was recorded").bytes();
    let transcript = Transcript::read(&bytes).expect("it can be read");
    let replayed =
        scene.block_on(loaded.replay(&transcript, &scene.release, Some(Arc::clone(&scene.tree))));
    assert!(replayed.is_same(), "{replayed:#?}");
    assert_eq!(replayed.transcript.expect("it was run").bytes(), bytes);
    assert!(transcript.reproducible);
}
