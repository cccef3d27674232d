//! The JSON Schemas in `host/schema` are those of the program, and what it writes fits them.

use std::path::{Path, PathBuf};

use holdpoint::report::json::{
    RunReport, check_schema, history_schema, next_schema, run_schema, status_schema,
    transcript_schema, write,
};

use crate::report::record;

/// Set to write the schemas instead of comparing them.
const UPDATE: &str = "HOLDPOINT_UPDATE_SCHEMAS";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../host/schema")
        .join(name)
}

#[track_caller]
fn assert_current(name: &str, schema: &schemars::Schema) {
    let mut current = serde_json::to_string_pretty(schema).expect("a schema is JSON");
    current.push('\n');
    let path = path(name);
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, current).expect("the schema can be written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == current,
        "{} is not what the program's types say; run the tests with {UPDATE}=1",
        path.display()
    );
}

/// Holds a document against a schema in the repository.
#[track_caller]
pub fn assert_fits(name: &str, document: &serde_json::Value) {
    let schema = std::fs::read(path(name)).expect("the schema is there");
    let schema = serde_json::from_slice(&schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let problems: Vec<String> = validator
        .iter_errors(document)
        .map(|problem| format!("{}: {problem}", problem.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}\n{document:#}");
}

#[test]
fn the_schema_of_runs_is_current() {
    assert_current("run.schema.json", &run_schema());
}

#[test]
fn the_schema_of_checks_is_current() {
    assert_current("check.schema.json", &check_schema());
}

#[test]
fn the_schema_of_next_versions_is_current() {
    assert_current("next.schema.json", &next_schema());
}

#[test]
fn the_schema_of_what_is_recorded_of_a_run_is_current() {
    assert_current("status.schema.json", &status_schema());
}

#[test]
fn the_schema_of_histories_is_current() {
    assert_current("history.schema.json", &history_schema());
}

#[test]
fn the_schema_of_transcripts_is_current() {
    assert_current("transcript.schema.json", &transcript_schema());
}

#[test]
fn a_run_fits_its_schema() {
    let mut bytes = Vec::new();
    write(&mut bytes, &RunReport::new(&record(), 0)).expect("memory can be written to");
    let document = serde_json::from_slice(&bytes).expect("JSON");
    assert_fits("run.schema.json", &document);
}
