//! `make bench`: what a whole run costs beside `git log --numstat -M` over the same range.
//!
//! Both are started in turns, and medians are compared, so that what else the machine does falls on
//! both. Figures are printed and judged by nobody: a slow machine is no defect.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use tempfile::TempDir;

mod plugins;

/// Times that each program is started for one figure.
const REPETITIONS: usize = 7;

/// How often the memory of a running program is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// Files of a generated repository, and lines in each.
const FILES: usize = 200;
const LINES: usize = 60;

/// One start of a program.
struct Start {
    wall: Duration,
    /// Most anonymous and most resident memory that was seen, in KiB.
    anonymous: u64,
    resident: u64,
}

/// Medians over starts.
struct Median {
    milliseconds: f64,
    anonymous: u64,
    resident: u64,
}

/// The program that is measured, with folders of its own for what it keeps.
struct Bench {
    binary: PathBuf,
    folder: TempDir,
}

fn main() -> ExitCode {
    // `cargo bench` adds this word; it is no argument of ours.
    let arguments: Vec<String> = env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let [binary, tools, commits_max, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: run PATH-OF-HOLDPOINT FOLDER-OF-TOOLS COMMITS-MAX [REPOSITORY FROM..TO]");
        return ExitCode::from(2);
    };
    let bench = Bench {
        binary: PathBuf::from(binary),
        folder: TempDir::new().expect("a temporary folder"),
    };
    let commits_max = commits_max.parse().expect("COMMITS-MAX is a number");
    println!("{}", machine());
    println!("medians of {REPETITIONS} starts in turns\n");
    match rest {
        [repository, range] => bench.beside_git(Path::new(repository), range),
        _ => bench.beside_git(
            &bench.repository("thousand", 1_000, "fix: step"),
            "v1.0.0..HEAD",
        ),
    }
    bench.commits(commits_max);
    bench.stages();
    bench.findings(commits_max.min(10_000));
    plugins::first_answers(&bench, Path::new(tools));
    ExitCode::SUCCESS
}

impl Bench {
    /// A run beside git, one that has no machine code of plugins yet, and the first of a project, whose
    /// earlier releases have yet to be assessed.
    fn beside_git(&self, repository: &Path, range: &str) {
        let (from, to) = range.split_once("..").expect("a range FROM..TO");
        let run = || self.run(repository, &["--from", from, "--to", to], "warm");
        run();
        let (mut runs, mut logs, mut colds, mut firsts) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for turn in 0..REPETITIONS {
            logs.push(start(&mut log(repository, range)));
            runs.push(run());
            let folder = format!("cold-{turn}");
            self.copy_scores(&folder);
            colds.push(self.run(repository, &["--from", from, "--to", to], &folder));
            let folder = format!("first-{turn}");
            firsts.push(self.run(repository, &["--from", from, "--to", to], &folder));
        }
        let (log, run) = (median(&logs), median(&runs));
        let (cold, first) = (median(&colds), median(&firsts));
        println!("{range}                      ms    anonymous KiB    resident KiB");
        for (name, median) in [
            ("git log", &log),
            ("run, warm", &run),
            ("run, no code", &cold),
            ("run, no score", &first),
        ] {
            row(name, median);
        }
        for (name, above, below) in [
            ("warm / git log", &run, &log),
            ("no code / warm", &cold, &run),
            ("no score / warm", &first, &run),
        ] {
            println!(
                "{name:<16} {:>9.2}",
                above.milliseconds / below.milliseconds
            );
        }
        println!();
    }

    /// Gives a new folder what the warm one has but for machine code: plugins have to be loaded as on
    /// a new machine, and the project's earlier releases are assessed already.
    fn copy_scores(&self, folder: &str) {
        let warm = self.folder.path().join("warm");
        copy(&warm, &self.folder.path().join(folder));
    }

