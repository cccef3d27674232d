use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use http::{Method, Request};
use http_body_util::Empty;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::{PROGRAM, RESPONSE_HEADERS_MAX, with_sources};
use crate::model::Text;
use crate::sandbox::Secret;

/// Where a proxy is asked when its URL does not say: what most of them have.
const DEFAULT_PORT: u16 = 3128;

/// A proxy that connections go through (`CONNECT`, RFC 9110, section 9.3.6), as the operator names it:
/// `http://[USER:PASSWORD@]HOST[:PORT]`.
///
/// ```
/// use holdpoint::sandbox::Proxy;
///
/// let proxy: Proxy = "http://ci:p%40ss@proxy.example.com:8080".parse().unwrap();
/// assert_eq!(proxy.to_string(), "http://proxy.example.com:8080");
/// assert!("https://proxy.example.com".parse::<Proxy>().is_err());
/// ```
#[derive(Clone)]
pub struct Proxy {
    host: Host<String>,
    port: u16,
    /// [`Secret::basic`].
    credentials: Option<Arc<Secret>>,
    does_checking: bool,
}

/// Why a text names no proxy. It does not say the text, which may have a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// Not an `http` URL.
    #[error(
        "expected `http://HOST:PORT`: the proxy itself is asked without TLS, and what goes through it has TLS of its own"
    )]
    Scheme,
    /// No host.
    #[error("expected `http://HOST:PORT`, with a host")]
    Host,
    /// A path, a query or a fragment.
    #[error("expected `http://HOST:PORT`, and nothing after it")]
    Rest,
    /// A name or password that is not text.
    #[error(
        "the user name or the password is no UTF-8 when it is decoded, or has a `:` in the name"
    )]
    Credentials,
}

/// Why a proxy made no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// It cannot be reached.
    #[error("it takes no connection: {}", .0.terminal())]
    Connect(Text),
    /// It answered that it does not connect.
    #[error("it answered {status}")]
    Status {
        /// The status code.
        status: u16,
    },
    /// It answered something else than HTTP/1.1, or nothing.
    #[error("it did not answer as a proxy does: {}", .0.terminal())]
    Malformed(Text),
}

impl ProxyError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Connect(_) | Self::Malformed(_) => {
                "check the proxy that `--proxy` or HOLDPOINT_PROXY names"
            }
            Self::Status { status: 407 } => {
                "give HOLDPOINT_PROXY a user name and a password: `http://USER:PASSWORD@HOST:PORT`"
            }
            Self::Status { .. } => {
                "ask who runs the proxy whether it may connect there; where it takes names and no \
                 addresses, add `--proxy-checks`"
            }
        }
    }
}

/// Where a connection is made to.
#[derive(Clone, Debug)]
pub(super) enum ProxyTarget {
    /// An address that was checked.
    Address(SocketAddr),
    /// A name that somebody else looks up and checks.
    Name(String, u16),
}

impl fmt::Display for ProxyTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(formatter, "{address}"),
            Self::Name(name, port) => write!(formatter, "{name}:{port}"),
        }
    }
}

impl FromStr for Proxy {
    type Err = ProxyUrlError;

    fn from_str(text: &str) -> Result<Self, ProxyUrlError> {
        let url = Url::parse(text).map_err(|_| ProxyUrlError::Scheme)?;
        if url.scheme() != "http" {
            return Err(ProxyUrlError::Scheme);
        }
        let host = url.host().ok_or(ProxyUrlError::Host)?.to_owned();
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(ProxyUrlError::Rest);
        }
        // The scheme's own port is left out of a URL, and is meant where it was written.
        let port = match url.port() {
            Some(port) => port,
            None if text.trim_end_matches('/').ends_with(":80") => 80,
            None => DEFAULT_PORT,
        };
        Ok(Self {
            host,
            port,
            credentials: credentials(&url)?,
            does_checking: false,
        })
    }
}

/// What authenticates: [`Secret::basic`]; none where there is neither a name nor a password.
fn credentials(url: &Url) -> Result<Option<Arc<Secret>>, ProxyUrlError> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decoded = |part: &str| {
        let decoded = percent_decode_str(part).decode_utf8();
        decoded.map(|part| Zeroizing::new(part.into_owned()))
    };
    let user = decoded(url.username()).map_err(|_| ProxyUrlError::Credentials)?;
    let password = decoded(url.password().unwrap_or_default());
    let password = password.map_err(|_| ProxyUrlError::Credentials)?;
    if user.contains(':') {
        return Err(ProxyUrlError::Credentials);
    }
    Ok(Some(Arc::new(Secret::basic(&user, &password))))
}

impl Proxy {
    /// The same proxy, which looks names up itself, and is trusted to connect only where it should:
    /// on networks where nobody else can look up a name.
    #[must_use]
    pub fn doing_the_checking(self) -> Self {
        Self {
            does_checking: true,
            ..self
        }
    }

    /// Whether it is given names, and not addresses that were checked.
    #[must_use]
    pub fn does_checking(&self) -> bool {
        self.does_checking
    }

    /// A connection to a target, through it.
    pub(super) async fn connect(
        &self,
        target: &ProxyTarget,
        head_bytes_max: usize,
    ) -> Result<TokioIo<Upgraded>, ProxyError> {
        let place = (host_name(&self.host), self.port);
        let stream = TcpStream::connect((place.0.as_str(), place.1)).await;
        let stream = stream.map_err(|error| ProxyError::Connect(Text::from(error.to_string())))?;
        let malformed = |error: &hyper::Error| ProxyError::Malformed(with_sources(error).into());
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(head_bytes_max)
            .max_header_size(head_bytes_max)
            .max_headers(RESPONSE_HEADERS_MAX)
            .handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(|error| malformed(&error))?;
        // It comes to its own end when the connection is handed over.
        let mut driver = JoinSet::new();
        driver.spawn(connection.with_upgrades());
        let request = self.request(target);
        let request = request.map_err(|error| ProxyError::Malformed(error.to_string().into()))?;
        let response = sender.send_request(request).await;
        let response = response.map_err(|error| malformed(&error))?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            return Err(ProxyError::Status { status });
        }
        let upgraded = hyper::upgrade::on(response).await;
        upgraded
            .map(TokioIo::new)
            .map_err(|error| malformed(&error))
    }

    fn request(&self, target: &ProxyTarget) -> http::Result<Request<Empty<Bytes>>> {
        let authority = target.to_string();
        let mut request = Request::builder()
            .method(Method::CONNECT)
            .uri(&authority)
            .header(HOST, &authority)
            .header(USER_AGENT, PROGRAM)
            .body(Empty::new())?;
        if let Some(credentials) = &self.credentials {
            let value = Zeroizing::new(format!("Basic {}", credentials.expose()));
            let mut value = HeaderValue::from_str(&value)?;
            value.set_sensitive(true);
            request.headers_mut().insert(PROXY_AUTHORIZATION, value);
        }
        Ok(request)
    }
}

/// A host as the system looks it up: an IPv6 address has no brackets there.
fn host_name(host: &Host<String>) -> String {
    match host {
        Host::Domain(name) => name.clone(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    }
}

/// Its URL without what authenticates.
impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "http://{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Proxy")
            .field("url", &format_args!("{self}"))
            .field("does_checking", &self.does_checking)
            .finish_non_exhaustive()
    }
}
