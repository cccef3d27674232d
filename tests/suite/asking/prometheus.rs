//! The standard plugin `prometheus`, held against a server that misbehaves, and against a real one.

mod server;

use super::*;
use crate::loopback::Received;
use server::Prometheus;

/// A pipeline that measures by these checks, each a TOML table, what a server says below a path.
fn pipeline(origin: &str, path: &str, more: &str, checks: &[&str]) -> String {
    format!(
        "[plugins.prometheus]\n{more}\n\
         grants.http = [{{ methods = [\"GET\"], url = \"{origin}{path}/api/v1/\", \
         addresses = [\"127.0.0.0/8\"] }}]\n\
         settings.url = \"{origin}{path}\"\nsettings.checks = [{}]\n\
         [[stages]]\nid = \"verify\"\nuse = [\"prometheus\"]\n",
        checks.join(", ")
    )
}

/// The report of a run, and what became of its only measurement.
fn measured(project: &Project, pipeline: &str, code: i32) -> (Value, Value) {
    let file = project.context.write("holdpoint.toml", pipeline);
    let mut command = project.context.command(project.repository.path());
    command
        .args(["run", "--format", "json", "--pipeline"])
        .arg(&file);
    let report = Ran::of(command.output()).expect_code(code).json();
    crate::schema::assert_fits("run.schema.json", &report);
    let call = report["stages"][0]["measured"][0]["calls"][0].clone();
    (report, call)
}

/// The time of the only measurement, in seconds.
fn time(report: &Value) -> i64 {
    let at = report["stages"][0]["measured"][0]["at"].as_str();
    let at: jiff::Timestamp = at.expect("a time").parse().expect("an instant");
    at.as_second()
}

/// An answer with these series.
fn vector(series: &str) -> String {
    format!(
        "{{\"status\":\"success\",\"data\":{{\"result\":[{series}],\"resultType\":\"vector\"}}}}"
    )
}

fn sample(pod: &str, value: &str) -> String {
    format!("{{\"metric\":{{\"pod\":\"{pod}\"}},\"value\":[1700000000.25,\"{value}\"]}}")
}

/// Bounds of the checks in this file.
const CHECK: &str = "{ name = \"errors\", query = \"errors\", failing-above = 5 }";

/// Measures once and holds what became of it against a health, the code of a fault or an outcome,
/// and against words about it.
#[track_caller]
fn expect(pipeline: &str, expected: &str, said: &str) {
    let code = match expected {
        "healthy" => 0,
        "degraded" | "failing" => 1,
        "inconclusive" => 4,
        _ => 3,
    };
    let (_, call) = measured(&Project::new(), pipeline, code);
    let (answer, fault) = (&call["answer"], &call["fault"]);
    let (found, words) = match call["outcome"].as_str().expect("an outcome") {
        "answered" => (&answer["health"], &answer["reason"]),
        "fault" => (&fault["code"], &fault["message"]),
        _ => (&call["outcome"], &fault["message"]),
    };
    assert_eq!(found, expected, "{said}: {call:#}");
    let words = words.as_str().expect("words");
    assert!(words.contains(said), "{said}: {call:#}");
    if call["outcome"] == "fault" {
        assert_eq!(fault["retry"], expected == "unavailable", "{call:#}");
    }
}

#[test]
fn the_worst_series_counts_and_nothing_is_healthy_without_a_number() {
    let runtime = runtime();
    let crowd: Vec<String> = (0..15_000)
        .map(|number| sample(&number.to_string(), if number == 9_999 { "6" } else { "5" }))
        .collect();
    for (series, expected, said) in [
        (sample("a", "1"), "healthy", "is within its bounds"),
        (String::new(), "inconclusive", "there is no data"),
        (sample("a", "NaN"), "inconclusive", "no number in {pod"),
        (sample("a", "+Inf"), "failing", "+Inf is above 5 in {pod"),
        (sample("a", "-Inf"), "inconclusive", "-Inf is no number"),
        (
            crowd.join(","),
            "failing",
            "{pod=\"9999\"}, the worst of 15",
        ),
    ] {
        let reply = Reply::with(200, "", &vector(&series));
        let server = runtime.block_on(Server::new([reply]));
        expect(&pipeline(&server.url(""), "", "", &[CHECK]), expected, said);
    }
}

