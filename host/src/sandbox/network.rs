//! What one plugin reaches outside of the machine: which requests it may make, and the secrets that
//! are put into them. This is the one place that decides.

mod allowance;
mod slot;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::http::{
    Arrival, Authorities, HttpClient, HttpError, HttpLimits, HttpRequest, HttpResponse, HttpRoute,
    RequestError, SecretHeader,
};
use super::meter::Exceeded;
use super::secret::Secret;
use crate::model::{
    AskingMethod, Body, Digest, Grants, Header, HostAnswer, HttpMethod as _, HttpRefusal, HttpUrl,
    LimitKind, PlannedMethod, SECRET_BYTES_MIN, SecretGrant, Text,
};
pub use allowance::{Allowance, AllowanceError, AllowanceLimits};
use slot::{Slot, filled};

/// Requests of one call at most: what a plugin that asks for every ticket of a release needs.
pub(super) const REQUESTS_MAX: u64 = 100;

/// The header by which a service knows a request that it has taken before
/// (draft-ietf-httpapi-idempotency-key-header).
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Bytes of an artifact that is sent with a request, at most: it is held in memory meanwhile.
pub const SENT_BYTES_MAX: u64 = 512 << 20;

/// What one plugin reaches outside: what makes its requests, and its secrets. Clones share it.
#[derive(Clone)]
pub struct Network(Arc<Parts>);

struct Parts {
    client: HttpClient,
    authorities: Option<Authorities>,
    secrets: BTreeMap<String, Brokered>,
    allowance: Allowance,
}

/// A secret that a plugin uses by a placeholder.
#[derive(Debug)]
pub struct Brokered {
    placeholder: String,
    origin: String,
    slot: Slot,
    /// Every form in which a response could repeat it.
    forms: Vec<Secret>,
}

/// Why a value cannot be used as a secret of a plugin. It does not say the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokeredError {
    /// Too short.
    #[error("the secret has fewer than {SECRET_BYTES_MIN} bytes")]
    TooShort,
    /// It cannot be sent.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl BrokeredError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::TooShort => "have the other system make a longer one",
            Self::Request(error) => error.help(),
        }
    }
}

impl Brokered {
    /// A secret with the placeholder that stands for it in one run. `random` is known to nobody
    /// outside of that run.
    ///
    /// # Errors
    ///
    /// When the value is too short, or cannot be sent where it is to stand.
    pub fn new(
        (plugin, name): (&str, &str),
        random: &str,
        grant: &SecretGrant,
        value: &Secret,
    ) -> Result<Self, BrokeredError> {
        if value.expose().len() < SECRET_BYTES_MIN {
            return Err(BrokeredError::TooShort);
        }
        let (slot, other_form) = Slot::new(&grant.slot, value)?;
        let mut forms = vec![Secret::new(value.expose().to_owned())];
        forms.extend(other_form);
        let digest = Digest::of_json(&("placeholder", random, plugin, name)).hex();
        Ok(Self {
            placeholder: format!("holdpoint-secret-{}", &digest[..32]),
            origin: grant.origin.clone(),
            slot,
            forms,
        })
    }
}

impl Brokered {
    /// Whether it may be sent to the server of a URL.
    fn is_for(&self, url: &HttpUrl) -> bool {
        url.is_tls() && url.origin() == self.origin
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Network")
            .field("secrets", &self.0.secrets.keys())
            .finish_non_exhaustive()
    }
}

impl Network {
    /// What a plugin with these secrets reaches through this client, as far as it is allowed.
    #[must_use]
    pub fn new(
        client: HttpClient,
        authorities: Option<Authorities>,
        secrets: BTreeMap<String, Brokered>,
        allowance: Allowance,
    ) -> Self {
        Self(Arc::new(Parts {
            client,
            authorities,
            secrets,
            allowance,
        }))
    }
}

/// What a plugin asks for.
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// What one call of a plugin reaches.
pub(super) struct GrantedNetwork {
    grants: Arc<Grants>,
    network: Option<Network>,
    requests: u64,
    stopped: watch::Receiver<bool>,
}

impl GrantedNetwork {
    pub(super) fn new(
        grants: Arc<Grants>,
        network: Option<Network>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        Self {
            grants,
            network,
            requests: 0,
            stopped,
        }
    }

