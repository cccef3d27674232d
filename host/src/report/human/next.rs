use anstyle::Style;
use holdpoint_conventional::{Bump, Rule};

use super::{ITEMS_SHOWN_MAX, Page, page, rest};
use crate::release::{Proposal, Reason};
use crate::report::words;

/// Puts on a page why a version is the next one. The version itself is not on it: it is the one
/// line on standard output.
pub fn human_next(page: &mut Page, proposal: &Proposal) {
    page.text(0, &why(proposal));
    let (asking, unread): (Vec<&Reason>, Vec<&Reason>) = proposal
        .reasons
        .iter()
        .partition(|reason| reason.asks.is_some());
    for reason in asking.iter().take(ITEMS_SHOWN_MAX) {
        let bump = reason.asks.map_or("", bump_name);
        page.led(2, page::heading(), &format!("{bump:<6}"), &words_of(reason));
    }
    rest(page, 2, asking.len());
    if !unread.is_empty() {
        let commits = words::count(unread.len() as u64, "commit is", "commits are");
        page.text(
            0,
            &format!(
                "{commits} not in the form of Conventional Commits and cannot ask for anything:"
            ),
        );
        for reason in unread.iter().take(ITEMS_SHOWN_MAX) {
            page.led(2, Style::new(), "", &words_of(reason));
        }
        rest(page, 2, unread.len());
    }
    if !proposal.ignored_tags.is_empty() {
        let tags: Vec<String> = proposal
            .ignored_tags
            .iter()
            .map(|tag| tag.terminal().to_string())
            .collect();
        page.text(
            0,
            &format!(
                "Lower tags on the commit of the last release: {}.",
                tags.join(", ")
            ),
        );
    }
}

fn words_of(reason: &Reason) -> String {
    let words = format!("{} {}", reason.commit.short(), reason.summary.terminal());
    match &reason.problem {
        Some(problem) => format!("{words} ({})", problem.terminal()),
        None => words,
    }
}

fn why(proposal: &Proposal) -> String {
    let commits = words::count(proposal.commits, "commit", "commits");
    let known_by = match (&proposal.previous_tag, &proposal.previous_run) {
        (Some(tag), _) => format!(" (tag {})", tag.terminal()),
        (None, Some(run)) => format!(" (recorded as run {})", run.short()),
        (None, None) => String::new(),
    };
    let since = match &proposal.previous {
        Some(previous) => format!("{commits} since {previous}{known_by}"),
        None => format!("{commits} and no release yet"),
    };
    let asked = proposal.asked.map_or("nothing", bump_name);
    let rule = match proposal.rule {
        Rule::Initial => "this is the initial version".to_owned(),
        Rule::NothingAsked => "nothing asks for a release".to_owned(),
        Rule::Counted => format!("together they ask for {asked}"),
        Rule::CountedBelowOne => format!(
            "together they ask for {asked}; below 1.0.0 this project counts a breaking change as \
             {} and a feature as {}",
            bump_name(proposal.versioning.zero_breaking),
            bump_name(proposal.versioning.zero_feature)
        ),
        Rule::PreReleaseKept => {
            "the numbers of the pre-release already hold what they ask for".to_owned()
        }
        Rule::OutOfOrder => "there is no version after the last one that follows the rules: a \
                             pre-release would sort before it, or a number cannot be counted up"
            .to_owned(),
    };
    format!("{since}: {rule}.")
}

fn bump_name(bump: Bump) -> &'static str {
    match bump {
        Bump::Patch => "patch",
        Bump::Minor => "minor",
        Bump::Major => "major",
    }
}
