//! Reads what it is told to read, in the order in which it is told.

#![forbid(unsafe_code)]

use std::hint::black_box;

use holdpoint_sdk::{Fault, Finding, Health, Plugin, Policy, Reading, Release, Verify, log};

/// What to do.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// What to do, one after the other.
    steps: Vec<Step>,
}

/// One thing to do.
#[holdpoint_sdk::settings]
pub enum Step {
    /// Reads the commits.
    Commits,
    /// Reads the messages of the commits.
    Texts,
    /// Reads the changes.
    Changes,
    /// Reads the artifacts.
    Artifacts,
    /// Reads the names in a folder.
    Entries(String),
    /// Reads a file.
    File(String),
    /// Reads a file whose name has so many characters, for ever.
    LongNames(usize),
    /// Logs a line.
    Log(String),
    /// Does nothing, so many times.
    Busy(u64),
    /// Does nothing, for ever.
    Loop,
}

struct Reader;

impl Plugin for Reader {
    type Settings = Settings;
}

impl Policy for Reader {
    fn check(release: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {
        let read = |step| Finding::new("read", take(release, step));
        Ok(settings.steps.iter().map(read).collect())
    }
}

impl Verify for Reader {
    fn measure(release: &Release, settings: &Settings, attempt: u32) -> Result<Reading, Fault> {
        for step in &settings.steps {
            take(release, step);
        }
        Ok(Reading {
            health: Health::Healthy,
            reason: format!("attempt {attempt}"),
            measures: Vec::new(),
        })
    }
}

/// Takes a step, and says what came of it.
fn take(release: &Release, step: &Step) -> String {
    match step {
        Step::Commits => joined(release.commits().map(|commit| commit.summary)),
        Step::Texts => joined(release.commit_texts().map(|text| text.body)),
        Step::Changes => joined(release.changes().map(|change| change.path)),
        Step::Artifacts => joined(release.artifacts().map(|artifact| artifact.name)),
        Step::Entries(folder) => match release.list_folder(folder) {
            Ok(names) => joined(names.into_iter()),
            Err(error) => format!("{error:?}"),
        },
        Step::File(path) => match release.read_file(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("{error:?}"),
        },
        Step::LongNames(characters) => {
            let path = "\u{1}".repeat(*characters);
            loop {
                black_box(release.read_file(&path).is_ok());
            }
        }
        Step::Log(line) => {
            log::info(line);
            "logged".to_owned()
        }
        Step::Busy(times) => {
            for time in 0..*times {
                black_box(time);
            }
            "done".to_owned()
        }
        Step::Loop => loop {
            black_box(());
        },
    }
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    format!("{}: {}", texts.len(), texts.join(", "))
}

holdpoint_sdk::export!(Reader: policy, verify);
