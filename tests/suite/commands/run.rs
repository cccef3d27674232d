//! Running one command: what it sees, what it puts out, and what is said of its end.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use holdpoint::model::{Digest, EffectOutcome, Text};
use holdpoint::pipeline::{
    CommandEnd, LINE_BYTES_MAX, OUTPUT_BYTES_MAX, OutputLine, StartError, chosen_environment,
};

use super::{LONG, Place, RUN, operator};
use crate::context::Context;

#[track_caller]
fn text(record: &holdpoint::pipeline::CommandRecord) -> String {
    record.output.text().raw().to_owned()
}

#[test]
fn both_outputs_are_kept_in_the_order_in_which_they_arrive() {
    let context = Context::new();
    let place = Place::new(&context);
    let record = place.script("echo one; echo two >&2; echo three; echo four >&2; exit 7");
    assert!(matches!(record.end, CommandEnd::Exited(7)), "{record:?}");
    assert_eq!(text(&record), "one\ntwo\nthree\nfour\n");
    assert_eq!(record.output.digest, Digest::of(b"one\ntwo\nthree\nfour\n"));
    assert_eq!(record.output.left_out, 0);
    assert!(record.left.is_nothing());
    let expected = EffectOutcome::Failed(Text::from("it exited with 7"));
    assert_eq!(record.end.outcome(), expected);
    let told = place.told.lock().expect("a list").clone();
    let line = |line: &str| OutputLine::Line(Text::from(line));
    assert_eq!(told, ["one", "two", "three", "four"].map(line));
    let record = place.script("true");
    assert!(record.end.is_success());
    assert_eq!(record.end.outcome(), EffectOutcome::Done);
    assert_eq!(record.output.digest, Digest::of(b""));
    place.remove();
}

