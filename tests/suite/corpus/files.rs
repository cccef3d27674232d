//! Files that are not what they should be: an honest component that ends too early or has bits turned,
//! and components that are made of numbers.

use std::sync::Arc;

use holdpoint::model::Outcome;
use holdpoint::sandbox::{Call, Input, Limits, LoadError, Loaded, Sandbox};
use holdpoint_build::{MANIFEST_SECTION, ReadError, inspect, read_manifest};
use wasm_encoder::ComponentSection as _;

use super::compiling::words;
use super::guests::{stamped, unstamped};
use super::{Attack, Seen, random};

/// The honest component.
pub const HONEST: &str = "find.wat";

/// In so many ways bits are turned.
const WAYS: u32 = 3_000;

pub fn run(attack: &Attack) -> Seen {
    match attack.name.as_str() {
        "not-webassembly" => unreadable(b"#!/bin/sh\nexit 0\n"),
        "core-module" => unreadable(&wat::parse_str("(module)").expect("a module")),
        "truncated" => truncated(),
        "flipped-bits" => flipped(),
        "random-programs" => random::programs(),
        "random-components" => random::components(),
        other => panic!("{other} is no file"),
    }
}

fn unreadable(bytes: &[u8]) -> Seen {
    let error = read_manifest(bytes).expect_err("it has no manifest");
    assert!(inspect(bytes).is_err());
    Seen::new("refused before it runs", error.to_string())
}

/// Without its end it has no manifest; and with one after what is left of it, it is still none.
fn truncated() -> Seen {
    let whole = stamped(HONEST, "", "policy", []);
    let body = unstamped(HONEST, "", "policy");
    let manifest = Arc::new(read_manifest(&whole).expect("a manifest"));
    for end in 0..whole.len() {
        read_manifest(&whole[..end]).expect_err("it ends too early");
        assert!(
            inspect(&whole[..end]).is_err(),
            "{end} bytes of {}",
            whole.len()
        );
    }
    let (sandbox, runtime) = engine();
    let json = serde_json::to_vec(&*manifest).expect("JSON");
    let answer = {
        let loaded = sandbox.load(&whole, Arc::clone(&manifest));
        called(&runtime, &loaded.expect("it is honest"))
    };
    assert!(matches!(answer, Outcome::Answered(_)), "{answer:?}");
    let mut said = String::new();
    let mut complete = 0;
    for end in 0..body.len() {
        let mut cut = body[..end].to_vec();
        let section = wasm_encoder::CustomSection {
            name: MANIFEST_SECTION.into(),
            data: json.as_slice().into(),
        };
        section.append_to_component(&mut cut);
        match sandbox.load(&cut, Arc::clone(&manifest)) {
            // Names for a debugger stand at the end: without them it is what it was.
            Ok(loaded) => {
                assert_eq!(called(&runtime, &loaded), answer, "{end} of {}", body.len());
                complete += 1;
            }
            Err(error @ LoadError::Read(ReadError::Damaged { .. })) => said = words(&error),
            Err(_) => {}
        }
    }
    assert!(complete <= 3, "{complete} of {}", body.len());
    Seen::new("refused before it runs", said)
}

pub fn engine() -> (Sandbox, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .expect("a runtime");
    (Sandbox::new().expect("an engine"), runtime)
}

fn called(runtime: &tokio::runtime::Runtime, loaded: &Loaded) -> Outcome {
    runtime.block_on(loaded.call(call(10_000_000))).outcome
}

/// A call with so much fuel.
pub fn call(fuel: u64) -> Call {
    Call {
        release: Arc::new(crate::sandbox::release()),
        settings: "{}".into(),
        input: Input::Policy,
        limits: Limits {
            fuel,
            ..crate::sandbox::limits()
        },
        seed: [7; 32],
        recording: None,
    }
}

/// Numbers that are the same each time, and look like any.
pub struct Numbers(u64);

impl Numbers {
    pub fn new() -> Self {
        Self(0x2545_f491_4f6c_dd1d)
    }

    /// Xorshift, by Marsaglia.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 16).expect("a 64-bit machine") % end
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let words = (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes());
        words.take(count).collect()
    }
}

/// Turns bits at places that are the same each time.
fn flipped() -> Seen {
    let whole = stamped(HONEST, "", "policy", []);
    let (sandbox, runtime) = engine();
    let mut numbers = Numbers::new();
    let mut next = |end: usize| numbers.below(end);
    let (mut refused, mut faults, mut answers) = (0, 0, 0);
    for _ in 0..WAYS {
        let mut bytes = whole.clone();
        for _ in 0..=next(3) {
            let place = next(bytes.len());
            bytes[place] ^= 1 << next(8);
        }
        let _ = inspect(&bytes);
        let Ok(manifest) = read_manifest(&bytes) else {
            refused += 1;
            continue;
        };
        let Ok(loaded) = sandbox.load(&bytes, Arc::new(manifest)) else {
            refused += 1;
            continue;
        };
        match called(&runtime, &loaded) {
            Outcome::Answered(_) => answers += 1,
            _ => faults += 1,
        }
    }
    assert!(
        refused > 0 && faults > 0 && answers > 0,
        "{refused} refused, {faults} faults, {answers} answers"
    );
    Seen::new("refused, a fault, or an answer", "")
}
