//! Asks other systems what it is told to ask, and says what it was answered.

#![forbid(unsafe_code)]

use holdpoint_sdk::{
    Fault, Finding, Header, Health, HttpError, HttpRequest, Plugin, Policy, Reading, Release,
    Verify, log,
};

/// What to ask.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// The requests, one after the other.
    #[serde(default)]
    requests: Vec<Ask>,
    /// What is done with the placeholder of the secret `token`, after the requests.
    #[serde(default)]
    tell: Vec<Tell>,
}

/// Ways to tell a secret.
#[holdpoint_sdk::settings]
pub enum Tell {
    /// In a finding.
    Finding,
    /// In the log.
    Log,
    /// In the words of a fault.
    Fault,
    /// In the words of a panic.
    Panic,
}

/// One request.
#[holdpoint_sdk::settings]
pub struct Ask {
    /// The method; `GET` without it.
    #[serde(default)]
    method: String,
    /// The URL, in which `SECRET` stands for the placeholder.
    url: String,
    /// The secret that is sent along.
    #[serde(default)]
    secret: String,
    /// The header; none without it.
    #[serde(default)]
    header: String,
    /// Its value, in which `SECRET` stands for the placeholder.
    #[serde(default)]
    value: String,
    /// The body, in which `SECRET` stands for the placeholder, and `ESCAPED` for the same with its first
    /// letter as JSON can write it too.
    #[serde(default)]
    body: String,
    /// How often more the header is there.
    #[serde(default)]
    more_headers: usize,
    /// How often more the body is there.
    #[serde(default)]
    more_body: usize,
    /// How often more it is asked.
    #[serde(default)]
    again: u32,
}

struct Asker;

impl Plugin for Asker {
    type Settings = Settings;
}

/// Whether it was answered with a success, and the answer in words.
fn ask(release: &Release, ask: &Ask) -> (bool, String) {
    let placeholder = if ask.secret.is_empty() {
        String::new()
    } else {
        match release.secret_placeholder(&ask.secret) {
            Some(placeholder) => placeholder,
            None => return (false, "no such secret".to_owned()),
        }
    };
    // Another way to write the same text in JSON.
    let escaped = placeholder.replacen('h', "\\u0068", 1);
    let filled = |text: &str| {
        let text = text.replace("ESCAPED", &escaped);
        text.replace("SECRET", &placeholder)
    };
    let mut headers = Vec::new();
    if !ask.header.is_empty() {
        let header = Header {
            name: ask.header.clone(),
            value: filled(&ask.value),
        };
        headers = vec![header; 1 + ask.more_headers];
    }
    let method = if ask.method.is_empty() {
        "GET"
    } else {
        &ask.method
    };
    let request = HttpRequest {
        method: method.to_owned(),
        url: filled(&ask.url),
        headers,
        body: filled(&ask.body).repeat(1 + ask.more_body).into_bytes(),
    };
    let mut answer = release.send(&request);
    for _ in 0..ask.again {
        answer = release.send(&request);
    }
    match answer {
        Ok(response) => {
            let headers: Vec<String> = response
                .headers
                .iter()
                .filter(|header| header.name.starts_with("x-"))
                .map(|header| format!(" {}={}", header.name, header.value))
                .collect();
            let body = String::from_utf8_lossy(&response.body).into_owned();
            let words = format!("{}{} {body}", response.status, headers.concat());
            (response.status == 200, words)
        }
        Err(HttpError::NotGranted(words)) => (false, format!("not granted: {words}")),
        Err(HttpError::Malformed(words)) => (false, format!("malformed: {words}")),
        Err(HttpError::Unreachable(words)) => (false, format!("unreachable: {words}")),
        Err(HttpError::TimedOut) => (false, "timed out".to_owned()),
    }
}

impl Policy for Asker {
    fn check(release: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {
        let answer = |one| Finding::new("answer", ask(release, one).1);
        let mut findings: Vec<Finding> = settings.requests.iter().map(answer).collect();
        for tell in &settings.tell {
            let placeholder = release.secret_placeholder("token").unwrap_or_default();
            let words = format!("the secret is {placeholder}");
            match tell {
                Tell::Finding => findings.push(Finding::new("answer", words)),
                Tell::Log => log::error(words),
                Tell::Fault => return Err(Fault::unavailable(words)),
                Tell::Panic => panic!("{words}"),
            }
        }
        Ok(findings)
    }
}

impl Verify for Asker {
    fn measure(release: &Release, settings: &Settings, _attempt: u32) -> Result<Reading, Fault> {
        let answers: Vec<_> = settings
            .requests
            .iter()
            .map(|one| ask(release, one))
            .collect();
        let words: Vec<String> = answers.iter().map(|(_, words)| words.clone()).collect();
        Ok(Reading {
            health: if answers.iter().all(|(is_success, _)| *is_success) {
                Health::Healthy
            } else {
                Health::Failing
            },
            reason: format!("at {}: {}", release.circumstances.time, words.join(", ")),
            measures: Vec::new(),
        })
    }
}

holdpoint_sdk::export!(Asker: policy, verify);
