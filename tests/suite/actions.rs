//! Actions: their requests are made by the host, each one an effect that is recorded before and after
//! it, found out about where it was cut, and taken back when something fails. The judge is a server
//! that keeps what came.

mod caps;
mod cut;
mod github;
mod people;
mod plans;
mod probes;

use serde_json::{Value, json};

use crate::context::Ran;
use crate::hostile::program;
use crate::loopback::{Received, Reply, Server};
use crate::sitting::{DEPLOY, Project};

/// A secret that is not used: the program asks for secrets, and so is granted one.
const UNUSED: &str = "grants.secrets.unused = { env = \"PATH\", for = \"https://example.net\" }";

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

/// Grants for everything below `/api/` of a server on loopback.
fn grants(server: &Server) -> String {
    format!(
        "grants.requests = [{{ methods = [\"GET\", \"POST\", \"PUT\", \"PATCH\", \"DELETE\"], url = \
         \"{}\", addresses = [\"127.0.0.0/8\"] }}, {{ methods = [\"POST\"], url = \
         \"https://example.net/\" }}]\n{UNUSED}",
        server.url("/api/")
    )
}

/// A pipeline of one stage whose action plans these steps.
fn pipeline(grants: &str, steps: &[String]) -> String {
    format!(
        "[release]\nproject = \"payments\"\n\n[plugins.planner]\nsource = \"{}\"\n{grants}\n\
         settings.steps = [{}]\n\n[[stages]]\nid = \"publish\"\nuse = [\"planner\"]\n",
        program("planner").display(),
        steps.join(", ")
    )
}

/// A project whose only stage has an action that plans these steps.
fn planning(server: &Server, steps: &[String]) -> Project {
    let project = Project::new();
    project.pipeline(&pipeline(&grants(server), steps));
    project
}

/// A step that posts to `/api/NAME`, with more keys.
fn step(server: &Server, name: &str, more: &str) -> String {
    let url = server.url(&format!("/api/{name}"));
    format!("{{ name = \"{name}\", request = {{ url = \"{url}\" }}{more} }}")
}

/// What takes a step back: DELETE of what it made.
fn undo(server: &Server, name: &str) -> String {
    let url = server.url(&format!("/api/{name}/{{{{{name}./id}}}}"));
    format!(", undo = {{ method = \"DELETE\", url = \"{url}\" }}")
}

/// Method and path of everything that came, in order.
fn came(server: &Server) -> Vec<String> {
    let received = server.received();
    received.iter().map(line).collect()
}

fn line(received: &Received) -> String {
    let words: Vec<&str> = received.head.split(' ').take(2).collect();
    words.join(" ")
}

/// Answers every request with a thing of a number of its own.
fn things(number: usize, _: &Received) -> Reply {
    Reply::with(201, "", &format!("{{\"id\":{}}}", 10 + number))
}

fn states(report: &Value) -> Vec<String> {
    let effects = report["stages"][0]["effects"].as_array().expect("effects");
    effects
        .iter()
        .map(|effect| {
            let word = |key: &str| effect[key].as_str().expect("a word").to_owned();
            format!("{} {}", word("effect"), word("state"))
        })
        .collect()
}

#[test]
fn what_is_planned_is_made_once_and_recorded() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let project = Project::new();
    let label = format!(
        "{{ name = \"label\", request = {{ key = \"label\", method = \"PUT\", url = \"{}\", body = \
         \"stable\", header = [\"content-type\", \"text/plain\"] }} }}",
        server.url("/api/things/{{things./id}}/label?by={{things./id}}")
    );
    project.pipeline(&pipeline(
        &grants(&server),
        &[step(&server, "things", ""), label],
    ));
    let dry = project.arguments(project.command(), ["run", "--dry-run"]);
    let dry = Ran::of({ dry }.output()).expect_code(0).json();
    crate::schema::assert_fits("run.schema.json", &dry);
    let steps = &dry["stages"][0]["plugins"][0]["answer"]["steps"];
    assert_eq!(steps[1]["request"]["method"], "PUT");
    assert_eq!(steps[1]["request"]["body_bytes"], 6);
    assert!(came(&server).is_empty(), "a dry run asks nobody");

    let report = project.run().expect_code(0).json();
    crate::schema::assert_fits("run.schema.json", &report);
    assert_eq!(report["effects"], "done");
    assert_eq!(
        came(&server),
        ["POST /api/things", "PUT /api/things/10/label?by=10"]
    );
    let received = server.received();
    assert_eq!(received[1].body, "stable");
    assert_eq!(received[1].header("content-type"), Some("text/plain"));
    assert_eq!(received[0].header("idempotency-key"), None);
    let key = received[1].header("idempotency-key").expect("a key");
    assert_eq!(key.len(), 32);
    assert_eq!(
        states(&report),
        ["publish/request/1 done", "publish/request/2 done"]
    );
    let status = project.status();
    assert_eq!(
        crate::sitting::entries(&status),
        [
            "began", "sat", "decided", "planned", "intended", "settled", "intended", "settled",
            "rested"
        ]
    );
    // What was released is not released again.
    project.run().expect_code(0);
    assert_eq!(came(&server).len(), 2);
}

