//! Bounds and rules with nothing behind them: each is met here by something that no other bound
//! would stop in time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use holdpoint::model::{
    Answer, Circumstances, Digest, Finding, LimitKind, Location, ObjectName, Outcome, Release,
    RuleId, Severity, Subject, Text, Totals, Verdict,
};
use holdpoint::pipeline::{Judge, Layer, Origin, Plan, Trust, parse, source, worst};
use holdpoint::sandbox::{Call, CallRecord, Input, Limits, Sandbox};
use holdpoint_build::Manifest;
use serde_json::Value;

use crate::context::{Context, Repository};

fn repository(context: &Context) -> Repository {
    let repository = context.repository("project");
    repository.commit_file("one", "1\n", "feat: begin");
    repository.tag("v1.0.0");
    repository.commit_file("one", "2\n", "fix: go on");
    repository.commit_file("one", "3\n", "fix: go further");
    repository
}

/// Runs a pipeline of one guest program, `tests/programs/NAME`, and gives the record.
#[track_caller]
fn run(name: &str, settings: &str, limits: &str, run_limits: &str) -> Value {
    let context = Context::new();
    let repository = repository(&context);
    let program = Path::new(env!("OUT_DIR")).join(name).with_extension("wasm");
    let pipeline = context.write(
        "pipeline.toml",
        format!(
            "[limits]\n{run_limits}\n[plugins.guest]\nsource = {:?}\nsettings = {settings}\n\
             limits = {{ {limits} }}\n[[stages]]\nid = \"policy\"\nuse = [\"guest\"]\n",
            program.display().to_string()
        ),
    );
    let pipeline = pipeline.to_str().expect("a path in UTF-8");
    let arguments = ["run", "--pipeline", pipeline, "--format", "json"];
    context
        .holdpoint(repository.path(), arguments)
        .expect_code(3)
        .json()
}

fn outcome(document: &Value) -> &str {
    document["stages"][0]["plugins"][0]["outcome"]
        .as_str()
        .expect("an outcome")
}

#[test]
fn fuel_ends_a_call_that_time_would_not() {
    let nothing = r#"{ behaviour = "nothing" }"#;
    let document = run("hostile", nothing, "fuel = 1000", "");
    assert_eq!(outcome(&document), "out-of-fuel");
}

/// It has fuel for about a second, so that it ends by itself where nobody looks at the clock.
const ENOUGH_FUEL: &str = "fuel = 2000000000";

#[test]
fn a_deadline_ends_a_call_that_fuel_would_not() {
    let limits = format!("{ENOUGH_FUEL}, timeout = \"20ms\"");
    let document = run("hostile", r#"{ behaviour = "loop" }"#, &limits, "");
    assert_eq!(outcome(&document), "timed-out");
}

#[test]
fn a_run_ends_when_its_time_is_over() {
    let wall_time = "wall-time = \"20ms\"";
    let document = run(
        "hostile",
        r#"{ behaviour = "loop" }"#,
        ENOUGH_FUEL,
        wall_time,
    );
    assert_eq!(outcome(&document), "timed-out");
    assert_eq!(document["findings"][0]["rule"], "holdpoint/run-out-of-time");
    let fault = &document["stages"][0]["plugins"][0]["fault"];
    assert_eq!(fault["limit"], "wall-time", "{fault:#}");
}

#[test]
fn what_is_printed_is_counted_in_bytes() {
    let limits = "fuel = 100000000, log-lines = 1000000, log = \"1 KiB\"";
    let document = run("tourist", r#"{ errand = "print" }"#, limits, "");
    assert_eq!(outcome(&document), "too-much-output");
    let fault = &document["stages"][0]["plugins"][0]["fault"];
    assert_eq!(fault["limit"], "log", "{fault:#}");
}

#[test]
fn what_is_not_judged_is_said() {
    let context = Context::new();
    let repository = repository(&context);
    repository.write("one", "not committed\n");
    let waiver = "[[waivers]]\nrule = \"conventional-commits/type\"\nrelease = true\n\
                  owner = \"a\"\nreason = \"b\"\nexpires = ";
    let pipeline = context.write(
        "pipeline.toml",
        format!(
            "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n\
             {waiver}2026-01-01T00:00:00Z\n{waiver}2027-01-01T00:00:00Z\n"
        ),
    );
    let pipeline = pipeline.to_str().expect("a path in UTF-8");
    let arguments = ["run", "--pipeline", pipeline, "--format", "json"];
    let narrowed = ["--at", "2026-06-01T00:00:00Z", "--from", "HEAD~1"];
    let document = context
        .holdpoint(repository.path(), arguments.iter().chain(&narrowed))
        .expect_code(0)
        .json();
    let mut rules: Vec<_> = document["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| finding["rule"].as_str().expect("a rule"))
        .collect();
    rules.sort_unstable();
    assert_eq!(
        rules,
        [
            "holdpoint/dirty-tree",
            "holdpoint/range-narrowed",
            "holdpoint/waiver-expired",
            "holdpoint/waiver-unused",
        ]
    );
}

fn release() -> Release {
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
            time: jiff::Timestamp::UNIX_EPOCH,
            zone: "UTC".into(),
            ci: None,
            dirty: None,
            dry_run: true,
        },
    }
}

/// Starts a component that does what it does when it starts and has nothing to be called: it is
/// malformed, unless it ended earlier.
fn started(component: &str) -> CallRecord {
    let component = wat::parse_str(component).expect("a component");
    let manifest = Manifest {
        name: "guest".into(),
        version: semver::Version::new(1, 0, 0),
        api: holdpoint_build::API_VERSION,
        description: "A guest of the test suite.".into(),
        kinds: Vec::new(),
        license: "Apache-2.0".into(),
        authors: Vec::new(),
        rules: Vec::new(),
        settings: serde_json::json!({}),
        capabilities: Vec::new(),
    };
    let sandbox = Sandbox::new().expect("an engine");
    let loaded = sandbox
        .load(&component, Arc::new(manifest))
        .expect("it can be loaded");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(loaded.call(Call {
        release: Arc::new(release()),
        settings: "{}".into(),
        input: Input::Policy,
        limits: Limits {
            timeout: Duration::from_secs(20),
            ..Limits::default()
        },
        seed: [7; 32],
        recording: None,
    }))
}

/// A module that calls its import so many times and keeps what it is given.
fn keeper(times: u32, import: &str, argument: &str) -> String {
    format!(
        r#"(core module $keeper
            (import "" "make" (func $make (param {import}) (result i32)))
            (func $start (local $left i32)
                (local.set $left (i32.const {times}))
                (loop $more
                    (drop (call $make ({argument})))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if $more (local.get $left))))
            (start $start))
        (core instance (instantiate $keeper
            (with "" (instance (export "make" (func $make))))))"#
    )
}

