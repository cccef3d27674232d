//! What the process that compiles gives up for good, before it reads a byte of what a stranger wrote.

use std::fmt;
use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// What the kernel took from a process that compiles, beyond its limits. Not every kernel can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// Every file, every address, every other process: by Landlock.
    pub landlock: bool,
    /// Every system call that compiling does not need: by seccomp.
    pub seccomp: bool,
}

impl fmt::Display for Confinement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match (self.landlock, self.seccomp) {
            (true, true) => "limits, Landlock and seccomp",
            (true, false) => "limits and Landlock",
            (false, true) => "limits and seccomp",
            (false, false) => "limits",
        })
    }
}

/// Bounds this process, and takes away from it what the kernel lets it take.
///
/// # Errors
///
/// When the limits cannot be had, or a kernel that has Landlock or seccomp does not take them.
pub(super) fn confine(processor_seconds: u64, address_space_bytes: u64) -> io::Result<Confinement> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::As, address_space_bytes),
        (Resource::Cpu, processor_seconds),
    ] {
        let limit = Rlimit {
            current: Some(most),
            // At the first limit of processor time a signal says which one it was.
            maximum: Some(most + u64::from(resource == Resource::Cpu)),
        };
        setrlimit(resource, limit)?;
    }
    #[cfg(target_os = "linux")]
    return Ok(Confinement {
        landlock: linux::give_up_files().map_err(io::Error::other)?,
        seccomp: linux::give_up_calls().map_err(io::Error::other)?,
    });
    #[cfg(not(target_os = "linux"))]
    Ok(Confinement::default())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset,
        RulesetAttr as _, RulesetError, RulesetStatus, Scope,
    };
    use seccompiler::{
        BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
        SeccompFilter, SeccompRule, TargetArch,
    };

    /// The newest version of Landlock whose rights are named here; an older kernel takes those that it
    /// knows.
    const LANDLOCK: ABI = ABI::V6;

    /// Gives up every file, TCP port, abstract socket and signal to others: what is open stays open.
    /// Threads that are there already keep them; those that compile begin later. Gives whether the
    /// kernel did anything.
    pub(super) fn give_up_files() -> Result<bool, RulesetError> {
        let status = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(LANDLOCK))?
            .handle_access(AccessNet::from_all(LANDLOCK))?
            .scope(Scope::from_all(LANDLOCK))?
            .create()?
            .restrict_self()?;
        Ok(status.ruleset != RulesetStatus::NotEnforced)
    }

    /// What compiling calls: memory, threads, time, and the pipes that are open already. `clone3` is
    /// not among them, so that `clone` is called in its place, of which it can be seen that it makes a
    /// thread.
    const CALLS: &[i64] = &[
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_close,
        libc::SYS_epoll_ctl,
        libc::SYS_epoll_pwait,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_fcntl,
        libc::SYS_fstat,
        libc::SYS_futex,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_lseek,
        libc::SYS_madvise,
        libc::SYS_membarrier,
        libc::SYS_mmap,
        libc::SYS_mprotect,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_nanosleep,
        libc::SYS_ppoll,
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_restart_syscall,
        libc::SYS_rseq,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_getaffinity,
        libc::SYS_sched_yield,
        libc::SYS_set_robust_list,
        libc::SYS_sigaltstack,
        libc::SYS_tgkill,
        libc::SYS_write,
        libc::SYS_writev,
    ];

    /// The number of the argument of `clone` that has its flags.
    const CLONE_FLAGS: u8 = 0;

    /// Gives up every other system call, in all threads: they fail as if the kernel did not have them,
    /// which libraries know how to go on from. Gives whether the kernel did it.
    pub(super) fn give_up_calls() -> Result<bool, seccompiler::Error> {
        let Ok(architecture) = TargetArch::try_from(std::env::consts::ARCH) else {
            return Ok(false);
        };
        let program: BpfProgram = filter(architecture)
            .and_then(TryInto::try_into)
            .map_err(seccompiler::Error::Backend)?;
        match seccompiler::apply_filter_all_threads(&program) {
            Ok(()) => Ok(true),
            // A kernel that was built without it.
            Err(seccompiler::Error::Seccomp(error) | seccompiler::Error::Prctl(error))
                if error.raw_os_error() == Some(libc::EINVAL)
                    || error.raw_os_error() == Some(libc::ENOSYS) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn filter(architecture: TargetArch) -> Result<SeccompFilter, BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            CALLS.iter().map(|call| (*call, Vec::new())).collect();
        let thread = u64::try_from(libc::CLONE_THREAD).unwrap_or_default();
        let makes_thread = SeccompCondition::new(
            CLONE_FLAGS,
            SeccompCmpArgLen::Qword,
            SeccompCmpOp::MaskedEq(thread),
            thread,
        )?;
        rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![makes_thread])?]);
        let missing = u32::try_from(libc::ENOSYS).unwrap_or_default();
        SeccompFilter::new(
            rules,
            SeccompAction::Errno(missing),
            SeccompAction::Allow,
            architecture,
        )
    }
}
