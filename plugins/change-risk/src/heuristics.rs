use std::collections::{BTreeMap, BTreeSet};

use holdpoint_sdk::{Change, ChangeKind, Factor, FileLocation, Location, Measures};

use crate::paths::{self, Sort};
use crate::words;

/// Names that one factor shows.
const NAMES_SHOWN: usize = 3;
/// Lines from which on vendored and generated files are worth a factor.
const VENDORED_LINES_MIN: u64 = 1000;
/// Lines added to a code file from which on a test is looked for.
const UNTESTED_LINES_MIN: u32 = 30;

/// What the files that differ between base and head tell. Everything here is a rule of thumb.
#[derive(Default)]
pub(crate) struct Seen {
    files: u32,
    insertions: u64,
    deletions: u64,
    binary: Group,
    vendored: Group,
    dependencies: Group,
    migrations: Group,
    automation: Group,
    configuration: Group,
    code: Group,
    tests: Group,
    /// Code files with many new lines, largest first when shown.
    grown: Vec<(u32, String)>,
    tested: BTreeSet<String>,
    owners: BTreeSet<String>,
    /// Of files that are neither vendored nor generated.
    without_owner: Group,
    owners_claimed: bool,
    directories: BTreeMap<String, u64>,
    subsystems: BTreeSet<String>,
}

/// Files of one sort.
#[derive(Default)]
struct Group {
    files: u64,
    insertions: u64,
    deletions: u64,
    /// Those with the most lines, most first.
    names: Vec<(u32, String)>,
}

impl Group {
    fn add(&mut self, change: &Change) {
        self.files += 1;
        self.insertions += u64::from(change.insertions);
        self.deletions += u64::from(change.deletions);
        let lines = change.insertions.saturating_add(change.deletions);
        let place = self.names.partition_point(|(other, _)| *other >= lines);
        if place < NAMES_SHOWN {
            self.names.truncate(NAMES_SHOWN - 1);
            self.names.insert(place, (lines, change.path.clone()));
        }
    }

    fn list(&self) -> String {
        let names: Vec<String> = self.names.iter().map(|(_, name)| name.clone()).collect();
        words::list(&names, self.files)
    }
}

impl Seen {
    pub(crate) fn add(&mut self, change: &Change) {
        self.files = self.files.saturating_add(1);
        self.insertions += u64::from(change.insertions);
        self.deletions += u64::from(change.deletions);
        let folder = change
            .path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let lines = u64::from(change.insertions) + u64::from(change.deletions);
        *self.directories.entry(folder.to_owned()).or_default() += lines;
        self.subsystems
            .insert(folder.split('/').next().unwrap_or_default().to_owned());
        if change.binary {
            self.binary.add(change);
        }
        let sort = paths::sort(&change.path);
        match sort {
            Sort::Vendored => self.vendored.add(change),
            Sort::Lockfile | Sort::Manifest => self.dependencies.add(change),
            Sort::Migration => self.migrations.add(change),
            Sort::Automation => self.automation.add(change),
            Sort::Configuration => self.configuration.add(change),
            Sort::Test => {
                self.tests.add(change);
                if !matches!(change.how, ChangeKind::Deleted) {
                    self.tested.insert(paths::subject(&change.path));
                }
            }
            Sort::Code => {
                self.code.add(change);
                if change.insertions >= UNTESTED_LINES_MIN {
                    self.grown.push((change.insertions, change.path.clone()));
                }
            }
            Sort::Other => {}
        }
        if sort != Sort::Vendored {
            if change.owners.is_empty() {
                self.without_owner.add(change);
            }
            self.owners.extend(change.owners.iter().cloned());
            self.owners_claimed |= !change.owners.is_empty() && !change.owners_trusted;
        }
    }

    /// The difference as one change. Its entropy, which hardly counts, is taken as 0.
    pub(crate) fn measures(&self) -> Measures {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let stopped = |lines: u64| u32::try_from(lines).unwrap_or(u32::MAX);
        Measures {
            files: self.files,
            directories: count(self.directories.len()),
            subsystems: count(self.subsystems.len()),
            insertions: stopped(self.insertions),
            deletions: stopped(self.deletions),
            entropy: 0.0,
            fix: false,
        }
    }

