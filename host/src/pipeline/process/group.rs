//! The processes of a command: those of its group, and those that left it.
//!
//! A process that leaves its group and whose parents have ended becomes a child of this process,
//! which has asked the system for that (`PR_SET_CHILD_SUBREAPER`). So it is found as long as it
//! exists, on Linux. Elsewhere only the group is known.

#![cfg_attr(
    target_os = "linux",
    expect(
        clippy::disallowed_methods,
        reason = "the list of processes is read to find what a command left behind"
    )
)]

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal};

use crate::model::Text;

/// A process that stayed behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftProcess {
    /// Its number.
    pub id: i32,
    /// The name of its program, as the system knows it.
    pub name: Text,
}

/// The commands that this process runs now.
static LEADERS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn leaders() -> MutexGuard<'static, BTreeSet<i32>> {
    // A number is put in or taken out whole.
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has processes that leave their group become children of this one. Where the system refuses, they
/// are not found.
pub(super) fn adopt() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
        tracing::debug!(%error, "processes that leave the group of a command will not be found");
    }
}

/// The processes of a command. Its leader must not be waited for while this is used: so its number
/// cannot be that of another process.
pub(super) struct Group {
    leader: Pid,
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "elsewhere only the group is known")
    )]
    mark: Vec<u8>,
}

impl Group {
    /// The group of a process that leads one. `mark` is a variable of its environment, with its
    /// value, that no other command has.
    pub(super) fn new(leader: Pid, mark: Vec<u8>) -> Self {
        leaders().insert(leader.as_raw_pid());
        Self { leader, mark }
    }

    /// Sends a signal to all processes, the leader included. One that is gone meanwhile, or that
    /// belongs to somebody else, does not get it.
    pub(super) fn signal(&self, signal: Signal) {
        let _ = rustix::process::kill_process_group(self.leader, signal);
        for process in self.others() {
            if let Some(id) = Pid::from_raw(process.id) {
                let _ = rustix::process::kill_process(id, signal);
            }
        }
    }

    /// The processes other than the leader.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn others(&self) -> Vec<LeftProcess> {
        Vec::new()
    }

    /// The processes other than the leader that still live.
    #[cfg(target_os = "linux")]
    pub(super) fn others(&self) -> Vec<LeftProcess> {
        let mut found = Vec::new();
        for process in self.all() {
            if process.is_over {
                // Nobody else waits for a process that was adopted.
                self.reap(&process);
            } else {
                found.push(LeftProcess {
                    id: process.id,
                    name: process.name,
                });
            }
        }
        found
    }

    /// All processes other than the leader, ended ones included.
    #[cfg(target_os = "linux")]
    fn all(&self) -> Vec<linux::Process> {
        let own = rustix::process::getpid().as_raw_pid();
        let own_group = rustix::process::getpgrp().as_raw_pid();
        let leader = self.leader.as_raw_pid();
        let leaders = leaders().clone();
        let is_of_this = |process: &linux::Process| {
            if process.id == leader || leaders.contains(&process.id) {
                return false;
            }
            if process.group == leader {
                return true;
            }
            // The other children of this process are in its own group.
            let is_adopted = process.parent == own && process.group != own_group;
            is_adopted
                && !leaders.contains(&process.group)
                && (leaders.len() == 1 || linux::is_marked(process.id, &self.mark))
        };
        linux::processes().filter(is_of_this).collect()
    }

    #[cfg(target_os = "linux")]
    #[expect(
        clippy::unused_self,
        reason = "only processes of a group are waited for"
    )]
    fn reap(&self, process: &linux::Process) {
        use rustix::process::{WaitId, WaitIdOptions, getpid, waitid};

        if process.parent == getpid().as_raw_pid()
            && let Some(id) = Pid::from_raw(process.id)
        {
            let _ = waitid(
                WaitId::Pid(id),
                WaitIdOptions::NOHANG | WaitIdOptions::EXITED,
            );
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        leaders().remove(&self.leader.as_raw_pid());
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use crate::model::Text;

    /// A process, as `/proc` has it.
    pub(super) struct Process {
        pub(super) id: i32,
        pub(super) name: Text,
        pub(super) parent: i32,
        pub(super) group: i32,
        /// Whether it has ended and nobody has waited for it.
        pub(super) is_over: bool,
    }

    /// Every process that can be seen. One that ends meanwhile is left out.
    pub(super) fn processes() -> impl Iterator<Item = Process> {
        std::fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let id: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
                process(id, &std::fs::read(format!("/proc/{id}/stat")).ok()?)
            })
    }

    /// Reads `ID (NAME) STATE PARENT GROUP …`. A name may contain anything, also `)`.
    fn process(id: i32, stat: &[u8]) -> Option<Process> {
        let open = stat.iter().position(|byte| *byte == b'(')?;
        let close = stat.iter().rposition(|byte| *byte == b')')?;
        let name = stat.get(open + 1..close)?;
        let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next()?;
        Some(Process {
            id,
            name: Text::from_bytes(name),
            parent: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
            is_over: matches!(state, "Z" | "X" | "x"),
        })
    }

    /// Whether a process was started with a variable.
    pub(super) fn is_marked(id: i32, mark: &[u8]) -> bool {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == mark)
    }
}
