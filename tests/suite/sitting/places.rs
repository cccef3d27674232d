//! A run that has every kind of stage, cut at each of its places in turn: killed, and asked to end.
//! Which places there are is learnt from a run that nobody cuts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::people::gated;
use super::{Project, entries, verify};
use crate::context::Ran;
use crate::hostile::program;
use crate::loopback::{Received, Reply, Server};
use crate::postgres::Cluster;
use crate::store::At;

const TIME: &str = "2026-11-22T10:00:00Z";

/// The key that the run holds while it works.
const LEASE: &str = "environment/production";

/// What the plugin of the stage `notes` writes.
const NOTES: &str = "RELEASE_NOTES.md";

/// An action that makes a thing and takes it away.
fn publish(server: &Server) -> String {
    let url = server.url("/api/thing");
    format!(
        "\n[plugins.planner]\nsource = \"{}\"\n\
         grants.requests = [{{ methods = [\"POST\", \"DELETE\"], url = \"{url}\", addresses = \
         [\"127.0.0.0/8\"] }}, {{ methods = [\"POST\"], url = \"https://example.net/\" }}]\n\
         grants.secrets.unused = {{ env = \"PATH\", for = \"https://example.net\" }}\n\
         settings.steps = [{{ name = \"thing\", request = {{ url = \"{url}\", key = \"thing\", success \
         = [204] }}, undo = {{ method = \"DELETE\", url = \"{url}\", success = [204] }} }}]\n\n\
         [[stages]]\nid = \"publish\"\nuse = [\"planner\"]\n",
        program("planner").display()
    )
}

/// Policy, risk, claims of each sort, an approval, edits, commands, requests, a channel, a measurement
/// that fails, and so an undo.
fn pipeline(server: &Server) -> String {
    let more = format!(
        "[plugins.claims]\nsource = \"GAUGE\"\n\
         settings = {{ lease = \"{LEASE}\", window = true, approval = \"managers\" }}\n\n\
         [[stages]]\nid = \"risk\"\nuse = [\"change-risk\"]\n\n\
         [[stages]]\nid = \"claims\"\nuse = [\"claims\"]\nkind = \"resource\"\n\n\
         [[stages]]\nid = \"notes\"\nuse = [\"release-notes\"]\nwrite-edits = true\n\n\
         [[stages]]\nid = \"gate\"\n"
    );
    let people = gated().replace("[[stages]]\nid = \"gate\"\n", &more);
    let publish = publish(server);
    let verify = verify("{ healthy-from = 0 }", "attempts = 2\ninterval = \"1ms\"");
    format!(
        "{people}repeatable = true\n{publish}{verify}\n[channels.releases]\nuse = \"webhook\"\n\
         media-type = \"application/cloudevents+json\"\naddress = \"{}\"\n\
         addresses = [\"127.0.0.0/8\"]\n",
        server.url("/hook")
    )
}

/// A run that has been approved and that the next sitting carries out, and copies of it.
struct Case {
    project: Project,
    server: Server,
    runtime: tokio::runtime::Runtime,
    saved: tempfile::TempDir,
    cluster: Option<Cluster>,
    store: Option<String>,
    copies: usize,
    /// Messages of the sitting before the copy was made.
    before: usize,
    /// What had come when the copy was taken up again.
    received: usize,
}

/// What a run that nobody cuts is like.
struct Whole {
    places: Vec<String>,
    events: BTreeSet<String>,
    notes: String,
}

