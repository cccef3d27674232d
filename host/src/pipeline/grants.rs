//! What a plugin may use beyond the release itself, as the file says it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::address_table::ValueTable;
use super::at::At;
use super::destination_plan::{HEADER, prefix_of, ranges, value_source};
use super::plan::Set;
use super::problem::{ConfigurationError, Problem};
use super::quantity::Span;
use super::source::{Site, Source};
use crate::model::{
    AskingMethod, Grants, HttpGrant, HttpMethod, HttpUrl, PlannedGrant, PlannedMethod, SecretGrant,
    SecretSlot, Text, TreeGrant, UrlPrefix,
};
use crate::sandbox::{Secret, SecretHeader};

/// What a plugin may use beyond the release itself.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct GrantsTable {
    /// Files of the judged commit that it may read, such as `CHANGELOG.md`, and folders with all
    /// that is below them, such as `docs/`; relative to the root of the repository.
    pub tree: Vec<At<String>>,
    /// Names of the evidence, of `[[release.evidence]]`, that it may read.
    pub evidence: Vec<At<String>>,
    /// Whether it may know the earlier releases of the project on the target, and what became of them.
    pub history: bool,
    /// Requests that it may make.
    pub http: Vec<At<HttpGrantTable>>,
    /// Requests that it may have the host make, where it is an action.
    pub requests: Vec<At<PlannedGrantTable>>,
    /// Path of a file of certificates (PEM) that say who may be the other side of all these requests,
    /// relative to the pipeline file, read from where that was read; without it those that the
    /// platform trusts.
    pub ca: Option<At<String>>,
    /// Credentials that it may use in its requests and never sees, by the name that it asks by.
    pub secrets: BTreeMap<At<String>, At<SecretGrantTable>>,
}

/// Requests that a plugin may make.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HttpGrantTable {
    /// The methods: `GET`, `HEAD`, and `POST` where it only reads.
    pub methods: Vec<At<String>>,
    /// What the URL begins with: with a `/` at its end all that is below, otherwise this path alone.
    /// `*.` before a host of two parts or more stands for every host below it.
    pub url: At<String>,
    /// States that a `POST` to it changes nothing, as a search does.
    #[serde(default)]
    pub read_only_post: bool,
    /// Ranges of addresses that the host may have although they are not public, such as
    /// `10.2.0.0/16`; only there may the URL begin with `http://`.
    #[serde(default)]
    pub addresses: Option<At<Vec<At<String>>>>,
}

/// Requests that an action may have the host make.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlannedGrantTable {
    /// The methods: `POST`, `PUT`, `PATCH`, `DELETE`, and `GET`, which shows whether a request was
    /// made.
    pub methods: Vec<At<String>>,
    /// What the URL begins with, as of the requests that a plugin makes.
    pub url: At<String>,
    /// Ranges of addresses that the host may have although they are not public, such as
    /// `10.2.0.0/16`; only there may the URL begin with `http://`.
    #[serde(default)]
    pub addresses: Option<At<Vec<At<String>>>>,
}

/// A credential: a value that is read from exactly one of `env`, `file` and `command`, and where it
/// is put.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SecretGrantTable {
    /// Name of a variable of the environment.
    #[serde(default)]
    pub env: Option<At<String>>,
    /// Absolute path of a file, out of reach of the change under judgement.
    #[serde(default)]
    pub file: Option<At<String>>,
    /// A program and its arguments, whose output is the value. No shell.
    #[serde(default)]
    pub command: Option<At<Vec<At<String>>>>,
    /// Time that `command` has, at most `5m`; without it `30s`.
    #[serde(default)]
    pub timeout: Option<At<Span>>,
    /// The one server that it is sent to, such as `https://example.net`.
    #[serde(rename = "for")]
    pub origin: At<String>,
    /// The header that it is sent in; without it `authorization`.
    #[serde(default)]
    pub header: Option<At<String>>,
    /// What stands before it in the header; without it `Bearer ` in `authorization`, and nothing in
    /// another header.
    #[serde(default)]
    pub prefix: Option<At<String>>,
    /// In place of `header` and `prefix`: it is the password of this user, in Basic authorization.
    #[serde(default)]
    pub basic: Option<At<String>>,
    /// In place of these: it is the value of this parameter of the query.
    #[serde(default)]
    pub query: Option<At<String>>,
    /// In place of these: it is a text of the body: a field of a form by its name, or with a `/` at
    /// the beginning a member of a JSON document by its JSON Pointer.
    #[serde(default)]
    pub body: Option<At<String>>,
}

/// A value that makes no sense, and where it stands.
fn refused(source: &Arc<Source>, span: &Range<usize>, message: String) -> ConfigurationError {
    Site::new(source, span).error(Problem::Value(Text::from(message)))
}

