use std::fmt;
use std::str::FromStr;

use oci_spec::distribution;

use crate::model::{Digest, Text};

/// How a source in a registry begins.
const SCHEME: &str = "oci://";

/// A plugin in a registry, as an operator writes it: `oci://HOST/NAME:TAG` or
/// `oci://HOST/NAME@sha256:…`.
///
/// ```
/// use holdpoint::plugin::registry::Reference;
///
/// let reference: Reference = "oci://registry.example.com/vendor/tickets:2".parse().unwrap();
/// assert_eq!(reference.host(), "registry.example.com");
/// assert_eq!(reference.name(), "vendor/tickets");
/// assert_eq!(reference.tag(), Some("2"));
/// assert!("oci://vendor/tickets:2".parse::<Reference>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    host: String,
    name: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no such reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// It does not begin as one.
    #[error("`{}` does not begin with `{SCHEME}`", .0.terminal())]
    Scheme(Text),
    /// What stands first is no host.
    #[error("`{}` names no host: the first part of it has no dot and no port", .0.terminal())]
    Host(Text),
    /// Neither a tag nor a digest.
    #[error("`{}` has neither a tag nor a digest", .0.terminal())]
    Bare(Text),
    /// Anything else.
    #[error("`{}` is no reference: {said}", reference.terminal())]
    Malformed {
        /// What was written.
        reference: Text,
        /// What is wrong.
        said: String,
    },
}

impl ReferenceError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        "write the registry, the name and a tag, such as `oci://registry.example.com/vendor/tickets:2`"
    }
}

impl Reference {
    /// Whether a source is meant to be in a registry.
    #[must_use]
    pub fn is_meant(source: &str) -> bool {
        source.starts_with(SCHEME)
    }

    /// What was meant by a text that would be a reference if `oci://` stood before it.
    ///
    /// ```
    /// use holdpoint::plugin::registry::Reference;
    ///
    /// let meant = Reference::meant_by("registry.example.com/vendor/tickets:2").unwrap();
    /// assert_eq!(meant.to_string(), "oci://registry.example.com/vendor/tickets:2");
    /// assert!(Reference::meant_by("target/tickets.wasm").is_none());
    /// ```
    #[must_use]
    pub fn meant_by(text: &str) -> Option<Self> {
        format!("{SCHEME}{text}").parse().ok()
    }

    /// Host and port of the registry.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The name in the registry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the manifest, where it is written.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What manifests are asked for by: the digest, else the tag.
    pub(super) fn version(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.clone().unwrap_or_default(),
        }
    }

    /// What a plugin is called that is named after its last part, if that can be a name.
    #[must_use]
    pub fn last_part(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let shown = || Text::from(text).shortened(200);
        let rest = text
            .strip_prefix(SCHEME)
            .ok_or_else(|| ReferenceError::Scheme(shown()))?;
        // The library would take a name without a host for one of a public registry.
        let (host, path) = rest
            .split_once('/')
            .ok_or_else(|| ReferenceError::Host(shown()))?;
        if !host.contains(['.', ':']) && host != "localhost" {
            return Err(ReferenceError::Host(shown()));
        }
        // And it would take the tag `latest` for granted.
        if !path.contains([':', '@']) {
            return Err(ReferenceError::Bare(shown()));
        }
        let malformed = |said: String| ReferenceError::Malformed {
            reference: shown(),
            said,
        };
        let parsed: distribution::Reference = rest
            .parse()
            .map_err(|error: distribution::ParseError| malformed(error.to_string()))?;
        let digest = parsed.digest().map(str::parse).transpose();
        let digest =
            digest.map_err(|_| malformed("its digest is not one of SHA-256".to_owned()))?;
        Ok(Self {
            host: parsed.resolve_registry().to_owned(),
            name: parsed.repository().to_owned(),
            tag: parsed.tag().map(str::to_owned),
            digest,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SCHEME}{}/{}", self.host, self.name)?;
        if let Some(tag) = &self.tag {
            write!(formatter, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(formatter, "@{digest}")?;
        }
        Ok(())
    }
}
