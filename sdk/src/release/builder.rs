use std::collections::{BTreeMap, BTreeSet};

use super::{Given, Release};
use crate::{
    Artifact, Bump, Change, ChangeKind, Circumstances, Commit, CommitText, Ending, EvidenceItem,
    HttpError, HttpResponse, Measures, PastRelease, Person, Subject, Totals, Trailer, Versioning,
};

/// What a test has made.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    pub(super) commits: Vec<Commit>,
    pub(super) texts: Vec<CommitText>,
    pub(super) changes: Vec<Change>,
    pub(super) artifacts: Vec<Artifact>,
    pub(super) history: Vec<PastRelease>,
    /// Without bytes where it is not granted.
    pub(super) evidence: Vec<(EvidenceItem, Option<Vec<u8>>)>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) answers: BTreeMap<String, Result<HttpResponse, HttpError>>,
    pub(super) secrets: BTreeSet<String>,
}

impl Made {
    pub(super) fn list_folder(&self, folder: &str) -> Result<Vec<String>, crate::TreeError> {
        let prefix = match folder.trim_end_matches('/') {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let names: BTreeSet<String> = self
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix))
            .map(|rest| match rest.split_once('/') {
                Some((folder, _)) => format!("{folder}/"),
                None => rest.to_owned(),
            })
            .collect();
        if names.is_empty() && !prefix.is_empty() {
            return Err(crate::TreeError::Missing);
        }
        Ok(names.into_iter().collect())
    }
}

/// Makes a [`Release`] for a test.
///
/// Without a word it is version 1.1.0 of the project `example`, after 1.0.0, with nothing in it.
///
/// ```
/// let release = holdpoint_sdk::Release::builder()
///     .version("2.0.0")
///     .commit("feat!: drop the old endpoint")
///     .commit("fix(api): answer 404 for what is not there")
///     .change("src/api.rs", 10, 40)
///     .build();
/// assert_eq!(release.totals.commits, 2);
/// assert_eq!(release.commits().next().unwrap().summary, "fix(api): answer 404 for what is not there");
/// ```
#[derive(Clone, Debug)]
pub struct ReleaseBuilder {
    subject: Subject,
    circumstances: Circumstances,
    made: Made,
}

impl Default for ReleaseBuilder {
    fn default() -> Self {
        Self {
            subject: Subject {
                project: "example".to_owned(),
                version: Some("1.1.0".to_owned()),
                previous: Some("1.0.0".to_owned()),
                head: "0".repeat(40),
                base: Some("f".repeat(40)),
                target: None,
                path: None,
                versioning: Versioning {
                    zero_breaking: Bump::Minor,
                    zero_feature: Bump::Patch,
                },
                digest: format!("sha256:{}", "0".repeat(64)),
            },
            circumstances: Circumstances {
                time: 1_700_000_000,
                zone: "UTC".to_owned(),
                utc_offset: 0,
                initiator: None,
                ci: None,
                job_url: None,
                dirty: None,
                dry_run: true,
            },
            made: Made::default(),
        }
    }
}

impl ReleaseBuilder {
    /// Changes what is judged.
    #[must_use]
    pub fn subject(mut self, change: impl FnOnce(&mut Subject)) -> Self {
        change(&mut self.subject);
        self
    }

    /// Changes what is known about the sitting.
    #[must_use]
    pub fn circumstances(mut self, change: impl FnOnce(&mut Circumstances)) -> Self {
        change(&mut self.circumstances);
        self
    }

