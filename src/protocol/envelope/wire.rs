//! What travels between replicas and from services: an envelope that was read is complete.
//!
//! Three kinds of channels lead to subscribers: a topic's own, which carries text word for word; a
//! topic's live channel, which carries what replicas publish; and one for envelopes of services.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Content, EncodeError, Envelope, Movement, Recorded};
use crate::ids::{IdError, ProjectId, UserId};
use crate::protocol::{Position, Topic, TopicPattern};

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
    /// Half of a position says nothing.
    #[error("an offset and an epoch come together")]
    Position,
    /// An id in it is none.
    #[error("the payload names what is no id: {0}")]
    Id(#[from] IdError),
}

/// `{"offset"?,"epoch"?,"type"?,"user_id"?,"message_id","timestamp","data"}`, on a live channel;
/// `text` instead of `data` where that is no JSON.
#[derive(Serialize, Deserialize)]
pub(super) struct Live<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) epoch: Option<String>,
    #[serde(rename = "type", borrow, skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) message_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) timestamp: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Cow<'a, str>>,
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
            TopicPattern::User(_) | TopicPattern::Room(_) => {
                (pattern.to_string(), Some(format!("{LIVE}{pattern}")))
            }
            // What services say to a project arrives with all broadcasts.
            TopicPattern::Project(_) => (format!("{LIVE}{pattern}"), None),
            TopicPattern::Progress(_)
            | TopicPattern::Status(_)
            | TopicPattern::Result(..)
            | TopicPattern::ExerciseUpdated
            | TopicPattern::PoolUpdated => (pattern.to_string(), None),
        }
    }

    /// The channel that carries what replicas publish on a topic.
    pub fn live_channel(topic: &Topic) -> String {
        format!("{LIVE}{topic}")
    }

    /// What the name of a channel begins with that carries what replicas publish; the topic follows.
    pub fn live_prefix() -> &'static str {
        LIVE
    }

    /// Whether a channel carries what replicas publish.
    pub fn is_live_channel(channel: &str) -> bool {
        channel.starts_with(LIVE)
    }

    /// The topic whose live channel this is.
    pub fn topic_of_live_channel(channel: &str) -> Option<Topic> {
        Topic::parse(channel.strip_prefix(LIVE)?)
    }

    /// Reads what arrived on a channel.
    pub fn read(channel: &str, payload: &[u8]) -> Result<Self, WireError> {
        let text = str::from_utf8(payload)?;
        if channel == BROADCAST {
            return Self::broadcast(text);
        }
        if let Some(name) = channel.strip_prefix(LIVE) {
            let topic = Topic::parse(name).ok_or(WireError::Channel)?;
            return Self::live(topic, text, None);
        }
        let topic = Topic::parse(channel).ok_or(WireError::Channel)?;
        let content = Content::Text(text.to_owned());
        Ok(Self::new(Address::Topic(topic), content))
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
                    data: Some(data),
                    ..Live::by(user, kind, message_id, timestamp)
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
                    data: Some(RawValue::NULL),
                    ..Live::by(user, movement.kind(), message_id, timestamp)
                };
                (live, serde_json::to_string(&message)?)
            }
            Content::Notice { .. } => (BROADCAST.to_owned(), self.frame(true)?),
        })
    }

    /// Reads what travels on a live channel, or has travelled there and been kept at a position.
    pub(super) fn live(topic: Topic, text: &str, at: Option<Position>) -> Result<Self, WireError> {
        let live: Live<'_> = serde_json::from_str(text)?;
        let position = match (live.epoch.as_deref(), live.offset) {
            (Some(epoch), Some(offset)) => Some(Position {
                epoch: epoch.to_owned(),
                offset,
            }),
            (None, None) => at,
            (Some(_), None) | (None, Some(_)) => return Err(WireError::Position),
        };
        let recorded = position.map(|position| Recorded {
            position: Arc::new(position),
            message_id: live.message_id.to_string(),
        });
        Ok(Self {
            content: live.content(&topic)?,
            address: Address::Topic(topic),
            recorded,
            arrived: None,
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
        let content = Content::Notice {
            kind: envelope.kind,
            data: envelope.data.unwrap_or_else(|| RawValue::NULL.to_owned()),
            timestamp: envelope.timestamp,
            message_id: given(envelope.message_id),
        };
        Ok(Self::new(address, content))
    }
}

impl<'a> Live<'a> {
    fn by(user: &'a UserId, kind: &'a str, message_id: &'a str, timestamp: &'a str) -> Self {
        Self {
            offset: None,
            epoch: None,
            kind: Some(kind.into()),
            user_id: Some(user.as_str().into()),
            message_id: message_id.into(),
            timestamp: timestamp.into(),
            data: None,
            text: None,
        }
    }

    fn content(self, topic: &Topic) -> Result<Content, WireError> {
        let (timestamp, message_id) = (self.timestamp.into_owned(), self.message_id.into_owned());
        let kind = match (self.kind, topic) {
            // What is for a user is passed on word for word: its type is only a label.
            (None, _) | (Some(_), Topic::User(_)) => {
                let json = || self.data.map_or("null", RawValue::get).to_owned();
                return Ok(Content::Text(self.text.map_or_else(json, Cow::into_owned)));
            }
            (Some(kind), _) => kind.into_owned(),
        };
        let data = match (self.data, self.text) {
            (Some(data), _) => data.to_owned(),
            (None, Some(text)) => RawValue::from_string(serde_json::to_string(&text)?)?,
            (None, None) => RawValue::NULL.to_owned(),
        };
        let Some(user) = self.user_id else {
            return Ok(Content::Notice {
                kind,
                data,
                timestamp: Some(timestamp),
                message_id: Some(message_id),
            });
        };
        let user = UserId::parse(&user)?;
        let moved = [Movement::Joined, Movement::Left]
            .into_iter()
            .find(|movement| movement.kind() == kind);
        Ok(match moved {
            Some(movement) => Content::Moved {
                user,
                movement,
                timestamp,
                message_id,
            },
            None => Content::Said {
                kind,
                user,
                data,
                timestamp,
                message_id,
            },
        })
    }
}
