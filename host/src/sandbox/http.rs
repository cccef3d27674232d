//! The host's HTTP client: a whole request gives a whole response, or an error that says whether
//! the request may have arrived.
//!
//! A name is resolved once, every address is held against what is allowed, and the connection is
//! made to one of those. One deadline covers all of it. Nothing is followed, decompressed, kept
//! open or taken from the environment; a proxy is used where the operator names one.

#![expect(
    clippy::disallowed_methods,
    reason = "this is where connections are made, to addresses that were checked"
)]

mod address;
mod error;
mod proxy;
mod request;
mod resolve;
mod tls;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::Host;

use crate::model::{HttpUrl, Text};
pub use address::{AddressError, AddressKind, check_addresses};
pub use error::{Arrival, AuthoritiesError, HttpError, HttpStep};
use proxy::ProxyTarget;
pub use proxy::{Proxy, ProxyError, ProxyUrlError};
pub use request::{
    HttpRequest, HttpResponse, REQUEST_HEADERS_BYTES_MAX, REQUEST_HEADERS_MAX, RequestError,
    SecretHeader,
};
pub use resolve::{Resolve, Resolved};
pub use tls::Authorities;

/// The most addresses of one name that a connection is tried to. All of them are checked.
const ADDRESSES_TRIED_MAX: usize = 4;

/// The smallest bound on the head of an answer, in bytes: the least that the implementation can
/// have as its buffer.
pub const HEAD_BYTES_MIN: usize = 8 << 10;

/// The most headers of an answer: what the largest services send, several times over.
pub const RESPONSE_HEADERS_MAX: usize = 128;

/// What it says of itself to whom it asks.
const PROGRAM: &str = concat!("holdpoint/", env!("CARGO_PKG_VERSION"));

/// The bounds on one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// The body of a request, in bytes.
    pub request_bytes_max: usize,
    /// The head of a response, in bytes; less than [`HEAD_BYTES_MIN`] counts as that.
    pub head_bytes_max: usize,
    /// The body of a response, in bytes.
    pub response_bytes_max: usize,
    /// From the name's look-up to the last byte of the response.
    pub deadline: Duration,
}

impl Default for HttpLimits {
    /// A request as large as the largest message, a head several times as large as servers send, a
    /// body that fits in memory for every channel at once, and twice the time after which large
    /// services give up themselves.
    fn default() -> Self {
        Self {
            request_bytes_max: 1 << 20,
            head_bytes_max: 64 << 10,
            response_bytes_max: 1 << 20,
            deadline: Duration::from_secs(20),
        }
    }
}

/// What the operator allows for one other side.
#[derive(Clone, Debug, Default)]
pub struct HttpRoute {
    /// Ranges of addresses that are allowed whatever they lead to; only there may TLS be left out.
    pub addresses: Vec<IpNet>,
    /// Who may say that the host is who it should be; none for those that the platform trusts.
    pub authorities: Option<Authorities>,
}

/// A way to the other side.
enum Way<'p> {
    /// To an address that was checked.
    Direct(SocketAddr),
    /// By a proxy.
    Through(&'p Proxy, ProxyTarget),
}

/// What comes and goes between the two sides.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

type Connection = Box<dyn Duplex>;

/// Makes requests. Clones share what they have read.
#[derive(Clone)]
pub struct HttpClient {
    limits: HttpLimits,
    platform: Arc<OnceCell<Authorities>>,
    proxy: Option<Proxy>,
    resolver: Arc<dyn Resolve>,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpClient")
            .field("limits", &self.limits)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

/// The time that an exchange has.
struct Deadline {
    host: String,
    duration: Duration,
    at: Instant,
}

impl Deadline {
    async fn keep<T>(&self, step: HttpStep, work: impl Future<Output = T>) -> Result<T, HttpError> {
        timeout_at(self.at, work)
            .await
            .map_err(|_| HttpError::Deadline {
                host: self.host.clone(),
                step,
                deadline: self.duration,
            })
    }
}

impl HttpClient {
    /// A client with these bounds. Nothing is read or opened before the first request.
    #[must_use]
    pub fn new(limits: HttpLimits) -> Self {
        Self {
            limits,
            platform: Arc::new(OnceCell::new()),
            proxy: None,
            resolver: Arc::new(resolve::OfSystem),
        }
    }

    /// The same client, whose connections go through a proxy: all but those to routes that name
    /// `addresses`, which are the operator's own networks and are reached without it.
    #[must_use]
    pub fn through(self, proxy: Option<Proxy>) -> Self {
        Self { proxy, ..self }
    }