impl Case {
    fn new(cluster: Option<Cluster>) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let server = runtime.block_on(Server::new([Reply::status(204)]));
        let project = Project::new();
        let grace = project.signer("grace");
        project.signer("heidi");
        project.signer("ada");
        project.pipeline(&pipeline(&server));
        let store = cluster.as_ref().map(|cluster| cluster.database("saved"));
        let mut case = Self {
            project,
            server,
            runtime,
            saved: tempfile::tempdir().expect("a folder"),
            cluster,
            store,
            copies: 0,
            before: 0,
            received: 0,
        };
        let run = case.run("").expect_code(4).json();
        let run = run["run"].as_str().expect("a run").to_owned();
        for stage in ["claims", "gate"] {
            let mut approve = case.project.failpoints(TIME);
            approve
                .args(["approve", &run, "--stage", stage, "--key"])
                .arg(&grace)
                .envs(case.store.iter().map(|store| ("HOLDPOINT_STORE", store)));
            Ran::of(approve.output()).expect_code(0);
        }
        for part in ["state", "payments"] {
            copy(&case.at(part), &case.saved.path().join(part));
        }
        // Nothing was published yet.
        case.before = case.server.received().len();
        case
    }

    fn at(&self, part: &str) -> PathBuf {
        self.project.context.path().join(part)
    }

    /// Takes everything back to where it was when the copy was made.
    fn restore(&mut self) {
        for part in ["state", "payments"] {
            fs::remove_dir_all(self.at(part)).expect("it was there");
            copy(&self.saved.path().join(part), &self.at(part));
        }
        let _ = fs::remove_file(self.at("ledger"));
        if let Some(cluster) = &self.cluster {
            self.copies += 1;
            let name = format!("copy_{}", self.copies);
            cluster.sql(
                "postgres",
                &format!("CREATE DATABASE {name} TEMPLATE saved OWNER holdpoint"),
            );
            self.store = Some(cluster.address("holdpoint", &name));
        }
        self.received = self.server.received().len();
    }

    fn command(&self, fail_points: &str) -> Command {
        self.project
            .run_with(TIME, fail_points, self.store.as_deref())
    }

    fn run(&self, fail_points: &str) -> Ran {
        Ran::of(self.command(fail_points).output())
    }

    fn status(&self) -> Value {
        let mut command = self.project.command();
        command
            .args(["status", "--format", "json"])
            .envs(self.store.iter().map(|store| ("HOLDPOINT_STORE", store)));
        Ran::of(command.output()).expect_code(0).json()
    }

    /// The messages that came since.
    fn received(&self) -> Vec<Received> {
        self.server.received().split_off(self.received)
    }

    fn notes(&self) -> String {
        fs::read_to_string(self.project.repository.path().join(NOTES)).expect("the notes")
    }

    /// How many leases are held. Asked of the database itself, by a connection that is over when the
    /// answer is there: one that ends later would take files of the next copy away.
    fn leases(&self) -> String {
        let at = match &self.store {
            Some(address) => At::Server(address.clone()),
            None => At::Folder(self.at("state/holdpoint")),
        };
        self.runtime
            .block_on(at.peek("SELECT CAST(COUNT(*) AS TEXT) FROM leases"))
    }

    /// The run, cut nowhere.
    fn whole(&mut self) -> Whole {
        let mut command = self.command("");
        command.args(["-vv", "--log-format", "json"]);
        let ran = Ran::of(command.output()).expect_code(5);
        let mut places = Vec::new();
        for line in ran.stderr.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            if let Some(place) = line["fields"]["place"].as_str()
                && !places.iter().any(|known| known == place)
            {
                places.push(place.to_owned());
            }
        }
        let whole = Whole {
            places,
            events: events(&self.status()),
            notes: self.notes(),
        };
        for kind in [
            "before-sat",
            "after-decided:risk",
            "before-decided:claims",
            "after-notes/edit/1",
            "before-post:deployed/deploy",
            "after-post:deployed/deploy",
            "after-sent:finished",
            "after-deploy/run/1",
            "after-planned:publish",
            "before-publish/request/1",
            "after-publish/revert/1",
            "after-measured:verify/2",
            "before-deploy/undo/1",
            "after-rested",
        ] {
            assert!(
                whole.places.iter().any(|place| place == kind),
                "{kind} is none of {:?}",
                whole.places
            );
        }
        whole
    }

    /// Goes on after a cut, and holds everything against the run that was cut nowhere.
    fn check(&self, place: &str, whole: &Whole) {
        let ran = self.run("");
        assert_eq!(ran.code, 5, "{place}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.json()["effects"], "undone", "{place}");
        let status = self.status();
        assert_eq!(events(&status), whole.events, "{place}");
        assert_eq!(self.notes(), whole.notes, "{place}");
        assert_eq!(self.leases(), "0", "{place}");
        self.check_ledger(place);
        self.check_requests(place);
        self.check_messages(place, &status);
        check_journal(place, &status);
    }

    fn check_ledger(&self, place: &str) {
        let lines = self.project.ledger();
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for (line, key) in lines.iter().zip(self.project.keys()) {
            keys.entry(line.clone()).or_default().insert(key);
            *times.entry(line.clone()).or_default() += 1;
        }
        for (line, effect) in [
            ("deploy 1.1.0", "deploy/run/1"),
            ("undo 1.1.0", "deploy/undo/1"),
        ] {
            let times = times.get(line).copied().unwrap_or_default();
            // Only a cut around the command itself leaves it unknown, and has it repeated.
            let most = times_at_most(place, effect);
            assert!((1..=most).contains(&times), "{place}: {lines:?}");
            assert_eq!(keys[line].len(), 1, "{place}: one key an effect");
        }
    }

    fn check_requests(&self, place: &str) {
        let received = self.received();
        for (method, effect) in [
            ("POST /api/", "publish/request/1"),
            ("DELETE /api/", "publish/revert/1"),
        ] {
            let of_it = || received.iter().filter(|one| one.head.starts_with(method));
            let most = times_at_most(place, effect);
            assert!((1..=most).contains(&of_it().count()), "{place}: {method}");
            let keys: BTreeSet<_> = of_it().map(|one| one.header("idempotency-key")).collect();
            assert_eq!(keys.len(), 1, "{place}: one key an effect");
        }
    }

    fn check_messages(&self, place: &str, status: &Value) {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let is_message = |received: &Received| received.head.starts_with("POST /hook ");
        for message in self.received().into_iter().filter(is_message) {
            let key = message.header("idempotency-key").expect("a key").to_owned();
            *times.entry(key).or_default() += 1;
        }
        let messages = status["messages"].as_array().expect("messages");
        for message in messages {
            assert_eq!(message["state"], "sent", "{place}: {message}");
        }
        // Those of the first sitting had come before.
        let others = messages.len() - times.len();
        assert_eq!(others, self.before, "{place}: a message is lost");
        let twice = times.values().filter(|times| **times > 1).count();
        // One that was under way when everything was to end may have arrived.
        let most = usize::from(is_of_messages(place));
        assert!(twice <= most, "{place}: {times:?}");
    }
}

