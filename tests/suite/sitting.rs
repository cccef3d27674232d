//! Runs that do things, wait, survive a kill, and undo what failed: through the program, with real
//! repositories, commands, stores and signals. The judge is a ledger that the deploy script of the
//! case keeps.

mod chaos;
mod clock;
mod cut;
mod edits;
mod effects;
pub mod kills;
mod messages;
pub mod people;
mod places;
pub mod signals;
mod story;
mod trouble;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::context::{Context, Ran, Repository, beside_binary};
use crate::hostile::program;

const SCRIPT: &str = include_str!("../cases/deploy/deploy.sh");

/// A project with a release to be made, and the ledger of what was deployed.
pub struct Project {
    pub context: Context,
    pub repository: Repository,
    ledger: PathBuf,
}

impl Project {
    /// A repository with release 1.0.0 and a feature after it.
    pub fn new() -> Self {
        let context = Context::new();
        let repository = context.repository("payments");
        repository.write("deploy.sh", SCRIPT);
        let script = repository.path().join("deploy.sh");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(script, mode).expect("the script can be run");
        repository.commit("feat: begin");
        repository.tag("v1.0.0");
        repository.commit_file("refund.txt", "refund\n", "feat: refund");
        let ledger = context.path().join("ledger");
        Self {
            context,
            repository,
            ledger,
        }
    }

    /// Writes the pipeline, outside of the checkout, so that it is trusted.
    pub fn pipeline(&self, text: &str) {
        let gauge = program("gauge");
        let text = text.replace("GAUGE", gauge.to_str().expect("a path"));
        self.context.write("holdpoint.toml", text);
    }

    /// The program, in the checkout.
    pub fn command(&self) -> Command {
        self.prepared(self.context.command(self.repository.path()))
    }

    /// The program that can be killed and whose clock can be set.
    pub fn failpoints(&self, time: &str) -> Command {
        let mut command = self.prepared(self.context.command_of(
            &beside_binary("holdpoint-failpoints"),
            self.repository.path(),
        ));
        command.env("HOLDPOINT_TEST_TIME", time);
        command
    }

    fn prepared(&self, mut command: Command) -> Command {
        command.env("LEDGER", &self.ledger);
        command
    }

    /// `run` with the pipeline of this project.
    pub fn run(&self) -> Ran {
        Ran::of(self.arguments(self.command(), ["run"]).output())
    }

    /// Arguments with the pipeline of this project.
    pub fn arguments<S: AsRef<OsStr>>(
        &self,
        mut command: Command,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        command
            .args(arguments)
            .arg("--pipeline")
            .arg(self.context.path().join("holdpoint.toml"))
            .args(["--format", "json"]);
        command
    }

    /// `resume` of the only run that is open.
    pub fn resume(&self) -> Ran {
        self.holdpoint(["resume", "--format", "json"])
    }

    pub fn holdpoint<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(self.command().args(arguments).output())
    }

    /// What was deployed: the first two words of each line.
    pub fn ledger(&self) -> Vec<String> {
        let lines = fs::read_to_string(&self.ledger).unwrap_or_default();
        lines
            .lines()
            .map(|line| {
                let words: Vec<&str> = line.split(' ').take(2).collect();
                words.join(" ")
            })
            .collect()
    }

    /// Forgets what was deployed.
    pub fn reset_ledger(&self) {
        fs::remove_file(&self.ledger).expect("something was deployed");
    }

    /// The idempotency keys of what was deployed.
    pub fn keys(&self) -> Vec<String> {
        let lines = fs::read_to_string(&self.ledger).unwrap_or_default();
        lines
            .lines()
            .filter_map(|line| line.split(' ').nth(2).map(str::to_owned))
            .collect()
    }

    /// Makes the script do something: `deploy-fails`, `undo-fails`, `deploy-waits`.
    pub fn switch(&self, what: &str, on: bool) {
        let path = self.ledger.with_extension(what);
        let path = Path::new(&path);
        if on {
            fs::write(path, "").expect("a switch");
        } else {
            fs::remove_file(path).expect("a switch that is on");
        }
    }

    /// Whether the script waits now.
    pub fn is_waiting(&self) -> bool {
        self.is_waiting_in("deploy")
    }

    /// Whether the script waits now in what it was called for.
    pub fn is_waiting_in(&self, what: &str) -> bool {
        self.ledger
            .with_extension(format!("{what}-is-waiting"))
            .exists()
    }

    /// `run` of the program that can be killed, which does something at a place: `return` kills it,
    /// `return(TERM)` asks it to end, `return(STOP)` stops it.
    pub fn run_with(&self, time: &str, fail_points: &str, store: Option<&str>) -> Command {
        let mut command = self.arguments(self.failpoints(time), ["run"]);
        command
            .env("FAILPOINTS", fail_points)
            .envs(store.map(|store| ("HOLDPOINT_STORE", store)));
        command
    }

    /// What is recorded of the run that was made last.
    pub fn status(&self) -> Value {
        self.holdpoint(["status", "--format", "json"])
            .expect_code(0)
            .json()
    }
}

/// A stage that deploys, and one that takes it back.
pub const DEPLOY: &str = "\
[release]
project = \"payments\"

[[stages]]
id = \"policy\"
use = [\"conventional-commits\"]

[[stages]]
id = \"deploy\"
run = [[\"./deploy.sh\", \"deploy\", \"{{ subject.version }}\"]]
undo = [[\"./deploy.sh\", \"undo\", \"{{ subject.version }}\"]]
environment = [\"LEDGER\"]
";

/// A stage that measures what was deployed.
pub fn verify(settings: &str, keys: &str) -> String {
    format!(
        "\n[plugins.gauge]\nsource = \"GAUGE\"\nsettings = {settings}\n\n[[stages]]\nid = \"verify\"\n\
         use = [\"gauge\"]\nkind = \"verify\"\n{keys}\n"
    )
}

/// The stable names of what a run's journal has, in order.
pub fn entries(status: &Value) -> Vec<&str> {
    let journal = status["journal"].as_array().expect("a journal");
    journal
        .iter()
        .map(|entry| entry["what"].as_str().expect("a name"))
        .collect()
}