    /// Whether a commit adds so many lines that they cannot all have stayed in files that are
    /// neither vendored nor generated. Which files a commit touches is not handed over.
    pub(crate) fn is_mostly_vendored(&self, measures: &Measures) -> bool {
        let other = self.insertions.saturating_sub(self.vendored.insertions);
        self.vendored.insertions >= VENDORED_LINES_MIN && u64::from(measures.insertions) > other
    }

    pub(crate) fn factors(&self) -> Vec<Factor> {
        let mut factors = Vec::new();
        let mut say = |name: &str, group: &Group, evidence: String| {
            let location = match group.names.first() {
                Some((_, path)) if group.files == 1 => Location::File(FileLocation {
                    path: path.clone(),
                    line: None,
                }),
                _ => Location::Release,
            };
            factors.push(Factor {
                name: name.to_owned(),
                evidence,
                weight: 0.0,
                heuristic: true,
                location,
            });
        };
        if self.vendored.insertions + self.vendored.deletions >= VENDORED_LINES_MIN {
            let all = self.insertions + self.deletions;
            let lines = self.vendored.insertions + self.vendored.deletions;
            let evidence = format!(
                "{} of {} changed lines ({} %) lie in {} that look vendored or generated ({}); the \
                 other files change {}",
                words::number(lines),
                words::number(all),
                words::percent(lines, all),
                words::files(self.vendored.files),
                self.vendored.list(),
                words::lines(all.saturating_sub(lines)),
            );
            say("vendored", &self.vendored, evidence);
        }
        for (name, group, why) in [
            (
                "dependencies",
                &self.dependencies,
                "code that nobody here has reviewed may come with them",
            ),
            (
                "migrations",
                &self.migrations,
                "stored data may not find its way back when the release is undone",
            ),
            (
                "configuration",
                &self.configuration,
                "settings change behaviour where tests seldom look",
            ),
            (
                "automation",
                &self.automation,
                "how the release is built, tested or deployed differs from last time",
            ),
        ] {
            if group.files > 0 {
                let evidence = format!(
                    "{} ({} added, {} deleted): {}; {why}",
                    words::files(group.files),
                    words::lines(group.insertions),
                    words::number(group.deletions),
                    group.list(),
                );
                say(name, group, evidence);
            }
        }
        if let Some(evidence) = self.untested() {
            say("untested", &Group::default(), evidence);
        }
        if !self.owners.is_empty() {
            let claim = if self.owners_claimed {
                " (as the repository itself claims)"
            } else {
                ""
            };
            let mut evidence = format!(
                "the changed files lie with {}{claim}",
                words::count(self.owners.len() as u64, "code owner", "code owners"),
            );
            if self.without_owner.files > 0 {
                evidence.push_str(&format!(
                    "; {} without one: {}",
                    words::files(self.without_owner.files),
                    self.without_owner.list(),
                ));
            }
            say("owners", &Group::default(), evidence);
        }
        if self.binary.files > 0 {
            let evidence = format!(
                "{} whose lines cannot be counted: {}",
                words::count(self.binary.files, "binary file", "binary files"),
                self.binary.list(),
            );
            say("binary", &self.binary, evidence);
        }
        factors
    }

    /// Code files that grew and whose test, by name, did not change.
    fn untested(&self) -> Option<String> {
        let mut untested: Vec<&(u32, String)> = self
            .grown
            .iter()
            .filter(|(_, path)| !self.tested.contains(&paths::subject(path)))
            .collect();
        if untested.is_empty() {
            return None;
        }
        untested.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
        let names: Vec<String> = untested
            .iter()
            .take(NAMES_SHOWN)
            .map(|(lines, path)| format!("{path} (+{})", words::number(u64::from(*lines))))
            .collect();
        Some(format!(
            "{} gained {UNTESTED_LINES_MIN} lines or more, and no changed test has the same name: \
             {}; {} added to code, {} to tests (tests inside a code file are not seen)",
            words::count(untested.len() as u64, "code file", "code files"),
            words::list(&names, untested.len() as u64),
            words::lines(self.code.insertions),
            words::number(self.tests.insertions),
        ))
    }
}
