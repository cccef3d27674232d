use std::collections::{BTreeMap, HashSet};

use holdpoint_documents::{Change, Entry, Reader, Repository, inline};
use holdpoint_sdk::Release;

use crate::{Section, Settings};

/// The longest description, in characters.
const DESCRIPTION_CHARACTERS_MAX: usize = 300;
/// The longest scope, in characters.
const SCOPE_CHARACTERS_MAX: usize = 60;

/// What the commits of a release have to say, by section.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    sections: BTreeMap<Section, Told>,
}

/// The entries of one section.
#[derive(Debug, Default)]
struct Told {
    breaking: Vec<String>,
    others: Vec<String>,
    /// Entries beyond the bound.
    more: u32,
}

impl Entries {
    /// The lines of a section without those that `stands` already has, each without its bullet; empty
    /// when there is nothing to say.
    pub(crate) fn lines(&self, section: Section, stands: &HashSet<&str>) -> Vec<String> {
        let Some(told) = self.sections.get(&section) else {
            return Vec::new();
        };
        let mut lines: Vec<String> = told
            .breaking
            .iter()
            .chain(&told.others)
            .filter(|line| !stands.contains(line.as_str()))
            .cloned()
            .collect();
        if told.more > 0 {
            let changes = if told.more == 1 { "change" } else { "changes" };
            lines.push(format!("… and {} more {changes}", told.more));
        }
        lines
    }
}

/// Reads the commits, newest first. Breaking changes come first in their section.
pub(crate) fn read(
    release: &Release,
    settings: &Settings,
    repository: Option<&Repository>,
) -> Entries {
    let mut reader = Reader::new(release.commits().map(|commit| commit.id));
    let mut entries = Entries::default();
    let mut seen = HashSet::new();
    for (commit, text) in release.commits().zip(release.commit_texts()) {
        let entry = reader.read(&Change {
            id: &commit.id,
            author: &commit.author,
            summary: &commit.summary,
            body: &text.body,
            parents: commit.parents,
        });
        let Some(entry) = entry else { continue };
        let Some(section) = section(&entry, settings) else {
            continue;
        };
        let told = entries.sections.entry(section).or_default();
        if told.breaking.len() + told.others.len() >= settings.entries_max as usize {
            told.more = told.more.saturating_add(1);
            continue;
        }
        let line = line(&entry, repository);
        // A change that was brought over to another branch and merged is there twice.
        if seen.insert(line.clone()) {
            if entry.breaking {
                told.breaking.push(line);
            } else {
                told.others.push(line);
            }
        }
    }
    entries
}

fn section(entry: &Entry, settings: &Settings) -> Option<Section> {
    let named = entry
        .kind
        .as_ref()
        .and_then(|kind| settings.sections.get(kind))
        .copied();
    // Nobody may miss a breaking change, whatever its type.
    named.or(entry.breaking.then_some(Section::Changed))
}

/// An entry as one line, without its bullet.
fn line(entry: &Entry, repository: Option<&Repository>) -> String {
    let scope = entry
        .scope
        .as_deref()
        .map(|scope| inline(scope, SCOPE_CHARACTERS_MAX, None));
    let lead = match (entry.breaking, scope) {
        (true, Some(scope)) => format!("**Breaking ({scope}):** "),
        (true, None) => "**Breaking:** ".to_owned(),
        (false, Some(scope)) => format!("{scope}: "),
        (false, None) => String::new(),
    };
    let description = if entry.kind.as_deref() == Some("revert") {
        format!("revert “{}”", entry.description)
    } else {
        entry.description.clone()
    };
    let mut line = lead + &inline(&description, DESCRIPTION_CHARACTERS_MAX, repository);
    if let Some(note) = &entry.breaking_note
        && *note != entry.description
    {
        line.push_str(" – ");
        line.push_str(&inline(note, DESCRIPTION_CHARACTERS_MAX, repository));
    }
    line
}
