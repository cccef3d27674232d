//! Values that a command puts out, such as a password manager: run once for a sitting, and only for
//! one. What it puts out is the secret, so that nothing of it is ever said. A program that signs is run
//! in the same way, with what it signs on its standard input.

#![expect(
    clippy::disallowed_methods,
    reason = "this is where the commands that give values are started"
)]

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use zeroize::Zeroizing;

use super::Trust;
use super::networks::Variable;
use super::place::{NamedBy, place};
use super::quantity::Span;
use super::value::VALUE_BYTES_MAX;
use crate::model::{Text, ValueCommand};
use crate::release::Repository;

/// Time that a command has where the file does not say: what a server that is asked takes, and a
/// person who touches a key.
pub const VALUE_COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest time that a command can be given: a run waits for it before anything else.
pub const VALUE_COMMAND_TIMEOUT_MAX: Duration = Duration::from_mins(5);

/// What a command may put out, in bytes: the longest value, and the line break after it.
pub const VALUE_OUTPUT_BYTES_MAX: usize = VALUE_BYTES_MAX + 2;

/// What is kept of the standard error of a command, in bytes: what fits into an error.
const SAID_BYTES_MAX: usize = 2 << 10;

/// Time between two looks at whether a command has ended.
const LOOK_MS: u64 = 10;

/// Time for what is in its pipes when a command has ended.
const DRAIN_MS_MAX: u64 = 1_000;

/// What such a command sees of the environment, as far as it is set: where programs, the home folder
/// and its configuration are, who the user is, in which language and zone they speak, and where the
/// agents are that credential helpers ask.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
    "SSH_AUTH_SOCK",
];

/// Why a command gave no value. It says nothing of what the command put out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueCommandError {
    /// There is no such program.
    #[error("there is no program `{}`", .0.terminal())]
    Missing(Text),
    /// A variable that it is to have is not set.
    #[error("the variable `{}` is not set", .0.terminal())]
    Unset(Text),
    /// The change under judgement could have written the program.
    #[error("the change under judgement could have written the program `{}`", .0.terminal())]
    InReach(Text),
    /// The system refuses.
    #[error("it cannot be run: {0}")]
    System(io::Error),
    /// It failed.
    #[error("{how}{}", after(.said))]
    Failed {
        /// How it ended.
        how: String,
        /// The first of its standard error.
        said: Text,
    },
    /// It put out more than a value can have.
    #[error("it put out more than {VALUE_OUTPUT_BYTES_MAX} bytes")]
    TooMuch,
    /// It was not done in time.
    #[error("it was not done within {}", Span(*timeout))]
    Deadline {
        /// The time that it had.
        timeout: Duration,
    },
}

/// What a command said, after how it ended.
fn after(said: &Text) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(", and said: {}", said.terminal())
    }
}

impl ValueCommandError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing(_) => {
                "install it where holdpoint runs, or name it by its absolute path; folders of PATH \
                 that are not absolute are passed over"
            }
            Self::Unset(_) => "set it, or leave its name out",
            Self::InReach(_) => "keep the program outside of every checkout of the repository",
            Self::System(_) => "see what the system says",
            Self::Failed { .. } => {
                "run it by hand as the same user; it sees only a few variables of the environment, \
                 and `[\"env\", \"NAME=VALUE\", …]` gives it more"
            }
            Self::TooMuch => "have it put out the value and nothing else",
            Self::Deadline { .. } => {
                "it must not wait for a person at the terminal; more time is given with `timeout`"
            }
        }
    }
}

/// What a command puts out, whole. It has an empty standard input, a group of its own and the root
/// folder to begin in, where nobody puts files.
pub(super) fn output(
    command: &ValueCommand,
    repository: &Repository,
    variable: Variable<'_>,
) -> Result<Zeroizing<Vec<u8>>, ValueCommandError> {
    let root = Path::new("/");
    let program = find(name_of(command), root, variable)?;
    let found = place(&program, root, repository, NamedBy::Operator);
    let is_trusted = found.is_ok_and(|found| found.trust == Trust::Trusted);
    if !is_trusted {
        return Err(ValueCommandError::InReach(Text::from(name_of(command))));
    }
    let environment = passed_on(variable);
    let running = start(command, (&program, root), environment, Stdio::null())?;
    running.finish(Duration::from_millis(command.timeout_ms))
}

