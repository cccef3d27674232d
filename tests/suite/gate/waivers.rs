//! Waivers in whole runs: what they release, and what they do not.

use serde_json::Value;

use super::{STAGE, behaving, conventional, report, stage};
use crate::context::Context;

/// A waiver of a rule for a place, until a time.
fn waiver(rule: &str, place: &str, expires: &str) -> String {
    format!(
        "[[waivers]]\nrule = \"{rule}\"\n{place}\nowner = \"platform\"\n\
         reason = \"imported before the rule\"\nexpires = \"{expires}\"\n"
    )
}

/// An hour after the time of the runs.
const LATER: &str = "2026-11-22T12:00:00+01:00";

/// The rules of the findings of the host.
fn notices(document: &Value) -> Vec<&str> {
    let findings = document["findings"].as_array().expect("a list");
    let rules = findings.iter().map(|finding| finding["rule"].as_str());
    rules.map(|rule| rule.expect("a rule")).collect()
}

#[test]
fn a_waiver_for_a_commit_releases_it_and_no_other() {
    let context = Context::new();
    let repository = conventional(&context);
    let first = repository.commit("made it faster");
    let form = "conventional-commits/form";
    let with = |commit: &str, expires: &str| {
        let place = format!("commits = [\"{commit}\"]");
        format!("{STAGE}{}", waiver(form, &place, expires))
    };
    report(&context, &repository, STAGE, 1);

    let document = report(&context, &repository, &with(&first, LATER), 0);
    assert_eq!(document["findings"], serde_json::json!([]));
    let finding = &document["stages"][0]["findings"][0];
    assert_eq!(finding["rule"], form, "it is shown all the same");
    assert_eq!(finding["blocks"], false);
    assert_eq!(finding["waiver"]["owner"], "platform");
    assert_eq!(finding["waiver"]["reason"], "imported before the rule");
    assert_eq!(finding["waiver"]["expires"], "2026-11-22T11:00:00Z");

    // Another commit with the same message is not what was seen.
    let second = repository.commit("made it faster");
    let document = report(&context, &repository, &with(&first, LATER), 1);
    let findings = document["stages"][0]["findings"].as_array();
    let blocking: Vec<_> = findings
        .expect("a list")
        .iter()
        .filter(|finding| finding["blocks"] == true)
        .map(|finding| &finding["place"]["commit"])
        .collect();
    assert_eq!(blocking, [&Value::from(second)]);
}

#[test]
fn a_waiver_is_for_one_rule() {
    let context = Context::new();
    let repository = conventional(&context);
    let commit = repository.commit("wip: faster");
    let place = format!("commits = [\"{commit}\"]");
    for (rule, code, expected) in [
        ("conventional-commits/type", 0, &[][..]),
        ("conventional-commits/form", 1, &["holdpoint/waiver-unused"]),
    ] {
        let pipeline = format!("{STAGE}{}", waiver(rule, &place, LATER));
        let document = report(&context, &repository, &pipeline, code);
        assert_eq!(notices(&document), expected, "{rule}");
    }
}

#[test]
fn a_waiver_ends_at_its_time() {
    let context = Context::new();
    let repository = conventional(&context);
    let commit = repository.commit("made it faster");
    let place = format!("commits = [\"{commit}\"]");
    for (expires, code, expected) in [
        ("2026-11-22T10:00:01Z", 0, &[][..]),
        ("2026-11-22T10:00:00Z", 1, &["holdpoint/waiver-expired"]),
        // The offset counts: an hour before the run.
        (
            "2026-11-22T11:00:00+02:00",
            1,
            &["holdpoint/waiver-expired"],
        ),
    ] {
        let waiver = waiver("conventional-commits/form", &place, expires);
        let document = report(&context, &repository, &format!("{STAGE}{waiver}"), code);
        assert_eq!(notices(&document), expected, "{expires}");
    }
}

#[test]
fn a_waiver_for_paths_releases_what_they_match() {
    let context = Context::new();
    let repository = conventional(&context);
    for (paths, code) in [("**", 0), ("*path", 0), ("src/**", 1), ("path", 1)] {
        let pipeline = behaving("judge", "control-sequences")
            + &stage("policy", "judge", "")
            + &waiver("judge/wrong", &format!("paths = [\"{paths}\"]"), LATER);
        let document = report(&context, &repository, &pipeline, code);
        let unused = notices(&document) == ["holdpoint/waiver-unused"];
        assert_eq!(unused, code == 1, "{paths}");
    }
}

#[test]
fn a_fault_cannot_be_waived() {
    let context = Context::new();
    let repository = conventional(&context);
    let commit = repository.git(["rev-parse", "HEAD"]);
    for behaviour in ["fault", "panic", "unknown-rule", "unknown-commit"] {
        for place in [
            "release = true".to_owned(),
            "paths = [\"**\"]".to_owned(),
            format!("commits = [\"{commit}\"]"),
        ] {
            let pipeline = behaving("judge", behaviour)
                + &stage("policy", "judge", "")
                + &waiver("judge/wrong", &place, LATER);
            let document = report(&context, &repository, &pipeline, 3);
            assert_eq!(notices(&document), ["holdpoint/waiver-unused"]);
        }
    }
}
