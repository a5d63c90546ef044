//! What a history keeps of a message is what travels on its live channel, but for the position: the
//! same text leads to the same frames, now or a day later.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::wire::Live;
use super::{Address, Content, Envelope, WireError, is_json};
use crate::protocol::{EncodeError, Position, Stamp, Topic};

/// A message as a history keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is called.
    pub message_id: String,
    /// `{"type"?,"user_id"?,"message_id","timestamp","data"}`, or `text` instead of `data`.
    pub payload: String,
}

impl Record {
    /// The text on the topic's live channel: a record's payload with its position in front.
    pub fn live(payload: &str, position: &Position) -> Result<String, EncodeError> {
        let epoch = serde_json::to_string(&position.epoch)?;
        let offset = position.offset;
        let rest = payload.strip_prefix('{').unwrap_or(payload);
        Ok(format!("{{\"offset\":{offset},\"epoch\":{epoch},{rest}"))
    }
}

impl Envelope {
    /// The message as a history keeps it; nothing where it is none to keep. What has no id or time of
    /// its own gets those of the stamp.
    pub fn record(&self, stamp: &Stamp) -> Result<Option<Record>, EncodeError> {
        let Address::Topic(topic) = &self.address else {
            return Ok(None);
        };
        let mut live = Live {
            offset: None,
            epoch: None,
            kind: None,
            user_id: None,
            message_id: stamp.message_id.to_string().into(),
            timestamp: stamp.time().into(),
            data: None,
            text: None,
        };
        let whole;
        match &self.content {
            // JSON with space around it would come back without.
            Content::Text(text) if is_json(text) && text.trim_ascii() == text => {
                live.data = Some(serde_json::from_str(text)?);
            }
            Content::Text(text) => live.text = Some(text.into()),
            Content::Said {
                kind,
                user,
                data,
                timestamp,
                message_id,
            } => {
                live.kind = Some(kind.into());
                live.user_id = Some(user.as_str().into());
                live.message_id = message_id.into();
                live.timestamp = timestamp.into();
                live.data = Some(data);
            }
            Content::Notice {
                kind,
                data,
                timestamp,
                message_id,
            } => {
                live.kind = Some(kind.into());
                live.message_id = message_id.as_ref().map_or(live.message_id, Cow::from);
                live.timestamp = timestamp.as_ref().map_or(live.timestamp, Cow::from);
                live.data = Some(data);
                if matches!(topic, Topic::User(_)) {
                    whole = RawValue::from_string(self.frame(true)?)?;
                    live.data = Some(&whole);
                }
            }
            Content::Moved { .. } => return Ok(None),
        }
        let payload = serde_json::to_string(&live)?;
        Ok(Some(Record {
            message_id: live.message_id.into_owned(),
            payload,
        }))
    }

    /// Reads what a history has kept.
    pub fn recorded(topic: Topic, position: Position, payload: &str) -> Result<Self, WireError> {
        Self::live(topic, payload, Some(position))
    }
}