fn is_bounded(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::TooMuchOutput {
            what: LimitKind::Handles,
            limit: 4_096,
        } => true,
        Outcome::Malformed { .. } => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn handles_to_the_host_are_bounded() {
    // The host keeps two things for each alarm: the alarm, and that somebody waits for it.
    let outcome = |times| {
        started(&format!(
            r#"(component
                (import "wasi:io/poll@0.2.0" (instance $poll
                    (export "pollable" (type (sub resource)))))
                (alias export $poll "pollable" (type $pollable))
                (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
                    (alias outer 1 $pollable (type $pollable))
                    (export "pollable" (type $exported (eq $pollable)))
                    (export "subscribe-duration"
                        (func (param "when" u64) (result (own $exported))))))
                (core func $make (canon lower (func $clock "subscribe-duration")))
                {})"#,
            keeper(times, "i64", "i64.const 1")
        ))
        .outcome
    };
    assert!(!is_bounded(&outcome(2_000)));
    assert!(is_bounded(&outcome(3_000)));
}

#[test]
fn handles_to_the_guests_own_are_bounded() {
    let outcome = |times| {
        started(&format!(
            "(component
                (type $own (resource (rep i32)))
                (core func $make (canon resource.new $own))
                {})",
            keeper(times, "i32", "i32.const 1")
        ))
        .outcome
    };
    assert!(!is_bounded(&outcome(4_000)));
    assert!(is_bounded(&outcome(5_000)));
}

/// It counts down from a random number, so that its fuel tells which one it was given.
fn fuel_of_a_random_number(interface: &str) -> u64 {
    let record = started(&format!(
        r#"(component
            (import "wasi:random/{interface}@0.2.0" (instance $random
                (export "get-{prefix}random-u64" (func (result u64)))))
            (core func $number (canon lower (func $random "get-{prefix}random-u64")))
            (core module $counter
                (import "" "number" (func $number (result i64)))
                (func $start (local $left i32)
                    (local.set $left (i32.or (i32.const 1)
                        (i32.and (i32.const 0xfffff) (i32.wrap_i64 (call $number)))))
                    (loop $more
                        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                        (br_if $more (local.get $left))))
                (start $start))
            (core instance (instantiate $counter
                (with "" (instance (export "number" (func $number)))))))"#,
        prefix = if interface == "random" {
            ""
        } else {
            "insecure-"
        },
    ));
    assert!(matches!(record.outcome, Outcome::Malformed { .. }));
    record.fuel
}

#[test]
fn the_same_seed_gives_the_same_random_numbers() {
    for interface in ["random", "insecure"] {
        assert_eq!(
            fuel_of_a_random_number(interface),
            fuel_of_a_random_number(interface),
            "{interface}"
        );
    }
}

#[test]
fn a_waiver_of_a_project_releases_nothing_of_the_base_policy() {
    let text = "[[stages]]\nid = \"s\"\nuse = [\"p\"]\n[[waivers]]\nrule = \"p/type\"\n\
                release = true\nowner = \"a\"\nreason = \"b\"\nexpires = 2027-01-01T00:00:00Z\n";
    let source = source(
        Origin::Embedded,
        Text::from("pipeline.toml"),
        text.into(),
        Trust::Trusted,
    )
    .expect("a source");
    let plan =
        Plan::new(parse(&source).expect("a file"), &source, Layer::Pipeline).expect("a plan");
    let stage = &plan.stages[0];
    let of_the_project = plan.judge(stage, &stage.uses[0], jiff::Timestamp::UNIX_EPOCH);
    let of_the_policy = Judge {
        layer: Layer::Policy,
        ..of_the_project
    };
    let against = Outcome::Answered(Answer::Findings(vec![Finding {
        rule: RuleId::new("p", "type"),
        severity: Severity::Error,
        message: Text::from("no"),
        location: Location::Release,
        help: None,
    }]));
    assert_eq!(of_the_project.judge(&against).verdict, Verdict::Go);
    assert_eq!(of_the_policy.judge(&against).verdict, Verdict::NoGo);
}

#[test]
fn nothing_at_all_is_a_fault() {
    assert_eq!(worst([]), Verdict::Fault);
}
