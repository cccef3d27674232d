//! Processes of their own: two that want one run, one that is killed, one that finds no room.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use holdpoint::model::{RunId, Sharing};
use holdpoint::store::{Changes, Leased, Sat, StoreError};

use super::{At, block, cancelled, entry, holder, key, make, new_run, records, sit, time};
use crate::postgres::{Cluster, is_administrator};

/// What the helper does, and where.
const TASK: &str = "HOLDPOINT_TEST_STORE_TASK";
const PLACE: &str = "HOLDPOINT_TEST_STORE";

/// A file that takes room until it is removed.
const BALLAST: &str = "ballast";

/// A helper that was started.
struct Helper {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Helper {
    fn start(at: &At, task: &str) -> Self {
        Self::start_by(Command::new(test_binary()), at, task)
    }

    /// Starts it by a command that ends with the name of the test binary.
    fn start_by(mut command: Command, at: &At, task: &str) -> Self {
        let place = match at {
            At::Folder(path) => format!("folder {}", path.display()),
            At::File(path) => format!("file {}", path.display()),
            At::Server(address) => format!("server {address}"),
        };
        let mut child = command
            .args([
                "--exact",
                "store::processes::helper",
                "--ignored",
                "--nocapture",
            ])
            .env(TASK, task)
            .env(PLACE, place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the helper starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, lines }
    }

    /// The next thing that it says.
    #[track_caller]
    fn says(&mut self) -> String {
        loop {
            let line = self.lines.next().expect("it says something").expect("text");
            // The harness writes the name of the test before it, on the same line.
            if let Some((_, said)) = line.split_once("SAID ") {
                return said.to_owned();
            }
        }
    }