    /// The placeholder of a secret; none where it is not granted, or nothing leaves the machine.
    pub(super) fn placeholder(&self, name: &str) -> Option<String> {
        let secret = self.network.as_ref()?.0.secrets.get(name)?;
        Some(secret.placeholder.clone())
    }

    /// Counts a request, also one that is refused.
    pub(super) fn count(&mut self) -> Result<(), Exceeded> {
        self.requests += 1;
        if self.requests > REQUESTS_MAX {
            return Err(Exceeded::Output {
                what: LimitKind::Requests,
                limit: REQUESTS_MAX,
            });
        }
        Ok(())
    }

    /// Makes a request, if it is granted. What is larger than may cross ends the call.
    pub(super) async fn send(&self, asked: &Asked) -> Result<HostAnswer, Exceeded> {
        let prepared = match self.prepare(asked) {
            Ok(prepared) => prepared,
            Err((why, message)) => return Ok(refused(why, message)),
        };
        let parts = &prepared.network.0;
        let request = assembled(prepared.method.name(), &prepared.placed);
        let request = match request {
            Ok(request) => request,
            Err(error) => return Ok(refused(HttpRefusal::Malformed, error.to_string())),
        };
        if let Err(error) = parts.allowance.take() {
            let (what, limit) = error.limit();
            return Err(Exceeded::Output { what, limit });
        }
        let mut stopped = self.stopped.clone();
        // The end of the call ends the request too.
        let time = parts.client.limits().deadline;
        let sent = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(refused(HttpRefusal::TimedOut, String::new())),
            sent = parts.client.send(&request, &prepared.route, time) => sent,
        };
        let response = match sent {
            Ok(response) => response,
            Err(HttpError::BodyBytes { bytes_max, .. }) => {
                return Err(Exceeded::Output {
                    what: LimitKind::ResponseBytes,
                    limit: u64::try_from(bytes_max).unwrap_or(u64::MAX),
                });
            }
            Err(error) => {
                let why = match &error {
                    HttpError::Deadline { .. } => HttpRefusal::TimedOut,
                    HttpError::Request { .. } => HttpRefusal::Malformed,
                    HttpError::Address { .. } => HttpRefusal::NotGranted,
                    _ => HttpRefusal::Unreachable,
                };
                let words = match std::error::Error::source(&error) {
                    Some(source) => format!("{error}: {source}"),
                    None => error.to_string(),
                };
                return Ok(refused(why, words));
            }
        };
        parts.allowance.received(&response);
        let response = prepared.network.clean(response);
        Ok(HostAnswer::Response {
            status: response.status,
            headers: response.headers,
            body: Body(response.body),
        })
    }

    fn prepare(&self, asked: &Asked) -> Result<Prepared<'_>, (HttpRefusal, String)> {
        let malformed = |message: String| (HttpRefusal::Malformed, message);
        let not_granted = |message: String| (HttpRefusal::NotGranted, message);
        let url = HttpUrl::new(&asked.url)
            .map_err(|error| malformed(format!("{error}: {}", error.help())))?;
        let shown = Text::from(asked.method.as_str()).shortened(20);
        let origin = url.origin();
        let method = AskingMethod::named(&asked.method).ok_or_else(|| {
            not_granted(format!(
                "a plugin asks with GET, HEAD or POST, and not with {}",
                shown.terminal()
            ))
        })?;
        let grant = self.grants.request(method, &url).ok_or_else(|| {
            let post = if method == AskingMethod::Post {
                ", read-only-post = true"
            } else {
                ""
            };
            not_granted(format!(
                "{} to this path of {origin} is not granted: it takes grants.http = [{{ methods = \
                 [\"{}\"]{post}, url = \"{origin}/…\" }}]",
                method.name(),
                method.name()
            ))
        })?;
        let network = self
            .network
            .as_ref()
            .ok_or_else(|| not_granted("nothing leaves the machine in this call".to_owned()))?;
        let body = Bytes::from(asked.body.clone());
        let placed = network.place(&url, &asked.url, &asked.headers, &body);
        let placed = placed.map_err(not_granted)?;
        Ok(Prepared {
            method,
            route: network.route(&grant.addresses),
            network,
            placed,
        })
    }
}

/// A request with its secrets where they belong.
pub(super) struct Placed<'n> {
    url: HttpUrl,
    /// Those without a secret.
    headers: Vec<(String, String)>,
    secrets: Vec<&'n SecretHeader>,
    body: Bytes,
}

