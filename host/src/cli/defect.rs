use std::any::Any;
use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe, Location};

use super::ExitCode;
use crate::report::Page;

/// Columns of what is said of a panic.
const COLUMNS: usize = 100;

/// Does `work`; where it panics, says that this is a defect of Holdpoint and gives
/// [`ExitCode::FAULT`]: what cannot be decided is never a go.
///
/// ```
/// use holdpoint::cli::{ExitCode, guard};
///
/// assert_eq!(guard(|| ExitCode::GO), ExitCode::GO);
/// assert_eq!(guard(|| panic!("a defect")), ExitCode::FAULT);
/// ```
pub fn guard(work: impl FnOnce() -> ExitCode) -> ExitCode {
    panic::set_hook(Box::new(|panic| {
        let description = describe(panic.payload(), panic.location());
        // Where even standard error is gone, the exit code still says it.
        let _ = std::io::stderr().write_all(description.as_bytes());
    }));
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(ExitCode::FAULT)
}

/// What is said of a panic. Its message may hold text from anywhere, so it goes through a page, which escapes it.
#[must_use]
pub fn describe(payload: &(dyn Any + Send), place: Option<&Location<'_>>) -> String {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = place.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let mut page = Page::new(COLUMNS);
    page.text(
        0,
        "error: this is a defect of Holdpoint, not of your release",
    );
    page.text(
        2,
        &format!(
            "holdpoint {} panicked at {place}: {message}",
            env!("CARGO_PKG_VERSION")
        ),
    );
    page.text(
        2,
        &format!(
            "help: the release was not decided (exit {}); please report these lines with the \
             command that you gave",
            ExitCode::FAULT.number()
        ),
    );
    page.finish()
}
