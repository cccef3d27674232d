use std::collections::BTreeMap;
use std::fmt;

use holdpoint_build::Manifest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    AskingMethod, Capability, Digest, HttpGrant, HttpUrl, Kind, PlannedGrant, PlannedMethod,
    SecretGrant, Text,
};

/// What an operator allows one plugin beyond the release itself. It counts only for a capability
/// that the plugin asks for in its manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Grants {
    /// Files of the judged commit that it may read; empty for none.
    pub tree: Vec<TreeGrant>,
    /// Names of the evidence that it may read; empty for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Whether it may know the earlier releases of the project on the target.
    #[serde(default, skip_serializing_if = "is_false")]
    pub history: bool,
    /// Requests that it may make; empty for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpGrant>,
    /// Requests that it may have the host make; empty for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<PlannedGrant>,
    /// Digest of the certificates that say who may be the other side of all these requests; none for
    /// the ones that the platform trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Digest>,
    /// Credentials that it may use in them, by the name that it asks by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretGrant>,
}

impl Grants {
    /// Whether anything of a capability is allowed.
    ///
    /// ```
    /// use holdpoint::model::{Capability, Grants, TreeGrant};
    ///
    /// let tree = vec![TreeGrant::new("docs/").unwrap()];
    /// let grants = Grants { tree, ..Grants::default() };
    /// assert!(grants.allow(Capability::Tree));
    /// assert!(!grants.allow(Capability::Http));
    /// ```
    #[must_use]
    pub fn allow(&self, capability: Capability) -> bool {
        match capability {
            Capability::Tree => !self.tree.is_empty(),
            Capability::Evidence => !self.evidence.is_empty(),
            Capability::History => self.history,
            Capability::Http => !self.http.is_empty(),
            Capability::Secrets => !self.secrets.is_empty(),
            other => !other.needs_grant(),
        }
    }

    /// The capabilities of which something is granted.
    pub fn granted(&self) -> impl Iterator<Item = Capability> {
        let granted = Capability::ALL.into_iter();
        granted.filter(|capability| capability.needs_grant() && self.allow(*capability))
    }

    /// The part that a plugin also asks for: what is in force.
    #[must_use]
    pub fn asked(&self, manifest: &Manifest) -> Self {
        let asks = |capability| {
            let mut requests = manifest.capabilities.iter();
            requests.any(|request| request.capability == capability)
        };
        let Self {
            tree,
            evidence,
            history,
            http,
            requests,
            ca,
            secrets,
        } = self.clone();
        let asks_http = asks(Capability::Http);
        let plans = manifest.kinds.contains(&Kind::Action);
        Self {
            tree: if asks(Capability::Tree) {
                tree
            } else {
                Vec::new()
            },
            evidence: if asks(Capability::Evidence) {
                evidence
            } else {
                Vec::new()
            },
            history: history && asks(Capability::History),
            http: if asks_http { http } else { Vec::new() },
            requests: if plans { requests } else { Vec::new() },
            ca: ca.filter(|_| asks_http || plans),
            secrets: if asks(Capability::Secrets) {
                secrets
            } else {
                BTreeMap::new()
            },
        }
    }

    /// The grant that a request needs; none where nobody gave it.
    #[must_use]
    pub fn request(&self, method: AskingMethod, url: &HttpUrl) -> Option<&HttpGrant> {
        self.http.iter().find(|grant| grant.allows(method, url))
    }

    /// The grant that a request of a plan needs; none where nobody gave it.
    #[must_use]
    pub fn planned(&self, method: PlannedMethod, url: &HttpUrl) -> Option<&PlannedGrant> {
        let mut grants = self.requests.iter();
        grants.find(|grant| grant.allows(method, url))
    }

    /// Whether anything outside of the machine is in reach of it.
    #[must_use]
    pub fn reach_out(&self) -> bool {
        !self.http.is_empty() || !self.requests.is_empty()
    }

    /// Whether the bytes of a piece of evidence may be read.
    #[must_use]
    pub fn allow_evidence(&self, name: &str) -> bool {
        self.evidence.iter().any(|granted| granted == name)
    }

    /// Whether a file may be read.
    #[must_use]
    pub fn allow_file(&self, path: &str) -> bool {
        self.tree.iter().any(|grant| grant.allows_file(path))
    }

    /// Whether the names in a folder may be read, written with or without its last `/`.
    #[must_use]
    pub fn allow_folder(&self, folder: &str) -> bool {
        self.tree.iter().any(|grant| grant.allows_folder(folder))
    }
}

/// What is not granted has no place in a transcript.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference over"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

/// A file of the judged commit, or a folder with all that is below it.
///
/// ```
/// use holdpoint::model::TreeGrant;
///
/// let file = TreeGrant::new("CHANGELOG.md").unwrap();
/// assert!(file.allows_file("CHANGELOG.md") && !file.allows_file("docs/CHANGELOG.md"));
/// let folder = TreeGrant::new("docs/").unwrap();
/// assert!(folder.allows_file("docs/a/b.md") && !folder.allows_file("docs"));
/// assert!(TreeGrant::new("../docs/").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TreeGrant(String);

/// What was written is neither a file nor a folder of a repository.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{}` is not the path of a file, such as `CHANGELOG.md`, or of a folder, such as `docs/`: \
     relative to the root of the repository, without `.` and `..`",
    path.terminal()
)]
pub struct TreeGrantError {
    path: Text,
}

impl TreeGrant {
    /// A file, or with a `/` at its end a folder.
    ///
    /// # Errors
    ///
    /// When it is empty or absolute, or a part of it is empty, `.` or `..`.
    pub fn new(path: &str) -> Result<Self, TreeGrantError> {
        if is_plain(path.strip_suffix('/').unwrap_or(path)) {
            Ok(Self(path.to_owned()))
        } else {
            Err(TreeGrantError { path: path.into() })
        }
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a file is the one, or below the folder.
    #[must_use]
    pub fn allows_file(&self, path: &str) -> bool {
        is_plain(path) && (self.0 == path || self.allows_below(path))
    }

    /// Whether a folder is the one, or below it.
    #[must_use]
    pub fn allows_folder(&self, folder: &str) -> bool {
        let folder = folder.strip_suffix('/').unwrap_or(folder);
        is_plain(folder) && (self.0.strip_suffix('/') == Some(folder) || self.allows_below(folder))
    }

    fn allows_below(&self, path: &str) -> bool {
        self.0.ends_with('/') && path.starts_with(&self.0)
    }
}

impl Serialize for TreeGrant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TreeGrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// What a person reads: escaped.
impl fmt::Display for TreeGrant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Text::from(self.0.as_str()).terminal(), formatter)
    }
}

/// Whether every part of a path is a name, so that no other path means the same.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.contains(['\0', '\\'])
}