#[test]
fn what_was_made_is_taken_back_last_first_when_something_is_refused() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(|number, received| {
        match line(received).as_str() {
            "POST /api/three" => Reply::with(422, "", "{\"message\":\"there is one already\"}"),
            _ => things(number, received),
        }
    }));
    let steps = ["one", "two", "three"].map(|name| step(&server, name, &undo(&server, name)));
    let project = planning(&server, &steps);
    let report = project.run().expect_code(5).json();
    assert_eq!(report["effects"], "undone");
    assert_eq!(
        came(&server),
        [
            "POST /api/one",
            "POST /api/two",
            "POST /api/three",
            "DELETE /api/two/11",
            "DELETE /api/one/10"
        ]
    );
    assert_eq!(
        states(&report),
        [
            "publish/request/1 done",
            "publish/request/2 done",
            "publish/request/3 not-begun",
            "publish/revert/1 done",
            "publish/revert/2 done"
        ]
    );
    let journal = project.status()["journal"].to_string();
    assert!(
        journal.contains("publish/request/3 was not made: answered 422")
            && journal.contains("there is one already"),
        "{journal}"
    );
}

/// A request that was made is taken back when the deployment after it fails, whatever else the pipeline
/// file has.
fn taken_back(head: &str) {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let project = Project::new();
    let one = step(&server, "one", &undo(&server, "one"));
    let text = pipeline(&grants(&server), &[one]);
    let deploy = DEPLOY.split_once("\n\n").expect("the stages of it").1;
    project.pipeline(&format!("{head}{text}\n{deploy}"));
    project.switch("deploy-fails", true);
    let report = project.run().expect_code(5).json();
    assert_eq!(report["effects"], "undone");
    assert_eq!(came(&server), ["POST /api/one", "DELETE /api/one/10"]);
}

#[test]
fn requests_are_taken_back_when_what_comes_after_them_fails() {
    taken_back("");
}

#[test]
fn what_cannot_be_taken_back_is_said_and_keeps_nothing_else_from_being_taken_back() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(|number, received| {
        match line(received).as_str() {
            "POST /api/four" => Reply::status(403),
            "DELETE /api/three/12" => Reply::status(409),
            _ => things(number, received),
        }
    }));
    let steps = [
        step(&server, "one", &undo(&server, "one")),
        step(&server, "two", ""),
        step(&server, "three", &undo(&server, "three")),
        step(&server, "four", ""),
    ];
    let project = planning(&server, &steps);
    let mut command = project.command();
    command
        .args(["run", "--pipeline"])
        .arg(project.context.path().join("holdpoint.toml"));
    let page = Ran::of(command.output()).expect_code(6).stdout;
    assert_eq!(
        came(&server)[4..],
        ["DELETE /api/three/12", "DELETE /api/one/10"]
    );
    for expected in [
        "NOT UNDONE",
        "publish/request/2 has nothing that takes it back: POST",
        "publish/revert/3 not-begun",
    ] {
        assert!(page.contains(expected), "{page}");
    }
}

#[test]
fn a_first_request_that_is_refused_leaves_nothing_to_undo_and_is_tried_again_by_the_next_run() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([
        Reply::status(401),
        Reply::with(201, "", "{}"),
    ]));
    let project = planning(&server, &[step(&server, "one", "")]);
    let report = project.run().expect_code(3).json();
    assert_eq!(report["effects"], "none");
    assert!(
        report["stages"][0]["missing"]
            .to_string()
            .contains("answered 401"),
        "{report:#}"
    );
    project.run().expect_code(0);
    assert_eq!(came(&server).len(), 2);
}

