use std::fmt;
use std::time::Duration;

use super::address::AddressError;
use super::proxy::ProxyError;
use super::request::RequestError;
use crate::model::Text;

/// Whether a request that failed reached the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing of it was sent: it can be made again without doing anything twice.
    NothingSent,
    /// It was sent, at least in part, and no answer came: whether it was acted on is not known.
    MayHaveArrived,
    /// It was answered with this status, and the rest of the answer could not be read.
    Answered {
        /// The status code.
        status: u16,
    },
}

/// How far an exchange has come. Written as what was not done in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpStep {
    /// The host's name is looked up.
    Resolve,
    /// A connection is made.
    Connect,
    /// The TLS handshake.
    Handshake,
    /// The request is sent and the head of the answer is awaited.
    Answer,
    /// The body of the answer is read.
    Body {
        /// The status code that the head said.
        status: u16,
    },
}

/// Why there is no response. It names the host; of the URL it says no more, and of the headers
/// nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The request cannot be made.
    #[error("cannot ask {host}: {why}")]
    Request {
        /// Scheme, host and port.
        host: String,
        /// What is wrong with it.
        why: RequestError,
    },
    /// The host's name cannot be looked up.
    #[error("cannot find {host}: {}", said.terminal())]
    Resolve {
        /// Scheme, host and port.
        host: String,
        /// What the system says.
        said: Text,
    },
    /// The name leads where no connection is made to.
    #[error("no connection is made to {host}: {why}")]
    Address {
        /// Scheme, host and port.
        host: String,
        /// Why.
        why: AddressError,
    },
    /// Nobody takes a connection.
    #[error("cannot connect to {host}: {}", said.terminal())]
    Connect {
        /// Scheme, host and port.
        host: String,
        /// What the system says.
        said: Text,
    },
    /// The proxy makes no connection.
    #[error("cannot connect to {host} through the proxy {proxy}: {why}")]
    Proxy {
        /// Scheme, host and port.
        host: String,
        /// The proxy, without what authenticates there.
        proxy: String,
        /// Why.
        why: ProxyError,
    },
    /// The platform's certificates cannot be had.
    #[error("cannot check who {host} is: {why}")]
    Authorities {
        /// Scheme, host and port.
        host: String,
        /// Why.
        why: AuthoritiesError,
    },
    /// The other side could not show that it is who it should be, or speaks no TLS.
    #[error("no TLS connection to {host}: {}", said.terminal())]
    Handshake {
        /// Scheme, host and port.
        host: String,
        /// What TLS says.
        said: Text,
    },
    /// The connection broke, or was closed, before an answer.
    #[error("{host} did not answer: {}", said.terminal())]
    NoAnswer {
        /// Scheme, host and port.
        host: String,
        /// What the connection says.
        said: Text,
    },
    /// The head of the answer is larger than it may be, or is none of HTTP/1.1.
    #[error(
        "{host} answered with something else than a head of HTTP/1.1 of at most {bytes_max} bytes: {}",
        said.terminal()
    )]
    Head {
        /// Scheme, host and port.
        host: String,
        /// The bound.
        bytes_max: usize,
        /// What is wrong with it.
        said: Text,
    },
    /// The body of the answer is larger than it may be.
    #[error("{host} answered {status} with a body of more than {bytes_max} bytes")]
    BodyBytes {
        /// Scheme, host and port.
        host: String,
        /// The status code.
        status: u16,
        /// The bound.
        bytes_max: usize,
    },
    /// The body of the answer broke off or is malformed.
    #[error("{host} answered {status}, and its body broke off: {}", said.terminal())]
    Body {
        /// Scheme, host and port.
        host: String,
        /// The status code.
        status: u16,
        /// What is wrong with it.
        said: Text,
    },
    /// The time for the whole exchange was over.
    #[error("{host}: {step} within {} ms", deadline.as_millis())]
    Deadline {
        /// Scheme, host and port.
        host: String,
        /// What was not done.
        step: HttpStep,
        /// The bound on the whole exchange.
        deadline: Duration,
    },
}

impl HttpError {
    /// Whether the request may have reached the other side.
    #[must_use]
    pub fn arrival(&self) -> Arrival {
        match self {
            Self::Request { .. }
            | Self::Resolve { .. }
            | Self::Address { .. }
            | Self::Connect { .. }
            | Self::Proxy { .. }
            | Self::Authorities { .. }
            | Self::Handshake { .. } => Arrival::NothingSent,
            Self::NoAnswer { .. } | Self::Head { .. } => Arrival::MayHaveArrived,
            Self::BodyBytes { status, .. } | Self::Body { status, .. } => {
                Arrival::Answered { status: *status }
            }
            Self::Deadline { step, .. } => match step {
                HttpStep::Resolve | HttpStep::Connect | HttpStep::Handshake => Arrival::NothingSent,
                HttpStep::Answer => Arrival::MayHaveArrived,
                HttpStep::Body { status } => Arrival::Answered { status: *status },
            },
        }
    }

    /// Whether the same request is refused another time too.
    #[must_use]
    pub fn lasts(&self) -> bool {
        match self {
            Self::Request { .. } => true,
            Self::Address { why, .. } => *why != AddressError::None,
            _ => false,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Request { why, .. } => why.help(),
            Self::Resolve { .. } => "check the host's name, and that this machine can resolve it",
            Self::Address { why, .. } => match why {
                AddressError::Metadata(_) => "nothing can be sent there: name another host",
                AddressError::None => "check the host's name",
                AddressError::PlainName => "ask for it with `https://`",
                AddressError::Refused { .. } | AddressError::Plain(_) => {
                    "if it is meant, name the range that holds the address in `addresses`, such as \
                     `addresses = [\"10.2.0.0/16\"]`"
                }
            },
            Self::Connect { .. } => {
                "check that the host is up and reached from here; where a proxy has to be asked, name it \
                 with `--proxy` or HOLDPOINT_PROXY"
            }
            Self::Proxy { why, .. } => why.help(),
            Self::Authorities { why, .. } => why.help(),
            Self::Handshake { .. } => {
                "check the host's certificate; for an authority of your own name its file in `ca`"
            }
            Self::NoAnswer { .. }
            | Self::Head { .. }
            | Self::BodyBytes { .. }
            | Self::Body { .. } => "check the server's own log",
            Self::Deadline { .. } => "check that the host is up, and how long it takes to answer",
        }
    }
}

impl fmt::Display for HttpStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve => formatter.write_str("its name was not found"),
            Self::Connect => formatter.write_str("nobody took a connection"),
            Self::Handshake => formatter.write_str("the TLS handshake did not end"),
            Self::Answer => formatter.write_str("it did not answer"),
            Self::Body { status } => {
                write!(formatter, "the body of its answer, {status}, did not end")
            }
        }
    }
}

/// Why certificates of authorities cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// The file has no certificate in it.
    #[error("there is no certificate in it")]
    Empty,
    /// The file is not PEM, or a certificate in it is malformed.
    #[error("certificate {number} in it is malformed: {}", said.terminal())]
    Malformed {
        /// Counts from 1.
        number: usize,
        /// What is wrong.
        said: Text,
    },
    /// The platform has none.
    #[error("this machine has no certificates of authorities: {}", .0.terminal())]
    Platform(Text),
}

impl AuthoritiesError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Empty | Self::Malformed { .. } => {
                "name a file with certificates in PEM form: `-----BEGIN CERTIFICATE-----`"
            }
            Self::Platform(_) => {
                "install the package of certificates (`ca-certificates`), or name a file in `ca`"
            }
        }
    }
}
