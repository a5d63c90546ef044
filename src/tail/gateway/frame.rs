//! What a gateway says in `mithril.v1`, as far as it matters here. Other frames are none.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::Position;
use crate::tail::{Body, Message};

/// A frame.
#[derive(Debug)]
pub(super) enum Frame<'a> {
    /// What was asked for.
    Answer(&'a RawValue),
    /// What was asked for is not done.
    Denied {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        said: String,
    },
    /// Something was published.
    Event(Event<'a>),
    /// Messages may be missing.
    Gap,
    /// Something was not done, or is not any more.
    Error(String),
}

/// Something that was published.
#[derive(Debug)]
pub(super) struct Event<'a> {
    subject: Cow<'a, str>,
    data: &'a str,
    position: Option<Position>,
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    subject: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    epoch: Option<String>,
    offset: Option<u64>,
    room: Option<String>,
    project_id: Option<String>,
    request_id: Option<String>,
    error: Option<String>,
    code: Option<String>,
}

impl<'a> Frame<'a> {
    /// Reads a frame.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let fields: Fields<'a> = serde_json::from_str(text).ok()?;
        match &*fields.kind {
            "response" => fields.data.map(Self::Answer),
            "event" => {
                let position = fields.epoch.zip(fields.offset);
                Some(Self::Event(Event {
                    subject: fields.subject?,
                    data: fields.data?.get(),
                    position: position.map(|(epoch, offset)| Position { epoch, offset }),
                }))
            }
            "gap" => Some(Self::Gap),
            "error" | "auth_failed" => {
                let said = fields.error.unwrap_or_else(|| fields.kind.into_owned());
                let code = fields.code.unwrap_or_default();
                Some(match fields.request_id {
                    Some(_) => Self::Denied { code, said },
                    None => Self::Error(format!("{said} ({code})")),
                })
            }
            // Who comes to a room and leaves it is a frame of its own, shown as its members see it.
            _ => {
                let room = fields.room.map(|room| format!("room:{room}"));
                let subject = room.or_else(|| Some(format!("project:{}", fields.project_id?)))?;
                Some(Self::Event(Event {
                    subject: Cow::Owned(subject),
                    data: text,
                    position: None,
                }))
            }
        }
    }
}

impl<'a> Event<'a> {
    /// A message of a topic's history.
    pub(super) fn recorded(subject: &'a str, data: &'a RawValue, position: Position) -> Self {
        Self {
            subject: subject.into(),
            data: data.get(),
            position: Some(position),
        }
    }

    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    pub(super) fn position(&self) -> Option<Position> {
        self.position.clone()
    }

    /// The message. A JSON string is how a gateway sends text that is no JSON.
    pub(super) fn message(&self, now: Timestamp) -> Message {
        let body = if self.data.starts_with('"') {
            Body::text(serde_json::from_str(self.data).unwrap_or_default())
        } else {
            Body::new(Bytes::copy_from_slice(self.data.as_bytes()))
        };
        Message {
            time: now,
            channel: self.subject.clone().into_owned(),
            event: body.event(),
            body,
            durable: self.position.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> (String, Option<String>, String, bool) {
        let Some(Frame::Event(event)) = Frame::read(text) else {
            panic!("no event: {text}");
        };
        let message = event.message(Timestamp::UNIX_EPOCH);
        let shown = message.body.shown().to_owned();
        (message.channel, message.event, shown, message.durable)
    }

    #[test]
    fn events_are_messages() {
        let text =
            r#"{"type":"event","subject":"ws:42","epoch":"e","offset":7,"data":{"event":"done"}}"#;
        let data = r#"{"event":"done"}"#.to_owned();
        assert_eq!(
            message(text),
            ("ws:42".into(), Some("done".into()), data, true)
        );
        let text = r#"{"type":"event","subject":"ws:42","data":"a\nb"}"#;
        assert_eq!(message(text), ("ws:42".into(), None, "a\nb".into(), false));
        let text = r#"{"type":"user_joined","room":"a","data":{}}"#;
        let expected = (
            "room:a".into(),
            Some("user_joined".into()),
            text.into(),
            false,
        );
        assert_eq!(message(text), expected);
    }

    #[test]
    fn other_frames_are_none() {
        for text in ["", "x", r#"{"type":"pong"}"#, r#"{"type":"event"}"#, "[]"] {
            assert!(Frame::read(text).is_none(), "{text}");
        }
        let error = Frame::read(r#"{"type":"error","error":"no","code":"forbidden"}"#);
        assert!(matches!(error, Some(Frame::Error(text)) if text == "no (forbidden)"));
        let denied = Frame::read(
            r#"{"type":"error","error":"no","code":"unavailable","request_id":"tail"}"#,
        );
        assert!(matches!(denied, Some(Frame::Denied { code, .. }) if code == "unavailable"));
        assert!(matches!(
            Frame::read(r#"{"type":"gap","topics":[]}"#),
            Some(Frame::Gap)
        ));
    }
}
