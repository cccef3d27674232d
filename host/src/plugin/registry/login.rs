//! What a registry wants to see: a token that its token server gives, or a user name and a password.

use docker_credential::{CredentialRetrievalError, DockerCredential};
use http_auth::ChallengeRef;
use http_auth::parser::ChallengeParser;
use serde::Deserialize;
use url::Url;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::transfer::Exchange;
use super::{Registry, RegistryError};
use crate::model::{HttpUrl, Text};
use crate::sandbox::{HttpLimits, Secret, SecretHeader};

/// The largest answer of a token server, in bytes.
const TOKEN_BYTES_MAX: usize = 64 << 10;

/// What goes with each request to the registry, and to nobody else.
#[derive(Clone)]
pub(super) struct Login(pub(super) std::sync::Arc<SecretHeader>);

impl Login {
    fn new(host: &str, prefix: &str, value: &Secret) -> Result<Self, RegistryError> {
        let header = SecretHeader::new("authorization", prefix, value);
        let header = header.map_err(|why| RegistryError::Request {
            host: host.to_owned(),
            why,
        })?;
        Ok(Self(std::sync::Arc::new(header)))
    }
}

/// What a token server answers.
#[derive(Deserialize)]
struct Answered {
    #[serde(alias = "access_token")]
    token: String,
}

/// Where a token is had, and for what.
#[derive(Default)]
struct Bearer {
    realm: String,
    service: Option<String>,
    scope: Option<String>,
}

impl Registry<'_> {
    /// Does what the registry asks for, for a name in it that is read, or written too.
    pub(super) async fn log_in(
        &self,
        challenges: Vec<&str>,
        (name, writes): (&str, bool),
    ) -> Result<Login, RegistryError> {
        let said = challenges.join(", ");
        let unknown = || RegistryError::Challenge {
            host: self.host.clone(),
            said: Text::from(said.as_str()).shortened(200),
        };
        let mut found = Vec::new();
        for challenge in ChallengeParser::new(&said) {
            found.push(challenge.map_err(|_| unknown())?);
        }
        let is = |scheme: &str| {
            found
                .iter()
                .find(|challenge| challenge.scheme.eq_ignore_ascii_case(scheme))
        };
        if let Some(challenge) = is("Bearer") {
            let mut bearer = bearer(challenge);
            bearer.scope.get_or_insert_with(|| {
                let actions = if writes { "pull,push" } else { "pull" };
                format!("repository:{name}:{actions}")
            });
            return self.token(&bearer, unknown()).await;
        }
        if is("Basic").is_none() {
            return Err(unknown());
        }
        match self.credentials().await? {
            Some(DockerCredential::UsernamePassword(user, password)) => Login::new(
                &self.host,
                "Basic ",
                &Secret::basic(&user, &Zeroizing::new(password)),
            ),
            Some(DockerCredential::IdentityToken(_)) | None => Err(RegistryError::Refused {
                host: self.host.clone(),
                what: format!("to read {name} without a user name and a password"),
                status: 401,
                said_by: None,
            }),
        }
    }

    /// Asks a token server.
    async fn token(&self, bearer: &Bearer, unknown: RegistryError) -> Result<Login, RegistryError> {
        let mut url = Url::parse(&bearer.realm).map_err(|_| unknown)?;
        let place = |source| RegistryError::Place {
            host: self.host.clone(),
            source,
        };
        let asked = HttpUrl::new(url.as_str()).map_err(place)?;
        if !asked.is_tls() && !self.is_plain {
            return Err(RegistryError::Downgrade {
                host: self.host.clone(),
            });
        }
        let credentials = self.credentials().await?;
        let parameters = || {
            let pairs = [("service", &bearer.service), ("scope", &bearer.scope)];
            pairs
                .into_iter()
                .filter_map(|(key, value)| Some((key, value.as_deref()?)))
        };
        let what = "a token".to_owned();
        let limits = HttpLimits {
            response_bytes_max: TOKEN_BYTES_MAX,
            deadline: self.answer_time,
            ..HttpLimits::default()
        };
        let response = match credentials {
            Some(DockerCredential::IdentityToken(token)) => {
                let token = Zeroizing::new(token);
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(parameters());
                form.append_pair("grant_type", "refresh_token");
                form.append_pair("client_id", "holdpoint");
                form.append_pair("refresh_token", &token);
                let exchange = Exchange {
                    method: "POST",
                    url: &asked,
                    headers: &[("content-type", "application/x-www-form-urlencoded")],
                    body: form.finish().into(),
                    limits,
                };
                self.exchange(exchange, None).await?
            }
            credentials => {
                url.query_pairs_mut().extend_pairs(parameters());
                let asked = HttpUrl::new(url.as_str()).map_err(place)?;
                let login = match credentials {
                    Some(DockerCredential::UsernamePassword(user, password)) => Some(Login::new(
                        &self.host,
                        "Basic ",
                        &Secret::basic(&user, &Zeroizing::new(password)),
                    )?),
                    _ => None,
                };
                let exchange = Exchange {
                    method: "GET",
                    url: &asked,
                    headers: &[],
                    body: bytes::Bytes::new(),
                    limits,
                };
                self.exchange(exchange, login.as_ref()).await?
            }
        };
        if response.status != 200 {
            return Err(self.status(what, &response));
        }
        let answered: Answered =
            serde_json::from_slice(&response.body).map_err(|_| RegistryError::Challenge {
                host: self.host.clone(),
                said: Text::from("its token server gives no token"),
            })?;
        Login::new(&self.host, "Bearer ", &Secret::new(answered.token))
    }

    /// What the user is logged in with, as `docker login` keeps it: in a file, or with a helper.
    async fn credentials(&self) -> Result<Option<DockerCredential>, RegistryError> {
        // That of Docker Hub has an address of its own in these files.
        let server = match self.host.as_str() {
            "index.docker.io" => "https://index.docker.io/v1/".to_owned(),
            host => host.to_owned(),
        };
        let failed = |said: String| RegistryError::Credentials {
            host: self.host.clone(),
            said: Text::from(said),
        };
        // Whoever listens on the way would have it.
        if self.is_plain && !is_loopback(&self.host) {
            return Ok(None);
        }
        // A helper is a program that may ask a person.
        let read = tokio::task::spawn_blocking(move || docker_credential::get_credential(&server));
        match read.await {
            Ok(Ok(credential)) => Ok(Some(credential)),
            Ok(Err(
                CredentialRetrievalError::ConfigNotFound
                | CredentialRetrievalError::ConfigReadError
                | CredentialRetrievalError::NoCredentialConfigured,
            )) => Ok(None),
            // What every helper says of a registry that nobody is logged in at.
            Ok(Err(CredentialRetrievalError::HelperFailure { stdout, .. }))
                if stdout.contains("credentials not found") =>
            {
                Ok(None)
            }
            // What a helper puts out may be what nobody may see.
            Ok(Err(CredentialRetrievalError::HelperFailure { helper, .. })) => {
                Err(failed(format!("the helper {helper} failed")))
            }
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

/// Whether a registry is on this machine, by its name.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn bearer(challenge: &ChallengeRef<'_>) -> Bearer {
    let mut bearer = Bearer::default();
    for (name, value) in &challenge.params {
        let value = value.to_unescaped();
        match name.to_ascii_lowercase().as_str() {
            "realm" => bearer.realm = value,
            "service" => bearer.service = Some(value),
            "scope" => bearer.scope = Some(value),
            _ => {}
        }
    }
    bearer
}
