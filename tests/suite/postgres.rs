//! A `PostgreSQL` server of a test's own: a cluster in a temporary folder, run by a user without
//! rights, gone at the end of the test.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use crate::context::Ran;

/// The user that runs the server where the tests are run by the administrator, as which it does not
/// run: `nobody`.
const NOBODY: u32 = 65534;

/// The role that owns the databases of tests.
const ROLE: &str = "holdpoint";

/// Its password, for those that come by the network.
pub const PASSWORD: &str = "hunter2-of-the-test";

/// A server. Everybody may log in through its socket; by the network, with a password.
pub struct Cluster {
    folder: tempfile::TempDir,
    binaries: PathBuf,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
}

impl Cluster {
    /// Makes and starts one.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with settings, such as `ssl=on`; relative paths in them are in its data folder.
    #[track_caller]
    pub fn start_with(settings: &[&str]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("holdpoint-postgres-")
            .tempdir()
            .expect("a temporary folder");
        let mut cluster = Self {
            binaries: binaries(),
            folder,
            port: 0,
            settings: settings.iter().map(ToString::to_string).collect(),
            server: None,
        };
        if is_administrator() {
            chown(cluster.folder.path(), Some(NOBODY), Some(NOBODY)).expect("the folder is given");
        }
        let made = cluster
            .command("initdb")
            .args(["--encoding=UTF8", "--locale=C", "--no-sync"])
            .args(["--username=postgres", "--auth-local=trust"])
            .arg("--auth-host=scram-sha-256")
            .arg("--pgdata")
            .arg(cluster.data())
            .output();
        Ran::of(made).expect_code(0);
        if !settings.is_empty() {
            cluster.make_certificate();
        }
        cluster.run();
        cluster.sql(
            "postgres",
            &format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'"),
        );
        cluster
    }

