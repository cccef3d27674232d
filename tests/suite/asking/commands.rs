//! Secrets that a command puts out: run for a run that is trusted, within bounds, and never shown.

use std::fs;

use super::*;
use crate::canary;
use crate::loopback::{Certificate, Received};

/// Grants to ask a server, with a secret that a shell puts out.
fn grants(server: &Server, certificate: &Certificate, script: &str, more: &str) -> String {
    let command = format!("command = [\"sh\", \"-c\", '''{script}''']{more}");
    super::secrets::secret(server, certificate, "").replace("env = \"TOKEN\"", &command)
}

fn echo(_: usize, received: &Received) -> Reply {
    let authorization = received.header("authorization").unwrap_or_default();
    Reply::with(200, "", authorization)
}

fn request(server: &Server) -> String {
    format!(
        "{{ url = \"https://{}/\", secret = \"token\", header = \"authorization\", value = \"SECRET\" }}",
        server.address
    )
}

/// A project, and a server for it.
fn asked() -> (tokio::runtime::Runtime, Project, Certificate, Server) {
    let runtime = runtime();
    let project = Project::new();
    let certificate = Certificate::new(&project.context, "IP:127.0.0.1");
    let server = runtime.block_on(Server::tls_asking(&certificate, echo));
    (runtime, project, certificate, server)
}

#[test]
fn what_a_command_puts_out_is_the_secret_and_it_sees_few_variables() {
    let (_runtime, project, certificate, server) = asked();
    let kept = project.context.write("password", format!("{CANARY}\n"));
    let seen = project.context.path().join("seen");
    let script = format!(
        "tr '\\0' '\\n' < /proc/$$/environ > {seen}; pwd >> {seen}; echo nothing >&2; cat {kept}",
        seen = seen.display(),
        kept = kept.display()
    );
    let text = pipeline(
        &grants(&server, &certificate, &script, ""),
        &request(&server),
    );
    let variables = [("USER", "ada"), ("GNUPGHOME", "/keys"), ("OTHER", CANARY)];
    let ran = project.ran(&text, &variables).expect_code(0);
    canary::assert_none(ran.stdout.as_bytes(), "the report");
    canary::assert_none(ran.stderr.as_bytes(), "the log");
    assert_eq!(
        server.received()[0].header("authorization"),
        Some(format!("Bearer {CANARY}").as_str())
    );
    let seen = fs::read_to_string(seen).expect("what it saw");
    let mut names: Vec<&str> = seen
        .lines()
        .map(|line| line.split('=').next().unwrap_or(line))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["/", "GNUPGHOME", "HOME", "PATH", "USER"]);
}

#[test]
fn a_command_that_gives_no_value_is_named_and_what_it_put_out_is_not() {
    let (_runtime, project, certificate, server) = asked();
    let cases = [
        (
            format!("echo {CANARY}; printf 'no such \\033[31mentry' >&2; exit 3"),
            "",
            "it exited with 3, and said: no such \\u{1b}[31mentry",
        ),
        ("kill -9 $$".to_owned(), "", "it was killed by signal 9"),
        (
            format!("printf '{CANARY}%08200d' 0"),
            "",
            "it put out more than 8194 bytes",
        ),
        (
            format!("echo {CANARY}; echo two"),
            "",
            "is not one line of text",
        ),
        (
            format!("echo {CANARY}; exec sleep 600"),
            ", timeout = \"200ms\"",
            "it was not done within 200ms",
        ),
    ];
    for (script, more, expected) in cases {
        // The words of the command are in the file, and so is what they hold.
        let script = project.context.write("script", script.as_str());
        let run = format!(". {}", script.display());
        let text = pipeline(
            &grants(&server, &certificate, &run, more),
            &request(&server),
        );
        let ran = project.ran(&text, &[]).expect_code(2);
        let error = &ran.json()["error"];
        let said = error["message"].as_str().expect("words");
        assert!(said.contains(expected), "{said}");
        canary::assert_none(ran.stdout.as_bytes(), "the report");
        canary::assert_none(ran.stderr.as_bytes(), "the log");
    }
    assert!(server.received().is_empty());
}