    /// Lets it go on.
    fn go_on(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Ends it as nothing can be ended more suddenly.
    fn kill(mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it is over");
    }

    #[track_caller]
    fn end(mut self) {
        self.go_on();
        assert!(self.child.wait().expect("it is over").success());
    }
}

fn test_binary() -> PathBuf {
    std::env::current_exe().expect("the test has a path")
}

fn say(text: &str) {
    println!("SAID {text}");
}

fn wait_to_go_on() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("the end");
}

#[test]
#[ignore = "run by other tests, in a process of its own"]
fn helper() {
    let place = std::env::var(PLACE).expect("a place");
    let (kind, place) = place.split_once(' ').expect("a kind and a place");
    let at = match kind {
        "folder" => At::Folder(place.into()),
        "file" => At::File(place.into()),
        _ => At::Server(place.to_owned()),
    };
    let task = std::env::var(TASK).expect("a task");
    block(async {
        match task.as_str() {
            "sit" => sit_until_told(&at).await,
            "begin" => begin_and_sit(&at).await,
            "fill" => fill(&at).await,
            task => panic!("{task}"),
        }
    });
}

/// Sits down, writes, takes a lease, and stays.
async fn sit_until_told(at: &At) {
    let store = at.store().await;
    let run = new_run(1).id;
    match store.sit(&run, &holder(std::process::id())).await.unwrap() {
        Sat::Won(mut sitting) => {
            sitting.write(entry(2, cancelled("SIGINT"))).await.unwrap();
            let leased = sitting.lease("k", Sharing::Exclusive, time(1)).await;
            assert_eq!(leased.unwrap(), Leased::Held);
            say(&format!("won {}", sitting.number()));
            wait_to_go_on();
            sitting.release().await.unwrap();
        }
        Sat::Taken(by) => say(&format!("taken by {}", by.process)),
    }
}

/// Waits, makes a run for a key or finds it, sits down or not, and stays.
async fn begin_and_sit(at: &At) {
    let store = at.store().await;
    let mut run = new_run(std::process::id());
    run.key = key("same");
    say("ready");
    wait_to_go_on();
    let run = match store.begin(&run, &[], entry(1, super::began())).await {
        Ok(()) => run.id,
        Err(StoreError::OpenAlready { .. }) => {
            store
                .find(&key("same"))
                .await
                .unwrap()
                .expect("the other one")
                .id
        }
        Err(error) => panic!("{error}"),
    };
    let holder = holder(std::process::id());
    match store.sit(&run, &holder).await.unwrap() {
        Sat::Won(mut sitting) => {
            sitting.write(entry(2, cancelled("SIGINT"))).await.unwrap();
            say(&format!("won {run}"));
            // Until it is killed.
            std::future::pending::<()>().await;
        }
        Sat::Taken(by) => say(&format!("taken {run} {}", by.process)),
    }
}

/// Writes until there is no room.
async fn fill(at: &At) {
    let store = at.store().await;
    let run = make(&store, 1).await;
    let mut sitting = sit(&store, &run.id, 1).await;
    for number in 0..10_000_u32 {
        let noise = (0..100).flat_map(|part| {
            *holdpoint::model::Digest::of(&[number.to_le_bytes(), u32::to_le_bytes(part)].concat())
                .bytes()
        });
        let changes = Changes {
            documents: vec![noise.collect()],
            ..entry(number.into(), cancelled(&number.to_string()))
        };
        if let Err(error) = sitting.write(changes).await {
            assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
            assert!(error.to_string().contains("nothing was written"), "{error}");
            assert!(error.help().contains("make room"));
            check_filled(&store, &run.id, number).await;
            say(&number.to_string());
            let place = match at {
                At::Folder(path) | At::File(path) => path,
                At::Server(address) => panic!("{address}"),
            };
            if std::fs::remove_file(place.with_file_name(BALLAST)).is_ok() {
                // The same sitting goes on.
                let last = cancelled(&number.to_string());
                sitting.write(entry(number.into(), last)).await.unwrap();
                check_filled(&store, &run.id, number + 1).await;
                say("room again");
            }
            return;
        }
    }
    panic!("there is always room");
}

async fn check_filled(
    store: &std::sync::Arc<dyn holdpoint::store::Store>,
    run: &RunId,
    written: u32,
) {
    let expected = (0..written).map(|number| cancelled(&number.to_string()));
    let expected: Vec<_> = std::iter::once(super::began()).chain(expected).collect();
    assert_eq!(records(store, run).await, expected);
}

fn killed(at: &At) {
    let (store, run) = block(async {
        let store = at.store().await;
        let run = make(&store, 1).await;
        (store, run)
    });
    drop(store);
    let mut first = Helper::start(at, "sit");
    assert_eq!(first.says(), "won 1");
    let process = first.child.id();
    // Another process is told who it is.
    let mut second = Helper::start(at, "sit");
    assert_eq!(second.says(), format!("taken by {process}"));
    second.end();
    first.kill();
    // The next one sits down at once, and what was written is there.
    let mut third = Helper::start(at, "sit");
    assert_eq!(third.says(), "won 2");
    third.end();
    block(async {
        let store = at.store().await;
        let expected = [super::began(), cancelled("SIGINT"), cancelled("SIGINT")];
        assert_eq!(records(&store, &run.id).await, expected);
        assert_eq!(store.leases("k").await.unwrap().len(), 1);
        assert_eq!(sit(&store, &run.id, 1).await.number(), 3);
    });
}

/// Several processes begin the same run at the same time: one makes it, one sits there.
fn raced(at: &At) {
    let mut helpers: Vec<_> = (0..4).map(|_| Helper::start(at, "begin")).collect();
    for helper in &mut helpers {
        assert_eq!(helper.says(), "ready");
    }
    for helper in &mut helpers {
        helper.go_on();
    }
    let said: Vec<_> = helpers.iter_mut().map(Helper::says).collect();
    let (mut winner, mut others) = (None, Vec::new());
    for (helper, said) in helpers.iter().zip(&said) {
        match said.strip_prefix("won ") {
            Some(run) => assert_eq!(winner.replace((helper.child.id(), run)), None, "{said:?}"),
            None => others.push(said.as_str()),
        }
    }
    let (process, run) = winner.expect("one sits there");
    assert_eq!(others, vec![format!("taken {run} {process}"); 3]);
    for helper in helpers {
        helper.kill();
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_killed_sitting_is_over_in_a_folder() {
    let folder = folder();
    killed(&At::Folder(folder.path().join("state")));
}

#[test]
fn a_killed_sitting_is_over_in_a_file() {
    let folder = folder();
    killed(&At::File(folder.path().join("run.state")));
}

#[test]
fn a_killed_sitting_is_over_on_a_server() {
    let cluster = Cluster::start();
    killed(&At::Server(cluster.database("killed")));
}

#[test]
fn one_of_several_processes_makes_a_run_and_sits_there() {
    let folder = folder();
    raced(&At::Folder(folder.path().join("state")));
    raced(&At::File(folder.path().join("run.state")));
    let cluster = Cluster::start();
    raced(&At::Server(cluster.database("raced")));
}

/// A process may not write files of more than a megabyte.
#[test]
fn a_quota_that_is_used_up_is_named_and_loses_nothing() {
    let folder = folder();
    for at in [
        At::Folder(folder.path().join("state")),
        At::File(folder.path().join("run.state")),
    ] {
        let mut shell = Command::new("sh");
        // In blocks of 512 bytes. The signal would end the process before it hears of the error.
        shell.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""]);
        shell.arg(test_binary());
        full(shell, &at);
    }
}

/// A file system of two megabytes, which is mounted for the helper alone.
#[test]
fn a_full_disk_is_named_and_loses_nothing() {
    for name in ["state", "run.state"] {
        let folder = folder();
        let mut command = Command::new("unshare");
        if !is_administrator() {
            command.args(["--user", "--map-root-user"]);
        }
        let script = format!(
            "mount -t tmpfs -o size=2m,mode=700 tmpfs '{0}' && \
             head -c 300000 /dev/zero > '{0}/{BALLAST}' && exec \"$0\" \"$@\"",
            folder.path().display()
        );
        command
            .args(["--mount", "sh", "-c", &script])
            .arg(test_binary());
        let path = folder.path().join(name);
        let at = if name == "state" {
            At::Folder(path)
        } else {
            At::File(path)
        };
        let mut helper = Helper::start_by(command, &at, "fill");
        let written: u32 = helper.says().parse().expect("a number");
        assert!(written > 10, "{written}");
        assert_eq!(helper.says(), "room again");
        helper.end();
    }
}

/// Fills the place, and looks at what is there afterwards without the bound.
#[track_caller]
fn full(command: Command, at: &At) {
    let mut helper = Helper::start_by(command, at, "fill");
    let written: u32 = helper.says().parse().expect("a number");
    assert!(written > 10, "{written}");
    helper.end();
    block(async {
        let store = at.store().await;
        let run = new_run(1).id;
        check_filled(&store, &run, written).await;
        // There is room again.
        let mut sitting = sit(&store, &run, 1).await;
        sitting.write(entry(1, cancelled("SIGHUP"))).await.unwrap();
    });
}
