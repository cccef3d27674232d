use std::collections::BTreeMap;

use holdpoint_sdk::{FaultCode, Release, Verify as _};
use serde_json::json;

use super::{BASE, NOW, check, of, settings};
use crate::{Prometheus, query, words};

#[test]
fn settings_that_make_no_sense_are_a_fault() {
    let good = || of("q", json!({"failing-above": 1}));
    for (checks, said) in [
        (json!([]), "`checks` is empty"),
        (json!(vec![good(); 101]), "101 checks"),
        (json!([good(), good()]), "two checks have this name"),
        (json!([of(" ", json!({"failing-above": 1}))]), "no name"),
        (
            json!([{"name": "a", "query": " ", "failing-above": 1}]),
            "query is empty",
        ),
        (json!([of("q", json!({}))]), "no bound"),
        (
            json!([of("q", json!({"degraded-above": 2, "failing-above": 1}))]),
            "nothing would be degraded",
        ),
        (
            json!([of("q", json!({"degraded-below": 1, "failing-below": 2}))]),
            "nothing would be degraded",
        ),
        (
            json!([of("q", json!({"failing-above": 1, "failing-below": 2}))]),
            "there is none",
        ),
        (
            json!([of("q", json!({"failing-above": 1, "step": "1m"}))]),
            "need `over`",
        ),
        (
            json!([of("q", json!({"failing-above": 1, "reduce": "max"}))]),
            "need `over`",
        ),
        (
            json!([of(
                "q",
                json!({"failing-above": 1, "over": "1m", "step": "2m"})
            )]),
            "longer than `over`",
        ),
        (
            json!([of(
                "q",
                json!({"failing-above": 1, "over": "11000s", "step": "1s"})
            )]),
            "11000 steps",
        ),
        (
            json!([of("q", json!({"failing-above": 1, "over": "0m"}))]),
            "`over` has to be",
        ),
        (
            json!([of("q", json!({"failing-above": 1, "over": "m"}))]),
            "`over` has to be",
        ),
        (
            json!([of("q", json!({"failing-above": 1, "over": "5"}))]),
            "`over` has to be",
        ),
        (
            json!([of("q", json!({"failing-above": 1, "over": "5w"}))]),
            "`over` has to be",
        ),
        (
            json!([of(
                "q",
                json!({"failing-above": 1, "over": "106751991167301d"})
            )]),
            "`over` has to be",
        ),
    ] {
        let settings = settings(&checks);
        let fault = Prometheus::measure(&Release::builder().build(), &settings, 1);
        let fault = fault.expect_err("a fault");
        assert_eq!(fault.code, Some(FaultCode::Settings), "{}", fault.message);
        assert!(fault.message.contains(said), "{said}: {}", fault.message);
    }
    let mut with_query = settings(&json!([good()]));
    with_query.url += "?tenant=1";
    let fault = Prometheus::measure(&Release::builder().build(), &with_query, 1);
    assert!(
        fault
            .expect_err("a fault")
            .message
            .contains("`url` has a `?`")
    );
    let longest = settings(&json!([of(
        "q",
        json!({"failing-above": 1, "over": "10999s", "step": "1s"})
    )]));
    longest
        .checks()
        .expect("as many values as Prometheus gives");
}

#[test]
fn a_query_is_encoded_and_has_the_time_of_the_measurement() {
    let check = check(&of(
        "a{b=~\"c+|d&e\"} / 100 % é#",
        json!({"failing-above": 1}),
    ));
    let encoded = "a%7Bb%3D~%22c%2B%7Cd%26e%22%7D%20%2F%20100%20%25%20%C3%A9%23";
    let request = query::request(BASE, &check, None, NOW);
    assert_eq!(request.method, "GET");
    assert_eq!(
        request.url,
        format!(
            "https://metrics.example.net/prometheus/api/v1/query?query={encoded}&time=1700000000\
             &timeout=15s"
        )
    );
    let settings = settings(&json!([of("q", json!({"failing-above": 1, "over": "2h"}))]));
    let (check, window) = settings.checks().expect("checks")[0];
    assert_eq!(
        query::request("https://metrics.example.net", check, window, NOW).url,
        "https://metrics.example.net/api/v1/query_range?query=q&start=1699992800&end=1700000000\
         &step=120&timeout=15s"
    );
}

#[test]
fn what_is_told_is_short() {
    assert_eq!(words::shortened("häuser", 2), "hä…");
    assert_eq!(words::shortened("hä", 2), "hä");
    for (value, expected) in [
        (0.0, "0"),
        (-0.25, "-0.25"),
        (1e-7, "1e-7"),
        (1.5e300, "1.5e300"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
    ] {
        assert_eq!(words::number(value), expected);
    }
    let labels = |labels: &[(&str, &str)]| -> BTreeMap<String, String> {
        let labels = labels.iter();
        labels
            .map(|(label, value)| ((*label).to_owned(), (*value).to_owned()))
            .collect()
    };
    assert_eq!(words::series(&labels(&[])), "");
    assert_eq!(words::series(&labels(&[("__name__", "up")])), "up");
    assert_eq!(
        words::series(&labels(&[
            ("job", "a\"b\n"),
            ("__name__", "up"),
            ("x", "y")
        ])),
        "up{job=\"a\\\"b\\n\", x=\"y\"}"
    );
    let long = "x".repeat(1_000);
    let shown = words::series(&labels(&[("a", &long)]));
    assert_eq!(shown.chars().count(), 201);
}
