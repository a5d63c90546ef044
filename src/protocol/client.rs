//! A [`ClientMessage`] that exists has every field it needs, of its type.
//!
//! Topics stay text here: whether a name is one, and for whom, is the policy's to say.

mod decode;
mod kind;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::ErrorCode;

pub use decode::MAX_DEPTH;
pub use kind::{KindError, MessageKind};

/// What the client calls its message, to find the answer by.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The id as the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Quoted, so that a client cannot break a line of the log.
impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A token as a client sent it: it proves nothing yet, and it cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SentToken(String);

impl SentToken {
    /// The token, to verify it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SentToken(…)")
    }
}

/// A position in a topic's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which history: it changes when messages may have been lost.
    pub epoch: String,
    /// How many messages of the history came up to here.
    pub offset: u64,
}

/// Where a client wants to go on reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recover {
    /// After this position.
    After(Position),
    /// After what the user has acknowledged.
    Cursor,
}

/// What becomes of a message of a type that the protocol does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherTypes {
    /// It is an error.
    Unknown,
    /// It is for the room that the connection was opened on.
    RoomMessage,
}

/// A message from a client.
#[derive(Debug)]
pub struct ClientMessage<'a> {
    /// What the answer carries back; a request always has one.
    pub request_id: Option<RequestId>,
    /// What the client wants.
    pub body: ClientBody<'a>,
}

/// What a client wants.
#[derive(Debug, PartialEq, Eq)]
pub enum ClientBody<'a> {
    /// Is the server there?
    Ping,
    /// A question about content, or to a service.
    Request {
        /// What is asked.
        subject: String,
        /// What it is asked about; nothing means `{}`.
        data: Option<Json<'a>>,
    },
    /// Events of these topics from now on.
    Subscribe {
        /// Names or patterns.
        topics: Vec<String>,
        /// Where to go on reading, by topic.
        recover: BTreeMap<String, Recover>,
    },
    /// No more events of these topics.
    Unsubscribe {
        /// Names or patterns, as they were subscribed to.
        topics: Vec<String>,
    },
    /// A message to all of a room or a project.
    Publish {
        /// The room or project.
        topic: String,
        /// The message's type.
        kind: MessageKind,
        /// The message; nothing means `{}`.
        data: Option<Json<'a>>,
    },
    /// Who is there?
    Presence {
        /// A room or a project.
        topic: String,
    },
    /// What was said?
    History {
        /// The topic.
        topic: String,
        /// After this position; from the start where there is none.
        since: Option<Position>,
        /// At most so many messages.
        limit: Option<u64>,
    },
    /// Everything up to here was read.
    Ack {
        /// The topic.
        topic: String,
        /// The offset of the last message read.
        offset: u64,
    },
    /// This is who I am.
    Auth {
        /// The proof.
        token: SentToken,
    },
    /// A message to the room that the connection was opened on.
    Room {
        /// The message's type.
        kind: MessageKind,
        /// The message; nothing means `{}`.
        data: Option<Json<'a>>,
    },
}

/// JSON text of the frame, passed on as it is.
#[derive(Debug, Clone, Copy)]
pub struct Json<'a>(pub &'a RawValue);

impl<'a> Json<'a> {
    /// The text.
    pub fn get(self) -> &'a str {
        self.0.get()
    }
}

impl PartialEq for Json<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Json<'_> {}

/// Why a frame is not a message.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The text is not one JSON value.
    #[error("failed to read the frame as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The text is JSON, but no object.
    #[error("a message is one JSON object")]
    NotAnObject,
    /// The value nests too deep.
    #[error("a message nests at most {MAX_DEPTH} levels deep")]
    TooDeep,
    /// A field that the message needs is not there.
    #[error("the field \"{0}\" is missing")]
    Missing(&'static str),
    /// A field is there, but not what it should be.
    #[error("the field \"{field}\" is not {expected}")]
    Field {
        /// The field.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// No message has this type.
    #[error("no message has that type")]
    UnknownType,
    /// The type is none that a client may give a message.
    #[error(transparent)]
    Kind(#[from] KindError),
}

impl DecodeError {
    /// The code to answer with.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Json(_)
            | Self::NotAnObject
            | Self::TooDeep
            | Self::Missing(_)
            | Self::Field { .. }
            | Self::Kind(KindError::Malformed) => ErrorCode::BadRequest,
            Self::Kind(KindError::Reserved) => ErrorCode::Forbidden,
            Self::UnknownType => ErrorCode::UnknownType,
        }
    }
}

/// A frame that is not a message, and what to answer it with.
#[derive(Debug)]
pub struct Undecodable {
    /// The id of the message, where it could be read.
    pub request_id: Option<RequestId>,
    /// What is wrong.
    pub error: DecodeError,
}
