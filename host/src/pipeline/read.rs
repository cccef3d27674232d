#![expect(
    clippy::disallowed_methods,
    reason = "this is where the files of the configuration are read"
)]

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use super::parse::source;
use super::place::{NamedBy, place};
use super::problem::{ConfigurationError, FILE_BYTES_MAX, Problem};
use super::source::{Origin, Source};
use super::{Request, Trust};
use crate::model::{ObjectName, Text};

/// The file at the root of a working tree that is read when no other is named.
pub const FILE_NAME: &str = "holdpoint.toml";

/// The pipeline of checkouts without a file.
const EMBEDDED: &str = include_str!("embedded.toml");

/// What a `--pipeline` or `--policy` option names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// A file.
    Path(&'a Path),
    /// A file of the repository at a revision.
    Revision {
        /// The revision.
        revision: &'a str,
        /// The path, relative to the root of the repository.
        path: &'a str,
    },
}

impl<'a> Named<'a> {
    /// Reads the value of an option: `REF:PATH` when there is a colon and what stands before it
    /// can be a revision, which never begins with `.` or `/`; else a path.
    ///
    /// ```
    /// use std::path::Path;
    /// use holdpoint::pipeline::Named;
    ///
    /// let named = Named::new("origin/main:ci/holdpoint.toml");
    /// assert_eq!(named, Named::Revision { revision: "origin/main", path: "ci/holdpoint.toml" });
    /// assert_eq!(Named::new("./a:b.toml"), Named::Path(Path::new("./a:b.toml")));
    /// ```
    #[must_use]
    pub fn new(option: &'a str) -> Self {
        match option.split_once(':') {
            Some((revision, path)) if !revision.is_empty() && !revision.starts_with(['.', '/']) => {
                Self::Revision { revision, path }
            }
            _ => Self::Path(Path::new(option)),
        }
    }
}

/// Whether a revision can be a name that the operator chose, out of reach of the change under
/// judgement: the name of a ref, or a full object name (which must then not be that of the judged
/// commit). `HEAD` and its like are what is judged, and
/// a revision worked out from another one (`main~3`, `@{upstream}`) or a shortened object name can
/// be moved by it.
///
/// ```
/// use holdpoint::pipeline::{Trust, trust_of_revision};
///
/// assert_eq!(trust_of_revision("origin/main"), Trust::Trusted);
/// assert_eq!(trust_of_revision("HEAD"), Trust::Untrusted);
/// assert_eq!(trust_of_revision("main~1"), Trust::Untrusted);
/// ```
#[must_use]
pub fn trust_of_revision(revision: &str) -> Trust {
    let is_object_name = ObjectName::new(revision).is_some();
    let is_worked_out = revision.contains(['^', '~', '{', '?', '*', '[', '\\', ' ', ':'])
        || revision == "@"
        || is_description(revision);
    // `HEAD`, `FETCH_HEAD`, `ORIG_HEAD`, `MERGE_HEAD` and others to come.
    let is_pseudo = revision
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let is_short = !is_object_name
        && revision.len() >= 4
        && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_worked_out || is_pseudo || is_short {
        Trust::Untrusted
    } else {
        Trust::Trusted
    }
}

/// Whether it looks like what `git describe` writes, `v1.2-3-g4f1c2ab`, which names a commit.
fn is_description(revision: &str) -> bool {
    let mut parts = revision.rsplitn(3, '-');
    let (Some(object), Some(count), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let hex = object.strip_prefix('g').unwrap_or_default();
    !hex.is_empty()
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !count.is_empty()
        && count.bytes().all(|byte| byte.is_ascii_digit())
}

/// The embedded pipeline.
///
/// # Errors
///
/// Never: a test reads it.
pub fn embedded() -> Result<Arc<Source>, ConfigurationError> {
    source(
        Origin::Embedded,
        Text::from("embedded"),
        EMBEDDED.as_bytes().to_vec(),
        Trust::Trusted,
    )
}

/// Reads a file of the configuration that an option names.
pub(super) fn read(
    named: Named<'_>,
    request: &Request<'_>,
) -> Result<Arc<Source>, ConfigurationError> {
    match named {
        Named::Path(path) => {
            let place = place(path, request.folder, request.repository, NamedBy::Operator)?;
            let bytes = read_file(&place.path, FILE_BYTES_MAX)?;
            let name = Text::from(path.to_string_lossy());
            source(Origin::File(place.path), name, bytes, place.trust)
        }
        Named::Revision { revision, path } => at_revision(revision, path, request),
    }
}

/// Reads a file of the repository.
fn at_revision(
    revision: &str,
    path: &str,
    request: &Request<'_>,
) -> Result<Arc<Source>, ConfigurationError> {
    let repository = request.repository;
    let unreadable = |source| {
        ConfigurationError::new(Problem::Revision {
            name: Text::from(format!("{revision}:{path}")),
            source,
        })
    };
    let (full, commit, trust) = match trust_of_revision(revision) {
        Trust::Trusted => {
            let (full, commit) = repository.named(revision).map_err(unreadable)?;
            // A ref is trusted wherever it points: who may move it is for the operator to know. The
            // judged commit by its own name is the change under judgement.
            let is_judged = full == revision
                && ObjectName::new(revision).is_some()
                && repository
                    .commit(request.flags.to.as_deref())
                    .is_ok_and(|judged| judged == commit);
            let trust = if is_judged {
                Trust::Untrusted
            } else {
                Trust::Trusted
            };
            (full, commit, trust)
        }
        Trust::Untrusted => {
            let commit = repository.commit(Some(revision)).map_err(unreadable)?;
            (revision.to_owned(), commit, Trust::Untrusted)
        }
    };
    let (_, bytes) = repository
        .read_at(commit.as_str(), path, FILE_BYTES_MAX)
        .map_err(unreadable)?;
    let origin = Origin::Revision {
        commit,
        path: path.to_owned(),
    };
    let name = Text::from(format!("{full}:{path}"));
    source(origin, name, bytes, trust)
}

/// The bytes of a regular file, at most `bytes_max` and one more, so that too many are seen.
pub(super) fn read_file(path: &Path, bytes_max: u64) -> Result<Vec<u8>, ConfigurationError> {
    let unreadable = |source| {
        ConfigurationError::new(Problem::Read {
            path: path.to_owned(),
            source,
        })
    };
    // Looked at before it is opened: opening a pipe would wait for its other end.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(ConfigurationError::new(Problem::NotAFile(path.to_owned())));
    }
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max) {
        return Ok(bytes);
    }
    let name = Text::from(path.to_string_lossy());
    Err(ConfigurationError::new(Problem::TooLarge(name)))
}
