//! Composes `CloudEvents` 1.0 (JSON, structured mode) that carry `CDEvents` 0.5.
//!
//! Which event becomes which type is in the module `cdevent`, and in `README.md`.

#![forbid(unsafe_code)]

mod cdevent;
mod time;
mod uri;

#[cfg(test)]
mod tests;

use holdpoint_sdk::{Channel, Event, Fault, Message, Notify, Plugin, Release};

/// The media type of a `CloudEvent` in structured mode.
const CLOUDEVENT: &str = "application/cloudevents+json";

/// What an operator can set.
#[holdpoint_sdk::settings]
#[derive(Default)]
#[serde(default)]
pub struct Settings {
    /// `source` of the events, a URI reference; `/holdpoint/PROJECT` when it is not set.
    pub source: Option<String>,
}

/// The plugin.
pub struct Webhook;

impl Plugin for Webhook {
    type Settings = Settings;
}

impl Notify for Webhook {
    fn compose(
        release: &Release,
        settings: &Settings,
        event: &Event,
        channel: &Channel,
    ) -> Result<Vec<Message>, Fault> {
        if ![CLOUDEVENT, "application/json"].contains(&channel.media_type.as_str()) {
            return Err(Fault::settings(format!(
                "the channel `{}` takes `{}`, and a CloudEvent is `{CLOUDEVENT}` or \
                 `application/json`: set `media-type` of the channel to one of them",
                channel.name, channel.media_type
            )));
        }
        let source = match &settings.source {
            None => format!("/holdpoint/{}", uri::segment(&release.subject.project)),
            Some(source) if uri::is_reference(source) => source.clone(),
            Some(_) => {
                return Err(Fault::settings(
                    "`source` is not a URI reference, such as `https://ci.example.com/payments`",
                ));
            }
        };
        let bytes_max = usize::try_from(channel.body_bytes_max).unwrap_or(usize::MAX);
        let body = cdevent::body(release, event, &source, bytes_max)?;
        Ok(vec![Message {
            media_type: channel.media_type.clone(),
            body,
            summary: cdevent::summary(event),
        }])
    }
}

holdpoint_sdk::export!(Webhook: notify);
