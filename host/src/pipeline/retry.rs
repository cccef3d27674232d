use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::address_table::Delivery;
use crate::sandbox::{Arrival, HttpError, HttpResponse};

/// How often and how long a message is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The most attempts at one message, those of all sittings together.
    pub attempts_max: u32,
    /// What is waited after the first attempt that failed; twice as long after each further one.
    pub backoff_first: Duration,
    /// The longest wait between two attempts that nobody asked for.
    pub backoff_max: Duration,
    /// The longest wait that a server can ask for.
    pub retry_after_max: Duration,
    /// No attempt is begun with less time left than this: it would end unanswered, and nobody
    /// would know whether the message arrived.
    pub attempt_time_min: Duration,
}

impl Default for RetryPolicy {
    /// Ten attempts outlast a restart of a service and end within the hour; a server that asks for
    /// more than a quarter of an hour is asked again all the same, because the message would be
    /// news no more; services answer within a second.
    fn default() -> Self {
        Self {
            attempts_max: 10,
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_mins(2),
            retry_after_max: Duration::from_mins(15),
            attempt_time_min: Duration::from_secs(1),
        }
    }
}

impl RetryPolicy {
    /// What is waited after so many attempts, given a random number: between the half and the whole
    /// of what doubling gives, so that those who failed together do not come back together.
    ///
    /// ```
    /// use std::time::Duration;
    /// use holdpoint::pipeline::RetryPolicy;
    ///
    /// let policy = RetryPolicy::default();
    /// assert_eq!(policy.backoff(1, u64::MAX), Duration::from_secs(1));
    /// assert_eq!(policy.backoff(4, 0), Duration::from_secs(4));
    /// assert_eq!(policy.backoff(100, u64::MAX), policy.backoff_max);
    /// ```
    #[must_use]
    pub fn backoff(&self, attempts: u32, random: u64) -> Duration {
        let doubled = 1_u32
            .checked_shl(attempts.saturating_sub(1))
            .map_or(self.backoff_max, |factor| {
                self.backoff_first.saturating_mul(factor)
            });
        let half = doubled.min(self.backoff_max) / 2;
        // Of the random number, its highest 16 bits.
        let part = u32::try_from(random >> 48).unwrap_or_default();
        half + half * part / u32::from(u16::MAX)
    }

    /// The wait before the next attempt: what the server asks for, if that is longer, up to its
    /// bound.
    pub(super) fn wait(&self, attempts: u32, random: u64, asked: Option<Duration>) -> Duration {
        let asked = asked.unwrap_or_default().min(self.retry_after_max);
        self.backoff(attempts, random).max(asked)
    }

    /// The longest wait that there can be.
    pub(super) fn wait_max(&self) -> Duration {
        self.backoff_max.max(self.retry_after_max)
    }
}

/// Waits before the next attempt. A build for tests goes on at once where `FAILPOINTS` has
/// `wait=return`; in any other, nothing of this is there.
pub(super) async fn pause(time: Duration) {
    fail::fail_point!("wait", |_| ());
    tokio::time::sleep(time).await;
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The message arrived.
    Arrived,
    /// It is tried again.
    Again {
        /// What went wrong.
        said: String,
        /// What the server asked to wait.
        asked: Option<Duration>,
    },
    /// It is given up.
    GivenUp {
        /// What went wrong.
        said: String,
    },
}

/// What is added where a message that may have arrived is not sent again.
pub(super) const MAY_HAVE_ARRIVED: &str = "it may or may not have arrived";

impl Attempt {
    /// What an exchange means for a message.
    pub(super) fn new(
        exchange: Result<HttpResponse, HttpError>,
        host: &str,
        delivery: Delivery,
        now: Timestamp,
    ) -> Self {
        let error = match exchange {
            Ok(response) => {
                let asked = response
                    .header("retry-after")
                    .and_then(|asked| retry_after(asked, now));
                return Self::answered(response.status, host, delivery, asked);
            }
            Err(error) => error,
        };
        let said = error.to_string();
        match error.arrival() {
            // The answer is its status; the rest of it says nothing that is needed.
            Arrival::Answered { status } => Self::answered(status, host, delivery, None),
            Arrival::MayHaveArrived => Self::unknown(said, None, delivery),
            Arrival::NothingSent if error.lasts() => Self::GivenUp { said },
            Arrival::NothingSent => Self::Again { said, asked: None },
        }
    }

    fn answered(status: u16, host: &str, delivery: Delivery, asked: Option<Duration>) -> Self {
        let reason = http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .map_or_else(String::new, |reason| format!(" {reason}"));
        let said = format!("{host} answered {status}{reason}");
        match status {
            200..=299 => Self::Arrived,
            300..=399 => Self::GivenUp {
                said: format!("{said}; redirects are not followed"),
            },
            // The server says that it did not take it.
            408 | 425 | 429 | 503 => Self::Again { said, asked },
            // It may have taken it and failed afterwards.
            500..=599 => Self::unknown(said, asked, delivery),
            _ => Self::GivenUp { said },
        }
    }

    /// Nobody knows whether the message was taken.
    fn unknown(said: String, asked: Option<Duration>, delivery: Delivery) -> Self {
        match delivery {
            Delivery::MaybeTwice => Self::Again { said, asked },
            Delivery::MaybeLost => Self::GivenUp {
                said: format!("{said}; {MAY_HAVE_ARRIVED}"),
            },
        }
    }
}

/// What a server asks to wait: seconds, or until a time in one of the three forms of RFC 9110
/// (section 5.6.7).
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than can be counted are the longest wait.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let until = [
        "%a, %d %b %Y %H:%M:%S GMT",
        "%A, %d-%b-%y %H:%M:%S GMT",
        "%a %b %e %H:%M:%S %Y",
    ]
    .into_iter()
    .find_map(|form| strtime::parse(form, value).ok()?.to_datetime().ok())?
    .to_zoned(TimeZone::UTC)
    .ok()?
    .timestamp();
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

/// A random number for the wait between attempts. Without one, all wait the longest.
pub(super) fn random() -> u64 {
    getrandom::u64().unwrap_or(u64::MAX)
}
