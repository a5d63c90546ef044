//! An [`Envelope`] is one published message with all that any dialect shows of it, so that it is
//! encoded at most once per dialect however many sockets it goes to.
//!
//! The keys of a frame have one order. `data` is passed on as it was written.

mod event;
mod record;
#[cfg(test)]
mod tests;
mod wire;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::{Dialect, EncodeError, Position, ServerMessage, Stamp, Topic, depth};
use crate::ids::UserId;

pub use event::event_name;
pub use record::Record;
pub use wire::{Address, WireError};

/// How deep text nests that is still passed on as JSON.
const MAX_DEPTH: usize = super::MAX_DEPTH;

/// A message on its way to subscribers.
#[derive(Debug)]
pub struct Envelope {
    /// Who it is for.
    pub address: Address,
    /// What it says.
    pub content: Content,
    /// Where it is kept, if it is.
    pub recorded: Option<Recorded>,
    /// When it arrived here, where it is to be measured how long it takes from here on.
    pub arrived: Option<Instant>,
}

/// What a topic's history adds to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Where it is in the history.
    pub position: Arc<Position>,
    /// What it is called there.
    pub message_id: String,
}

/// What a published message says.
#[derive(Debug)]
pub enum Content {
    /// What a service published, word for word; it need not be JSON.
    Text(String),
    /// What a service published for a project, a user or everyone.
    Notice {
        /// Its type.
        kind: String,
        /// The message: JSON.
        data: Box<RawValue>,
        /// When, as the service wrote it.
        timestamp: Option<String>,
        /// Its id, as the service wrote it.
        message_id: Option<String>,
    },
    /// What a member said in a room or a project.
    Said {
        /// Its type.
        kind: String,
        /// Who said it.
        user: UserId,
        /// The message: JSON.
        data: Box<RawValue>,
        /// When.
        timestamp: String,
        /// A version 7 UUID.
        message_id: String,
    },
    /// A user came to a room or a project, or left it.
    Moved {
        /// Who.
        user: UserId,
        /// Which of both.
        movement: Movement,
        /// When.
        timestamp: String,
        /// A version 7 UUID.
        message_id: String,
    },
}

impl Content {
    /// How many bytes it says.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Notice { kind, data, .. } | Self::Said { kind, data, .. } => {
                kind.len() + data.get().len()
            }
            Self::Moved { .. } => 0,
        }
    }
}

/// What a member did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Movement {
    /// The user's first connection came.
    Joined,
    /// The user's last connection left.
    Left,
}

impl Movement {
    /// The type of the frame that tells of it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Joined => "user_joined",
            Self::Left => "user_left",
        }
    }
}

#[derive(Serialize)]
struct Place<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<&'a str>,
}

#[derive(Serialize)]
struct NoticeFrame<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    // A notice for a project came without its id, and goes on without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    data: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
}

#[derive(Serialize)]
struct SaidFrame<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    data: &'a RawValue,
    user_id: &'a UserId,
    message_id: &'a str,
    timestamp: &'a str,
}

#[derive(Serialize)]
struct MovedFrame<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    data: MovedData<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
}

#[derive(Serialize)]
struct MovedData<'a> {
    user_id: &'a UserId,
    action: Movement,
}

impl Envelope {
    /// A message that no history keeps.
    pub fn new(address: Address, content: Content) -> Self {
        Self {
            address,
            content,
            recorded: None,
            arrived: None,
        }
    }

    /// The message as one text frame.
    pub fn encode(&self, dialect: Dialect) -> Result<String, EncodeError> {
        match (&self.content, dialect) {
            (Content::Text(text), Dialect::Classic) if self.address.is_verbatim() => {
                Ok(text.clone())
            }
            (Content::Text(_), Dialect::Classic | Dialect::V1)
            | (Content::Notice { .. } | Content::Said { .. }, Dialect::V1) => self.event(dialect),
            (
                Content::Notice { .. } | Content::Said { .. } | Content::Moved { .. },
                Dialect::Classic,
            ) => self.frame(true),
            (Content::Moved { .. }, Dialect::V1) => self.frame(false),
        }
    }

    /// What an `event` of `mithril.v1` carries: JSON text.
    pub fn data(&self) -> Result<Cow<'_, str>, EncodeError> {
        Ok(match &self.content {
            Content::Text(text) if is_json(text) => Cow::Borrowed(text),
            Content::Text(text) => Cow::Owned(serde_json::to_string(text)?),
            Content::Notice { .. } | Content::Said { .. } | Content::Moved { .. } => {
                Cow::Owned(self.frame(true)?)
            }
        })
    }

    fn event(&self, dialect: Dialect) -> Result<String, EncodeError> {
        let message = ServerMessage::Event {
            subject: &self.address.to_string(),
            data: &self.data()?,
            position: self.recorded.as_ref().map(|recorded| &*recorded.position),
        };
        // An event shows no stamp in any dialect.
        message.encode(dialect, || Stamp::new(jiff::Timestamp::UNIX_EPOCH))
    }

    fn frame(&self, stamped: bool) -> Result<String, EncodeError> {
        let place = self.address.place();
        Ok(match &self.content {
            Content::Text(text) => text.clone(),
            Content::Notice {
                kind,
                data,
                timestamp,
                message_id,
            } => serde_json::to_string(&NoticeFrame {
                kind,
                room: place.room,
                data,
                timestamp: timestamp.as_deref(),
                message_id: message_id.as_deref(),
            })?,
            Content::Said {
                kind,
                user,
                data,
                timestamp,
                message_id,
            } => serde_json::to_string(&SaidFrame {
                kind,
                place,
                data,
                user_id: user,
                message_id,
                timestamp,
            })?,
            Content::Moved {
                user,
                movement,
                timestamp,
                message_id,
            } => serde_json::to_string(&MovedFrame {
                kind: movement.kind(),
                place,
                data: MovedData {
                    user_id: user,
                    action: *movement,
                },
                timestamp: stamped.then_some(timestamp),
                message_id: stamped.then_some(message_id),
            })?,
        })
    }
}

impl Address {
    /// Whether the classic dialect gets text published there as a frame of its own.
    fn is_verbatim(&self) -> bool {
        match self {
            Self::Topic(Topic::User(_) | Topic::Room(_) | Topic::Project(_)) | Self::Everyone => {
                true
            }
            Self::Topic(
                Topic::Progress(_)
                | Topic::Status(_)
                | Topic::Result(..)
                | Topic::ExerciseUpdated
                | Topic::PoolUpdated,
            ) => false,
        }
    }

    fn place(&self) -> Place<'_> {
        let (room, project_id) = match self {
            Self::Topic(Topic::Room(room)) => (Some(room.as_str()), None),
            Self::Topic(Topic::Project(project)) => (None, Some(project.as_str())),
            Self::Topic(
                Topic::User(_)
                | Topic::Progress(_)
                | Topic::Status(_)
                | Topic::Result(..)
                | Topic::ExerciseUpdated
                | Topic::PoolUpdated,
            )
            | Self::Everyone => (None, None),
        };
        Place { room, project_id }
    }
}

/// Whether what was published travels as JSON. What nests too deep would break the parser of whoever
/// receives it, so it travels as text.
pub fn is_json(text: &str) -> bool {
    !depth::exceeds(text, MAX_DEPTH) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
