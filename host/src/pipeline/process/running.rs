#![expect(
    clippy::disallowed_methods,
    reason = "this is where the commands of a stage are started"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::environment::KEY;
use super::group::{self, Group};
use super::output::{Collector, Output, OutputLine};
use super::program::{StartError, refused};
use super::{CommandCall, CommandEnd, GRACE_MS, LeftBehind};
use crate::pipeline::clean_checkout::CleanCheckout;

/// Time that the system has to take a killed process away.
const KILL_MS_MAX: u64 = 1_000;

/// Time for what is in the pipe when nobody of the command is left.
const DRAIN_MS_MAX: u64 = 500;

/// Time between two looks at whether processes that were asked to end are gone.
const LOOK_MS: u64 = 20;

/// Bytes that are read at once: as much as a pipe holds.
const READ_BYTES: usize = 64 << 10;

/// Processes that stayed behind and are named.
const LEFT_NAMED_MAX: usize = 8;

/// Times that a program is tried to be started which somebody is said to be writing.
const BUSY_TRIES_MAX: u32 = 50;

/// Starts a program. It cannot be told apart from the file that was written: a process that was
/// started at the same moment has for an instant the file open for writing.
pub(super) async fn start(
    program: &Path,
    call: &CommandCall<'_>,
    environment: &BTreeMap<OsString, OsString>,
    checkout: &CleanCheckout,
) -> Result<Running, StartError> {
    let name = call.arguments.first().map_or("", String::as_str);
    let failed = |source| StartError::System {
        program: name.into(),
        source,
    };
    group::adopt();
    let (reader, writer) = io::pipe().map_err(failed)?;
    let reader = pipe::Receiver::from_owned_fd(OwnedFd::from(reader)).map_err(failed)?;
    let mut command = Command::new(program);
    command
        .arg0(name)
        .args(call.arguments.iter().skip(1))
        .env_clear()
        .envs(environment)
        .current_dir(checkout.folder())
        .stdin(checkout.input().map_err(failed)?)
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer)
        .process_group(0);
    let mut tries = 0;
    let child = loop {
        match command.spawn() {
            Ok(child) => break child,
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES_MAX =>
            {
                tries += 1;
                sleep(Duration::from_millis(LOOK_MS)).await;
            }
            Err(error) => return Err(refused(name, error)),
        }
    };
    // Here go this process's own ends of the pipe for writing: with them it would never end.
    drop(command);
    Running::new(child, reader, call.key).map_err(failed)
}

/// A command that runs.
pub(super) struct Running {
    /// None once it was waited for.
    child: Option<Child>,
    group: Group,
    exited: oneshot::Receiver<()>,
    has_exited: bool,
    pipe: pipe::Receiver,
    is_at_end: bool,
    buffer: Vec<u8>,
    output: Option<Collector>,
    left: LeftBehind,
}

/// Why watching stopped.
enum Event {
    Exited,
    TimedOut,
    Cancelled,
}

type Tell<'a> = &'a (dyn Fn(OutputLine) + Sync);

