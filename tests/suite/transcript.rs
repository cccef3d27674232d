//! Transcripts of calls: real components, called through the sandbox.

mod bytes;
mod cut;
mod outcomes;
mod replay;
mod shown;

use std::path::Path;
use std::sync::Arc;

use holdpoint::model::{
    Digest, FileRefusal, Grants, HostAnswer, HostCall, HostQuestion, Input, Limits, Release,
    Transcript, TreeGrant,
};
use holdpoint::plugin;
use holdpoint::release::{NamedFile, Query, Repository as Opened, Tree};
use holdpoint::sandbox::{Call, CallRecord, Loaded, Recording, Sandbox};
use serde_json::{Value, json};

use crate::context::Context;

/// What is in the file that the guest may read.
const GUIDE: &str = "how to pay\n";

/// A release of a real repository, and components to call on it.
pub struct Scene {
    context: Context,
    pub release: Arc<Release>,
    pub tree: Arc<Tree>,
    sandbox: Sandbox,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    /// Two commits since the last release; a file in `docs` that may be read, one beside it that
    /// may not.
    pub fn new() -> Self {
        Self::with_guide(GUIDE)
    }

    /// The same, with other content in the file that may be read.
    pub fn with_guide(guide: impl AsRef<[u8]>) -> Self {
        let context = Context::new();
        let repository = context.repository("payments");
        repository.commit_file("pay.rs", "one\n", "feat: pay");
        repository.tag("v1.0.0");
        repository.write("docs/guide.md", guide);
        repository.write("docs/api/index.md", "the interface\n");
        repository.write("key.txt", "not for everybody\n");
        repository.commit("docs: say how\n\nIn a file of its own.");
        repository.commit_file("pay.rs", "two\n", "fix: round half to even");
        let shipped = context.write("shipped/payments.tar", "what is shipped\n");
        let opened = Opened::open(repository.path()).expect("it opens");
        let query = Query {
            artifacts: vec![NamedFile {
                name: "payments.tar".into(),
                path: shipped,
                within: None,
                media_type: None,
            }],
            ..Query::default()
        };
        let subject = opened.collect(&query, &|_| ()).expect("a release").subject;
        let tree = opened.tree(&subject.head).expect("a tree");
        let circumstances = crate::sandbox::release().circumstances;
        let release = Release {
            digest: Digest::of_json(&subject),
            subject,
            circumstances,
        };
        Self {
            context,
            release: Arc::new(release),
            tree: Arc::new(tree),
            sandbox: Sandbox::new().expect("an engine"),
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_time()
                .build()
                .expect("a runtime"),
        }
    }

    /// A guest program of `tests/programs`, granted to read `docs/`.
    pub fn program(&self, name: &str) -> Loaded {
        self.granted(name, &["docs/"])
    }

    /// A guest program that may read these files.
    pub fn granted(&self, name: &str, tree: &[&str]) -> Loaded {
        let path = Path::new(env!("OUT_DIR")).join(name).with_extension("wasm");
        let component = std::fs::read(path).expect("the build script makes the guest programs");
        self.loaded(&component, tree)
    }

    /// A component that may read these files.
    pub fn loaded(&self, component: &[u8], tree: &[&str]) -> Loaded {
        let manifest = holdpoint_build::read_manifest(component).expect("a manifest");
        let tree = tree
            .iter()
            .map(|path| TreeGrant::new(path).expect("a path"));
        let grants = Grants {
            tree: tree.collect(),
            requests: vec![crate::sandbox::requests()],
            ..Grants::default()
        };
        self.sandbox
            .load_granted(component, Arc::new(manifest), grants)
            .expect("it can be loaded")
            .with_tree(Arc::clone(&self.tree))
    }

    /// A plugin that is part of the program.
    pub fn embedded(&self, name: &str) -> Loaded {
        let component = plugin::embedded(name).expect("it is embedded");
        let manifest = holdpoint_build::read_manifest(component).expect("a manifest");
        self.sandbox
            .load(component, Arc::new(manifest))
            .expect("it can be loaded")
    }