    fn commits(&self, commits_max: usize) {
        println!(
            "commits                 ms    anonymous KiB    resident KiB    ms / 1,000 commits"
        );
        for count in [10, 100, 1_000, 10_000, 100_000] {
            if count > commits_max {
                println!("{count:<16} not measured: COMMITS={count} does");
                continue;
            }
            let repository = self.repository(&format!("commits-{count}"), count, "fix: step");
            let runs: Vec<Start> = (0..3).map(|_| self.run(&repository, &[], "warm")).collect();
            let median = median(&runs);
            #[expect(clippy::cast_precision_loss, reason = "counts are small")]
            let each = median.milliseconds * 1_000.0 / count as f64;
            println!("{}    {each:.1}", line(&count.to_string(), &median));
        }
        println!();
    }

    /// The same plugin in more and more stages: each use is an instance of its own.
    fn stages(&self) {
        let repository = self.repository("uses", 100, "fix: step");
        println!("uses of a plugin        ms    anonymous KiB    resident KiB");
        for count in [1, 10, 50, 100, 200] {
            let mut text =
                format!("[limits]\nplugins = {count}\n\n[plugins.conventional-commits]\n");
            for number in 0..count {
                text += &format!(
                    "\n[[stages]]\nid = \"stage-{number}\"\nuse = [\"conventional-commits\"]\n"
                );
            }
            let file = self.folder.path().join(format!("{count}.toml"));
            fs::write(&file, text).expect("a pipeline file");
            let file = file.to_str().expect("a path");
            let runs: Vec<Start> = (0..3)
                .map(|_| self.run(&repository, &["--pipeline", file], "warm"))
                .collect();
            row(&count.to_string(), &median(&runs));
        }
        println!();
    }

    fn findings(&self, findings_max: usize) {
        println!("findings                ms    anonymous KiB    resident KiB");
        for count in [1, 10, 100, 1_000, 10_000] {
            if count <= findings_max {
                let repository = self.repository(&format!("findings-{count}"), count, "step");
                let runs: Vec<Start> = (0..3).map(|_| self.run(&repository, &[], "warm")).collect();
                row(&count.to_string(), &median(&runs));
            }
        }
    }

    fn run(&self, repository: &Path, arguments: &[&str], kept: &str) -> Start {
        let mut command = self.holdpoint(kept);
        command
            .args(["run", "--dry-run", "--format", "json"])
            .args(arguments)
            .current_dir(repository);
        start(&mut command)
    }

    /// The program, with what it keeps in a folder of this name.
    fn holdpoint(&self, kept: &str) -> Command {
        let kept = self.folder.path().join(kept);
        let mut command = Command::new(&self.binary);
        command
            .env("XDG_CACHE_HOME", kept.join("cache"))
            .env("XDG_STATE_HOME", kept.join("state"));
        command
    }

    /// A repository with a tag `v1.0.0` and so many commits after it, each of which changes a line
    /// of one file.
    fn repository(&self, name: &str, commits: usize, message: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).expect("a folder for the repository");
        git(&folder, &["init", "--quiet", "--initial-branch=main"]);
        let mut import = Command::new("git")
            .args(["fast-import", "--quiet"])
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .expect("git");
        let mut to = BufWriter::new(import.stdin.take().expect("its standard input"));
        let mut write = |text: &str| to.write_all(text.as_bytes()).expect("git reads");
        let mut versions = vec![0; FILES];
        for number in 0..=commits {
            let (files, words) = match number {
                0 => (0..FILES, "feat: begin".to_owned()),
                _ => (
                    number * 7 % FILES..number * 7 % FILES + 1,
                    format!("{message} {number}"),
                ),
            };
            write(&format!(
                "commit refs/heads/main\ncommitter Ada <ada@example.com> {} +0000\ndata {}\n{words}\n",
                1_700_000_000 + number * 60,
                words.len(),
            ));
            for file in files {
                versions[file] += usize::from(number > 0);
                let content = content(file, versions[file]);
                write(&format!(
                    "M 100644 inline src/{}/{file}.txt\ndata {}\n{content}\n",
                    file % 20,
                    content.len()
                ));
            }
            if number == 0 {
                write("\nreset refs/tags/v1.0.0\nfrom refs/heads/main\n\n");
            }
        }
        to.flush().expect("git reads");
        drop(to);
        assert!(
            import.wait().expect("git").success(),
            "git fast-import failed"
        );
        git(&folder, &["reset", "--quiet", "--hard"]);
        git(&folder, &["repack", "-adq"]);
        folder
    }
}

