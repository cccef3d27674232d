//! Messages of a recorded run: posted after what they say is durable, once, and never in the way.

use super::{DEPLOY, Project};
use crate::loopback::{Received, Reply, Server};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

/// A pipeline whose channel is this server.
fn told(server: &Server, more: &str) -> String {
    format!(
        "{DEPLOY}\n[channels.releases]\nuse = \"webhook\"\nmedia-type = \"application/cloudevents+json\"\naddress = \"{}\"\n\
         addresses = [\"127.0.0.0/8\"]\n{more}\n",
        server.url("/hook")
    )
}

/// The types of the events that came.
fn kinds(server: &Server) -> Vec<String> {
    server.received().iter().map(kind).collect()
}

fn kind(received: &Received) -> String {
    let body: serde_json::Value = serde_json::from_str(&received.body).expect("JSON");
    body["type"].as_str().expect("a type").to_owned()
}

#[test]
fn a_channel_hears_of_what_happened_when_it_is_recorded() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(204)]));
    let project = Project::new();
    project.pipeline(&told(&server, ""));
    let report = project.run().expect_code(0).json();
    let deliveries = report["sitting"]["deliveries"].as_array().expect("a list");
    assert!(!deliveries.is_empty());
    assert!(
        deliveries.iter().all(|message| message["state"] == "sent"),
        "{deliveries:?}"
    );
    assert_eq!(kinds(&server).len(), deliveries.len());
    let events: Vec<_> = deliveries
        .iter()
        .map(|message| message["event"].clone())
        .collect();
    assert_eq!(
        events,
        ["planned", "started", "deployed/deploy", "finished"]
    );
}

#[test]
fn a_second_sitting_repeats_no_message() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(204)]));
    let project = Project::new();
    project.repository.commit("made it faster");
    project.pipeline(&told(&server, ""));
    project.run().expect_code(1);
    let first = kinds(&server).len();
    project.resume().expect_code(1);
    assert_eq!(kinds(&server).len(), first);
}

#[test]
fn a_channel_that_is_down_blocks_nothing_and_is_said() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(404)]));
    let project = Project::new();
    project.pipeline(&told(&server, "events = [\"finished\"]"));
    let report = project.run().expect_code(0).json();
    assert_eq!(report["verdict"], "go");
    assert_eq!(project.ledger(), ["deploy 1.1.0"]);
    assert_eq!(report["sitting"]["deliveries"][0]["state"], "undelivered");
    let page = project.holdpoint(["status"]).expect_code(0).stdout;
    assert!(page.contains("undelivered"), "{page}");
}
