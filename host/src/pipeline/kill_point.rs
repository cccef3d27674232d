//! Places where a build for tests can be killed, asked to end, or stopped. In any other build nothing
//! of this is there: the crate `fail` leaves out what its feature does not ask for.

use rustix::process::{Pid, Signal, getpid, kill_process};

/// A place of this name: a build for tests sends itself a signal here, where its environment says so.
/// `NAME=return` ends it as `kill -9` would; `return(TERM)` and `return(INT)` ask it to end, and
/// `return(STOP)` stops it until it is told to go on. Gives whether it was asked to end.
#[inline]
pub(super) fn kill_point(name: impl FnOnce() -> String) -> bool {
    if fail::has_failpoints() {
        let name = name();
        // A test learns from this which places there are.
        tracing::debug!(place = name, "passed");
        let signal = |action: Option<String>| match action.as_deref() {
            Some("TERM") => Signal::TERM,
            Some("INT") => Signal::INT,
            Some("STOP") => Signal::STOP,
            _ => Signal::KILL,
        };
        let send = |signal: Signal| {
            // Where it cannot be sent the test that asked for it notices.
            let _ = kill_process(this_thread().unwrap_or_else(getpid), signal);
            signal == Signal::TERM || signal == Signal::INT
        };
        fail::fail_point!(&name, |action| send(signal(action)));
        // Without the feature nobody asks.
        let _ = (signal, send);
    }
    false
}

/// The thread that calls: a signal to the process may go to another one first, and this one go on for
/// so long, past the place where it was to be stopped. Linux takes a thread where a process is named,
/// and has it see the signal before all others.
fn this_thread() -> Option<Pid> {
    // `PID/task/TID`.
    let path = rustix::fs::readlink("/proc/thread-self", Vec::new()).ok()?;
    let thread = path.to_str().ok()?.rsplit('/').next()?;
    Pid::from_raw(thread.parse().ok()?)
}