    /// The same client, which looks names up elsewhere.
    #[must_use]
    pub fn resolving_with(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self }
    }

    /// The same client with other bounds.
    #[must_use]
    pub fn within(&self, limits: HttpLimits) -> Self {
        Self {
            limits,
            ..self.clone()
        }
    }

    /// Its bounds.
    #[must_use]
    pub fn limits(&self) -> &HttpLimits {
        &self.limits
    }

    /// Makes one request, once, within the client's deadline and within the time that the caller
    /// has left.
    ///
    /// # Errors
    ///
    /// With the step that failed; [`HttpError::arrival`] says whether the request may have arrived.
    /// Every status is a response, also one that redirects or says that something went wrong.
    pub async fn send(
        &self,
        request: &HttpRequest<'_>,
        route: &HttpRoute,
        time_left: Duration,
    ) -> Result<HttpResponse, HttpError> {
        let url = request.url;
        let host = url.origin();
        if request.body.len() > self.limits.request_bytes_max {
            let bytes_max = self.limits.request_bytes_max;
            let why = RequestError::Body { bytes_max };
            return Err(HttpError::Request { host, why });
        }
        let duration = self.limits.deadline.min(time_left);
        let deadline = Deadline {
            host,
            duration,
            at: Instant::now() + duration,
        };
        let ways = self.ways(url, route, &deadline).await?;
        let stream = self.connect(&ways, &deadline).await?;
        if url.is_tls() {
            let authorities = self.authorities(route, &deadline).await?;
            let connector = TlsConnector::from(authorities.config());
            let failed = |said: String| HttpError::Handshake {
                host: deadline.host.clone(),
                said: Text::from(said),
            };
            let name = server_name(url).map_err(failed)?;
            let stream = deadline
                .keep(HttpStep::Handshake, connector.connect(name, stream))
                .await?
                .map_err(|error| failed(error.to_string()))?;
            self.exchange(stream, request, &deadline).await
        } else {
            self.exchange(stream, request, &deadline).await
        }
    }

