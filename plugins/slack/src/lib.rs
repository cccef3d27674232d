//! Composes messages for Slack: Block Kit, with a text for notifications beside it.
//!
//! What is kept of which limit, and how text from people is kept from doing anything, is in
//! `README.md`.

#![forbid(unsafe_code)]

mod blocks;
mod text;

#[cfg(test)]
mod tests;

use holdpoint_sdk::{Channel, Event, Fault, Message, NoSettings, Notify, Plugin, Release};

/// The plugin.
pub struct Slack;

impl Plugin for Slack {
    type Settings = NoSettings;
}

impl Notify for Slack {
    fn compose(
        release: &Release,
        _settings: &NoSettings,
        event: &Event,
        channel: &Channel,
    ) -> Result<Vec<Message>, Fault> {
        if channel.media_type != "application/json" {
            return Err(Fault::settings(format!(
                "the channel `{}` takes `{}`, and Slack takes `application/json`: set `media-type` \
                 of the channel to that",
                channel.name, channel.media_type
            )));
        }
        let bytes_max = usize::try_from(channel.body_bytes_max).unwrap_or(usize::MAX);
        Ok(vec![Message {
            media_type: channel.media_type.clone(),
            body: blocks::body(release, event, bytes_max)?,
            summary: blocks::title(release, event),
        }])
    }
}

holdpoint_sdk::export!(Slack: notify);
