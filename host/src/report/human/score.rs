use super::{Page, page};
use crate::model::{Basis, COMPARED_RELEASES_MIN, ScaleReason, Score};
use crate::report::words;

/// Puts on a page how risky a release is, and how that is known.
pub(super) fn put(page: &mut Page, indent: usize, score: &Score) {
    page.led(
        indent,
        page::heading(),
        &format!("Risk {} of 100", score.short()),
        &format!(": {}.", basis(score)),
    );
    if score.left_out > 0 {
        page.text(
            indent,
            &format!(
                "{} could not be read or assessed, and {} left out.",
                words::count(score.left_out, "earlier release", "earlier releases"),
                if score.left_out == 1 { "is" } else { "are" }
            ),
        );
    }
    if score.unfinished > 0 {
        page.text(
            indent,
            &format!(
                "The time for comparing was over before {}: run again, or raise wall-time in \
                 [limits].",
                match score.unfinished {
                    1 => "1 earlier release was assessed".to_owned(),
                    many => format!("{} earlier releases were assessed", words::number(many)),
                }
            ),
        );
    }
}

fn basis(score: &Score) -> String {
    match score.basis {
        Basis::Releases { smaller, equal } => {
            let equal = match equal {
                0 => String::new(),
                equal => format!(", and as risky as {}", words::number(equal)),
            };
            format!(
                "riskier than {} of your last {}{equal}{}",
                words::number(smaller),
                words::count(score.releases, "release", "releases"),
                known(score),
            )
        }
        Basis::Scale(reason) => {
            let why = match reason {
                ScaleReason::TooFew => format!(
                    "too little to compare with, {} of the {COMPARED_RELEASES_MIN} that it takes{}",
                    words::count(score.releases, "earlier release", "earlier releases"),
                    known(score),
                ),
                ScaleReason::TooManyLeftOut => format!(
                    "only {} could be assessed",
                    words::count(score.releases, "earlier release", "earlier releases")
                ),
                ScaleReason::OutOfTime => format!(
                    "only {} could be assessed in time",
                    words::count(score.releases, "earlier release", "earlier releases")
                ),
            };
            format!("{why}; this is where its magnitude stands on a fixed scale")
        }
    }
}

/// Where the earlier releases are known from; nothing where all are by their tags.
fn known(score: &Score) -> String {
    let by_tag = score.releases.saturating_sub(score.recorded);
    match (score.recorded, by_tag) {
        (0, _) => String::new(),
        (_, 0) => " (all recorded)".to_owned(),
        (recorded, by_tag) => format!(
            " ({} recorded, {} by tag)",
            words::number(recorded),
            words::number(by_tag)
        ),
    }
}
