//! What the host carries out on this machine: commands of a stage and edits of documents. Real
//! processes, real repositories.

mod checkout;
mod edits;
mod file;
mod parts;
mod processes;
mod render;
mod run;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use holdpoint::model::{EffectId, ObjectName, RunId, Subject};
use holdpoint::pipeline::{
    CheckoutError, CleanCheckout, CommandCall, CommandRecord, OutputLine, chosen_environment,
    run_command,
};
use holdpoint::release::{NamedFile, Query, Repository as Opened};
use tokio::sync::watch;

use crate::context::{Context, Repository};

const RUN: &str = "0123456789abcdef0123456789abcdef";

fn run_id() -> RunId {
    RunId::new(RUN).expect("an identifier")
}

/// A repository with one release and a commit after it.
fn repository(context: &Context) -> Repository {
    let repository = context.repository("project");
    repository.commit_file("a.txt", "one\n", "feat: begin");
    repository.tag("v1.2.3");
    repository.commit_file("a.txt", "two\n", "fix: go on");
    repository
}

fn subject(repository: &Repository, query: &Query) -> Subject {
    let opened = Opened::open(repository.path()).expect("a repository");
    let collected = opened.collect(query, &|_| ()).expect("a release");
    collected.subject
}

fn head(repository: &Repository) -> ObjectName {
    ObjectName::new(&repository.git(["rev-parse", "HEAD"])).expect("a name")
}

/// Where checkouts of a test are made.
fn within(context: &Context) -> PathBuf {
    context.path().join("state/checkouts")
}

fn make(
    context: &Context,
    repository: &Repository,
    artifacts: &[NamedFile],
) -> Result<CleanCheckout, CheckoutError> {
    let query = Query {
        artifacts: artifacts.to_vec(),
        ..Query::default()
    };
    let subject = subject(repository, &query);
    let opened = Opened::open(repository.path()).expect("a repository");
    CleanCheckout::make(
        &opened,
        &subject,
        artifacts,
        &run_id(),
        &within(context),
        &|| false,
    )
}

/// A checkout with what is needed to run commands in it.
struct Place {
    subject: Subject,
    checkout: CleanCheckout,
    environment: BTreeMap<OsString, OsString>,
    told: Mutex<Vec<OutputLine>>,
}

/// The operator's environment in tests.
fn operator() -> BTreeMap<OsString, OsString> {
    BTreeMap::from([
        ("PATH".into(), std::env::var_os("PATH").unwrap_or_default()),
        ("HOME".into(), "/nonexistent".into()),
        ("TZ".into(), "UTC".into()),
        ("AWS_SECRET_ACCESS_KEY".into(), "of somebody else".into()),
        ("KUBECONFIG".into(), "/etc/kube config".into()),
    ])
}

/// A long time: what waits for it has failed.
const LONG: Duration = Duration::from_mins(1);

impl Place {
    fn new(context: &Context) -> Self {
        Self::of(context, &repository(context))
    }

    fn of(context: &Context, repository: &Repository) -> Self {
        Self {
            subject: subject(repository, &Query::default()),
            checkout: make(context, repository, &[]).expect("a checkout"),
            environment: chosen_environment("deploy", &operator(), &[]).expect("an environment"),
            told: Mutex::new(Vec::new()),
        }
    }

    /// A script for `sh`.
    fn script(&self, script: &str) -> CommandRecord {
        self.script_within(script, LONG)
    }

    fn script_within(&self, script: &str, timeout: Duration) -> CommandRecord {
        self.command(&["sh", "-c", script], timeout)
    }

    fn command(&self, arguments: &[&str], timeout: Duration) -> CommandRecord {
        let (_keep, never) = watch::channel(false);
        block_on(self.running(arguments, timeout, never))
    }

    async fn running(
        &self,
        arguments: &[&str],
        timeout: Duration,
        cancelled: watch::Receiver<bool>,
    ) -> CommandRecord {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let effect: EffectId = "deploy/run/1".parse().expect("an effect");
        let call = CommandCall {
            arguments: &arguments,
            environment: &self.environment,
            run: &run_id(),
            effect: &effect,
            key: "key-of-the-effect",
            subject: &self.subject,
            timeout,
        };
        let tell = |line| self.told.lock().expect("no test has failed").push(line);
        run_command(call, &self.checkout, &tell, cancelled).await
    }

    fn remove(self) {
        self.checkout.remove().expect("it can be removed");
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// Waits until something is so, and fails when it takes too long.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LONG, "{what}");
        std::thread::yield_now();
    }
}

/// Whether a process is there and has not ended.
fn lives(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.trim()));
    stat.is_ok_and(|stat| {
        let state = stat.rsplit(')').next().unwrap_or_default();
        !state.trim_start().starts_with('Z')
    })
}
