//! The sandbox by itself: guests written by hand, each of which tries one thing.

mod answers;
mod bounds;
mod loading;
mod programs;

use std::sync::Arc;
use std::time::Duration;

use holdpoint::model::{
    Answer, Capability, Circumstances, Digest, FaultCode, Grants, HttpMethod as _, Kind, LimitKind,
    Location, ObjectName, Outcome, PlannedGrant, PlannedMethod, Release, Severity, Subject, Text,
    Totals, UrlPrefix,
};
use holdpoint::sandbox::{Call, CallRecord, Input, Limits, LoadError, LogLevel, Sandbox};
use holdpoint_build::{CapabilityRequest, Manifest, Rule};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

/// A guest in parts; the default answers that there is nothing to find.
struct Guest {
    /// What its world imports.
    imports: &'static str,
    /// Further definitions of the module.
    module: String,
    /// Body of `cabi_realloc`; locals 0 to 3 are its parameters.
    realloc: &'static str,
    /// Body of `policy.check`; gives the address of the answer.
    check: String,
    /// Body of what is called when the answer has been read.
    post: &'static str,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            imports: "",
            module: r#"(memory (export "memory") 2)"#.into(),
            realloc: BUMP,
            check: "(i32.const 16)".into(),
            post: "",
        }
    }
}

/// Hands out memory from 64 KiB on and never takes any back.
const BUMP: &str = "
    (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get 3)))";

impl Guest {
    fn wat(&self) -> String {
        format!(
            r#"(module
                {module}
                (global $next (mut i32) (i32.const 65536))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
                (func $check (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
                    {check})
                (func (export "cabi_post_holdpoint:plugin/policy@0.1.0#check") (param i32) {post}))"#,
            module = self.module,
            realloc = self.realloc,
            check = self.check,
            post = self.post,
        )
    }

    fn component(&self) -> Vec<u8> {
        let world = format!("{} export holdpoint:plugin/policy@0.1.0;", self.imports);
        component(&self.wat(), &world)
    }
}

/// A component of a core module in text form, in a world of these imports and exports.
pub fn component(wat: &str, world: &str) -> Vec<u8> {
    component_of(
        wat::parse_str(wat).expect("the guest is well-formed"),
        world,
    )
}

/// The same of its bytes.
pub fn component_of(mut module: Vec<u8>, world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/since-v0.1.0");
    resolve.push_dir(wit).expect("the WIT package");
    let world = format!(
        "package test:guest;\n\
         interface elsewhere {{ fetch: func(); }}\n\
         world guest {{ {world} }}"
    );
    resolve.push_str("io.wit", WASI_IO).expect("WASI's streams");
    resolve
        .push_str("random.wit", WASI_RANDOM)
        .expect("WASI's random numbers");
    resolve
        .push_str("clocks.wit", WASI_CLOCKS)
        .expect("WASI's clocks");
    let package = resolve.push_str("guest.wit", &world).expect("the world");
    let world = resolve
        .select_world(&[package], Some("guest"))
        .expect("the world's name");
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("metadata");
    ComponentEncoder::default()
        .module(&module)
        .expect("a module with metadata")
        .encode()
        .expect("a component")
}

/// The parts of WASI 0.2 that a guest needs to sleep.
const WASI_IO: &str = "package wasi:io@0.2.0;
    interface poll { resource pollable { block: func(); } }";
const WASI_RANDOM: &str = "package wasi:random@0.2.0;
    interface random { get-random-bytes: func(len: u64) -> list<u8>; }";
const WASI_CLOCKS: &str = "package wasi:clocks@0.2.0;
    interface monotonic-clock {
        use wasi:io/poll@0.2.0.{pollable};
        now: func() -> u64;
        subscribe-duration: func(when: u64) -> pollable;
    }";

pub fn manifest() -> Manifest {
    Manifest {
        name: "guest".into(),
        version: semver::Version::new(1, 0, 0),
        api: semver::Version::new(0, 1, 0),
        description: "A guest of the test suite.".into(),
        kinds: vec![Kind::Policy],
        license: "Apache-2.0".into(),
        authors: Vec::new(),
        rules: vec![Rule {
            id: "r".into(),
            title: "A rule.".into(),
            severity: Severity::Error,
            help: "Do better.".into(),
        }],
        settings: serde_json::json!({}),
        capabilities: [Capability::Commits, Capability::Log]
            .map(|capability| CapabilityRequest {
                capability,
                reason: "to try it".into(),
            })
            .into(),
    }
}

pub fn release() -> Release {
    let subject = Subject {
        project: Text::from("project"),
        version: None,
        previous: None,
        head: ObjectName::new(&"a".repeat(40)).expect("a name"),
        base: None,
        target: None,
        path: None,
        versioning: holdpoint_conventional::Versioning::default(),
        tags: Vec::new(),
        totals: Totals::default(),
        artifacts: Vec::new(),
        evidence: Vec::new(),
        commits: Vec::new(),
        changes: Vec::new(),
    };
    Release {
        digest: Digest::of_json(&subject),
        subject,
        circumstances: Circumstances {
            time: jiff::Timestamp::from_second(1_700_000_000).expect("a time"),
            zone: "UTC".into(),
            ci: None,
            dirty: None,
            dry_run: true,
        },
    }
}

