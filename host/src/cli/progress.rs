use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Output;

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// What goes on, on standard error, for somebody who watches it. Gone when it is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A spinner, or nothing where nobody watches.
    pub(super) fn new(output: Output, what: &'static str) -> Self {
        if !output.shows_progress() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Says what goes on now.
    pub(super) fn say(&self, what: String) {
        self.0.set_message(what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
