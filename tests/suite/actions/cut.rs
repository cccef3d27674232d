//! Requests of which nobody knows whether they were made.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::sitting::kills;

/// The time of a second sitting.
const LATER: &str = "2026-11-22T11:00:00Z";

/// A server of things that are made with POST, listed with GET and taken away with DELETE. The POST of
/// the numbers in `lost` is taken and not answered.
fn shop(lost: &'static [usize]) -> impl Fn(usize, &Received) -> Reply + Send + Sync {
    let made = AtomicUsize::new(0);
    move |_, received| match line(received).split(' ').next() {
        Some("POST") => {
            let number = made.fetch_add(1, Ordering::SeqCst) + 1;
            if lost.contains(&number) {
                return Reply::Close;
            }
            Reply::with(201, "", &format!("{{\"id\":{number},\"name\":\"one\"}}"))
        }
        Some("GET") => {
            let count = made.load(Ordering::SeqCst);
            let all: Vec<Value> = (1..=count)
                .map(|id| json!({ "id": id, "name": "one" }))
                .collect();
            Reply::with(200, "", &Value::from(all).to_string())
        }
        _ => Reply::with(204, "", ""),
    }
}

/// A step that may be made again.
fn keyed(server: &Server) -> String {
    let url = server.url("/api/one");
    format!("{{ name = \"one\", request = {{ url = \"{url}\", key = \"one\" }} }}")
}

fn probe(server: &Server) -> String {
    format!(
        ", probe = \"{}\", element = [\"/name\", \"one\"]",
        server.url("/api/one")
    )
}

#[test]
fn what_nobody_knows_and_nothing_shows_is_left_to_a_person() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(shop(&[1])));
    let steps = [
        step(&server, "one", &undo(&server, "one")),
        step(&server, "two", ""),
    ];
    let project = planning(&server, &steps);
    for _ in 0..2 {
        let report = project.run().expect_code(6).json();
        assert_eq!(report["effects"], "unknown");
        assert_eq!(states(&report), ["publish/request/1 unknown"]);
    }
    assert_eq!(came(&server), ["POST /api/one"]);
}

#[test]
fn with_a_key_it_is_made_again_under_the_same_key() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(shop(&[1, 2])));
    let project = planning(&server, &[keyed(&server)]);
    project.run().expect_code(0);
    let received = server.received();
    assert_eq!(came(&server), ["POST /api/one"; 3]);
    let keys: Vec<_> = received
        .iter()
        .map(|request| request.header("idempotency-key").expect("a key"))
        .collect();
    assert_eq!(keys, [keys[0]; 3]);
}

#[test]
fn a_server_error_says_nothing_about_what_was_made() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(500), Reply::status(422)]));
    let project = planning(&server, &[keyed(&server)]);
    // It may be refused because it was made before.
    let report = project.run().expect_code(6).json();
    assert_eq!(states(&report), ["publish/request/1 unknown"]);
    assert_eq!(came(&server), ["POST /api/one"; 2]);
}

#[test]
fn an_answer_that_says_neither_yes_nor_no_is_not_repeated() {
    let runtime = runtime();
    for status in [200, 303, 408, 502, 503] {
        let server = runtime.block_on(Server::new([Reply::status(status)]));
        let url = server.url("/api/one");
        let one = format!("{{ name = \"one\", request = {{ url = \"{url}\", success = [201] }} }}");
        let project = planning(&server, &[one]);
        let report = project.run().expect_code(6).json();
        assert_eq!(states(&report), ["publish/request/1 unknown"], "{status}");
        assert_eq!(came(&server).len(), 1, "{status}");
    }
}

/// A sitting at a time that waits for nothing between its attempts.
fn at_once(project: &Project, time: &str) -> Ran {
    let mut command = project.arguments(project.failpoints(time), ["run"]);
    Ran::of(command.env("FAILPOINTS", "wait=return").output())
}

#[test]
fn that_nothing_is_there_is_not_believed_at_once() {
    let runtime = runtime();
    // It lists nothing, whatever was made.
    let server = runtime.block_on(Server::asking(|_, received| {
        match line(received).split(' ').next() {
            Some("GET") => Reply::with(200, "", "[]"),
            _ => Reply::Close,
        }
    }));
    let one = step(&server, "one", &probe(&server));
    let project = planning(&server, &[one]);
    for time in ["2026-11-22T10:00:00Z", "2026-11-22T10:00:01Z"] {
        at_once(&project, time).expect_code(6);
        let all = came(&server);
        let posts = all.iter().filter(|line| line.starts_with("POST"));
        assert_eq!(posts.count(), 1, "{time}");
    }
}

