//! Servers that other people wrote, started for one test: on loopback, with a temporary folder.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long one may take until it answers: a slow machine reads 50 MB of program first.
const START_TIME_MAX: Duration = Duration::from_mins(1);

/// The time between two questions.
const PACE: Duration = Duration::from_millis(20);

/// A server, until it is dropped.
pub struct RealServer {
    folder: tempfile::TempDir,
    address: SocketAddr,
    server: Option<Child>,
}

impl RealServer {
    /// Starts one on a port that is free, and waits until it is ready. Another program can be faster at
    /// the port: then on another one. `command` is given the folder that it runs in.
    #[track_caller]
    pub fn start(
        command: impl Fn(&Path, SocketAddr) -> Command,
        is_ready: impl Fn(SocketAddr) -> bool,
    ) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("holdpoint-server-")
            .tempdir()
            .expect("a temporary folder");
        let mut server = Self {
            folder,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            server: None,
        };
        let mut logs = String::new();
        for _ in 0..5 {
            let free = TcpListener::bind(server.address).expect("a free port");
            let address = free.local_addr().expect("its address");
            drop(free);
            match server.serve(command(server.folder.path(), address), address, &is_ready) {
                Ok(()) => return server,
                Err(log) => logs.push_str(&log),
            }
        }
        panic!("the server does not start:\n{logs}");
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the server and waits until it is ready; else what it said.
    fn serve(
        &mut self,
        mut command: Command,
        address: SocketAddr,
        is_ready: &impl Fn(SocketAddr) -> bool,
    ) -> Result<(), String> {
        let mut server = command
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be started");
        let mut said = server.stderr.take().expect("its standard error");
        self.server = Some(server);
        let (ended, end) = mpsc::channel();
        // Read to the end: a server whose log nobody reads stops when the pipe is full.
        std::thread::spawn(move || {
            let mut log = Vec::new();
            let _ = said.read_to_end(&mut log);
            let _ = ended.send(String::from_utf8_lossy(&log).into_owned());
        });
        let start = Instant::now();
        while start.elapsed() < START_TIME_MAX {
            if let Ok(log) = end.recv_timeout(PACE) {
                self.stop();
                return Err(log);
            }
            if is_ready(address) {
                self.address = address;
                return Ok(());
            }
        }
        self.stop();
        let log = end.recv().unwrap_or_default();
        Err(format!("it was not ready within {START_TIME_MAX:?}\n{log}"))
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A program: of the machine, or the one that `make test` has unpacked into this folder of
/// `target/tools`.
#[track_caller]
pub fn program(name: &str, folder: &str) -> PathBuf {
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let unpacked = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target");
    let unpacked = std::env::var_os("CARGO_TARGET_DIR").map_or(unpacked, PathBuf::from);
    let found = std::env::split_paths(&in_path)
        .chain([unpacked.join("tools").join(folder).join("usr/bin")])
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "{name} is missing: run `make test`, which unpacks Debian's package of it, or install it \
             and have it in PATH"
        )
    })
}
