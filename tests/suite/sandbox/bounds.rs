//! Bounds on a call, each tripped by a guest written for it. Loops, memory and recursion are in the
//! hostile corpus.

use super::*;

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
        recording: None,
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
        record.duration < Duration::from_mins(1),
        "took {:?}",
        record.duration
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
        recording: None,
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

/// Host functions cost the guest little fuel and much time. Two such guests on one worker leave the
/// deadline, and whoever else waits, to the threads that they do not run on.
#[test]
fn a_deadline_ends_a_loop_of_host_functions() {
    let random = Guest {
        imports: "import wasi:random/random@0.2.0;",
        module: format!(
            r#"(import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))
               {}"#,
            with_memory("")
        )
        .replace("\"memory\") 2", "\"memory\") 4"),
        check: "(loop $more (global.set $next (i32.const 65536))
                    (call $random (i64.const 65536) (i32.const 512)) (br $more))
                (i32.const 16)"
            .into(),
        ..Guest::default()
    };
    let sandbox = Sandbox::new().expect("an engine");
    let loaded = sandbox
        .load(&random.component(), Arc::new(manifest()))
        .expect("it can be loaded");
    let call = || Call {
        release: Arc::new(release()),
        settings: "{}".into(),
        input: Input::Policy,
        limits: Limits {
            fuel: u64::MAX,
            timeout: Duration::from_millis(100),
            ..limits()
        },
        seed: [7; 32],
        recording: None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .expect("a runtime");
    let (one, other) =
        runtime.block_on(async { tokio::join!(loaded.call(call()), loaded.call(call())) });
    for record in [one, other] {
        assert_eq!(record.outcome, Outcome::TimedOut { limit_ms: 100 });
        assert!(record.fuel > 0, "the guest was stopped and left its record");
    }
}

#[test]
fn a_function_with_a_long_name_is_cut_in_a_backtrace() {
    let guest = Guest {
        module: with_memory(&format!("(func ${} unreachable)", "n".repeat(100_000))),
        check: format!("(call ${}) (i32.const 16)", "n".repeat(100_000)),
        ..Guest::default()
    };
    let Outcome::Trapped { backtrace, .. } = run(&guest).outcome else {
        panic!("no trap")
    };
    assert_eq!(backtrace[0].raw(), "n".repeat(512));
}
