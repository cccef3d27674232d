use std::collections::BTreeMap;
use std::sync::Arc;

use super::at::At;
use super::compose::check_name;
use super::destination_plan::{DestinationPlan, destination};
use super::file::ChannelTable;
use super::plan::Plan;
use super::problem::{ConfigurationError, Problem};
use super::quantity::Size;
use super::source::{Site, Source};
use crate::model::{EventKind, Text};
use crate::sandbox::Limits;

/// The largest body that a channel can be set to take, in bytes: above what any service that is
/// told of releases takes.
pub const BODY_BYTES_MAX: u32 = 1 << 20;

/// The largest body of a channel that sets nothing, in bytes: what everything that carries
/// `CloudEvents` should take (`CloudEvents` 1.0.2, "Size Limits").
const BODY_BYTES: u32 = 64 << 10;

/// The media type of a channel that sets none.
const MEDIA_TYPE: &str = "application/json";

/// The most messages that a plugin can compose for one event.
pub const MESSAGES_MAX: u64 = 16;

/// Who hears of a run, before the plugin is read.
#[derive(Clone, Debug)]
pub struct ChannelPlan {
    /// Name of the plugin.
    pub plugin: String,
    /// What it is told of, in the order of a run.
    pub events: Vec<EventKind>,
    /// Media type of the bodies that it takes.
    pub media_type: String,
    /// The largest body, in bytes.
    pub body_bytes_max: u32,
    /// Where its messages are posted; none for a channel whose messages are only shown.
    pub destination: Option<DestinationPlan>,
    /// Where it is.
    pub site: Site,
}

impl ChannelPlan {
    /// Whether two files say the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        // Taken apart by name, so that a new key cannot be forgotten here.
        let Self {
            plugin,
            events,
            media_type,
            body_bytes_max,
            destination,
            site: _,
        } = self;
        let is_same_destination = match (destination, &other.destination) {
            (Some(own), Some(other)) => own.is_same(other),
            (None, None) => true,
            _ => false,
        };
        *plugin == other.plugin
            && *events == other.events
            && *media_type == other.media_type
            && *body_bytes_max == other.body_bytes_max
            && is_same_destination
    }

    /// What it is, in a few words.
    pub(super) fn words(&self) -> String {
        let events: Vec<&str> = self.events.iter().map(|event| event.name()).collect();
        format!(
            "{} for {}, {} up to {}, {}",
            self.plugin,
            events.join(", "),
            self.media_type,
            Size(u64::from(self.body_bytes_max)),
            self.destination
                .as_ref()
                .map_or_else(|| "shown".to_owned(), DestinationPlan::words)
        )
    }
}

impl Plan {
    /// The bounds on a call for a channel: those of its plugin.
    #[must_use]
    pub fn channel_limits(&self, channel: &ChannelPlan) -> Limits {
        self.plugins
            .get(&channel.plugin)
            .map(|plugin| plugin.limits)
            .unwrap_or_default()
    }
}

/// The channels of one file.
pub(super) fn channels(
    tables: BTreeMap<At<String>, At<ChannelTable>>,
    source: &Arc<Source>,
) -> Result<BTreeMap<String, ChannelPlan>, ConfigurationError> {
    let mut channels = BTreeMap::new();
    for (name, table) in tables {
        check_name("channel", &name, source)?;
        let channel = channel(
            &name.value,
            table.value,
            Site::new(source, &name.span),
            source,
        )?;
        channels.insert(name.value, channel);
    }
    Ok(channels)
}

fn channel(
    name: &str,
    mut table: ChannelTable,
    site: Site,
    source: &Arc<Source>,
) -> Result<ChannelPlan, ConfigurationError> {
    let destination = destination(name, &mut table, source)?;
    let value =
        |message: &str, span| Site::new(source, span).error(Problem::Value(Text::from(message)));
    let events = match table.events {
        None => EventKind::ALL.to_vec(),
        Some(events) if events.value.is_empty() => {
            let message = "a channel without events would hear of nothing: name some, or leave \
                           `events` out for all";
            return Err(value(message, &events.span));
        }
        Some(events) => {
            let mut kinds = events.values();
            kinds.sort_unstable();
            kinds.dedup();
            kinds
        }
    };
    let media_type = match table.media_type {
        None => MEDIA_TYPE.to_owned(),
        Some(media_type) if is_media_type(&media_type.value) => media_type.value,
        Some(media_type) => {
            let message = "expected a media type without parameters, such as `application/json`";
            return Err(value(message, &media_type.span));
        }
    };
    let body_bytes_max = match table.body_max {
        None => BODY_BYTES,
        Some(most) => match u32::try_from(most.value.0) {
            Ok(bytes) if bytes <= BODY_BYTES_MAX => bytes,
            _ => return Err(value("a body has at most 1 MiB", &most.span)),
        },
    };
    Ok(ChannelPlan {
        plugin: table.plugin.value,
        events,
        media_type,
        body_bytes_max,
        destination,
        site,
    })
}

/// `type/subtype` of the characters that RFC 6838 (section 4.2) allows.
pub(super) fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        (1..=127).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.split_once('/')
        .is_some_and(|(kind, name)| is_name(kind) && is_name(name))
}
