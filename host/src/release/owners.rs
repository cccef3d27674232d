//! Code owners: who answers for a path.

use super::handle::Handle;
use super::owner_pattern::Pattern;
use super::{Error, bounds};
use crate::model::{Owners, Text};

/// Where a CODEOWNERS file is looked for, in GitHub's order; the first one counts.
const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

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
    /// Bytes of owners that may still be given out.
    bytes_left: u64,
}

struct Rule {
    pattern: Pattern,
    owners: Vec<Text>,
    /// Bytes of memory that the owners take.
    bytes: u64,
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
        Self::parse(b"", "", false)
    }

    /// A line that cannot be read is an error where the file is trusted, and is skipped over where
    /// it is only a claim, as GitHub does. What is beyond a bound is an error in either.
    fn parse(content: &[u8], file: &str, trusted: bool) -> Result<Self, Error> {
        let mut rules = Vec::new();
        for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
            let beyond = |what, most| Error::OwnersBound {
                file: file.into(),
                line: index + 1,
                what,
                most,
            };
            let line = String::from_utf8_lossy(line);
            let mut words = words(&line).into_iter();
            let Some(pattern) = words.next() else {
                continue;
            };
            if is_section(&pattern) {
                continue;
            }
            if pattern.len() > bounds::OWNERS_PATTERN_BYTES_MAX {
                return Err(beyond(
                    "bytes in a pattern",
                    bounds::OWNERS_PATTERN_BYTES_MAX,
                ));
            }
            if rules.len() >= bounds::OWNERS_RULES_MAX {
                return Err(beyond("rules", bounds::OWNERS_RULES_MAX));
            }
            let Some(parsed) = Pattern::parse(&pattern) else {
                if trusted {
                    return Err(Error::Owners {
                        file: file.into(),
                        line: index + 1,
                        pattern: pattern.into(),
                    });
                }
                continue;
            };
            let owners: Vec<Text> = words
                .by_ref()
                .take(bounds::OWNERS_PER_RULE_MAX)
                .map(Text::from)
                .collect();
            if words.next().is_some() {
                return Err(beyond("owners in a rule", bounds::OWNERS_PER_RULE_MAX));
            }
            let bytes = owners
                .iter()
                .map(|owner| (size_of::<Text>() + owner.raw().len()) as u64)
                .sum();
            rules.push(Rule {
                pattern: parsed,
                owners,
                bytes,
            });
        }
        Ok(Self {
            rules,
            trusted,
            bytes_left: bounds::OWNERS_GIVEN_BYTES_MAX,
        })
    }

    /// The owners of a path.
    pub(super) fn of(&mut self, path: &[u8]) -> Result<Owners, Error> {
        let path = String::from_utf8_lossy(path);
        let names: Vec<Vec<char>> = path.split('/').map(|name| name.chars().collect()).collect();
        let rule = self
            .rules
            .iter()
            .rev()
            .find(|rule| rule.pattern.matches(&names));
        let owners = match rule {
            None => Vec::new(),
            Some(rule) => {
                self.bytes_left = self
                    .bytes_left
                    .checked_sub(rule.bytes)
                    .ok_or(Error::TooManyOwners)?;
                rule.owners.clone()
            }
        };
        Ok(if self.trusted {
            Owners::Trusted(owners)
        } else {
            Owners::Claimed(owners)
        })
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
