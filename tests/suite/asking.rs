//! Plugins that ask other systems: what they are granted, and nothing else, with secrets that they
//! never see.

mod caps;
mod commands;
mod prometheus;
mod proxy;
mod secrets;
mod slots;
pub mod standard;

use std::fs;
use std::path::Path;

use holdpoint::model::{HttpUrl, UrlPrefix};
use proptest::prelude::*;
use serde_json::Value;

use crate::canary::CANARY;
use crate::context::{Context, Ran, Repository};
use crate::hostile::program;
use crate::loopback::{Reply, Server};

/// A secret that is not used: the program asks for secrets, and so is granted one.
const UNUSED: &str = "grants.secrets.unused = { env = \"TOKEN\", for = \"https://example.net\" }";

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

/// A project whose only stage asks.
struct Project {
    context: Context,
    repository: Repository,
}

/// A pipeline of one stage, with these grants and these requests.
fn pipeline(grants: &str, requests: &str) -> String {
    format!(
        "[plugins.asker]\nsource = \"{}\"\n{grants}\nsettings.requests = [{requests}]\n\
         [[stages]]\nid = \"ask\"\nuse = [\"asker\"]\nkind = \"policy\"\n",
        program("asker").display()
    )
}

/// A grant to ask this server, on loopback, for what is below `/rest/`.
fn rest(server: &Server) -> String {
    format!(
        "grants.http = [{{ methods = [\"GET\"], url = \"{}\", addresses = [\"127.0.0.0/8\"] }}, \
         {{ methods = [\"GET\"], url = \"https://example.net/\" }}]\n{UNUSED}",
        server.url("/rest/")
    )
}

impl Project {
    fn new() -> Self {
        let context = Context::new();
        let repository = context.repository("payments");
        repository.commit("feat: begin");
        Self {
            context,
            repository,
        }
    }

    fn ran(&self, pipeline: &str, variables: &[(&str, &str)]) -> Ran {
        let file = self.context.write("holdpoint.toml", pipeline);
        self.ran_with(&file, variables)
    }

    fn ran_with(&self, file: &Path, variables: &[(&str, &str)]) -> Ran {
        let mut command = self.context.command(self.repository.path());
        command
            .args(["run", "--dry-run", "--format", "json", "--pipeline"])
            .arg(file)
            .env("TOKEN", CANARY)
            .envs(variables.iter().copied());
        Ran::of(command.output())
    }

    /// What the plugin says that it was answered.
    fn answers(&self, pipeline: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let report = self.ran(pipeline, variables).expect_code(0).json();
        crate::schema::assert_fits("run.schema.json", &report);
        let findings = report["stages"][0]["findings"].as_array();
        let findings = findings.expect("findings").iter();
        findings
            .map(|finding| finding["message"].as_str().expect("words").to_owned())
            .collect()
    }

    /// What became of the call.
    fn outcome(&self, pipeline: &str) -> Value {
        let report = self.ran(pipeline, &[]).expect_code(3).json();
        report["stages"][0]["plugins"][0].clone()
    }
}

#[test]
fn a_granted_request_is_made_and_its_answer_is_whole() {
    let runtime = runtime();
    let reply = Reply::with(200, "x-kind: ticket\r\n", "{\"status\":\"approved\"}");
    let server = runtime.block_on(Server::new([reply]));
    let project = Project::new();
    let url = server.url("/rest/issue/7?fields=status");
    let request =
        format!("{{ url = \"{url}\", header = \"accept\", value = \"application/json\" }}");
    let answers = project.answers(&pipeline(&rest(&server), &request), &[]);
    assert_eq!(answers, ["200 x-kind=ticket {\"status\":\"approved\"}"]);
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert!(
        received[0]
            .head
            .starts_with("GET /rest/issue/7?fields=status HTTP/1.1")
    );
    assert_eq!(received[0].header("accept"), Some("application/json"));
    assert_eq!(
        received[0].header("host"),
        Some(server.address.to_string().as_str())
    );
}