#[test]
fn who_is_busy_is_asked_again_and_no_more_often_than_it_says() {
    let runtime = runtime();
    let busy = Reply::with(503, "retry-after: 0\r\n", "");
    let server = runtime.block_on(Server::new([busy, Reply::with(201, "", "{}")]));
    let project = planning(&server, &[step(&server, "one", "")]);
    project.run().expect_code(0);
    assert_eq!(came(&server).len(), 2);
    // Who asks for longer than a lease is held is asked by the next run.
    // What was made before is left as it is.
    let made = Reply::with(201, "", "{}");
    let busy = Reply::with(429, "retry-after: 3600\r\n", "");
    let server = runtime.block_on(Server::new([made.clone(), busy, made]));
    let steps = [
        step(&server, "one", &undo(&server, "one")),
        step(&server, "two", ""),
    ];
    let project = planning(&server, &steps);
    let report = project.run().expect_code(3).json();
    assert_eq!(
        states(&report),
        ["publish/request/1 done", "publish/request/2 not-done"]
    );
    assert!(
        report["stages"][0]["missing"]
            .to_string()
            .contains("publish/request/2: answered 429"),
        "{report:#}"
    );
    assert_eq!(came(&server).len(), 2);
    project.run().expect_code(0);
    assert_eq!(
        came(&server),
        ["POST /api/one", "POST /api/two", "POST /api/two"]
    );
}

#[test]
fn an_action_without_a_plan_is_no_success() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let project = Project::new();
    let text = pipeline(&grants(&server), &[step(&server, "one", "")]);
    let advised = text.replace(
        "use = [\"planner\"]",
        "use = [{ plugin = \"planner\", on-fault = \"advise\" }]",
    );
    project.pipeline(&advised);
    let error = project.run().expect_code(2).json()["error"].clone();
    assert!(
        error["message"].to_string().contains("is an action"),
        "{error:#}"
    );
}

#[test]
fn two_actions_of_a_stage_have_steps_of_their_own() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let project = Project::new();
    let label = |name: &str| {
        format!(
            "{{ name = \"label\", request = {{ url = \"{}\" }} }}",
            server.url(&format!("/api/{name}/{{{{one./id}}}}"))
        )
    };
    let one = pipeline(&grants(&server), &[step(&server, "one", ""), label("a")]);
    let other = pipeline(&grants(&server), &[step(&server, "one", ""), label("b")]);
    let other = other
        .split_once("[plugins.planner]")
        .and_then(|(_, rest)| rest.split_once("[[stages]]"))
        .expect("a table")
        .0;
    let text = one.replace("[[stages]]", &format!("[plugins.other]{other}[[stages]]"));
    project.pipeline(&text.replace("use = [\"planner\"]", "use = [\"planner\", \"other\"]"));
    project.run().expect_code(0);
    assert_eq!(
        came(&server),
        [
            "POST /api/one",
            "POST /api/a/10",
            "POST /api/one",
            "POST /api/b/12"
        ]
    );
}

#[test]
fn what_an_answer_says_leads_to_no_other_place() {
    let runtime = runtime();
    for id in [
        json!(".."),
        json!("."),
        json!(""),
        json!("a/b"),
        json!("a\\b"),
        json!("a%2e"),
        json!({ "of": 1 }),
        json!([1]),
        Value::Null,
        json!("x".repeat(1_001)),
    ] {
        let body = json!({ "id": id }).to_string();
        let server = runtime.block_on(Server::asking(move |_, _| Reply::with(201, "", &body)));
        let url = server.url("/api/one/{{one./id}}/label");
        let steps = [
            step(&server, "one", ""),
            format!("{{ name = \"two\", request = {{ url = \"{url}\" }} }}"),
        ];
        let project = planning(&server, &steps);
        // The first one cannot be taken back.
        let report = project.run().expect_code(6).json();
        assert_eq!(came(&server), ["POST /api/one"], "{id}");
        assert_eq!(states(&report)[1], "publish/request/2 not-begun", "{id}");
    }
    // An answer without anything in it is one that says nothing, and not one that is not known.
    let server = runtime.block_on(Server::asking(|_, _| Reply::with(201, "", "")));
    let url = server.url("/api/one/{{one./id}}");
    let steps = [
        step(&server, "one", ""),
        format!("{{ name = \"two\", request = {{ url = \"{url}\" }} }}"),
    ];
    let project = planning(&server, &steps);
    let report = project.run().expect_code(6).json();
    assert_eq!(states(&report)[1], "publish/request/2 not-begun");
    for (id, expected) in [
        ("a?b=c#d", "a%3Fb%3Dc%23d"),
        ("a b", "a%20b"),
        ("ä", "%C3%A4"),
        ("a:b@c", "a%3Ab%40c"),
    ] {
        let body = json!({ "id": id }).to_string();
        let server = runtime.block_on(Server::asking(move |_, _| Reply::with(201, "", &body)));
        let url = server.url("/api/one/{{one./id}}");
        let steps = [
            step(&server, "one", ""),
            format!("{{ name = \"two\", request = {{ url = \"{url}\" }} }}"),
        ];
        let project = planning(&server, &steps);
        project.run().expect_code(0);
        assert_eq!(came(&server)[1], format!("POST /api/one/{expected}"));
    }
}

