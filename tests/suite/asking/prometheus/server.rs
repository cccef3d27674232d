//! A Prometheus server of a test's own: in a temporary folder, on loopback, where it watches itself.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

/// How long it may take until it has measured itself: a slow machine reads 50 MB of program first.
const START_TIME_MAX: Duration = Duration::from_mins(1);

/// How long one question may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// The time between two questions.
const PACE: Duration = Duration::from_millis(20);

/// A server, until it is dropped.
pub(super) struct Prometheus {
    folder: tempfile::TempDir,
    address: SocketAddr,
    server: Option<Child>,
}

impl Prometheus {
    /// Starts one on a port that is free, and waits until it has data of itself. Another program can
    /// be faster at the port: then on another one.
    #[track_caller]
    pub(super) fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("holdpoint-prometheus-")
            .tempdir()
            .expect("a temporary folder");
        let mut prometheus = Self {
            folder,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            server: None,
        };
        let mut logs = String::new();
        for _ in 0..5 {
            let free = TcpListener::bind(prometheus.address).expect("a free port");
            let address = free.local_addr().expect("its address");
            drop(free);
            match prometheus.serve(address) {
                Ok(()) => return prometheus,
                Err(log) => logs.push_str(&log),
            }
        }
        panic!("the server does not start:\n{logs}");
    }

    /// Where it is.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts the server and waits until it has measured itself; else what it said.
    fn serve(&mut self, address: SocketAddr) -> Result<(), String> {
        let configuration = format!(
            "global: {{ scrape_interval: 1s }}\nscrape_configs:\n- job_name: self\n  \
             static_configs: [{{ targets: [\"{address}\"] }}]\n"
        );
        let path = |name: &str| self.folder.path().join(name);
        fs::write(path("prometheus.yml"), configuration).expect("its configuration");
        let mut server = Command::new(program())
            .current_dir(self.folder.path())
            .env_clear()
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("prometheus can be started");
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
            if has_data(address) {
                self.address = address;
                return Ok(());
            }
        }
        self.stop();
        let log = end.recv().unwrap_or_default();
        Err(format!(
            "it had no data of itself within {START_TIME_MAX:?}\n{log}"
        ))
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether a server has found itself up by now, to the second, as a plugin would ask.
fn has_data(address: SocketAddr) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.expect("a time after 1970").as_secs();
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIME_MAX)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        write!(
            stream,
            "GET /api/v1/query?query=up&time={now} HTTP/1.0\r\nhost: {address}\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    ask().is_ok_and(|answer| answer.contains(&format!("\"value\":[{now},\"1\"]")))
}

/// The program: of the machine, or the one that `make test` has unpacked.
#[track_caller]
fn program() -> PathBuf {
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let unpacked = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target");
    let unpacked = std::env::var_os("CARGO_TARGET_DIR").map_or(unpacked, PathBuf::from);
    std::env::split_paths(&in_path)
        .chain([unpacked.join("tools/prometheus/usr/bin")])
        .map(|folder| folder.join("prometheus"))
        .find(|program| program.is_file())
        .expect(
            "prometheus is missing: run `make test`, which unpacks Debian's package of it, or \
             install Prometheus 2.0 or newer and have it in PATH",
        )
}
