//! Files about a release, from the operator's word to the bytes that a plugin reads: the real binary,
//! a real component, files of a real working tree.

mod grants;
mod kept;
mod refused;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::context::{Context, Ran, Repository};
use crate::hostile::program;

/// The bill of materials of the project.
const SBOM: &str = "{\"components\":[\"serde\"]}\n";

/// What it is.
const CYCLONEDX: &str = "application/vnd.cyclonedx+json; version=1.6";

/// A project with a bill of materials and a test report in its working tree, which are not committed.
struct Project {
    context: Context,
    repository: Repository,
}

impl Project {
    fn new() -> Self {
        let context = Context::new();
        let repository = context.repository("payments");
        repository.write(".gitignore", "/out\n");
        repository.commit("feat: pay");
        repository.tag("v1.0.0");
        repository.commit_file("pay.rs", "two\n", "fix: round half to even");
        repository.write("out/sbom.json", SBOM);
        repository.write("out/tests.xml", "<testsuites/>\n");
        Self {
            context,
            repository,
        }
    }

    /// A run of a pipeline that lies outside of the checkout, and so is trusted.
    fn ran(&self, pipeline: &str, more: &[&str]) -> Ran {
        let file = self.file(pipeline);
        let file = file.to_str().expect("a path in UTF-8");
        let always = ["run", "--dry-run", "--pipeline", file];
        let arguments = always.iter().chain(more);
        self.context.holdpoint(self.repository.path(), arguments)
    }

    fn file(&self, pipeline: &str) -> PathBuf {
        self.context.write("elsewhere/pipeline.toml", pipeline)
    }

    /// The report for machines.
    #[track_caller]
    fn report(&self, pipeline: &str, code: i32) -> Value {
        let report = self
            .ran(pipeline, &["--format", "json"])
            .expect_code(code)
            .json();
        if code < 2 {
            crate::schema::assert_fits("run.schema.json", &report);
        }
        report
    }
}

/// An entry of `[[release.evidence]]`.
fn named(name: &str, path: &str, media_type: &str) -> String {
    format!(
        "[[release.evidence]]\nname = {name:?}\npath = {path:?}\nmedia-type = {media_type:?}\n\n"
    )
}

/// Both files.
fn both() -> String {
    named("sbom", "out/sbom.json", CYCLONEDX) + &named("tests", "out/tests.xml", "text/xml")
}

/// A stage that has the archivist take steps, with these grants.
fn stage(grants: &str, steps: &Value) -> String {
    let source = program("archivist").display().to_string();
    format!(
        "[plugins.archivist]\nsource = {source:?}\n{grants}\nsettings.steps = {steps}\n\n\
         [[stages]]\nid = \"policy\"\nuse = [\"archivist\"]\nkind = \"policy\"\n",
        steps = toml_of(steps)
    )
}

/// JSON as a value of TOML.
fn toml_of(value: &Value) -> toml::Value {
    toml::Value::try_from(value).expect("it has no null")
}

/// Grants both capabilities: the bill of materials by its name.
const GRANTS: &str = "grants.evidence = [\"sbom\"]\ngrants.history = true";

/// What the archivist says of each step.
#[track_caller]
fn said(report: &Value) -> Vec<&str> {
    let findings = report["stages"][0]["findings"].as_array();
    let findings = findings.unwrap_or_else(|| panic!("no findings: {report:#}"));
    findings
        .iter()
        .map(|finding| finding["message"].as_str().expect("words"))
        .collect()
}

