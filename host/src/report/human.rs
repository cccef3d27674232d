//! For people: a page that a release manager can read out loud.

mod answer;
mod check;
mod edit;
mod finding;
mod message;
mod next;
mod page;
mod run;
mod score;

pub use check::human_check;
pub use next::human_next;
pub use page::{Page, inert};
pub use run::human_run;

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

/// Counts what a list does not show.
fn rest(page: &mut Page, indent: usize, length: usize) {
    if length > ITEMS_SHOWN_MAX {
        page.text(
            indent,
            &format!(
                "and {} more (--format json has all)",
                super::words::number((length - ITEMS_SHOWN_MAX) as u64)
            ),
        );
    }
}