#[test]
fn a_server_that_misbehaves_is_a_fault_with_its_words() {
    let runtime = runtime();
    let says = |body: &str| Reply::with(200, "", body);
    let bad_data = "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"1:4: parse\"}";
    let late = "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"too long\"}";
    let login = Reply::with(302, "location: /login\r\n", "");
    let good = vector(&sample("a", "1"));
    let length = good.len();
    let cut = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    let cut = Reply::Raw([cut.as_bytes(), &good.as_bytes()[1..]].concat());
    let colours = good.replace("vector", "\\u001b[31m");
    let many = format!("{},", sample("a", "1")).repeat(1_000).into_bytes();
    let head = b"HTTP/1.1 200 OK\r\n\r\n{\"status\":\"success\",\"data\":{\"result\":[".to_vec();
    let short = "limits.timeout = \"500ms\"";
    for (reply, limits, expected, said) in [
        (Reply::Close, "", "unavailable", "errors: "),
        (cut, "", "unavailable", "errors: "),
        (
            Reply::with(503, "", late),
            "",
            "unavailable",
            "timeout: too",
        ),
        (
            Reply::with(502, "", "<html>"),
            "",
            "unavailable",
            "status 502",
        ),
        (
            Reply::with(400, "", bad_data),
            "",
            "settings",
            "bad_data: 1:4",
        ),
        (Reply::with(404, "", "404"), "", "settings", "without `/api"),
        (login, "", "missing", "redirects are not followed"),
        (says("<html>"), "", "malformed", "not one that Prometheus"),
        (
            says(&good[..length - 1]),
            "",
            "malformed",
            "EOF while parsing",
        ),
        (says(&"[".repeat(1 << 19)), "", "malformed", "not one that"),
        (
            says(&vector(&sample("a", "x"))),
            "",
            "malformed",
            "number: `x`",
        ),
        (
            says(&good.replace("vector", "matrix")),
            "",
            "settings",
            "rate(",
        ),
        (
            says(&colours),
            "",
            "malformed",
            "`\u{1b}[31m`, which was not",
        ),
        (
            Reply::Flood(head, many),
            "",
            "too-much-output",
            "one response",
        ),
        (Reply::Silence, short, "timed-out", "timed out"),
    ] {
        let server = runtime.block_on(Server::new([reply]));
        let text = pipeline(&server.url(""), "", limits, &[CHECK]);
        expect(&text, expected, said);
        assert_eq!(server.received().len(), 1, "{said}");
    }
}

#[test]
fn queries_are_asked_by_get_for_the_time_of_the_measurement() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(|_, received: &Received| {
        let body = if received.head.contains("query_range") {
            let values = "\"values\":[[1700000000,\"9\"]]";
            vector(&sample("a", "1"))
                .replace("vector", "matrix")
                .replace("\"value\":[1700000000.25,\"1\"]", values)
        } else {
            vector(&sample("a", "1"))
        };
        Reply::with(200, "", &body)
    }));
    let project = Project::new();
    let checks = [
        "{ name = \"now\", query = 'a{b=~\"c+|d\"} & é', failing-above = 5 }",
        "{ name = \"then\", query = \"a % 2\", over = \"10m\", step = \"15s\", failing-below = 5 }",
    ];
    let text = pipeline(&server.url(""), "/prometheus", "", &checks);
    let (report, call) = measured(&project, &text, 4);
    let end = time(&report);
    // What was well years ago is not well for that.
    let gone = "then is inconclusive: there was data, and is none any more";
    assert_eq!(call["answer"]["reason"], gone, "{call:#}");
    let heads: Vec<String> = server
        .received()
        .iter()
        .map(|received| received.head.lines().next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        heads,
        [
            format!(
                "GET /prometheus/api/v1/query?query=a%7Bb%3D~%22c%2B%7Cd%22%7D%20%26%20%C3%A9\
                 &time={end}&timeout=15s HTTP/1.1"
            ),
            format!(
                "GET /prometheus/api/v1/query_range?query=a%20%25%202&start={}&end={end}&step=15\
                 &timeout=15s HTTP/1.1",
                end - 600
            ),
        ]
    );
}

#[test]
fn warnings_are_logged_and_a_flood_of_them_ends_nothing() {
    let runtime = runtime();
    let warning = "\"a part of the data could not be read\"";
    let warnings = vec![warning; 20_000].join(",");
    let good = vector(&sample("a", "1"));
    let body = format!("{},\"warnings\":[{warnings}]}}", &good[..good.len() - 1]);
    let server = runtime.block_on(Server::new([Reply::with(200, "", &body)]));
    let project = Project::new();
    let text = pipeline(&server.url(""), "", "", &[CHECK]);
    let (report, call) = measured(&project, &text, 0);
    assert_eq!(call["answer"]["health"], "healthy", "{call:#}");
    let run = report["run"].as_str().expect("a run");
    let status = ["status", run, "--plugin", "prometheus", "--format", "json"];
    let transcript = project.context.holdpoint(project.repository.path(), status);
    let transcript = transcript.expect_code(0).json();
    let log = transcript["log"].as_array().expect("a log");
    assert_eq!(log.len(), 100);
    assert_eq!(log[0]["level"], "warn");
    assert_eq!(
        log[0]["text"],
        "errors: a part of the data could not be read"
    );
}

