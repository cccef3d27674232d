use std::cell::Cell;

use holdpoint_sdk::{FaultCode, HttpError, HttpRequest, HttpResponse};
use serde_json::json;

use super::{BASE, NOW, measure, of, settings, success, vector};
use crate::Asked;
use crate::judge::fold;

/// Holds what becomes of an answer to a query, now or over a time, against what is expected.
fn check_fault(is_range: bool, answer: (u16, String), code: FaultCode, said: &str) {
    let more = if is_range {
        json!({"failing-above": 1, "over": "5m"})
    } else {
        json!({"failing-above": 1})
    };
    let start: String = answer.1.chars().take(200).collect();
    let fault = measure(&json!([of("q", more)]), &[answer]).expect_err("a fault");
    assert_eq!(fault.code, Some(code), "{start}: {}", fault.message);
    assert_eq!(fault.retry, code == FaultCode::Unavailable, "{start}");
    assert!(fault.message.starts_with("q: "), "{}", fault.message);
    assert!(fault.message.contains(said), "{start}: {}", fault.message);
    assert!(fault.message.chars().count() < 800, "{}", fault.message);
}

#[test]
fn an_error_is_a_fault_with_words_of_the_server() {
    for (status, error_type, code, said) in [
        (400, "bad_data", FaultCode::Settings, "bad_data: parse er"),
        (422, "execution", FaultCode::Settings, "execution: parse"),
        (503, "timeout", FaultCode::Unavailable, "timeout: parse"),
        (200, "timeout", FaultCode::Unavailable, "timeout: parse"),
    ] {
        let words = "parse error: ".repeat(100);
        let body = json!({"status": "error", "errorType": error_type, "error": words});
        check_fault(false, (status, body.to_string()), code, said);
    }
    for (status, code, said) in [
        (502, FaultCode::Unavailable, "status 502"),
        (429, FaultCode::Unavailable, "status 429"),
        (401, FaultCode::Missing, "status 401"),
        (404, FaultCode::Settings, "without `/api/v1`"),
        (302, FaultCode::Missing, "redirects"),
        (204, FaultCode::Missing, "status 204"),
    ] {
        check_fault(false, (status, "<html>".to_owned()), code, said);
    }
}

#[test]
fn what_is_not_of_the_form_is_a_fault() {
    for (body, said) in [
        ("<html>", "not one that Prometheus gives"),
        ("", "not one that Prometheus gives"),
        ("[]", "not one that Prometheus gives"),
        ("{\"status\":\"success\"", "EOF"),
        ("{\"status\":\"success\"}", "no `data`"),
        (&"[".repeat(1 << 20), "not one that Prometheus gives"),
    ] {
        check_fault(false, (200, body.to_owned()), FaultCode::Malformed, said);
    }
}

#[test]
fn a_result_that_is_no_number_is_a_fault() {
    let long = "9".repeat(1 << 19) + "x";
    for (is_range, result_type, key, value, said) in [
        (false, "streams", "value", json!([NOW, "1"]), "`streams`"),
        (true, "vector", "value", json!([NOW, "1"]), "`vector`"),
        (true, "scalar", "value", json!([NOW, "1"]), "`scalar`"),
        (false, "vector", "value", json!([NOW, 1]), "not one that"),
        (
            false,
            "vector",
            "value",
            json!([NOW, "1", 2]),
            "not one that",
        ),
        (false, "vector", "value", json!({}), "not one that"),
        (
            false,
            "vector",
            "value",
            json!([NOW, "up"]),
            "no number: `up`",
        ),
        (false, "vector", "value", json!([NOW, ""]), "no number: ``"),
        (false, "vector", "value", json!([NOW, long]), "99…`"),
        (false, "vector", "values", json!([]), "without a value"),
        (true, "matrix", "values", json!([]), "without a value"),
    ] {
        let answer = success(result_type, &json!([{"metric": {}, key: value}]));
        check_fault(is_range, answer, FaultCode::Malformed, said);
    }
    let long = "x".repeat(1 << 20);
    let answer = success(&long, &json!([]));
    check_fault(false, answer, FaultCode::Malformed, "xx…`");
}

#[test]
fn a_query_that_gives_no_number_is_a_fault_of_the_settings() {
    let histogram = |key: &str| json!([{"metric": {}, key: [NOW, {}]}]);
    for (is_range, result_type, result, said) in [
        (false, "string", json!([NOW, "up"]), "a text"),
        (false, "matrix", json!([]), "rate(…)"),
        (
            false,
            "vector",
            histogram("histogram"),
            "histogram_quantile",
        ),
        (
            true,
            "matrix",
            histogram("histograms"),
            "histogram_quantile",
        ),
    ] {
        let answer = success(result_type, &result);
        check_fault(is_range, answer, FaultCode::Settings, said);
    }
}

#[test]
fn who_does_not_answer_is_a_fault_and_hides_nothing_that_is_bad() {
    let settings = settings(&json!([
        of("a", json!({"failing-above": 1})),
        of("b", json!({"failing-above": 1})),
        of("c", json!({"failing-above": 1})),
    ]));
    let away = || Err(HttpError::Unreachable("it is away".to_owned()));
    let bad = || {
        let (status, body) = vector(&["2"]);
        Ok(HttpResponse {
            status,
            headers: Vec::new(),
            body: body.into_bytes(),
        })
    };
    // What is answered one after the other, how often is asked, and what is said.
    for (answers, count, said) in [
        (
            [away(), away(), away()],
            3,
            Err("a: it is away; b: it is away; c: it is away"),
        ),
        (
            [Err(HttpError::TimedOut), bad(), bad()],
            1,
            Err(
                "a: Prometheus did not answer in time; b: not asked, because an earlier check had \
                 no answer in time; c: not asked, because an earlier check had no answer in time",
            ),
        ),
        (
            [away(), bad(), away()],
            3,
            Ok("b is failing: 2 is above 1 in errors{pod=\"api-0\"}; a: it is away; c: it is away"),
        ),
    ] {
        let sent = Cell::new(0);
        let mut asked = Asked {
            url: BASE,
            time: NOW,
            send: |_: &HttpRequest| {
                sent.set(sent.get() + 1);
                answers[sent.get() - 1].clone()
            },
            is_late: false,
            warnings: Vec::new(),
        };
        let checks = settings.checks().expect("checks").into_iter();
        let results = checks.map(|(check, window)| (check, asked.measure(check, window)));
        let folded = fold(results.collect());
        if let Err(fault) = &folded {
            assert_eq!(fault.code, Some(FaultCode::Unavailable));
            assert!(fault.retry);
        }
        let told = folded.as_ref().map_or_else(
            |fault| Err(fault.message.as_str()),
            |reading| Ok(reading.reason.as_str()),
        );
        assert_eq!(told, said);
        assert_eq!(sent.get(), count);
    }
}
