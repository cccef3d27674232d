//! Answers of every other kind that the contract does not allow.

#![forbid(unsafe_code)]

use holdpoint_sdk::{
    Action, Assessment, Channel, Content, Document, Edit, Event, Factor, Fault, Health,
    Measurement, Message, Notify, PlannedRequest, Plugin, Reading, Release, Requirement, Resource,
    Risk, Step, Verify,
};

/// What to answer.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// A path to edit.
    #[serde(default)]
    path: String,
    /// The edits to answer with, in place of one of `path`.
    #[serde(default)]
    edits: Vec<AskedEdit>,
    /// A body to send.
    #[serde(default)]
    body: String,
    /// How deep the body's JSON is nested, in place of `body`.
    #[serde(default)]
    depth: usize,
    /// How many messages more than one.
    #[serde(default)]
    more: usize,
    /// A method to request with.
    #[serde(default)]
    method: String,
    /// Whether numbers are not numbers.
    #[serde(default)]
    not_a_number: bool,
}

/// An edit: of the whole file, below one mark, or between two.
#[holdpoint_sdk::settings]
struct AskedEdit {
    path: String,
    content: String,
    #[serde(default)]
    marks: Vec<String>,
}

struct Liar;

impl Plugin for Liar {
    type Settings = Settings;
}

impl Settings {
    fn number(&self) -> f64 {
        if self.not_a_number { f64::NAN } else { 1.0 }
    }
}

impl Risk for Liar {
    fn assess(_: &Release, settings: &Settings) -> Result<Assessment, Fault> {
        Ok(Assessment {
            magnitude: settings.number(),
            factors: Vec::<Factor>::new(),
        })
    }
}

impl Resource for Liar {
    fn claim(_: &Release, _: &Settings) -> Result<Vec<Requirement>, Fault> {
        Ok(Vec::new())
    }
}

impl Document for Liar {
    fn render(_: &Release, settings: &Settings) -> Result<Vec<Edit>, Fault> {
        if settings.edits.is_empty() {
            return Ok(vec![Edit::whole(&settings.path, "content", "an edit")]);
        }
        let edit = |asked: &AskedEdit| match asked.marks.as_slice() {
            [] => Edit::whole(&asked.path, &asked.content, "an edit"),
            [heading] => Edit::insertion(&asked.path, heading, &asked.content, "an edit"),
            [begin, end, ..] => Edit::section(&asked.path, (begin, end), &asked.content, "an edit"),
        };
        Ok(settings.edits.iter().map(edit).collect())
    }
}

impl Notify for Liar {
    fn compose(
        _: &Release,
        settings: &Settings,
        _: &Event,
        _: &Channel,
    ) -> Result<Vec<Message>, Fault> {
        let body = match settings.depth {
            0 => settings.body.clone(),
            depth => format!("{}{}", "[".repeat(depth), "]".repeat(depth)),
        };
        let message = Message {
            media_type: "application/json".into(),
            body,
            summary: "a message".into(),
        };
        Ok(vec![message; 1 + settings.more])
    }
}

impl Action for Liar {
    fn plan(_: &Release, settings: &Settings) -> Result<Vec<Step>, Fault> {
        let request = PlannedRequest {
            method: settings.method.clone(),
            url: "https://example.com/".into(),
            headers: Vec::new(),
            content: Content::Bytes(Vec::new()),
            success: vec![200],
            idempotency_key: "key".into(),
        };
        Ok(vec![Step {
            name: "step".into(),
            title: "a step".into(),
            request,
            probe: None,
            undo: None,
        }])
    }
}

impl Verify for Liar {
    fn measure(_: &Release, settings: &Settings, _: u32) -> Result<Reading, Fault> {
        let value = Some(settings.number());
        let measure = Measurement {
            name: "m".into(),
            value,
            unit: "1".into(),
            bound: "none".into(),
        };
        Ok(Reading {
            health: Health::Healthy,
            reason: "so".into(),
            measures: vec![measure],
        })
    }
}

holdpoint_sdk::export!(Liar: risk, resource, document, notify, action, verify);
