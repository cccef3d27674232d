//! What a finding says.

use super::{check_at, message_at};

#[test]
fn what_is_closed_why_and_when_it_opens() {
    let settings = r#"{ "deny": [{ "name": "weekend", "reason": "nobody is in", "weekly": { "from": "Fri 16:00", "to": "Mon 08:00" } }] }"#;
    let findings = check_at(settings, "Europe/Berlin", "2026-11-28T12:00:00Z").expect("decided");
    assert_eq!(findings[0].rule, "closed");
    assert_eq!(
        findings[0].message,
        "Releases are closed on Sat 2026-11-28T13:00:00+01:00 (Europe/Berlin): “weekend” (nobody is \
         in) denies them until Mon 2026-11-30T08:00:00+01:00. They open next on Mon \
         2026-11-30T08:00:00+01:00 (Europe/Berlin)."
    );
    assert_eq!(
        findings[0].help.as_deref(),
        Some(
            "Release on Mon 2026-11-30T08:00:00+01:00 (Europe/Berlin) or after, or have somebody \
             answer for a waiver of this rule for the release."
        )
    );
    assert_eq!(
        message_at(settings, "Europe/Berlin", "2026-11-30T07:00:00Z"),
        ""
    );
}

#[test]
fn outside_of_every_allow_window() {
    let settings = r#"{ "zone": "Asia/Kolkata", "allow": [{ "name": "office hours", "daily": { "days": ["Mon", "Tue"], "from": "09:00", "to": "16:00" } }] }"#;
    assert_eq!(
        message_at(settings, "UTC", "2026-11-25T05:00:00Z"),
        "Releases are closed on Wed 2026-11-25T10:30:00+05:30 (Asia/Kolkata): no window allows them. \
         They open next on Mon 2026-11-30T09:00:00+05:30 (Asia/Kolkata)."
    );
    assert_eq!(message_at(settings, "UTC", "2026-11-24T05:00:00Z"), "");
}

#[test]
fn an_end_is_told_in_the_zone_of_its_window() {
    let settings =
        r#"{ "deny": [{ "name": "Tokyo", "zone": "Asia/Tokyo", "first-day": "2026-11-24" }] }"#;
    let message = message_at(settings, "UTC", "2026-11-24T00:00:00Z");
    assert!(
        message.contains("until Wed 2026-11-25T00:00:00+09:00 (Asia/Tokyo)."),
        "{message}"
    );
}

#[test]
fn windows_that_never_open_say_so() {
    let every_day =
        r#"{ "deny": [{ "name": "always", "daily": { "from": "00:00", "to": "24:00" } }] }"#;
    // In UTC an occurrence begins at the very moment up to which is looked.
    let message = message_at(every_day, "UTC", "2026-11-24T00:00:00Z");
    assert!(
        message.ends_with("They do not open within the next 5 years."),
        "{message}"
    );
    let message = message_at(every_day, "Europe/Berlin", "2026-11-24T00:00:00Z");
    assert!(
        message.ends_with("They do not open within the next 5 years."),
        "{message}"
    );
    let past = r#"{ "allow": [{ "name": "once", "first-day": "2020-01-01" }] }"#;
    let message = message_at(past, "UTC", "2026-11-24T00:00:00Z");
    assert!(
        message.ends_with("They do not open within the next 5 years."),
        "{message}"
    );
}

#[test]
fn looking_ahead_is_bounded() {
    let window = r#"{ "name": "always", "daily": { "from": "00:00", "to": "24:00" } }"#;
    let windows = vec![window; 4_000].join(",");
    let message = message_at(
        &format!(r#"{{ "deny": [{windows}] }}"#),
        "UTC",
        "2026-11-24T00:00:00Z",
    );
    assert!(
        message.contains("3995 more windows deny them. They do not open before"),
        "{message}"
    );
    assert!(
        message.contains("too many windows to look further"),
        "{message}"
    );
}

#[test]
fn windows_that_are_all_over_are_a_finding_of_their_own() {
    let settings = r#"{ "deny": [{ "name": "w", "first-day": "2020-01-01" }] }"#;
    let findings = check_at(settings, "UTC", "2026-11-24T00:00:00Z").expect("decided");
    assert_eq!(findings[0].rule, "ended");
    assert_eq!(message_at(settings, "UTC", "2019-11-24T00:00:00Z"), "");
}
