//! Where the section of a release goes, and what is in it.

use std::collections::HashSet;

use holdpoint_documents::Repository;

use crate::Section;
use crate::entries::Entries;
use crate::file::{File, Heading, NotClosed, content};
use crate::links;

/// What is said of a release that nothing is said of.
const NOTHING: &str = "No notable changes.";

/// What is added.
pub(crate) struct New<'a> {
    pub(crate) version: &'a str,
    pub(crate) previous: Option<&'a str>,
    pub(crate) date: String,
    pub(crate) tag: String,
    pub(crate) previous_tag: Option<String>,
    pub(crate) entries: Entries,
    pub(crate) repository: Option<Repository>,
}

/// Text that goes before a line.
pub(crate) struct Insertion {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// A changelog with the section of a release; none when it has one already.
pub(crate) fn add(old: &str, new: &New<'_>) -> Result<Option<String>, NotClosed> {
    let file = File::read(old)?;
    let mut versions = file.headings.iter().filter(|heading| heading.level <= 2);
    if versions
        .clone()
        .any(|heading| version_of(heading.text) == Some(new.version))
    {
        return Ok(None);
    }
    let unreleased = versions.clone().find(|heading| is_unreleased(heading));
    let first = versions.find(|heading| version_of(heading.text).is_some());
    let links = links::of(&file, new);
    let is_linked = links.is_some()
        || unreleased
            .or(first)
            .is_none_or(|heading| heading.text.starts_with('['));
    let level = unreleased.or(first).map_or(2, |heading| heading.level);
    let title = if is_linked {
        format!("[{}]", new.version)
    } else {
        new.version.to_owned()
    };
    let title = format!("{} {title} - {}", "#".repeat(level), new.date);

    let mut insertions = match unreleased {
        Some(unreleased) => merged(&file, unreleased, &title, level, &new.entries),
        None => alone(&file, first, &title, level, &new.entries),
    };
    let mut replaced = None;
    if let Some(links) = links {
        insertions.extend(links.insertion);
        replaced = links.replaced;
    }
    Ok(Some(put(&file, insertions, replaced.as_ref())))
}

/// The section takes over what stands under `Unreleased`: the new heading goes between the two, and
/// entries go to the end of what is there.
fn merged(
    file: &File<'_>,
    unreleased: &Heading<'_>,
    title: &str,
    level: usize,
    entries: &Entries,
) -> Vec<Insertion> {
    let end = file
        .headings
        .iter()
        .find(|heading| heading.line >= unreleased.next && heading.level <= unreleased.level)
        .map_or(file.references_start, |heading| heading.line)
        .max(unreleased.next);
    let mut insertions = vec![Insertion {
        line: unreleased.next,
        text: format!("\n{title}\n"),
    }];
    let stands: HashSet<&str> = (unreleased.next..end)
        .filter_map(|number| bullet(file.lines[number]))
        .map(|(_, text)| text)
        .collect();
    let parts: Vec<&Heading<'_>> = file
        .headings
        .iter()
        .filter(|heading| (unreleased.next..end).contains(&heading.line))
        .filter(|heading| heading.level == level + 1)
        .collect();
    let end_of_text = file.end_of_text(unreleased.next, end);
    let mut is_any_told = end_of_text > unreleased.next;
    for section in Section::ALL {
        let lines = entries.lines(section, &stands);
        if lines.is_empty() {
            continue;
        }
        is_any_told = true;
        let own = parts
            .iter()
            .position(|part| Section::of_title(part.text) == Some(section));
        insertions.push(if let Some(index) = own {
            let part = parts[index];
            let part_end = parts.get(index + 1).map_or(end, |next| next.line);
            let line = file.end_of_text(part.next, part_end);
            let last = (part.next..line).rev().find_map(|number| {
                let line = file.lines[number];
                bullet(line).map(|(mark, _)| mark)
            });
            let gap = if last.is_some() { "" } else { "\n" };
            let mark = last.unwrap_or('-');
            Insertion {
                line,
                text: format!("{gap}{}", list(mark, &lines)),
            }
        } else {
            // Before the first section that Keep a Changelog has after it.
            let later = parts
                .iter()
                .find(|part| Section::of_title(part.text).is_some_and(|other| other > section));
            let marks = "#".repeat(level + 1);
            let body = format!("{marks} {}\n\n{}", section.title(), list('-', &lines));
            match later {
                Some(part) => Insertion {
                    line: part.line,
                    text: format!("{body}\n"),
                },
                None => Insertion {
                    line: end_of_text,
                    text: format!("\n{body}"),
                },
            }
        });
    }
    if !is_any_told {
        insertions.push(Insertion {
            line: end_of_text,
            text: format!("\n{NOTHING}\n"),
        });
    }
    // What follows is set off by a blank line.
    if end_of_text == end && end < file.lines.len() {
        insertions.push(Insertion {
            line: end,
            text: "\n".to_owned(),
        });
    }
    insertions
}

/// The section in a file without `Unreleased`: before the newest one, else at the end.
fn alone(
    file: &File<'_>,
    first: Option<&Heading<'_>>,
    title: &str,
    level: usize,
    entries: &Entries,
) -> Vec<Insertion> {
    let mut text = format!("{title}\n");
    let marks = "#".repeat(level + 1);
    let mut is_any_told = false;
    for section in Section::ALL {
        let lines = entries.lines(section, &HashSet::new());
        if !lines.is_empty() {
            is_any_told = true;
            text.push_str(&format!(
                "\n{marks} {}\n\n{}",
                section.title(),
                list('-', &lines)
            ));
        }
    }
    if !is_any_told {
        text.push_str(&format!("\n{NOTHING}\n"));
    }
    if let Some(first) = first {
        vec![Insertion {
            line: first.line,
            text: format!("{text}\n"),
        }]
    } else {
        let line = file.end_of_text(0, file.references_start);
        let end = if file.is_blank(line) { "" } else { "\n" };
        vec![Insertion {
            line,
            text: format!("\n{text}{end}"),
        }]
    }
}

fn list(mark: char, lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&format!("{mark} {line}\n"));
    }
    text
}

