//! What one plugin reaches outside of the machine: which requests it may make, and the secrets that
//! are put into them. This is the one place that decides.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::watch;

use super::http::{
    Authorities, HttpClient, HttpError, HttpRequest, HttpRoute, RequestError, SecretHeader,
};
use super::meter::Exceeded;
use super::secret::Secret;
use crate::model::{
    AskingMethod, Body, Digest, Grants, Header, HostAnswer, HttpRefusal, HttpUrl, LimitKind,
    SECRET_BYTES_MIN, SecretGrant, SecretSlot, Text,
};

/// Requests of one call at most: what a plugin that asks for every ticket of a release needs.
pub(super) const REQUESTS_MAX: u64 = 100;

/// What one plugin reaches outside: what makes its requests, and its secrets. Clones share it.
#[derive(Clone)]
pub struct Network(Arc<Parts>);

struct Parts {
    client: HttpClient,
    authorities: Option<Authorities>,
    secrets: BTreeMap<String, Brokered>,
}

/// A secret that a plugin uses by a placeholder.
#[derive(Debug)]
pub struct Brokered {
    placeholder: String,
    origin: String,
    /// What may stand before the placeholder, as it stands before the value.
    prefix: String,
    header: SecretHeader,
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
        let mut forms = vec![Secret::new(value.expose().to_owned())];
        let (prefix, header) = match &grant.slot {
            SecretSlot::Header { name, prefix } => {
                (prefix.as_str(), SecretHeader::new(name, prefix, value)?)
            }
            SecretSlot::Basic { user } => {
                // RFC 7617, section 2: base64 of the user, a colon and the password.
                let pair = Secret::new(format!("{user}:{}", value.expose()));
                let encoded = Secret::new(STANDARD.encode(pair.expose()));
                let header = SecretHeader::new(grant.slot.header(), "Basic ", &encoded)?;
                forms.push(encoded);
                ("Basic ", header)
            }
        };
        let digest = Digest::of_json(&("placeholder", random, plugin, name)).hex();
        Ok(Self {
            placeholder: format!("holdpoint-secret-{}", &digest[..32]),
            origin: grant.origin.clone(),
            prefix: prefix.to_owned(),
            header,
            forms,
        })
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
    /// What a plugin with these secrets reaches through this client.
    #[must_use]
    pub fn new(
        client: HttpClient,
        authorities: Option<Authorities>,
        secrets: BTreeMap<String, Brokered>,
    ) -> Self {
        Self(Arc::new(Parts {
            client,
            authorities,
            secrets,
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
        let names: Vec<(&str, &str)> = prepared
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let request = HttpRequest::new(
            prepared.method.name(),
            &prepared.url,
            &names,
            asked.body.clone(),
        );
        let request = request.and_then(|request| {
            let mut secrets = prepared.secrets.iter();
            secrets.try_fold(request, |request, secret| request.with_secret(secret))
        });
        let request = match request {
            Ok(request) => request,
            Err(error) => return Ok(refused(HttpRefusal::Malformed, error.to_string())),
        };
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
        let secrets: Vec<&Brokered> = parts.secrets.values().collect();
        let headers = response.headers.into_iter().map(|header| Header {
            name: header.name,
            value: Text::from_bytes(&without(&secrets, header.value.raw().into())),
        });
        Ok(HostAnswer::Response {
            status: response.status,
            headers: headers.collect(),
            body: Body(without(&secrets, response.body)),
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
        let mut secrets = Vec::new();
        let mut headers = Vec::new();
        for (name, value) in &asked.headers {
            match secret_of(network, &url, (name, value))? {
                Some(secret) => secrets.push(&secret.header),
                None => headers.push((name.clone(), value.clone())),
            }
        }
        let elsewhere = network.0.secrets.iter().find(|(_, secret)| {
            let placeholder = secret.placeholder.as_bytes();
            asked.url.contains(secret.placeholder.as_str())
                || memchr::memmem::find(&asked.body, placeholder).is_some()
        });
        if let Some((name, secret)) = elsewhere {
            return Err(not_granted(misplaced(name, secret)));
        }
        Ok(Prepared {
            method,
            route: HttpRoute {
                addresses: grant.addresses.clone(),
                authorities: network.0.authorities.clone(),
            },
            url,
            network,
            headers,
            secrets,
        })
    }
}

/// The secret whose placeholder is the value of a header; none where it has none in it.
fn secret_of<'n>(
    network: &'n Network,
    url: &HttpUrl,
    (name, value): (&str, &str),
) -> Result<Option<&'n Brokered>, (HttpRefusal, String)> {
    let mut secrets = network.0.secrets.iter();
    let found = secrets.find(|(_, secret)| value.contains(secret.placeholder.as_str()));
    let Some((secret_name, secret)) = found else {
        return Ok(None);
    };
    let is_slot = name.eq_ignore_ascii_case(secret.header.name())
        && url.is_tls()
        && url.origin() == secret.origin
        && value.strip_prefix(secret.prefix.as_str()).unwrap_or(value) == secret.placeholder;
    if is_slot {
        Ok(Some(secret))
    } else {
        Err((HttpRefusal::NotGranted, misplaced(secret_name, secret)))
    }
}

/// A request that is granted.
struct Prepared<'a> {
    network: &'a Network,
    method: AskingMethod,
    url: HttpUrl,
    headers: Vec<(String, String)>,
    secrets: Vec<&'a SecretHeader>,
    route: HttpRoute,
}

fn misplaced(name: &str, secret: &Brokered) -> String {
    format!(
        "the secret `{}` is sent in the header `{}` to {} only, with nothing beside it",
        Text::from(name).terminal(),
        secret.header.name(),
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
