//! Where machine code comes from: built into the program, kept, or made by a process with limits.

mod confined;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use holdpoint::sandbox::{CompileLimit, CompileLimits, Compiler, LoadError, Sandbox};
use holdpoint_build::read_manifest;
use serde_json::Value;

use crate::context::{Context, Ran, Repository, binary};
use crate::hostile::program;

fn repository(context: &Context) -> Repository {
    let repository = context.repository("project");
    repository.commit_file("one", "1\n", "feat: begin");
    repository.tag("v1.0.0");
    repository.commit_file("one", "2\n", "fix: go on");
    repository
}

/// A run of one plugin from a file, as a command to be changed.
fn command(context: &Context, component: &Path, settings: &str) -> Command {
    let pipeline = context.write(
        "pipeline.toml",
        format!(
            "[plugins.stranger]\nsource = {:?}\nsettings = {settings}\n\
             [[stages]]\nid = \"policy\"\nuse = [\"stranger\"]\n",
            component.display().to_string()
        ),
    );
    let mut command = context.command(&context.path().join("project"));
    command
        .args(["run", "--at", "2026-11-22T10:00:00Z", "--format", "json"])
        .arg("--pipeline")
        .arg(pipeline);
    command
}

/// A run of a guest program that finds nothing.
fn stranger(context: &Context) -> Command {
    command(context, &program("hostile"), "{ behaviour = \"nothing\" }")
}

#[track_caller]
fn run(command: &mut Command) -> Ran {
    Ran::of(command.output()).expect_code(0)
}

/// The files in the cache of a test.
fn entries(context: &Context) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(context.path().join("cache/holdpoint")) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

fn call(document: &Value) -> Value {
    let mut call = document["stages"][0]["plugins"][0].clone();
    for changing in ["duration_ms", "plugin", "name", "digest", "source"] {
        call.as_object_mut().expect("an object").remove(changing);
    }
    call
}

#[test]
fn what_was_built_with_the_program_is_not_compiled_and_answers_the_same() {
    let context = Context::new();
    repository(&context);
    let built = holdpoint::plugin::embedded("conventional-commits").expect("the plugin");
    // One section more makes it another component, of the same code.
    let mut copy = built.to_vec();
    copy.extend([0, 5, 4, b'c', b'o', b'p', b'y']);
    let [built, copy] = [("built.wasm", built), ("copy.wasm", &copy)].map(|(name, bytes)| {
        let path = context.write(name, bytes);
        let ran = run(command(&context, &path, "{}").arg("-vv"));
        (ran.stderr.contains("compiling"), call(&ran.json()))
    });
    assert_eq!((built.0, copy.0), (false, true));
    assert!(
        built.1["fuel"].as_u64().is_some_and(|fuel| fuel > 0),
        "{}",
        built.1
    );
    let apart = |mut call: Value| {
        let table = call.as_object_mut().expect("a table");
        let made = table.remove("machine_code").expect("who made it");
        table.remove("confinement");
        (made, call)
    };
    let (built, copy) = (apart(built.1), apart(copy.1));
    assert_eq!((built.0, copy.0), ("program".into(), "process".into()));
    assert_eq!(built.1, copy.1);
}

#[test]
fn a_stranger_is_compiled_once() {
    let context = Context::new();
    repository(&context);
    let first = run(stranger(&context).arg("-vv"));
    let second = run(stranger(&context).arg("-vv"));
    assert!(first.stderr.contains("compiling"), "{}", first.stderr);
    assert!(!second.stderr.contains("compiling"), "{}", second.stderr);
    assert_eq!(call(&first.json()), call(&second.json()));
    assert_eq!(entries(&context).len(), 1);
}

#[test]
fn without_a_cache_nothing_is_kept() {
    let context = Context::new();
    repository(&context);
    run(stranger(&context).arg("--no-cache"));
    assert!(!context.path().join("cache").exists());
    assert!(!context.path().join("state").exists());
}

#[test]
fn the_folder_can_be_named() {
    let context = Context::new();
    repository(&context);
    let (one, two) = (context.path().join("one"), context.path().join("two"));
    run(stranger(&context).env("HOLDPOINT_CACHE_DIR", &one));
    run(stranger(&context)
        .env("HOLDPOINT_CACHE_DIR", &one)
        .arg("--cache-dir")
        .arg(&two));
    assert!(one.is_dir() && two.is_dir());
    assert_eq!(entries(&context), Vec::<PathBuf>::new());
}

