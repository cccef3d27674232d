use std::fmt;
use std::io::{self, Read, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::LoadError;
use super::confine::{Confinement, confine};
use crate::model::{Digest, Text};

/// Processor time for compiling any component: fifty times what a small one takes on a slow machine.
pub const COMPILE_PROCESSOR_TIME_BASE: Duration = Duration::from_secs(5);

/// Processor time for each MiB of a component beyond that: five times what code from compilers takes.
/// A component whose time grows faster than its size is none of these.
pub const COMPILE_PROCESSOR_TIME_PER_MEBIBYTE: Duration = Duration::from_secs(8);

/// How much longer compiling may take by the clock than on one processor: the machine may be busy.
const WALL_TIME_FACTOR: u32 = 4;

/// Address space of the process that compiles, in bytes. The largest components that language
/// toolchains make take a third.
const COMPILE_ADDRESS_SPACE_BYTES_MAX: u64 = 4 << 30;

/// Machine code of one component, in bytes: eight times the largest component.
const MACHINE_CODE_BYTES_MAX: u64 = 512 << 20;

/// What the process that compiles may say at its end, in bytes.
const SAID_BYTES_MAX: u64 = 16 << 10;

/// Threads of the process that compiles. Each reserves address space.
const THREADS_MAX: usize = 8;

/// What the hidden command of the program is called.
const COMMAND: &str = "compile-component";

/// Compiles components in a process of its own, so that one that is made to take for ever, or all
/// memory, takes neither the host's time nor its memory. The process is started with an empty
/// environment in the root folder, gets the component on standard input, confines itself before it
/// reads a byte of it, and gives machine code on standard output.
#[derive(Clone, Debug)]
pub struct Compiler {
    program: PathBuf,
    limits: Option<CompileLimits>,
}

/// What compiling one component may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Time of all processors together, in whole seconds.
    pub processor_time: Duration,
    /// Time by the clock.
    pub wall_time: Duration,
    /// Address space of the process, in bytes.
    pub address_space_bytes: u64,
    /// Machine code, in bytes.
    pub machine_code_bytes: u64,
}

/// Which of [`CompileLimits`] was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompileLimit {
    /// [`CompileLimits::processor_time`].
    ProcessorTime(Duration),
    /// [`CompileLimits::wall_time`].
    WallTime(Duration),
    /// [`CompileLimits::address_space_bytes`].
    AddressSpace(u64),
    /// [`CompileLimits::machine_code_bytes`].
    MachineCode(u64),
}

impl fmt::Display for CompileLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProcessorTime(time) => write!(formatter, "{time:?} of processor time"),
            Self::WallTime(time) => write!(formatter, "{time:?}"),
            Self::AddressSpace(bytes) => {
                write!(formatter, "{} MiB of memory", bytes >> 20)
            }
            Self::MachineCode(bytes) => {
                write!(formatter, "{bytes} bytes of machine code")
            }
        }
    }
}

impl CompileLimits {
    /// The limits for a component of this many bytes: honest code takes time in proportion.
    #[must_use]
    pub fn of_size(component_bytes: usize) -> Self {
        let mebibytes = u32::try_from(component_bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX);
        let processor_time = COMPILE_PROCESSOR_TIME_BASE
            .saturating_add(COMPILE_PROCESSOR_TIME_PER_MEBIBYTE.saturating_mul(mebibytes));
        Self {
            processor_time,
            wall_time: processor_time.saturating_mul(WALL_TIME_FACTOR),
            address_space_bytes: COMPILE_ADDRESS_SPACE_BYTES_MAX,
            machine_code_bytes: MACHINE_CODE_BYTES_MAX,
        }
    }
}

impl Compiler {
    /// A compiler that is this program: the file of `holdpoint`.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            limits: None,
        }
    }

    /// The same with these limits for every component.
    #[must_use]
    pub fn with_limits(self, limits: CompileLimits) -> Self {
        Self {
            limits: Some(limits),
            ..self
        }
    }

    /// Compiles a component for the engine with this compatibility digest.
    pub(super) fn compile(
        &self,
        component: &[u8],
        compatibility: &Digest,
    ) -> Result<(Vec<u8>, Confinement), LoadError> {
        let limits = self
            .limits
            .unwrap_or_else(|| CompileLimits::of_size(component.len()));
        let ended = self
            .run(component, compatibility, &limits)
            .map_err(LoadError::CompilerStart)?;
        ended.judge(&limits)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the program that is started is this one, with an empty environment"
    )]
    fn run(
        &self,
        component: &[u8],
        compatibility: &Digest,
        limits: &CompileLimits,
    ) -> io::Result<Ended> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut process = Command::new(&self.program)
            .arg(COMMAND)
            .args(["--compatibility", &compatibility.to_string()])
            .args([
                "--processor-seconds",
                &limits.processor_time.as_secs().to_string(),
            ])
            .args([
                "--address-space-bytes",
                &limits.address_space_bytes.to_string(),
            ])
            .env_clear()
            .env("RAYON_NUM_THREADS", threads.min(THREADS_MAX).to_string())
            .env("TOKIO_WORKER_THREADS", "1")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (input, output, errors) = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        );
        let (read, is_read) = mpsc::channel();
        thread::scope(|scope| {
            // It may end before it has read everything, and says why in another way.
            scope.spawn(move || input.map(|mut input| input.write_all(component)));
            let said = scope.spawn(move || take(errors, SAID_BYTES_MAX));
            let code = scope.spawn(move || {
                let code = take(output, limits.machine_code_bytes + 1);
                // Nobody listens once the time is over.
                let _ = read.send(code.len());
                code
            });
            let read = is_read.recv_timeout(limits.wall_time).ok();
            let in_time = read.is_some();
            if read.is_none_or(|bytes| bytes as u64 > limits.machine_code_bytes) {
                process.kill()?;
            }
            let status = process.wait()?;
            let joined = |thread: thread::ScopedJoinHandle<'_, Vec<u8>>| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            Ok(Ended {
                in_time,
                status,
                code: joined(code),
                said: joined(said),
            })
        })
    }
}

