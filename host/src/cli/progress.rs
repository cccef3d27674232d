use std::time::Duration;

use anstyle::Style;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Output;
use crate::model::EffectId;
use crate::pipeline::OutputLine;
use crate::report::Detail;

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

    /// Shows a line that a command put out, on standard error, unless only what is needed is wanted.
    pub(super) fn show(&self, output: Output, effect: &EffectId, line: &OutputLine) {
        if output.detail == Detail::Brief {
            return;
        }
        let body = match line {
            OutputLine::Line(line) => line.terminal().to_string(),
            OutputLine::LeftOut(bytes) => format!("[{bytes} bytes came too fast to be shown]"),
        };
        let mut page = output.page();
        page.led(0, Style::new().dimmed(), &format!("{effect} | "), &body);
        self.0.suspend(|| output.put_error(page));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
