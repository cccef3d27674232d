use super::{Page, page};
use crate::model::{Effects, RunState, RunSummary};
use crate::report::words;

/// Puts a list of runs on a page, newest first as they come.
pub fn human_history(page: &mut Page, store: &str, runs: &[RunSummary]) {
    if runs.is_empty() {
        page.text(0, &format!("No run is recorded in {store}."));
        return;
    }
    for run in runs {
        put(page, 0, run);
    }
}

/// One run in two lines.
pub(super) fn put(page: &mut Page, indent: usize, run: &RunSummary) {
    let style = run.verdict.map_or_else(page::heading, page::of_verdict);
    let version = run
        .version
        .as_ref()
        .map_or_else(String::new, |version| format!(" {version}"));
    let target = run
        .key
        .target
        .as_ref()
        .map_or_else(String::new, |target| format!(", to {}", target.terminal()));
    page.led(
        indent,
        style,
        &format!("{}: {}", run.id.short(), state(run)),
        &format!(", {}{version}{target}", run.key.project.terminal()),
    );
    page.text(
        indent + 2,
        &format!(
            "commit {}, began {}, last changed {}, {}",
            run.head.short(),
            run.began,
            run.changed,
            words::count(run.sittings, "sitting", "sittings")
        ),
    );
}

/// What a run came to, in a few words.
fn state(run: &RunSummary) -> String {
    let mut words = match (run.state, run.verdict) {
        (RunState::Finished, Some(verdict)) => format!("finished, {verdict}"),
        (RunState::Open, Some(verdict)) => format!("open, {verdict}"),
        (state, _) => state.name().to_owned(),
    };
    if run.overridden {
        words.push_str(", overridden");
    }
    match run.effects {
        Effects::None => {}
        Effects::Done => words.push_str(", effects done"),
        Effects::Undone => words.push_str(", effects undone"),
        Effects::Incomplete => words.push_str(", UNDO INCOMPLETE"),
        Effects::Unknown => words.push_str(", OUTCOME OF AN EFFECT UNKNOWN"),
    }
    words
}