    /// A call that is recorded.
    pub fn call(&self, settings: &Value, input: Input) -> Call {
        Call {
            release: Arc::clone(&self.release),
            settings: settings.to_string(),
            input,
            limits: Limits::default(),
            seed: [7; 32],
            recording: Some(Recording::new("guest", Some("policy"))),
        }
    }

    pub fn run(&self, loaded: &Loaded, call: Call) -> CallRecord {
        self.runtime.block_on(loaded.call(call))
    }

    /// The transcript of a call of a guest program.
    #[track_caller]
    pub fn transcript(&self, name: &str, settings: &Value, input: Input) -> Transcript {
        let record = self.run(&self.program(name), self.call(settings, input));
        record.transcript.expect("it was recorded")
    }

    /// The transcript of a guest that reads everything that there is.
    #[track_caller]
    pub fn read(&self) -> Transcript {
        self.transcript("reader", &everything(), Input::Policy)
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// The scene's own folder.
    pub fn path(&self) -> &Path {
        self.context.path()
    }
}

/// Reads everything that there is, and something that there is not.
pub fn everything() -> Value {
    steps(&json!([
        { "log": "begin" },
        "commits",
        "texts",
        "changes",
        "artifacts",
        { "entries": "docs" },
        { "file": "docs/guide.md" },
        { "file": "docs/api" },
        { "file": "docs/none.md" },
        { "file": "key.txt" },
        { "log": "end" }
    ]))
}

pub fn steps(steps: &Value) -> Value {
    json!({ "steps": steps })
}

fn page(function: fn(u32, u32) -> HostQuestion, count: u32, items: u32, bytes: u64) -> HostCall {
    HostCall {
        asked: function(0, count),
        answer: HostAnswer::Items { items, bytes },
    }
}

#[test]
fn the_same_call_twice_has_the_same_bytes() {
    let scene = Scene::new();
    let look = json!({ "errand": "look" });
    for (loaded, settings) in [
        (scene.program("reader"), everything()),
        (scene.program("tourist"), look),
        (scene.embedded("conventional-commits"), json!({})),
    ] {
        let record = || scene.run(&loaded, scene.call(&settings, Input::Policy));
        let (one, other) = (record(), record());
        let (one, other) = (
            one.transcript.expect("recorded"),
            other.transcript.expect("recorded"),
        );
        assert!(one.bytes() == other.bytes(), "{one:#?}\n{other:#?}");
        assert_eq!(one.digest(), Digest::of(&one.bytes()));
        assert!(one.reproducible);
    }
}

#[test]
fn calls_to_the_host_stand_in_order_with_what_was_answered() {
    let scene = Scene::new();
    let transcript = scene.read();
    let line = |line| HostCall {
        asked: HostQuestion::LogWrite { line },
        answer: HostAnswer::Nothing,
    };
    let file = |path: &str, answer| HostCall {
        asked: HostQuestion::TreeRead { path: path.into() },
        answer,
    };
    let refused = |path, why| file(path, HostAnswer::Refused(why));
    let bytes = |number: usize| match transcript.host_calls[number].answer {
        HostAnswer::Items { bytes, .. } => bytes,
        ref other => panic!("{other:?}"),
    };
    let expected = [
        line(1),
        page(
            |start, count| HostQuestion::CommitsPage { start, count },
            2,
            2,
            bytes(1),
        ),
        page(
            |start, count| HostQuestion::CommitsTexts { start, count },
            2,
            2,
            bytes(2),
        ),
        page(
            |start, count| HostQuestion::ChangesPage { start, count },
            4,
            4,
            bytes(3),
        ),
        page(
            |start, count| HostQuestion::ArtifactsPage { start, count },
            1,
            1,
            bytes(4),
        ),
        HostCall {
            asked: HostQuestion::TreeEntries {
                folder: "docs".into(),
            },
            answer: HostAnswer::Names {
                items: 2,
                bytes: 16 + 4 + 16 + 8,
                digest: Digest::of(br#"["api/","guide.md"]"#),
            },
        },
        file(
            "docs/guide.md",
            HostAnswer::File {
                bytes: 11,
                digest: Digest::of(GUIDE.as_bytes()),
            },
        ),
        refused("docs/api", FileRefusal::NotAFile),
        refused("docs/none.md", FileRefusal::Missing),
        refused("key.txt", FileRefusal::NotGranted),
        line(2),
    ];
    assert_eq!(transcript.host_calls, expected);
    assert!((1..5).all(|number| bytes(number) > 40), "{expected:#?}");
    let log: Vec<_> = transcript.log.iter().map(|line| line.text.raw()).collect();
    assert_eq!(log, ["begin", "end"]);
}

#[test]
fn what_the_call_was_given_stands_in_it() {
    let scene = Scene::new();
    let loaded = scene.program("reader");
    let settings = steps(&json!([]));
    let call = scene.call(&settings, Input::Verify { attempt: 3 });
    let before = loaded.given(&call).expect("it is recorded");
    let record = scene.run(&loaded, call);
    let transcript = record.transcript.expect("it is recorded");
    let given = &transcript.given;
    assert_eq!(*given, before, "it is known before the call");
    let component = std::fs::read(Path::new(env!("OUT_DIR")).join("reader.wasm")).expect("a file");
    assert_eq!(given.component, Digest::of(&component));
    let manifest = holdpoint_build::read_manifest(&component).expect("a manifest");
    assert_eq!(given.manifest, Digest::of_json(&manifest));
    assert_eq!(given.plugin.raw(), "guest");
    assert_eq!(given.name.raw(), "reader");
    assert_eq!(given.version, manifest.version);
    assert_eq!(given.api, manifest.api);
    assert_eq!(given.stage.as_ref().expect("a stage").raw(), "policy");
    assert_eq!(given.question, Input::Verify { attempt: 3 });
    assert_eq!(given.settings.raw(), settings.to_string());
    assert_eq!(given.subject, scene.release.digest);
    assert_eq!(given.circumstances, scene.release.circumstances);
    assert_eq!(given.clock, 1_700_000_000);
    assert_eq!(given.seed, [7; 32]);
    assert_eq!(given.limits, Limits::default());
    assert_eq!(given.grants.tree[0].as_str(), "docs/");
    assert_eq!(transcript.fuel, record.fuel);
    assert_eq!(transcript.memory_bytes, record.memory_bytes);
    assert_eq!(transcript.outcome, record.outcome);
}

#[test]
fn pages_and_files_are_named_and_not_copied() {
    let scene = Scene::with_guide("x".repeat(1 << 20));
    let settings = steps(&json!(["commits", { "file": "docs/guide.md" }]));
    let long = Limits {
        text_bytes: 2 << 20,
        ..Limits::default()
    };
    let call = Call {
        limits: long,
        ..scene.call(&settings, Input::Verify { attempt: 1 })
    };
    let record = scene.run(&scene.program("reader"), call);
    let bytes = record.transcript.expect("it was recorded").bytes();
    assert!(bytes.len() < 4_000, "{} bytes", bytes.len());
    let text = String::from_utf8(bytes).expect("JSON is UTF-8");
    assert!(!text.contains("round half to even"), "{text}");
}

#[test]
fn a_call_that_nobody_records_has_no_transcript() {
    let scene = Scene::new();
    let loaded = scene.program("reader");
    let call = Call {
        recording: None,
        ..scene.call(&everything(), Input::Policy)
    };
    assert_eq!(loaded.given(&call), None);
    let unrecorded = scene.run(&loaded, call);
    assert!(unrecorded.transcript.is_none());
    let transcript = scene.read();
    assert_eq!(unrecorded.outcome, transcript.outcome);
    assert_eq!(unrecorded.fuel, transcript.fuel, "recording costs no fuel");
}
