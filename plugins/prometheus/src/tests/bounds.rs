use holdpoint_sdk::Health;
use serde_json::json;

use super::{NOW, matrix, measure, of, success, vector};

#[test]
fn a_value_is_held_against_every_bound() {
    let both = json!({
        "failing-above": 10, "degraded-above": 5.5, "degraded-below": 1, "failing-below": -1,
    });
    for (value, expected) in [
        ("5.5", Health::Healthy),
        ("1", Health::Healthy),
        ("5.6", Health::Degraded),
        ("10", Health::Degraded),
        ("10.001", Health::Failing),
        ("0.9", Health::Degraded),
        ("-1", Health::Degraded),
        ("-2e3", Health::Failing),
        ("+Inf", Health::Failing),
        ("-Inf", Health::Failing),
        ("NaN", Health::Inconclusive),
    ] {
        let reading = measure(&json!([of("q", both.clone())]), &[vector(&[value])]);
        let reading = reading.expect("a reading");
        assert_eq!(reading.health, expected, "{value}: {}", reading.reason);
        let number: f64 = value.parse().expect("a number");
        let shown = number.is_finite().then_some(number);
        assert_eq!(reading.measures[0].value, shown, "{value}");
        assert_eq!(reading.measures[0].bound, "at least 1 and at most 5.5");
    }
    // An infinite value that no bound is about is not healthy.
    for (value, key) in [("+Inf", "failing-below"), ("-Inf", "degraded-above")] {
        let reading = measure(&json!([of("q", json!({key: 1}))]), &[vector(&[value])]);
        let reading = reading.expect("a reading");
        assert_eq!(reading.health, Health::Inconclusive, "{value}");
    }
}

#[test]
fn the_worst_series_counts_and_is_named() {
    let above = json!({"failing-above": 5, "unit": "ms"});
    for (values, expected, reason) in [
        (
            &["1", "2"][..],
            Health::Healthy,
            "every check is within its bounds",
        ),
        (
            &["7", "9", "NaN", "1"],
            Health::Failing,
            "q is failing: 9 ms is above 5 in errors{pod=\"api-1\"}, the worst of 4 series",
        ),
        (
            &["1", "NaN"],
            Health::Inconclusive,
            "q is inconclusive: there is no number in errors{pod=\"api-1\"}, the worst of 2 series",
        ),
        (
            &[],
            Health::Inconclusive,
            "q is inconclusive: there is no data",
        ),
    ] {
        let reading = measure(&json!([of("q", above.clone())]), &[vector(values)]);
        let reading = reading.expect("a reading");
        assert_eq!(
            (reading.health, reading.reason.as_str()),
            (expected, reason)
        );
    }
    let scalar = success("scalar", &json!([NOW, "6"]));
    let reading = measure(&json!([of("q", above)]), &[scalar]).expect("a reading");
    assert_eq!(reading.reason, "q is failing: 6 ms is above 5");
}

#[test]
fn the_values_of_a_window_are_reduced() {
    let values = ["2", "NaN", "9", "4"];
    for (more, answer, health, value) in [
        (
            json!({"failing-above": 8}),
            &values[..],
            Health::Failing,
            9.0,
        ),
        (json!({"failing-below": 3}), &values, Health::Failing, 2.0),
        (
            json!({"failing-above": 8, "reduce": "min"}),
            &values,
            Health::Healthy,
            2.0,
        ),
        (
            json!({"failing-above": 8, "reduce": "avg"}),
            &values,
            Health::Healthy,
            5.0,
        ),
        (
            json!({"failing-above": 8, "reduce": "max"}),
            &values,
            Health::Failing,
            9.0,
        ),
        (
            json!({"failing-above": 8, "reduce": "last"}),
            &values,
            Health::Healthy,
            4.0,
        ),
        (
            json!({"degraded-above": 4, "failing-below": 3}),
            &values,
            Health::Failing,
            2.0,
        ),
    ] {
        let mut check = of("q", more.clone());
        check["over"] = "10m".into();
        check["step"] = "1m".into();
        let reading = measure(&json!([check]), &[matrix(answer)]).expect("a reading");
        assert_eq!(reading.health, health, "{more}: {}", reading.reason);
        assert_eq!(reading.measures[0].value, Some(value), "{more}");
    }
    let window = json!({"over": "10m", "step": "1m", "failing-above": 8});
    let last = json!({"over": "10m", "step": "1m", "failing-above": 8, "reduce": "last"});
    let old = |value: &str| {
        let points = json!([[NOW - 60, value]]);
        success("matrix", &json!([{"metric": {}, "values": points}]))
    };
    for (more, answer, health) in [
        (&window, success("matrix", &json!([])), Health::Inconclusive),
        (&window, matrix(&["NaN", "NaN"]), Health::Inconclusive),
        // It was there, and is gone: what it was then is not what it is now.
        (&window, old("1"), Health::Inconclusive),
        (&window, old("9"), Health::Failing),
        (&last, matrix(&["1", "NaN"]), Health::Inconclusive),
    ] {
        let reading = measure(
            &json!([of("q", more.clone())]),
            std::slice::from_ref(&answer),
        );
        let reading = reading.expect("a reading");
        assert_eq!(reading.health, health, "{}: {}", answer.1, reading.reason);
    }
}
