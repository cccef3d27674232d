//! The standard plugin that publishes a release, against a server that answers as GitHub does.

use std::sync::Mutex;

use super::*;
use crate::canary::{self, CANARY};
use crate::loopback::Certificate;
use crate::sitting::kills;

/// The token, which is looked for wherever it could have been written.
const TOKEN: &str = CANARY;

/// What a server like GitHub has: releases, each with its files.
#[derive(Default)]
struct Hub {
    releases: Vec<Value>,
    next: u64,
}

impl Hub {
    fn answer(&mut self, received: &Received) -> Reply {
        assert_eq!(
            received.header("authorization"),
            Some(format!("Bearer {TOKEN}").as_str())
        );
        let line = line(received);
        let (method, target) = line.split_once(' ').expect("a request");
        let path = target.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path
            .strip_prefix("/repos/acme/payments/releases")
            .expect("the repository")
            .split('/')
            .skip(1)
            .collect();
        let json = |status, value: &Value| Reply::with(status, "", &value.to_string());
        match (method, parts.as_slice()) {
            ("GET", []) => json(200, &Value::from(self.releases.clone())),
            ("POST", []) => {
                let mut made: Value = serde_json::from_str(&received.body).expect("JSON");
                let tag = made["tag_name"].clone();
                let is_public = |one: &Value| one["tag_name"] == tag && one["draft"] == false;
                if self.releases.iter().any(is_public) {
                    return json(422, &json!({ "errors": [{ "code": "already_exists" }] }));
                }
                made["id"] = self.id();
                made["assets"] = json!([]);
                self.releases.push(made.clone());
                json(201, &made)
            }
            ("GET", [id, "assets"]) => match self.release(id) {
                Some(release) => json(200, &release["assets"].clone()),
                None => Reply::status(404),
            },
            ("POST", [id, "assets"]) => {
                let name = target.split_once("name=").expect("a name").1;
                let asset = json!({
                    "id": self.id(), "name": name, "state": "uploaded", "content": received.body,
                });
                let release = self.release(id).expect("the release");
                release["assets"]
                    .as_array_mut()
                    .expect("a list")
                    .push(asset.clone());
                json(201, &asset)
            }
            ("PATCH", [id]) => match self.release(id) {
                Some(release) => {
                    let change: Value = serde_json::from_str(&received.body).expect("JSON");
                    release["draft"] = change["draft"].clone();
                    json(200, &release.clone())
                }
                None => Reply::status(404),
            },
            ("DELETE", ["assets", id]) => {
                for release in &mut self.releases {
                    let assets = release["assets"].as_array_mut().expect("a list");
                    assets.retain(|asset| !has_id(asset, id));
                }
                Reply::status(204)
            }
            ("DELETE", [id]) => {
                self.releases.retain(|release| !has_id(release, id));
                Reply::status(204)
            }
            _ => Reply::status(404),
        }
    }

    fn id(&mut self) -> Value {
        self.next += 1;
        json!(self.next)
    }

    fn release(&mut self, id: &str) -> Option<&mut Value> {
        let mut releases = self.releases.iter_mut();
        releases.find(|release| has_id(release, id))
    }
}

fn has_id(value: &Value, id: &str) -> bool {
    value["id"]
        .as_u64()
        .is_some_and(|number| number.to_string() == id)
}

/// A project whose release is published on a server of its own.
struct Publishing {
    runtime: tokio::runtime::Runtime,
    project: Project,
    hub: std::sync::Arc<Mutex<Hub>>,
    server: Server,
}