impl Running {
    fn new(child: Child, pipe: pipe::Receiver, key: &str) -> io::Result<Self> {
        let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let leader = leader.ok_or_else(|| io::Error::other("a process without a number"))?;
        let (send, exited) = oneshot::channel();
        let mut running = Self {
            child: Some(child),
            group: Group::new(leader, format!("{KEY}={key}").into_bytes()),
            exited,
            has_exited: false,
            pipe,
            is_at_end: false,
            buffer: vec![0; READ_BYTES],
            output: Some(Collector::new()),
            left: LeftBehind::default(),
        };
        // Only looked at: its number stays its own until everything of the command is over.
        let look = move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) =
                rustix::process::waitid(WaitId::Pid(leader), options)
            {}
            // Nobody listens where the call was dropped.
            let _ = send.send(());
        };
        // Not a task: a runtime would not end before a process does that cannot be killed.
        let watched = std::thread::Builder::new()
            .name("command".to_owned())
            .spawn(look);
        if let Err(error) = watched {
            running.kill();
            return Err(error);
        }
        Ok(running)
    }

    /// Until everything of the command is over.
    pub(super) async fn watch(
        &mut self,
        progress: Tell<'_>,
        (deadline, timeout): (Instant, Duration),
        cancelled: &mut watch::Receiver<bool>,
    ) -> CommandEnd {
        let event = self.until(progress, deadline, cancelled).await;
        let killed = match event {
            Event::Exited => {
                let left = self.group.others();
                self.left.ended = left.len();
                self.left.first = left.into_iter().take(LEFT_NAMED_MAX).collect();
                self.left.ended > 0 && self.end(progress).await
            }
            Event::TimedOut | Event::Cancelled => self.end(progress).await,
        };
        // Whatever the list of processes did not show.
        self.group.signal(Signal::KILL);
        self.drain(progress).await;
        let status = self.reap();
        match (event, status) {
            (Event::TimedOut, _) => CommandEnd::TimedOut { timeout, killed },
            (Event::Cancelled, _) => CommandEnd::Cancelled { killed },
            (Event::Exited, Some(status)) => ended(status),
            // It cannot be waited for although it was seen to end: nobody knows how.
            (Event::Exited, None) => CommandEnd::Exited(-1),
        }
    }

    /// What it put out, and what it left behind.
    pub(super) fn finish(mut self, progress: Tell<'_>) -> (Output, LeftBehind) {
        let output = self.output.take().unwrap_or_else(Collector::new);
        (output.finish(progress), std::mem::take(&mut self.left))
    }

    /// Reads what it puts out until something happens.
    async fn until(
        &mut self,
        progress: Tell<'_>,
        deadline: Instant,
        cancelled: &mut watch::Receiver<bool>,
    ) -> Event {
        loop {
            // A timer is only looked at when there is nothing to read, which there is in a flood.
            if Instant::now() >= deadline {
                return Event::TimedOut;
            }
            tokio::select! {
                biased;
                () = becomes_true(cancelled) => return Event::Cancelled,
                () = sleep_until(deadline) => return Event::TimedOut,
                _ = &mut self.exited, if !self.has_exited => {
                    self.has_exited = true;
                    return Event::Exited;
                }
                read = self.pipe.read(&mut self.buffer), if !self.is_at_end => {
                    self.take(&read, progress);
                    // Who wants it to be cancelled may share the thread.
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    fn take(&mut self, read: &io::Result<usize>, progress: Tell<'_>) {
        match read {
            Ok(length) if *length > 0 => {
                let bytes = self.buffer.get(..*length).unwrap_or_default();
                if let Some(output) = &mut self.output {
                    output.take(bytes, progress);
                }
            }
            _ => self.is_at_end = true,
        }
    }

    /// Asks everything of the command to end, and ends what does not. Says whether that was needed.
    async fn end(&mut self, progress: Tell<'_>) -> bool {
        self.group.signal(Signal::TERM);
        // A stopped process cannot end when it is asked to.
        self.group.signal(Signal::CONT);
        if self.is_gone(progress, GRACE_MS, None).await {
            return false;
        }
        if !self
            .is_gone(progress, KILL_MS_MAX, Some(Signal::KILL))
            .await
        {
            let others = self.group.others().len();
            self.left.still_there = others + usize::from(!self.has_exited);
            self.left.ended = self.left.ended.saturating_sub(others);
        }
        true
    }

    /// Whether everything of the command ends within a time, sent a signal again and again: one that
    /// makes another while it is ended is ended the next time.
    async fn is_gone(
        &mut self,
        progress: Tell<'_>,
        at_most_ms: u64,
        signal: Option<Signal>,
    ) -> bool {
        let deadline = Instant::now() + Duration::from_millis(at_most_ms);
        loop {
            if let Some(signal) = signal {
                self.group.signal(signal);
            }
            if self.has_exited && self.group.others().is_empty() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            let look = Instant::now() + Duration::from_millis(LOOK_MS);
            while Instant::now() < look {
                tokio::select! {
                    biased;
                    () = sleep_until(look) => break,
                    _ = &mut self.exited, if !self.has_exited => {
                        self.has_exited = true;
                        break;
                    }
                    read = self.pipe.read(&mut self.buffer), if !self.is_at_end => {
                        self.take(&read, progress);
                    }
                }
            }
        }
    }

    /// Reads what is still in the pipe. Whoever holds it open has left everything by which it could
    /// be found.
    async fn drain(&mut self, progress: Tell<'_>) {
        let deadline = Instant::now() + Duration::from_millis(DRAIN_MS_MAX);
        while !self.is_at_end && Instant::now() < deadline {
            tokio::select! {
                biased;
                () = sleep_until(deadline) => {}
                read = self.pipe.read(&mut self.buffer) => self.take(&read, progress),
            }
        }
        self.left.output_held = !self.is_at_end;
    }

    fn reap(&mut self) -> Option<ExitStatus> {
        if !self.has_exited {
            return None;
        }
        self.child.take()?.wait().ok()
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            self.group.signal(Signal::KILL);
            // It may take a while until the system has taken it away, and nobody waits for that.
            std::thread::spawn(move || child.wait());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for somebody to say so. When nobody can any more, nobody will.
async fn becomes_true(cancelled: &mut watch::Receiver<bool>) {
    if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn ended(status: ExitStatus) -> CommandEnd {
    match (status.code(), status.signal()) {
        (Some(code), _) => CommandEnd::Exited(code),
        (None, Some(signal)) => CommandEnd::Signalled(signal),
        (None, None) => CommandEnd::Exited(-1),
    }
}

/// The name of a signal, for people.
pub(super) fn signal_name(signal: i32) -> String {
    let known = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::TERM, "SIGTERM"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
    ];
    known
        .into_iter()
        .find(|(known, _)| known.as_raw() == signal)
        .map_or_else(|| format!("signal {signal}"), |(_, name)| name.to_owned())
}
