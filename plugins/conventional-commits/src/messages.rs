use holdpoint_conventional::{ConventionalCommit, NotConventional, Problem, parse};
use holdpoint_sdk::{Commit, Finding};

use crate::Settings;

/// How many messages of a release have the form and one of the types. Many projects write
/// `parser: …`, which has the form alone, and mean nothing by it. Those that git has written count on neither side.
#[derive(Default)]
pub(crate) struct Usage {
    formed: u32,
    counted: u32,
}

impl Usage {
    pub(crate) fn count(&mut self, commit: &Commit, settings: &Settings) {
        if !is_made_by_git(commit) {
            let is_formed =
                parse(&commit.summary).is_ok_and(|read| wrong_type(&read, settings).is_none());
            self.counted = self.counted.saturating_add(1);
            self.formed = self.formed.saturating_add(u32::from(is_formed));
        }
    }

    /// Said of a project where fewer than half of the messages have both.
    pub(crate) fn not_adopted(&self) -> Option<Finding> {
        (u64::from(self.formed) * 2 < u64::from(self.counted)).then(|| {
            Finding::new(
                "not-adopted",
                format!(
                    "{} of {} messages have the form and a type of Conventional Commits, so the \
                     project does not seem to use them, and messages are not judged.",
                    self.formed, self.counted
                ),
            )
        })
    }
}

/// What speaks against the message of one commit. A report names the commit and its first line
/// before the message of a finding, so that the message is only the rest.
pub(crate) fn check(commit: &Commit, settings: &Settings, findings: &mut Vec<Finding>) {
    if is_made_by_git(commit) {
        return;
    }
    let summary = commit.summary.as_str();
    let mut find = |rule: &str, message: String| {
        findings.push(Finding::new(rule, message).at_commit(&commit.id));
    };
    if let Some(word) = ["fixup!", "squash!", "amend!"]
        .into_iter()
        .find(|word| summary.starts_with(word))
    {
        find(
            "fixup",
            format!("It starts with `{word}`: it was meant to be squashed into another commit."),
        );
        return;
    }
    match parse(summary) {
        Err(error) => find("form", wrong_form(error)),
        Ok(read) => {
            if let Some(message) = wrong_type(&read, settings) {
                find("type", message);
            }
            if let Some(message) = wrong_scope(&read, settings) {
                find("scope", message);
            }
        }
    }
    let length = summary.chars().count();
    let length_max = settings.subject_length_max;
    if length > length_max as usize {
        find(
            "subject-length",
            format!("The first line has {length} characters; at most {length_max} are allowed."),
        );
    }
}

/// Merge commits and reverts whose first line git has written itself. A merge commit with a message
/// of its own is judged like any other.
fn is_made_by_git(commit: &Commit) -> bool {
    let summary = commit.summary.as_str();
    let is_merge = commit.parents > 1 && summary.starts_with("Merge ");
    let is_revert = ["Revert \"", "Reapply \""]
        .iter()
        .any(|start| summary.starts_with(start))
        && summary.ends_with('"');
    is_merge || is_revert
}

/// What is expected, and where.
fn wrong_form(error: NotConventional) -> String {
    let expected = match error.problem {
        Problem::Empty => return "The message is empty.".to_owned(),
        Problem::TypeMissing => "A type such as `feat` or `fix` is expected",
        Problem::ColonMissing => "A colon is expected after the type",
        Problem::ScopeEmpty => "A scope is expected between the parentheses",
        Problem::ScopeOpen => "The parenthesis of the scope is not closed",
        Problem::SpaceMissing => "A space is expected after the colon",
        Problem::DescriptionMissing => "A description is expected after the colon",
    };
    format!("{expected}, in column {}.", error.column)
}

fn wrong_type(read: &ConventionalCommit, settings: &Settings) -> Option<String> {
    let is_allowed = settings
        .types
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(&read.kind));
    (!is_allowed).then(|| {
        format!(
            "The type is `{}`; the project uses {}.",
            read.kind,
            list(&settings.types)
        )
    })
}

fn wrong_scope(read: &ConventionalCommit, settings: &Settings) -> Option<String> {
    match (&read.scope, &settings.scopes) {
        (None, _) if settings.scope_required => Some(format!(
            "There is no scope; the project asks for one, as in `{}(scope): {}`.",
            read.kind, read.description
        )),
        (Some(scope), Some(allowed)) if !allowed.contains(scope) => Some(format!(
            "The scope is `{scope}`; the project uses {}.",
            list(allowed)
        )),
        _ => None,
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A commit as people name it: the start of its object name and its first line.
pub(crate) fn name(commit: &Commit) -> String {
    let id: String = commit.id.chars().take(10).collect();
    let mut summary: String = commit.summary.chars().take(72).collect();
    if summary.len() < commit.summary.len() {
        summary.push('…');
    }
    format!("Commit {id} “{summary}”")
}
