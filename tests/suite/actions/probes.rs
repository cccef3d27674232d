//! Servers that are busy when they are asked whether a cut request was made.

use super::*;

/// The time of the first sitting, and of one an hour after it.
const TIMES: [&str; 2] = ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"];

const FOUND: &str = "[{\"id\":7,\"name\":\"one\"}]";

/// A server that answers no POST, and the questions after it with these, the last one from then on.
pub fn asked(answers: impl Into<Vec<Reply>>) -> impl Fn(usize, &Received) -> Reply + Send + Sync {
    let answers = answers.into();
    let number = std::sync::atomic::AtomicUsize::new(0);
    move |_, received| match line(received).split(' ').next() {
        Some("GET") => {
            let number = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            answers[number.min(answers.len() - 1)].clone()
        }
        Some("POST") => Reply::Close,
        _ => Reply::status(200),
    }
}

pub fn busy(status: u16, seconds: u32) -> Reply {
    Reply::with(status, &format!("retry-after: {seconds}\r\n"), "")
}

pub fn list(list: &str) -> Reply {
    Reply::with(200, "", list)
}

/// A step with a probe.
pub fn probed(server: &Server) -> String {
    let url = server.url("/api/one");
    let probe = format!(", probe = \"{url}\", element = [\"/name\", \"one\"]");
    step(server, "one", &probe)
}

#[test]
fn who_is_busy_is_asked_no_sooner_than_it_says() {
    let runtime = runtime();
    for status in [429, 503] {
        let answers = [busy(status, 3600), list(FOUND)];
        let server = runtime.block_on(Server::asking(asked(answers)));
        let project = planning(&server, &[probed(&server)]);
        // That is longer than a lease is held for.
        let ran = project.run().expect_code(6);
        assert_eq!(states(&ran.json()), ["publish/request/1 unknown"]);
        assert!(
            ran.stderr
                .contains(&format!("asked whether it was made, answered {status}")),
            "{}",
            ran.stderr
        );
        assert_eq!(came(&server), ["POST /api/one", "GET /api/one"]);
        // The next sitting asks again, and finds it.
        project.run().expect_code(0);
        assert_eq!(came(&server).len(), 3);
    }
}

#[test]
fn who_is_busy_for_a_moment_is_waited_for_and_then_believed() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(asked([busy(429, 0), list(FOUND)])));
    let project = planning(&server, &[probed(&server)]);
    project.run().expect_code(0);
    assert_eq!(
        came(&server),
        ["POST /api/one", "GET /api/one", "GET /api/one"]
    );
    // A busy answer is no attempt: what is not there an hour after the last one was not made.
    let answers = [busy(429, 3600), busy(503, 0), list("[]")];
    let server = runtime.block_on(Server::asking(asked(answers)));
    let project = planning(&server, &[probed(&server)]);
    for time in TIMES {
        let mut command = project.arguments(project.failpoints(time), ["run"]);
        Ran::of(command.output()).expect_code(6);
    }
    assert_eq!(
        came(&server)[..5],
        [
            "POST /api/one",
            "GET /api/one",
            "GET /api/one",
            "GET /api/one",
            "POST /api/one"
        ]
    );
}

#[test]
fn who_is_busy_for_longer_than_the_requests_have_is_not_waited_for() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(asked([busy(503, 21), list(FOUND)])));
    let project = Project::new();
    let text = pipeline(&grants(&server), &[probed(&server)]);
    project.pipeline(&format!("[limits]\nrequests-time = \"20s\"\n{text}"));
    project.run().expect_code(6);
    assert_eq!(came(&server), ["POST /api/one", "GET /api/one"]);
}
