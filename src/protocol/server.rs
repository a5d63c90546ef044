//! What a client reads has its keys in one order, whatever built it.
//!
//! `data` is JSON that was encoded before, and is joined in as it is: an answer of 100 KB costs a
//! copy, not a parse.

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;
use uuid::{NoContext, Uuid};

use super::{Dialect, ErrorCode, Position, RequestId};
use crate::ids::UserId;

/// When a message was made, and what it is called.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// When.
    pub timestamp: Timestamp,
    /// A version 7 UUID.
    pub message_id: Uuid,
}

impl Stamp {
    /// A stamp for a message made now.
    pub fn new(now: Timestamp) -> Self {
        // Before 1970 there are no version 7 UUIDs; a clock that wrong gets the first of them.
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
        Self {
            timestamp: now,
            message_id: Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds)),
        }
    }

    /// The time as it travels: RFC 3339 with milliseconds.
    pub fn time(&self) -> String {
        format!("{:.3}", self.timestamp)
    }
}

/// A message to a client.
#[derive(Debug)]
pub enum ServerMessage<'a> {
    /// The answer to a request.
    Response {
        /// The request's id.
        request_id: &'a RequestId,
        /// The answer: JSON text.
        data: &'a str,
    },
    /// The answer to a message that was not done as asked.
    Error {
        /// Why, for programs.
        code: ErrorCode,
        /// Why, for humans.
        sentence: &'a str,
        /// The message's id, where it had one.
        request_id: Option<&'a RequestId>,
    },
    /// Something was published on a topic.
    Event {
        /// The topic.
        subject: &'a str,
        /// What was published: JSON text.
        data: &'a str,
        /// Where it is in the topic's history. Only `mithril.v1` shows it.
        position: Option<&'a Position>,
    },
    /// Messages of these topics may be missing. Only `mithril.v1` has it.
    Gap {
        /// The topics.
        topics: &'a [String],
    },
    /// The server is there.
    Pong,
    /// The connection must say whose it is.
    AuthRequired,
    /// The connection is this user's.
    AuthSuccess {
        /// The user.
        user: &'a UserId,
    },
    /// The token proves nothing.
    AuthFailed {
        /// Why, for programs: the code of a refusal before the upgrade.
        code: &'a str,
        /// Why, for humans.
        sentence: &'a str,
    },
}

/// A message has no JSON form.
#[derive(Debug, thiserror::Error)]
#[error("failed to encode a message as JSON")]
pub struct EncodeError(#[from] serde_json::Error);

#[derive(Serialize)]
struct ResponseHead<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    request_id: &'a RequestId,
}

#[derive(Serialize)]
struct EventHead<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    subject: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    position: Option<&'a Position>,
}

#[derive(Serialize)]
struct GapFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    topics: &'a [String],
}

#[derive(Serialize)]
struct ErrorFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: &'a str,
    code: ErrorCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a RequestId>,
    data: ErrorData<'a>,
    #[serde(flatten)]
    stamp: Option<StampFields>,
}

#[derive(Serialize)]
struct ErrorData<'a> {
    code: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct UserData<'a> {
    user_id: &'a UserId,
}

/// A frame that says little more than its type.
#[derive(Serialize)]
struct PlainFrame<D> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
    #[serde(flatten)]
    stamp: Option<StampFields>,
}

/// Encodes as `{}`.
#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct StampFields {
    timestamp: String,
    message_id: String,
}

impl ServerMessage<'_> {
    /// The message as one text frame. The stamp is asked for only where the dialect shows it.
    pub fn encode(
        &self,
        dialect: Dialect,
        stamp: impl FnOnce() -> Stamp,
    ) -> Result<String, EncodeError> {
        let stamp = match dialect {
            Dialect::Classic => Some(stamp),
            Dialect::V1 => None,
        };
        let stamp = || stamp.map(|stamp| StampFields::from(stamp()));
        Ok(match *self {
            Self::Response { request_id, data } => {
                let kind = "response";
                with_data(&ResponseHead { kind, request_id }, data)?
            }
            Self::Event {
                subject,
                data,
                position,
            } => {
                let position = match dialect {
                    Dialect::Classic => None,
                    Dialect::V1 => position,
                };
                let kind = "event";
                let head = EventHead {
                    kind,
                    subject,
                    position,
                };
                with_data(&head, data)?
            }
            Self::Gap { topics } => serde_json::to_string(&GapFrame {
                kind: "gap",
                topics,
            })?,
            Self::Error {
                code,
                sentence,
                request_id,
            } => serde_json::to_string(&ErrorFrame {
                kind: "error",
                error: sentence,
                code,
                request_id,
                data: ErrorData {
                    code: code.as_str(),
                    message: sentence,
                },
                stamp: stamp(),
            })?,
            Self::Pong => empty("pong", stamp())?,
            Self::AuthRequired => empty("auth_required", stamp())?,
            Self::AuthSuccess { user } => serde_json::to_string(&PlainFrame {
                kind: "auth_success",
                data: Some(UserData { user_id: user }),
                stamp: stamp(),
            })?,
            Self::AuthFailed { code, sentence } => serde_json::to_string(&PlainFrame {
                kind: "auth_failed",
                data: Some(ErrorData {
                    code,
                    message: sentence,
                }),
                stamp: stamp(),
            })?,
        })
    }
}

impl From<Stamp> for StampFields {
    fn from(stamp: Stamp) -> Self {
        Self {
            timestamp: stamp.time(),
            message_id: stamp.message_id.to_string(),
        }
    }
}

fn empty(kind: &'static str, stamp: Option<StampFields>) -> Result<String, EncodeError> {
    let data = stamp.is_some().then_some(Nothing {});
    Ok(serde_json::to_string(&PlainFrame { kind, data, stamp })?)
}

// The head is an object with at least one key: its last byte is the brace that moves to the end.
fn with_data(head: &impl Serialize, data: &str) -> Result<String, EncodeError> {
    let mut text = serde_json::to_string(head)?;
    text.pop();
    text.reserve_exact(data.len() + ",\"data\":}".len());
    text.push_str(",\"data\":");
    text.push_str(data);
    text.push('}');
    Ok(text)
}