impl Publishing {
    /// `after` are stages that come after the one that publishes.
    fn new(after: &str) -> Self {
        let runtime = runtime();
        let project = Project::new();
        let certificate = Certificate::new(&project.context, "IP:127.0.0.1");
        let hub = std::sync::Arc::new(Mutex::new(Hub::default()));
        let answering = std::sync::Arc::clone(&hub);
        let server = runtime.block_on(Server::tls_asking(&certificate, move |_, received| {
            let mut hub = answering.lock().expect("nobody panicked");
            hub.answer(received)
        }));
        let file = project.context.write("app.tar", "the judged bytes\n");
        let address = format!("https://{}", server.address);
        let releases = format!("{address}/repos/acme/payments/releases");
        project.pipeline(&format!(
            "[release]\nproject = \"payments\"\nartifacts = [{{ name = \"app.tar\", path = \
             \"{file}\" }}]\n\n[plugins.github-release]\nsettings = {{ repository = \
             \"acme/payments\", api = \"{address}\", uploads = \"{address}\" }}\n\
             grants.requests = [{{ methods = [\"GET\", \"POST\"], url = \"{releases}\", addresses = \
             [\"127.0.0.0/8\"] }}, {{ methods = [\"GET\", \"POST\", \"PATCH\", \"DELETE\"], url = \
             \"{releases}/\", addresses = [\"127.0.0.0/8\"] }}]\n\
             grants.ca = \"{ca}\"\n\
             grants.secrets.github-token = {{ env = \"GITHUB_TOKEN\", for = \"{address}\" }}\n\n\
             [[stages]]\nid = \"publish\"\nuse = [\"github-release\"]\n{after}",
            file = file.display(),
            ca = certificate.authority.display(),
        ));
        Self {
            runtime,
            project,
            hub,
            server,
        }
    }

    fn run(&self) -> Ran {
        let mut command = self
            .project
            .arguments(self.project.failpoints("2026-11-22T11:00:00Z"), ["run"]);
        Ran::of(command.env("GITHUB_TOKEN", TOKEN).output())
    }

    fn releases(&self) -> Vec<Value> {
        self.hub.lock().expect("nobody panicked").releases.clone()
    }

    /// Exactly one release is there, whole and public.
    #[track_caller]
    fn assert_published(&self, place: &str) {
        let releases = self.releases();
        assert_eq!(releases.len(), 1, "{place}: {releases:#?}");
        let release = &releases[0];
        assert_eq!(release["tag_name"], "v1.1.0", "{place}");
        assert_eq!(release["draft"], false, "{place}");
        let assets = release["assets"].as_array().expect("files");
        assert_eq!(assets.len(), 1, "{place}: {release:#}");
        assert_eq!(assets[0]["name"], "app.tar", "{place}");
        assert_eq!(assets[0]["content"], "the judged bytes\n", "{place}");
    }
}

#[test]
fn a_release_is_published_with_its_notes_and_its_files() {
    let publishing = Publishing::new("");
    publishing.run().expect_code(0);
    publishing.assert_published("");
    let notes = publishing.releases()[0]["body"]
        .as_str()
        .expect("notes")
        .to_owned();
    assert!(notes.contains("refund"), "{notes}");
    // Once.
    publishing.run().expect_code(0);
    assert_eq!(came(&publishing.server).len(), 3);
    // Nobody but the server has the token.
    let ran = publishing.run().expect_code(0);
    canary::assert_none(ran.stdout.as_bytes(), "the report");
    canary::assert_none(ran.stderr.as_bytes(), "the log");
    let documents = canary::assert_none_below(publishing.project.context.path());
    assert!(documents > 0, "the store has documents");
    drop(publishing.runtime);
}

#[test]
fn a_release_that_was_cut_is_published_once() {
    for place in [
        "after-publish/request/1",
        "before-publish/request/1",
        "after-publish/request/2",
        "before-publish/request/2",
        "after-publish/request/3",
    ] {
        let publishing = Publishing::new("");
        kills::kill_with(&publishing.project, place, &[("GITHUB_TOKEN", TOKEN)]);
        publishing.run().expect_code(0);
        publishing.assert_published(place);
    }
}

#[test]
fn a_release_is_taken_back_when_what_comes_after_it_fails() {
    let publishing = Publishing::new("\n[[stages]]\nid = \"deploy\"\nrun = [[\"false\"]]\n");
    publishing.run().expect_code(6);
    // The command has nothing that takes it back; the release is gone all the same.
    assert_eq!(publishing.releases(), Vec::<Value>::new());
}

#[test]
fn a_release_that_is_there_already_is_left_alone() {
    let publishing = Publishing::new("");
    let theirs = json!({
        "id": 900, "tag_name": "v1.1.0", "draft": false, "assets": [], "body": "by hand",
    });
    publishing
        .hub
        .lock()
        .expect("nobody panicked")
        .releases
        .push(theirs.clone());
    let report = publishing.run().expect_code(3).json();
    assert!(
        report["stages"][0]["missing"]
            .to_string()
            .contains("already_exists")
    );
    assert_eq!(publishing.releases(), [theirs]);
}
