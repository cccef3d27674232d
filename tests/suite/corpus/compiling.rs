//! Bombs for the compiler: small files that would take it for ever, or all memory. They are given to
//! the process that compiles with limits that a test reaches soon.

use std::error::Error;
use std::time::Duration;

use holdpoint::sandbox::{CompileLimits, Compiler, LoadError};
use wasm_encoder::{
    BlockType, CodeSection, Component, DataSection, Function, FunctionSection, InstructionSink,
    Module, ModuleSection, TypeSection, ValType,
};

use super::{Attack, Seen};
use crate::compile::{WIDE, bomb, load};
use crate::context::binary;

/// A time that every bomb takes many times over.
const SOON: CompileLimits = CompileLimits {
    processor_time: Duration::from_secs(1),
    ..WIDE
};

/// Functions of one number, each with these locals and made of this.
fn functions(
    count: u32,
    locals: (u32, ValType),
    body: impl Fn(u32, &mut InstructionSink<'_>),
) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], []);
    let (mut declared, mut code) = (FunctionSection::new(), CodeSection::new());
    for number in 0..count {
        declared.function(0);
        let mut function = Function::new([locals]);
        body(number, &mut function.instructions());
        function.instructions().end();
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&declared).section(&code);
    component(&module)
}

fn component(module: &Module) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(module));
    component.finish()
}

fn many_functions() -> Vec<u8> {
    functions(300_000, (1, ValType::I32), |number, code| {
        let number = i32::try_from(number).expect("a small number");
        code.local_get(0).i32_const(number).i32_mul().local_set(1);
    })
}

fn deep_blocks() -> Vec<u8> {
    const DEPTH: u32 = 100_000;
    functions(1, (1, ValType::I32), |_, code| {
        for depth in 0..DEPTH {
            code.loop_(BlockType::Empty).local_get(0).br_if(depth / 2);
        }
        for _ in 0..DEPTH {
            code.end();
        }
    })
}

fn branch_tables() -> Vec<u8> {
    const PLACES: u32 = 60_000;
    functions(1, (1, ValType::I32), |_, code| {
        for _ in 0..100 {
            code.block(BlockType::Empty).local_get(0);
            code.br_table(vec![0; PLACES as usize], 0);
            code.end();
        }
    })
}

fn data(bytes: usize) -> Vec<u8> {
    let mut data = DataSection::new();
    data.passive(vec![b'x'; bytes]);
    let mut module = Module::new();
    module
        .section(&wasm_encoder::DataCountSection { count: 1 })
        .section(&data);
    component(&module)
}

pub fn run(attack: &Attack) -> Seen {
    let (component, limits) = match attack.name.as_str() {
        "huge-function" => (bomb(60_000), SOON),
        "very-many-functions" => (many_functions(), SOON),
        "deep-blocks" => (deep_blocks(), SOON),
        "very-many-locals" => (functions(10_000, (49_000, ValType::I64), |_, _| {}), SOON),
        "too-many-locals" => (functions(1, (u32::MAX, ValType::I64), |_, _| {}), SOON),
        "huge-branch-tables" => (branch_tables(), SOON),
        "huge-data" => {
            let limits = CompileLimits {
                machine_code_bytes: 16 << 20,
                ..WIDE
            };
            (data(32 << 20), limits)
        }
        "little-memory" => {
            let limits = CompileLimits {
                address_space_bytes: 256 << 20,
                ..WIDE
            };
            (bomb(60_000), limits)
        }
        "very-many-components" => {
            let text = format!("(component {})", "(component)".repeat(20_000));
            (wat::parse_str(text).expect("a component"), SOON)
        }
        other => panic!("{other} is no bomb"),
    };
    match load(&component, Compiler::new(binary()).with_limits(limits)) {
        Ok(()) => Seen::new("compiled", ""),
        Err(error) => Seen::new("refused before it runs", words(&error)),
    }
}

/// What an error says, with its causes.
pub fn words(error: &LoadError) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words += &format!(": {cause}");
        source = cause.source();
    }
    words
}