/// The events of which messages were put into the outbox.
fn events(status: &Value) -> BTreeSet<String> {
    let messages = status["messages"].as_array().expect("messages");
    let events: Vec<String> = messages
        .iter()
        .map(|message| message["event"].as_str().expect("an event").to_owned())
        .collect();
    let set: BTreeSet<String> = events.iter().cloned().collect();
    assert_eq!(set.len(), events.len(), "each event is told once");
    set
}

/// Nothing ends that did not begin, and nothing is written after the end.
fn check_journal(place: &str, status: &Value) {
    let names = entries(status);
    let count = |name: &str| names.iter().filter(|other| **other == name).count();
    assert!(count("settled") <= count("intended"), "{place}: {names:?}");
    assert_eq!(names.first(), Some(&"began"), "{place}");
    assert_eq!(names.last(), Some(&"rested"), "{place}: {names:?}");
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).output();
    Ran::of(copied).expect_code(0);
}

/// How often an effect may have been seen to begin. A signal while a stage is asked is not waited for: a
/// stage without plugins may be at its first effect when it comes.
fn times_at_most(place: &str, effect: &str) -> usize {
    let stage = effect.split('/').next().unwrap_or(effect);
    if place.contains(effect) || place == format!("asking:{stage}") {
        2
    } else {
        1
    }
}

/// Whether a place is one of posting messages.
fn is_of_messages(place: &str) -> bool {
    ["outbox:", "sending:", "post:", "sent:"]
        .iter()
        .any(|part| place.contains(part))
}

fn kill_everywhere(cluster: Option<Cluster>, wanted: impl Fn(&str) -> bool) {
    let mut case = Case::new(cluster);
    case.restore();
    let whole = case.whole();
    for place in whole.places.iter().filter(|place| wanted(place)) {
        case.restore();
        let killed = case.run(&format!("{place}=return"));
        assert_eq!(killed.code, -1, "{place}: {}", killed.stderr);
        case.check(place, &whole);
    }
}

fn end_everywhere(cluster: Option<Cluster>, wanted: impl Fn(&str) -> bool) {
    let mut case = Case::new(cluster);
    case.restore();
    let whole = case.whole();
    for place in whole.places.iter().filter(|place| wanted(place)) {
        case.restore();
        let ended = case.run(&format!("{place}=return(TERM)"));
        assert_eq!(ended.code, 143, "{place}: {}", ended.stderr);
        let status = case.status();
        let names = entries(&status);
        // The last entry says that it rests; after it there is nothing left to be cut.
        assert_eq!(names.last(), Some(&"rested"), "{place}: {names:?}");
        let is_at_the_end = place.ends_with("-rested") || place.ends_with(":finished");
        assert!(
            is_at_the_end || names.contains(&"cancelled"),
            "{place}: {names:?}"
        );
        assert_eq!(case.leases(), "0", "{place}");
        case.check(place, &whole);
    }
}

#[test]
fn a_kill_at_any_place_of_the_stages_loses_nothing() {
    kill_everywhere(None, |place| !is_of_messages(place));
}

#[test]
fn a_kill_at_any_place_of_the_messages_loses_nothing() {
    kill_everywhere(None, is_of_messages);
}

#[test]
fn a_kill_at_any_place_of_the_stages_loses_nothing_on_postgresql() {
    kill_everywhere(Some(Cluster::start()), |place| !is_of_messages(place));
}

#[test]
fn a_kill_at_any_place_of_the_messages_loses_nothing_on_postgresql() {
    kill_everywhere(Some(Cluster::start()), is_of_messages);
}

#[test]
fn a_signal_at_any_place_of_the_stages_loses_nothing() {
    end_everywhere(None, |place| !is_of_messages(place));
}

#[test]
fn a_signal_at_any_place_of_the_messages_loses_nothing() {
    end_everywhere(None, is_of_messages);
}

#[test]
fn a_signal_at_any_place_of_the_stages_loses_nothing_on_postgresql() {
    end_everywhere(Some(Cluster::start()), |place| !is_of_messages(place));
}

#[test]
fn a_signal_at_any_place_of_the_messages_loses_nothing_on_postgresql() {
    end_everywhere(Some(Cluster::start()), is_of_messages);
}
