//! Settings that are texts of files: `settings-files`, with a calendar as the file.

use crate::context::{Context, Ran, Repository};

const CALENDAR: &str = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Year end\nDTSTART;VALUE=DATE:20261224\n\
                        DTEND;VALUE=DATE:20270104\nEND:VEVENT\nEND:VCALENDAR\n";
const FILES: &str = r#"settings-files = { calendars = ["ops/freeze.ics"] }"#;

/// A pipeline with a table of the plugin.
fn pipeline(table: &str) -> String {
    format!(
        "[release]\nzone = \"Europe/Berlin\"\n[plugins.freeze-calendar]\n{table}\n\
         [[stages]]\nid = \"policy\"\nuse = [\"freeze-calendar\"]\n"
    )
}

fn repository(context: &Context) -> Repository {
    let repository = context.repository("project");
    repository.commit_file("one", "1\n", "feat: begin");
    repository
}

fn run(context: &Context, repository: &Repository, pipeline: &str) -> Ran {
    let time = ["run", "--at", "2026-12-24T12:00:00Z", "--pipeline"];
    context.holdpoint(
        repository.path(),
        time.iter().chain(&[pipeline, "--format", "json"]),
    )
}

/// Runs with a pipeline outside of the checkout, beside which a calendar lies.
fn outside(table: &str, calendar: impl AsRef<[u8]>) -> Ran {
    let context = Context::new();
    let repository = repository(&context);
    context.write("ops/freeze.ics", calendar);
    let path = context.write("pipeline.toml", pipeline(table));
    run(&context, &repository, path.to_str().expect("UTF-8"))
}

#[track_caller]
fn refused(ran: &Ran, words: &str) {
    assert_eq!(ran.code, 2, "{}\n{}", ran.stdout, ran.stderr);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    let said = said.split_whitespace().filter(|word| *word != "│");
    let said = said.collect::<Vec<_>>().join(" ");
    assert!(said.contains(words), "{words}\n{said}");
}

#[test]
fn a_calendar_beside_the_pipeline_is_trusted_and_closes() {
    let run = outside(FILES, CALENDAR).expect_code(1).json();
    assert_eq!(run["verdict"], "no-go");
    let finding = &run["stages"][0]["findings"][0];
    let message = finding["message"].as_str().expect("a message");
    assert!(
        message.contains("“Year end” denies them until Mon 2027-01-04T00:00:00+01:00"),
        "{message}"
    );
}

#[test]
fn a_calendar_is_read_from_the_ref_of_the_pipeline() {
    let context = Context::new();
    let repository = repository(&context);
    repository.commit_file("ci/holdpoint.toml", pipeline(FILES), "ci: add a pipeline");
    repository.commit_file("ops/freeze.ics", CALENDAR, "ci: add a calendar");
    repository.git(["branch", "rules"]);
    // What the working tree says does not count.
    repository.commit_file("ops/freeze.ics", "nothing", "fix: open");
    run(&context, &repository, "rules:ci/holdpoint.toml").expect_code(1);
}

#[test]
fn a_calendar_of_the_checkout_takes_trust_away() {
    let context = Context::new();
    let repository = repository(&context);
    repository.write(
        "ops/freeze.ics",
        CALENDAR.replace("2026", "2030").replace("2027", "2031"),
    );
    let file = repository.path().join("ops/freeze.ics");
    let table = format!("settings-files = {{ calendars = [{file:?}] }}");
    let path = context.write("pipeline.toml", pipeline(&table));
    let ran = run(&context, &repository, path.to_str().expect("UTF-8"));
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_eq!(ran.json()["verdict"], "go");
}

#[test]
fn what_is_no_text_or_too_large_is_refused() {
    refused(&outside(FILES, [0xff, 0xfe]), "UTF-8");
    refused(
        &outside(FILES, vec![b'x'; (1 << 20) + 1]),
        "is larger than 1048576 bytes",
    );
    let many = vec![r#""ops/freeze.ics""#; holdpoint::pipeline::SETTINGS_FILES_MAX + 1].join(",");
    refused(
        &outside(
            &format!("settings-files = {{ calendars = [{many}] }}"),
            CALENDAR,
        ),
        "257 files of settings",
    );
    let large = CALENDAR.replace("Year end", &"x".repeat((1 << 20) - CALENDAR.len() + 8));
    assert_eq!(large.len(), 1 << 20);
    let many = [r#""ops/freeze.ics""#; 17].join(",");
    refused(
        &outside(
            &format!("settings-files = {{ calendars = [{many}] }}"),
            &large,
        ),
        "16777216 bytes for one plugin",
    );
    refused(
        &outside(
            r#"settings-files = { calendars = ["ops/none.ics"] }"#,
            CALENDAR,
        ),
        "none.ics",
    );
}

#[test]
fn a_key_in_both_and_a_value_that_does_not_fit_are_refused() {
    refused(
        &outside(
            &format!("{FILES}\nsettings = {{ calendars = [] }}"),
            CALENDAR,
        ),
        "`calendars` is in `settings` as well",
    );
    refused(
        &outside(
            r#"settings-files = { calendars = "ops/freeze.ics" }"#,
            CALENDAR,
        ),
        "the settings do not fit",
    );
    refused(
        &outside("settings-files = { calendars = 3 }", CALENDAR),
        "list of paths",
    );
}

#[test]
fn the_text_is_part_of_the_configuration_digest() {
    let digest = |calendar: &str| {
        let run = outside(FILES, calendar).json();
        run["configuration"]["digest"]
            .as_str()
            .expect("a digest")
            .to_owned()
    };
    assert_eq!(digest(CALENDAR), digest(CALENDAR));
    assert_ne!(digest(CALENDAR), digest(&CALENDAR.replace("Year", "Years")));
}

#[test]
fn a_project_cannot_take_the_calendar_of_the_base_away() {
    let context = Context::new();
    let repository = repository(&context);
    for name in ["freeze", "other"] {
        context.write(&format!("ops/{name}.ics"), CALENDAR);
    }
    let base = context.write("base.toml", pipeline(FILES));
    for (file, code) in [("freeze", 1), ("other", 2)] {
        let table = format!(r#"settings-files = {{ calendars = ["ops/{file}.ics"] }}"#);
        let path = context.write("pipeline.toml", pipeline(&table));
        let ran = context.holdpoint(
            repository.path(),
            [
                "run",
                "--at",
                "2026-12-24T12:00:00Z",
                "--policy",
                base.to_str().expect("UTF-8"),
                "--pipeline",
                path.to_str().expect("UTF-8"),
            ],
        );
        assert_eq!(ran.code, code, "{}\n{}", ran.stdout, ran.stderr);
    }
}
