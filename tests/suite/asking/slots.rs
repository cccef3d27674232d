//! Secrets in the query and in the body of requests: where the operator says so, and nowhere else.

use super::*;
use crate::canary;
use crate::loopback::{Certificate, Received};

/// A secret that has to be written in another way in a query and in JSON.
const ODD: &str = "odd \"secret\" & more=+%é\\";

/// Grants to ask a server with `POST`, with a secret for it.
fn grants(server: &Server, certificate: &Certificate, slot: &str) -> String {
    super::secrets::secret(server, certificate, slot).replace(
        "methods = [\"GET\"]",
        "read-only-post = true, methods = [\"GET\", \"POST\"]",
    )
}

/// Answers with all that came.
fn echo(_: usize, received: &Received) -> Reply {
    let line = received.head.lines().next().unwrap_or_default();
    Reply::with(200, "", &format!("{line} {}", received.body))
}

fn asked() -> (tokio::runtime::Runtime, Project, Certificate, Server) {
    let runtime = runtime();
    let project = Project::new();
    let certificate = Certificate::new(&project.context, "IP:127.0.0.1");
    let server = runtime.block_on(Server::tls_asking(&certificate, echo));
    (runtime, project, certificate, server)
}

fn query(server: &Server, target: &str) -> String {
    let address = server.address;
    format!("{{ url = \"https://{address}{target}\", secret = \"token\" }}")
}