#[test]
fn what_stays_behind_is_ended_with_its_command() {
    let (_runtime, project, certificate, server) = asked();
    // It holds the output open: without an end of it nobody would know that all is read.
    let script = format!("sleep 600 & echo {CANARY}");
    let text = pipeline(
        &grants(&server, &certificate, &script, ""),
        &request(&server),
    );
    project.ran(&text, &[]).expect_code(0);
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_program_that_the_change_could_have_written_is_not_run() {
    let (_runtime, project, certificate, server) = asked();
    let mark = project.context.path().join("mark");
    let script = format!("#!/bin/sh\ntouch {}\n", mark.display());
    project.repository.write("give", script);
    let program = project.repository.path().join("give");
    let allow = std::process::Command::new("chmod")
        .arg("+x")
        .arg(&program)
        .output();
    Ran::of(allow).expect_code(0);
    for (program, expected) in [
        (
            program.to_str().expect("a path"),
            "the change under judgement could have written the program",
        ),
        ("no-such-program", "there is no program `no-such-program`"),
        ("/no/such/program", "there is no program `/no/such/program`"),
    ] {
        let grants = super::secrets::secret(&server, &certificate, "")
            .replace("env = \"TOKEN\"", &format!("command = [\"{program}\"]"));
        let ran = project
            .ran(&pipeline(&grants, &request(&server)), &[])
            .expect_code(2);
        let error = ran.json()["error"].clone();
        let said = error["message"].as_str().expect("words");
        assert!(said.contains(expected), "{said}");
    }
    assert!(!mark.exists());
}

#[test]
fn what_only_explains_and_what_is_not_trusted_run_no_command() {
    let (_runtime, project, certificate, server) = asked();
    let mark = project.context.path().join("mark");
    let script = format!("touch {}; echo {CANARY}", mark.display());
    let text = pipeline(
        &grants(&server, &certificate, &script, ""),
        &request(&server),
    );
    let file = project.context.write("holdpoint.toml", &text);
    let mut check = project.context.command(project.repository.path());
    check.args(["check", "--pipeline"]).arg(&file);
    Ran::of(check.output()).expect_code(0);
    assert!(!mark.exists(), "check runs nothing");

    let within = project.repository.path().join("holdpoint.toml");
    fs::write(&within, &text).expect("a file of the checkout");
    let mut command = project.context.command(project.repository.path());
    command
        .args(["run", "--allow-untrusted", "--pipeline"])
        .arg(&within);
    let _ = Ran::of(command.output());
    assert!(
        !mark.exists(),
        "nothing is run that a change could have written"
    );

    project.ran(&text, &[]).expect_code(0);
    assert!(mark.exists(), "a trusted run does");
}

#[test]
fn what_is_wrong_with_a_command_is_said_before_a_run() {
    let (_runtime, project, certificate, server) = asked();
    for (source, expected) in [
        ("command = []", "expected a program and its arguments"),
        ("command = [\"\"]", "expected a program and its arguments"),
        (
            "command = [\"./give\"]",
            "expected a program and its arguments",
        ),
        (
            "command = [\"pass\"], env = \"TOKEN\"",
            "exactly one of `env`, `file` and `command`",
        ),
        (
            "command = [\"pass\"], timeout = \"6m\"",
            "a command has at most 5m",
        ),
        (
            "env = \"TOKEN\", timeout = \"1s\"",
            "`timeout` is the time of a `command`",
        ),
    ] {
        let grants =
            super::secrets::secret(&server, &certificate, "").replace("env = \"TOKEN\"", source);
        let ran = project.ran(&pipeline(&grants, ""), &[]).expect_code(2);
        let error = ran.json()["error"].clone();
        let said = error["message"].as_str().expect("words");
        assert!(said.contains(expected), "{said}");
    }
}