#[test]
fn a_user_without_a_home_has_no_cache() {
    let context = Context::new();
    repository(&context);
    let mut command = stranger(&context);
    for variable in ["HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
        command.env_remove(variable);
    }
    let ran = run(command.arg("-v"));
    assert!(ran.stderr.contains("HOME is not set"), "{}", ran.stderr);
    // A path from wherever the user happens to be is none.
    let ran = run(stranger(&context)
        .env_remove("HOME")
        .env("XDG_CACHE_HOME", "here")
        .arg("-v"));
    assert!(ran.stderr.contains("HOME is not set"), "{}", ran.stderr);
}

#[test]
fn changed_machine_code_is_never_run() {
    let context = Context::new();
    repository(&context);
    let first = run(&mut stranger(&context));
    let [entry] = &entries(&context)[..] else {
        panic!("one entry");
    };
    let good = fs::read(entry).expect("the entry");
    for at in [0, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(entry, &bad).expect("the entry can be written");
        let ran = run(&mut stranger(&context));
        assert!(ran.stderr.contains("is thrown away"), "{}", ran.stderr);
        assert_eq!(call(&ran.json()), call(&first.json()));
        // It was compiled again and kept.
        let quiet = run(&mut stranger(&context));
        assert_eq!(quiet.stderr, "");
    }
}