#[test]
fn what_is_not_granted_is_not_asked_and_the_words_show_what_is_missing() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(200)]));
    let other = runtime.block_on(Server::new([Reply::status(200)]));
    let project = Project::new();
    let cases = [
        (
            format!("url = \"{}\"", server.url("/admin")),
            "grants.http = [",
        ),
        (
            format!("url = \"{}\"", server.url("/rest")),
            "is not granted",
        ),
        (
            format!("url = \"{}\"", server.url("/rest/../admin")),
            "is not granted",
        ),
        (
            format!("url = \"{}\"", server.url("/rest/..;/admin")),
            "is not granted",
        ),
        (
            format!("url = \"{}\"", server.url("/rest/%252e%252e/admin")),
            "is not granted",
        ),
        (
            format!("url = \"{}\"", server.url("/rest/%2e%2e/admin")),
            "encoded slash, dot",
        ),
        (
            format!("url = \"{}\"", server.url("/rest/..%2fadmin")),
            "encoded slash, dot",
        ),
        (
            format!("url = \"{}\"", other.url("/rest/issue")),
            "is not granted",
        ),
        (
            format!("url = \"http://localhost:{}/rest/\"", server.address.port()),
            "is not granted",
        ),
        (
            format!("method = \"POST\", url = \"{}\"", server.url("/rest/")),
            "read-only-post = true",
        ),
        (
            format!("method = \"DELETE\", url = \"{}\"", server.url("/rest/")),
            "GET, HEAD or POST",
        ),
        (
            format!("method = \"get\", url = \"{}\"", server.url("/rest/")),
            "GET, HEAD or POST",
        ),
        (
            "url = \"file:///etc/passwd\"".to_owned(),
            "does not begin with",
        ),
        (
            format!(
                "url = \"{}\", header = \"host\", value = \"other\"",
                server.url("/rest/")
            ),
            "is the host's own to set",
        ),
        (
            format!(
                "url = \"{}\", header = \"X-HTTP-Method-Override\", value = \"DELETE\"",
                server.url("/rest/")
            ),
            "would make another method",
        ),
        (
            format!(
                "url = \"{}\", header = \"x-a\", value = \"a\\r\\nb: c\"",
                server.url("/rest/")
            ),
            "malformed",
        ),
    ];
    let requests: Vec<String> = cases
        .iter()
        .map(|(ask, _)| format!("{{ {ask} }}"))
        .collect();
    let answers = project.answers(&pipeline(&rest(&server), &requests.join(", ")), &[]);
    assert_eq!(answers.len(), cases.len());
    for ((ask, expected), answer) in cases.iter().zip(&answers) {
        assert!(answer.contains(expected), "{ask}: {answer}");
    }
    assert!(server.received().is_empty(), "{:?}", server.received());
    assert!(other.received().is_empty());
}

#[test]
fn an_address_that_is_not_public_is_reached_only_where_the_grant_names_it() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(200)]));
    let project = Project::new();
    let port = server.address.port();
    let grants = format!(
        "grants.http = [{{ methods = [\"GET\"], url = \"https://localhost:{port}/\" }}, \
         {{ methods = [\"GET\"], url = \"http://127.0.0.1:{port}/\", addresses = [\"10.0.0.0/8\"] }}, \
         {{ methods = [\"GET\"], url = \"https://example.net/\" }}]\n{UNUSED}"
    );
    let requests = format!(
        "{{ url = \"https://localhost:{port}/\" }}, {{ url = \"http://127.0.0.1:{port}/\" }}"
    );
    let answers = project.answers(&pipeline(&grants, &requests), &[]);
    for answer in &answers {
        assert!(
            answer.contains("not granted") && answer.contains("127.0.0.1"),
            "{answer}"
        );
    }
    assert!(server.received().is_empty());
}

