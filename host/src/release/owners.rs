//! Code owners: who answers for a path.

use globset::{GlobBuilder, GlobMatcher};

use super::handle::Handle;
use super::{Error, bounds};
use crate::model::{Owners, Text};

/// Where a CODEOWNERS file is looked for, in GitHub's order; the first one counts.
const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// Rules that are read; more make a release too slow to read.
const RULES_MAX: usize = 20_000;

/// A CODEOWNERS file in GitHub's syntax: a pattern and its owners on each line, the last line that
/// matches counts. `[Section]` headings, as GitLab has them, are skipped over: their rules count in
/// the order of the file.
///
/// The patterns are those of `.gitignore`, without `!` and `[…]`: `*` and `?` stay within a name,
/// `**` crosses folders, a `/` at the start or in the middle binds to the root, and a name matches a
/// folder with all below it; `name/*` does not reach deeper.
pub(super) struct CodeOwners {
    rules: Vec<Rule>,
    trusted: bool,
}

struct Rule {
    matchers: Vec<GlobMatcher>,
    owners: Vec<Text>,
}

impl CodeOwners {
    /// The owners that the operator trusts, else those that the judged commit claims.
    pub(super) fn read(
        handle: &Handle,
        trusted: Option<&[u8]>,
        tree: gix::ObjectId,
    ) -> Result<Self, Error> {
        if let Some(content) = trusted {
            return Self::parse(content, "the trusted CODEOWNERS", true);
        }
        for place in PLACES {
            if let Some(content) = handle.file(tree, place.as_bytes(), bounds::OWNERS_BYTES_MAX)? {
                return Self::parse(&content, place, false);
            }
        }
        Ok(Self {
            rules: Vec::new(),
            trusted: false,
        })
    }

    /// A line that cannot be read is an error where the file is trusted, and is skipped over where
    /// it is only a claim, as GitHub does.
    fn parse(content: &[u8], file: &str, trusted: bool) -> Result<Self, Error> {
        let mut rules = Vec::new();
        for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
            let line = String::from_utf8_lossy(line);
            let mut words = words(&line).into_iter();
            let Some(pattern) = words.next() else {
                continue;
            };
            if is_section(&pattern) {
                continue;
            }
            match matchers(&pattern) {
                Some(matchers) if rules.len() < RULES_MAX => rules.push(Rule {
                    matchers,
                    owners: words.map(Text::from).collect(),
                }),
                _ if trusted => {
                    return Err(Error::Owners {
                        file: file.into(),
                        line: index + 1,
                        pattern: pattern.into(),
                    });
                }
                _ => {}
            }
        }
        Ok(Self { rules, trusted })
    }

    /// The owners of a path.
    pub(super) fn of(&self, path: &[u8]) -> Owners {
        let path = String::from_utf8_lossy(path);
        let names = self
            .rules
            .iter()
            .rev()
            .find(|rule| {
                rule.matchers
                    .iter()
                    .any(|matcher| matcher.is_match(path.as_ref()))
            })
            .map(|rule| rule.owners.clone())
            .unwrap_or_default();
        if self.trusted {
            Owners::Trusted(names)
        } else {
            Owners::Claimed(names)
        }
    }
}

/// GitLab's heading: `[Name]`, `^[Name]`, `[Name][2]`.
fn is_section(word: &str) -> bool {
    word.starts_with('[') || word.starts_with("^[")
}

/// The words of a line up to a comment; a blank after a backslash belongs to its word.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek().is_some_and(|next| " #".contains(*next)) => {
                word.extend(characters.next());
            }
            '#' if word.is_empty() => break,
            character if character.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            character => word.push(character),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// What a pattern matches; none when it cannot be read.
fn matchers(pattern: &str) -> Option<Vec<GlobMatcher>> {
    if pattern.starts_with('!') || pattern.contains(['[', ']', '{', '}']) {
        return None;
    }
    let is_folder = pattern.ends_with('/');
    let trimmed = pattern.trim_end_matches('/');
    let is_rooted = trimmed.contains('/') || pattern == "/";
    let name = trimmed.trim_start_matches('/');
    let base = match (is_rooted, name) {
        (_, "") => "**".to_owned(),
        (true, name) => name.to_owned(),
        (false, name) => format!("**/{name}"),
    };
    let mut globs = Vec::new();
    if !is_folder {
        globs.push(base.clone());
    }
    // A pattern that ends in `/*` names the files of one folder, not those below.
    if !base.ends_with("/*") || base == "**/*" {
        globs.push(format!("{base}/**"));
    }
    globs
        .iter()
        .map(|glob| {
            GlobBuilder::new(glob)
                .literal_separator(true)
                .backslash_escape(true)
                .build()
                .ok()
                .map(|glob| glob.compile_matcher())
        })
        .collect()
}