#[test]
fn every_variable_was_chosen() {
    let context = Context::new();
    let mut place = Place::new(&context);
    let names = ["KUBECONFIG".to_owned()];
    place.environment = chosen_environment("deploy", &operator(), &names).expect("it is set");
    place.subject.target = Some(Text::from("production"));
    let path = std::env::var("PATH").expect("a path");
    let record = place.command(&["env", "-0"], LONG);
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for variable in String::from_utf8(record.output.first)
        .expect("text")
        .split('\0')
    {
        if let Some((name, value)) = variable.split_once('=') {
            seen.insert(name.to_owned(), value.to_owned());
        }
    }
    let artifacts = place.checkout.artifacts().display().to_string();
    let expected = BTreeMap::from(
        [
            ("PATH", path.as_str()),
            ("HOME", "/nonexistent"),
            ("TZ", "UTC"),
            ("KUBECONFIG", "/etc/kube config"),
            ("HOLDPOINT_RUN", RUN),
            ("HOLDPOINT_STAGE", "deploy"),
            ("HOLDPOINT_EFFECT", "deploy/run/1"),
            ("HOLDPOINT_IDEMPOTENCY_KEY", "key-of-the-effect"),
            ("HOLDPOINT_VERSION", "1.2.4"),
            ("HOLDPOINT_TARGET", "production"),
            ("HOLDPOINT_ARTIFACTS", artifacts.as_str()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    assert_eq!(seen, expected);
    let missing = chosen_environment("deploy", &operator(), &["NOT_SET".into()]);
    let missing = missing.expect_err("it is not set");
    assert_eq!(
        missing.to_string(),
        "the environment variable `NOT_SET`, which `environment` of stage `deploy` names, is not set"
    );
    assert!(missing.help().contains("NOT_SET"));
}

#[test]
fn it_begins_in_the_checkout_and_has_no_input() {
    let context = Context::new();
    let place = Place::new(&context);
    let record = place.script("pwd -P; cat; cat a.txt; readlink /proc/self/fd/0");
    let said = text(&record);
    let mut lines = said.lines();
    assert_eq!(lines.next(), place.checkout.folder().to_str());
    assert_eq!(lines.next(), Some("two"));
    // What is empty is the file by which it is known that the checkout is in use.
    assert!(
        lines.next().is_some_and(|input| input.ends_with(".in-use")),
        "{said}"
    );
    assert_eq!(lines.next(), None);
}

#[test]
fn arguments_are_handed_over_as_they_are() {
    let context = Context::new();
    let place = Place::new(&context);
    let arguments = ["printf", "[%s]", "a b", "$(reboot)", "", "*", "--"];
    let record = place.command(&arguments, LONG);
    assert_eq!(text(&record), "[a b][$(reboot)][][*][--]");
}

#[test]
fn a_program_of_the_checkout_is_that_of_the_commit() {
    let context = Context::new();
    let repository = super::repository(&context);
    let script = |content: &str| {
        repository.write("deploy.sh", content);
        let path = repository.path().join("deploy.sh");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
    };
    script("#!/bin/sh\necho judged \"$@\"\n");
    repository.commit("feat: deploy");
    script("#!/bin/sh\necho not judged\n");
    let place = Place::of(&context, &repository);
    let record = place.command(&["./deploy.sh", "now"], LONG);
    assert!(record.end.is_success(), "{record:?}");
    assert_eq!(text(&record), "judged now\n");
}

#[test]
fn what_cannot_be_started_never_began() {
    let context = Context::new();
    let repository = super::repository(&context);
    repository.write("plain", "no program\n");
    repository.write("lost", "#!/no/such/interpreter\n");
    repository.write("sh-of-the-checkout", "#!/bin/sh\n");
    for name in ["lost", "sh-of-the-checkout"] {
        let path = repository.path().join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
    }
    repository.write("folder/file", "");
    repository.commit("feat: programs");
    let mut place = Place::of(&context, &repository);
    // From wherever this test was started, that is the checkout.
    let up = "../".repeat(40);
    let relative = format!("{up}{}", place.checkout.folder().display());
    place
        .environment
        .insert("PATH".into(), format!(".::{relative}:/usr/bin:/bin").into());
    let cases = [
        ("./none", "there is no program `./none` in the checkout"),
        (
            "./plain",
            "`./plain` is not a program: it is a folder, or nobody may execute it",
        ),
        (
            "./folder",
            "`./folder` is not a program: it is a folder, or nobody may execute it",
        ),
        (
            "./lost",
            "what the first line of `./lost` names to run it with is not there",
        ),
        (
            "no-such-program",
            "there is no program `no-such-program` in a folder of PATH",
        ),
        // A commit cannot put a program in the place of another.
        (
            "sh-of-the-checkout",
            "there is no program `sh-of-the-checkout` in a folder of PATH",
        ),
    ];
    for (program, message) in cases {
        let record = place.command(&[program], LONG);
        let CommandEnd::NotStarted(error) = &record.end else {
            panic!("{program}: {record:?}");
        };
        assert_eq!(error.to_string(), message);
        assert!(!error.help().is_empty());
        let expected = format!("it never began: {message}");
        assert_eq!(
            record.end.outcome(),
            EffectOutcome::NotBegun(Text::from(expected))
        );
        assert_eq!(record.output.bytes, 0);
    }
    place.environment.remove(std::ffi::OsStr::new("PATH"));
    let record = place.command(&["sh"], LONG);
    assert!(matches!(
        record.end,
        CommandEnd::NotStarted(StartError::NotInPath(_))
    ));
    // More than the system takes.
    let long = "a".repeat(3 << 20);
    let record = place.command(&["./sh-of-the-checkout", &long], LONG);
    assert!(
        matches!(
            record.end,
            CommandEnd::NotStarted(StartError::System { .. })
        ),
        "{record:?}"
    );
}

#[test]
fn a_signal_is_named() {
    let context = Context::new();
    let place = Place::new(&context);
    let record = place.script("kill -9 $$");
    assert!(matches!(record.end, CommandEnd::Signalled(9)), "{record:?}");
    assert_eq!(record.end.to_string(), "it was killed by SIGKILL");
    assert!(!record.end.is_success());
}

#[test]
fn a_flood_is_counted_and_its_ends_are_kept() {
    const FLOOD: u64 = 1_000_000_000;
    let context = Context::new();
    let place = Place::new(&context);
    let script = format!("echo begin; head -c {FLOOD} /dev/zero; echo; echo end");
    let record = place.script_within(&script, Duration::from_mins(10));
    assert!(record.end.is_success(), "{record:?}");
    let output = &record.output;
    assert_eq!(output.bytes, FLOOD + 6 + 1 + 4);
    assert_eq!(output.first.len() + output.last.len(), OUTPUT_BYTES_MAX);
    assert_eq!(output.left_out, output.bytes - OUTPUT_BYTES_MAX as u64);
    assert!(output.first.starts_with(b"begin\n\0\0\0"));
    assert!(output.last.ends_with(b"\0\0\0\nend\n"));
    let said = text(&record);
    let gap = format!("\n[{} bytes were left out here]\n", output.left_out);
    assert!(said.contains(&gap));
    let told = place.told.lock().expect("a list");
    let is_left_out = |line: &OutputLine| matches!(line, OutputLine::LeftOut(_));
    assert!(told.iter().any(is_left_out));
}

#[test]
fn who_watches_is_told_lines_and_how_much_was_too_fast() {
    let context = Context::new();
    let place = Place::new(&context);
    let lines = || -> Vec<String> {
        let told = place.told.lock().expect("a list");
        let lines = told.iter().filter_map(|line| match line {
            OutputLine::Line(line) => Some(line.raw().to_owned()),
            OutputLine::LeftOut(_) => None,
        });
        lines.collect()
    };
    let longer = LINE_BYTES_MAX + 1;
    let record = place.script(&format!(
        "echo one; echo two; head -c {longer} /dev/zero | tr '\\0' x; echo; printf end"
    ));
    assert!(record.end.is_success(), "{record:?}");
    let long = "x".repeat(LINE_BYTES_MAX);
    assert_eq!(lines(), ["one", "two", &long, "x", "end"]);
    place.told.lock().expect("a list").clear();
    let record = place.script("yes | head -c 10000000");
    assert_eq!(record.output.bytes, 10_000_000);
    // Of a second's output 1,000 lines are told, and nobody waits for them.
    let seconds = usize::try_from(record.duration.as_secs()).expect("a few") + 1;
    assert!(lines().len() <= 1_000 * seconds + 1, "{}", lines().len());
    let told = place.told.lock().expect("a list");
    let bytes = told.iter().map(|line| match line {
        OutputLine::Line(line) => line.raw().len() + 1,
        OutputLine::LeftOut(bytes) => *bytes,
    });
    // Where something was left out, a line may have been cut, and its end not been told.
    let bytes: usize = bytes.sum();
    assert!((9_999_000..=10_001_000).contains(&bytes), "{bytes}");
}

#[test]
fn what_is_just_as_much_as_is_kept_is_kept_whole() {
    let context = Context::new();
    let place = Place::new(&context);
    let record = place.script(&format!("head -c {OUTPUT_BYTES_MAX} /dev/zero"));
    assert_eq!(record.output.left_out, 0);
    let zeros = vec![0; OUTPUT_BYTES_MAX];
    assert_eq!([record.output.first, record.output.last].concat(), zeros);
    assert_eq!(record.output.digest, Digest::of(&zeros));
    let record = place.script(&format!("head -c {} /dev/zero", OUTPUT_BYTES_MAX + 1));
    assert_eq!(record.output.left_out, 1);
}

#[test]
fn a_terminal_has_nothing_to_obey() {
    let context = Context::new();
    let place = Place::new(&context);
    let record = place.script(
        r"printf '\033[31mred\033[0m \033]0;title\007\033[2Jx\b\n10%%\r20%%\r\nlast\377\302\233'",
    );
    let said = text(&record);
    assert_eq!(said, "red x\n10%\n20%\nlast\\xff\u{9b}");
    assert!(
        !record
            .output
            .text()
            .terminal()
            .to_string()
            .contains('\u{9b}')
    );
    let told = place.told.lock().expect("a list").clone();
    let lines: Vec<&str> = told
        .iter()
        .map(|line| match line {
            OutputLine::Line(line) => line.raw(),
            OutputLine::LeftOut(_) => panic!("nothing was left out"),
        })
        .collect();
    assert_eq!(lines, ["red x", "10%", "20%", "", "last\\xff\u{9b}"]);
    // What came is kept as it came, for whoever wants to see it.
    assert!(record.output.first.starts_with(b"\x1b[31mred"));
}
