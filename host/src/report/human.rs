//! For people: a page that a release manager can read out loud.

mod answer;
mod check;
mod edit;
mod effect;
mod finding;
mod history;
mod message;
mod next;
mod page;
mod run;
mod score;
mod statement;
mod status;
mod transcript;

pub use check::human_check;
pub use history::human_history;
pub use next::human_next;
pub use page::{Page, inert};
pub use run::human_run;
pub use statement::human_statement;
pub use status::human_status;
pub use transcript::human_transcript;

/// How much a person wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The verdict and what blocks.
    Brief,
    /// What a release manager needs.
    Normal,
    /// Also what plugins logged and what they used.
    Full,
}

/// How many items of a list are shown before the rest is counted. JSON has them all.
const ITEMS_SHOWN_MAX: usize = 10;

/// How many factors are shown: those of a model, the commits that deserve a look, and rules of thumb.
const FACTORS_SHOWN_MAX: usize = 20;

/// Counts what a list does not show.
fn rest(page: &mut Page, indent: usize, length: usize) {
    rest_after(page, indent, length, ITEMS_SHOWN_MAX);
}

/// Counts what a list of at most `shown_max` items does not show.
fn rest_after(page: &mut Page, indent: usize, length: usize, shown_max: usize) {
    if length > shown_max {
        page.text(
            indent,
            &format!(
                "and {} more (--format json has all)",
                super::words::number((length - shown_max) as u64)
            ),
        );
    }
}
