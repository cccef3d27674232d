mod answers;
mod asked;
mod bounds;
mod fold;

use holdpoint_sdk::{Fault, HttpResponse, Reading, Release, ReleaseBuilder, Verify as _};
use serde_json::{Value, json};

use crate::{Check, Prometheus, Settings, query};

/// The time of a release that a test makes.
const NOW: i64 = 1_700_000_000;

const BASE: &str = "https://metrics.example.net/prometheus/";

fn settings(checks: &Value) -> Settings {
    serde_json::from_value(json!({"url": BASE, "checks": checks})).expect("settings")
}

fn check(check: &Value) -> Check {
    settings(&json!([check])).checks.remove(0)
}

/// A check of this query, with more keys.
fn of(query: &str, more: Value) -> Value {
    let mut check = json!({"name": query, "query": query});
    if let (Value::Object(check), Value::Object(more)) = (&mut check, more) {
        check.extend(more);
    }
    check
}

/// A release whose Prometheus answers each check with a body.
fn answering(settings: &Settings, answers: &[(u16, String)]) -> Release {
    let checks = settings.checks().expect("checks");
    let mut builder: ReleaseBuilder = Release::builder();
    for ((check, window), (status, body)) in checks.into_iter().zip(answers) {
        let url = query::request(&settings.url, check, window, NOW).url;
        let response = HttpResponse {
            status: *status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        };
        builder = builder.answer(&url, response);
    }
    builder.build()
}

fn measure(checks: &Value, answers: &[(u16, String)]) -> Result<Reading, Fault> {
    let settings = settings(checks);
    Prometheus::measure(&answering(&settings, answers), &settings, 1)
}

fn success(result_type: &str, result: &Value) -> (u16, String) {
    let data = json!({"resultType": result_type, "result": result});
    (200, json!({"status": "success", "data": data}).to_string())
}

/// An answer with a series for each value.
fn vector(values: &[&str]) -> (u16, String) {
    let series = values.iter().enumerate().map(|(number, value)| {
        let pod = format!("api-{number}");
        json!({"metric": {"__name__": "errors", "pod": pod}, "value": [NOW, value]})
    });
    success("vector", &series.collect())
}

/// An answer with one series, whose values are a minute apart and end now.
fn matrix(values: &[&str]) -> (u16, String) {
    let mut time = NOW - 60 * i64::try_from(values.len()).expect("few");
    let points = values.iter().map(|value| {
        time += 60;
        json!([time, value])
    });
    let points: Value = points.collect();
    success("matrix", &json!([{"metric": {}, "values": points}]))
}
