//! What makes no sense is refused in words, never passed over.

use holdpoint_sdk::FaultCode;

use super::check_at;

/// The fault of settings, which has to hold a piece of text.
#[track_caller]
fn refused(settings: &str, words: &str) {
    let fault = check_at(settings, "UTC", "2026-11-24T12:00:00Z").expect_err(settings);
    assert_eq!(fault.code, Some(FaultCode::Settings), "{settings}");
    assert!(
        fault.message.contains(words),
        "{settings}\n{}",
        fault.message
    );
}

#[track_caller]
fn window_refused(window: &str, words: &str) {
    refused(
        &format!(r#"{{ "deny": [{{ "name": "w", {window} }}] }}"#),
        words,
    );
}

#[track_caller]
fn rule_refused(rule: &str, words: &str) {
    window_refused(
        &format!(r#""first-day": "2026-11-24", "rule": "{rule}""#),
        words,
    );
}

#[test]
fn no_window_at_all() {
    refused("{}", "there is no window, so that nothing would be held");
}

#[test]
fn zones_that_are_not_known() {
    refused(
        r#"{ "zone": "Europe/Berln", "deny": [{ "name": "w", "first-day": "2026-11-24" }] }"#,
        "`zone`: `Europe/Berln` is not a known time zone",
    );
    window_refused(
        r#""first-day": "2026-11-24", "zone": "Mars/Olympus""#,
        "`deny`, window “w”: `Mars/Olympus` is not a known time zone",
    );
    for zone in ["", "/", "/a/b", "Customized Time Zone", "GMT+99"] {
        window_refused(
            &format!(r#""first-day": "2026-11-24", "zone": "{zone}""#),
            "is not a known time zone",
        );
    }
}

#[test]
fn windows_of_no_form_or_of_two() {
    for window in [
        r#""reason": "r""#,
        r#""first-day": "2026-11-24", "start": "2026-11-24T10:00""#,
        r#""first-day": "2026-11-24", "weekly": { "from": "Fri 16:00", "to": "Mon 08:00" }"#,
    ] {
        window_refused(window, "a window has exactly one of");
    }
    refused(
        r#"{ "deny": [{ "name": " ", "first-day": "2026-11-24" }] }"#,
        "has no `name`",
    );
}

#[test]
fn times_that_are_none_or_hold_nothing() {
    for (window, words) in [
        (r#""start": "2026-11-24T10:00""#, "belong together"),
        (
            r#""start": "2026-11-24T10:00", "end": "2026-11-24T10:00""#,
            "`end` is not after",
        ),
        (
            r#""start": "2026-11-24", "end": "2026-11-25""#,
            "whole days are given with `first-day`",
        ),
        (
            r#""start": "2026-11-24T10:00Z", "end": "2026-11-24T11:00Z""#,
            "it has no offset",
        ),
        (
            r#""start": "2026-11-24T24:00", "end": "2026-11-25T11:00""#,
            "not a local time",
        ),
        (r#""first-day": "2026-02-30""#, "is not a day"),
        (r#""first-day": "26-02-03""#, "is not a day"),
        (r#""first-day": "3026-02-03""#, "is not a day"),
        (r#""last-day": "2026-11-24""#, "needs `first-day`"),
        (
            r#""first-day": "2026-11-24", "last-day": "2026-11-23""#,
            "is before",
        ),
        (
            r#""weekly": { "from": "Fri 16:00", "to": "Fri 16:00" }"#,
            "nothing or everything",
        ),
        (
            r#""weekly": { "from": "Mon 00:00", "to": "Sun 24:00" }"#,
            "nothing or everything",
        ),
        (
            r#""weekly": { "from": "Fri", "to": "Sun 24:00" }"#,
            "a weekday and a time",
        ),
        (
            r#""weekly": { "from": "Fry 16:00", "to": "Sun 24:00" }"#,
            "is not a weekday",
        ),
        (
            r#""daily": { "from": "10:00", "to": "10:00" }"#,
            "a whole day is from 00:00 to 24:00",
        ),
        (
            r#""daily": { "from": "24:00", "to": "10:00" }"#,
            "write 00:00",
        ),
        (
            r#""daily": { "from": "9:00", "to": "10:00" }"#,
            "is not a time of the day",
        ),
        (
            r#""daily": { "from": "09:60", "to": "10:00" }"#,
            "is not a time of the day",
        ),
        (
            r#""first-day": "2026-11-24", "except": ["2026-11-24"]"#,
            "for windows that recur",
        ),
        (
            r#""daily": { "from": "09:00", "to": "10:00" }, "rule": "FREQ=DAILY""#,
            "`rule` is for",
        ),
    ] {
        window_refused(window, words);
    }
}

#[test]
fn rules_that_are_not_supported_or_not_understood() {
    for (rule, words) in [
        ("FREQ=HOURLY", "the shortest period is a day"),
        ("FREQ=SECONDLY", "the shortest period is a day"),
        ("FREQ=OFTEN", "FREQ is one of"),
        ("INTERVAL=2", "the part `FREQ` is missing"),
        ("", "and `` is none"),
        ("FREQ=DAILY;FREQ=WEEKLY", "`FREQ` is there twice"),
        ("FREQ=DAILY;BYHOUR=3", "`BYHOUR` is not supported"),
        ("FREQ=YEARLY;BYWEEKNO=3", "`BYWEEKNO` is not supported"),
        ("FREQ=DAILY;BYDYA=MO", "`BYDYA` is not a part"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL takes a number from 1"),
        (
            "FREQ=DAILY;INTERVAL=99999",
            "INTERVAL takes a number from 1 to 10000",
        ),
        ("FREQ=DAILY;COUNT=0", "COUNT takes a number from 1"),
        (
            "FREQ=DAILY;COUNT=99999999999999999999",
            "COUNT takes a number from 1",
        ),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "exclude each other"),
        ("FREQ=DAILY;UNTIL=soon", "`soon` is not a day"),
        ("FREQ=DAILY;UNTIL=20260101", "ends (UNTIL) before"),
        ("FREQ=WEEKLY;BYDAY=1TU", "only for FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYDAY=6TU", "at most 5"),
        ("FREQ=YEARLY;BYMONTH=1;BYDAY=6TU", "at most 5"),
        ("FREQ=YEARLY;BYDAY=54TU", "BYDAY takes a number"),
        ("FREQ=MONTHLY;BYDAY=0TU", "counts from 1"),
        ("FREQ=MONTHLY;BYDAY=ÄÖ", "a weekday is one of"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY takes a number"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "counts from 1"),
        ("FREQ=WEEKLY;BYMONTHDAY=24", "not for FREQ=WEEKLY"),
        (
            "FREQ=YEARLY;BYMONTH=13",
            "BYMONTH takes a number from 1 to 12",
        ),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS picks among"),
        ("FREQ=WEEKLY;WKST=XX", "a weekday is one of"),
    ] {
        rule_refused(rule, words);
    }
    let many = vec!["MO"; crate::rule::VALUES_MAX + 1].join(",");
    rule_refused(&format!("FREQ=WEEKLY;BYDAY={many}"), "more than 400 values");
}

#[test]
fn rules_that_never_fit_a_day() {
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=6",
        "FREQ=DAILY;INTERVAL=7;BYDAY=WE",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
    ] {
        rule_refused(rule, "no day fits the rule within 100 years");
    }
}

#[test]
fn a_start_that_is_not_in_its_rule() {
    rule_refused("FREQ=WEEKLY;BYDAY=MO", "is not one that `rule` names");
}

#[test]
fn what_would_be_too_much_work() {
    window_refused(
        r#""first-day": "2024-11-24", "last-day": "2026-11-24", "rule": "FREQ=YEARLY""#,
        "lasts at most 366 days",
    );
    window_refused(
        r#""first-day": "1700-11-24", "rule": "FREQ=DAILY;COUNT=4000000000""#,
        "more than 100000 periods",
    );
    let days = vec![r#""2026-11-25""#; crate::settings::DAYS_MAX + 1].join(",");
    window_refused(
        &format!(r#""first-day": "2026-11-24", "rule": "FREQ=DAILY", "except": [{days}]"#),
        "more than 1000 days",
    );
    let windows =
        vec![r#"{ "name": "w", "first-day": "2026-11-24" }"#; crate::settings::WINDOWS_MAX + 1];
    refused(
        &format!(r#"{{ "deny": [{}] }}"#, windows.join(",")),
        "more than 10000 windows",
    );
}

#[test]
fn a_time_in_no_reach() {
    let settings = r#"{ "deny": [{ "name": "w", "first-day": "2026-11-24" }] }"#;
    let fault = check_at(settings, "UTC", "1650-01-01T00:00:00Z").expect_err("too early");
    assert!(fault.message.contains("1700 to 2899"), "{}", fault.message);
}