#[test]
fn what_is_believed_goes_by_the_last_attempt() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(|_, received| {
        match line(received).split(' ').next() {
            Some("GET") => Reply::with(200, "", "[]"),
            _ => Reply::Close,
        }
    }));
    let one = step(&server, "one", &probe(&server));
    let project = planning(&server, &[one]);
    // An hour after the first attempt it is made again; a second after that one it is not.
    for (time, made) in [
        ("2026-11-22T10:00:00Z", 1),
        ("2026-11-22T11:00:00Z", 2),
        ("2026-11-22T11:00:01Z", 2),
    ] {
        at_once(&project, time).expect_code(6);
        let all = came(&server);
        let posts = all.iter().filter(|line| line.starts_with("POST"));
        assert_eq!(posts.count(), made, "{time}");
    }
}

#[test]
fn a_list_that_is_not_there_says_nothing() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(|_, received| {
        match line(received).split(' ').next() {
            Some("GET") => Reply::status(404),
            _ => Reply::with(201, "", "{\"id\":1}"),
        }
    }));
    let one = step(&server, "one", &probe(&server));
    let project = planning(&server, &[one]);
    kills::kill(&project, "after-publish/request/1", None);
    at_once(&project, LATER).expect_code(6);
    let posts = came(&server)
        .iter()
        .filter(|line| line.starts_with("POST"))
        .count();
    assert_eq!(posts, 1);
}

#[test]
fn a_signal_before_anything_is_sent_leaves_nothing_unknown() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let project = Project::new();
    let file = project.context.write("app.tar", "bytes");
    let upload = format!(
        "{{ name = \"two\", request = {{ url = \"{}\", artifact = \"app\" }} }}",
        server.url("/api/two")
    );
    let steps = [step(&server, "one", &undo(&server, "one")), upload];
    let text = pipeline(&grants(&server), &steps);
    let artifact = format!(
        "[release]\nartifacts = [{{ name = \"app\", path = \"{}\" }}]\n",
        file.display()
    );
    project.pipeline(&text.replace("[release]\n", &artifact));
    let mut command = project.run_with(LATER, "before-publish/request/2=return(TERM)", None);
    let report = Ran::of(command.output()).expect_code(143).json();
    assert_eq!(
        states(&report),
        ["publish/request/1 done", "publish/request/2 not-done"]
    );
    // The next one goes on: nothing has failed.
    project.run().expect_code(0);
    assert_eq!(came(&server), ["POST /api/one", "POST /api/two"]);
}

#[test]
fn what_can_be_found_out_is_asked_before_it_is_made_again() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(shop(&[1])));
    let url = server.url("/api/one/{{one./id}}/label");
    let steps = [
        step(
            &server,
            "one",
            &format!("{}{}", probe(&server), undo(&server, "one")),
        ),
        format!(
            "{{ name = \"two\", request = {{ method = \"PUT\", url = \"{url}\", success = [204] }} }}"
        ),
    ];
    let project = planning(&server, &steps);
    project.run().expect_code(0);
    // The answer of the probe stands for the one that was lost.
    assert_eq!(
        came(&server),
        ["POST /api/one", "GET /api/one", "PUT /api/one/1/label"]
    );
}

/// Kills a run at a place, and has another one go on; gives the report of that and the requests that
/// changed something.
fn killed(place: &str, more: &dyn Fn(&Server) -> String) -> (i32, Vec<String>) {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(shop(&[])));
    let steps = [
        step(&server, "one", &more(&server)),
        format!(
            "{{ name = \"two\", request = {{ method = \"PUT\", url = \"{}\", success = [204] }} }}",
            server.url("/api/one/{{one./id}}")
        ),
    ];
    let project = planning(&server, &steps);
    kills::kill(&project, place, None);
    let mut command = project.arguments(project.failpoints(LATER), ["run"]);
    let ran = Ran::of(command.output());
    let changes = came(&server)
        .into_iter()
        .filter(|line| !line.starts_with("GET"));
    (ran.code, changes.collect())
}

