//! Components that nobody thought of: what wasm-smith makes of numbers, with the functions of a policy
//! plugin and calls of the host in them, and with nothing of a plugin at all.

use std::sync::Arc;

use arbitrary::Unstructured;
use holdpoint::model::Outcome;
use holdpoint::sandbox::{Call, Recording};
use holdpoint_build::{Capability, inspect, read_manifest, stamp};
use wasm_smith::{Config, InstructionKind, InstructionKinds, Module};

use super::Seen;
use super::files::{Numbers, call, engine};
use super::guests::manifest;

/// So many programs are made, called and forgotten.
const PROGRAMS: u32 = 200;

/// So many components are looked at.
const COMPONENTS: u32 = 1_000;

/// Numbers that one of them is made of, in bytes.
const BYTES: usize = 32 << 10;

/// What each of them may use up.
const FUEL: u64 = 1_000_000;

/// What every program has: the functions of a policy plugin, and those of the host that it may call.
const SHAPE: &str = r#"(module
  (import "holdpoint:plugin/commits@0.1.0" "page" (func (param i32 i32 i32)))
  (import "holdpoint:plugin/commits@0.1.0" "texts" (func (param i32 i32 i32)))
  (import "holdpoint:plugin/changes@0.1.0" "page" (func (param i32 i32 i32)))
  (import "holdpoint:plugin/log@0.1.0" "write" (func (param i32 i32 i32)))
  (memory (export "memory") 2)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32) unreachable))"#;

/// What every program has that no number makes: without room for what it is handed it would never run.
const ROOM: &str =
    r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 65536)"#;

const WORLD: &str = "import holdpoint:plugin/commits@0.1.0;
    import holdpoint:plugin/changes@0.1.0;
    import holdpoint:plugin/log@0.1.0;
    export holdpoint:plugin/policy@0.1.0;";

/// What the engine has of WebAssembly.
fn config() -> Config {
    Config {
        exceptions_enabled: false,
        // References to what the host has.
        gc_enabled: false,
        reference_types_enabled: false,
        memory64_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        max_instructions: 1_000,
        // A module that wants a whole address space is refused at once.
        max_memory32_bytes: 1 << 20,
        ..Config::default()
    }
}

/// Programs with the shape of a plugin: each of them loads, and ends as a call may end.
pub fn programs() -> Seen {
    let shape = wat::parse_str(SHAPE).expect("a module");
    let (sandbox, runtime) = engine();
    let manifest = manifest("policy", [Capability::Commits, Capability::Changes]);
    let release = Arc::new(crate::sandbox::release());
    let mut numbers = Numbers::new();
    let (mut loaded, mut asked, mut faults) = (0, 0, 0);
    for number in 0..PROGRAMS {
        let bytes = numbers.bytes(BYTES);
        let config = Config {
            module_shape: Some(shape.clone()),
            // One that fails before it is asked is soon over.
            allow_start_export: number % 4 == 0,
            // The fewer functions and kinds of instructions there are, the more often the host is called.
            max_funcs: if number % 2 == 0 { 100 } else { 2 },
            allowed_instructions: if number % 2 == 0 {
                InstructionKinds::all()
            } else {
                InstructionKinds::new(&[
                    InstructionKind::NumericInt,
                    InstructionKind::Variable,
                    InstructionKind::Control,
                ])
            },
            ..config()
        };
        let module = Module::new(config, &mut Unstructured::new(&bytes)).expect("enough numbers");
        let text = wasmprinter::print_bytes(module.to_bytes()).expect("it is well-formed");
        let body = text.trim_end().strip_suffix(')').expect("a module ends");
        let component = crate::sandbox::component(&format!("{body}{ROOM})"), WORLD);
        let component = stamp(component, &manifest).expect("a valid manifest");
        inspect(&component).unwrap_or_else(|error| panic!("{number}: {error}"));
        let plugin = match sandbox.load(&component, Arc::new(manifest.clone())) {
            Ok(plugin) => plugin,
            Err(error) => panic!("{number}: {}", super::compiling::words(&error)),
        };
        loaded += 1;
        let call = Call {
            recording: Some(Recording::new("random", None)),
            ..call(FUEL)
        };
        let record = runtime.block_on(plugin.call(call));
        let transcript = record.transcript.expect("it is recorded");
        // Whatever it does with numbers and memory, it does it again.
        let again = runtime.block_on(plugin.replay(&transcript, &release, None));
        assert!(
            again.is_same() || !transcript.reproducible,
            "{number}: {:?}",
            again.differences
        );
        asked += u32::from(!transcript.host_calls.is_empty() || !transcript.log.is_empty());
        faults += u32::from(!matches!(record.outcome, Outcome::Answered(_)));
    }
    assert_eq!(loaded, PROGRAMS);
    assert!(asked > 0 && faults > 0, "{asked} asked, {faults} faults");
    Seen::new("a fault or an answer", "")
}

/// Components of any shape with a manifest that says that they are a plugin.
pub fn components() -> Seen {
    let (sandbox, _) = engine();
    let manifest = manifest("policy", []);
    let mut numbers = Numbers::new();
    let mut refused = 0;
    for _ in 0..COMPONENTS {
        let bytes = numbers.bytes(BYTES);
        let Ok(component) = wasm_smith::Component::new(config(), &mut Unstructured::new(&bytes))
        else {
            continue;
        };
        let component = stamp(component.to_bytes(), &manifest).expect("a valid manifest");
        let _ = inspect(&component);
        let manifest = read_manifest(&component).expect("the manifest that was put in");
        sandbox
            .load(&component, Arc::new(manifest))
            .map(|_| ())
            .expect_err("no plugin");
        refused += 1;
    }
    assert!(refused > COMPONENTS / 2, "{refused} of {COMPONENTS}");
    Seen::new("refused before it runs", "")
}