/// How a process that compiles came to its end.
struct Ended {
    in_time: bool,
    status: ExitStatus,
    code: Vec<u8>,
    said: Vec<u8>,
}

impl Ended {
    fn judge(self, limits: &CompileLimits) -> Result<(Vec<u8>, Confinement), LoadError> {
        use std::os::unix::process::ExitStatusExt as _;

        let reached = |limit| Err(LoadError::CompileLimit { limit });
        if !self.in_time {
            return reached(CompileLimit::WallTime(limits.wall_time));
        }
        if self.code.len() as u64 > limits.machine_code_bytes {
            return reached(CompileLimit::MachineCode(limits.machine_code_bytes));
        }
        if self.status.success() {
            // What says nothing of it was not confined.
            let confinement = serde_json::from_slice(&self.said).unwrap_or_default();
            return Ok((self.code, confinement));
        }
        let signal = self.status.signal();
        if signal == Some(rustix::process::Signal::XCPU.as_raw()) {
            return reached(CompileLimit::ProcessorTime(limits.processor_time));
        }
        let said = String::from_utf8_lossy(&self.said);
        // What the allocator of Rust says before it ends the process, and what Cranelift does where it
        // asks for memory in a way that can fail.
        let no_memory = ["memory allocation of", "out of memory (failed to allocate"];
        if no_memory.iter().any(|words| said.contains(words)) {
            return reached(CompileLimit::AddressSpace(limits.address_space_bytes));
        }
        if self.status.code() == Some(REFUSED)
            && let Ok(causes) = serde_json::from_str::<Vec<String>>(&said)
        {
            let mut causes = causes.into_iter().rev();
            let first = wasmtime::Error::msg(causes.next().unwrap_or_default());
            return Err(LoadError::Compile(
                causes.fold(first, wasmtime::Error::context),
            ));
        }
        Err(LoadError::CompilerEnded {
            said: Text::from(format!("{}: {}", self.status, said.trim())),
        })
    }
}

/// At most so many bytes of what a process says. What cannot be read any more is its end.
fn take(from: Option<impl Read>, bytes_max: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        let _ = from.take(bytes_max).read_to_end(&mut bytes);
    }
    bytes
}

/// What the process that compiles ends with when the component cannot be compiled. Standard error
/// then has the chain of causes as a JSON array.
const REFUSED: i32 = 2;

/// The other end of [`Compiler`], in the process that it starts: gives up everything that compiling
/// does not need, reads a component from `input` and gives its machine code, and what the kernel took
/// from the process. That goes to standard error, as JSON.
///
/// # Errors
///
/// A JSON array of causes: the limits cannot be had, the program is another one than the one that
/// asked, or the component cannot be compiled.
pub fn compile_confined(
    processor_seconds: u64,
    address_space_bytes: u64,
    compatibility: &Digest,
    input: impl Read,
) -> Result<(Vec<u8>, Confinement), String> {
    compile_here(processor_seconds, address_space_bytes, compatibility, input).map_err(|error| {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        serde_json::json!(causes).to_string()
    })
}

fn compile_here(
    processor_seconds: u64,
    address_space_bytes: u64,
    compatibility: &Digest,
    mut input: impl Read,
) -> wasmtime::Result<(Vec<u8>, Confinement)> {
    let confinement = confine(processor_seconds, address_space_bytes)?;
    let engine = holdpoint_build::engine()?;
    if holdpoint_build::compatibility(&engine) != *compatibility.bytes() {
        return Err(wasmtime::Error::msg(
            "the program has been replaced by another version while it was running",
        ));
    }
    let mut component = Vec::new();
    input.read_to_end(&mut component)?;
    Ok((engine.precompile_component(&component)?, confinement))
}