/// A file after so many changes, each of one line.
fn content(file: usize, version: usize) -> String {
    let mut content = String::new();
    for line in 0..LINES {
        let changed = (version + LINES - 1 - line) / LINES;
        content.push_str(&format!(
            "line {line} of file {file}, changed {changed} times\n"
        ));
    }
    content
}

/// Copies a folder but for entries of the cache that are machine code.
fn copy(from: &Path, to: &Path) {
    let metadata = fs::metadata(from).expect("what is kept");
    fs::create_dir(to).expect("a folder");
    fs::set_permissions(to, metadata.permissions()).expect("its permissions");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else if !entry
            .file_name()
            .to_string_lossy()
            .starts_with("compiled-component")
        {
            fs::copy(&path, &to).expect("a copy");
        }
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .status();
    assert!(status.expect("git").success(), "git {arguments:?} failed");
}

fn log(repository: &Path, range: &str) -> Command {
    let mut command = Command::new("git");
    command
        .args(["log", "--numstat", "-M", range])
        .current_dir(repository);
    command
}

/// Starts a program and looks at its memory until it ends. A verdict other than go is an answer too;
/// anything else ends the measurement.
fn start(command: &mut Command) -> Start {
    let output = tempfile::tempfile().expect("a temporary file");
    command.stdin(Stdio::null()).stdout(output);
    let begin = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    let status_file = format!("/proc/{}/status", child.id());
    let (mut anonymous, mut resident) = (0, 0);
    let status = loop {
        if let Some(status) = child.try_wait().expect("the program ends") {
            break status;
        }
        let text = fs::read_to_string(&status_file).unwrap_or_default();
        anonymous = anonymous.max(kibibytes(&text, "RssAnon:"));
        resident = resident.max(kibibytes(&text, "VmHWM:"));
        std::thread::sleep(LOOK);
    };
    let wall = begin.elapsed();
    assert!(
        matches!(status.code(), Some(0 | 1)),
        "{command:?} ended with {status}"
    );
    Start {
        wall,
        anonymous,
        resident,
    }
}

fn kibibytes(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn median(starts: &[Start]) -> Median {
    let middle = |mut values: Vec<u64>| {
        values.sort_unstable();
        values[values.len() / 2]
    };
    let micros = |start: &Start| u64::try_from(start.wall.as_micros()).unwrap_or(u64::MAX);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a run takes less than a century"
    )]
    let milliseconds = middle(starts.iter().map(micros).collect()) as f64 / 1_000.0;
    Median {
        milliseconds,
        anonymous: middle(starts.iter().map(|start| start.anonymous).collect()),
        resident: middle(starts.iter().map(|start| start.resident).collect()),
    }
}

fn line(name: &str, median: &Median) -> String {
    let Median {
        milliseconds,
        anonymous,
        resident,
    } = median;
    format!("{name:<16} {milliseconds:>9.1}    {anonymous:>13}    {resident:>12}")
}

fn row(name: &str, median: &Median) {
    println!("{}", line(name, median));
}

/// The machine, in a line.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or_else(
            || "unknown".to_owned(),
            |(_, value)| value.trim().to_owned(),
        )
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}, {cores} cores, memory {}, kernel {}",
        field(&read("/proc/cpuinfo"), "model name"),
        field(&read("/proc/meminfo"), "MemTotal"),
        read("/proc/sys/kernel/osrelease").trim(),
    )
}