    /// The ways to the other side that may be taken.
    async fn ways(
        &self,
        url: &HttpUrl,
        route: &HttpRoute,
        deadline: &Deadline,
    ) -> Result<Vec<Way<'_>>, HttpError> {
        let refused = |why| HttpError::Address {
            host: deadline.host.clone(),
            why,
        };
        let proxy = self.proxy.as_ref();
        let proxy = proxy.filter(|_| route.addresses.is_empty());
        let addresses = match (url.host(), proxy) {
            (Host::Ipv4(address), _) => vec![(*address).into()],
            (Host::Ipv6(address), _) => vec![(*address).into()],
            (Host::Domain(name), Some(proxy)) if proxy.does_checking() => {
                if !url.is_tls() {
                    return Err(refused(AddressError::PlainName));
                }
                let target = ProxyTarget::Name(name.clone(), url.port());
                return Ok(vec![Way::Through(proxy, target)]);
            }
            (Host::Domain(name), _) => deadline
                .keep(HttpStep::Resolve, self.resolver.resolve(name, url.port()))
                .await?
                .map_err(|error| HttpError::Resolve {
                    host: deadline.host.clone(),
                    said: Text::from(error.to_string()),
                })?,
        };
        check_addresses(&addresses, &route.addresses, url.is_tls()).map_err(refused)?;
        let addresses = addresses.into_iter();
        let ways = addresses.map(|address| {
            let address = SocketAddr::new(address, url.port());
            match proxy {
                Some(proxy) => Way::Through(proxy, ProxyTarget::Address(address)),
                None => Way::Direct(address),
            }
        });
        Ok(ways.collect())
    }

    /// A connection by the first of these ways that leads there. Each is given its part of the time that
    /// is left, so that one that does not answer leaves time for the others.
    async fn connect(
        &self,
        ways: &[Way<'_>],
        deadline: &Deadline,
    ) -> Result<Connection, HttpError> {
        let host = || deadline.host.clone();
        let tried = &ways[..ways.len().min(ADDRESSES_TRIED_MAX)];
        let mut failed = HttpError::Connect {
            host: host(),
            said: Text::default(),
        };
        for (index, way) in tried.iter().enumerate() {
            let left = u32::try_from(tried.len() - index).unwrap_or(1);
            let now = Instant::now();
            let until = now + deadline.at.saturating_duration_since(now) / left;
            let opened = timeout_at(until, self.open(way, deadline));
            failed = match deadline.keep(HttpStep::Connect, opened).await? {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => error,
                Err(_) if left == 1 => HttpError::Deadline {
                    host: host(),
                    step: HttpStep::Connect,
                    deadline: deadline.duration,
                },
                Err(_) => HttpError::Connect {
                    host: host(),
                    said: Text::from("no answer in time"),
                },
            };
        }
        Err(failed)
    }

    async fn open(&self, way: &Way<'_>, deadline: &Deadline) -> Result<Connection, HttpError> {
        let host = || deadline.host.clone();
        match way {
            Way::Direct(address) => {
                let stream = TcpStream::connect(address).await;
                let stream = stream.map_err(|error| HttpError::Connect {
                    host: host(),
                    said: Text::from(error.to_string()),
                })?;
                Ok(Box::new(stream))
            }
            Way::Through(proxy, target) => {
                let stream = proxy.connect(target, self.head_bytes_max()).await;
                let stream = stream.map_err(|why| HttpError::Proxy {
                    host: host(),
                    proxy: proxy.to_string(),
                    why,
                })?;
                Ok(Box::new(stream))
            }
        }
    }

    async fn authorities(
        &self,
        route: &HttpRoute,
        deadline: &Deadline,
    ) -> Result<Authorities, HttpError> {
        if let Some(authorities) = &route.authorities {
            return Ok(authorities.clone());
        }
        let read = async || {
            let read = tokio::task::spawn_blocking(Authorities::of_platform).await;
            read.unwrap_or_else(|error| {
                Err(AuthoritiesError::Platform(Text::from(error.to_string())))
            })
        };
        let found = self.platform.get_or_try_init(read);
        let found = deadline.keep(HttpStep::Handshake, found).await?;
        found.cloned().map_err(|why| HttpError::Authorities {
            host: deadline.host.clone(),
            why,
        })
    }

    /// Sends the request and reads the response. From here on it may have arrived.
    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        request: &HttpRequest<'_>,
        deadline: &Deadline,
    ) -> Result<HttpResponse, HttpError> {
        let host = || deadline.host.clone();
        let failed = |error: &hyper::Error| {
            let said = Text::from(with_sources(error));
            if error.is_parse() {
                HttpError::Head {
                    host: host(),
                    bytes_max: self.head_bytes_max(),
                    said,
                }
            } else {
                HttpError::NoAnswer { host: host(), said }
            }
        };
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(self.head_bytes_max())
            .max_header_size(self.head_bytes_max())
            .max_headers(RESPONSE_HEADERS_MAX)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(|error| failed(&error))?;
        // Ends with this call, whichever way it ends.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let assembled = request.assembled().map_err(|_| HttpError::Request {
            host: host(),
            why: RequestError::Header(Text::from("host")),
        })?;
        let response = deadline
            .keep(HttpStep::Answer, sender.send_request(assembled))
            .await?
            .map_err(|error| failed(&error))?;
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        let body = deadline
            .keep(HttpStep::Body { status }, self.whole(body))
            .await?
            .map_err(|broken| match broken {
                Broken::TooLarge => HttpError::BodyBytes {
                    host: host(),
                    status,
                    bytes_max: self.limits.response_bytes_max,
                },
                Broken::Off(said) => HttpError::Body {
                    host: host(),
                    status,
                    said,
                },
            })?;
        Ok(HttpResponse {
            status,
            headers: request::received(&head.headers),
            body,
        })
    }

    fn head_bytes_max(&self) -> usize {
        self.limits.head_bytes_max.max(HEAD_BYTES_MIN)
    }

    /// The whole body. One that says beforehand that it is too large is not read at all.
    async fn whole(&self, body: Incoming) -> Result<Vec<u8>, Broken> {
        let bytes_max = self.limits.response_bytes_max;
        if usize::try_from(body.size_hint().lower()).is_ok_and(|bytes| bytes > bytes_max) {
            return Err(Broken::TooLarge);
        }
        match Limited::new(body, bytes_max).collect().await {
            Ok(collected) => Ok(collected.to_bytes().into()),
            Err(error) if error.is::<LengthLimitError>() => Err(Broken::TooLarge),
            Err(error) => Err(Broken::Off(Text::from(with_sources(&*error)))),
        }
    }
}

/// Why a body could not be read.
enum Broken {
    TooLarge,
    Off(Text),
}

/// The name that the other side has to prove.
fn server_name(url: &HttpUrl) -> Result<ServerName<'static>, String> {
    match url.host() {
        Host::Ipv4(address) => Ok(IpAddr::from(*address).into()),
        Host::Ipv6(address) => Ok(IpAddr::from(*address).into()),
        Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|error| error.to_string()),
    }
}

/// What an error says, with what it says about its causes.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}
