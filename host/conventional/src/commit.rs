use std::fmt;

use crate::Bump;

/// A commit message of the form `type(scope)!: description`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConventionalCommit {
    /// The type, as written: `feat`, `fix`, `docs`.
    pub kind: String,
    /// The scope, as written and without its parentheses.
    pub scope: Option<String>,
    /// Whether it is a breaking change, by a `!` or by a footer.
    pub breaking: bool,
    /// The rest of the first line.
    pub description: String,
    /// What a `BREAKING CHANGE:` footer says; empty when it says nothing.
    pub breaking_note: Option<String>,
    /// Whether text follows the first line without a blank line between them, which the
    /// specification does not allow.
    pub blank_line_missing: bool,
}

/// Why a message is not a Conventional Commit, and where in its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotConventional {
    /// What is wrong.
    pub problem: Problem,
    /// Where in the first line, in characters counted from 1.
    pub column: usize,
}

/// What is wrong with the first line of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no text in it.
    Empty,
    /// It does not start with a type.
    TypeMissing,
    /// No colon follows the type.
    ColonMissing,
    /// The parentheses after the type are empty.
    ScopeEmpty,
    /// The parenthesis after the type is not closed.
    ScopeOpen,
    /// No space follows the colon.
    SpaceMissing,
    /// Nothing follows the colon.
    DescriptionMissing,
}

impl Problem {
    /// The part that is wrong, in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "the message is empty",
            Self::TypeMissing => "a type such as `feat` or `fix` is expected",
            Self::ColonMissing => "a colon is expected after the type",
            Self::ScopeEmpty => "the scope between the parentheses is empty",
            Self::ScopeOpen => "the parenthesis of the scope is not closed",
            Self::SpaceMissing => "a space is expected after the colon",
            Self::DescriptionMissing => "a description is expected after the colon",
        }
    }
}

impl fmt::Display for NotConventional {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} (column {})",
            self.problem.as_str(),
            self.column
        )
    }
}

impl std::error::Error for NotConventional {}

impl ConventionalCommit {
    /// What the commit asks for, before the rule for versions below 1.0.0.
    ///
    /// ```
    /// use holdpoint_conventional::{Bump, parse};
    ///
    /// assert_eq!(parse("Fix: x").unwrap().bump(), Some(Bump::Patch));
    /// assert_eq!(parse("docs: x").unwrap().bump(), None);
    /// assert_eq!(parse("docs!: x").unwrap().bump(), Some(Bump::Major));
    /// ```
    #[must_use]
    pub fn bump(&self) -> Option<Bump> {
        if self.breaking {
            Some(Bump::Major)
        } else if self.kind.eq_ignore_ascii_case("feat") {
            Some(Bump::Minor)
        } else if self.kind.eq_ignore_ascii_case("fix") {
            Some(Bump::Patch)
        } else {
            None
        }
    }
}

/// Reads a commit message.
///
/// # Errors
///
/// When its first line is not of the form `type(scope)!: description`; the error says which part
/// is wrong and where.
pub fn parse(message: &str) -> Result<ConventionalCommit, NotConventional> {
    let mut lines = message.lines();
    let header = Header::parse(lines.next().unwrap_or_default())?;
    let rest: Vec<&str> = lines.map(str::trim_end).collect();
    let breaking_note = breaking_note(&rest);
    Ok(ConventionalCommit {
        breaking: header.exclaimed || breaking_note.is_some(),
        kind: header.kind.to_owned(),
        scope: header.scope.map(str::to_owned),
        description: header.description.to_owned(),
        breaking_note,
        blank_line_missing: rest.first().is_some_and(|line| !line.is_empty()),
    })
}

/// The parts of a first line.
struct Header<'a> {
    kind: &'a str,
    scope: Option<&'a str>,
    exclaimed: bool,
    description: &'a str,
}

impl<'a> Header<'a> {
    fn parse(line: &'a str) -> Result<Self, NotConventional> {
        let refuse = |problem, rest: &str| {
            let before = line.len().saturating_sub(rest.len());
            let column = line
                .char_indices()
                .take_while(|(index, _)| *index < before)
                .count();
            Err(NotConventional {
                problem,
                column: column + 1,
            })
        };
        if line.trim().is_empty() {
            return refuse(Problem::Empty, line);
        }
        let is_type = |character: char| character.is_alphanumeric() || "-_".contains(character);
        let rest = line.trim_start_matches(is_type);
        let kind = line.strip_suffix(rest).unwrap_or_default();
        if kind.is_empty() {
            return refuse(Problem::TypeMissing, rest);
        }
        let (scope, rest) = match rest.strip_prefix('(') {
            None => (None, rest),
            Some(inner) => match inner.split_once([')', '(']) {
                Some((scope, _)) if scope.trim().is_empty() => {
                    return refuse(Problem::ScopeEmpty, inner);
                }
                Some((scope, after)) if inner.strip_prefix(scope).is_some_and(closes) => {
                    (Some(scope), after)
                }
                _ => return refuse(Problem::ScopeOpen, rest),
            },
        };
        let (exclaimed, rest) = match rest.strip_prefix('!') {
            Some(after) => (true, after),
            None => (false, rest),
        };
        let Some(after) = rest.strip_prefix(':') else {
            return refuse(Problem::ColonMissing, rest);
        };
        let description = after.trim();
        if description.is_empty() {
            return refuse(Problem::DescriptionMissing, after);
        }
        if !after.starts_with(' ') {
            return refuse(Problem::SpaceMissing, after);
        }
        Ok(Self {
            kind,
            scope,
            exclaimed,
            description,
        })
    }
}

fn closes(rest: &str) -> bool {
    rest.starts_with(')')
}

/// What the first breaking footer says: the rest of its line and the lines below it, up to a blank
/// line or another footer. A footer with nothing on its line may go on after it.
fn breaking_note(lines: &[&str]) -> Option<String> {
    let (index, first) = lines.iter().enumerate().find_map(|(index, line)| {
        ["BREAKING CHANGE:", "BREAKING-CHANGE:"]
            .iter()
            .find_map(|token| line.strip_prefix(token))
            .map(|rest| (index, rest.trim()))
    })?;
    let mut note = first.to_owned();
    for line in lines.iter().skip(index + 1) {
        if line.is_empty() || is_footer(line) {
            break;
        }
        if !note.is_empty() {
            note.push(' ');
        }
        note.push_str(line.trim());
    }
    Some(note)
}

/// Whether a line starts a footer: a word, then `: ` or ` #`.
fn is_footer(line: &str) -> bool {
    let rest = line.strip_prefix("BREAKING CHANGE").unwrap_or_else(|| {
        line.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-')
    });
    rest.len() < line.len() && (rest == ":" || rest.starts_with(": ") || rest.starts_with(" #"))
}
