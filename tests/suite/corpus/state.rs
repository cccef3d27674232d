//! What a plugin could keep from one call to the next, or learn of the machine: the same component is
//! called in two stages and in two runs.

use serde_json::Value;

use super::guests::{Ground, lasting, quoted, rehearsed, stamped};
use super::{Attack, Seen};
use crate::hostile::program;

/// A guest that keeps what it can.
pub const KEEP: &str = "keep.wat";

pub fn run(ground: &Ground, attack: &Attack) -> Seen {
    let name = &attack.name;
    let (source, settings, rules) = match name.as_str() {
        "keep" => {
            let prepared = ground.pipeline(name, "");
            let path = prepared.folder.join("keep.wasm");
            std::fs::write(&path, stamped(KEEP, "", "policy", [])).expect("a component");
            (path, "{}", "{}")
        }
        "look-around" => (
            program("tourist"),
            "{ errand = \"look\" }",
            "{ seen = \"error\" }",
        ),
        "sleep" => (
            program("tourist"),
            "{ errand = \"sleep\" }",
            "{ seen = \"error\" }",
        ),
        other => panic!("{other} keeps nothing"),
    };
    let stage = |id: &str| format!("[[stages]]\nid = {id:?}\nuse = [\"attack\"]\n");
    let text = format!(
        "[plugins.attack]\nsource = {}\nsettings = {settings}\nrules = {rules}\n{}{}",
        quoted(&source),
        stage("one"),
        stage("two"),
    );
    let prepared = ground.pipeline(name, &text);
    let [first, second] = [(); 2].map(|()| stages(&rehearsed(ground, &prepared, 1)));
    let is_same = first == second && messages(&first[0]) == messages(&first[1]);
    // Only random numbers differ between stages: who asks something else has another seed.
    let is_same = is_same || (name == "look-around" && first == second);
    let answers = first
        .iter()
        .all(|stage| stage["plugins"][0]["outcome"] == "answered");
    let outcome = if is_same && answers {
        "the same answer twice"
    } else {
        "another answer"
    };
    if name == "look-around" {
        let words = messages(&first[0]).join("\n");
        for what in [
            "folder", "write", "file", "parent", "connect", "listen", "datagram", "resolve",
        ] {
            assert!(words.contains(&format!("{what}: denied")), "{words}");
        }
        assert!(
            words.contains("environment: 0") && words.contains("arguments: 0"),
            "{words}"
        );
    }
    Seen::new(outcome, messages(&first[0]).join("\n"))
}

/// The stages of a report without what differs from run to run.
fn stages(report: &Value) -> Vec<Value> {
    let stages = report["stages"].as_array().expect("stages");
    let without_times = |stage: &Value| {
        let mut stage = stage.clone();
        stage["plugins"][0] = lasting(&stage["plugins"][0]);
        stage
    };
    stages.iter().map(without_times).collect()
}

fn messages(stage: &Value) -> Vec<String> {
    let findings = stage["findings"].as_array().expect("findings").iter();
    findings
        .map(|finding| finding["message"].as_str().expect("words").to_owned())
        .collect()
}
