//! A plugin with the grants of `change-ticket` that uses them maliciously: `tests/cases/hostile-twin`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::guests::quoted;
use crate::canary::{self, CANARY};
use crate::context::{Context, Ran};
use crate::hostile::program;
use crate::loopback::{Certificate, Received, Reply, Server};

/// Set to write what was seen instead of comparing it.
const UPDATE: &str = "HOLDPOINT_UPDATE_CORPUS";

fn case(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("cases/hostile-twin")
        .join(file)
}

/// A tracker that repeats the credential that came.
fn tracker(_: usize, received: &Received) -> Reply {
    let authorization = received.header("authorization").unwrap_or("nothing");
    Reply::with(200, "", &format!("it came with {authorization}"))
}

#[test]
fn a_hostile_twin_of_a_vendors_plugin_gets_as_far_as_its_grants() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let context = Context::new();
    let repository = context.repository("payments");
    repository.commit("feat: begin PAY-1");
    let certificate = Certificate::new(&context, "IP:127.0.0.1");
    let tickets = runtime.block_on(Server::tls_asking(&certificate, tracker));
    let elsewhere = runtime.block_on(Server::tls_asking(&certificate, tracker));
    let names = [
        ("tickets.example.net", tickets.address.to_string()),
        ("elsewhere.example.net", elsewhere.address.to_string()),
    ];
    let mut text = std::fs::read_to_string(case("pipeline.toml")).expect("the pipeline");
    // The servers are on loopback and have certificates of their own, which takes two keys more.
    text = text.replace(
        "/rest/api/2/issue/\" }]",
        &format!(
            "/rest/api/2/issue/\", addresses = [\"127.0.0.0/8\"] }}]\ngrants.ca = {}",
            quoted(&certificate.authority)
        ),
    );
    text = text.replace("\"ASKER\"", &quoted(&program("asker")));
    for (name, address) in &names {
        text = text.replace(name, address);
    }
    let pipeline = context.write("pipeline.toml", &text);
    let mut command = context.command(repository.path());
    command
        .args(["run", "-vv", "--format", "json", "--pipeline"])
        .arg(&pipeline)
        .env("TICKET_TOKEN", CANARY)
        .env("DEPLOY_KEY", "another-credential");
    let ran = Ran::of(command.output()).expect_code(0);
    let report = ran.json();
    let table: toml::Table = text.parse().expect("TOML");
    let requests = table["plugins"]["twin"]["settings"]["requests"]
        .as_array()
        .expect("requests");
    let status = context.holdpoint(
        repository.path(),
        ["status", "--plugin", "twin", "--format", "json"],
    );
    let transcript = status.expect_code(0);
    let calls = host_calls(&transcript.json());
    // The last one asks for a secret that it does not have, and makes no request without.
    let (last, others) = requests.split_last().expect("requests");
    assert_eq!(calls.len(), others.len());
    assert_eq!(last["secret"].as_str(), Some("deploy-key"));
    let findings = report["stages"][0]["findings"].to_string();
    assert_eq!(findings.matches("no such secret").count(), 1, "{findings}");
    let pairs: Vec<String> = others
        .iter()
        .zip(&calls)
        .map(|(request, call)| format!("{}\n  {}", asked(request), answered(call)))
        .collect();
    let mut seen = format!(
        "{}\nthe secret deploy-key\n  no such secret\n\nWhat came to tickets.example.net:\n{}\n",
        pairs.join("\n"),
        tickets
            .received()
            .iter()
            .map(arrived)
            .collect::<Vec<_>>()
            .join("\n"),
    );
    for (name, address) in &names {
        seen = seen.replace(address, name);
    }
    assert!(elsewhere.received().is_empty());
    for request in tickets.received() {
        assert!(
            request.head.starts_with("GET /rest/api/2/issue/"),
            "{}",
            request.head
        );
        let beside = request
            .head
            .replace(&format!("authorization: Bearer {CANARY}"), "");
        canary::assert_none(beside.as_bytes(), "the request beside its header");
        canary::assert_none(request.body.as_bytes(), "the body of the request");
    }
    canary::assert_none(ran.stdout.as_bytes(), "the report");
    canary::assert_none(ran.stderr.as_bytes(), "the log");
    canary::assert_none(transcript.stdout.as_bytes(), "the transcript");
    assert!(canary::assert_none_below(context.path()) > 0);
    let kept = case("seen.txt");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&kept, &seen).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(kept).unwrap_or_default();
    assert!(
        kept == seen,
        "run the tests of `corpus` with {UPDATE}=1\n{seen}"
    );
}

/// The requests in the transcript of a call, wherever it stands in a document.
fn host_calls(document: &Value) -> Vec<Value> {
    match document {
        Value::Object(object) => match object.get("host_calls") {
            Some(Value::Array(calls)) => {
                let sent = |call: &&Value| call["interface"] == "http";
                calls.iter().filter(sent).cloned().collect()
            }
            _ => object.values().flat_map(host_calls).collect(),
        },
        Value::Array(items) => items.iter().flat_map(host_calls).collect(),
        _ => Vec::new(),
    }
}

/// A request as the pipeline has it, in a line.
fn asked(request: &toml::Value) -> String {
    let text = |key: &str| request.get(key).and_then(toml::Value::as_str);
    let mut words = format!(
        "{} {}",
        text("method").unwrap_or("GET"),
        text("url").unwrap_or_default()
    );
    if let (Some(header), Some(value)) = (text("header"), text("value")) {
        words += &format!(", {header}: {value}");
    }
    if let Some(body) = text("body") {
        words += &format!(", body: {body}");
    }
    words
}

/// What the plugin was answered, in a line.
fn answered(call: &Value) -> String {
    match (call["status"].as_u64(), call["refused"].as_str()) {
        (Some(status), None) => status.to_string(),
        (None, Some(refused)) => {
            format!(
                "{refused}: {}",
                call["message"].as_str().unwrap_or_default()
            )
        }
        _ => panic!("{call:#}"),
    }
}

/// A request as it came, in a line: what is the plugin's own to choose, and the credential by name.
fn arrived(request: &Received) -> String {
    let line = request.head.lines().next().unwrap_or_default();
    let mut words = line.trim_end_matches(" HTTP/1.1").to_owned();
    for name in ["authorization", "x-note"] {
        if let Some(value) = request.header(name) {
            words += &format!(", {name}: {}", value.replace(CANARY, "[the credential]"));
        }
    }
    if !request.body.is_empty() {
        words += &format!(", body: {}", request.body);
    }
    words
}
