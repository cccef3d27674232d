//! What earlier releases were assessed with, kept so that they are not read and assessed anew at
//! every run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::compare::Assessor;
use crate::model::{Digest, Grants, ObjectName, PastRelease, Text};
use crate::release::{EarlierRelease, Query};
use crate::sandbox::Limits;
use crate::store::Cache;

/// The form of what is kept. It is counted up with every change to what of a release is read, and
/// how, so that magnitudes of one document are not compared with those of another.
const FORMAT: u32 = 1;

/// What entries of the cache are called.
const KIND: &str = "earlier-releases";

/// Releases that are kept for one question: those of some branches.
const RELEASES_MAX: usize = 1_000;

/// What an earlier release came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Found {
    /// It was assessed.
    Assessed {
        /// Its magnitude, which is finite.
        magnitude: f64,
        /// The digest of the subject that was assessed.
        subject: Digest,
    },
    /// The path filter leaves nothing of it.
    Nothing,
}

/// A value in the cache: the bits of a magnitude, so that it comes back as it was, and the digest of
/// the subject.
type Entry = Option<(u64, Digest)>;

/// What is asked of every earlier release alike: everything but the release itself that decides
/// about its magnitude. What is read of a release follows from the names of its commits, so that it
/// need not be read to be looked up; its subject digest would be known only after that.
#[derive(Serialize)]
struct Question<'a> {
    format: u32,
    program: &'static str,
    project: &'a Text,
    target: Option<&'a str>,
    path: Option<&'a str>,
    versioning: holdpoint_conventional::Versioning,
    owners: Option<Digest>,
    zone: &'a str,
    component: &'a Digest,
    settings: &'a str,
    limits: &'a Limits,
    grants: &'a Grants,
    /// What it may know of the releases before: with one more, all are assessed anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Digest>,
}

/// A release, as it is looked up.
#[derive(Serialize)]
struct Which<'a> {
    head: &'a ObjectName,
    base: Option<&'a ObjectName>,
    version: Option<&'a semver::Version>,
    previous: Option<&'a semver::Version>,
    tags: &'a [Text],
}

/// What is kept for one question.
pub(super) struct Kept {
    cache: Cache,
    question: Digest,
    releases: BTreeMap<Digest, Entry>,
    is_changed: bool,
}

impl Kept {
    /// Reads what is kept for an assessor's question. What does not make sense counts as missing.
    pub(super) fn read(
        cache: &Cache,
        assessor: &Assessor,
        (query, project, zone): (&Query, &Text, &str),
        history: &[PastRelease],
    ) -> Self {
        let question = Digest::of_json(&Question {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION"),
            project,
            target: query.target.as_deref(),
            path: query.path.as_deref(),
            versioning: query.versioning,
            owners: query.trusted_owners.as_deref().map(Digest::of),
            zone,
            component: &assessor.component,
            settings: &assessor.settings,
            limits: &assessor.limits,
            grants: &assessor.grants,
            history: assessor.grants.history.then(|| Digest::of_json(&history)),
        });
        Self {
            cache: cache.clone(),
            releases: entries(cache, &question),
            question,
            is_changed: false,
        }
    }

    /// What a release came to, if that is known.
    pub(super) fn get(&self, release: &EarlierRelease) -> Option<Found> {
        let entry = self.releases.get(&name(release))?;
        Some(match entry {
            None => Found::Nothing,
            Some((bits, subject)) => {
                let magnitude = f64::from_bits(*bits);
                if !magnitude.is_finite() {
                    return None;
                }
                Found::Assessed {
                    magnitude,
                    subject: *subject,
                }
            }
        })
    }

    /// Adds what a release came to.
    pub(super) fn add(&mut self, release: &EarlierRelease, found: Found) {
        let entry = match found {
            Found::Assessed { magnitude, subject } => Some((magnitude.to_bits(), subject)),
            Found::Nothing => None,
        };
        self.is_changed |= self.releases.insert(name(release), entry) != Some(entry);
    }

    /// Writes what was added, together with what other runs have written since; `present` are kept
    /// before others.
    pub(super) fn write(&mut self, present: &[EarlierRelease]) {
        if !std::mem::take(&mut self.is_changed) {
            return;
        }
        for (release, entry) in entries(&self.cache, &self.question) {
            self.releases.entry(release).or_insert(entry);
        }
        let mut kept = BTreeMap::new();
        let first = present.iter().filter_map(|release| {
            let name = name(release);
            self.releases.remove(&name).map(|entry| (name, entry))
        });
        kept.extend(first.take(RELEASES_MAX).collect::<Vec<_>>());
        for (release, entry) in std::mem::take(&mut self.releases) {
            if kept.len() >= RELEASES_MAX {
                break;
            }
            kept.insert(release, entry);
        }
        // A map of digests cannot fail to be written as JSON.
        if let Ok(bytes) = serde_json::to_vec(&kept) {
            self.cache.write(KIND, &self.question, &bytes);
        }
        self.releases = kept;
    }
}

fn entries(cache: &Cache, question: &Digest) -> BTreeMap<Digest, Entry> {
    let bytes = cache.read(KIND, question).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn name(release: &EarlierRelease) -> Digest {
    Digest::of_json(&Which {
        head: &release.head,
        base: release.base.as_ref(),
        version: release.version.as_ref(),
        previous: release.previous.as_ref(),
        tags: &release.tags,
    })
}