#[test]
fn a_redirect_is_an_answer_like_any_other() {
    let runtime = runtime();
    let other = runtime.block_on(Server::new([Reply::status(200)]));
    let location = format!("location: {}\r\nx-to: there\r\n", other.url("/rest/"));
    let server = runtime.block_on(Server::new([Reply::with(302, &location, "")]));
    let project = Project::new();
    let request = format!("{{ url = \"{}\" }}", server.url("/rest/"));
    let answers = project.answers(&pipeline(&rest(&server), &request), &[]);
    assert_eq!(answers, ["302 x-to=there "]);
    assert!(other.received().is_empty());
}

#[test]
fn under_a_configuration_that_is_not_trusted_nothing_leaves_the_machine() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(200)]));
    let project = Project::new();
    let request = format!("{{ url = \"{}\" }}", server.url("/rest/"));
    let file = project.repository.path().join("holdpoint.toml");
    // The component lies in the checkout too: an untrusted file names nothing outside of it.
    fs::copy(
        program("asker"),
        project.repository.path().join("asker.wasm"),
    )
    .expect("a copy");
    let text = pipeline(&rest(&server), &request)
        .replace(&program("asker").display().to_string(), "asker.wasm");
    fs::write(&file, text).expect("a file");
    let report = project.ran_with(&file, &[]).expect_code(2).json();
    let said = report["stages"][0]["findings"].to_string();
    assert!(said.contains("nothing leaves the machine"), "{report:#}");
    assert!(server.received().is_empty());
}

#[test]
fn a_flood_of_requests_ends_the_call() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(200)]));
    let project = Project::new();
    let request = format!("{{ url = \"{}\", again = 99 }}", server.url("/rest/"));
    let answers = project.answers(&pipeline(&rest(&server), &request), &[]);
    assert_eq!(answers, ["200 "], "a hundred are made");
    let request = format!("{{ url = \"{}\", again = 100 }}", server.url("/rest/"));
    let plugin = project.outcome(&pipeline(&rest(&server), &request));
    assert_eq!(plugin["outcome"], "too-much-output", "{plugin:#}");
    let words = plugin["fault"]["message"].as_str().expect("words");
    assert!(words.contains("100 requests"), "{words}");
    assert_eq!(server.received().len(), 200, "the one above is not made");
}

#[test]
fn an_answer_above_the_cap_ends_the_call_and_is_no_shorter_one() {
    let runtime = runtime();
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let server = runtime.block_on(Server::new([Reply::Flood(head, vec![b'x'; 1 << 16])]));
    let project = Project::new();
    let request = format!("{{ url = \"{}\" }}", server.url("/rest/"));
    let plugin = project.outcome(&pipeline(&rest(&server), &request));
    assert_eq!(plugin["outcome"], "too-much-output", "{plugin:#}");
    let words = plugin["fault"]["message"].as_str().expect("words");
    assert!(words.contains("one response"), "{words}");
}

#[test]
fn who_never_answers_costs_no_more_than_the_time_of_the_call() {
    let runtime = runtime();
    let silent = runtime.block_on(Server::new([Reply::Silence]));
    let dripping = runtime.block_on(Server::new([Reply::Drip(
        b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".to_vec(),
    )]));
    for server in [&silent, &dripping] {
        let project = Project::new();
        let request = format!("{{ url = \"{}\" }}", server.url("/rest/"));
        let grants = format!("{}\nlimits.timeout = \"500ms\"", rest(server));
        let plugin = project.outcome(&pipeline(&grants, &request));
        assert_eq!(plugin["outcome"], "timed-out", "{plugin:#}");
        let time = plugin["duration_ms"].as_u64().expect("a time");
        assert!(time < 5_000, "{time}");
    }
}