/// The request with its secrets; those in headers are put in last.
fn assembled<'a>(method: &str, placed: &'a Placed<'a>) -> Result<HttpRequest<'a>, RequestError> {
    let headers: Vec<(&str, &str)> = placed
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let request = HttpRequest::new(method, &placed.url, &headers, placed.body.clone())?;
    let mut secrets = placed.secrets.iter();
    secrets.try_fold(request, |request, secret| request.with_secret(secret))
}

impl Network {
    /// Puts the secrets of a request where the operator says; an error, in words, where one stands
    /// anywhere else.
    pub(super) fn place<'n>(
        &'n self,
        url: &HttpUrl,
        written: &str,
        headers: &[(String, String)],
        body: &Bytes,
    ) -> Result<Placed<'n>, String> {
        let mut placed = Placed {
            url: url.clone(),
            headers: Vec::new(),
            secrets: Vec::new(),
            body: body.clone(),
        };
        for (name, value) in headers {
            match secret_of(self, url, (name, value))? {
                Some(secret) => placed.secrets.push(secret),
                None => placed.headers.push((name.clone(), value.clone())),
            }
        }
        for (name, secret) in &self.0.secrets {
            let placeholder = secret.placeholder.as_str();
            let in_url = written.matches(placeholder).count();
            let in_body = memchr::memmem::find_iter(body, placeholder).count();
            if in_url + in_body == 0 {
                continue;
            }
            // Every place of it is one too many but the one that the operator says.
            let is_there = in_url + in_body == 1 && secret.is_for(url);
            let in_query = secret.slot.of_query(url, placeholder);
            let in_content = secret.slot.of_body(headers, body, placeholder);
            match (in_query, in_content) {
                (Some(value), _) if is_there => {
                    let filled = placed.url.filled(placeholder, value.expose());
                    placed.url = filled.map_err(|error| error.to_string())?;
                }
                (_, Some(value)) if is_there => {
                    placed.body = filled(&placed.body, placeholder, value);
                }
                _ => return Err(misplaced(name, secret)),
            }
        }
        Ok(placed)
    }

    fn route(&self, addresses: &[ipnet::IpNet]) -> HttpRoute {
        HttpRoute {
            addresses: addresses.to_vec(),
            authorities: self.0.authorities.clone(),
        }
    }

    /// A response without the secrets that it repeats.
    fn clean(&self, response: HttpResponse) -> HttpResponse {
        let secrets: Vec<&Brokered> = self.0.secrets.values().collect();
        let headers = response.headers.into_iter().map(|header| Header {
            name: header.name,
            value: Text::from_bytes(&without(&secrets, header.value.raw().into())),
        });
        HttpResponse {
            status: response.status,
            headers: headers.collect(),
            body: without(&secrets, response.body),
        }
    }

    /// Makes a request of a plan, if it is granted, within these bounds.
    ///
    /// # Errors
    ///
    /// When it is not granted or cannot be made, or there is no whole response: in words, with whether
    /// it may have arrived.
    pub async fn make(
        &self,
        grants: &Grants,
        planned: &PlannedCall<'_>,
        limits: HttpLimits,
    ) -> Result<HttpResponse, NotMade> {
        let url = HttpUrl::new(planned.url)
            .map_err(|error| NotMade::of(format!("{error}: {}", error.help())))?;
        let grant = grants
            .planned(planned.method, &url)
            .ok_or_else(|| NotMade::of(not_planned(planned.method, &url)))?;
        let placed = self.place(&url, planned.url, planned.headers, &planned.body);
        let placed = placed.map_err(NotMade::of)?;
        let request = assembled(planned.method.name(), &placed);
        let request = request.map_err(|error| NotMade::of(format!("{error}: {}", error.help())))?;
        if planned.is_counted {
            self.0.allowance.take().map_err(NotMade::exhausted)?;
        }
        let client = self.0.client.within(limits);
        let route = self.route(&grant.addresses);
        let sent = client.send(&request, &route, limits.deadline).await;
        sent.map(|response| {
            self.0.allowance.received(&response);
            self.clean(response)
        })
        .map_err(|error| NotMade {
            why: format!("{error}: {}", error.help()),
            arrival: error.arrival(),
            lasts: error.lasts(),
            is_exhausted: false,
        })
    }
}