    /// Makes an empty database and gives its address, by the socket.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name} OWNER {ROLE}"));
        self.address(ROLE, name)
    }

    /// The address of a database for a role, by the socket.
    pub fn address(&self, role: &str, database: &str) -> String {
        format!(
            "postgres:///{database}?host={}&port={}&user={role}",
            self.folder.path().display(),
            self.port
        )
    }

    /// The address of a database by the network, with the right password.
    pub fn network_address(&self, host: &str, database: &str) -> String {
        format!(
            "postgres://{ROLE}:{PASSWORD}@{host}:{}/{database}",
            self.port
        )
    }

    /// The file of its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(format!(".s.PGSQL.{}", self.port))
    }

    /// The certificate of a server that was started with `ssl=on`: for `localhost`, signed by itself.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.crt")
    }

    /// Has the administrator say something to a database, and gives what it answers.
    #[track_caller]
    pub fn sql(&self, database: &str, text: &str) -> String {
        let said = self
            .command("psql")
            .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"])
            .args(["--set=ON_ERROR_STOP=1", "--username=postgres"])
            .arg("--host")
            .arg(self.folder.path())
            .args(["--port", &self.port.to_string()])
            .args(["--dbname", database, "--command", text])
            .output();
        Ran::of(said).expect_code(0).stdout.trim().to_owned()
    }

    /// Ends the server as a power cut does: nobody is waited for, and nothing is written down.
    pub fn stop(&mut self) {
        let Some(mut server) = self.server.take() else {
            return;
        };
        let asked = Command::new("kill")
            .args(["-QUIT", &server.id().to_string()])
            .status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = server.kill();
        }
        let _ = server.wait();
    }

    /// Starts it again after [`Cluster::stop`], at the same place.
    #[track_caller]
    pub fn start_again(&mut self) {
        assert!(self.server.is_none(), "it was stopped");
        let port = self.port;
        self.serve(port)
            .unwrap_or_else(|log| panic!("the server does not start:\n{log}"));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of `PostgreSQL`, run by a user who may run it.
    fn command(&self, program: &str) -> Command {
        let program = self.binaries.join(program);
        let mut command = if is_administrator() {
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={NOBODY}"))
                .arg(format!("--regid={NOBODY}"))
                .arg("--clear-groups")
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C");
        command
    }

    /// Starts the server on a port that is free. Another program can be faster: then on another one.
    #[track_caller]
    fn run(&mut self) {
        let mut logs = String::new();
        for _ in 0..5 {
            let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
            let port = free.local_addr().expect("its address").port();
            drop(free);
            match self.serve(port) {
                Ok(()) => return,
                Err(log) => logs.push_str(&log),
            }
        }
        panic!("the server does not start:\n{logs}");
    }

    /// Starts the server and waits until it says that it is ready; else what it said.
    fn serve(&mut self, port: u16) -> Result<(), String> {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        command.arg("-k").arg(self.folder.path());
        command.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        let own = ["fsync=off", "full_page_writes=off", "shared_buffers=16MB"];
        for setting in own
            .into_iter()
            .chain(self.settings.iter().map(String::as_str))
        {
            command.args(["-c", setting]);
        }
        let mut server = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("postgres can be started");
        let said = server.stderr.take().expect("its standard error");
        let (ready, wait) = mpsc::channel();
        // Read to the end: a server whose log nobody reads stops when the pipe is full.
        std::thread::spawn(move || {
            let mut log = String::new();
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                log.push_str(&line);
                log.push('\n');
                if line.contains("ready to accept connections") {
                    let _ = ready.send(Ok(()));
                }
            }
            let _ = ready.send(Err(log));
        });
        let started = wait.recv().unwrap_or_else(|_| Err(String::new()));
        if started.is_ok() {
            self.port = port;
            self.server = Some(server);
        } else {
            let _ = server.wait();
        }
        started
    }

    fn make_certificate(&self) {
        let made = Command::new("openssl")
            .current_dir(self.folder.path())
            .args([
                "req",
                "-x509",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
            ])
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-addext", "subjectAltName=DNS:localhost"])
            .args(["-keyout", "server.key", "-out", "server.crt"])
            .output();
        Ran::of(made).expect_code(0);
        for name in ["server.key", "server.crt"] {
            let here = self.folder.path().join(name);
            let there = self.data().join(name);
            fs::copy(&here, &there).expect("it is copied");
            fs::set_permissions(&there, fs::Permissions::from_mode(0o600)).expect("its mode");
            if is_administrator() {
                chown(&there, Some(NOBODY), Some(NOBODY)).expect("it is given");
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether this is run by the administrator.
pub fn is_administrator() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The folder of `PostgreSQL`'s programs.
#[track_caller]
fn binaries() -> PathBuf {
    let has_server = |folder: &Path| {
        ["initdb", "postgres", "psql"]
            .into_iter()
            .all(|program| folder.join(program).is_file())
    };
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&in_path).collect();
    if let Ok(said) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(String::from_utf8_lossy(&said.stdout).trim().into());
    }
    // Debian keeps the programs of each version apart, the newest one last.
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders
        .into_iter()
        .find(|folder| has_server(folder))
        .expect(
            "PostgreSQL's initdb, postgres and psql are missing: install PostgreSQL 13 or newer \
             (Debian: apt-get install postgresql; it need not run)",
        )
}

#[test]
fn a_server_is_there_and_gone_with_its_folder() {
    let mut cluster = Cluster::start();
    let address = cluster.database("one");
    assert!(address.starts_with("postgres:///one?host="), "{address}");
    assert_eq!(cluster.sql("one", "SELECT current_database()"), "one");
    cluster.stop();
    cluster.start_again();
    assert_eq!(cluster.sql("one", "SELECT 1"), "1");
    let (folder, socket) = (cluster.folder.path().to_owned(), cluster.socket());
    assert!(socket.exists());
    drop(cluster);
    assert!(!folder.exists());
}
