//! `holdpoint check`: what a run would do, without doing it.

use crate::context::{Context, Repository};
use crate::schema::assert_fits;

fn repository(context: &Context) -> Repository {
    let repository = context.repository("payments");
    repository.commit("feat: pay");
    repository
}

/// A pipeline outside of the checkout, with one waiver that holds and one that has expired.
fn pipeline(context: &Context) -> String {
    let path = context.write(
        "holdpoint.toml",
        r#"
[release]
project = "payments"
targets = ["staging", "production"]

[[stages]]
id = "policy"
use = ["conventional-commits"]

[[waivers]]
rule = "conventional-commits/type"
paths = ["vendor/**"]
owner = "platform"
reason = "imported"
expires = "2027-01-31T00:00:00+01:00"

[[waivers]]
rule = "conventional-commits/type"
release = true
owner = "platform"
reason = "imported before"
expires = "2026-01-31T00:00:00+01:00"
"#,
    );
    path.to_str().expect("the path is UTF-8").to_owned()
}

const AT: [&str; 2] = ["--at", "2026-11-22T10:00:00Z"];

#[test]
fn the_embedded_pipeline_is_explained() {
    let context = Context::new();
    let repository = repository(&context);
    let ran = context
        .holdpoint(repository.path(), ["check"])
        .expect_code(0);
    insta::with_settings!({filters => vec![(r"sha256:[0-9a-f]{64}", "sha256:[digest]")]}, {
        insta::assert_snapshot!(ran.stdout);
    });
}

#[test]
fn waivers_are_shown_as_they_hold_at_a_time() {
    let context = Context::new();
    let repository = repository(&context);
    let pipeline = pipeline(&context);
    let arguments = ["check", "--pipeline", &pipeline, "--format", "json"];
    let document = context
        .holdpoint(repository.path(), arguments.iter().chain(&AT))
        .expect_code(0)
        .json();
    assert_fits("check.schema.json", &document);
    assert_eq!(document["configuration"]["trusted"], true);
    assert_eq!(
        document["targets"],
        serde_json::json!(["staging", "production"])
    );
    assert_eq!(document["waivers"][0]["expired"], false);
    assert_eq!(document["waivers"][1]["expired"], true);
    let plugin = &document["stages"][0]["plugins"][0];
    assert_eq!(plugin["name"], "conventional-commits");
    assert!(!plugin["rules"].as_array().expect("rules").is_empty());
}

#[test]
fn what_a_run_would_refuse_is_refused() {
    let context = Context::new();
    let repository = repository(&context);
    let pipeline = context.write("holdpoint.toml", "[[stages]]\nid = \"policy\"\nuse = []\n");
    let ran = context
        .command(repository.path())
        .args(["check", "--pipeline"])
        .arg(pipeline)
        .output()
        .expect("the binary runs");
    assert_eq!(ran.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert!(stderr.contains("so it would do nothing"), "{stderr}");
}

#[test]
fn a_pipeline_in_the_checkout_is_said_to_be_untrusted() {
    let context = Context::new();
    let repository = repository(&context);
    let text = "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n";
    repository.commit_file("holdpoint.toml", text, "ci: hold releases");
    let ran = context
        .holdpoint(repository.path(), ["check"])
        .expect_code(0);
    assert!(ran.stdout.contains("not trusted"), "{}", ran.stdout);
}
