//! What people sign of an action, and what they say of a request of which nobody knows.

use super::*;

/// The time of the first sitting and of the signatures.
const TIME: &str = "2026-11-22T10:00:00Z";

/// The time of the second one.
const LATER: &str = "2026-11-22T11:00:00Z";

/// A pipeline whose publishing waits for an approval of exactly these steps.
fn gated(server: &Server, steps: &[String]) -> String {
    let people = crate::sitting::people::gated();
    let people = people.split_once("[approvers]").expect("the people").1;
    let people = people.split_once("[[stages]]").expect("stages").0;
    let text = pipeline(&grants(server), steps);
    format!("{text}approvals = [{{ role = \"managers\" }}]\n\n[approvers]{people}")
}

fn signed(project: &Project, run: &str, key: &std::path::Path) -> Ran {
    let mut command = project.failpoints(TIME);
    command.args(["approve", run, "--key"]).arg(key);
    Ran::of(command.output()).expect_code(0)
}

/// A project whose run waits for an approval, and the key of who gives it.
fn waiting(server: &Server, steps: &[String]) -> (Project, String, std::path::PathBuf) {
    let project = Project::new();
    let grace = project.signer("grace");
    project.signer("heidi");
    project.signer("ada");
    project.pipeline(&gated(server, steps));
    let mut command = project.arguments(project.failpoints(TIME), ["run"]);
    let report = Ran::of(command.output()).expect_code(4).json();
    let run = report["run"].as_str().expect("a run").to_owned();
    (project, run, grace)
}

fn later(project: &Project) -> Ran {
    let mut command = project.arguments(project.failpoints(LATER), ["run"]);
    Ran::of(command.output())
}

#[test]
fn an_approval_is_for_the_requests_that_were_shown() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let (project, run, key) = waiting(&server, &[step(&server, "one", "")]);
    let shown = signed(&project, &run, &key).stderr;
    let expected = ["request", "planner/one", "POST", "/api/one", "sha256:"];
    for word in expected {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    assert!(came(&server).is_empty());
    later(&project).expect_code(0);
    assert_eq!(came(&server), ["POST /api/one"]);
    // What is planned an hour later has another body, and nobody has approved that.
    let url = server.url("/api/two");
    let two = format!("{{ name = \"two\", request = {{ url = \"{url}\", body = \"NOW\" }} }}");
    let (project, run, key) = waiting(&server, &[two]);
    signed(&project, &run, &key);
    let report = later(&project).expect_code(4).json();
    let rejected = report["stages"][0]["approval"]["rejected"].to_string();
    assert!(rejected.contains("commands"), "{rejected}");
    assert_eq!(came(&server), ["POST /api/one"]);
}

#[test]
fn a_person_says_what_became_of_a_request() {
    let runtime = runtime();
    for (word, code, all) in [("not-done", 0, 2), ("done", 0, 1)] {
        let made = Reply::with(201, "", "{}");
        let server = runtime.block_on(Server::new([Reply::Close, made]));
        let (project, run, key) = waiting(&server, &[step(&server, "one", "")]);
        signed(&project, &run, &key);
        let report = later(&project).expect_code(6).json();
        assert_eq!(states(&report), ["publish/request/1 unknown"]);
        let mut command = project.failpoints(LATER);
        command
            .args(["resume", &run, "--assume"])
            .arg(format!("publish/request/1={word}"))
            .args(["--reason", "I looked", "--format", "json", "--key"])
            .arg(&key);
        Ran::of(command.output()).expect_code(code);
        assert_eq!(came(&server).len(), all, "{word}");
    }
}

#[test]
fn the_answer_to_what_a_person_said_was_made_is_looked_for() {
    let runtime = runtime();
    for has_probe in [true, false] {
        let server = runtime.block_on(Server::asking(|_, received| {
            match line(received).split(' ').next() {
                Some("GET") => Reply::with(200, "", "[{\"id\":7,\"name\":\"one\"}]"),
                Some("POST") => Reply::Close,
                _ => Reply::status(200),
            }
        }));
        let probe = if has_probe {
            // It finds it only when a person has said that it is there.
            format!(
                ", probe = \"{}\", element = [\"/name\", \"one\"]",
                server.url("/api/one")
            )
        } else {
            String::new()
        };
        let two = format!(
            "{{ name = \"two\", request = {{ method = \"PUT\", url = \"{}\" }} }}",
            server.url("/api/one/{{one./id}}")
        );
        let (project, run, key) = waiting(&server, &[step(&server, "one", &probe), two]);
        signed(&project, &run, &key);
        if has_probe {
            later(&project).expect_code(0);
            assert_eq!(came(&server)[2], "PUT /api/one/7");
            continue;
        }
        later(&project).expect_code(6);
        let mut command = project.failpoints(LATER);
        command
            .args(["resume", &run, "--assume", "publish/request/1=done"])
            .args(["--reason", "I looked", "--format", "json", "--key"])
            .arg(&key);
        // Nobody knows its number: nothing has failed, and nothing is undone.
        let report = Ran::of(command.output()).expect_code(3).json();
        assert_eq!(
            states(&report),
            ["publish/request/1 done", "publish/request/2 not-done"]
        );
        assert_eq!(came(&server), ["POST /api/one"]);
    }
}

/// A run that waits for the answer to a step that a person said was made, for who is busy this long.
fn waiting_for_an_answer(server: &Server) -> (Project, std::process::Command) {
    let two = format!(
        "{{ name = \"two\", request = {{ method = \"PUT\", url = \"{}\" }} }}",
        server.url("/api/one/{{one./id}}")
    );
    let (project, run, key) = waiting(server, &[probes::probed(server), two]);
    signed(&project, &run, &key);
    later(&project).expect_code(6);
    let mut command = project.failpoints(LATER);
    command
        .args(["resume", &run, "--assume", "publish/request/1=done"])
        .args(["--reason", "I looked", "--format", "json", "--key"])
        .arg(&key);
    (project, command)
}

#[test]
fn who_is_busy_with_the_answer_is_waited_for() {
    let runtime = runtime();
    let answers = [
        probes::busy(429, 3600),
        probes::busy(429, 0),
        probes::list("[{\"id\":7,\"name\":\"one\"}]"),
    ];
    let server = runtime.block_on(Server::asking(probes::asked(answers)));
    let (_project, mut command) = waiting_for_an_answer(&server);
    Ran::of(command.output()).expect_code(0);
    let all = came(&server);
    assert_eq!(all[2..], ["GET /api/one", "GET /api/one", "PUT /api/one/7"]);
}

#[test]
fn a_signal_ends_the_wait_for_an_answer() {
    let runtime = runtime();
    let answers = [probes::busy(429, 3600), probes::busy(429, 50)];
    let server = runtime.block_on(Server::asking(probes::asked(answers)));
    let (project, command) = waiting_for_an_answer(&server);
    let has_asked = || came(&server).len() == 3;
    let ran = crate::sitting::signals::end(&project, command, "-TERM", has_asked);
    assert_eq!(ran.code, 143, "{}", ran.stderr);
    assert_eq!(
        states(&ran.json()),
        ["publish/request/1 done", "publish/request/2 not-done"]
    );
}
