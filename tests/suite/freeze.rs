//! The standard plugin `freeze-calendar`, as it is embedded: cases across gaps, overlaps and the
//! date line, each a line of a file in `freeze/`.

mod files;

use std::sync::Arc;

use holdpoint::model::{Answer, Outcome};
use holdpoint::sandbox::{Call, Input, Limits, Loaded, Sandbox};
use serde_json::{Value, json};

const FILES: [(&str, &str); 4] = [
    ("gaps", include_str!("freeze/gaps.txt")),
    ("overlaps", include_str!("freeze/overlaps.txt")),
    ("date-line", include_str!("freeze/date-line.txt")),
    ("recurring", include_str!("freeze/recurring.txt")),
];

/// The embedded plugin, ready to be called.
struct Plugin {
    loaded: Loaded,
    runtime: tokio::runtime::Runtime,
}

impl Plugin {
    fn new() -> Self {
        let component = holdpoint::plugin::embedded("freeze-calendar").expect("it is embedded");
        let manifest = holdpoint_build::read_manifest(component).expect("a manifest");
        let sandbox = Sandbox::new().expect("an engine");
        Self {
            loaded: sandbox
                .load(component, Arc::new(manifest))
                .expect("it can be loaded"),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime"),
        }
    }

    /// The message of its only finding; none when it has none.
    fn message(&self, settings: &Value, time: &str) -> Option<String> {
        let mut release = crate::sandbox::release();
        release.circumstances.time = time.parse().expect("an instant");
        let call = Call {
            release: Arc::new(release),
            settings: settings.to_string(),
            input: Input::Policy,
            limits: Limits::default(),
            seed: [7; 32],
            recording: None,
        };
        let record = self.runtime.block_on(self.loaded.call(call));
        let Outcome::Answered(Answer::Findings(findings)) = record.outcome else {
            panic!("{settings} at {time}: {:?}", record.outcome);
        };
        assert!(findings.len() <= 1, "{settings} at {time}: {findings:?}");
        findings
            .first()
            .filter(|finding| finding.rule.as_str().ends_with("/closed"))
            .map(|finding| finding.message.raw().to_owned())
    }
}

/// The settings that a line describes: its zone, and its windows in TOML, which get names.
fn settings(zone: &str, windows: &str) -> Value {
    let windows: toml::Table = windows.parse().expect("windows in TOML");
    let mut settings = serde_json::to_value(windows).expect("tables and texts");
    for list in settings.as_object_mut().expect("a table").values_mut() {
        for window in list.as_array_mut().expect("a list of windows") {
            window["name"] = json!("window");
        }
    }
    settings["zone"] = json!(zone);
    settings
}

#[test]
fn cases_have_the_answers_of_their_files() {
    let plugin = Plugin::new();
    let mut count = 0;
    for (file, text) in FILES {
        let lines = text.lines().zip(1..);
        for (line, number) in lines.filter(|(line, _)| !line.starts_with('#')) {
            let columns: Vec<&str> = line.split(" | ").collect();
            let [zone, windows, time, expected, next] = columns[..] else {
                panic!("{file}.txt:{number}: five columns");
            };
            let message = plugin.message(&settings(zone, windows), time);
            let place = format!("{file}.txt:{number}: {line}\n{message:?}");
            match (expected, next, message) {
                ("open", "-", None) => {}
                ("closed", "never", Some(message)) => {
                    assert!(message.contains("They do not open within"), "{place}");
                }
                ("closed", next, Some(message)) => {
                    let opening = message.split("They open next on ").nth(1);
                    let opening = opening.and_then(|rest| rest.split(' ').nth(1));
                    assert_eq!(opening, Some(next), "{place}");
                }
                _ => panic!("{place}"),
            }
            count += 1;
        }
    }
    assert!(count >= 300, "{count} cases");
}
