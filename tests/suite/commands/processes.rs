//! How commands are ended, and that nothing of them is left.

use std::fs;
use std::time::{Duration, Instant};

use holdpoint::pipeline::CommandEnd;
use tokio::sync::watch;

use super::{LONG, Place, block_on, lives, wait_until};
use crate::context::Context;

/// Within which everything is over after it was cancelled.
const OVER: Duration = Duration::from_secs(5);

#[test]
fn a_command_that_ends_when_it_is_asked_to_is_not_killed() {
    let context = Context::new();
    let place = Place::new(&context);
    let script = "trap 'echo bye; exit 0' TERM; echo ready; sleep 1000 & wait";
    let record = place.script_within(script, Duration::from_secs(1));
    let CommandEnd::TimedOut { timeout, killed } = record.end else {
        panic!("{record:?}");
    };
    assert_eq!((timeout, killed), (Duration::from_secs(1), false));
    assert_eq!(record.output.text().raw(), "ready\nbye\n");
    let words = record.end.to_string();
    assert_eq!(words, "it was not done after 1s: it ended when asked to");
    assert!(record.duration < OVER);
}

#[test]
fn a_command_that_ignores_sigterm_is_killed() {
    let context = Context::new();
    let place = Place::new(&context);
    let script = "trap '' TERM; echo $$; while :; do sleep 1; echo alive; done";
    let record = place.script_within(script, Duration::from_millis(500));
    assert!(
        matches!(record.end, CommandEnd::TimedOut { killed: true, .. }),
        "{record:?}"
    );
    assert!(
        record.duration < Duration::from_millis(500) + OVER,
        "{:?}",
        record.duration
    );
    assert!(
        record.duration > Duration::from_secs(3),
        "{:?}",
        record.duration
    );
    let said = record.output.text();
    let process = said.raw().lines().next().expect("its number");
    assert!(!lives(process));
    assert!(record.left.is_nothing(), "{:?}", record.left);
    assert!(
        said.raw().contains("alive"),
        "what it says meanwhile is kept"
    );
    assert_eq!(
        record.end.to_string(),
        "it was not done after 500ms: it did not end when asked to and was killed"
    );
}

#[test]
fn a_stopped_command_can_be_ended() {
    let context = Context::new();
    let place = Place::new(&context);
    let record = place.script_within("kill -STOP $$", Duration::from_millis(300));
    assert!(
        matches!(record.end, CommandEnd::TimedOut { killed: false, .. }),
        "{record:?}"
    );
}

#[test]
fn a_flood_does_not_keep_the_time_from_being_looked_at() {
    let context = Context::new();
    let place = Place::new(&context);
    let record = place.script_within("trap '' TERM; exec yes", Duration::from_millis(300));
    assert!(
        matches!(record.end, CommandEnd::TimedOut { killed: true, .. }),
        "{record:?}"
    );
    assert!(
        record.duration < OVER + Duration::from_secs(1),
        "{:?}",
        record.duration
    );
}

#[test]
fn everything_is_over_within_five_seconds_after_it_was_cancelled() {
    let context = Context::new();
    let place = Place::new(&context);
    let script = "trap '' TERM; (trap '' TERM; setsid sleep 1000) & sleep 1000 & echo ready\n\
                  while :; do sleep 1; done";
    let record = block_on(async {
        let (cancel, cancelled) = watch::channel(false);
        let arguments = ["sh", "-c", script];
        let running = place.running(&arguments, LONG, cancelled);
        let ready = async {
            while place.told.lock().expect("a list").is_empty() {
                tokio::task::yield_now().await;
            }
            cancel.send(true).expect("somebody listens");
            Instant::now()
        };
        let (record, cancelled_at) = tokio::join!(running, ready);
        assert!(
            cancelled_at.elapsed() < OVER,
            "{:?}",
            cancelled_at.elapsed()
        );
        record
    });
    assert!(
        matches!(record.end, CommandEnd::Cancelled { killed: true }),
        "{record:?}"
    );
    let expected = "it was cancelled: it did not end when asked to and was killed";
    assert_eq!(record.end.to_string(), expected);
}

#[test]
fn one_that_was_cancelled_before_is_ended_at_once() {
    let context = Context::new();
    let place = Place::new(&context);
    let (_cancel, cancelled) = watch::channel(true);
    let record = block_on(place.running(&["sleep", "1000"], LONG, cancelled));
    assert!(
        matches!(record.end, CommandEnd::Cancelled { killed: false }),
        "{record:?}"
    );
    // Who cannot say it any more has not said it.
    let (cancel, cancelled) = watch::channel(false);
    drop(cancel);
    let record = block_on(place.running(&["true"], LONG, cancelled));
    assert!(record.end.is_success(), "{record:?}");
}

