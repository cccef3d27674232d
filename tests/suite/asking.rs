//! Plugins that ask other systems: what they are granted, and nothing else, with secrets that they
//! never see.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::context::{Context, Ran, Repository};
use crate::hostile::program;
use crate::loopback::{Certificate, Received, Reply, Server};

/// A secret that is looked for wherever it could have been written.
const CANARY: &str = "canary-5f2c8e1b9d7a4036";

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

/// Grants to ask a server behind TLS, with a secret for it.
fn secret(server: &Server, certificate: &Certificate, slot: &str) -> String {
    format!(
        "grants.http = [{{ methods = [\"GET\"], url = \"https://{address}/\", addresses = [\"127.0.0.0/8\"] }}]\n\
         grants.ca = \"{}\"\n\
         grants.secrets.token = {{ env = \"TOKEN\", for = \"https://{address}\"{slot} }}",
        certificate.authority.display(),
        address = server.address,
    )
}

/// Answers with the headers and the body that came.
fn echo(_: usize, received: &Received) -> Reply {
    let authorization = received.header("authorization").unwrap_or_default();
    let key = received.header("x-key").unwrap_or_default();
    let headers = format!("x-echo: {authorization}{key}\r\n");
    Reply::with(200, &headers, &format!("you sent {authorization}{key}"))
}

#[test]
fn a_secret_is_sent_where_the_operator_says_and_its_plugin_never_sees_it() {
    let runtime = runtime();
    let project = Project::new();
    let certificate = Certificate::new(&project.context, "IP:127.0.0.1");
    let server = runtime.block_on(Server::tls_asking(&certificate, echo));
    let basic = format!(
        "Basic {}",
        base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            format!("robot:{CANARY}")
        )
    );
    let cases = [
        ("", "authorization", "SECRET", format!("Bearer {CANARY}")),
        (
            "",
            "Authorization",
            "Bearer SECRET",
            format!("Bearer {CANARY}"),
        ),
        (", header = \"x-key\"", "X-Key", "SECRET", CANARY.to_owned()),
        (
            ", prefix = \"token \"",
            "authorization",
            "SECRET",
            format!("token {CANARY}"),
        ),
        (", basic = \"robot\"", "authorization", "SECRET", basic),
    ];
    for (number, (slot, header, value, sent)) in cases.into_iter().enumerate() {
        let request = format!(
            "{{ url = \"https://{}/\", secret = \"token\", header = \"{header}\", value = \"{value}\" }}",
            server.address
        );
        let grants = secret(&server, &certificate, slot);
        let answers = project.answers(&pipeline(&grants, &request), &[("TOKEN", CANARY)]);
        let received = server.received();
        let came = received[number]
            .header(&header.to_ascii_lowercase())
            .expect("the header");
        assert_eq!(came, sent, "{slot}");
        assert!(answers[0].starts_with("200 x-echo="), "{answers:?}");
        assert!(answers[0].contains("holdpoint-secret-"), "{answers:?}");
        assert_no_canary(answers[0].as_bytes(), "the answer");
    }
}

#[test]
fn a_secret_goes_nowhere_else() {
    let runtime = runtime();
    let project = Project::new();
    let certificate = Certificate::new(&project.context, "IP:127.0.0.1");
    let server = runtime.block_on(Server::tls_asking(&certificate, echo));
    let other = runtime.block_on(Server::tls_asking(&certificate, echo));
    let grants = format!(
        "grants.http = [{{ methods = [\"GET\"], url = \"https://{}/\", addresses = [\"127.0.0.0/8\"] }}, \
         {{ methods = [\"GET\"], url = \"https://{}/\", addresses = [\"127.0.0.0/8\"] }}]\n{}",
        server.address,
        other.address,
        secret(&server, &certificate, "")
            .lines()
            .skip(1)
            .collect::<Vec<_>>()
            .join("\n")
    );
    let ask = |address, more: &str| {
        format!("{{ url = \"https://{address}/\", secret = \"token\", {more} }}")
    };
    let slot = "header = \"authorization\", value = \"SECRET\"";
    let requests = [
        ask(other.address, slot),
        ask(server.address, "header = \"x-other\", value = \"SECRET\""),
        ask(
            server.address,
            "header = \"authorization\", value = \"SECRET and more\"",
        ),
        ask(server.address, "body = \"SECRET\""),
        format!(
            "{{ url = \"https://{}/?key=SECRET\", secret = \"token\" }}",
            server.address
        ),
    ];
    let answers = project.answers(
        &pipeline(&grants, &requests.join(", ")),
        &[("TOKEN", CANARY)],
    );
    for answer in &answers {
        assert!(
            answer.contains("is sent in the header `authorization` to https://127.0.0.1"),
            "{answer}"
        );
    }
    assert!(server.received().is_empty() && other.received().is_empty());
    // What is not granted by name is not there.
    let request = format!(
        "{{ url = \"https://{}/\", secret = \"other\" }}",
        server.address
    );
    let answers = project.answers(&pipeline(&grants, &request), &[("TOKEN", CANARY)]);
    assert_eq!(answers, ["no such secret"]);
}

