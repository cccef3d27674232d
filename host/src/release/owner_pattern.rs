//! The patterns of CODEOWNERS files.

/// One pattern, kept as its names: it takes no more memory than its text.
pub(super) struct Pattern {
    /// What it names, followed by what stands for a file below that.
    names: Vec<Name>,
    /// Whether all below what it names counts too.
    reaches_below: bool,
    /// Whether what it names counts itself.
    holds_itself: bool,
}

/// One name of a pattern.
enum Name {
    /// `**`: any number of folders.
    Folders,
    /// Characters, `?` and `*`.
    One(Vec<Part>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Character(char),
    AnyCharacter,
    AnyCharacters,
}

impl Pattern {
    /// Reads a pattern; none when it cannot be read.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        if pattern.starts_with('!') || pattern.contains(['[', ']', '{', '}']) {
            return None;
        }
        let trimmed = pattern.trim_end_matches('/');
        let is_rooted = trimmed.contains('/');
        let mut names = Vec::new();
        if !is_rooted {
            names.push(Name::Folders);
        }
        for name in trimmed.split('/').filter(|name| !name.is_empty()) {
            names.push(if name == "**" {
                Name::Folders
            } else {
                Name::One(parts(name)?)
            });
        }
        names.extend(below());
        // A pattern that ends in `/*` names the files of one folder, not those below.
        let is_folder = pattern.ends_with('/');
        let is_of_one_folder = trimmed.trim_start_matches('/').ends_with("/*") && !is_folder;
        Some(Self {
            names,
            reaches_below: !is_of_one_folder,
            holds_itself: trimmed.is_empty() || !is_folder,
        })
    }

    /// Whether a path, given as the characters of its names, counts. It takes at most as many steps
    /// as the pattern has characters times those of the path.
    pub(super) fn matches(&self, path: &[Vec<char>]) -> bool {
        let itself = self.names.len().saturating_sub(below().len());
        let itself = self.names.get(..itself).unwrap_or_default();
        (self.holds_itself && names_match(itself, path))
            || (self.reaches_below && names_match(&self.names, path))
    }
}

/// Stands for a file in a folder or below.
fn below() -> [Name; 2] {
    [Name::Folders, Name::One(vec![Part::AnyCharacters])]
}

fn names_match(names: &[Name], path: &[Vec<char>]) -> bool {
    wildcard(
        names,
        path,
        |name| matches!(name, Name::Folders),
        |name, text| match name {
            Name::Folders => false,
            Name::One(parts) => wildcard(
                parts,
                text,
                |part| *part == Part::AnyCharacters,
                |part, character| match part {
                    Part::Character(expected) => expected == character,
                    Part::AnyCharacter => true,
                    Part::AnyCharacters => false,
                },
            ),
        },
    )
}

fn parts(name: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '\\' => Part::Character(characters.next()?),
            '?' => Part::AnyCharacter,
            '*' => Part::AnyCharacters,
            character => Part::Character(character),
        });
    }
    // Several in a row mean the same as one.
    parts.dedup_by(|next, kept| *next == Part::AnyCharacters && *kept == Part::AnyCharacters);
    Some(parts)
}

/// Whether a pattern matches a whole text. `is_many` tells which of its elements stand for any
/// number of elements of the text.
///
/// It remembers the last such element only: what comes before it has matched as early as it can, so
/// nothing is gained by going back further.
fn wildcard<P, T>(
    pattern: &[P],
    text: &[T],
    is_many: impl Fn(&P) -> bool,
    matches: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut read) = (0, 0);
    // Where to go on after the last element that stands for many, and what it has taken so far.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(element) = text.get(read) {
        match pattern.get(at) {
            Some(many) if is_many(many) => {
                at += 1;
                retry = Some((at, read));
            }
            Some(one) if matches(one, element) => {
                at += 1;
                read += 1;
            }
            _ => match retry {
                None => return false,
                Some((after, taken)) => {
                    at = after;
                    read = taken + 1;
                    retry = Some((after, read));
                }
            },
        }
    }
    pattern
        .get(at..)
        .is_none_or(|rest| rest.iter().all(is_many))
}
