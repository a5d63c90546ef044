//! What a client reads has its keys in one order, whatever built it.
//!
//! `data` is JSON that was encoded before, and is joined in as it is: an answer of 100 KB costs a
//! copy, not a parse.

use jiff::Timestamp;
use serde::Serialize;
use uuid::{NoContext, Uuid};

use super::{Dialect, ErrorCode, RequestId};

/// When a message was made, and what it is called. Only the classic dialect shows it.
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
    /// The server is there.
    Pong,
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
    code: ErrorCode,
    message: &'a str,
}

#[derive(Serialize)]
struct PongFrame {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Nothing>,
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
        match *self {
            Self::Response { request_id, data } => {
                let head = ResponseHead {
                    kind: "response",
                    request_id,
                };
                Ok(with_data(serde_json::to_string(&head)?, data))
            }
            Self::Error {
                code,
                sentence,
                request_id,
            } => Ok(serde_json::to_string(&ErrorFrame {
                kind: "error",
                error: sentence,
                code,
                request_id,
                data: ErrorData {
                    code,
                    message: sentence,
                },
                stamp: stamp(),
            })?),
            Self::Pong => {
                let stamp = stamp();
                Ok(serde_json::to_string(&PongFrame {
                    kind: "pong",
                    data: stamp.is_some().then_some(Nothing {}),
                    stamp,
                })?)
            }
        }
    }
}

impl From<Stamp> for StampFields {
    fn from(stamp: Stamp) -> Self {
        Self {
            timestamp: format!("{:.3}", stamp.timestamp),
            message_id: stamp.message_id.to_string(),
        }
    }
}

// The head is an object with at least one key: its last byte is the brace that moves to the end.
fn with_data(mut head: String, data: &str) -> String {
    head.pop();
    head.reserve_exact(data.len() + ",\"data\":}".len());
    head.push_str(",\"data\":");
    head.push_str(data);
    head.push('}');
    head
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::protocol::ClientMessage;

    fn id(text: &str) -> RequestId {
        let frame = serde_json::json!({"type": "ping", "request_id": text}).to_string();
        match ClientMessage::decode(&frame) {
            Ok(ClientMessage::Ping {
                request_id: Some(id),
            }) => id,
            other => panic!("{other:?}"),
        }
    }

    fn golden(message: &ServerMessage<'_>, dialect: Dialect) -> String {
        let stamp = || Stamp {
            timestamp: "2026-01-02T03:04:05.678901Z".parse().unwrap(),
            message_id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
        };
        let text = message.encode(dialect, stamp).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        text
    }

    #[test]
    fn response() {
        let request_id = id("a \"quoted\"\nid");
        let message = ServerMessage::Response {
            request_id: &request_id,
            data: r#"{"pools":[]}"#,
        };
        let text = golden(&message, Dialect::Classic);
        assert_snapshot!(text, @r#"{"type":"response","request_id":"a \"quoted\"\nid","data":{"pools":[]}}"#);
        assert_eq!(text, golden(&message, Dialect::V1));
    }

    #[test]
    fn error() {
        let request_id = id("r1");
        let message = ServerMessage::Error {
            code: ErrorCode::NotFound,
            sentence: "no pool has the id \"x\"",
            request_id: Some(&request_id),
        };
        assert_snapshot!(golden(&message, Dialect::Classic), @r#"{"type":"error","error":"no pool has the id \"x\"","code":"not_found","request_id":"r1","data":{"code":"not_found","message":"no pool has the id \"x\""},"timestamp":"2026-01-02T03:04:05.678Z","message_id":"01900000-0000-7000-8000-000000000001"}"#);
        assert_snapshot!(golden(&message, Dialect::V1), @r#"{"type":"error","error":"no pool has the id \"x\"","code":"not_found","request_id":"r1","data":{"code":"not_found","message":"no pool has the id \"x\""}}"#);
        let message = ServerMessage::Error {
            code: ErrorCode::BadRequest,
            sentence: "no",
            request_id: None,
        };
        assert_snapshot!(golden(&message, Dialect::V1), @r#"{"type":"error","error":"no","code":"bad_request","data":{"code":"bad_request","message":"no"}}"#);
    }

    #[test]
    fn pong() {
        let message = ServerMessage::Pong;
        assert_snapshot!(golden(&message, Dialect::Classic), @r#"{"type":"pong","data":{},"timestamp":"2026-01-02T03:04:05.678Z","message_id":"01900000-0000-7000-8000-000000000001"}"#);
        assert_snapshot!(golden(&message, Dialect::V1), @r#"{"type":"pong"}"#);
    }

    #[test]
    fn a_stamp_is_of_its_moment() {
        let now = "2026-01-02T03:04:05.678Z".parse::<Timestamp>().unwrap();
        let stamp = Stamp::new(now);
        let (seconds, _) = stamp.message_id.get_timestamp().unwrap().to_unix();
        assert_eq!(i64::try_from(seconds).unwrap(), now.as_second());
        assert_ne!(stamp.message_id, Stamp::new(now).message_id);
        assert_eq!(Stamp::new(Timestamp::MIN).timestamp, Timestamp::MIN);
    }

    #[test]
    fn every_code_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> =
            ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
    }
}