/// The mark and the text of a line that is an entry of a list.
fn bullet(line: &str) -> Option<(char, &str)> {
    let mark = line.chars().next().filter(|mark| "-*+".contains(*mark))?;
    let text = content(line).get(1..)?.strip_prefix(' ')?;
    Some((mark, text.trim()))
}

fn is_unreleased(heading: &Heading<'_>) -> bool {
    let text = heading.text.trim_start_matches('[').to_ascii_lowercase();
    text.strip_prefix("unreleased")
        .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
}

/// The version that a heading names: among its first words, one of at least two numbers.
pub(crate) fn version_of(text: &str) -> Option<&str> {
    text.split_whitespace().take(3).find_map(|word| {
        let word = word.trim_start_matches(['[', '(']);
        let word = word.strip_prefix(['v', 'V']).unwrap_or(word);
        let end = word
            .find(|next: char| !(next.is_ascii_alphanumeric() || ".-+".contains(next)))
            .unwrap_or(word.len());
        let version = word.get(..end)?;
        let numbers = version.split(['-', '+']).next()?;
        let is_number =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = numbers.split('.').collect();
        (parts.len() >= 2 && parts.into_iter().all(is_number)).then_some(version)
    })
}

/// The file with the insertions, in the order in which they were made where they meet. `replaced` is
/// a line that is written anew.
fn put(
    file: &File<'_>,
    mut insertions: Vec<Insertion>,
    replaced: Option<&(usize, String)>,
) -> String {
    insertions.sort_by_key(|insertion| insertion.line);
    let mut text = String::new();
    let mut insertions = insertions.into_iter().peekable();
    for number in 0..=file.lines.len() {
        while let Some(insertion) = insertions.next_if(|next| next.line == number) {
            // The last line of a file may have no line break.
            if !text.is_empty() && !text.ends_with('\n') {
                text.push_str(file.line_break);
            }
            text.push_str(&insertion.text.replace('\n', file.line_break));
        }
        match (replaced, file.lines.get(number)) {
            (Some((line, new)), Some(old)) if *line == number => {
                text.push_str(new);
                text.push_str(old.get(content(old).len()..).unwrap_or_default());
            }
            (_, Some(line)) => text.push_str(line),
            (_, None) => {}
        }
    }
    text
}
