use std::fmt;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Host;

use super::{AskingMethod, HttpMethod, HttpUrl, PlannedMethod, Text, UrlError};

/// Requests that are allowed: those with one of these methods to what begins with this URL. A plugin
/// makes them itself, unless `M` says that it plans them.
///
/// ```
/// use holdpoint::model::{AskingMethod, HttpGrant, HttpUrl, UrlPrefix};
///
/// let grant = HttpGrant {
///     methods: vec![AskingMethod::Get],
///     url: UrlPrefix::new("https://tickets.example.net/rest/").unwrap(),
///     addresses: Vec::new(),
/// };
/// let issue = HttpUrl::new("https://tickets.example.net/rest/issue/7?fields=status").unwrap();
/// assert!(grant.allows(AskingMethod::Get, &issue));
/// assert!(!grant.allows(AskingMethod::Post, &issue));
/// let other = HttpUrl::new("https://tickets.example.net/admin").unwrap();
/// assert!(!grant.allows(AskingMethod::Get, &other));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HttpGrant<M = AskingMethod> {
    /// The methods, sorted.
    pub methods: Vec<M>,
    /// What the URL begins with.
    pub url: UrlPrefix,
    /// Ranges of addresses that the host may have although they are not public. Only there may TLS be
    /// left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpNet>,
}

/// Requests that an action may have the host make.
pub type PlannedGrant = HttpGrant<PlannedMethod>;

/// What a URL begins with: scheme, host, port and the beginning of the path.
///
/// A path that ends with `/` stands for all that is below it, any other for itself alone. The host is
/// one host, or, with `*.` before a name of two parts or more, every host below that name. The query
/// is free.
///
/// ```
/// use holdpoint::model::{HttpUrl, UrlPrefix};
///
/// let one = UrlPrefix::new("https://example.net/api/health").unwrap();
/// assert!(one.allows(&HttpUrl::new("https://example.net/api/health?deep=1").unwrap()));
/// assert!(!one.allows(&HttpUrl::new("https://example.net/api/healthy").unwrap()));
/// let below = UrlPrefix::new("https://*.example.net/").unwrap();
/// assert!(below.allows(&HttpUrl::new("https://eu.example.net/x").unwrap()));
/// assert!(!below.allows(&HttpUrl::new("https://example.net/x").unwrap()));
/// assert!(UrlPrefix::new("https://*.net/").is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UrlPrefix {
    url: HttpUrl,
    is_below: bool,
}

/// Why a text is not a [`UrlPrefix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlPrefixError {
    /// It is no URL.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A query, which is free.
    #[error("a grant has no query: leave out what follows `?`")]
    Query,
    /// A `*` that does not stand for what is left of a name.
    #[error(
        "`*.` stands at the beginning of a host, before a name of two parts or more, such as \
         `https://*.example.net/`"
    )]
    Wildcard,
    /// A path that no request may have.
    #[error("the path has a part that begins with `.;` or `..;`, or an encoded `%`")]
    Path,
}

impl UrlPrefix {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// When it is no URL, has a query, or a `*` anywhere else than at the beginning of the host.
    pub fn new(text: &str) -> Result<Self, UrlPrefixError> {
        let (plain, is_below) = match text.split_once("://*.") {
            Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
            None => (text.to_owned(), false),
        };
        if plain.contains('*') {
            return Err(UrlPrefixError::Wildcard);
        }
        let url = HttpUrl::new(&plain)?;
        if url.target().contains('?') {
            return Err(UrlPrefixError::Query);
        }
        if !is_read_in_one_way(url.path()) {
            return Err(UrlPrefixError::Path);
        }
        match url.host() {
            Host::Domain(name) if !is_below || name.contains('.') => {}
            _ if !is_below => {}
            _ => return Err(UrlPrefixError::Wildcard),
        }
        Ok(Self { url, is_below })
    }

    /// Whether a URL begins with it.
    #[must_use]
    pub fn allows(&self, url: &HttpUrl) -> bool {
        let prefix = self.url.path();
        let path = url.path();
        self.reaches(url)
            && is_read_in_one_way(path)
            && (path == prefix || (prefix.ends_with('/') && path.starts_with(prefix)))
    }

    /// Whether the connection is made with TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.url.is_tls()
    }

    /// Whether some URL of a server begins with it, whatever its path.
    #[must_use]
    pub fn reaches(&self, server: &HttpUrl) -> bool {
        let is_host = match (self.url.host(), server.host()) {
            (Host::Domain(above), Host::Domain(name)) if self.is_below => name
                .strip_suffix(above.as_str())
                .is_some_and(|left| left.len() > 1 && left.ends_with('.')),
            (own, other) => !self.is_below && own == other,
        };
        is_host && self.url.is_tls() == server.is_tls() && self.url.port() == server.port()
    }
}

/// Whether every server takes a path for the same. Some leave out what follows `;` in a part before
/// they resolve `..`, some decode twice.
fn is_read_in_one_way(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    !["%25", "%3b"].iter().any(|code| path.contains(code))
        && path
            .split('/')
            .all(|part| !part.starts_with(".;") && !part.starts_with("..;"))
}

/// As it is written in its one form.
impl fmt::Display for UrlPrefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.url.is_tls() { "https" } else { "http" };
        let below = if self.is_below { "*." } else { "" };
        let (authority, path) = (self.url.authority(), Text::from(self.url.path()));
        write!(
            formatter,
            "{scheme}://{below}{authority}{}",
            path.terminal()
        )
    }
}

impl fmt::Debug for UrlPrefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "UrlPrefix({self})")
    }
}

impl PartialOrd for UrlPrefix {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for UrlPrefix {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.to_string().cmp(&other.to_string())
    }
}

impl Serialize for UrlPrefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UrlPrefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// In words, for people.
impl<M: HttpMethod> fmt::Display for HttpGrant<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<&str> = self.methods.iter().map(|method| method.name()).collect();
        write!(formatter, "{} {}", methods.join(", "), self.url)?;
        if self.addresses.is_empty() {
            return Ok(());
        }
        let ranges: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        write!(formatter, " at {}", ranges.join(", "))
    }
}

impl<M: HttpMethod> HttpGrant<M> {
    /// Whether it is for such a request.
    #[must_use]
    pub fn allows(&self, method: M, url: &HttpUrl) -> bool {
        self.methods.contains(&method) && self.url.allows(url)
    }
}