/// What a program puts out that gets these bytes on its standard input, such as one that signs them. It
/// is run like a command that gives a value, but begins in `folder`, and also sees the variables that
/// `more` names.
///
/// # Errors
///
/// When it cannot be run, fails, puts out more than [`VALUE_OUTPUT_BYTES_MAX`] bytes or is not done in
/// time.
pub fn put_out_by(
    command: &ValueCommand,
    input: Bytes,
    folder: &Path,
    (variable, more): (Variable<'_>, &[String]),
) -> Result<Zeroizing<Vec<u8>>, ValueCommandError> {
    let program = find(name_of(command), folder, variable)?;
    let mut environment = passed_on(variable);
    for name in more {
        let value = variable(name);
        let value = value.ok_or_else(|| ValueCommandError::Unset(Text::from(name.as_str())))?;
        environment.push((name.clone(), value));
    }
    let mut running = start(command, (&program, folder), environment, Stdio::piped())?;
    let pipe = running.child.as_mut().and_then(|child| child.stdin.take());
    thread::spawn(move || {
        // One that does not read all of it has what it needs, or says why it has not.
        pipe.map(|mut pipe| pipe.write_all(&input))
    });
    running.finish(Duration::from_millis(command.timeout_ms))
}

/// The program, as it is written.
fn name_of(command: &ValueCommand) -> &str {
    command.arguments.first().map_or("", String::as_str)
}

/// What every such command sees of the environment.
fn passed_on(variable: Variable<'_>) -> Vec<(String, OsString)> {
    let set = PASSED_ON.into_iter();
    set.filter_map(|name| Some((name.to_owned(), variable(name)?)))
        .collect()
}

fn start(
    command: &ValueCommand,
    (program, folder): (&Path, &Path),
    environment: Vec<(String, OsString)>,
    input: Stdio,
) -> Result<Running, ValueCommandError> {
    let child = Command::new(program)
        .arg0(name_of(command))
        .args(command.arguments.iter().skip(1))
        .env_clear()
        .envs(environment)
        .current_dir(folder)
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(ValueCommandError::System)?;
    Ok(Running { child: Some(child) })
}

/// Where a program is: a path, from this folder on where it is not absolute, or a name in a folder of
/// `PATH`.
fn find(name: &str, folder: &Path, variable: Variable<'_>) -> Result<PathBuf, ValueCommandError> {
    let is_program = |path: &PathBuf| path.metadata().is_ok_and(|metadata| metadata.is_file());
    let folders = variable("PATH").unwrap_or_default();
    let found = if name.contains('/') {
        Some(folder.join(name)).filter(is_program)
    } else {
        std::env::split_paths(OsStr::new(&folders))
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(name))
            .find(is_program)
    };
    found.ok_or_else(|| ValueCommandError::Missing(Text::from(name)))
}

/// A command that runs. It is ended when this is dropped, with all of its group.
struct Running {
    /// None once it was waited for.
    child: Option<Child>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

impl Running {
    fn finish(mut self, timeout: Duration) -> Result<Zeroizing<Vec<u8>>, ValueCommandError> {
        let end = Instant::now() + timeout;
        let pipes = self.child.as_mut();
        let (output, said) = match pipes.map(|child| (child.stdout.take(), child.stderr.take())) {
            Some((output, said)) => (output, said),
            None => (None, None),
        };
        let output = read(output, VALUE_OUTPUT_BYTES_MAX);
        let said = read(said, SAID_BYTES_MAX);
        while !self.has_exited() {
            if Instant::now() >= end {
                return Err(ValueCommandError::Deadline { timeout });
            }
            thread::sleep(Duration::from_millis(LOOK_MS));
        }
        // What it started and left may hold the pipes open.
        let status = self.end();
        let (output, is_whole) = drained(&output)?;
        match status {
            Some(status) if status.success() && is_whole => Ok(output),
            Some(status) if status.success() => Err(ValueCommandError::TooMuch),
            status => Err(ValueCommandError::Failed {
                how: how(status),
                said: Text::from_bytes(drained(&said)?.0.trim_ascii()),
            }),
        }
    }

    fn leader(&self) -> Option<Pid> {
        let child = self.child.as_ref()?;
        i32::try_from(child.id()).ok().and_then(Pid::from_raw)
    }

    /// Only looked at: its number stays its own until its group is ended.
    fn has_exited(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let status = self
            .leader()
            .map(|leader| rustix::process::waitid(WaitId::Pid(leader), options));
        !matches!(status, Some(Ok(None) | Err(rustix::io::Errno::INTR)))
    }

    /// Ends all of its group.
    fn end(&mut self) -> Option<ExitStatus> {
        if let Some(leader) = self.leader() {
            let _ = rustix::process::kill_process_group(leader, Signal::KILL);
        }
        self.child.take()?.wait().ok()
    }
}

/// The first bytes of a pipe, and whether they are all.
type Start = (Zeroizing<Vec<u8>>, bool);

/// Reads a pipe to its end on a thread of its own, and keeps its first bytes.
fn read(pipe: Option<impl Read + Send + 'static>, bytes_max: usize) -> Receiver<Start> {
    let (send, receive) = channel();
    thread::spawn(move || {
        // Its room is taken at once: no copy is left behind where it grows.
        let mut kept = Zeroizing::new(Vec::with_capacity(bytes_max));
        let mut buffer = Zeroizing::new([0; 4 << 10]);
        let mut is_whole = true;
        let mut pipe = pipe;
        while let Some(pipe) = &mut pipe {
            match pipe.read(buffer.as_mut_slice()) {
                Ok(0) => break,
                Ok(length) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    let room = bytes_max - kept.len();
                    is_whole &= length <= room;
                    kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        // Nobody listens where the command was not done in time.
        let _ = send.send((kept, is_whole));
    });
    receive
}

/// What was read when the command has ended.
fn drained(read: &Receiver<Start>) -> Result<Start, ValueCommandError> {
    let read = read.recv_timeout(Duration::from_millis(DRAIN_MS_MAX));
    read.map_err(|_| {
        ValueCommandError::System(io::Error::other(
            "something that it left behind holds its output open",
        ))
    })
}

/// How a command ended, for people.
fn how(status: Option<ExitStatus>) -> String {
    let code = status.and_then(|status| status.code());
    let signal = status.and_then(|status| status.signal());
    match (code, signal) {
        (Some(code), _) => format!("it exited with {code}"),
        (None, Some(signal)) => format!("it was killed by signal {signal}"),
        (None, None) => "it ended in a way that is not known".to_owned(),
    }
}
