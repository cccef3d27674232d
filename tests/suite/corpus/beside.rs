//! One plugin under attack beside nine honest ones in the same stage: the nine answer as they do alone.

use serde_json::Value;

use super::guests::{Ground, lasting, quoted, rehearsed};
use crate::hostile::program;

/// The nine, with what they are asked.
const HONEST: [(&str, &str); 9] = [
    ("conventional-commits", ""),
    (
        "freeze-calendar",
        "settings.deny = [{ name = \"stock-taking\", first-day = \"2026-11-20\", \
         last-day = \"2026-11-24\", zone = \"Europe/Berlin\" }]",
    ),
    ("change-risk", ""),
    ("changelog", "grants.tree = [\"CHANGELOG.md\"]"),
    ("release-notes", "grants.tree = [\"RELEASE_NOTES.md\"]"),
    (
        "odd",
        "source = HOSTILE\nsettings = { behaviour = \"odd\" }",
    ),
    (
        "every",
        "source = HOSTILE\nsettings = { behaviour = \"every-commit\" }",
    ),
    (
        "printing",
        "source = TOURIST\nsettings = { errand = \"print-little\" }",
    ),
    (
        "reader",
        "source = READER\ngrants.tree = [\"one\"]\n\
         settings.steps = [\"commits\", \"texts\", \"changes\", { file = \"one\" }, { busy = 100000 }]",
    ),
];

/// How the tenth misbehaves, and within which limits.
const ATTACKS: [(&str, &str, &str); 7] = [
    ("loop", "fuel = 500000000", "out-of-fuel"),
    (
        "loop",
        "fuel = 1000000000000, timeout = \"500ms\"",
        "timed-out",
    ),
    ("allocate", "memory = \"64 MiB\"", "out-of-memory"),
    (
        "log",
        "log-lines = 100000, log = \"1 MiB\"",
        "too-much-output",
    ),
    ("long-message", "answer = \"64 KiB\"", "too-much-output"),
    ("recurse", "", "trapped"),
    ("panic", "", "trapped"),
];

/// A pipeline whose one stage has these plugins.
fn pipeline(attack: Option<(&str, &str)>) -> String {
    let mut text = String::new();
    let mut uses = Vec::new();
    // The one under attack stands in their midst.
    for (number, (name, table)) in HONEST.iter().enumerate() {
        if let Some((behaviour, limits)) = attack.filter(|_| number == 4) {
            text += &format!(
                "[plugins.attack]\nsource = HOSTILE\nsettings = {{ behaviour = {behaviour:?} }}\n\
                 limits = {{ {limits} }}\n"
            );
            uses.push("\"attack\"".to_owned());
        }
        text += &format!("[plugins.{name}]\n{table}\n");
        uses.push(match *name {
            "reader" => "{ plugin = \"reader\", kind = \"policy\" }".to_owned(),
            name => format!("{name:?}"),
        });
    }
    for (word, name) in [
        ("HOSTILE", "hostile"),
        ("TOURIST", "tourist"),
        ("READER", "reader"),
    ] {
        text = text.replace(word, &quoted(&program(name)));
    }
    format!(
        "{text}[[stages]]\nid = \"all\"\nuse = [{}]\n",
        uses.join(", ")
    )
}

/// What the honest ones came to: their records and their findings, without times.
fn honest(report: &Value) -> Vec<Value> {
    let is_honest = |name: &Value| name != "attack";
    let stage = &report["stages"][0];
    let records = stage["plugins"].as_array().expect("plugins").iter();
    let records = records
        .filter(|record| is_honest(&record["name"]))
        .map(lasting);
    let findings = stage["findings"].as_array().expect("findings").iter();
    let findings = findings
        .filter(|finding| is_honest(&finding["plugin"]))
        .cloned();
    records.chain(findings).collect()
}

#[test]
fn nine_honest_plugins_answer_as_they_do_alone() {
    let ground = Ground::new();
    let prepared = ground.pipeline("beside", &pipeline(None));
    let alone = honest(&rehearsed(&ground, &prepared, 1));
    assert!(alone.len() > HONEST.len(), "{alone:#?}");
    for record in &alone[..HONEST.len()] {
        assert_eq!(record["outcome"], "answered", "{record:#}");
        assert!(
            record["fuel"].as_u64().is_some_and(|fuel| fuel > 0),
            "{record:#}"
        );
    }
    for (behaviour, limits, outcome) in ATTACKS {
        let prepared = ground.pipeline("beside", &pipeline(Some((behaviour, limits))));
        let report = rehearsed(&ground, &prepared, 3);
        let plugins = report["stages"][0]["plugins"].as_array().expect("plugins");
        assert_eq!(plugins.len(), HONEST.len() + 1);
        assert_eq!(plugins[4]["outcome"], outcome, "{:#}", plugins[4]);
        let beside = honest(&report);
        for (beside, alone) in beside.iter().zip(&alone) {
            assert_eq!(beside, alone, "beside {behaviour}");
        }
        assert_eq!(beside.len(), alone.len());
    }
}
