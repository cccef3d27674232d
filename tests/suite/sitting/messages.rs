//! Messages of a recorded run: posted after what they say is durable, once, and never in the way.

use super::{DEPLOY, Project};
use crate::context::Ran;
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

/// Of each place around the post of a message: whether it has been posted by then, and whether the
/// record has it only that it was being sent.
const PLACES: [(&str, bool, bool); 4] = [
    ("before-sending", false, false),
    ("before-post", false, true),
    ("after-post", true, true),
    ("after-sent", true, false),
];

/// Kills a run around the post of the message that it was deployed, and lets it go on; gives how often
/// it came and how it stands in the record.
fn killed_while_posting(place: &str, more: &str) -> (usize, serde_json::Value) {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(204)]));
    let project = Project::new();
    let more = format!("events = [\"deployed\"]\n{more}");
    project.pipeline(&told(&server, &more));
    super::kills::kill(&project, &format!("{place}:deployed/deploy"), None);
    project.run().expect_code(0);
    // Nothing comes any more, however often it is asked for.
    project.run().expect_code(0);
    assert_eq!(project.ledger(), ["deploy 1.1.0"], "{place}");
    let received = server.received();
    let keys: std::collections::BTreeSet<_> = received
        .iter()
        .map(|message| message.header("idempotency-key").map(str::to_owned))
        .collect();
    assert!(keys.len() <= 1, "{place}: a repeat has the same key");
    let messages = project.status()["messages"].clone();
    assert_eq!(messages.as_array().map(Vec::len), Some(1), "{messages}");
    (received.len(), messages[0].clone())
}

#[test]
fn a_message_arrives_at_least_once_where_it_may_come_twice() {
    for (place, is_posted, is_open) in PLACES {
        let (times, message) = killed_while_posting(place, "");
        let expected = if is_posted && is_open { 2 } else { 1 };
        assert_eq!(times, expected, "{place}");
        assert_eq!(message["state"], "sent", "{place}: {message}");
    }
}

#[test]
fn a_message_never_arrives_twice_where_it_may_be_lost_and_that_is_said() {
    for (place, is_posted, is_open) in PLACES {
        let (times, message) = killed_while_posting(place, "delivery = \"maybe-lost\"");
        let expected = usize::from(is_posted || !is_open);
        assert_eq!(times, expected, "{place}");
        if is_open {
            assert_eq!(message["state"], "undelivered", "{place}: {message}");
            let words = message.to_string();
            assert!(words.contains("may or may not have arrived"), "{words}");
        } else {
            assert_eq!(message["state"], "sent", "{place}: {message}");
        }
    }
}

#[test]
fn a_message_that_a_signal_kept_from_being_sent_is_not_lost() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(204)]));
    let project = Project::new();
    let more = "events = [\"deployed\"]\ndelivery = \"maybe-lost\"";
    project.pipeline(&told(&server, more));
    let place = "before-post:deployed/deploy=return(TERM)";
    let ended = project
        .run_with("2026-11-22T10:00:00Z", place, None)
        .output();
    Ran::of(ended).expect_code(143);
    assert!(server.received().is_empty());
    let message = project.status()["messages"][0].clone();
    assert_eq!(message["state"], "pending", "{message}");
    project.run().expect_code(0);
    assert_eq!(server.received().len(), 1);
    assert_eq!(project.status()["messages"][0]["state"], "sent");
}

#[test]
fn the_end_of_a_run_is_told_also_where_it_was_killed_as_it_ended() {
    for place in ["before-rested", "after-rested", "after-measured:verify/1"] {
        let runtime = runtime();
        let server = runtime.block_on(Server::new([Reply::status(204)]));
        let project = Project::new();
        let verify = super::verify("{ healthy-from = 1 }", "");
        project.pipeline(&format!("{}{verify}", told(&server, "")));
        super::kills::kill(&project, place, None);
        project.run().expect_code(0);
        let kinds = kinds(&server);
        for kind in ["verified", "finished"] {
            let times = kinds.iter().filter(|other| other.contains(kind)).count();
            assert_eq!(times, 1, "{place}: {kinds:?}");
        }
    }
}