#[test]
fn a_kill_at_any_place_loses_nothing_and_repeats_nothing_that_can_be_found_out() {
    for place in [
        "after-decided:publish",
        "before-planned:publish",
        "after-planned:publish",
        "before-intended:publish/request/1",
        "after-intended:publish/request/1",
        "before-publish/request/1",
        "after-publish/request/1",
        "before-settled:publish/request/1",
        "after-settled:publish/request/1",
    ] {
        let (code, changes) = killed(place, &probe);
        assert_eq!(code, 0, "{place}");
        assert_eq!(changes, ["POST /api/one", "PUT /api/one/1"], "{place}");
        let is_known = !matches!(
            place,
            "after-intended:publish/request/1"
                | "before-publish/request/1"
                | "after-publish/request/1"
                | "before-settled:publish/request/1"
        );
        let (code, changes) = killed(place, &|_| String::new());
        if is_known {
            assert_eq!(code, 0, "{place}");
            assert_eq!(changes, ["POST /api/one", "PUT /api/one/1"], "{place}");
        } else {
            assert_eq!(code, 6, "{place}");
            assert!(changes.len() <= 1, "{place}: {changes:?}");
        }
    }
}

#[test]
fn what_was_planned_first_is_carried_out_and_taken_back_by_a_later_sitting() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(|number, received| {
        match line(received).as_str() {
            "POST /api/two" => Reply::status(400),
            _ => things(number, received),
        }
    }));
    let project = Project::new();
    let one = format!(
        "{{ name = \"one\", request = {{ url = \"{}\", body = \"NOW\" }}{} }}",
        server.url("/api/one"),
        undo(&server, "one")
    );
    let two = format!(
        "{{ name = \"two\", request = {{ url = \"{}\", body = \"NOW\" }} }}",
        server.url("/api/two")
    );
    project.pipeline(&pipeline(&grants(&server), &[one, two]));
    kills::kill(&project, "after-settled:publish/request/1", None);
    let mut command = project.arguments(project.failpoints(LATER), ["run"]);
    Ran::of(command.output()).expect_code(5);
    assert_eq!(
        came(&server),
        ["POST /api/one", "POST /api/two", "DELETE /api/one/10"]
    );
    // The moment of the first sitting, though the second one had another clock.
    let received = server.received();
    assert_eq!(received[0].body, received[1].body);
}

#[test]
fn undoing_goes_on_where_it_was_cut() {
    for place in [
        "before-intended:publish/revert/1",
        "after-intended:publish/revert/1",
        "after-publish/revert/1",
        "after-settled:publish/revert/1",
    ] {
        let runtime = runtime();
        let server = runtime.block_on(Server::asking(|number, received| {
            match line(received).as_str() {
                "POST /api/three" => Reply::status(400),
                _ => things(number, received),
            }
        }));
        let steps = ["one", "two", "three"].map(|name| step(&server, name, &undo(&server, name)));
        let project = planning(&server, &steps);
        kills::kill(&project, place, None);
        let mut command = project.arguments(project.failpoints(LATER), ["run"]);
        let report = Ran::of(command.output()).expect_code(5).json();
        assert_eq!(report["effects"], "undone", "{place}");
        let all = came(&server);
        let deleted = |path: &str| all.iter().filter(|line| line.as_str() == path).count();
        assert_eq!(deleted("DELETE /api/two/11"), 1, "{place}: {all:?}");
        // A DELETE does the same twice as once.
        assert!((1..=2).contains(&deleted("DELETE /api/one/10")), "{place}");
    }
}

#[test]
fn a_signal_ends_a_request_that_is_not_answered_and_its_outcome_is_not_known() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::Silence]));
    let project = planning(&server, &[step(&server, "one", "")]);
    let mut command = project.arguments(project.command(), ["run"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program begins");
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while came(&server).is_empty() {
        assert!(std::time::Instant::now() < deadline, "it never asked");
        std::thread::yield_now();
    }
    crate::sitting::signals::say(&child, "-TERM");
    let ran = Ran::of(child.wait_with_output()).expect_code(143);
    assert_eq!(states(&ran.json()), ["publish/request/1 unknown"]);
    project.run().expect_code(6);
}
