use std::collections::{BTreeMap, BTreeSet, HashSet};

use holdpoint_documents::{Change, Entry, Reader, Repository, date, inline};
use holdpoint_sdk::{Fault, Release};

use crate::Settings;

/// The longest description, in characters.
const DESCRIPTION_CHARACTERS_MAX: usize = 300;
/// The longest scope or name of a person, in characters.
const NAME_CHARACTERS_MAX: usize = 60;
/// The most people that are named; the others are counted.
const PEOPLE_MAX: usize = 200;

/// The entries of one section, by scope; those without one come first.
#[derive(Debug, Default)]
struct Told {
    by_scope: BTreeMap<String, Vec<String>>,
    count: usize,
    /// Entries beyond the bound.
    more: u32,
}

/// The notes of a release.
///
/// # Errors
///
/// When settings fit their schema and make no sense.
pub fn write(release: &Release, settings: &Settings) -> Result<String, Fault> {
    let repository = settings.repository()?;
    let subject = &release.subject;
    let mut text = match (&subject.version, &subject.previous) {
        (Some(version), _) => {
            let circumstances = &release.circumstances;
            let date = date(circumstances.time, circumstances.utc_offset);
            format!("# {version} ({date})\n")
        }
        (None, Some(previous)) => format!("# Changes since {previous}\n"),
        (None, None) => "# Changes\n".to_owned(),
    };
    if let (Some(repository), Some(version), Some(previous)) =
        (&repository, &subject.version, &subject.previous)
    {
        let address = repository.compare(&settings.tag_of(previous)?, &settings.tag_of(version)?);
        text.push_str(&format!("\n[All changes since {previous}]({address})\n"));
    }
    let (sections, people) = read(release, settings, repository.as_ref());
    let titles = std::iter::once(&settings.breaking_title)
        .chain(settings.sections.iter().map(|section| &section.title))
        .chain([&settings.other_title]);
    for (title, told) in titles.zip(&sections) {
        put(&mut text, title, told);
    }
    if sections.iter().all(|told| told.count == 0) {
        text.push_str("\nNo notable changes.\n");
    }
    if settings.authors && !people.is_empty() {
        text.push_str("\n## Contributors\n\n");
        for name in people.iter().take(PEOPLE_MAX) {
            text.push_str(&format!("- {name}\n"));
        }
        if people.len() > PEOPLE_MAX {
            text.push_str(&format!("- … and {} more\n", people.len() - PEOPLE_MAX));
        }
    }
    Ok(text)
}

/// The entries of each section: breaking changes, those of the settings, others; and who made them.
fn read(
    release: &Release,
    settings: &Settings,
    repository: Option<&Repository>,
) -> (Vec<Told>, BTreeSet<String>) {
    let mut reader = Reader::new(release.commits().map(|commit| commit.id));
    let mut sections: Vec<Told> = Vec::new();
    sections.resize_with(settings.sections.len() + 2, Told::default);
    let mut people = BTreeSet::new();
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
        people.insert(inline(&entry.author, NAME_CHARACTERS_MAX, None));
        let Some(told) = section(&entry, settings).and_then(|number| sections.get_mut(number))
        else {
            continue;
        };
        if told.count >= settings.entries_max as usize {
            told.more = told.more.saturating_add(1);
            continue;
        }
        let line = line(&entry, repository);
        // A change that was brought over to another branch and merged is there twice.
        if seen.insert((
            entry.scope.clone(),
            entry.kind.clone(),
            entry.description.clone(),
        )) {
            told.count += 1;
            let scope = entry.scope.unwrap_or_default();
            told.by_scope.entry(scope).or_default().push(line);
        }
    }
    (sections, people)
}

/// The number of the section that tells an entry; none when it is left out.
fn section(entry: &Entry, settings: &Settings) -> Option<usize> {
    if entry.breaking {
        return Some(0);
    }
    let named = settings.sections.iter().position(|section| {
        entry
            .kind
            .as_ref()
            .is_some_and(|kind| section.types.contains(kind))
    });
    match named {
        Some(number) => Some(number + 1),
        None => (!settings.other_title.is_empty()).then_some(settings.sections.len() + 1),
    }
}

fn put(text: &mut String, title: &str, told: &Told) {
    if told.count == 0 && told.more == 0 {
        return;
    }
    text.push_str(&format!("\n## {title}\n\n"));
    for line in told.by_scope.values().flatten() {
        text.push_str(&format!("- {line}\n"));
    }
    if told.more > 0 {
        let changes = if told.more == 1 { "change" } else { "changes" };
        text.push_str(&format!("- … and {} more {changes}\n", told.more));
    }
}

/// An entry as one line, without its bullet.
fn line(entry: &Entry, repository: Option<&Repository>) -> String {
    let mut line = String::new();
    if let Some(scope) = &entry.scope {
        line.push_str(&format!(
            "**{}:** ",
            inline(scope, NAME_CHARACTERS_MAX, None)
        ));
    }
    line.push_str(&inline(
        &entry.description,
        DESCRIPTION_CHARACTERS_MAX,
        repository,
    ));
    if let Some(note) = &entry.breaking_note
        && *note != entry.description
    {
        line.push_str(" – ");
        line.push_str(&inline(note, DESCRIPTION_CHARACTERS_MAX, repository));
    }
    if let Some(repository) = repository {
        line.push_str(&format!(" ({})", repository.commit(&entry.id)));
    }
    line
}
