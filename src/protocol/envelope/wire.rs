//! What travels between replicas and from services: an envelope that was read is complete.
//!
//! Three kinds of channels lead to subscribers: a topic's own, which carries text word for word; a
//! topic's live channel, which carries what replicas publish; and one for envelopes of services.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Content, EncodeError, Envelope, Movement};
use crate::ids::{IdError, ProjectId, UserId};
use crate::protocol::{Topic, TopicPattern};

/// The channel for envelopes of services.
const BROADCAST: &str = "websocket:broadcast";
/// What a topic's live channel begins with.
const LIVE: &str = "mithril:live:";

/// Who a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// The subscribers of a topic.
    Topic(Topic),
    /// Every connection.
    Everyone,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(topic) => topic.fmt(f),
            Self::Everyone => f.write_str(BROADCAST),
        }
    }
}

/// Why a payload is no envelope. What it says is not repeated: it may be anyone's.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Nothing is delivered from a channel of that name.
    #[error("the channel leads to no topic")]
    Channel,
    /// The payload is not UTF-8.
    #[error("the payload is not UTF-8")]
    Utf8(#[from] std::str::Utf8Error),
    /// The payload is not the JSON object that its channel carries.
    #[error("failed to read the payload: {0}")]
    Json(#[from] serde_json::Error),
    /// An id in it is none.
    #[error("the payload names what is no id: {0}")]
    Id(#[from] IdError),
}

/// `{"type"?,"user_id"?,"message_id","timestamp","data"}`, on a live channel.
#[derive(Serialize, Deserialize)]
struct Live<'a> {
    #[serde(rename = "type")]
    kind: String,
    user_id: String,
    message_id: String,
    timestamp: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// `{"type","data","project_id"?,"user_id"?,"timestamp"?,"message_id"?}`, from services.
#[derive(Deserialize)]
struct Broadcast {
    #[serde(rename = "type")]
    kind: String,
    data: Option<Box<RawValue>>,
    project_id: Option<String>,
    user_id: Option<String>,
    timestamp: Option<String>,
    message_id: Option<String>,
}

impl Envelope {
    /// The channel that envelopes of services arrive on, whoever they are for.
    pub fn broadcast_channel() -> &'static str {
        BROADCAST
    }

    /// The channels, or patterns of channels, to follow for a topic.
    pub fn channels(pattern: &TopicPattern) -> (String, Option<String>) {
        match pattern {
            TopicPattern::Room(_) => (pattern.to_string(), Some(format!("{LIVE}{pattern}"))),
            // What services say to a project arrives with all broadcasts.
            TopicPattern::Project(_) => (format!("{LIVE}{pattern}"), None),
            TopicPattern::User(_)
            | TopicPattern::Progress(_)
            | TopicPattern::Status(_)
            | TopicPattern::Result(..)
            | TopicPattern::ExerciseUpdated
            | TopicPattern::PoolUpdated => (pattern.to_string(), None),
        }
    }

    /// Reads what arrived on a channel.
    pub fn read(channel: &str, payload: &[u8]) -> Result<Self, WireError> {
        let text = str::from_utf8(payload)?;
        if channel == BROADCAST {
            return Self::broadcast(text);
        }
        if let Some(name) = channel.strip_prefix(LIVE) {
            let topic = Topic::parse(name).ok_or(WireError::Channel)?;
            return Self::live(topic, text);
        }
        let topic = Topic::parse(channel).ok_or(WireError::Channel)?;
        Ok(Self {
            address: Address::Topic(topic),
            content: Content::Text(text.to_owned()),
        })
    }

    /// The channel to publish on and the payload.
    pub fn write(&self) -> Result<(String, String), EncodeError> {
        let address = &self.address;
        let live = format!("{LIVE}{address}");
        Ok(match &self.content {
            Content::Text(text) => (address.to_string(), text.clone()),
            Content::Said {
                kind,
                user,
                data,
                timestamp,
                message_id,
            } => {
                let message = Live {
                    kind: kind.clone(),
                    user_id: user.to_string(),
                    message_id: message_id.clone(),
                    timestamp: timestamp.clone(),
                    data,
                };
                (live, serde_json::to_string(&message)?)
            }
            Content::Moved {
                user,
                movement,
                timestamp,
                message_id,
            } => {
                let message = Live {
                    kind: movement.kind().to_owned(),
                    user_id: user.to_string(),
                    message_id: message_id.clone(),
                    timestamp: timestamp.clone(),
                    data: RawValue::NULL,
                };
                (live, serde_json::to_string(&message)?)
            }
            Content::Notice { .. } => (BROADCAST.to_owned(), self.frame(true)?),
        })
    }

    fn live(topic: Topic, text: &str) -> Result<Self, WireError> {
        let live: Live<'_> = serde_json::from_str(text)?;
        let user = UserId::parse(&live.user_id)?;
        let (timestamp, message_id) = (live.timestamp, live.message_id);
        let moved = [Movement::Joined, Movement::Left]
            .into_iter()
            .find(|movement| movement.kind() == live.kind);
        let content = match moved {
            Some(movement) => Content::Moved {
                user,
                movement,
                timestamp,
                message_id,
            },
            None => Content::Said {
                kind: live.kind,
                user,
                data: live.data.to_owned(),
                timestamp,
                message_id,
            },
        };
        Ok(Self {
            address: Address::Topic(topic),
            content,
        })
    }

    fn broadcast(text: &str) -> Result<Self, WireError> {
        let envelope: Broadcast = serde_json::from_str(text)?;
        // Encoders that cannot leave a key out write an empty id.
        let given = |id: Option<String>| id.filter(|id| !id.is_empty());
        let address = match (given(envelope.project_id), given(envelope.user_id)) {
            (Some(project), _) => Address::Topic(Topic::Project(ProjectId::parse(&project)?)),
            (None, Some(user)) => Address::Topic(Topic::User(UserId::parse(&user)?)),
            (None, None) => Address::Everyone,
        };
        Ok(Self {
            address,
            content: Content::Notice {
                kind: envelope.kind,
                data: envelope.data.unwrap_or_else(|| RawValue::NULL.to_owned()),
                timestamp: envelope.timestamp,
                message_id: envelope.message_id,
            },
        })
    }
}
