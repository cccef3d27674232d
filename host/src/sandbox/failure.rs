//! What an error of the engine means: each has an outcome, and so words, of its own.

use std::fmt;

use rustc_demangle::demangle;
use wasmtime::component::ResourceTableError;
use wasmtime::{Error, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::meter::Exceeded;
use super::state::HANDLES_MAX;
use crate::model::{LimitKind, Limits, Outcome, Text};

/// Characters of one function's name in a backtrace.
const FUNCTION_NAME_CHARACTERS_MAX: usize = 512;

/// An answer that the contract does not allow, found while calling.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) Text);

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.terminal(), formatter)
    }
}

impl std::error::Error for Refusal {}

/// The outcome of a call that ended with an error.
pub(super) fn outcome(error: &Error, limits: &Limits) -> Outcome {
    if let Some(exceeded) = error.downcast_ref::<Exceeded>() {
        return exceeded.clone().into();
    }
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return Outcome::Malformed {
            message: refusal.0.clone(),
        };
    }
    if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
        return Outcome::TooMuchOutput {
            what: LimitKind::Handles,
            limit: handles(),
        };
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return trapped(error, format!("the guest called exit({})", exit.0));
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Outcome::OutOfFuel { limit: limits.fuel },
        Some(
            trap @ (Trap::InvalidChar
            | Trap::StringOutOfBounds
            | Trap::ListOutOfBounds
            | Trap::InvalidDiscriminant
            | Trap::UnalignedPointer),
        ) => Outcome::Malformed {
            message: Text::from(trap.to_string()),
        },
        Some(trap) => trapped(error, trap.to_string()),
        None => without_type(error, limits),
    }
}

/// The engine has no public type for these errors, only words. Should the words change, the outcome
/// is a trap: another name, and a fault all the same. A test trips each.
fn without_type(error: &Error, limits: &Limits) -> Outcome {
    let words = error.root_cause().to_string();
    if words.contains("fuel allocated for hostcalls has been exhausted") {
        Outcome::TooMuchOutput {
            what: LimitKind::AnswerBytes,
            limit: limits.answer_bytes,
        }
    } else if words.contains("store handle limit exceeded") {
        Outcome::TooMuchOutput {
            what: LimitKind::Handles,
            limit: handles(),
        }
    } else if words.contains("count too high") || guest_was_running(error) {
        trapped(error, words)
    } else if words.contains("utf-8") {
        Outcome::Malformed {
            message: Text::from("a text of the answer is not UTF-8"),
        }
    } else {
        // No guest was on the stack: what it had answered could not be read.
        Outcome::Malformed {
            message: Text::from(words),
        }
    }
}

/// Whether there was a guest on the stack: otherwise the host was reading its answer.
fn guest_was_running(error: &Error) -> bool {
    error
        .downcast_ref::<WasmBacktrace>()
        .is_some_and(|backtrace| !backtrace.frames().is_empty())
}

fn trapped(error: &Error, message: String) -> Outcome {
    let frames = error
        .downcast_ref::<WasmBacktrace>()
        .map_or(&[][..], WasmBacktrace::frames);
    let backtrace = frames
        .iter()
        .map(|frame| match frame.func_name() {
            Some(name) => Text::from(function_name(name)),
            None => Text::from(format!(
                "function {} of a module without names",
                frame.func_index()
            )),
        })
        .collect();
    Outcome::Trapped {
        message: Text::from(message),
        backtrace,
    }
}

/// The name of a function as its author wrote it. Names are the guest's own words and can be as
/// long as its file: a longer one is cut before it is read and after.
fn function_name(name: &str) -> String {
    let cut = |text: &str| {
        text.chars()
            .take(FUNCTION_NAME_CHARACTERS_MAX)
            .collect::<String>()
    };
    cut(&format!("{:#}", demangle(&cut(name))))
}

fn handles() -> u64 {
    u64::try_from(HANDLES_MAX).unwrap_or(u64::MAX)
}
