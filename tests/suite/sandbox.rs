//! The sandbox by itself: guests written by hand, each of which tries one thing.

use std::sync::Arc;
use std::time::Duration;

use holdpoint::model::{
    Answer, Capability, Circumstances, Digest, FaultCode, Kind, LimitKind, Location, ObjectName,
    Outcome, Release, Severity, Subject, Text, Totals,
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
        component(&self.wat(), self.imports)
    }
}

/// A component of a core module in text form, in a world that exports `policy`.
fn component(wat: &str, imports: &str) -> Vec<u8> {
    let mut module = wat::parse_str(wat).expect("the guest is well-formed");
    let mut resolve = Resolve::default();
    let wit = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/since-v0.1.0");
    resolve.push_dir(wit).expect("the WIT package");
    let world = format!(
        "package test:guest;\n\
         interface elsewhere {{ fetch: func(); }}\n\
         world guest {{ {imports} export holdpoint:plugin/policy@0.1.0; }}"
    );
    resolve.push_str("io.wit", WASI_IO).expect("WASI's streams");
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
const WASI_CLOCKS: &str = "package wasi:clocks@0.2.0;
    interface monotonic-clock {
        use wasi:io/poll@0.2.0.{pollable};
        now: func() -> u64;
        subscribe-duration: func(when: u64) -> pollable;
    }";

fn manifest() -> Manifest {
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
            time: jiff::Timestamp::from_second(1_700_000_000).expect("a time"),
            zone: "UTC".into(),
            ci: None,
            dirty: None,
            dry_run: true,
        },
    }
}

