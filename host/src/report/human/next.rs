use super::{ITEMS_SHOWN_MAX, Page, page, rest};
use crate::report::NextRecord;

/// Puts on a page why a version is the next one. The version itself is not on it: that is the one
/// line on standard output.
pub fn human_next(page: &mut Page, record: &NextRecord) {
    page.text(0, &record.reason);
    for asker in record.askers.iter().take(ITEMS_SHOWN_MAX) {
        let lead = format!("{:<6}", bump_name(asker.bump));
        page.led(
            2,
            page::heading(),
            &lead,
            &format!("{} {}", asker.commit.short(), asker.summary.terminal()),
        );
    }
    rest(page, 2, record.askers.len());
}

fn bump_name(bump: holdpoint_conventional::Bump) -> &'static str {
    match bump {
        holdpoint_conventional::Bump::Patch => "patch",
        holdpoint_conventional::Bump::Minor => "minor",
        holdpoint_conventional::Bump::Major => "major",
    }
}