#[test]
fn an_artifact_is_sent_as_it_was_judged_or_not_at_all() {
    let runtime = runtime();
    let project = Project::new();
    let file = project.context.write("app.tar", "the judged bytes\n");
    // The file is another one when the second request is to be made.
    let changed = file.clone();
    let server = runtime.block_on(Server::asking(move |number, received| {
        if number == 0 {
            std::fs::write(&changed, "other bytes\n").expect("a file");
        }
        things(number, received)
    }));
    let upload = |name: &str| {
        format!(
            "{{ name = \"{name}\", request = {{ url = \"{}\", artifact = \"app\" }}{} }}",
            server.url(&format!("/api/{name}")),
            undo(&server, name)
        )
    };
    let text = pipeline(&grants(&server), &[upload("one"), upload("two")]);
    let artifact = format!(
        "[release]\nartifacts = [{{ name = \"app\", path = \"{}\" }}]\n",
        file.display()
    );
    project.pipeline(&text.replace("[release]\n", &artifact));
    let report = project.run().expect_code(5).json();
    let received = server.received();
    assert_eq!(received[0].body, "the judged bytes\n");
    assert_eq!(came(&server), ["POST /api/one", "DELETE /api/one/10"]);
    assert_eq!(states(&report)[1], "publish/request/2 not-begun");
}

#[test]
fn what_an_adviser_plans_is_not_made_beside_what_is() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let project = Project::new();
    let text = pipeline(&grants(&server), &[step(&server, "one", "")]);
    let adviser = format!(
        "[plugins.adviser]\nsource = \"{}\"\n{}\nsettings.steps = [{}]\n\n[[stages]]",
        program("planner").display(),
        grants(&server),
        step(&server, "two", "")
    );
    let text = text.replace("[[stages]]", &adviser).replace(
        "use = [\"planner\"]",
        "use = [\"planner\", { plugin = \"adviser\", mode = \"advise\" }]",
    );
    project.pipeline(&text);
    let report = project.run().expect_code(0).json();
    assert_eq!(report["effects"], "done");
    assert_eq!(came(&server), ["POST /api/one"]);
}

#[test]
fn an_adviser_and_a_pipeline_that_is_not_trusted_have_nothing_made() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let project = Project::new();
    let text = pipeline(&grants(&server), &[step(&server, "one", "")]);
    let advised = text.replace(
        "use = [\"planner\"]",
        "use = [{ plugin = \"planner\", mode = \"advise\" }]",
    );
    project.pipeline(&advised);
    let report = project.run().expect_code(0).json();
    assert_eq!(report["effects"], "none");
    // From the checkout itself, a change could have written it.
    let component = std::fs::read(program("planner")).expect("the program");
    std::fs::write(project.repository.path().join("planner.wasm"), component).expect("a file");
    let path = program("planner").display().to_string();
    let text = text.replace(&path, "planner.wasm");
    project.repository.write("holdpoint.toml", &text);
    project.repository.commit("feat: publish");
    let mut command = project.command();
    command.args(["run", "--format", "json"]);
    let report = Ran::of(command.output()).expect_code(2).json();
    assert_eq!(report["effects"], "none");
    assert!(came(&server).is_empty());
}
