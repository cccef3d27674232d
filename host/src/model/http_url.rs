use std::fmt;

use url::{Host, Url};
use zeroize::Zeroizing;

/// The longest URL, in bytes: what servers take at most, nearly all of them.
pub const URL_BYTES_MAX: usize = 8 << 10;

/// An `http` or `https` URL, brought into one form. What is checked is that form, and that form is
/// what is sent.
///
/// Path and query may themselves be the secret, as with incoming webhooks: they are never shown,
/// and are overwritten in memory when the URL is dropped.
///
/// ```
/// use holdpoint::model::{HttpUrl, UrlError};
///
/// let url = HttpUrl::new("HTTPS://Example.com:443/a/../b?key=s3cret").unwrap();
/// assert_eq!(url.origin(), "https://example.com");
/// assert_eq!(format!("{url:?}"), "HttpUrl(https://example.com/…)");
/// assert_eq!(HttpUrl::new("https://me@example.com/"), Err(UrlError::UserInfo));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl {
    is_tls: bool,
    host: Host<String>,
    port: u16,
    /// Path and query.
    target: Zeroizing<String>,
}

/// Why a text is not a URL that a request can be made to. It does not say the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// More than [`URL_BYTES_MAX`].
    #[error("the URL is longer than {URL_BYTES_MAX} bytes")]
    TooLong,
    /// A blank, a control character or a backslash, which programs read differently.
    #[error("the URL has a blank, a control character or a backslash in it")]
    Character,
    /// Neither `http://` nor `https://`.
    #[error("the URL does not begin with `https://` or `http://`")]
    Scheme,
    /// A name or a password before the host.
    #[error("the URL has a user name or an `@` before its host")]
    UserInfo,
    /// No host, or none that can be looked up.
    #[error("the URL has no host name or address that could be asked")]
    Host,
    /// A port that is none.
    #[error("the URL has a port that cannot be asked")]
    Port,
    /// What only a browser would look at.
    #[error("the URL has a fragment: what follows `#` is never sent")]
    Fragment,
    /// A slash, a dot, a backslash or a control character that some programs decode and others do not.
    #[error("the path of the URL has an encoded slash, dot, backslash or control character")]
    Encoded,
    /// A `%` without two hexadecimal digits after it.
    #[error("the URL has a `%` that encodes nothing")]
    Percent,
    /// Anything else.
    #[error("the URL is malformed")]
    Malformed,
}

impl UrlError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::UserInfo => "send what authenticates in a header, as a secret",
            Self::Fragment => "leave the fragment out",
            Self::Encoded => "write the path as the server knows it, without encoding these",
            Self::Character | Self::Percent => {
                "encode what cannot stand in a URL: `%20` for a blank, `%25` for a `%`"
            }
            Self::TooLong | Self::Scheme | Self::Host | Self::Port | Self::Malformed => {
                "write the whole URL, such as `https://hooks.example.com/releases`"
            }
        }
    }
}

impl HttpUrl {
    /// Reads a URL and brings it into its one form: scheme and host in lower case, the host in
    /// ASCII, an IPv4 address in four decimal numbers, the scheme's own port left out, `.` and `..`
    /// resolved, and what cannot stand in a path encoded.
    ///
    /// # Errors
    ///
    /// For what is no such URL, and for what two programs could read in two ways.
    pub fn new(text: &str) -> Result<Self, UrlError> {
        if text.len() > URL_BYTES_MAX {
            return Err(UrlError::TooLong);
        }
        // The parser would leave some of these out and turn a backslash into a slash.
        if text
            .bytes()
            .any(|byte| byte <= b' ' || byte == 0x7f || byte == b'\\')
        {
            return Err(UrlError::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(UrlError::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if authority.is_empty() {
            return Err(UrlError::Host);
        }
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        if rest.contains('#') {
            return Err(UrlError::Fragment);
        }
        check_encoding(rest)?;
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::InvalidPort => UrlError::Port,
            url::ParseError::EmptyHost
            | url::ParseError::IdnaError
            | url::ParseError::InvalidIpv4Address
            | url::ParseError::InvalidIpv6Address
            | url::ParseError::InvalidDomainCharacter => UrlError::Host,
            _ => UrlError::Malformed,
        })?;
        let host = url.host().ok_or(UrlError::Host)?.to_owned();
        // The parser decodes what is encoded in a host, and lets more pass than a name can have.
        if authority.contains('%') || matches!(&host, Host::Domain(name) if !is_name(name)) {
            return Err(UrlError::Host);
        }
        let port = url.port_or_known_default().filter(|port| *port != 0);
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        Ok(Self {
            is_tls,
            host,
            port: port.ok_or(UrlError::Port)?,
            target: Zeroizing::new(target.to_owned()),
        })
    }

    /// Scheme, host and, where it is not the scheme's own, port: what may be shown.
    #[must_use]
    pub fn origin(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// The same URL with a secret in the place of its placeholder, once. What stands for it is
    /// encoded already.
    ///
    /// # Errors
    ///
    /// When it becomes longer than [`URL_BYTES_MAX`].
    pub fn filled(&self, placeholder: &str, encoded: &str) -> Result<Self, UrlError> {
        let Some((before, after)) = self.target.split_once(placeholder) else {
            return Ok(self.clone());
        };
        let bytes = before.len() + encoded.len() + after.len();
        if self.origin().len() + bytes > URL_BYTES_MAX {
            return Err(UrlError::TooLong);
        }
        // Its room is taken before the secret is in it, so that no copy is left behind.
        let mut target = Zeroizing::new(String::with_capacity(bytes));
        for part in [before, encoded, after] {
            target.push_str(part);
        }
        Ok(Self {
            target,
            ..self.clone()
        })
    }

    /// Whether the connection is made with TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host<String> {
        &self.host
    }

    /// The port, the scheme's own where the URL names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the header `host` says.
    #[must_use]
    pub fn authority(&self) -> String {
        let default = if self.is_tls { 443 } else { 80 };
        if self.port == default {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Path and query, as they are sent. They may be a secret.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The path, without the query. It may be a secret.
    #[must_use]
    pub fn path(&self) -> &str {
        match self.target.split_once('?') {
            Some((path, _)) => path,
            None => &self.target,
        }
    }
}

/// Whether a host is a name that can be looked up: labels of letters, digits, hyphens and underscores
/// (RFC 1123, section 2.1, and names of services). With a dot at its end it would be the same host by
/// another name.
fn is_name(host: &str) -> bool {
    host.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// Encoded slashes, dots, backslashes and control characters are refused in the path only: in a query they
/// are data. A path ends at a NUL for programs in C, and goes on for others.
fn check_encoding(path_and_query: &str) -> Result<(), UrlError> {
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, query),
        None => (path_and_query, ""),
    };
    let encoded = |text: &str| -> Vec<String> {
        let after = text.split('%').skip(1);
        after
            .map(|after| {
                after
                    .chars()
                    .take(2)
                    .collect::<String>()
                    .to_ascii_lowercase()
            })
            .collect()
    };
    let (in_path, in_query) = (encoded(path), encoded(query));
    let is_byte = |digits: &String| {
        digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    if !in_path.iter().chain(&in_query).all(is_byte) {
        return Err(UrlError::Percent);
    }
    let is_ambiguous = |digits: &String| {
        let byte = u8::from_str_radix(digits, 16).unwrap_or_default();
        matches!(byte, b'/' | b'.' | b'\\' | 0..0x20 | 0x7f)
    };
    if in_path.iter().any(is_ambiguous) {
        return Err(UrlError::Encoded);
    }
    Ok(())
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HttpUrl({}/…)", self.origin())
    }
}
