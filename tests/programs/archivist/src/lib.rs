//! Reads evidence and earlier releases, in the order in which it is told.

#![forbid(unsafe_code)]

use std::hint::black_box;

use holdpoint_sdk::{
    Assessment, Ending, EvidenceError, Fault, Finding, Health, PastRelease, Plugin, Policy,
    Reading, Release, Risk, Verify,
};

/// What to do.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// What to do, one after the other.
    #[serde(default)]
    steps: Vec<Step>,
}

/// One thing to do.
#[holdpoint_sdk::settings]
pub enum Step {
    /// Reads the list of the evidence.
    Items,
    /// Reads a piece of evidence.
    Read(String),
    /// Reads a piece of evidence, and says how long it is.
    Length(String),
    /// Reads a piece of evidence, for ever.
    ReadForever(String),
    /// Reads so many earlier releases at most.
    Releases(usize),
    /// Reads all earlier releases, for ever.
    ReleasesForever,
    /// Finds something at a piece of evidence.
    At(String),
    /// Does nothing, so many times.
    Busy(u64),
}

struct Archivist;

impl Plugin for Archivist {
    type Settings = Settings;
}

impl Policy for Archivist {
    fn check(release: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {
        let read = |step: &Step| match step {
            Step::At(name) => Finding::new("read", "Here.").at_artifact(name.clone()),
            step => Finding::new("read", take(release, step)),
        };
        Ok(settings.steps.iter().map(read).collect())
    }
}

impl Risk for Archivist {
    /// As many as there are earlier releases.
    fn assess(release: &Release, _: &Settings) -> Result<Assessment, Fault> {
        let count = u32::try_from(release.past_releases().count()).unwrap_or(u32::MAX);
        Ok(Assessment {
            magnitude: f64::from(count),
            factors: Vec::new(),
        })
    }
}

impl Verify for Archivist {
    fn measure(release: &Release, settings: &Settings, attempt: u32) -> Result<Reading, Fault> {
        let steps = settings.steps.iter().map(|step| take(release, step));
        let read: Vec<String> = steps.collect();
        Ok(Reading {
            health: Health::Healthy,
            reason: format!("attempt {attempt}: {}", read.join("; ")),
            measures: Vec::new(),
        })
    }
}

/// Takes a step, and says what came of it.
fn take(release: &Release, step: &Step) -> String {
    match step {
        Step::Items => {
            let items = release.evidence().into_iter().map(|item| {
                let by = item.verified_by.as_deref().unwrap_or("nobody").to_owned();
                let (name, kind, size) = (item.name, item.media_type, item.size);
                format!("{name} {kind} {size} {} {by}", item.digest)
            });
            joined(items)
        }
        Step::Read(name) => match release.read_evidence(name) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => why(error).to_owned(),
        },
        Step::Length(name) => match release.read_evidence(name) {
            Ok(bytes) => bytes.len().to_string(),
            Err(error) => why(error).to_owned(),
        },
        Step::ReadForever(name) => loop {
            black_box(release.read_evidence(name).is_ok());
        },
        Step::Releases(count) => {
            joined(release.past_releases().take(*count).map(|past| said(&past)))
        }
        Step::ReleasesForever => loop {
            black_box(release.past_releases().count());
        },
        Step::At(name) => name.clone(),
        Step::Busy(times) => {
            for time in 0..*times {
                black_box(time);
            }
            "done".to_owned()
        }
    }
}

fn why(error: EvidenceError) -> &'static str {
    match error {
        EvidenceError::Unknown => "unknown",
        EvidenceError::NotGranted => "not granted",
        EvidenceError::TooLarge => "too large",
    }
}

fn said(release: &PastRelease) -> String {
    let version = release.version.as_deref().unwrap_or("none").to_owned();
    let ended = match release.ended {
        None => "tag",
        Some(Ending::Released) => "released",
        Some(Ending::Undone) => "undone",
        Some(Ending::Blocked) => "blocked",
        Some(Ending::Stopped) => "stopped",
    };
    let (totals, time) = (release.totals, release.time);
    let (commits, files) = (totals.commits, totals.files);
    let lines = format!("+{} -{}", totals.insertions, totals.deletions);
    format!(
        "{version} {} at {time} {commits} commits {files} files {lines} {ended}",
        release.head
    )
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    format!("{}: {}", texts.len(), texts.join(", "))
}

holdpoint_sdk::export!(Archivist: policy, risk, verify);
