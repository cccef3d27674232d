use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method};
use zeroize::Zeroizing;

use super::PROGRAM;
use crate::model::{Header, HttpUrl, Text};
use crate::sandbox::Secret;

/// The most headers of a request that a caller sets: more than anything that is called needs.
pub const REQUEST_HEADERS_MAX: usize = 64;

/// The most text of those headers together, in bytes: what servers take at most, nearly all of
/// them.
pub const REQUEST_HEADERS_BYTES_MAX: usize = 16 << 10;

/// Headers that say how the request travels, which is the host's to say.
const OWN_HEADERS: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers by which some servers take one method for another.
const METHOD_OVERRIDES: [&str; 4] = [
    "x-http-method",
    "x-http-method-override",
    "x-method",
    "x-method-override",
];

/// Methods that ask for something else than a response.
const REFUSED_METHODS: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];

/// A whole request. Its secrets are put in by the client, last.
#[derive(Debug)]
pub struct HttpRequest<'a> {
    pub(super) url: &'a HttpUrl,
    method: Method,
    headers: HeaderMap,
    secrets: Vec<&'a SecretHeader>,
    pub(super) body: Bytes,
}

/// A header whose value nobody may read.
#[derive(Debug)]
pub struct SecretHeader {
    name: HeaderName,
    value: Secret,
}

/// Why a request cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not a method, or one that no caller may use.
    #[error("`{}` is not a method that a request can have", .0.terminal())]
    Method(Text),
    /// Not a header.
    #[error("`{}` is not a header with a value that can be sent", .0.terminal())]
    Header(Text),
    /// A header that says how the request travels.
    #[error("the header `{}` is the host's own to set", .0.terminal())]
    OwnHeader(Text),
    /// A header by which a server takes one method for another.
    #[error("the header `{}` would make another method of it", .0.terminal())]
    MethodOverride(Text),
    /// The header of the secret is there already.
    #[error("the header `{}` is there already", .0.terminal())]
    SecretHeader(Text),
    /// Too many headers.
    #[error(
        "more than {REQUEST_HEADERS_MAX} headers, or {REQUEST_HEADERS_BYTES_MAX} bytes of them"
    )]
    Headers,
    /// A body that is larger than the client sends.
    #[error("the body is larger than {bytes_max} bytes")]
    Body {
        /// The bound.
        bytes_max: usize,
    },
}

impl RequestError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Method(_) => "use GET, HEAD, POST, PUT, PATCH or DELETE",
            Self::Header(_) => {
                "a header has a name of letters, digits and hyphens, and a value of one line"
            }
            Self::OwnHeader(_) | Self::MethodOverride(_) | Self::SecretHeader(_) => {
                "leave the header out"
            }
            Self::Headers | Self::Body { .. } => "send less",
        }
    }
}

impl<'a> HttpRequest<'a> {
    /// A request with these headers and this body.
    ///
    /// # Errors
    ///
    /// When the method or a header is not the caller's to choose, or there are too many headers.
    pub fn new(
        method: &str,
        url: &'a HttpUrl,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Self, RequestError> {
        let refused = || RequestError::Method(Text::from(method).shortened(40));
        let is_upper_case = method.bytes().all(|byte| byte.is_ascii_uppercase());
        if !is_upper_case || REFUSED_METHODS.contains(&method) {
            return Err(refused());
        }
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| refused())?;
        let bytes: usize = headers
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if headers.len() > REQUEST_HEADERS_MAX || bytes > REQUEST_HEADERS_BYTES_MAX {
            return Err(RequestError::Headers);
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let shown = || Text::from(*name).shortened(80);
            let value = HeaderValue::from_str(value).map_err(|_| RequestError::Header(shown()))?;
            map.append(header_name(name)?, value);
        }
        Ok(Self {
            url,
            method,
            headers: map,
            secrets: Vec::new(),
            body: body.into(),
        })
    }

    /// The same request with a secret in one more header.
    ///
    /// # Errors
    ///
    /// When the header is there already.
    pub fn with_secret(self, secret: &'a SecretHeader) -> Result<Self, RequestError> {
        let mut others = self.secrets.iter();
        if self.headers.contains_key(&secret.name) || others.any(|other| other.name == secret.name)
        {
            let name = Text::from(secret.name.as_str());
            return Err(RequestError::SecretHeader(name));
        }
        let mut secrets = self.secrets;
        secrets.push(secret);
        Ok(Self { secrets, ..self })
    }

    /// The request as it is sent.
    pub(super) fn assembled(&self) -> http::Result<http::Request<http_body_util::Full<Bytes>>> {
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(self.url.target())
            .header(HOST, self.url.authority())
            .header(CONNECTION, "close")
            .body(http_body_util::Full::new(self.body.clone()))?;
        let headers = request.headers_mut();
        headers.extend(self.headers.clone());
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(PROGRAM));
        for secret in &self.secrets {
            headers.insert(secret.name.clone(), secret.header_value()?);
        }
        Ok(request)
    }
}

impl SecretHeader {
    /// A header whose value is `prefix` and the secret after it.
    ///
    /// # Errors
    ///
    /// When the name is not the caller's to choose, or the value could not be sent. The error does
    /// not say the value.
    pub fn new(name: &str, prefix: &str, secret: &Secret) -> Result<Self, RequestError> {
        let name = header_name(name)?;
        // Its room is taken before the secret is in it, so that no copy is left behind.
        let secret = secret.expose();
        let mut value = String::with_capacity(prefix.len() + secret.len());
        value.push_str(prefix);
        value.push_str(secret);
        let header = Self {
            name,
            value: Secret::new(value),
        };
        match header.header_value() {
            Ok(_) => Ok(header),
            Err(_) => Err(RequestError::Header(Text::from(header.name.as_str()))),
        }
    }

    /// The name of the header.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    fn header_value(&self) -> http::Result<HeaderValue> {
        let bytes = Zeroizing::new(self.value.expose().as_bytes().to_vec());
        let mut value = HeaderValue::from_bytes(&bytes)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// The name of a header that a caller may set.
fn header_name(name: &str) -> Result<HeaderName, RequestError> {
    let shown = || Text::from(name).shortened(80);
    let parsed = HeaderName::from_bytes(name.as_bytes());
    let parsed = parsed.map_err(|_| RequestError::Header(shown()))?;
    // Some servers take `_` for `-`.
    let plain = parsed.as_str().replace('_', "-");
    if OWN_HEADERS.contains(&plain.as_str()) {
        Err(RequestError::OwnHeader(shown()))
    } else if METHOD_OVERRIDES.contains(&plain.as_str()) {
        Err(RequestError::MethodOverride(shown()))
    } else {
        Ok(parsed)
    }
}

/// A whole response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code. One that redirects is like any other: it is not followed.
    pub status: u16,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body, to its end.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of a name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = |header: &&Header| header.name.raw().eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(header)
            .map(|header| header.value.raw())
    }
}

/// Headers as the model has them.
pub(super) fn received(headers: &HeaderMap) -> Vec<Header> {
    headers
        .iter()
        .map(|(name, value)| Header {
            name: Text::from(name.as_str()),
            value: Text::from_bytes(value.as_bytes()),
        })
        .collect()
}