    /// Sets the version that is released.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        self.subject.version = Some(version.to_owned());
        self
    }

    /// Sets the version that was released before.
    #[must_use]
    pub fn previous(mut self, version: &str) -> Self {
        self.subject.previous = Some(version.to_owned());
        self
    }

    /// Adds a commit with one parent on top of those before it.
    #[must_use]
    pub fn commit(self, message: &str) -> Self {
        self.commit_with(message, |_, _| {})
    }

    /// Adds a merge commit on top of those before it.
    #[must_use]
    pub fn merge(self, message: &str) -> Self {
        self.commit_with(message, |commit, _| commit.parents = 2)
    }

    /// Adds a commit on top of those before it, and changes it.
    #[must_use]
    pub fn commit_with(
        mut self,
        message: &str,
        change: impl FnOnce(&mut Commit, &mut CommitText),
    ) -> Self {
        let number = self.made.commits.len();
        let id = format!("{:040x}", number + 1);
        let time = 1_690_000_000 + 60 * i64::try_from(number).unwrap_or(0);
        let person = Person {
            name: "Ada Author".to_owned(),
            email: "ada@example.com".to_owned(),
        };
        let (summary, body) = message.split_once('\n').unwrap_or((message, ""));
        let body = body.trim_matches('\n');
        let mut commit = Commit {
            id: id.clone(),
            author: person.name.clone(),
            time,
            summary: summary.to_owned(),
            parents: 1,
            signed: false,
            measures: Measures {
                files: 1,
                directories: 1,
                subsystems: 1,
                insertions: 1,
                deletions: 0,
                entropy: 0.0,
                fix: false,
            },
        };
        let mut text = CommitText {
            id: id.clone(),
            body: body.to_owned(),
            trailers: trailers(body),
            author: person.clone(),
            committer: person,
            committed: time,
        };
        change(&mut commit, &mut text);
        self.subject.head = id;
        // Newest first, as the host gives them.
        self.made.commits.insert(0, commit);
        self.made.texts.insert(0, text);
        self
    }

    /// Adds a modified file with inserted and deleted lines.
    #[must_use]
    pub fn change(self, path: &str, insertions: u32, deletions: u32) -> Self {
        self.change_with(path, |change| {
            change.insertions = insertions;
            change.deletions = deletions;
        })
    }

    /// Adds a modified file, and changes what is known of it.
    #[must_use]
    pub fn change_with(mut self, path: &str, change: impl FnOnce(&mut Change)) -> Self {
        let mut made = Change {
            path: path.to_owned(),
            old_path: None,
            how: ChangeKind::Modified,
            insertions: 0,
            deletions: 0,
            binary: false,
            owners: Vec::new(),
            owners_trusted: false,
        };
        change(&mut made);
        self.made.changes.push(made);
        self.made
            .changes
            .sort_by(|left, right| left.path.cmp(&right.path));
        self
    }

    /// Adds a file that is shipped.
    #[must_use]
    pub fn artifact(mut self, artifact: Artifact) -> Self {
        self.made.artifacts.push(artifact);
        self
    }

    /// Adds an earlier release of a version that ended so, or that is known from a tag only; newest
    /// first, each a day before the one that was added before it.
    #[must_use]
    pub fn past(self, version: &str, ended: Option<Ending>) -> Self {
        let number = i64::try_from(self.made.history.len()).unwrap_or(i64::MAX);
        let time = self.circumstances.time - (number + 1) * 24 * 60 * 60;
        self.past_release(PastRelease {
            version: Some(version.to_owned()),
            head: format!("{:040x}", number + 1),
            time,
            totals: Totals {
                commits: 1,
                merges: 0,
                files: 1,
                insertions: 1,
                deletions: 0,
                artifacts: 0,
            },
            ended,
        })
    }

    /// Adds an earlier release; newest first.
    #[must_use]
    pub fn past_release(mut self, release: PastRelease) -> Self {
        self.made.history.push(release);
        self
    }

    /// Adds a file about the release, unverified. Its digest is all zeros.
    #[must_use]
    pub fn evidence(self, name: &str, media_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.evidence_item(name, media_type, Some(bytes.into()))
    }

    /// Adds a file about the release that the operator has not granted: it can be seen that it is there.
    #[must_use]
    pub fn evidence_without_grant(self, name: &str, media_type: &str) -> Self {
        self.evidence_item(name, media_type, None)
    }

    fn evidence_item(mut self, name: &str, media_type: &str, bytes: Option<Vec<u8>>) -> Self {
        let item = EvidenceItem {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            digest: format!("sha256:{}", "0".repeat(64)),
            size: bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            verified_by: None,
        };
        self.made.evidence.push((item, bytes));
        self
    }

    /// Adds a file of the judged commit.
    #[must_use]
    pub fn file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.made.files.insert(path.to_owned(), bytes.into());
        self
    }

    /// Says what is answered to every request to a URL.
    #[must_use]
    pub fn answer(mut self, url: &str, response: HttpResponse) -> Self {
        self.made.answers.insert(url.to_owned(), Ok(response));
        self
    }

    /// Says why there is no answer to any request to a URL. Without a word a request is not granted.
    ///
    /// ```
    /// use holdpoint_sdk::{HttpError, HttpRequest, Release};
    ///
    /// let url = "https://tickets.example.com/";
    /// let release = Release::builder().refuse(url, HttpError::TimedOut).build();
    /// let request = HttpRequest {
    ///     method: "GET".to_owned(),
    ///     url: url.to_owned(),
    ///     headers: Vec::new(),
    ///     body: Vec::new(),
    /// };
    /// assert!(matches!(release.send(&request), Err(HttpError::TimedOut)));
    /// ```
    #[must_use]
    pub fn refuse(mut self, url: &str, error: HttpError) -> Self {
        self.made.answers.insert(url.to_owned(), Err(error));
        self
    }

    /// Adds a secret, whose placeholder is `placeholder-of-NAME`.
    #[must_use]
    pub fn secret(mut self, name: &str) -> Self {
        self.made.secrets.insert(name.to_owned());
        self
    }

    /// The release, with its totals counted.
    #[must_use]
    pub fn build(self) -> Release {
        let made = self.made;
        let sum =
            |count: fn(&Change) -> u32| made.changes.iter().map(count).fold(0, u32::saturating_add);
        let totals = Totals {
            commits: length(&made.commits),
            merges: length(made.commits.iter().filter(|commit| commit.parents > 1)),
            files: length(&made.changes),
            insertions: sum(|change| change.insertions),
            deletions: sum(|change| change.deletions),
            artifacts: length(&made.artifacts),
        };
        Release {
            subject: self.subject,
            circumstances: self.circumstances,
            totals,
            given: Given::Made(Box::new(made)),
        }
    }
}

fn length<T>(items: impl IntoIterator<Item = T>) -> u32 {
    u32::try_from(items.into_iter().count()).unwrap_or(u32::MAX)
}

/// The `key: value` lines of the last paragraph, when it has nothing else.
fn trailers(body: &str) -> Vec<Trailer> {
    let last = body.rsplit("\n\n").next().unwrap_or_default();
    last.lines()
        .map(|line| {
            let (key, value) = line.split_once(": ")?;
            let is_key = !key.is_empty()
                && key
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric() || character == '-');
            is_key.then(|| Trailer {
                key: key.to_owned(),
                value: value.to_owned(),
            })
        })
        .collect::<Option<_>>()
        .unwrap_or_default()
}
