use anstyle::Style;

use super::{ITEMS_SHOWN_MAX, Page, page, rest};
use crate::model::{Location, Severity, Text};
use crate::pipeline::JudgedFinding;
use crate::report::commits::Commits;
use crate::report::words;

/// What was made of a finding, from what matters most to what matters least.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Blocks,
    Advises,
    Waived,
}

impl Standing {
    fn of(judged: &JudgedFinding) -> Self {
        match (judged.blocks, &judged.waiver) {
            (true, _) => Self::Blocks,
            (false, None) => Self::Advises,
            (false, Some(_)) => Self::Waived,
        }
    }
}

/// Puts findings on a page: those that block first, those of one rule together, long groups capped.
pub(super) fn list(
    page: &mut Page,
    indent: usize,
    findings: &[JudgedFinding],
    commits: &Commits<'_>,
) {
    for standing in [Standing::Blocks, Standing::Advises, Standing::Waived] {
        for group in groups(findings, standing) {
            put_group(page, indent, standing, &group, commits);
        }
    }
}

/// The findings of one standing, those of one rule and severity together, in the order in which the
/// rules first occur.
fn groups(findings: &[JudgedFinding], standing: Standing) -> Vec<Vec<&JudgedFinding>> {
    let mut groups: indexmap::IndexMap<_, Vec<&JudgedFinding>> = indexmap::IndexMap::new();
    for judged in findings {
        if Standing::of(judged) == standing {
            let waiver = judged
                .waiver
                .as_ref()
                .map(|waiver| (&waiver.owner, &waiver.reason, waiver.expires));
            let key = (&judged.finding.rule, judged.finding.severity, waiver);
            groups.entry(key).or_default().push(judged);
        }
    }
    groups.into_values().collect()
}

fn put_group(
    page: &mut Page,
    indent: usize,
    standing: Standing,
    group: &[&JudgedFinding],
    commits: &Commits<'_>,
) {
    let Some(first) = group.first() else { return };
    let rule = &first.finding.rule;
    let length = group.len() as u64;
    let (style, lead, body) = match standing {
        Standing::Blocks => (
            page::of_severity(first.finding.severity),
            format!("{} {rule}", first.finding.severity),
            format!(
                ": {}",
                words::count(length, "finding blocks", "findings block")
            ),
        ),
        Standing::Advises => (
            page::of_severity(first.finding.severity.min(Severity::Warning)),
            format!("{} {rule}", first.finding.severity),
            format!(
                ": {} not block",
                words::count(length, "finding does", "findings do")
            ),
        ),
        Standing::Waived => (
            Style::new().dimmed(),
            format!("waived {rule}"),
            format!(
                ": {}{}",
                words::count(length, "finding", "findings"),
                waiver(first)
            ),
        ),
    };
    page.led(indent, style, &lead, &body);
    let shared_help = group
        .iter()
        .all(|judged| judged.finding.help == first.finding.help);
    for judged in group.iter().take(ITEMS_SHOWN_MAX) {
        let finding = &judged.finding;
        page.text(
            indent + 2,
            &format!(
                "{}: {}",
                place(&finding.location, commits),
                finding.message.terminal()
            ),
        );
        if !shared_help && standing != Standing::Waived {
            help(page, indent + 4, finding.help.as_ref());
        }
    }
    rest(page, indent + 2, group.len());
    if shared_help && standing != Standing::Waived {
        help(page, indent + 2, first.finding.help.as_ref());
    }
}

fn help(page: &mut Page, indent: usize, help: Option<&Text>) {
    if let Some(help) = help {
        let help = help.terminal().to_string();
        page.led(indent, page::heading(), "Help: ", &help);
    }
}

fn waiver(judged: &JudgedFinding) -> String {
    judged.waiver.as_ref().map_or_else(String::new, |waiver| {
        format!(
            ", until {} by {}, because: {}",
            waiver.expires,
            waiver.owner.terminal(),
            waiver.reason.terminal()
        )
    })
}

/// Where something is, in words.
pub(super) fn place(location: &Location, commits: &Commits<'_>) -> String {
    /// A subject longer than this is cut: it is there to be recognised.
    const SUBJECT_CHARACTERS_MAX: usize = 60;
    match location {
        Location::Release => "the release".to_owned(),
        Location::Commit(id) => match commits.summary(id) {
            Some(summary) => format!(
                "commit {} “{}”",
                id.short(),
                summary.shortened(SUBJECT_CHARACTERS_MAX).terminal()
            ),
            None => format!("commit {}", id.short()),
        },
        Location::File { path, line: None } => path.terminal().to_string(),
        Location::File {
            path,
            line: Some(line),
        } => format!("{}:{line}", path.terminal()),
        Location::Artifact(name) => format!("artifact {}", name.terminal()),
    }
}
