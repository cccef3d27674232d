use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::LimitKind;
use crate::sandbox::http::HttpResponse;

/// What all requests of a sitting together may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowanceLimits {
    /// Requests.
    pub requests_max: u64,
    /// What their answers have together, in bytes. Those that are under way when it is reached are
    /// read to their end: no answer that came is lost.
    pub response_bytes_max: u64,
}

/// What the plugins of a sitting still may ask for. Clones share it.
#[derive(Clone, Debug)]
pub struct Allowance(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    limits: AllowanceLimits,
    requests: AtomicU64,
    response_bytes: AtomicU64,
}

/// No more is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowanceError {
    /// So many requests were made.
    #[error("a run makes at most {requests_max} requests in one sitting")]
    Requests {
        /// The bound.
        requests_max: u64,
    },
    /// So much was received.
    #[error("the answers of all requests of a run have at most {bytes_max} bytes in one sitting")]
    ResponseBytes {
        /// The bound.
        bytes_max: u64,
    },
}

impl AllowanceError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Requests { .. } => "raise `requests` under `[limits]`, or ask for less",
            Self::ResponseBytes { .. } => "raise `response-data` under `[limits]`, or ask for less",
        }
    }

    /// The bound, as the outcome of a call has it.
    pub(super) fn limit(self) -> (LimitKind, u64) {
        match self {
            Self::Requests { requests_max } => (LimitKind::RunRequests, requests_max),
            Self::ResponseBytes { bytes_max } => (LimitKind::RunResponseBytes, bytes_max),
        }
    }
}

impl Allowance {
    /// All of it.
    #[must_use]
    pub fn new(limits: AllowanceLimits) -> Self {
        Self(Arc::new(Counts {
            limits,
            requests: AtomicU64::new(0),
            response_bytes: AtomicU64::new(0),
        }))
    }

    /// Takes one request of it.
    pub(super) fn take(&self) -> Result<(), AllowanceError> {
        let counts = &self.0;
        let AllowanceLimits {
            requests_max,
            response_bytes_max: bytes_max,
        } = counts.limits;
        if counts.response_bytes.load(Ordering::Relaxed) >= bytes_max {
            return Err(AllowanceError::ResponseBytes { bytes_max });
        }
        if counts.requests.fetch_add(1, Ordering::Relaxed) >= requests_max {
            return Err(AllowanceError::Requests { requests_max });
        }
        Ok(())
    }

    /// Counts an answer.
    pub(super) fn received(&self, response: &HttpResponse) {
        let head = response.headers.iter();
        let head = head.map(|header| header.name.raw().len() + header.value.raw().len());
        let bytes = response.body.len() + head.sum::<usize>();
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.0.response_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}
