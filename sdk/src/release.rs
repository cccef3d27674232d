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

    /// Earlier releases of the project on this target, newest first, and what became of them.
    /// Capability `history`, which needs a grant. They are read page by page, as far as they are asked
    /// for.
    ///
    /// ```
    /// use holdpoint_sdk::{Ending, Release};
    ///
    /// /// How many of the last ten releases had to be taken back.
    /// fn undone(release: &Release) -> usize {
    ///     let last = release.past_releases().take(10);
    ///     last.filter(|past| past.ended == Some(Ending::Undone)).count()
    /// }
    ///
    /// let release = Release::builder()
    ///     .past("1.0.2", Some(Ending::Undone))
    ///     .past("1.0.1", Some(Ending::Released))
    ///     .past("1.0.0", None)
    ///     .build();
    /// assert_eq!(undone(&release), 1);
    /// ```
    pub fn past_releases(&self) -> impl Iterator<Item = PastRelease> {
        pages(u32::MAX, |start, count| {
            self.given.past_releases(start, count)
        })
    }

    /// What the operator named as evidence, granted or not. Capability `evidence`.
    ///
    /// ```
    /// use holdpoint_sdk::{EvidenceError, Fault, Release};
    ///
    /// /// The first bill of materials of the release.
    /// fn materials(release: &Release) -> Result<Vec<u8>, Fault> {
    ///     let mut evidence = release.evidence().into_iter();
    ///     let item = evidence
    ///         .find(|item| item.media_type.starts_with("application/vnd.cyclonedx+json"))
    ///         .ok_or_else(|| Fault::missing("the release has no bill of materials"))?;
    ///     release.read_evidence(&item.name).map_err(|error| match error {
    ///         EvidenceError::NotGranted => Fault::missing("grants.evidence does not name it"),
    ///         error => Fault::missing(format!("{} cannot be read: {error:?}", item.name)),
    ///     })
    /// }
    ///
    /// let release = Release::builder()
    ///     .evidence("sbom", "application/vnd.cyclonedx+json", r#"{"components":[]}"#)
    ///     .build();
    /// assert_eq!(materials(&release).unwrap(), br#"{"components":[]}"#);
    /// let release = Release::builder()
    ///     .evidence_without_grant("sbom", "application/vnd.cyclonedx+json")
    ///     .build();
    /// assert!(materials(&release).unwrap_err().message.contains("grants.evidence"));
    /// ```
    #[must_use]
    pub fn evidence(&self) -> Vec<EvidenceItem> {
        self.given.evidence()
    }

    /// The bytes of one piece of evidence. Capability `evidence`, which needs a grant by name.
    ///
    /// # Errors
    ///
    /// When it is unknown, not granted, or too large: more than 16 MiB.
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

/// Reads page after page, up to `total` items or the first page that ends early.
fn pages<T>(total: u32, read: impl Fn(u32, u32) -> Vec<T>) -> impl Iterator<Item = T> {
    let (mut start, mut total) = (0_u32, total);
    std::iter::from_fn(move || {
        if start >= total {
            return None;
        }
        let count = PAGE_ITEMS.min(total - start);
        let page = read(start, count);
        let length = u32::try_from(page.len()).unwrap_or(u32::MAX);
        start = start.saturating_add(length);
        if length < count {
            total = start;
        }
        (!page.is_empty()).then_some(page)
    })
    .flatten()
}
