//! Places where a build for tests can be killed. In any other build nothing of this is there: the
//! crate `fail` leaves out what its feature does not ask for.

/// A place of this name: a build for tests ends itself here as `kill -9` would, where its
/// environment says so.
#[inline]
pub(super) fn kill_point(name: impl FnOnce() -> String) {
    if fail::has_failpoints() {
        let name = name();
        fail::fail_point!(&name, |_| {
            let own = rustix::process::getpid();
            // Where it cannot be killed the test that asked for it notices.
            let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
        });
        drop(name);
    }
}
