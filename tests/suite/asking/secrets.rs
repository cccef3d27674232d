//! Secrets that plugins use and never see.

use super::*;
use crate::canary;
use crate::loopback::{Certificate, Received};

/// Grants to ask a server behind TLS, with a secret for it.
pub fn secret(server: &Server, certificate: &Certificate, slot: &str) -> String {
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
        canary::assert_none(answers[0].as_bytes(), "the answer");
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
    canary::assert_none(ran.stdout.as_bytes(), "the report");
    canary::assert_none(ran.stderr.as_bytes(), "the log");
    assert_eq!(
        server.received()[0].header("authorization"),
        Some(format!("Bearer {CANARY}").as_str())
    );
    let status = project.context.holdpoint(
        project.repository.path(),
        ["status", "--plugin", "asker", "--format", "json"],
    );
    let status = status.expect_code(0);
    canary::assert_none(status.stdout.as_bytes(), "the transcript");
    assert!(
        status.stdout.contains("holdpoint-secret-"),
        "{}",
        status.stdout
    );
    let documents = canary::assert_none_below(project.context.path());
    assert!(documents > 0, "the store has the documents of a run");
}