/// The grants of a table, without the certificates that it names.
pub(super) fn grants(
    table: At<GrantsTable>,
    source: &Arc<Source>,
) -> Result<(Set<Grants>, Option<Set<String>>), ConfigurationError> {
    let site = Site::new(source, &table.span);
    let GrantsTable {
        tree,
        evidence,
        history,
        http,
        requests,
        ca,
        secrets,
    } = table.value;
    let tree = tree.into_iter().map(|path| {
        TreeGrant::new(&path.value).map_err(|error| refused(source, &path.span, error.to_string()))
    });
    let mut tree = tree.collect::<Result<Vec<_>, _>>()?;
    let http = http.into_iter().map(|table| http_grant(table, source));
    let mut http = http.collect::<Result<Vec<_>, _>>()?;
    let requests = requests
        .into_iter()
        .map(|table| planned_grant(table, source));
    let mut requests = requests.collect::<Result<Vec<_>, _>>()?;
    let mut evidence: Vec<String> = evidence.into_iter().map(|name| name.value).collect();
    // The order says nothing, so it is not compared.
    evidence.sort();
    evidence.dedup();
    tree.sort();
    tree.dedup();
    http.sort();
    http.dedup();
    requests.sort();
    requests.dedup();
    let reaches = |server: &HttpUrl| {
        http.iter().any(|grant| grant.url.reaches(server))
            || requests.iter().any(|grant| grant.url.reaches(server))
    };
    let secrets = secrets.into_iter().map(|(name, table)| {
        let grant = secret_grant(&reaches, &name, table, source)?;
        Ok((name.value, grant))
    });
    let secrets = secrets.collect::<Result<_, ConfigurationError>>()?;
    let value = Grants {
        tree,
        evidence,
        history,
        http,
        requests,
        ca: None,
        secrets,
    };
    Ok((Set { value, site }, ca.map(|ca| Set::of(ca, source))))
}

fn http_grant(
    table: At<HttpGrantTable>,
    source: &Arc<Source>,
) -> Result<HttpGrant, ConfigurationError> {
    let refused = |message, span| refused(source, span, message);
    let HttpGrantTable {
        methods,
        url,
        read_only_post,
        addresses,
    } = table.value;
    let mut found = Vec::new();
    for method in &methods {
        let named = AskingMethod::named(&method.value).ok_or_else(|| {
            let message = "a plugin asks with `GET`, `HEAD`, or `POST` where it only reads; what \
                           changes something is planned by an action"
                .to_owned();
            refused(message, &method.span)
        })?;
        if named == AskingMethod::Post && !read_only_post {
            let message = "a `POST` may change something: add `read-only-post = true` to state \
                           that this one does not"
                .to_owned();
            return Err(refused(message, &method.span));
        }
        found.push(named);
    }
    let example = "name the methods, such as `methods = [\"GET\"]`";
    grant((found, example), &url, addresses, (source, &table.span))
}

fn planned_grant(
    table: At<PlannedGrantTable>,
    source: &Arc<Source>,
) -> Result<PlannedGrant, ConfigurationError> {
    let PlannedGrantTable {
        methods,
        url,
        addresses,
    } = table.value;
    let methods = methods.into_iter().map(|method| {
        PlannedMethod::named(&method.value).ok_or_else(|| {
            let message = "an action plans requests with `POST`, `PUT`, `PATCH` and `DELETE`, and \
                           with `GET` to see what was made"
                .to_owned();
            refused(source, &method.span, message)
        })
    });
    let methods = methods.collect::<Result<Vec<_>, _>>()?;
    let example = "name the methods, such as `methods = [\"POST\", \"DELETE\"]`";
    grant((methods, example), &url, addresses, (source, &table.span))
}

/// What grants of both sorts have in common.
fn grant<M: HttpMethod + Ord>(
    (mut methods, example): (Vec<M>, &str),
    url: &At<String>,
    addresses: Option<At<Vec<At<String>>>>,
    (source, span): (&Arc<Source>, &Range<usize>),
) -> Result<HttpGrant<M>, ConfigurationError> {
    if methods.is_empty() {
        return Err(refused(source, span, example.to_owned()));
    }
    methods.sort();
    methods.dedup();
    let prefix = UrlPrefix::new(&url.value)
        .map_err(|error| refused(source, &url.span, error.to_string()))?;
    let addresses = match addresses {
        None => Vec::new(),
        Some(addresses) => ranges(&addresses, source)?,
    };
    if !prefix.is_tls() && addresses.is_empty() {
        let message = "without TLS requests go to the ranges that `addresses` names only: add \
                       them, or write `https://`"
            .to_owned();
        return Err(refused(source, &url.span, message));
    }
    Ok(HttpGrant {
        methods,
        url: prefix,
        addresses,
    })
}