#[test]
fn a_grant_that_makes_no_sense_is_refused_where_it_stands() {
    let project = Project::new();
    let http = "grants.http = [{ methods = [\"GET\"], url = \"https://example.net/\" }]\n";
    let cases = [
        (
            "grants.http = [{ methods = [], url = \"https://example.net/\" }]",
            "name the methods",
        ),
        (
            "grants.http = [{ methods = [\"PUT\"], url = \"https://example.net/\" }]",
            "planned by an action",
        ),
        (
            "grants.http = [{ methods = [\"POST\"], url = \"https://example.net/\" }]",
            "read-only-post = true",
        ),
        (
            "grants.http = [{ methods = [\"GET\"], url = \"http://example.net/\" }]",
            "without TLS",
        ),
        (
            "grants.http = [{ methods = [\"GET\"], url = \"https://*/\" }]",
            "stands at the beginning of a host",
        ),
        (
            "grants.http = [{ methods = [\"GET\"], url = \"https://*.net/\" }]",
            "stands at the beginning of a host",
        ),
        (
            "grants.http = [{ methods = [\"GET\"], url = \"https://a.*.net/\" }]",
            "stands at the beginning of a host",
        ),
        (
            "grants.http = [{ methods = [\"GET\"], url = \"https://example.net/?a=b\" }]",
            "a grant has no query",
        ),
        (
            "grants.http = [{ methods = [\"GET\"], url = \"https://me@example.net/\" }]",
            "user name",
        ),
        (
            "grants.http = [{ methods = [\"GET\"], url = \"https://example.net/..;/\" }]",
            "begins with `.;`",
        ),
        (
            "grants.secrets.a = { env = \"A\", for = \"https://example.net\" }",
            "could never be sent",
        ),
        (
            &format!(
                "{http}grants.secrets.a = {{ env = \"A\", for = \"https://example.net/path\" }}"
            ),
            "one server with TLS and no path",
        ),
        (
            &format!("{http}grants.secrets.a = {{ env = \"A\", for = \"http://example.net\" }}"),
            "one server with TLS and no path",
        ),
        (
            &format!("{http}grants.secrets.a = {{ for = \"https://example.net\" }}"),
            "exactly one of `env`, `file` and `command`",
        ),
        (
            &format!(
                "{http}grants.secrets.a = {{ env = \"A\", for = \"https://example.net\", basic = \"me\", prefix = \"x\" }}"
            ),
            "leave out `header` and `prefix`",
        ),
        (
            &format!(
                "{http}grants.secrets.a = {{ env = \"A\", for = \"https://example.net\", header = \"host\" }}"
            ),
            "is the host's own to set",
        ),
    ];
    for (grants, expected) in cases {
        let error = project
            .ran(&pipeline(grants, ""), &[])
            .expect_code(2)
            .json()["error"]
            .clone();
        let said = format!("{} {}", error["message"], error["causes"]);
        assert!(said.contains(expected), "{grants}: {error:#}");
    }
}

proptest! {
    /// Whatever is put together of what servers read in different ways: what a grant allows lies
    /// below its path, on its server, and no part of it leads anywhere else.
    #[test]
    fn what_a_grant_allows_lies_below_it(
        host in proptest::sample::select(vec![
            "api.example.net", "API.example.net", "api.example.net.evil.net", "evil.net",
            "example.net", "api.example.net:443", "api.example.net:444", "a@api.example.net",
        ]),
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "a", "rest", "b", ".", "..", "..;", "..;x", ".;", "%2e%2e", "%252e%252e", "%2f", "\\",
            "%3b", "", "?", "#", "%", "..%00", "é",
        ]), 0..6),
    ) {
        let prefix = UrlPrefix::new("https://api.example.net/rest/").expect("a prefix");
        let text = format!("https://{host}/rest/{}", parts.join("/"));
        let Ok(url) = HttpUrl::new(&text) else { return Ok(()) };
        if prefix.allows(&url) {
            prop_assert_eq!(url.origin(), "https://api.example.net");
            prop_assert!(url.path().starts_with("/rest/"), "{text}");
            for part in url.path().split('/') {
                let name = part.split(';').next().unwrap_or_default();
                prop_assert!(!matches!(name, "." | ".."), "{text}");
                prop_assert!(!part.contains("%2e") && !part.contains("%25"), "{text}");
            }
        }
    }
}