/// A request of a plan, as it is made.
pub struct PlannedCall<'a> {
    /// The method.
    pub method: PlannedMethod,
    /// The URL.
    pub url: &'a str,
    /// Names and values, in order, with placeholders in place of secrets.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: bytes::Bytes,
    /// Whether it counts as one of the requests of its sitting.
    pub is_counted: bool,
}

/// Why a request of a plan has no response.
#[derive(Clone, Debug)]
pub struct NotMade {
    /// In words.
    pub why: String,
    /// Whether it may have arrived.
    pub arrival: Arrival,
    /// Whether it would be refused another time too.
    pub lasts: bool,
    /// Whether no more requests are allowed in this sitting.
    pub is_exhausted: bool,
}

impl NotMade {
    /// What is refused before anything is sent.
    #[must_use]
    pub fn of(why: String) -> Self {
        Self {
            why,
            arrival: Arrival::NothingSent,
            lasts: true,
            is_exhausted: false,
        }
    }

    fn exhausted(error: AllowanceError) -> Self {
        Self {
            why: format!("{error}: {}", error.help()),
            arrival: Arrival::NothingSent,
            lasts: false,
            is_exhausted: true,
        }
    }
}

/// What to say of a request that no grant allows.
pub(super) fn not_planned(method: PlannedMethod, url: &HttpUrl) -> String {
    let origin = url.origin();
    format!(
        "{method} to this path of {origin} is not granted: it takes grants.requests = [{{ methods = \
         [\"{method}\"], url = \"{origin}/…\" }}]"
    )
}

/// The secret whose placeholder is the value of a header; none where it has none in it.
fn secret_of<'n>(
    network: &'n Network,
    url: &HttpUrl,
    (name, value): (&str, &str),
) -> Result<Option<&'n SecretHeader>, String> {
    let mut secrets = network.0.secrets.iter();
    let found = secrets.find(|(_, secret)| value.contains(secret.placeholder.as_str()));
    let Some((secret_name, secret)) = found else {
        return Ok(None);
    };
    match &secret.slot {
        Slot::Header { prefix, header }
            if name.eq_ignore_ascii_case(header.name())
                && secret.is_for(url)
                && value.strip_prefix(prefix.as_str()).unwrap_or(value) == secret.placeholder =>
        {
            Ok(Some(header))
        }
        _ => Err(misplaced(secret_name, secret)),
    }
}

/// A request that is granted.
struct Prepared<'a> {
    network: &'a Network,
    method: AskingMethod,
    placed: Placed<'a>,
    route: HttpRoute,
}

fn misplaced(name: &str, secret: &Brokered) -> String {
    format!(
        "the secret `{}` is sent {} to {} only, with nothing beside it",
        Text::from(name).terminal(),
        secret.slot.words(),
        Text::from(secret.origin.as_str()).terminal()
    )
}

fn refused(why: HttpRefusal, message: String) -> HostAnswer {
    HostAnswer::NoResponse {
        why,
        message: match why {
            // The contract has no words for it.
            HttpRefusal::TimedOut => Text::default(),
            _ => Text::from(message),
        },
    }
}

/// Bytes without the secrets that they repeat. It is the best that can be done: a server that wants to
/// pass a secret on can write it in some other way.
fn without(secrets: &[&Brokered], mut bytes: Vec<u8>) -> Vec<u8> {
    for secret in secrets {
        for form in &secret.forms {
            bytes = replaced(
                bytes,
                form.expose().as_bytes(),
                secret.placeholder.as_bytes(),
            );
        }
    }
    bytes
}

fn replaced(bytes: Vec<u8>, secret: &[u8], placeholder: &[u8]) -> Vec<u8> {
    let found: Vec<usize> = memchr::memmem::find_iter(&bytes, secret).collect();
    if found.is_empty() {
        return bytes;
    }
    let mut clean = Vec::with_capacity(bytes.len());
    let mut rest = 0;
    for start in found {
        clean.extend_from_slice(&bytes[rest..start]);
        clean.extend_from_slice(placeholder);
        rest = start + secret.len();
    }
    clean.extend_from_slice(&bytes[rest..]);
    zeroize::Zeroize::zeroize(&mut { bytes });
    clean
}
