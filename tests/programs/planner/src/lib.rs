//! Plans the requests that it is told to plan.

#![forbid(unsafe_code)]

use holdpoint_sdk::{
    Action, Content, Element, Fault, Header, Member, PlannedRequest, Plugin, Probe, Release, Step,
};

/// What to plan.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// The steps, one after the other.
    steps: Vec<Planned>,
}

/// One step.
#[holdpoint_sdk::settings]
pub struct Planned {
    /// Its name.
    name: String,
    /// What is asked for.
    request: Asked,
    /// The URL that shows whether it was made.
    #[serde(default)]
    probe: Option<String>,
    /// Where the answer of the probe is a list: the member of the element that is meant, and its value.
    #[serde(default)]
    element: Option<(String, String)>,
    /// What takes it back.
    #[serde(default)]
    undo: Option<Asked>,
}

/// One request.
#[holdpoint_sdk::settings]
pub struct Asked {
    /// The method; `POST` without it.
    #[serde(default)]
    method: String,
    /// The URL.
    url: String,
    /// Its key; empty for none.
    #[serde(default)]
    key: String,
    /// The body; `NOW` in it stands for the moment.
    #[serde(default)]
    body: String,
    /// So many more bytes of a body.
    #[serde(default)]
    fill: u32,
    /// The artifact that is sent in place of a body.
    #[serde(default)]
    artifact: Option<String>,
    /// The secret that is sent as `authorization`.
    #[serde(default)]
    secret: String,
    /// A header.
    #[serde(default)]
    header: Option<(String, String)>,
    /// Status codes that mean success; 200 and 201 without them.
    #[serde(default)]
    success: Option<Vec<u16>>,
}

struct Planner;

impl Plugin for Planner {
    type Settings = Settings;
}

fn headers(release: &Release, asked: &Asked) -> Vec<Header> {
    let mut headers = Vec::new();
    if !asked.secret.is_empty() {
        let value = release.secret_placeholder(&asked.secret);
        headers.push(Header {
            name: "authorization".into(),
            value: value.unwrap_or_else(|| "no such secret".into()),
        });
    }
    if let Some((name, value)) = asked.header.clone() {
        headers.push(Header { name, value });
    }
    headers
}

fn request(release: &Release, asked: &Asked) -> PlannedRequest {
    let now = format!("{:?}", release.circumstances.time);
    PlannedRequest {
        method: if asked.method.is_empty() {
            "POST".into()
        } else {
            asked.method.clone()
        },
        url: asked.url.clone(),
        headers: headers(release, asked),
        content: if let Some(name) = &asked.artifact {
            Content::Artifact(name.clone())
        } else {
            let mut body = asked.body.replace("NOW", &now).into_bytes();
            body.resize(body.len() + asked.fill as usize, b'x');
            Content::Bytes(body)
        },
        success: asked.success.clone().unwrap_or_else(|| vec![200, 201]),
        idempotency_key: asked.key.clone(),
    }
}

impl Action for Planner {
    fn plan(release: &Release, settings: &Settings) -> Result<Vec<Step>, Fault> {
        let step = |planned: &Planned| Step {
            name: planned.name.clone(),
            title: format!("to {}", planned.name),
            request: request(release, &planned.request),
            probe: planned.probe.as_ref().map(|url| Probe {
                url: url.clone(),
                headers: headers(release, &planned.request),
                success: vec![200],
                element: planned.element.clone().map(|(pointer, value)| Element {
                    list: String::new(),
                    members: vec![Member { pointer, value }],
                }),
            }),
            undo: planned.undo.as_ref().map(|undo| request(release, undo)),
        };
        Ok(settings.steps.iter().map(step).collect())
    }
}

holdpoint_sdk::export!(Planner: action);