/// Bounds that a test reaches soon.
fn limits() -> Limits {
    Limits {
        fuel: 50_000_000,
        timeout: Duration::from_secs(60),
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

/// Calls one of the guest programs of `tests/programs`.
fn program(name: &str, settings: &serde_json::Value, input: Input, limits: Limits) -> CallRecord {
    let path = std::path::Path::new(env!("OUT_DIR"))
        .join(name)
        .with_extension("wasm");
    let component = std::fs::read(&path).expect("the build script makes the guest programs");
    let manifest = holdpoint_build::read_manifest(&component).expect("a manifest");
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
        settings: settings.to_string(),
        input,
        limits,
        seed: [7; 32],
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
fn liar(settings: serde_json::Value, input: Input) -> Outcome {
    program("liar", &settings, input, limits()).outcome
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

#[test]
fn a_guest_that_finds_nothing_has_answered() {
    let record = run(&Guest::default());
    assert_eq!(
        record.outcome,
        Outcome::Answered(Answer::Findings(Vec::new()))
    );
    assert!(record.fuel > 0);
    assert_eq!(record.memory_bytes, 2 << 16);
}

#[test]
fn a_finding_has_the_rules_severity_and_help() {
    let record = run(&Guest {
        module: with_memory(&findings(1, "release")),
        ..Guest::default()
    });
    let Outcome::Answered(Answer::Findings(findings)) = record.outcome else {
        panic!("not answered: {:?}", record.outcome)
    };
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule.as_str(), "guest/r");
    assert_eq!(findings[0].severity, Severity::Error);
    assert_eq!(findings[0].location, Location::Release);
    assert_eq!(findings[0].help.as_ref().map(Text::raw), Some("Do better."));
}

#[test]
fn a_loop_runs_out_of_fuel_wherever_it_is() {
    let in_start = Guest {
        module: with_memory(&format!("(start $start) (func $start {LOOP})")),
        ..Guest::default()
    };
    let in_call = Guest {
        check: format!("{LOOP} (i32.const 16)"),
        ..Guest::default()
    };
    let in_allocation = Guest {
        realloc: "(loop $forever (br $forever)) (i32.const 0)",
        ..Guest::default()
    };
    let after_answer = Guest {
        post: LOOP,
        ..Guest::default()
    };
    for guest in [in_start, in_call, in_allocation, after_answer] {
        let record = run(&guest);
        assert_eq!(record.outcome, Outcome::OutOfFuel { limit: 50_000_000 });
    }
}

#[test]
fn a_deadline_ends_a_loop_wherever_it_is() {
    let limits = Limits {
        fuel: u64::MAX,
        timeout: Duration::from_millis(50),
        ..limits()
    };
    let in_start = Guest {
        module: with_memory(&format!("(start $start) (func $start {LOOP})")),
        ..Guest::default()
    };
    let in_call = Guest {
        check: format!("{LOOP} (i32.const 16)"),
        ..Guest::default()
    };
    let after_answer = Guest {
        post: LOOP,
        ..Guest::default()
    };
    for guest in [in_start, in_call, after_answer] {
        let record = run_with(&guest, limits);
        assert_eq!(record.outcome, Outcome::TimedOut { limit_ms: 50 });
    }
}

/// Each turn of the loop is a few instructions and moves four megabytes. If fuel counted
/// instructions alone, a million of them would pass before anybody looked at the clock.
#[test]
fn a_deadline_ends_a_loop_of_large_copies() {
    let limits = Limits {
        fuel: u64::MAX,
        timeout: Duration::from_millis(50),
        ..limits()
    };
    for operation in [
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const 4194304))",
        "(memory.copy (i32.const 0) (i32.const 2097152) (i32.const 2097152))",
    ] {
        let guest = Guest {
            module: r#"(memory (export "memory") 64)"#.into(),
            check: format!("(loop $forever {operation} (br $forever)) (i32.const 16)"),
            ..Guest::default()
        };
        let record = run_with(&guest, limits);
        assert_eq!(record.outcome, Outcome::TimedOut { limit_ms: 50 });
        assert!(
            record.duration < Duration::from_secs(20),
            "took {:?}",
            record.duration
        );
    }
}

#[test]
fn memory_is_bounded_by_every_route() {
    let limit_bytes = limits().memory_bytes;
    let grow_memory = Guest {
        check: "(loop $more (drop (memory.grow (i32.const 16))) (br $more)) (i32.const 16)".into(),
        ..Guest::default()
    };
    let grow_table = Guest {
        module: with_memory("(table $t 1 funcref)"),
        check: "(loop $more (drop (table.grow $t (ref.null func) (i32.const 10000))) (br $more))
                (i32.const 16)"
            .into(),
        ..Guest::default()
    };
    let large_memory = Guest {
        module: r#"(memory (export "memory") 200)"#.into(),
        ..Guest::default()
    };
    let large_table = Guest {
        module: with_memory("(table 1000000 funcref)"),
        ..Guest::default()
    };
    // Each alone is below the bound; together they are above.
    let many_memories = Guest {
        module: with_memory("(memory 50) (memory 50) (memory 50)"),
        ..Guest::default()
    };
    for guest in [
        grow_memory,
        grow_table,
        large_memory,
        large_table,
        many_memories,
    ] {
        let record = run(&guest);
        assert_eq!(record.outcome, Outcome::OutOfMemory { limit_bytes });
        assert!(record.memory_bytes <= limit_bytes);
    }
}

#[test]
fn the_numbers_of_memories_and_tables_are_bounded() {
    let memories = Guest {
        module: with_memory(&"(memory 0)".repeat(16)),
        ..Guest::default()
    };
    let error = load_error(&memories, manifest());
    assert!(
        matches!(
            error,
            LoadError::TooManyParts {
                what: "memories",
                count: 17,
                count_max: 16
            }
        ),
        "{error:?}"
    );
    let tables = Guest {
        module: with_memory(&"(table 0 funcref)".repeat(65)),
        ..Guest::default()
    };
    let error = load_error(&tables, manifest());
    assert!(
        matches!(
            error,
            LoadError::TooManyParts {
                what: "tables",
                count: 65,
                count_max: 64
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_trap_names_the_functions_on_the_stack() {
    let guest = Guest {
        module: with_memory("(func $divide (result i32) (i32.div_u (i32.const 1) (i32.const 0)))"),
        check: "(call $divide)".into(),
        ..Guest::default()
    };
    let Outcome::Trapped { message, backtrace } = run(&guest).outcome else {
        panic!("no trap")
    };
    assert_eq!(message.raw(), "wasm trap: integer divide by zero");
    let names: Vec<_> = backtrace.iter().map(Text::raw).collect();
    assert_eq!(names, ["divide", "check"]);
}

#[test]
fn endless_recursion_is_a_trap() {
    let guest = Guest {
        check: "(call $check (local.get 0))".into(),
        ..Guest::default()
    };
    let Outcome::Trapped { message, backtrace } = run(&guest).outcome else {
        panic!("no trap")
    };
    assert_eq!(message.raw(), "wasm trap: call stack exhausted");
    assert!(backtrace.len() <= 32, "{} frames", backtrace.len());
}

#[test]
fn too_many_findings_are_too_much_output() {
    let count = limits().answer_items + 1;
    let zeros = u32::try_from(count).expect("a small number");
    let repeated = findings(1, "release");
    // The same finding again and again: copied by the guest itself.
    let guest = Guest {
        module: with_memory(&format!(
            "{repeated} (data (i32.const 24) \"{}\")",
            escaped(&zeros.to_le_bytes())
        )),
        check: "(local $at i32) (local.set $at (i32.const 1076))
                (loop $more
                    (memory.copy (local.get $at) (i32.const 1024) (i32.const 52))
                    (local.set $at (i32.add (local.get $at) (i32.const 52)))
                    (br_if $more (i32.lt_u (local.get $at) (i32.const 60000))))
                (i32.const 16)"
            .into(),
        ..Guest::default()
    };
    let record = run(&guest);
    let expected = Outcome::TooMuchOutput {
        what: LimitKind::AnswerItems,
        limit: count - 1,
    };
    assert_eq!(record.outcome, expected);
}

#[test]
fn a_million_findings_are_not_even_read() {
    let guest = Guest {
        module: with_memory(&findings(1_000_000, "release"))
            .replace("\"memory\") 2", "\"memory\") 900"),
        ..Guest::default()
    };
    let limits = Limits {
        memory_bytes: 64 << 20,
        ..limits()
    };
    let expected = Outcome::TooMuchOutput {
        what: LimitKind::AnswerBytes,
        limit: limits.answer_bytes,
    };
    assert_eq!(run_with(&guest, limits).outcome, expected);
}

#[test]
fn a_long_text_is_too_much_output() {
    let mut module = with_memory(&findings(1, "release"));
    // The message's length is at 16 bytes into the finding.
    module.push_str(&format!(
        r#"(data (i32.const 1040) "{}")"#,
        escaped(&2_000u32.to_le_bytes())
    ));
    module.push_str(&format!(
        r#"(data (i32.const 4096) "{}")"#,
        "x".repeat(2_000)
    ));
    module.push_str(&format!(
        r#"(data (i32.const 1036) "{}")"#,
        escaped(&4096u32.to_le_bytes())
    ));
    let record = run(&Guest {
        module,
        ..Guest::default()
    });
    let expected = Outcome::TooMuchOutput {
        what: LimitKind::TextBytes,
        limit: 1_000,
    };
    assert_eq!(record.outcome, expected);
}

#[test]
fn a_lying_guest_has_not_answered() {
    let unknown_rule = with_memory(&findings(1, "release")).replace("\"rm\"", "\"sm\"");
    let unknown_commit = with_memory(&findings(1, "commit"));
    let not_utf8 = with_memory(&findings(1, "release")).replace("\"rm\"", "\"r\\ff\"");
    let blank_message = with_memory(&findings(1, "release")).replace("\"rm\"", "\"r \"");
    let out_of_memory =
        with_memory(r#"(data (i32.const 16) "\00\00\00\00\00\00\00\7f\01\00\00\00")"#);
    let no_such_case = with_memory(r#"(data (i32.const 16) "\09")"#);
    for (module, word) in [
        (unknown_rule, "rule"),
        (unknown_commit, "commit"),
        (not_utf8, "UTF-8"),
        (blank_message, "message"),
        (out_of_memory, "out of bounds"),
        (no_such_case, "discriminant"),
    ] {
        let outcome = run(&Guest {
            module,
            ..Guest::default()
        })
        .outcome;
        let Outcome::Malformed { message } = &outcome else {
            panic!("{word}: {outcome:?}")
        };
        assert!(message.raw().contains(word), "{word}: {message:?}");
    }
}

#[test]
fn an_answer_outside_of_memory_has_not_answered() {
    let guest = Guest {
        check: "(i32.const -4)".into(),
        ..Guest::default()
    };
    let outcome = run(&guest).outcome;
    assert!(
        matches!(outcome, Outcome::Trapped { .. } | Outcome::Malformed { .. }),
        "{outcome:?}"
    );
}

#[test]
fn a_fault_is_what_the_guest_says() {
    // fault { message: "m", code: some(missing), retry: true }
    let data = r#"(data (i32.const 16) "\01\00\00\00\41\00\00\00\01\00\00\00\01\01\01")
                  (data (i32.const 64) "rm")"#;
    let Outcome::Fault(fault) = run(&Guest {
        module: with_memory(data),
        ..Guest::default()
    })
    .outcome
    else {
        panic!("no fault")
    };
    assert_eq!(fault.message.raw(), "m");
    assert_eq!(fault.code, Some(FaultCode::Missing));
    assert!(fault.retry);
}

const LOG: &str = "import holdpoint:plugin/log@0.1.0;";

fn logger(length: u32) -> Guest {
    Guest {
        imports: LOG,
        module: format!(
            r#"(import "holdpoint:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))
               {}"#,
            with_memory(r#"(data (i32.const 256) "\1b[2Jhello, and some more words to log here")"#)
        ),
        check: format!(
            "(loop $more (call $log (i32.const 2) (i32.const 256) (i32.const {length})) (br $more))
             (i32.const 16)"
        ),
        ..Guest::default()
    }
}

#[test]
fn a_flood_of_log_lines_is_too_much_output() {
    let record = run(&logger(3));
    assert_eq!(
        record.outcome,
        Outcome::TooMuchOutput {
            what: LimitKind::LogLines,
            limit: 50
        }
    );
    assert_eq!(record.log.len(), 50, "what was logged before is kept");
    assert_eq!(record.log[0].level, LogLevel::Warn);
}

#[test]
fn a_flood_of_log_bytes_is_too_much_output() {
    let record = run_with(
        &logger(40),
        Limits {
            log_lines: 1_000_000,
            ..limits()
        },
    );
    assert_eq!(
        record.outcome,
        Outcome::TooMuchOutput {
            what: LimitKind::LogBytes,
            limit: 2_000
        }
    );
}

#[test]
fn calls_to_the_host_are_counted() {
    let limits = Limits {
        log_lines: 1_000_000,
        log_bytes: u64::MAX,
        ..limits()
    };
    let record = run_with(&logger(1), limits);
    assert_eq!(
        record.outcome,
        Outcome::TooMuchOutput {
            what: LimitKind::HostCalls,
            limit: 500
        }
    );
}

#[test]
fn what_the_host_hands_over_is_counted() {
    let guest = Guest {
        imports: "import holdpoint:plugin/commits@0.1.0;",
        module: format!(
            r#"(import "holdpoint:plugin/commits@0.1.0" "page" (func $page (param i32 i32 i32)))
               {}"#,
            with_memory("")
        ),
        // Memory handed out for the last page is taken back, so that only the host counts.
        check: "(loop $more (global.set $next (i32.const 65536))
                    (call $page (i32.const 0) (i32.const 500) (i32.const 512)) (br $more))
                (i32.const 16)"
            .into(),
        ..Guest::default()
    };
    let sandbox = Sandbox::new().expect("an engine");
    let loaded = sandbox
        .load(&guest.component(), Arc::new(manifest()))
        .expect("it can be loaded");
    let mut release = release();
    let person = holdpoint::model::Person {
        name: Text::from("p"),
        email: Text::from("e"),
    };
    release.subject.commits.push(holdpoint::model::Commit {
        id: ObjectName::new(&"b".repeat(40)).expect("a name"),
        parents: Vec::new(),
        author: person.clone(),
        authored: 0,
        committer: person,
        committed: 0,
        summary: Text::from("x".repeat(20_000)),
        body: Text::default(),
        trailers: Vec::new(),
        signed: false,
        measures: holdpoint::model::Measures::default(),
    });
    let call = Call {
        release: Arc::new(release),
        settings: "{}".into(),
        input: Input::Policy,
        limits: limits(),
        seed: [7; 32],
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let record = runtime.block_on(loaded.call(call));
    let expected = Outcome::TooMuchOutput {
        what: LimitKind::HostCallBytes,
        limit: 1 << 20,
    };
    assert_eq!(record.outcome, expected);
}

#[test]
fn an_import_that_nobody_provides_is_refused_by_name() {
    let guest = Guest {
        imports: "import elsewhere;",
        module: format!(
            r#"(import "test:guest/elsewhere" "fetch" (func $fetch)) {}"#,
            with_memory("")
        ),
        check: "(call $fetch) (i32.const 16)".into(),
        ..Guest::default()
    };
    let error = load_error(&guest, manifest());
    assert!(
        matches!(error, LoadError::UnknownImport { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("test:guest/elsewhere"),
        "{error}"
    );
}

#[test]
fn a_capability_that_is_not_granted_is_refused_by_name() {
    let guest = Guest {
        imports: "import holdpoint:plugin/secrets@0.1.0;",
        module: format!(
            r#"(import "holdpoint:plugin/secrets@0.1.0" "placeholder" (func $s (param i32 i32 i32))) {}"#,
            with_memory("")
        ),
        check: "(call $s (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 16)".into(),
        ..Guest::default()
    };
    let mut manifest = manifest();
    manifest.capabilities.push(CapabilityRequest {
        capability: Capability::Secrets,
        reason: "to try it".into(),
    });
    let error = load_error(&guest, manifest);
    assert!(
        matches!(
            error,
            LoadError::NotGranted {
                capability: Capability::Secrets
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_capability_that_is_not_declared_is_refused_by_name() {
    let guest = Guest {
        imports: "import holdpoint:plugin/commits@0.1.0;",
        module: format!(
            r#"(import "holdpoint:plugin/commits@0.1.0" "page" (func $page (param i32 i32 i32))) {}"#,
            with_memory("")
        ),
        check: "(call $page (i32.const 0) (i32.const 0) (i32.const 512)) (i32.const 16)".into(),
        ..Guest::default()
    };
    let error = load_error(
        &guest,
        Manifest {
            capabilities: Vec::new(),
            ..manifest()
        },
    );
    assert!(
        matches!(
            error,
            LoadError::Undeclared {
                capability: Capability::Commits
            }
        ),
        "{error:?}"
    );
}

#[test]
fn kinds_must_be_what_the_manifest_says() {
    let guest = Guest::default();
    let missing = Manifest {
        kinds: vec![Kind::Policy, Kind::Risk],
        ..manifest()
    };
    assert!(matches!(
        load_error(&guest, missing),
        LoadError::MissingKind { kind: Kind::Risk }
    ));
    let undeclared = Manifest {
        kinds: Vec::new(),
        ..manifest()
    };
    assert!(matches!(
        load_error(&guest, undeclared),
        LoadError::UndeclaredKind { kind: Kind::Policy }
    ));
}

#[test]
fn the_same_call_uses_the_same_fuel() {
    let guest = Guest {
        module: with_memory(&findings(1, "release")),
        ..Guest::default()
    };
    let first = run(&guest);
    let second = run(&guest);
    assert_eq!(first.fuel, second.fuel);
    assert_eq!(first.outcome, second.outcome);
}

fn sleeper(check: &str) -> Guest {
    Guest {
        imports: "import wasi:io/poll@0.2.0; import wasi:clocks/monotonic-clock@0.2.0;",
        module: format!(
            r#"(import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
               (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration"
                   (func $alarm (param i64) (result i32)))
               (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
               {}"#,
            with_memory("")
        ),
        check: check.into(),
        ..Guest::default()
    }
}

#[test]
fn sleeping_moves_the_guests_clock_and_not_ours() {
    // It sleeps for an hour and then traps unless its clock says so.
    let guest = sleeper(
        "(local $start i64) (local.set $start (call $now))
         (call $block (call $alarm (i64.const 3600000000000)))
         (if (i64.lt_u (i64.sub (call $now) (local.get $start)) (i64.const 3600000000000))
             (then unreachable))
         (i32.const 16)",
    );
    let record = run(&guest);
    assert_eq!(
        record.outcome,
        Outcome::Answered(Answer::Findings(Vec::new()))
    );
    assert!(
        record.duration < Duration::from_secs(60),
        "took {:?}",
        record.duration
    );
}

#[test]
fn handles_are_bounded() {
    let guest =
        sleeper("(loop $more (drop (call $alarm (i64.const 1))) (br $more)) (i32.const 16)");
    let record = run(&guest);
    assert_eq!(
        record.outcome,
        Outcome::TooMuchOutput {
            what: LimitKind::Handles,
            limit: 4_096
        }
    );
}

#[test]
fn one_call_that_fails_leaves_nothing_behind() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");
    let sandbox = Sandbox::new().expect("an engine");
    let load = |guest: &Guest| {
        sandbox
            .load(&guest.component(), Arc::new(manifest()))
            .expect("it can be loaded")
    };
    let call = |timeout_ms| Call {
        release: Arc::new(release()),
        settings: "{}".into(),
        input: Input::Policy,
        limits: Limits {
            timeout: Duration::from_millis(timeout_ms),
            fuel: u64::MAX,
            ..limits()
        },
        seed: [7; 32],
    };
    // A guest that counts its calls in its memory and loops from the second on.
    let guest = load(&Guest {
        check: "(if (i32.load (i32.const 512)) (then (loop $forever (br $forever))))
                (i32.store (i32.const 512) (i32.const 1)) (i32.const 16)"
            .into(),
        ..Guest::default()
    });
    let looping = load(&Guest {
        check: format!("{LOOP} (i32.const 16)"),
        ..Guest::default()
    });
    runtime.block_on(async {
        for _ in 0..20 {
            let (stuck, fresh) = tokio::join!(looping.call(call(5)), guest.call(call(60_000)));
            assert_eq!(stuck.outcome, Outcome::TimedOut { limit_ms: 5 });
            assert_eq!(
                fresh.outcome,
                Outcome::Answered(Answer::Findings(Vec::new()))
            );
        }
    });
}

#[test]
fn a_panic_is_a_trap_with_its_message_and_place_in_the_log() {
    let record = hostile("panic", limits());
    let Outcome::Trapped { message, backtrace } = record.outcome else {
        panic!("no trap")
    };
    assert_eq!(
        message.raw(),
        "wasm trap: wasm `unreachable` instruction executed"
    );
    assert!(
        backtrace
            .iter()
            .any(|frame| frame.raw().contains("hostile") && frame.raw().contains("check")),
        "{backtrace:?}"
    );
    let line = record.log.last().expect("a line in the log");
    assert_eq!(line.level, LogLevel::Error);
    assert!(
        line.text.raw().contains("the plugin gave up on project"),
        "{line:?}"
    );
    assert!(line.text.raw().contains("src/lib.rs:"), "{line:?}");
}

#[test]
fn a_guest_in_rust_trips_the_same_bounds() {
    let limits = limits();
    let outcome = |behaviour: &str| hostile(behaviour, limits).outcome;
    let too_much = |what, limit| Outcome::TooMuchOutput { what, limit };
    assert_eq!(outcome("loop"), Outcome::OutOfFuel { limit: limits.fuel });
    assert!(matches!(outcome("recurse"), Outcome::Trapped { .. }));
    assert_eq!(
        outcome("allocate"),
        Outcome::OutOfMemory {
            limit_bytes: limits.memory_bytes
        }
    );
    assert_eq!(
        outcome("log"),
        too_much(LimitKind::LogLines, limits.log_lines)
    );
    assert!(matches!(outcome("unknown-rule"), Outcome::Malformed { .. }));
    assert!(matches!(
        outcome("unknown-commit"),
        Outcome::Malformed { .. }
    ));
    assert!(matches!(outcome("fault"), Outcome::Fault(_)));
    let limits = Limits {
        memory_bytes: 1 << 30,
        fuel: 5_000_000_000,
        ..limits
    };
    let outcome = |behaviour: &str| hostile(behaviour, limits).outcome;
    assert_eq!(
        outcome("million-findings"),
        too_much(LimitKind::AnswerBytes, limits.answer_bytes)
    );
    assert_eq!(
        outcome("long-message"),
        too_much(LimitKind::AnswerBytes, limits.answer_bytes)
    );
}

/// Everything that a standard library offers to look at is there and empty, denied, or the same
/// each time.
#[test]
fn a_guest_for_wasi_sees_nothing_of_this_machine() {
    let record = tourist("look");
    let Outcome::Answered(Answer::Findings(findings)) = &record.outcome else {
        panic!("{:?}\n{:?}", record.outcome, record.log)
    };
    let seen: Vec<_> = findings
        .iter()
        .map(|finding| finding.message.raw())
        .collect();
    assert_eq!(
        seen[..12],
        [
            "environment: 0",
            "arguments: 0",
            "standard input: Ok(0)",
            "folder: denied",
            "write: denied",
            "file: denied",
            "parent: denied",
            "connect: denied",
            "listen: denied",
            "datagram: denied",
            "resolve: denied",
            "time: 1700000000",
        ]
    );
    assert_eq!(
        record.outcome,
        tourist("look").outcome,
        "the same seed gives the same random numbers"
    );
}

#[test]
fn a_guest_for_wasi_sleeps_a_day_in_no_time() {
    let Outcome::Answered(Answer::Findings(findings)) = tourist("sleep").outcome else {
        panic!("not answered")
    };
    assert_eq!(findings[0].message.raw(), "hours slept: 24");
}

#[test]
fn endless_printing_is_too_much_output() {
    let outcome = tourist("print").outcome;
    assert_eq!(
        outcome,
        Outcome::TooMuchOutput {
            what: LimitKind::LogLines,
            limit: 50
        }
    );
}

#[test]
fn what_is_printed_is_kept_by_line() {
    let record = tourist("print-little");
    assert_eq!(
        record.outcome,
        Outcome::Answered(Answer::Findings(Vec::new()))
    );
    let lines: Vec<_> = record
        .log
        .iter()
        .map(|line| (line.level, line.text.raw()))
        .collect();
    assert_eq!(
        lines,
        [
            (LogLevel::Info, "to \u{1b}[31moutput"),
            (LogLevel::Warn, "to \u{1b}[31merror"),
            (LogLevel::Info, "no end"),
        ]
    );
    assert_eq!(
        record.log[0].text.terminal().to_string(),
        "to \\u{1b}[31moutput"
    );
}

#[test]
fn an_exit_is_no_answer() {
    let Outcome::Trapped { message, .. } = tourist("exit").outcome else {
        panic!("no trap")
    };
    assert_eq!(message.raw(), "the guest called exit(0)");
}

fn notify() -> Input {
    Input::Notify {
        event: holdpoint::model::Event {
            kind: holdpoint::model::EventKind::Started,
            run: "run".into(),
            stage: None,
            reason: Text::from("because"),
            findings: Vec::new(),
        },
        channel: holdpoint::model::Channel {
            name: "channel".into(),
            media_type: "application/json".into(),
            body_bytes_max: 1_000,
        },
    }
}

#[test]
fn an_edit_lies_plainly_in_the_checkout() {
    let outcome = |path: &str| liar(serde_json::json!({ "path": path }), Input::Document);
    for path in [
        "",
        "/etc/passwd",
        "../up",
        "a/../b",
        "a//b",
        ".git/config",
        "a/.GIT/b",
        "a\\b",
        "c:b",
        "a\0",
    ] {
        assert!(
            matches!(outcome(path), Outcome::Malformed { .. }),
            "{path}: {:?}",
            outcome(path)
        );
    }
    assert!(matches!(
        outcome("docs/CHANGELOG.md"),
        Outcome::Answered(Answer::Edits(_))
    ));
}

#[test]
fn a_message_is_the_json_that_it_says_it_is() {
    let outcome = |settings| liar(settings, notify());
    let body = |body: &str| outcome(serde_json::json!({ "body": body }));
    assert!(matches!(
        body("{\"text\": 1}"),
        Outcome::Answered(Answer::Messages(_))
    ));
    assert!(matches!(body("{"), Outcome::Malformed { .. }));
    assert!(matches!(
        body(&format!("\"{}\"", "x".repeat(1_000))),
        Outcome::Malformed { .. }
    ));
    assert!(matches!(
        outcome(serde_json::json!({ "depth": 50 })),
        Outcome::Answered(_)
    ));
    assert!(matches!(
        outcome(serde_json::json!({ "depth": 400 })),
        Outcome::Malformed { .. }
    ));
}

#[test]
fn numbers_are_numbers_and_methods_change_something() {
    let not_a_number = serde_json::json!({ "not-a-number": true });
    for (settings, input) in [
        (not_a_number.clone(), Input::Risk),
        (not_a_number, Input::Verify { attempt: 1 }),
        (serde_json::json!({ "method": "GET" }), Input::Action),
    ] {
        let outcome = liar(settings, input);
        assert!(matches!(outcome, Outcome::Malformed { .. }), "{outcome:?}");
    }
    for (settings, input) in [
        (serde_json::json!({}), Input::Risk),
        (serde_json::json!({}), Input::Resource),
        (serde_json::json!({}), Input::Verify { attempt: 1 }),
        (serde_json::json!({ "method": "POST" }), Input::Action),
    ] {
        let outcome = liar(settings, input);
        assert!(matches!(outcome, Outcome::Answered(_)), "{outcome:?}");
    }
}