#[test]
fn what_is_not_granted_is_not_asked() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(200)]));
    let project = Project::new();
    let text = pipeline(&server.url(""), "/prometheus", "", &[CHECK]);
    let text = text.replace("/prometheus/api/v1/", "/elsewhere/api/v1/");
    let (_, call) = measured(&project, &text, 3);
    assert_eq!(call["fault"]["code"], "settings", "{call:#}");
    let words = call["fault"]["message"].as_str().expect("words");
    assert!(words.contains("is not granted"), "{words}");
    assert!(server.received().is_empty());
}

#[test]
fn the_report_says_why_for_people_too() {
    let runtime = runtime();
    for (body, code, said) in [
        (
            vector(&sample("a", "6")),
            1,
            "errors is failing: 6 is above 5 in {pod=\"a\"}",
        ),
        (
            "<html>".to_owned(),
            3,
            "the answer is not one that Prometheus gives",
        ),
    ] {
        let server = runtime.block_on(Server::new([Reply::with(200, "", &body)]));
        let project = Project::new();
        let text = pipeline(&server.url(""), "", "", &[CHECK]);
        let file = project.context.write("holdpoint.toml", text);
        let mut command = project.context.command(project.repository.path());
        command.args(["run", "--pipeline"]).arg(&file);
        let ran = Ran::of(command.output()).expect_code(code);
        let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(said), "{}", ran.stdout);
    }
}

#[test]
fn a_real_server_is_measured() {
    let server = Prometheus::start();
    let origin = server.origin();
    let address = origin.trim_start_matches("http://");
    let itself = format!("1 is above 0.5 in up{{instance=\"{address}\", job=\"self\"}}");
    for (query, more, expected, said) in [
        (
            "up{job=~\"self|o.+\"} * 100 % 101",
            "failing-below = 100",
            "healthy",
            "within",
        ),
        ("up", "failing-above = 0.5", "failing", itself.as_str()),
        (
            "up{handler=\"/none\"}",
            "failing-above = 0",
            "inconclusive",
            "no data",
        ),
        (
            "vector(0) / 0",
            "failing-above = 0",
            "inconclusive",
            "no number",
        ),
        (
            "vector(1) / 0",
            "degraded-above = 9",
            "degraded",
            "+Inf is above 9",
        ),
        (
            "scalar(vector(7))",
            "failing-above = 6",
            "failing",
            "7 is above 6",
        ),
        ("up{", "failing-above = 0", "settings", "bad_data: "),
        ("up[1m]", "failing-above = 0", "settings", "selects a range"),
        ("\"up\"", "failing-above = 0", "settings", "gives a text"),
        (
            "up",
            "over = \"1m\", step = \"1s\", reduce = \"last\", failing-below = 1",
            "healthy",
            "within its bounds",
        ),
        (
            "absent(up)",
            "over = \"30m\", failing-above = 5",
            "inconclusive",
            "there was data, and is none any more",
        ),
    ] {
        let check = format!("{{ name = \"self\", query = '{query}', {more} }}");
        expect(&pipeline(&origin, "", "", &[&check]), expected, said);
    }
    // The window ends at the time of the measurement, and begins `over` before it.
    let checks = ["max", "min", "avg", "last"].map(|reduce| {
        format!(
            "{{ name = \"{reduce}\", query = \"time()\", over = \"1m\", reduce = \"{reduce}\", \
             failing-below = 1 }}"
        )
    });
    let checks: Vec<&str> = checks.iter().map(String::as_str).collect();
    let project = Project::new();
    let (report, call) = measured(&project, &pipeline(&origin, "", "", &checks), 0);
    let end = time(&report);
    let values: Vec<f64> = call["answer"]["measures"]
        .as_array()
        .expect("measures")
        .iter()
        .map(|measure| measure["value"].as_f64().expect("a value"))
        .collect();
    let expected = [end, end - 60, end - 30, end].map(|time| {
        let time = i32::try_from(time).expect("a time before 2038");
        f64::from(time)
    });
    assert_eq!(values, expected);
}
