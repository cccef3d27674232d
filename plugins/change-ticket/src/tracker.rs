use holdpoint_sdk::{Fault, Header, HttpError, HttpRequest, Release};
use serde_json::Value;

use crate::Settings;

/// The secret that the operator grants.
const SECRET: &str = "token";

/// What the tracker knows of a ticket.
#[derive(Debug)]
pub(crate) enum Answer {
    /// There is none of that name.
    Unknown,
    /// There is one.
    Known {
        /// Its status.
        status: String,
        /// Its project, where that is asked for.
        project: Option<String>,
    },
}

/// Asks the tracker about a ticket.
pub(crate) fn ask(release: &Release, settings: &Settings, ticket: &str) -> Result<Answer, Fault> {
    let number = ticket.strip_prefix(&settings.prefix).unwrap_or(ticket);
    let url = settings
        .url
        .replace("{{ticket}}", &encoded(ticket))
        .replace("{{number}}", number);
    let placeholder = release.secret_placeholder(SECRET).ok_or_else(|| {
        Fault::missing(format!(
            "the secret `{SECRET}` is not there: grants.secrets.{SECRET} names it"
        ))
    })?;
    let request = HttpRequest {
        method: "GET".into(),
        url,
        headers: vec![
            Header {
                name: "accept".into(),
                value: "application/json".into(),
            },
            Header {
                name: settings.header.clone(),
                value: placeholder,
            },
        ],
        body: Vec::new(),
    };
    let response = release.send(&request).map_err(|error| match error {
        HttpError::NotGranted(words) | HttpError::Malformed(words) => Fault::settings(words),
        HttpError::Unreachable(words) => Fault::unavailable(words),
        HttpError::TimedOut => Fault::unavailable("the tracker did not answer in time"),
    })?;
    match response.status {
        200 => read(settings, ticket, &response.body),
        404 | 410 => Ok(Answer::Unknown),
        429 | 500.. => Err(Fault::unavailable(format!(
            "the tracker answered with status {} for {ticket}",
            response.status
        ))),
        status => Err(Fault::missing(format!(
            "the tracker answered with status {status} for {ticket}"
        ))),
    }
}

fn read(settings: &Settings, ticket: &str, body: &[u8]) -> Result<Answer, Fault> {
    let answer: Value = serde_json::from_slice(body).map_err(|error| {
        Fault::malformed(format!("the answer for {ticket} is not JSON: {error}"))
    })?;
    let text = |pointer: &str| match answer.pointer(pointer) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        _ => Err(Fault::malformed(format!(
            "the answer for {ticket} has no text at `{pointer}`"
        ))),
    };
    Ok(Answer::Known {
        status: text(&settings.status)?,
        project: settings.project.as_deref().map(text).transpose()?,
    })
}

/// A name as a part of a path.
fn encoded(ticket: &str) -> String {
    ticket
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