/// Bounds that a test reaches soon.
pub fn limits() -> Limits {
    Limits {
        fuel: 50_000_000,
        timeout: Duration::from_mins(1),
        memory_bytes: 8 << 20,
        answer_bytes: 64 << 10,
        answer_items: 100,
        text_bytes: 1_000,
        log_lines: 50,
        log_bytes: 2_000,
        host_calls: 500,
        host_call_bytes: 1 << 20,
    }
}

fn run(guest: &Guest) -> CallRecord {
    run_with(guest, limits())
}

/// Everything that a program plans to ask `example.com`.
pub fn requests() -> PlannedGrant {
    PlannedGrant {
        methods: PlannedMethod::ALL.to_vec(),
        url: UrlPrefix::new("https://example.com/").expect("a prefix"),
        addresses: Vec::new(),
    }
}

/// Calls one of the guest programs of `tests/programs`.
fn program(name: &str, settings: &serde_json::Value, input: Input, limits: Limits) -> CallRecord {
    let path = std::path::Path::new(env!("OUT_DIR"))
        .join(name)
        .with_extension("wasm");
    let component = std::fs::read(&path).expect("the build script makes the guest programs");
    let manifest = holdpoint_build::read_manifest(&component).expect("a manifest");
    let sandbox = Sandbox::new().expect("an engine");
    let grants = Grants {
        requests: vec![requests()],
        ..Grants::default()
    };
    let loaded = sandbox
        .load_granted(&component, Arc::new(manifest), grants)
        .expect("it can be loaded");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(loaded.call(Call {
        release: Arc::new(release()),
        settings: settings.to_string(),
        input,
        limits,
        seed: [7; 32],
        recording: None,
    }))
}

fn hostile(behaviour: &str, limits: Limits) -> CallRecord {
    program(
        "hostile",
        &serde_json::json!({ "behaviour": behaviour }),
        Input::Policy,
        limits,
    )
}

fn tourist(errand: &str) -> CallRecord {
    let limits = Limits {
        fuel: 1_000_000_000,
        ..limits()
    };
    program(
        "tourist",
        &serde_json::json!({ "errand": errand }),
        Input::Policy,
        limits,
    )
}

/// What a liar answers when asked like this.
fn liar(settings: &serde_json::Value, input: Input) -> Outcome {
    program("liar", settings, input, limits()).outcome
}

fn run_with(guest: &Guest, limits: Limits) -> CallRecord {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .expect("a runtime");
    let sandbox = Sandbox::new().expect("an engine");
    let loaded = sandbox
        .load(&guest.component(), Arc::new(manifest()))
        .expect("it can be loaded");
    let call = Call {
        release: Arc::new(release()),
        settings: "{}".into(),
        input: Input::Policy,
        limits,
        seed: [7; 32],
        recording: None,
    };
    runtime.block_on(loaded.call(call))
}

#[track_caller]
fn load_error(guest: &Guest, manifest: Manifest) -> LoadError {
    let sandbox = Sandbox::new().expect("an engine");
    sandbox
        .load(&guest.component(), Arc::new(manifest))
        .expect_err("it must be refused")
}

const LOOP: &str = "(loop $forever (br $forever))";

/// `(data …)` of an answer at address 16 with so many findings at 1024, each of the rule `r` with
/// the message `m` at a place of its own making.
fn findings(count: u32, location: &str) -> String {
    let mut finding = Vec::new();
    let text = |bytes: &mut Vec<u8>, address: u32, length: u32| {
        bytes.extend(address.to_le_bytes());
        bytes.extend(length.to_le_bytes());
    };
    text(&mut finding, 64, 1); // rule: "r"
    finding.extend([0, 0, 0, 0]); // severity: none
    text(&mut finding, 65, 1); // message: "m"
    match location {
        "release" => finding.extend([0; 20]),
        "commit" => {
            finding.extend(1u32.to_le_bytes());
            text(&mut finding, 128, 40);
            finding.extend([0; 8]);
        }
        other => panic!("no such location: {other}"),
    }
    finding.extend([0; 12]); // help: none
    assert_eq!(finding.len(), 52, "the canonical layout of a finding");
    let mut answer = vec![0, 0, 0, 0];
    answer.extend(1024u32.to_le_bytes());
    answer.extend(count.to_le_bytes());
    format!(
        r#"(data (i32.const 16) "{}") (data (i32.const 64) "rm") (data (i32.const 128) "{}")
           (data (i32.const 1024) "{}")"#,
        escaped(&answer),
        "b".repeat(40),
        escaped(&finding)
    )
}

fn escaped(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\{byte:02x}");
        text
    })
}

fn with_memory(data: &str) -> String {
    format!(r#"(memory (export "memory") 2) {data}"#)
}
