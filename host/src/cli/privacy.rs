//! Keeps what this process knows from the others of its user.

/// Has nothing of this process's memory and environment be read by another one of the same user, such
/// as a command of a stage, and no core dump be written of it. A process of the superuser can read
/// them all the same. The commands get none of this but the limit on core dumps, which they may raise
/// again.
///
/// Where the system refuses, or is none that has this, the process is as others are.
pub(super) fn keep() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};

        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::debug!(%error, "other processes of this user can read this one");
        }
    }
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let limit = Rlimit {
            current: Some(0),
            ..getrlimit(Resource::Core)
        };
        if let Err(error) = setrlimit(Resource::Core, limit) {
            tracing::debug!(%error, "core dumps of this process are not ruled out");
        }
    }
}