fn secret_grant(
    reaches: &dyn Fn(&HttpUrl) -> bool,
    name: &At<String>,
    table: At<SecretGrantTable>,
    source: &Arc<Source>,
) -> Result<SecretGrant, ConfigurationError> {
    let site = Site::new(source, &table.span);
    let refused = |message, span| refused(source, span, message);
    let SecretGrantTable {
        env,
        file,
        command,
        timeout,
        origin,
        header,
        prefix,
        basic,
        query,
        body,
    } = table.value;
    let value = ValueTable {
        env,
        file,
        command,
        timeout,
    };
    let value = value_source(value, &site)?;
    let url = HttpUrl::new(&origin.value)
        .map_err(|error| refused(format!("{error}: {}", error.help()), &origin.span))?;
    if !url.is_tls() || url.target() != "/" || origin.value.ends_with('/') {
        let message = "expected one server with TLS and no path, such as `https://example.net`";
        return Err(refused(message.to_owned(), &origin.span));
    }
    if !reaches(&url) {
        let message = format!(
            "no `grants.http` or `grants.requests` of this plugin allows a request to `{}`, so the \
             secret `{}` could never be sent",
            url.origin(),
            Text::from(name.value.as_str()).terminal()
        );
        return Err(refused(message, &origin.span));
    }
    let slot = match (basic, header, prefix) {
        (None, None, None) if query.is_some() || body.is_some() => {
            outside_of_headers(query, body, source)?
        }
        (basic, header, prefix) if query.is_some() || body.is_some() => {
            let others = [basic, header, prefix, query, body];
            let span = others.into_iter().flatten().next().map(|at| at.span);
            let message = "a secret stands in one place: leave out all but one of `header` (with \
                           `prefix`), `basic`, `query` and `body`";
            return Err(refused(
                message.to_owned(),
                &span.unwrap_or_else(|| table.span.clone()),
            ));
        }
        (Some(user), None, None) => {
            let is_user = !user.value.is_empty()
                && !user.value.contains(':')
                && !user.value.chars().any(char::is_control);
            if !is_user {
                let message = "the user of Basic authorization is not empty and has no `:`";
                return Err(refused(message.to_owned(), &user.span));
            }
            SecretSlot::Basic { user: user.value }
        }
        (Some(user), ..) => {
            let message = "`basic` says the whole header: leave out `header` and `prefix`";
            return Err(refused(message.to_owned(), &user.span));
        }
        (None, header, prefix) => {
            let site = header
                .as_ref()
                .map_or_else(|| site.clone(), |header| Site::new(source, &header.span));
            let name = header.map_or_else(|| HEADER.to_owned(), |header| header.value);
            let prefix = prefix_of(&name, prefix);
            // Whatever the secret is, what stands around it can be held against the rules now.
            let stand_in = Secret::new("secret".to_owned());
            if let Err(error) = SecretHeader::new(&name, &prefix, &stand_in) {
                let message = format!("{error}: {}", error.help());
                return Err(site.error(Problem::Value(Text::from(message))));
            }
            SecretSlot::Header {
                name: name.to_ascii_lowercase(),
                prefix,
            }
        }
    };
    Ok(SecretGrant {
        value,
        origin: url.origin(),
        slot,
    })
}

/// A slot in the query or in the body.
fn outside_of_headers(
    query: Option<At<String>>,
    body: Option<At<String>>,
    source: &Arc<Source>,
) -> Result<SecretSlot, ConfigurationError> {
    let refused = |message: &str, span| refused(source, span, message.to_owned());
    match (query, body) {
        (Some(_), Some(body)) => {
            let message = "a secret stands in one place: leave out `query` or `body`";
            Err(refused(message, &body.span))
        }
        (Some(name), None) | (None, Some(name)) if name.value.is_empty() => {
            let message = "expected the name of a parameter or field, such as `key`";
            Err(refused(message, &name.span))
        }
        (Some(name), None) => Ok(SecretSlot::Query { name: name.value }),
        (None, Some(place)) if place.value.starts_with('/') => {
            let mut escapes = place.value.split('~').skip(1);
            if escapes.all(|after| after.starts_with(['0', '1'])) {
                Ok(SecretSlot::Member {
                    pointer: place.value,
                })
            } else {
                let message = "expected a JSON Pointer, such as `/auth/token`: `~0` stands for `~` \
                               in it, and `~1` for `/`";
                Err(refused(message, &place.span))
            }
        }
        (None, place) => Ok(SecretSlot::Field {
            name: place.map(|place| place.value).unwrap_or_default(),
        }),
    }
}