#[test]
fn a_secret_that_is_missing_short_or_not_a_line_is_refused_before_anything_runs() {
    let runtime = runtime();
    let project = Project::new();
    let certificate = Certificate::new(&project.context, "IP:127.0.0.1");
    let server = runtime.block_on(Server::tls_asking(&certificate, echo));
    let text = pipeline(&secret(&server, &certificate, ""), "");
    for (value, expected) in [
        (
            "",
            "`secrets.token` of plugin `asker` is read from the variable `TOKEN`",
        ),
        ("fifteen-bytes-x", "has fewer than 16 bytes"),
        ("two-lines-of-text\nand more", "is not one line of text"),
    ] {
        let error = project
            .ran(&text, &[("TOKEN", value)])
            .expect_code(2)
            .json()["error"]
            .clone();
        let said = format!("{} {}", error["message"], error["causes"]);
        assert!(said.contains(expected), "{error:#}");
        assert!(
            value.is_empty() || !error.to_string().contains(value),
            "{error:#}"
        );
    }
    // What only explains reads no secret.
    let file = project.context.write("holdpoint.toml", &text);
    let file = file.to_str().expect("a path");
    let arguments = ["check", "--pipeline", file];
    let page = project
        .context
        .holdpoint(project.repository.path(), arguments)
        .expect_code(0)
        .stdout;
    let address = server.address;
    for expected in [
        format!("May ask: GET https://{address}/ at 127.0.0.0/8."),
        format!("May use and never sees: token, sent to https://{address} in `authorization`."),
    ] {
        assert!(page.contains(&expected), "{page}");
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
            "exactly one of `env` and `file`",
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

/// The forms in which a secret could stand in what was written.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD;
    let mut forms = vec![secret.as_bytes().to_vec()];
    let digits = secret.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex: String = digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect();
    forms.push(hex.clone().into_bytes());
    forms.push(hex.to_uppercase().into_bytes());
    forms.push(secret.replace('-', "%2D").into_bytes());
    forms.push(secret.replace('-', "\\u002d").into_bytes());
    // What every text has that holds it, however many bytes stand before it.
    for before in 0..3 {
        let text = base64.encode([&vec![b'x'; before], secret.as_bytes()].concat());
        let end = text.len() - 2;
        forms.push(text.as_bytes()[before + usize::from(before > 0)..end].to_vec());
    }
    forms
}

#[track_caller]
fn assert_no_canary(bytes: &[u8], place: &str) {
    for form in forms(CANARY) {
        let is_there = bytes.windows(form.len()).any(|window| window == form);
        assert!(!is_there, "{place} has {}", String::from_utf8_lossy(&form));
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let metadata = fs::symlink_metadata(&path).expect("metadata");
        if metadata.is_dir() {
            found.extend(files(&path));
        } else if metadata.is_file() {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_secret_is_in_nothing_that_the_host_wrote() {
    let runtime = runtime();
    let project = Project::new();
    let certificate = Certificate::new(&project.context, "IP:127.0.0.1");
    let server = runtime.block_on(Server::tls_asking(&certificate, echo));
    let request = format!(
        "{{ url = \"https://{}/\", secret = \"token\", header = \"authorization\", value = \"SECRET\" }}",
        server.address
    );
    // A command sees the environment that the pipeline names, and writes down all of it.
    let text = format!(
        "{}\n[[stages]]\nid = \"deploy\"\nrun = [[\"sh\", \"-c\", \"env; cat /proc/self/cmdline\"]]\n",
        pipeline(&secret(&server, &certificate, ""), &request)
    );
    let file = project.context.write("holdpoint.toml", text);
    let mut command = project.context.command(project.repository.path());
    command
        .args([
            "run",
            "-vv",
            "--log-format",
            "json",
            "--format",
            "json",
            "--pipeline",
        ])
        .arg(&file)
        .env("TOKEN", CANARY);
    let ran = Ran::of(command.output()).expect_code(0);
    assert_no_canary(ran.stdout.as_bytes(), "the report");
    assert_no_canary(ran.stderr.as_bytes(), "the log");
    assert_eq!(
        server.received()[0].header("authorization"),
        Some(format!("Bearer {CANARY}").as_str())
    );
    let status = project.context.holdpoint(
        project.repository.path(),
        ["status", "--plugin", "asker", "--format", "json"],
    );
    let status = status.expect_code(0);
    assert_no_canary(status.stdout.as_bytes(), "the transcript");
    assert!(
        status.stdout.contains("holdpoint-secret-"),
        "{}",
        status.stdout
    );
    let written = files(project.context.path());
    assert!(
        written
            .iter()
            .any(|path| path.extension().is_some_and(|end| end == "sqlite")
                || path.to_string_lossy().contains("state"))
    );
    for path in written {
        assert_no_canary(
            &fs::read(&path).expect("a file"),
            &path.display().to_string(),
        );
    }
}

/// What a tracker answers for a ticket: only the first one is as it should be.
fn tracker(_: usize, received: &Received) -> Reply {
    let ticket = |status: &str, project: &str| {
        let body = format!("{{\"status\":\"{status}\",\"project\":\"{project}\"}}");
        Reply::with(200, "", &body)
    };
    let path = received.head.split(' ').nth(1).unwrap_or_default();
    match path {
        "/rest/PAY-1" => ticket("Done", "PAY"),
        "/rest/PAY-2" => ticket("Open", "PAY"),
        "/rest/PAY-3" => ticket("Done", "OPS"),
        _ => Reply::status(404),
    }
}

#[test]
fn every_rule_about_tickets_is_tripped_alone() {
    let runtime = runtime();
    for (message, rule) in [
        ("fix: round", "change-ticket/named"),
        ("fix: round PAY-2", "change-ticket/approved"),
        ("fix: round PAY-3", "change-ticket/project"),
        ("fix: round PAY-4", "change-ticket/known"),
    ] {
        let context = Context::new();
        let repository = context.repository("payments");
        repository.commit("feat: begin PAY-1");
        repository.commit(message);
        let project = Project {
            context,
            repository,
        };
        let certificate = Certificate::new(&project.context, "IP:127.0.0.1");
        let server = runtime.block_on(Server::tls_asking(&certificate, tracker));
        let text = format!(
            "[plugins.change-ticket]\n{}\nsettings.prefix = \"PAY-\"\n\
             settings.url = \"https://{}/rest/{{{{ticket}}}}\"\nsettings.status = \"/status\"\n\
             settings.approved = [\"Done\"]\nsettings.project = \"/project\"\n\
             settings.project-is = \"PAY\"\n\
             [[stages]]\nid = \"policy\"\nuse = [\"change-ticket\"]\n",
            secret(&server, &certificate, ""),
            server.address
        );
        let report = project.ran(&text, &[]).expect_code(1).json();
        let findings = report["stages"][0]["findings"].as_array();
        let rules: Vec<_> = findings
            .expect("findings")
            .iter()
            .map(|finding| finding["rule"].clone())
            .collect();
        assert_eq!(rules, [rule]);
        let sent = format!("Bearer {CANARY}");
        for request in server.received() {
            assert_eq!(request.header("authorization"), Some(sent.as_str()));
        }
    }
}

#[test]
fn the_standard_plugin_measures_whether_what_was_deployed_answers() {
    let runtime = runtime();
    // What does not answer as it should is undone.
    for (body, code) in [("version 0.1.0", 0), ("version 0.0.9", 5)] {
        let server = runtime.block_on(Server::new([Reply::with(200, "", body)]));
        let project = Project::new();
        let url = server.url("/health");
        let text = format!(
            "[plugins.http-health]\ngrants.http = [{{ methods = [\"GET\"], url = \"{url}\", \
             addresses = [\"127.0.0.0/8\"] }}]\n\
             settings.checks = [{{ url = \"{url}\", contains = \"version {{{{version}}}}\" }}]\n\
             [[stages]]\nid = \"deploy\"\nrun = [[\"true\"]]\nundo = [[\"true\"]]\n\
             [[stages]]\nid = \"verify\"\nuse = [\"http-health\"]\n"
        );
        let file = project.context.write("holdpoint.toml", text);
        let mut command = project.context.command(project.repository.path());
        command
            .args(["run", "--format", "json", "--pipeline"])
            .arg(&file);
        Ran::of(command.output()).expect_code(code);
        assert_eq!(server.received().len(), 1);
    }
}
