//! Runs one call of one plugin in a store of its own, with everything denied that was not given, and
//! makes the requests that leave the machine.
//!
//! [`Sandbox::load`] refuses what asks for too much before any of it runs; [`Loaded::call`] always
//! comes back, with an [`Outcome`](crate::model::Outcome) and what the call used.
//! [`HttpClient::send`] checks where a request goes before anything of it is sent.

mod answer;
mod bindings;
mod call;
mod capture;
mod case;
mod clock;
mod compile;
mod confine;
mod evidence;
mod failure;
mod http;
mod load;
mod machine_code;
mod meter;
mod network;
mod record;
mod replay;
mod secret;
mod state;
mod tree;
mod wasi;

pub use self::http::{
    AddressError, AddressKind, Arrival, Authorities, AuthoritiesError, HEAD_BYTES_MIN, HttpClient,
    HttpError, HttpLimits, HttpRequest, HttpResponse, HttpRoute, HttpStep, Proxy, ProxyError,
    ProxyUrlError, REQUEST_HEADERS_BYTES_MAX, REQUEST_HEADERS_MAX, RESPONSE_HEADERS_MAX,
    RequestError, Resolve, Resolved, SecretHeader, check_addresses,
};
pub use crate::model::{HttpUrl, Input, Limits, LogLevel, LogLine, URL_BYTES_MAX, UrlError};
pub use call::{Call, CallRecord};
pub use case::{Answers, Case, CaseError, RecordedCase, expectation};
pub use compile::{
    COMPILE_PROCESSOR_TIME_BASE, COMPILE_PROCESSOR_TIME_PER_MEBIBYTE, CompileLimit, CompileLimits,
    Compiler, compile_confined,
};
pub use confine::Confinement;
pub use load::{LoadError, Loaded, Sandbox};
pub use machine_code::CodeOrigin;
pub use network::{
    Allowance, AllowanceError, AllowanceLimits, Brokered, BrokeredError, IDEMPOTENCY_KEY, Network,
    NotMade, PlannedCall, SENT_BYTES_MAX,
};
pub use record::{Recording, Sink};
pub use replay::Replayed;
pub use secret::Secret;
