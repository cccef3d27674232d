//! What tests share: a folder of their own, git repositories made in it by the git command line,
//! and the real binary with nothing of this machine's environment.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

/// The time of the first commit that a test makes; each later one is a minute after the one before.
const FIRST_COMMIT_TIME: i64 = 1_700_000_000;

/// A folder that is removed at the end of a test.
pub struct Context {
    folder: tempfile::TempDir,
}

/// A git repository in a [`Context`].
pub struct Repository {
    path: PathBuf,
    commits: std::cell::Cell<i64>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// What a command came to that was started by hand.
    #[track_caller]
    pub fn of(output: std::io::Result<Output>) -> Self {
        let output = output.expect("the command can be started");
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "not JSON: {error}\nexit {}\n{}\n{}",
                self.code, self.stdout, self.stderr
            )
        })
    }

    /// The same, after checking the exit code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }
}

impl Context {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new repository with an unborn branch `main`.
    pub fn repository(&self, name: &str) -> Repository {
        let path = self.path().join(name);
        fs::create_dir_all(&path).expect("a folder for the repository");
        let repository = Repository {
            path,
            commits: std::cell::Cell::new(0),
        };
        repository.git(["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// Writes a file below the folder.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(path);
        write(&path, content.as_ref());
        path
    }

    /// Runs the binary in `folder`.
    pub fn holdpoint<I, S>(&self, folder: &Path, arguments: I) -> Ran
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        Ran::of(self.command(folder).args(arguments).output())
    }

    /// The binary in `folder`, with an environment of its own: to be given arguments and variables.
    pub fn command(&self, folder: &Path) -> Command {
        self.command_of(&binary(), folder)
    }

    /// The same, with the compiler of this machine.
    pub fn command_with_compiler(&self, folder: &Path) -> Command {
        let mut command = self.command(folder);
        for name in [
            "HOME",
            "CARGO",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Has openssl make keys, certificates and signatures in the folder.
    #[track_caller]
    pub fn openssl<I, S>(&self, arguments: I) -> Ran
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = Command::new("openssl");
        let ran = command.current_dir(self.path()).args(arguments).output();
        assert!(
            ran.is_ok(),
            "openssl is missing: this test makes keys, certificates and signatures with it"
        );
        Ran::of(ran).expect_code(0)
    }

    /// The same with another build of the binary.
    pub fn command_of(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .env("XDG_STATE_HOME", self.path().join("state"))
            .env("NO_COLOR", "1");
        command
    }
}

impl Repository {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs git and gives its standard output without the last line break.
    #[track_caller]
    pub fn git<I, S>(&self, arguments: I) -> String
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let time = format!("{} +0000", FIRST_COMMIT_TIME + 60 * self.commits.get());
        let ran = Ran::of(
            git_command(&self.path)
                .env("GIT_AUTHOR_DATE", &time)
                .env("GIT_COMMITTER_DATE", &time)
                .args(arguments)
                .output(),
        )
        .expect_code(0);
        ran.stdout.trim_end_matches('\n').to_owned()
    }

    /// Writes a file in the working tree.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        write(&self.path.join(path), content.as_ref());
    }

    /// Commits all that is in the working tree, or nothing at all, and gives the commit's name.
    #[track_caller]
    pub fn commit(&self, message: &str) -> String {
        self.commits.set(self.commits.get() + 1);
        self.git(["add", "--all"]);
        self.git([
            "commit",
            "--quiet",
            "--allow-empty",
            "--cleanup=verbatim",
            "--message",
            message,
        ]);
        self.git(["rev-parse", "HEAD"])
    }

    /// Writes a file and commits it.
    #[track_caller]
    pub fn commit_file(&self, path: &str, content: impl AsRef<[u8]>, message: &str) -> String {
        self.write(path, content);
        self.commit(message)
    }

    /// A lightweight tag on the checked out commit.
    #[track_caller]
    pub fn tag(&self, name: &str) {
        self.git(["tag", name]);
    }
}

/// git in a folder, with no configuration of this machine.
pub fn git_command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Ada Author")
        .env("GIT_AUTHOR_EMAIL", "ada@example.com")
        .env("GIT_COMMITTER_NAME", "Carl Committer")
        .env("GIT_COMMITTER_EMAIL", "carl@example.com");
    command
}

/// The binary, which `cargo build --package holdpoint` puts two folders above the test's own.
pub fn binary() -> PathBuf {
    beside_binary("holdpoint")
}

/// A binary of this workspace, which `make test` builds: two folders above the test's own.
pub fn beside_binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    let binary = test
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in target/PROFILE/deps")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        binary.exists(),
        "{} is missing: run `cargo build --workspace --bins`, or `make test`, which does",
        binary.display()
    );
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src");
    assert!(
        modified(&binary) >= newest(&sources),
        "{} is older than its sources: run `cargo build --workspace --bins`, or `make test`, which does",
        binary.display()
    );
    binary
}

fn newest(folder: &Path) -> SystemTime {
    let entries = fs::read_dir(folder).expect("the sources can be listed");
    let entries = entries.map(|entry| entry.expect("an entry").path());
    entries
        .map(|path| {
            if path.is_dir() {
                newest(&path)
            } else {
                modified(&path)
            }
        })
        .max()
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .expect("a file has a time")
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("the folder");
    fs::write(path, content).expect("the file can be written");
}
