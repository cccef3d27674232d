//! Calendars as programs write them, and as nobody should.

use serde_json::json;

use super::{check_at, message_at};

/// A calendar with an event of these lines.
fn event(lines: &str) -> String {
    calendar(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT"))
}

fn calendar(components: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\n{components}\nEND:VCALENDAR\n")
}

/// Settings in which the events close releases.
fn deny(calendar: &str) -> String {
    json!({ "calendars": [calendar] }).to_string()
}

/// Whether releases are closed at an instant, in Berlin.
#[track_caller]
fn is_closed(calendar: &str, at: &str) -> bool {
    message_at(&deny(calendar), "Europe/Berlin", at).contains("denies them until")
}

/// Holds that an event closes releases at the first instants and not at the others.
#[track_caller]
fn closes(lines: &str, closed: &[&str], open: &[&str]) {
    let text = event(lines);
    for at in closed {
        assert!(is_closed(&text, at), "open at {at}:\n{lines}");
        assert!(is_closed(&text.replace('\n', "\r\n"), at), "CRLF, at {at}");
    }
    for at in open {
        assert!(!is_closed(&text, at), "closed at {at}:\n{lines}");
    }
}

#[track_caller]
fn refused(calendar: &str, words: &str) {
    let fault = check_at(&deny(calendar), "Europe/Berlin", "2026-11-24T12:00:00Z")
        .expect_err("it is refused");
    assert!(fault.message.contains(words), "{}", fault.message);
}

#[test]
fn times_in_utc_in_a_zone_and_in_none() {
    closes(
        "DTSTART:20261224T120000Z\nDTEND:20261224T130000Z",
        &["2026-12-24T12:00:00Z", "2026-12-24T12:59:59Z"],
        &["2026-12-24T11:59:59Z", "2026-12-24T13:00:00Z"],
    );
    closes(
        "DTSTART;TZID=America/New_York:20261224T120000\nDTEND;TZID=America/New_York:20261224T130000",
        &["2026-12-24T17:00:00Z"],
        &["2026-12-24T16:59:59Z", "2026-12-24T18:00:00Z"],
    );
    closes(
        "DTSTART:20261224T120000\nDTEND:20261224T130000",
        &["2026-12-24T11:00:00Z"],
        &["2026-12-24T10:59:59Z", "2026-12-24T12:00:00Z"],
    );
    closes(
        "DTSTART;TZID=Asia/Tokyo:20261224T120000\nDTEND;TZID=America/New_York:20261224T000000",
        &["2026-12-24T03:00:00Z", "2026-12-24T04:59:59Z"],
        &["2026-12-24T02:59:59Z", "2026-12-24T05:00:00Z"],
    );
}

#[test]
fn names_that_windows_and_evolution_write_for_zones() {
    for zone in [
        "W. Europe Standard Time",
        "\"W. Europe Standard Time\"",
        "/freeassociation.sourceforge.net/Europe/Berlin",
        "europe/berlin",
    ] {
        closes(
            &format!("DTSTART;TZID={zone}:20260624T120000\nDURATION:PT1H"),
            &["2026-06-24T10:00:00Z"],
            &["2026-06-24T09:59:59Z", "2026-06-24T11:00:00Z"],
        );
    }
    refused(
        &event(
            "SUMMARY:Year end\nDTSTART;TZID=Customized Time Zone:20261224T120000\nDURATION:PT1H",
        ),
        "calendar 1: line 3, event “Year end”: DTSTART: `Customized Time Zone` is not a known time zone",
    );
}

#[test]
fn whole_days_are_those_of_the_calendars_zone() {
    closes(
        "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261226",
        &["2026-12-23T23:00:00Z", "2026-12-25T22:59:59Z"],
        &["2026-12-23T22:59:59Z", "2026-12-25T23:00:00Z"],
    );
    closes(
        "DTSTART;VALUE=DATE:20261224",
        &["2026-12-24T22:59:59Z"],
        &["2026-12-24T23:00:00Z"],
    );
    let own_zone = event("DTSTART;VALUE=DATE:20261224")
        .replace("VERSION:2.0", "VERSION:2.0\nX-WR-TIMEZONE:Asia/Tokyo");
    assert!(is_closed(&own_zone, "2026-12-23T15:00:00Z"));
    assert!(!is_closed(&own_zone, "2026-12-24T15:00:00Z"));
    let set = json!({ "zone": "Europe/Berlin", "calendars": [own_zone] }).to_string();
    assert_eq!(message_at(&set, "UTC", "2026-12-23T15:00:00Z"), "");
    assert_ne!(message_at(&set, "UTC", "2026-12-24T15:00:00Z"), "");
}

#[test]
fn rules_exceptions_and_additions() {
    closes(
        "DTSTART;TZID=Europe/Berlin:20261002T160000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY;UNTIL=20261030T150000Z\n\
         EXDATE;TZID=Europe/Berlin:20261009T160000\nEXDATE:20261016T140000Z\nEXDATE;VALUE=DATE:20261023\n\
         RDATE;TZID=Europe/Berlin:20261105T090000",
        &[
            "2026-10-02T14:00:00Z",
            "2026-10-30T15:00:00Z",
            "2026-11-05T08:00:00Z",
        ],
        &[
            "2026-10-09T14:00:00Z",
            "2026-10-16T14:00:00Z",
            "2026-10-23T14:00:00Z",
            "2026-11-06T15:00:00Z",
        ],
    );
}

#[test]
fn the_start_counts_even_when_the_rule_does_not_name_it() {
    closes(
        "DTSTART;VALUE=DATE:20261124\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2",
        &["2026-11-24T12:00:00Z", "2026-11-30T12:00:00Z"],
        &["2026-12-07T12:00:00Z"],
    );
}

#[test]
fn an_override_moves_one_occurrence_and_a_cancelled_one_removes_it() {
    let master = "BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Europe/Berlin:20261002T160000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY\nEND:VEVENT";
    let moved = "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20261009T140000Z\nDTSTART:20261010T140000Z\nDURATION:PT2H\nEND:VEVENT";
    let removed = "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;TZID=Europe/Berlin:20261016T160000\nDTSTART:20261016T140000Z\nDURATION:PT2H\nSTATUS:CANCELLED\nEND:VEVENT";
    // In any order.
    for components in [[master, moved, removed], [removed, moved, master]] {
        let text = calendar(&components.join("\n"));
        for (at, closed) in [
            ("2026-10-02T14:00:00Z", true),
            ("2026-10-09T14:00:00Z", false),
            ("2026-10-10T14:00:00Z", true),
            ("2026-10-16T14:00:00Z", false),
            ("2026-10-23T14:00:00Z", true),
        ] {
            assert_eq!(is_closed(&text, at), closed, "{at}");
        }
    }
}

#[test]
fn transparent_events_count_and_cancelled_ones_do_not() {
    closes(
        "DTSTART;VALUE=DATE:20261224\nTRANSP:TRANSPARENT",
        &["2026-12-24T12:00:00Z"],
        &[],
    );
    let other = event("DTSTART;VALUE=DATE:20270101");
    let cancelled =
        "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED\nEND:VEVENT\nEND:VCALENDAR";
    let both = other.replace("END:VCALENDAR", cancelled);
    assert!(!is_closed(&both, "2026-12-24T12:00:00Z"));
    assert!(is_closed(&both, "2027-01-01T12:00:00Z"));
    refused(
        &calendar(&cancelled.replace("\nEND:VCALENDAR", "")),
        "every event of the calendars is cancelled",
    );
}

#[test]
fn allow_calendars_open_and_cancelled_ones_open_nothing() {
    let text = event("DTSTART;VALUE=DATE:20261224");
    let settings = json!({ "calendars": [text], "calendars-are": "allow" }).to_string();
    assert_eq!(message_at(&settings, "UTC", "2026-12-24T12:00:00Z"), "");
    assert!(message_at(&settings, "UTC", "2026-12-25T12:00:00Z").contains("no window allows them"));
    let text = event("DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED");
    let settings = json!({ "calendars": [text], "calendars-are": "allow" }).to_string();
    assert!(message_at(&settings, "UTC", "2026-12-24T12:00:00Z").contains("no window allows them"));
}

#[test]
fn folded_lines_quotes_escapes_and_other_components() {
    let text = "\u{feff}BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:16010101T030000\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n\
        BEGIN:VEVENT\nSUM\n MARY;ALTREP=\"http://example.com/a:b;c\":Year\\, e\n\tnd\nDTST\n ART;VALUE=DATE:20261224\nDESCRIPTION:\\nHalf the team\\nis away\n\
        BEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:PT1H\nEND:VALARM\nEND:VEVENT\nBEGIN:VJOURNAL\nDTSTART:20261231T000000Z\nEND:VJOURNAL\nEND:VCALENDAR";
    let message = message_at(&deny(text), "Europe/Berlin", "2026-12-24T12:00:00Z");
    assert!(
        message.contains("“Year, end” (Half the team) denies them"),
        "{message}"
    );
}

#[test]
fn a_length_in_hours_is_time_that_passes_and_days_are_days() {
    // Clocks go back on 2026-10-25 at 03:00.
    closes(
        "DTSTART;TZID=Europe/Berlin:20261024T200000\nDURATION:PT12H",
        &["2026-10-25T05:59:59Z"],
        &["2026-10-25T06:00:00Z"],
    );
    closes(
        "DTSTART;TZID=Europe/Berlin:20261024T200000\nDURATION:P1D",
        &["2026-10-25T18:59:59Z"],
        &["2026-10-25T19:00:00Z"],
    );
    // From the first 02:30 to the second.
    closes(
        "DTSTART;TZID=Europe/Berlin:20261025T023000\nDURATION:PT1H",
        &["2026-10-25T00:30:00Z", "2026-10-25T01:29:59Z"],
        &["2026-10-25T00:29:59Z", "2026-10-25T01:30:00Z"],
    );
}

#[test]
fn events_that_cannot_be_understood_are_never_passed_over() {
    for (lines, words) in [
        ("SUMMARY:x", "it has no DTSTART"),
        ("DTSTART:20261224T120000Z", "neither DTEND nor DURATION"),
        (
            "DTSTART:20261224T120000Z\nDTEND:20261224T120000Z",
            "does not end after its start",
        ),
        (
            "DTSTART:20261224T120000Z\nDTEND:20261223T120000Z",
            "does not end after its start",
        ),
        (
            "DTSTART:20261224T120000Z\nDTEND;VALUE=DATE:20261226",
            "one of DTSTART and DTEND is a day",
        ),
        (
            "DTSTART:20261224T120000Z\nDTEND:20261225T120000Z\nDURATION:PT1H",
            "exclude each other",
        ),
        (
            "DTSTART:20261224T120000Z\nDURATION:-PT1H",
            "is not a length",
        ),
        ("DTSTART:20261224T120000Z\nDURATION:PT", "is not a length"),
        ("DTSTART:20261224T120000Z\nDURATION:P", "is not a length"),
        (
            "DTSTART:20261224T120000Z\nDURATION:P999999999W",
            "DURATION is too long",
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nDURATION:PT1H",
            "DURATION of whole days has hours",
        ),
        (
            "DTSTART:2026-12-24T12:00:00Z\nDURATION:PT1H",
            "is not a day such as",
        ),
        (
            "DTSTART:20261324T120000Z\nDURATION:PT1H",
            "is not a day such as",
        ),
        (
            "DTSTART:20261224T250000Z\nDURATION:PT1H",
            "is not a day such as",
        ),
        (
            "DTSTART:20261224T120000Z\nDTSTART:20261224T120000Z",
            "has DTSTART twice",
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=HOURLY",
            "RRULE: FREQ=HOURLY is not supported",
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY",
            "has RRULE twice",
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nEXRULE:FREQ=DAILY",
            "EXRULE is not supported",
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nRDATE;VALUE=PERIOD:20261224T000000Z/PT1H",
            "VALUE=PERIOD",
        ),
        ("DTSTART;VALUE=DATE:20261224\nEXDATE:soon", "EXDATE: `soon`"),
        (
            "DTSTART;VALUE=DATE:20261224\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261224",
            "with RANGE",
        ),
    ] {
        refused(&event(lines), words);
    }
    let dates = vec!["20261224"; 2_001].join(",");
    refused(
        &event(&format!(
            "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=DAILY\nEXDATE;VALUE=DATE:{dates}"
        )),
        "EXDATE has more than 2000 values",
    );
    let twice = event("UID:a\nDTSTART;VALUE=DATE:20261224");
    let inner = "BEGIN:VEVENT\nUID:a\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\nEND:VCALENDAR";
    refused(
        &twice.replace("END:VCALENDAR", inner),
        "lines 3 and 7: two events have the same UID, “a”",
    );
}

#[test]
fn files_that_are_no_calendars() {
    for (text, words) in [
        ("", "it has no event"),
        ("\n\n", "it has no event"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR", "it has no event"),
        ("hello", "line 1: `hello` is not a line of a calendar"),
        ("<html>\n", "line 1: `<html>` is not a line"),
        ("\u{0}\u{1}:", "is not a line of a calendar"),
        ("SUMMARY:x", "stands outside of a calendar"),
        (
            "BEGIN:VEVENT\nEND:VEVENT",
            "line 1: BEGIN:VEVENT stands in the wrong place",
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VCALENDAR",
            "line 2: BEGIN:VCALENDAR stands in the wrong place",
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:VEVENT",
            "an event stands in another component",
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VJOURNAL\nBEGIN:VEVENT",
            "an event stands in another component",
        ),
        ("BEGIN:VCALENDAR\nEND:VEVENT", "ends nothing that is open"),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261224",
            "line 2: BEGIN:VEVENT has no end",
        ),
        (
            "BEGIN:VCALENDAR\nSUMMARY;X=\"a:b",
            "is not a line of a calendar",
        ),
        ("BEGIN:VCALENDAR\nSUMMARY;X", "is not a line of a calendar"),
    ] {
        refused(text, words);
    }
    let deep = format!("BEGIN:VCALENDAR\n{}", "BEGIN:X\n".repeat(100_000));
    refused(&deep, "more than 8 deep");
    refused(
        &"x".repeat(crate::calendar::BYTES_MAX + 1),
        "at most 4194304 are read",
    );
    let events = "BEGIN:VEVENT\nDTSTART:20261224\nEND:VEVENT\n".repeat(10_001);
    refused(&calendar(&events), "more than 10000 windows and events");
}