#[test]
fn what_is_granted_is_read_and_the_rest_is_only_listed() {
    let project = Project::new();
    let steps = json!(["items", { "read": "sbom" }, { "read": "tests" }, { "read": "slsa" }, { "at": "tests" }]);
    let pipeline = both() + &stage(GRANTS, &steps);
    let report = project.report(&pipeline, 0);
    let evidence = &report["subject"]["evidence"];
    let digest = |number: usize| evidence[number]["digest"].as_str().expect("a digest");
    assert_eq!(
        *evidence,
        json!([
            { "name": "sbom", "media_type": CYCLONEDX, "digest": digest(0), "size": SBOM.len() },
            { "name": "tests", "media_type": "text/xml", "digest": digest(1), "size": 14 }
        ])
    );
    assert_eq!(
        digest(0),
        holdpoint::model::Digest::of(SBOM.as_bytes()).to_string()
    );
    let items = format!(
        "2: sbom {CYCLONEDX} {} {} nobody, tests text/xml 14 {} nobody",
        SBOM.len(),
        digest(0),
        digest(1)
    );
    let mut expected = [items.as_str(), SBOM, "not granted", "unknown", "Here."];
    let mut found = said(&report);
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    let grants = &report["stages"][0]["plugins"][0]["grants"];
    assert_eq!(grants["evidence"], json!(["sbom"]));
    assert_eq!(grants["history"], true);
    assert_eq!(report["findings"], json!([]));
    let page = project.ran(&pipeline, &["-v"]).expect_code(0).stdout;
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = format!("Evidence sbom, {CYCLONEDX}, {} bytes", SBOM.len());
    assert!(page.contains(&line), "{page}");
}

#[test]
fn evidence_is_part_of_what_is_judged() {
    let project = Project::new();
    let pipeline = both() + &stage(GRANTS, &json!([]));
    let digest = || project.report(&pipeline, 0)["subject"]["digest"].to_string();
    let before = digest();
    assert_eq!(before, digest());
    project.repository.write("out/tests.xml", "<testsuite/>\n");
    assert_ne!(
        before,
        digest(),
        "nobody is granted to read it, and it counts"
    );
}

#[test]
fn what_is_too_large_to_cross_is_said_and_what_is_not_crosses_whole() {
    let project = Project::new();
    let most = 16 << 20;
    project.repository.write("out/most", vec![b' '; most]);
    project.repository.write("out/more", vec![b' '; most + 1]);
    let pipeline = named("most", "out/most", "text/plain")
        + &named("more", "out/more", "text/plain")
        + &stage(
            "grants.evidence = [\"most\", \"more\"]\ngrants.history = true",
            &json!([{ "length": "most" }, { "length": "more" }]),
        );
    assert_eq!(
        said(&project.report(&pipeline, 0)),
        ["16777216", "too large"]
    );
}

#[test]
fn check_lists_evidence_beside_artifacts() {
    let project = Project::new();
    let artifact = "[[release.artifacts]]\nname = \"app\"\npath = \"out/app\"\n\n";
    let pipeline = format!("{artifact}{}{}", both(), stage(GRANTS, &json!([])));
    let file = project.file(&pipeline);
    let file = file.to_str().expect("a path in UTF-8");
    let check = |more: &[&str]| {
        let arguments = ["check", "--pipeline", file].into_iter();
        let arguments = arguments.chain(more.iter().copied());
        let path = project.repository.path();
        project.context.holdpoint(path, arguments).expect_code(0)
    };
    let report = check(&["--format", "json"]).json();
    crate::schema::assert_fits("check.schema.json", &report);
    assert_eq!(
        report["artifacts"],
        json!([{ "name": "app", "path": "out/app" }])
    );
    assert_eq!(
        report["evidence"],
        json!([
            { "name": "sbom", "path": "out/sbom.json", "media_type": CYCLONEDX },
            { "name": "tests", "path": "out/tests.xml", "media_type": "text/xml" }
        ])
    );
    let grants = &report["stages"][0]["plugins"][0]["grants"];
    assert_eq!(
        (&grants["evidence"], &grants["history"]),
        (&json!(["sbom"]), &json!(true))
    );
    let page = check(&[]).stdout;
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "Ships app, from out/app",
        "Evidence tests, text/xml, from out/tests.xml",
        "May read evidence: sbom.",
        "May know the earlier releases on the target.",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}
