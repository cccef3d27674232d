//! Requests to a registry: logged in where it asks for it, led on where it leads, and held against the
//! digest of what was asked for.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use url::Url;

use super::login::Login;
use super::{MANIFEST_BYTES_MAX, REDIRECTS_MAX, Registry, RegistryError};
use crate::model::{Digest, HttpUrl, Text};
use crate::sandbox::{HttpError, HttpLimits, HttpRequest, HttpResponse};

/// One request.
pub(super) struct Exchange<'a> {
    pub(super) method: &'static str,
    pub(super) url: &'a HttpUrl,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: Bytes,
    pub(super) limits: HttpLimits,
}

/// What is done with a name in a registry.
#[derive(Clone, Copy)]
pub(super) struct Use<'a> {
    pub(super) name: &'a str,
    pub(super) writes: bool,
}

/// What registries say of what went wrong.
#[derive(Deserialize)]
struct Said {
    errors: Vec<SaidError>,
}

#[derive(Deserialize)]
struct SaidError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Registry<'_> {
    /// A URL of a name in the registry.
    pub(super) fn url(&self, name: &str, rest: &str) -> Result<HttpUrl, RegistryError> {
        if self.is_plain && self.route.addresses.is_empty() {
            return Err(RegistryError::Plain {
                host: self.host.clone(),
            });
        }
        let scheme = if self.is_plain { "http" } else { "https" };
        self.place(&format!("{scheme}://{}/v2/{name}/{rest}", self.host))
    }

    pub(super) fn place(&self, url: &str) -> Result<HttpUrl, RegistryError> {
        HttpUrl::new(url).map_err(|source| RegistryError::Place {
            host: self.host.clone(),
            source,
        })
    }

    /// One request, with what is to be shown.
    pub(super) async fn exchange(
        &self,
        exchange: Exchange<'_>,
        login: Option<&Login>,
    ) -> Result<HttpResponse, RegistryError> {
        let failed = |why| RegistryError::Request {
            host: self.host.clone(),
            why,
        };
        let Exchange {
            method,
            url,
            headers,
            body,
            limits,
        } = exchange;
        let request = HttpRequest::new(method, url, headers, body).map_err(failed)?;
        let request = match login {
            Some(Login(header)) => request.with_secret(header).map_err(failed)?,
            None => request,
        };
        let client = self.client.within(limits);
        Ok(client.send(&request, &self.route, Duration::MAX).await?)
    }

    /// One request to the registry itself; made again with a login where it asks for one.
    pub(super) async fn ask(
        &self,
        used: Use<'_>,
        exchange: Exchange<'_>,
    ) -> Result<HttpResponse, RegistryError> {
        let Exchange {
            method,
            url,
            headers,
            body,
            limits,
        } = exchange;
        let again = || Exchange {
            method,
            url,
            headers,
            body: body.clone(),
            limits,
        };
        let known = self.known_login();
        let response = self.exchange(again(), known.as_ref()).await?;
        if response.status != 401 {
            return Ok(response);
        }
        let challenges = response.headers.iter();
        let challenges = challenges.filter(|one| one.name.raw() == "www-authenticate");
        let challenges = challenges.map(|one| one.value.raw()).collect();
        let login = self.log_in(challenges, (used.name, used.writes)).await?;
        if let Ok(mut known) = self.login.lock() {
            *known = Some(login.clone());
        }
        self.exchange(again(), Some(&login)).await
    }

    fn known_login(&self) -> Option<Login> {
        self.login.lock().ok()?.clone()
    }

    /// A manifest by its tag or digest; none where there is none.
    pub(super) async fn manifest(
        &self,
        name: &str,
        version: &str,
        accept: &str,
    ) -> Result<Option<(Digest, Vec<u8>)>, RegistryError> {
        let url = self.url(name, &format!("manifests/{version}"))?;
        let what = format!("{name}:{version}");
        self.document(name, &url, accept, what).await
    }

    /// A document of the registry.
    pub(super) async fn document(
        &self,
        name: &str,
        url: &HttpUrl,
        accept: &str,
        what: String,
    ) -> Result<Option<(Digest, Vec<u8>)>, RegistryError> {
        let exchange = Exchange {
            method: "GET",
            url,
            headers: &[("accept", accept)],
            body: Bytes::new(),
            limits: HttpLimits {
                response_bytes_max: usize::try_from(MANIFEST_BYTES_MAX).unwrap_or(usize::MAX),
                deadline: self.answer_time,
                ..HttpLimits::default()
            },
        };
        let used = Use {
            name,
            writes: false,
        };
        let response = match self.ask(used, exchange).await {
            Err(RegistryError::Http(HttpError::BodyBytes { .. })) => {
                return Err(RegistryError::ManifestBytes {
                    host: self.host.clone(),
                    what,
                });
            }
            response => response?,
        };
        match response.status {
            200 => Ok(Some((Digest::of(&response.body), response.body))),
            404 => Ok(None),
            _ => Err(self.status(what, &response)),
        }
    }

    /// The bytes of a digest, which are of this size.
    pub(super) async fn blob(
        &self,
        name: &str,
        digest: &Digest,
        size: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let mut url = self.url(name, &format!("blobs/{digest}"))?;
        let what = format!("{digest} of {name}");
        let used = Use {
            name,
            writes: false,
        };
        let origin = url.origin();
        for _ in 0..=REDIRECTS_MAX {
            let exchange = Exchange {
                method: "GET",
                url: &url,
                headers: &[],
                body: Bytes::new(),
                limits: HttpLimits {
                    response_bytes_max: usize::try_from(size).unwrap_or(usize::MAX),
                    deadline: self.transfer_time,
                    ..HttpLimits::default()
                },
            };
            // What it is told as a login leaves for no other server.
            let response = if url.origin() == origin {
                self.ask(used, exchange).await?
            } else {
                self.exchange(exchange, None).await?
            };
            match response.status {
                200 => return self.held(response.body, digest, size),
                301 | 302 | 303 | 307 | 308 => {
                    let next = self.next(&url, &response)?;
                    if url.is_tls() && !next.is_tls() {
                        return Err(RegistryError::Downgrade {
                            host: self.host.clone(),
                        });
                    }
                    url = next;
                }
                404 => {
                    return Err(RegistryError::Missing {
                        host: self.host.clone(),
                        what,
                    });
                }
                _ => return Err(self.status(what, &response)),
            }
        }
        Err(RegistryError::Redirects {
            host: self.host.clone(),
        })
    }

    fn held(&self, bytes: Vec<u8>, expected: &Digest, size: u64) -> Result<Vec<u8>, RegistryError> {
        let host = || self.host.clone();
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length != size {
            return Err(RegistryError::Size {
                host: host(),
                expected: size,
                found: length,
            });
        }
        let found = Digest::of(&bytes);
        if found != *expected {
            return Err(RegistryError::Digest {
                host: host(),
                expected: *expected,
                found,
            });
        }
        Ok(bytes)
    }

    /// Where an answer leads.
    pub(super) fn next(
        &self,
        from: &HttpUrl,
        response: &HttpResponse,
    ) -> Result<HttpUrl, RegistryError> {
        let location = response.header("location").unwrap_or_default();
        let base = Url::parse(&format!("{}{}", from.origin(), from.target()));
        let next = base.and_then(|base| base.join(location));
        let next = next.map_err(|_| RegistryError::Place {
            host: self.host.clone(),
            source: crate::model::UrlError::Malformed,
        })?;
        self.place(next.as_str())
    }

    /// What an answer means that is not the one that was asked for.
    pub(super) fn status(&self, what: String, response: &HttpResponse) -> RegistryError {
        let said = serde_json::from_slice::<Said>(&response.body).ok();
        let said_by = said
            .and_then(|said| said.errors.into_iter().next())
            .map(|error| format!("{} {}", error.code, error.message))
            .map(|said| Text::from(said.trim()).shortened(200));
        let (host, status) = (self.host.clone(), response.status);
        if matches!(status, 401 | 403) {
            RegistryError::Refused {
                host,
                what,
                status,
                said_by,
            }
        } else {
            RegistryError::Status {
                host,
                what,
                status,
                said_by,
            }
        }
    }
}
