//! Secrets of channels that a command puts out: run for a run that sends, within bounds, and never shown.

use std::fs;
use std::path::PathBuf;

use crate::canary::{self, CANARY};
use crate::context::Ran;
use crate::loopback::{Reply, Server};
use crate::sitting::{DEPLOY, Project};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

/// A channel whose messages are posted to this server, with a secret that a shell puts out.
fn channel(server: &Server, script: &str, more: &str) -> String {
    format!(
        "{DEPLOY}\n[channels.releases]\nuse = \"webhook\"\n\
         media-type = \"application/cloudevents+json\"\nevents = [\"finished\"]\naddress = \"{}\"\n\
         addresses = [\"127.0.0.0/8\"]\n\
         secret = {{ command = [\"sh\", \"-c\", '''{script}''']{more}, header = \"x-token\" }}\n",
        server.url("/hook")
    )
}

/// A script that the words of a command name and do not hold.
fn script(project: &Project, text: &str) -> String {
    format!(". {}", project.context.write("script", text).display())
}

/// The file that a command makes, by which it is seen that it was run.
fn mark(project: &Project) -> PathBuf {
    project.context.path().join("mark")
}

fn assert_unseen(project: &Project, ran: &Ran) {
    canary::assert_none(ran.stdout.as_bytes(), "the report");
    canary::assert_none(ran.stderr.as_bytes(), "the log");
    let state = project.context.path().join("state");
    if state.exists() {
        canary::assert_none_below(&state);
    }
}

#[test]
fn a_message_is_sent_with_what_the_command_puts_out() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(204)]));
    let project = Project::new();
    let kept = project.context.write("password", format!("{CANARY}\n"));
    let text = format!("touch {}; cat {}", mark(&project).display(), kept.display());
    let run = script(&project, &text);
    project.pipeline(&channel(&server, &run, ""));
    // What only explains or rehearses runs nothing.
    let check = project.arguments(project.command(), ["check"]);
    Ran::of({ check }.output()).expect_code(0);
    let dry = project.arguments(project.command(), ["run", "--dry-run"]);
    Ran::of({ dry }.output()).expect_code(0);
    assert!(!mark(&project).exists(), "nothing was sent");

    let ran = project.run().expect_code(0);
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].header("x-token"), Some(CANARY));
    assert_eq!(
        ran.json()["sitting"]["deliveries"][0]["state"],
        "sent",
        "{}",
        ran.stdout
    );
    assert_unseen(&project, &ran);
    let status = project.holdpoint(["status"]).expect_code(0);
    assert_unseen(&project, &status);
}

#[test]
fn a_command_that_gives_no_secret_ends_the_run_before_anything_is_done() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(204)]));
    let project = Project::new();
    for (text, more, expected) in [
        (
            format!("echo {CANARY}; echo locked >&2; exit 3"),
            "",
            "it exited with 3, and said: locked",
        ),
        (
            format!("echo {CANARY}; exec sleep 600"),
            ", timeout = \"200ms\"",
            "it was not done within 200ms",
        ),
        (
            format!("printf '{CANARY}%08200d' 0"),
            "",
            "it put out more than 8194 bytes",
        ),
        ("true".to_owned(), "", "is not one line of text"),
        (
            format!("echo {CANARY}; echo two"),
            "",
            "is not one line of text",
        ),
    ] {
        let run = script(&project, &text);
        project.pipeline(&channel(&server, &run, more));
        let ran = project.run().expect_code(2);
        let error = &ran.json()["error"];
        let said = error["message"].as_str().expect("words");
        assert!(
            said.contains(expected) && said.contains("channel `releases`"),
            "{said}"
        );
        assert!(error["help"].is_string(), "{error:#}");
        assert_unseen(&project, &ran);
    }
    assert!(server.received().is_empty());
    assert!(project.ledger().is_empty(), "nothing was deployed");
}

#[test]
fn no_command_is_run_for_a_pipeline_that_a_change_could_have_written() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(204)]));
    let project = Project::new();
    let text = format!("touch {}; echo {CANARY}", mark(&project).display());
    let run = script(&project, &text);
    let within = project.repository.path().join("holdpoint.toml");
    fs::write(&within, channel(&server, &run, "")).expect("a file of the checkout");
    let mut command = project.command();
    command
        .args(["run", "--allow-untrusted", "--pipeline"])
        .arg(&within);
    let ran = Ran::of(command.output());
    assert_ne!(ran.code, 2, "{}", ran.stderr);
    assert!(!mark(&project).exists(), "it was run");
    assert!(server.received().is_empty());
    assert_unseen(&project, &ran);
}
