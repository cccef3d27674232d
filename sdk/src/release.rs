mod builder;
mod given;

use crate::private::bindings::imports::holdpoint::plugin::model;
use crate::{
    Artifact, Change, Circumstances, Commit, CommitText, EvidenceError, EvidenceItem, HttpError,
    HttpRequest, HttpResponse, PastRelease, Subject, Totals, TreeError,
};

pub use builder::ReleaseBuilder;
use given::Given;

/// What is judged, under which circumstances, and how to read more of it.
///
/// The fields are there at once. The methods ask the host, and the host answers only what
/// `plugin.toml` asks for under `[capabilities]`: the name of the capability stands at each method.
/// What is not called is not imported.
#[derive(Debug)]
pub struct Release {
    /// What is judged. Equal for every sitting of a run.
    pub subject: Subject,
    /// What is known about this sitting: it differs when a run is picked up again.
    pub circumstances: Circumstances,
    /// How much there is to read.
    pub totals: Totals,
    given: Given,
}

impl Release {
    /// A release made by hand, for tests.
    #[must_use]
    pub fn builder() -> ReleaseBuilder {
        ReleaseBuilder::default()
    }

    pub(crate) fn from_host(release: model::Release) -> Self {
        Self {
            subject: release.subject,
            circumstances: release.circumstances,
            totals: release.totals,
            given: Given::host(),
        }
    }

    /// The commits, newest first, a commit before its parents. Capability `commits`.
    pub fn commits(&self) -> impl Iterator<Item = Commit> {
        pages(self.totals.commits, |start, count| {
            self.given.commits(start, count)
        })
    }

    /// Bodies, trailers and people of the commits, in the order of [`commits`](Self::commits).
    /// Capability `commits`.
    pub fn commit_texts(&self) -> impl Iterator<Item = CommitText> {
        pages(self.totals.commits, |start, count| {
            self.given.commit_texts(start, count)
        })
    }

    /// The files that differ between base and head, ordered by path. Capability `changes`.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        pages(self.totals.files, |start, count| {
            self.given.changes(start, count)
        })
    }

    /// The files that are shipped. Capability `artifacts`.
    pub fn artifacts(&self) -> impl Iterator<Item = Artifact> {
        pages(self.totals.artifacts, |start, count| {
            self.given.artifacts(start, count)
        })
    }

    /// Earlier releases of the project on this target, newest first. Capability `history`, which
    /// needs a grant.
    pub fn past_releases(&self) -> impl Iterator<Item = PastRelease> {
        pages(u32::MAX, |start, count| {
            self.given.past_releases(start, count)
        })
    }

    /// What the operator named as evidence, granted or not. Capability `evidence`.
    #[must_use]
    pub fn evidence(&self) -> Vec<EvidenceItem> {
        self.given.evidence()
    }

    /// The bytes of one piece of evidence. Capability `evidence`, which needs a grant by name.
    ///
    /// # Errors
    ///
    /// When it is unknown, not granted, or too large.
    pub fn read_evidence(&self, name: &str) -> Result<Vec<u8>, EvidenceError> {
        self.given.read_evidence(name)
    }

    /// The names in a folder of the judged commit, ordered as bytes; folders end with `/`.
    /// Capability `tree`, which needs a grant of path prefixes.
    ///
    /// # Errors
    ///
    /// When there is no such folder, or it is not granted.
    pub fn list_folder(&self, folder: &str) -> Result<Vec<String>, TreeError> {
        self.given.list_folder(folder)
    }

    /// The bytes of a file of the judged commit. Capability `tree`, which needs a grant of path
    /// prefixes.
    ///
    /// # Errors
    ///
    /// When there is no such file, it is not granted, or too large.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        self.given.read_file(path)
    }

    /// Asks another system, and reads its answer whole. Capability `http`, which needs a grant of
    /// methods, hosts and path prefixes. It may not change anything: that is what an
    /// [`Action`](crate::Action) plans.
    ///
    /// # Errors
    ///
    /// When the request is not granted or malformed, or nobody answered in time.
    pub fn send(&self, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        self.given.send(request)
    }

    /// A placeholder for a secret, to be put into a request; the host swaps it for the value, which
    /// the plugin never sees. Capability `secrets`, which needs a grant by name; none without it.
    #[must_use]
    pub fn secret_placeholder(&self, name: &str) -> Option<String> {
        self.given.secret_placeholder(name)
    }
}

/// Items asked for in one go: few calls, and small answers.
const PAGE_ITEMS: u32 = 250;

/// Reads page after page, up to `total` items or the first empty page.
fn pages<T>(total: u32, read: impl Fn(u32, u32) -> Vec<T>) -> impl Iterator<Item = T> {
    let mut start = 0_u32;
    std::iter::from_fn(move || {
        if start >= total {
            return None;
        }
        let page = read(start, PAGE_ITEMS.min(total - start));
        start = start.saturating_add(u32::try_from(page.len()).unwrap_or(u32::MAX));
        (!page.is_empty()).then_some(page)
    })
    .flatten()
}
