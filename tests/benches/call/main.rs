//! `make bench`: what one call of a plugin costs beside the same component in wasmtime alone.
//!
//! Both work in turns on the same release of 100 commits, each call in an instance of its own, and
//! medians are compared. The host makes each call twice: as in a rehearsal, and with the transcript
//! that a run keeps of it. Figures are printed and judged by nobody.

mod floor;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use holdpoint::model::{
    Answer, Circumstances, Commit, Digest, Measures, ObjectName, Outcome, Person, Release, Subject,
    Text, Totals, Transcript,
};
use holdpoint::plugin;
use holdpoint::sandbox::{Call, Input, Limits, Loaded, Recording, Sandbox};
use jiff::Timestamp;

use floor::Floor;

/// The plugin that is called: it reads every commit and its text.
const PLUGIN: &str = "conventional-commits";
const COMMITS: u32 = 100;
/// Calls of each side before any is counted, and calls that are counted.
const UNCOUNTED: usize = 50;
const COUNTED: usize = 1_000;

fn main() {
    let component = plugin::embedded(PLUGIN).expect("it is embedded");
    let manifest = holdpoint_build::read_manifest(component).expect("a manifest");
    let sandbox = Sandbox::new().expect("an engine");
    let loaded = sandbox
        .load(component, Arc::new(manifest))
        .expect("it loads");
    let release = Arc::new(release());
    let floor = Floor::new(component, &release);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    // As a pipeline calls it: from a task of the runtime.
    let task = runtime.spawn(async move {
        let (mut hosts, mut recorded, mut floors) = (Vec::new(), Vec::new(), Vec::new());
        for turn in 0..UNCOUNTED + COUNTED {
            let begin = Instant::now();
            let findings = black_box(floor.call());
            let floor_time = begin.elapsed();
            let begin = Instant::now();
            let found = black_box(call(&loaded, &release, None).await);
            let host_time = begin.elapsed();
            assert_eq!(found, findings, "both give the same answer");
            let recording = Some(Recording::new(PLUGIN, Some("policy")));
            let begin = Instant::now();
            let found = black_box(call(&loaded, &release, recording).await);
            let recorded_time = begin.elapsed();
            assert_eq!(found, findings, "recorded or not, it is the same answer");
            if turn >= UNCOUNTED {
                floors.push(floor_time);
                hosts.push(host_time);
                recorded.push(recorded_time);
            }
        }
        [floors, hosts, recorded]
    });
    let times = runtime.block_on(task).expect("every call is answered");
    let [floor, host, recorded] = times.map(|mut times| median(&mut times));
    println!("a call of {PLUGIN}, {COMMITS} commits, medians of {COUNTED} in turns");
    println!("wasmtime alone    {floor:>9.1} µs");
    println!("host call         {host:>9.1} µs");
    println!("a recorded one    {recorded:>9.1} µs");
    println!("host call / wasmtime alone    {:.2}", host / floor);
    println!("recorded / wasmtime alone     {:.2}\n", recorded / floor);
}

/// One call through the host; gives the number of findings.
async fn call(loaded: &Loaded, release: &Arc<Release>, recording: Option<Recording>) -> usize {
    let record = loaded
        .call(Call {
            release: Arc::clone(release),
            settings: "{}".to_owned(),
            input: Input::Policy,
            limits: Limits::default(),
            seed: [0; 32],
            recording,
        })
        .await;
    // What the store is given of it.
    black_box(record.transcript.as_ref().map(Transcript::bytes));
    match record.outcome {
        Outcome::Answered(Answer::Findings(findings)) => findings.len(),
        other => panic!("the plugin did not answer: {other:?}"),
    }
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// A release whose commits keep to the rules but for one in ten.
fn release() -> Release {
    let commits = (0..COMMITS).map(commit).collect();
    let subject = Subject {
        project: Text::from("project"),
        version: None,
        previous: None,
        head: name(0),
        base: Some(name(COMMITS)),
        target: None,
        path: None,
        versioning: holdpoint_conventional::Versioning::default(),
        tags: Vec::new(),
        totals: Totals {
            commits: COMMITS,
            ..Totals::default()
        },
        artifacts: Vec::new(),
        evidence: Vec::new(),
        commits,
        changes: Vec::new(),
    };
    Release {
        digest: Digest::of_json(&subject),
        subject,
        circumstances: Circumstances {
            time: Timestamp::from_second(1_700_000_000).expect("a time"),
            zone: "UTC".into(),
            ci: None,
            dirty: None,
            dry_run: true,
        },
    }
}

fn commit(number: u32) -> Commit {
    let person = Person {
        name: Text::from("Ada"),
        email: Text::from("ada@example.com"),
    };
    Commit {
        id: name(number),
        parents: vec![name(number + 1)],
        author: person.clone(),
        authored: 1_690_000_000 - i64::from(number),
        committer: person,
        committed: 1_690_000_000 - i64::from(number),
        summary: Text::from(if number.is_multiple_of(10) {
            format!("step {number} of the way")
        } else {
            format!("fix(way): take step {number}")
        }),
        body: Text::from("Whoever takes it sees what is behind it.\nNothing else changes."),
        trailers: Vec::new(),
        signed: false,
        measures: Measures::default(),
    }
}

fn name(number: u32) -> ObjectName {
    ObjectName::new(&format!("{number:040x}")).expect("a name")
}