fn body(server: &Server, media_type: &str, body: &str) -> String {
    format!(
        "{{ url = \"https://{}/\", method = \"POST\", secret = \"token\", header = \"content-type\", \
         value = \"{media_type}\", body = '''{body}''' }}",
        server.address
    )
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn a_secret_is_put_into_the_query_and_into_the_body_as_it_is_written_there() {
    let (_runtime, project, certificate, server) = asked();
    let encoded = "odd%20%22secret%22%20%26%20more%3D%2B%25%C3%A9%5C";
    let escaped = "odd \\\"secret\\\" & more=+%é\\\\";
    let cases = [
        (
            ", query = \"api key\"",
            query(&server, "/a?x=1&api%20key=SECRET&y=2"),
            format!("GET /a?x=1&api%20key={encoded}&y=2 HTTP/1.1 "),
        ),
        (
            ", body = \"token\"",
            body(&server, FORM, "a=1&token=SECRET"),
            format!("POST / HTTP/1.1 a=1&token={encoded}"),
        ),
        (
            ", body = \"/auth/token\"",
            body(
                &server,
                "application/vnd.api+json; charset=utf-8",
                "{\"auth\":{ \"token\": \"SECRET\"}, \"number\": 1.50}",
            ),
            format!("POST / HTTP/1.1 {{\"auth\":{{ \"token\": \"{escaped}\"}}, \"number\": 1.50}}"),
        ),
    ];
    for (number, (slot, request, came)) in cases.into_iter().enumerate() {
        let text = pipeline(&grants(&server, &certificate, slot), &request);
        let answers = project.answers(&text, &[("TOKEN", ODD)]);
        let received = &server.received()[number];
        let line = received.head.lines().next().expect("a line");
        assert_eq!(format!("{line} {}", received.body), came);
        // Of what the server repeats nothing is left.
        assert!(answers[0].contains("holdpoint-secret-"), "{answers:?}");
        for form in [ODD, encoded, escaped] {
            assert!(!answers[0].contains(form), "{answers:?}");
        }
    }
}

#[test]
fn a_secret_of_the_query_or_the_body_goes_nowhere_else() {
    let (_runtime, project, certificate, server) = asked();
    let refused = |slot: &str, requests: &[String], words: &str| {
        let text = pipeline(&grants(&server, &certificate, slot), &requests.join(", "));
        for answer in project.answers(&text, &[("TOKEN", CANARY)]) {
            assert!(answer.contains(words), "{slot}: {answer}");
        }
        assert!(server.received().is_empty(), "{slot}");
    };
    refused(
        ", query = \"key\"",
        &[
            query(&server, "/?other=SECRET"),
            query(&server, "/SECRET?key=1"),
            query(&server, "/key=SECRET"),
            query(&server, "/?key=a-SECRET"),
            query(&server, "/?key=SECRET&key=SECRET"),
            query(&server, "/?key=SECRET&other=SECRET"),
            body(&server, FORM, "key=SECRET"),
            query(&server, "/?key=1").replace(
                "secret = \"token\"",
                "secret = \"token\", header = \"authorization\", value = \"SECRET\"",
            ),
        ],
        "is sent as `key` of the query to https://127.0.0.1",
    );
    refused(
        ", body = \"token\"",
        &[
            body(&server, FORM, "other=SECRET"),
            body(&server, FORM, "token=SECRET&other=SECRET"),
            body(&server, "text/plain", "token=SECRET"),
            body(&server, "application/json", "{\"a\":\"&token=SECRET&\"}"),
            query(&server, "/?token=SECRET"),
        ],
        "is sent as the field `token` of a body of application/x-www-form-urlencoded to",
    );
    // In one of these a text that only reads as the placeholder stands where the secret should, and
    // the placeholder elsewhere.
    refused(
        ", body = \"/auth\"",
        &[
            body(&server, "application/json", "{\"other\":\"SECRET\"}"),
            body(&server, "application/json", "{\"auth\":\"SECRET \"}"),
            body(&server, "application/json", "{\"SECRET\":\"auth\"}"),
            body(
                &server,
                "application/json",
                "{\"auth\":\"SECRET\",\"b\":\"SECRET\"}",
            ),
            body(&server, "application/json", "{\"auth\":\"SECRET\""),
            body(
                &server,
                "application/json",
                "{\"comment\":\"SECRET\",\"auth\":\"ESCAPED\"}",
            ),
            body(&server, FORM, "auth=SECRET"),
        ],
        "is sent at `/auth` of a body of application/json to https://127.0.0.1",
    );
}

#[test]
fn a_secret_of_the_query_or_the_body_is_in_nothing_that_the_host_wrote() {
    let (_runtime, project, certificate, server) = asked();
    for (slot, request) in [
        (", query = \"key\"", query(&server, "/a?key=SECRET")),
        (
            ", body = \"/token\"",
            body(&server, "application/json", "{\"token\":\"SECRET\"}"),
        ),
    ] {
        let text = pipeline(&grants(&server, &certificate, slot), &request);
        let file = project.context.write("holdpoint.toml", text);
        let mut command = project.context.command(project.repository.path());
        command
            .args(["run", "-vv", "--format", "json", "--pipeline"])
            .arg(&file)
            .env("TOKEN", CANARY);
        let ran = Ran::of(command.output()).expect_code(0);
        canary::assert_none(ran.stdout.as_bytes(), "the report");
        canary::assert_none(ran.stderr.as_bytes(), "the log");
        crate::schema::assert_fits("run.schema.json", &ran.json());
    }
    let received = server.received();
    assert!(received[0].head.contains(CANARY) && received[1].body.contains(CANARY));
    canary::assert_none_below(project.context.path());
}

#[test]
fn what_is_wrong_with_a_slot_is_said() {
    let (_runtime, project, certificate, server) = asked();
    for (slot, expected) in [
        (
            ", query = \"key\", body = \"key\"",
            "a secret stands in one place",
        ),
        (
            ", query = \"key\", header = \"x-key\"",
            "a secret stands in one place",
        ),
        (
            ", body = \"key\", basic = \"robot\"",
            "a secret stands in one place",
        ),
        (", query = \"\"", "the name of a parameter or field"),
        (", body = \"/a~2\"", "a JSON Pointer"),
    ] {
        let text = pipeline(&grants(&server, &certificate, slot), "");
        let ran = project.ran(&text, &[("TOKEN", CANARY)]).expect_code(2);
        let error = ran.json()["error"].clone();
        let said = error["message"].as_str().expect("words");
        assert!(said.contains(expected), "{said}");
    }
    for (slot, expected) in [
        (", query = \"key\"", "as `key` of the query."),
        (", body = \"/a/b\"", "as `/a/b` of the body."),
    ] {
        let text = pipeline(&grants(&server, &certificate, slot), "");
        let file = project.context.write("holdpoint.toml", text);
        let mut check = project.context.command(project.repository.path());
        check.args(["check", "--pipeline"]).arg(&file);
        let page = Ran::of(check.output()).expect_code(0).stdout;
        assert!(page.contains(expected), "{page}");
    }
}
