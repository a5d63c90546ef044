//! Decoding is strict: a [`ClientMessage`] that exists has every field it needs, of its type.
//!
//! Keys that a message does not know are skipped, because clients of the older protocols send
//! `timestamp` and `message_id` with everything; a known key of the wrong type, or one given twice,
//! is an error. The error still carries the `request_id` back where there is a valid one.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{ErrorCode, depth};

/// How deep a message may nest: what `serde_json` takes, and less than any client's parser does.
pub const MAX_DEPTH: usize = 128;

/// The types of messages that later parts of the gateway will serve.
const UNSERVED: [&str; 8] = [
    "subscribe",
    "unsubscribe",
    "publish",
    "presence",
    "history",
    "ack",
    "auth",
    "subscription",
];

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

/// A message from a client.
#[derive(Debug)]
pub enum ClientMessage<'a> {
    /// Is the server there?
    Ping {
        /// Where given, the answer is a `response`.
        request_id: Option<RequestId>,
    },
    /// A question about content.
    Request {
        /// What is asked.
        subject: String,
        /// What it is asked about; nothing means `{}`.
        data: Option<&'a RawValue>,
        /// What the answer carries back.
        request_id: RequestId,
    },
    /// A message of the protocol that this server does not serve.
    Unserved {
        /// Its type.
        kind: &'static str,
        /// What the answer carries back.
        request_id: Option<RequestId>,
    },
}

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
    /// A field is there, but is not text.
    #[error("the field \"{0}\" is not text")]
    NotText(&'static str),
    /// No message has this type.
    #[error("no message has that type")]
    UnknownType,
}

impl DecodeError {
    /// The code to answer with.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Json(_)
            | Self::NotAnObject
            | Self::TooDeep
            | Self::Missing(_)
            | Self::NotText(_) => ErrorCode::BadRequest,
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

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    request_id: Option<&'a RawValue>,
    #[serde(borrow)]
    subject: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl<'a> ClientMessage<'a> {
    /// Reads one text frame.
    pub fn decode(frame: &'a str) -> Result<Self, Undecodable> {
        let mut request_id = None;
        Self::decode_into(frame, &mut request_id).map_err(|error| Undecodable { request_id, error })
    }

    /// What the answer carries back.
    pub fn request_id(&self) -> Option<&RequestId> {
        match self {
            Self::Ping { request_id } | Self::Unserved { request_id, .. } => request_id.as_ref(),
            Self::Request { request_id, .. } => Some(request_id),
        }
    }

    // The id is handed out as soon as it is known: an error later in the frame must carry it back.
    fn decode_into(frame: &'a str, id: &mut Option<RequestId>) -> Result<Self, DecodeError> {
        if depth::exceeds(frame, MAX_DEPTH) {
            return Err(DecodeError::TooDeep);
        }
        // serde would read a struct from an array too.
        if !frame.trim_ascii_start().starts_with('{') {
            serde_json::from_str::<serde::de::IgnoredAny>(frame)?;
            return Err(DecodeError::NotAnObject);
        }
        let envelope: Envelope<'a> = serde_json::from_str(frame)?;
        // Encoders that cannot leave a key out write an empty id.
        *id = text("request_id", envelope.request_id)?
            .filter(|id| !id.is_empty())
            .map(RequestId);
        let kind = text("type", envelope.kind)?.ok_or(DecodeError::Missing("type"))?;
        match kind.as_str() {
            "ping" => Ok(Self::Ping {
                request_id: id.clone(),
            }),
            "request" => Ok(Self::Request {
                subject: text("subject", envelope.subject)?
                    .ok_or(DecodeError::Missing("subject"))?,
                data: envelope.data,
                request_id: id.clone().ok_or(DecodeError::Missing("request_id"))?,
            }),
            other => match UNSERVED.into_iter().find(|kind| *kind == other) {
                Some(kind) => Ok(Self::Unserved {
                    kind,
                    request_id: id.clone(),
                }),
                None => Err(DecodeError::UnknownType),
            },
        }
    }
}

fn text(field: &'static str, value: Option<&RawValue>) -> Result<Option<String>, DecodeError> {
    value
        .map(|raw| serde_json::from_str(raw.get()))
        .transpose()
        .map_err(|_| DecodeError::NotText(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(frame: &str) -> (ErrorCode, Option<String>) {
        match ClientMessage::decode(frame) {
            Ok(message) => panic!("{frame} is {message:?}"),
            Err(bad) => (bad.error.code(), bad.request_id.map(|id| id.0)),
        }
    }

    #[test]
    fn a_request_has_all_its_fields() {
        let frame =
            r#" {"type":"request","subject":"exercise.get","data":{"a":[1]},"request_id":"r"}"#;
        match ClientMessage::decode(frame).unwrap() {
            ClientMessage::Request {
                subject,
                data,
                request_id,
            } => {
                assert_eq!(subject, "exercise.get");
                assert_eq!(data.unwrap().get(), r#"{"a":[1]}"#);
                assert_eq!(request_id.as_str(), "r");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_of_other_protocols_are_skipped() {
        let frame =
            r#"{"type":"ping","timestamp":"2023-12-01T10:00:00Z","message_id":"m","data":{}}"#;
        assert!(matches!(
            ClientMessage::decode(frame),
            Ok(ClientMessage::Ping { request_id: None })
        ));
    }

    #[test]
    fn an_empty_or_null_id_is_no_id() {
        for frame in [
            r#"{"type":"ping","request_id":""}"#,
            r#"{"type":"ping","request_id":null}"#,
        ] {
            assert!(matches!(
                ClientMessage::decode(frame),
                Ok(ClientMessage::Ping { request_id: None })
            ));
        }
    }

    #[test]
    fn what_is_no_message_is_a_bad_request() {
        for frame in [
            "",
            "nope",
            "[]",
            r#"["ping"]"#,
            "\"ping\"",
            "null",
            "{}",
            r#"{"type":null}"#,
            r#"{"type":1}"#,
            r#"{"type":"ping"} {}"#,
            r#"{"type":"ping","type":"ping"}"#,
            r#"{"type":"ping","request_id":1}"#,
            r#"{"type":"\ud800"}"#,
            r#"{"type":"request","subject":"x"}"#,
        ] {
            assert_eq!(refused(frame), (ErrorCode::BadRequest, None), "{frame}");
        }
    }

    #[test]
    fn the_error_carries_the_id_back() {
        let missing = r#"{"type":"request","request_id":"r"}"#;
        assert_eq!(refused(missing), (ErrorCode::BadRequest, Some("r".into())));
        let unknown = r#"{"type":"dance","request_id":"r"}"#;
        assert_eq!(refused(unknown), (ErrorCode::UnknownType, Some("r".into())));
    }

    #[test]
    fn deep_nesting_is_refused_wherever_it_is() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for frame in [
            deep.clone(),
            format!(r#"{{"type":"ping","x":{deep}}}"#),
            format!(r#"{{"type":"request","subject":"s","request_id":"r","data":{deep}}}"#),
            "{\"a\":".repeat(10_000),
        ] {
            assert_eq!(refused(&frame), (ErrorCode::BadRequest, None));
        }
    }

    #[test]
    fn messages_that_come_later_are_known() {
        for kind in UNSERVED {
            let frame = format!(r#"{{"type":"{kind}","request_id":"r"}}"#);
            match ClientMessage::decode(&frame) {
                Ok(ClientMessage::Unserved { kind: known, .. }) => assert_eq!(known, kind),
                other => panic!("{other:?}"),
            }
        }
    }
}