#[test]
fn children_that_stay_behind_are_ended_and_said() {
    let context = Context::new();
    let place = Place::new(&context);
    let started = Instant::now();
    // They hold the output open as well.
    let record = place.script("sleep 1000 & echo $!; sleep 1000 & echo $!");
    assert!(record.end.is_success(), "{record:?}");
    assert!(started.elapsed() < OVER);
    let said = record.output.text();
    for process in said.raw().lines() {
        assert!(!lives(process), "{process}");
    }
    assert_eq!(record.left.ended, 2);
    let words = record.left.words().expect("something is said");
    // One that had not become `sleep` yet has the name of the shell.
    let expected = "2 processes stayed behind and were ended: s";
    assert!(words.raw().starts_with(expected), "{}", words.raw());
}

#[test]
fn children_that_ignore_sigterm_are_killed() {
    let context = Context::new();
    let place = Place::new(&context);
    let record =
        place.script("(trap '' TERM; echo ready; while :; do sleep 1; done) & echo $!; sleep 0.2");
    assert!(record.end.is_success(), "{record:?}");
    assert!(record.left.ended >= 1);
    assert!(record.duration < OVER, "{:?}", record.duration);
    let said = record.output.text();
    let process = said
        .raw()
        .lines()
        .find(|line| *line != "ready")
        .expect("a number");
    assert!(!lives(process));
}

#[test]
fn children_that_leave_the_group_are_ended_too() {
    let context = Context::new();
    let place = Place::new(&context);
    let script = "setsid sh -c 'echo $$ > ../one; exec sleep 1000' &\n\
                  (setsid env -i /bin/sh -c 'echo $$ > ../two; exec sleep 1000 >/dev/null 2>&1' &)\n\
                  until test -s ../one && test -s ../two; do :; done";
    let record = place.script(script);
    assert!(record.end.is_success(), "{record:?}");
    for name in ["one", "two"] {
        let path = place.checkout.folder().join("..").join(name);
        let process = fs::read_to_string(path).expect("a number");
        assert!(!lives(&process), "{name} {process}");
    }
    assert_eq!(record.left.ended, 2, "{:?}", record.left);
    assert!(!record.left.output_held);
    let words = record.left.words().expect("something is said");
    assert!(
        words
            .raw()
            .starts_with("2 processes stayed behind and were ended: ")
    );
}

#[test]
fn a_call_that_is_dropped_leaves_nothing_running() {
    let context = Context::new();
    let place = Place::new(&context);
    let script = "sleep 1000 & echo $! > ../child; echo $$ > ../own; echo ready; wait";
    block_on(async {
        let (_keep, never) = watch::channel(false);
        let arguments = ["sh", "-c", script];
        let ready = async {
            while place.told.lock().expect("a list").is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            record = place.running(&arguments, LONG, never) => panic!("{record:?}"),
            () = ready => {}
        }
    });
    for name in ["own", "child"] {
        let path = place.checkout.folder().join("..").join(name);
        let process = fs::read_to_string(path).expect("a number");
        wait_until("it is ended", || !lives(&process));
    }
}

#[test]
fn a_command_can_do_what_it_wants_to_its_checkout() {
    let context = Context::new();
    let repository = super::repository(&context);
    let place = Place::of(&context, &repository);
    let own = place
        .checkout
        .folder()
        .parent()
        .expect("a parent")
        .to_owned();
    let record = place.script(
        "rm a.txt; mkdir -p a/b/c; echo x > a/b/c/d; ln -s /etc a/link; mkfifo a/pipe\n\
         chmod 0 a/b/c/d a/b/c; chmod 500 a/b; chmod 555 a; touch ../beside; mkdir ../other\n\
         i=0; while [ $i -lt 1500 ]; do mkdir d && cd -P d || exit 1; i=$((i+1)); done\n",
    );
    assert!(record.end.is_success(), "{record:?}");
    let record = place.script("chmod 0 .; chmod 500 ../artifacts; chmod 500 ..");
    assert!(record.end.is_success(), "{record:?}");
    place.remove();
    assert!(!own.exists());
    assert_eq!(
        fs::read(repository.path().join("a.txt")).expect("it is there"),
        b"two\n"
    );
    assert!(fs::metadata("/etc/passwd").is_ok());
}

#[test]
fn a_command_can_remove_its_checkout() {
    let context = Context::new();
    let place = Place::new(&context);
    let record = place.script("rm -rf \"$PWD\" ../artifacts; echo done");
    assert!(record.end.is_success(), "{record:?}");
    let record = place.command(&["true"], LONG);
    assert!(
        matches!(record.end, CommandEnd::NotStarted(_)),
        "{record:?}"
    );
    place.remove();
}
