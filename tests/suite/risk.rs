//! The standard plugin `change-risk`, called through the host as it is shipped.

mod auc;
mod bad_input;
mod fit;

use std::sync::Arc;

use holdpoint::model::{
    Answer, Assessment, Circumstances, Commit, Digest, Measures, ObjectName, Outcome, Person,
    Release, Subject, Text, Totals,
};
use holdpoint::plugin::{Plugin, Source, read};
use holdpoint::sandbox::{Call, CallRecord, Input, Limits, Loaded, Sandbox};

/// The embedded component, loaded.
struct ChangeRisk {
    loaded: Loaded,
    runtime: tokio::runtime::Runtime,
}

impl ChangeRisk {
    fn load() -> Self {
        let plugin = shipped();
        let sandbox = Sandbox::new().expect("an engine");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        Self {
            loaded: sandbox
                .load(&plugin.component, plugin.manifest)
                .expect("it can be loaded"),
            runtime,
        }
    }

    fn call(&self, subject: Subject, settings: &serde_json::Value) -> CallRecord {
        let release = Release {
            digest: Digest::of(b"made for a test"),
            subject,
            circumstances: Circumstances {
                time: jiff::Timestamp::from_second(1_700_000_000).expect("a time"),
                zone: "UTC".into(),
                ci: None,
                dirty: None,
                dry_run: true,
            },
        };
        self.runtime.block_on(self.loaded.call(Call {
            release: Arc::new(release),
            settings: settings.to_string(),
            input: Input::Risk,
            limits: Limits::default(),
            seed: [7; 32],
            recording: None,
        }))
    }

    fn assess(&self, subject: Subject, settings: &serde_json::Value) -> Assessment {
        match self.call(subject, settings).outcome {
            Outcome::Answered(Answer::Assessment(assessment)) => assessment,
            other => panic!("it cannot assess: {other:?}"),
        }
    }
}

/// The component with its manifest.
fn shipped() -> Plugin {
    read(&Source::Embedded("change-risk".into())).expect("it is a standard plugin")
}

fn name(number: usize) -> ObjectName {
    ObjectName::new(&format!("{number:040x}")).expect("a name")
}

/// A release of commits with these measures, each with one parent.
fn release_of(measures: &[Measures]) -> Subject {
    let person = Person {
        name: Text::from("Ada Author"),
        email: Text::from("ada@example.com"),
    };
    let commits: Vec<Commit> = measures
        .iter()
        .enumerate()
        .map(|(number, measures)| Commit {
            id: name(number),
            parents: vec![name(number + 1)],
            author: person.clone(),
            authored: 1_690_000_000,
            committer: person.clone(),
            committed: 1_690_000_000,
            summary: Text::from("change something"),
            body: Text::default(),
            trailers: Vec::new(),
            signed: false,
            measures: *measures,
        })
        .collect();
    Subject {
        project: Text::from("project"),
        version: None,
        previous: None,
        head: name(0),
        base: None,
        target: None,
        path: None,
        versioning: holdpoint_conventional::Versioning::default(),
        tags: Vec::new(),
        totals: Totals {
            commits: u32::try_from(commits.len()).expect("few commits"),
            ..Totals::default()
        },
        artifacts: Vec::new(),
        evidence: Vec::new(),
        commits,
        changes: Vec::new(),
    }
}
