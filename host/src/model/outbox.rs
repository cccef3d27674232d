use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RunId, Text};

/// Which message of a run. A channel is sent each once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageKey {
    /// The run.
    pub run: RunId,
    /// The event: its kind, and what tells it from others of the kind, such as the stage.
    pub event: String,
    /// Name of the channel.
    pub channel: String,
    /// Counts from 1 among the messages of one event for one channel.
    pub number: u32,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxMessage {
    /// Which one.
    pub key: MessageKey,
    /// Media type of the body.
    pub media_type: Text,
    /// The body.
    pub body: Text,
    /// One line on what it says.
    pub summary: Text,
    /// Where it is on its way.
    pub state: MessageState,
}

/// Where a message is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// It waits to be sent.
    Pending {
        /// How often it was tried.
        attempts: u32,
        /// Not before this time.
        not_before: Timestamp,
        /// What went wrong the last time.
        said: Option<Text>,
    },
    /// It is being sent: whoever finds it like this after its process has ended does not know
    /// whether it arrived.
    Sending {
        /// How often it was tried before.
        attempts: u32,
    },
    /// It arrived.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It was given up.
    Undelivered {
        /// What went wrong.
        said: Text,
    },
}