/// Linux's own folder belongs to the user, and nobody can make a file in it.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_to_is_said_once_and_is_no_failure() {
    let context = Context::new();
    repository(&context);
    let ran = run(stranger(&context).env("HOLDPOINT_CACHE_DIR", "/proc/self/fdinfo"));
    assert_eq!(
        ran.stderr.matches("goes on without it").count(),
        1,
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn a_full_disk_is_said_once_and_is_no_failure() {
    let context = Context::new();
    repository(&context);
    let whole = stranger(&context);
    // The key has room, and so have the pages of a guest, which count as a file; machine code has not.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 256; exec \"$0\" \"$@\""])
        .arg(whole.get_program())
        .args(whole.get_args())
        .env_clear()
        .current_dir(context.path().join("project"));
    for (name, value) in whole.get_envs() {
        limited.env(name, value.unwrap_or_default());
    }
    let ran = run(&mut limited);
    assert_eq!(
        ran.stderr.matches("goes on without it").count(),
        1,
        "{}",
        ran.stderr
    );
    assert_eq!(entries(&context), Vec::<PathBuf>::new());
}

#[test]
fn ten_runs_at_once_share_a_cache() {
    let context = Context::new();
    repository(&context);
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let commands: Vec<_> = (0..10).map(|_| stranger(&context)).collect();
        let runs: Vec<_> = commands
            .into_iter()
            .map(|mut command| scope.spawn(move || run(&mut command)))
            .collect();
        runs.into_iter()
            .map(|run| {
                let ran = run.join().expect("the run");
                assert_eq!(ran.stderr, "");
                call(&ran.json())
            })
            .collect()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(entries(&context).len(), 1);
}

/// Limits that nothing honest reaches.
pub const WIDE: CompileLimits = CompileLimits {
    processor_time: Duration::from_mins(2),
    wall_time: Duration::from_mins(4),
    address_space_bytes: 4 << 30,
    machine_code_bytes: 64 << 20,
};

pub fn load(component: &[u8], compiler: Compiler) -> Result<(), LoadError> {
    let manifest = fs::read(program("hostile")).expect("the guest program");
    let manifest = read_manifest(&manifest).expect("a manifest");
    let sandbox = Sandbox::new().expect("an engine").with_compiler(compiler);
    sandbox.load(component, Arc::new(manifest)).map(drop)
}

#[track_caller]
fn limited(component: &[u8], limits: CompileLimits) -> CompileLimit {
    match load(component, Compiler::new(binary()).with_limits(limits)) {
        Err(LoadError::CompileLimit { limit }) => limit,
        other => panic!("{other:?}"),
    }
}

/// A component of one function whose blocks all lie in each other's way.
pub fn bomb(blocks: usize) -> Vec<u8> {
    let body =
        "(block (br_if 0 (local.get 0)) (local.set 1 (i64.mul (local.get 1) (local.get 2))) \
                (local.set 2 (i64.add (local.get 2) (local.get 1))))"
            .repeat(blocks);
    let text = format!(
        "(component (core module (func (param i32) (local i64 i64) (loop {body} (br 0)))))"
    );
    wat::parse_str(text).expect("a component")
}

#[test]
fn processor_time_for_compiling_is_limited() {
    let limits = CompileLimits {
        processor_time: Duration::from_secs(1),
        ..WIDE
    };
    let limit = limited(&bomb(60_000), limits);
    assert_eq!(limit, CompileLimit::ProcessorTime(limits.processor_time));
    assert_eq!(limit.to_string(), "1s of processor time");
}

#[test]
fn time_for_compiling_is_limited() {
    let limits = CompileLimits {
        wall_time: Duration::from_millis(1),
        ..WIDE
    };
    let limit = limited(&bomb(60_000), limits);
    assert_eq!(limit, CompileLimit::WallTime(limits.wall_time));
}

#[cfg(target_os = "linux")]
#[test]
fn memory_for_compiling_is_limited() {
    let limits = CompileLimits {
        address_space_bytes: 256 << 20,
        ..WIDE
    };
    let limit = limited(&bomb(60_000), limits);
    assert_eq!(limit, CompileLimit::AddressSpace(256 << 20));
}

#[test]
fn machine_code_is_limited() {
    let component = fs::read(program("hostile")).expect("the guest program");
    let limits = CompileLimits {
        machine_code_bytes: 1000,
        ..WIDE
    };
    assert_eq!(limited(&component, limits), CompileLimit::MachineCode(1000));
    load(&component, Compiler::new(binary()).with_limits(WIDE)).expect("it is loaded");
}

#[test]
fn limits_grow_with_the_component() {
    let seconds = |bytes| CompileLimits::of_size(bytes).processor_time.as_secs();
    assert_eq!(seconds(0), 5);
    assert_eq!(seconds(1), 13);
    assert_eq!(seconds(1 << 20), 13);
    assert_eq!(seconds((1 << 20) + 1), 21);
    assert_eq!(CompileLimits::of_size(0).wall_time, Duration::from_secs(20));
}

#[test]
fn what_the_compiler_refuses_it_refuses_in_its_own_words() {
    let module = wat::parse_str("(component (core module (func (result i32))))");
    // It was not looked at by the text format, which knows nothing of types.
    let component = module.expect("a component");
    let inside = load(&component, Compiler::new(binary())).expect_err("it is invalid");
    let manifest = fs::read(program("hostile")).expect("the guest program");
    let manifest = Arc::new(read_manifest(&manifest).expect("a manifest"));
    let sandbox = Sandbox::new().expect("an engine");
    let here = sandbox
        .load(&component, manifest)
        .expect_err("it is invalid");
    for error in [&inside, &here] {
        assert!(matches!(error, LoadError::Compile(_)), "{error:?}");
    }
    let chain = |error: &LoadError| {
        std::iter::successors(Some(error as &dyn std::error::Error), |error| {
            error.source()
        })
        .map(ToString::to_string)
        .collect::<Vec<_>>()
    };
    assert_eq!(chain(&inside), chain(&here));
}

#[test]
fn a_program_that_is_gone_or_is_another_is_an_error_of_its_own() {
    let component = fs::read(program("hostile")).expect("the guest program");
    let gone = Compiler::new("/nonexistent/holdpoint".into());
    let error = load(&component, gone).expect_err("there is no program");
    assert!(matches!(error, LoadError::CompilerStart(_)), "{error:?}");
    let error = load(&component, Compiler::new("false".into())).expect_err("it ends with 1");
    assert!(
        matches!(error, LoadError::CompilerEnded { .. }),
        "{error:?}"
    );

    let context = Context::new();
    let other = holdpoint::model::Digest::of(b"another engine").to_string();
    let ran = context.holdpoint(
        context.path(),
        [
            "compile-component",
            "--compatibility",
            &other,
            "--processor-seconds",
            "10",
            "--address-space-bytes",
            "4294967296",
        ],
    );
    let ran = ran.expect_code(2);
    assert!(ran.stderr.contains("replaced"), "{}", ran.stderr);
}
