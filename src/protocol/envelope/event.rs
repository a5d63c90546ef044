//! What messages are counted by: names that services choose, and none that a client does.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Address, Content, Envelope};
use crate::protocol::Topic;

/// What members say, where they give it no type of their own.
const CHAT: &str = "chat";

#[derive(Deserialize)]
struct Names<'a> {
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
}

/// What a JSON object calls itself: its `event`, or else its `type`.
pub fn event_name(json: &str) -> Option<String> {
    // An array would be read as a struct too.
    if !json.trim_start().starts_with('{') {
        return None;
    }
    let names: Names<'_> = serde_json::from_str(json).ok()?;
    let text = |name: Option<&RawValue>| serde_json::from_str(name?.get()).ok();
    text(names.event).or_else(|| text(names.kind))
}

impl Envelope {
    /// What kind of message it is, where a service or this gateway says so: what it calls itself, or
    /// else its subject. Of what members say only `chat` is told apart.
    pub fn event_name(&self) -> Option<Cow<'_, str>> {
        let named = match &self.content {
            Content::Text(text) => {
                let name = event_name(text).map(Cow::Owned);
                return name.or_else(|| self.address.event().map(Cow::Borrowed));
            }
            Content::Notice { kind, .. } => Some(kind.as_str()),
            Content::Said { kind, .. } => (kind == CHAT).then_some(CHAT),
            Content::Moved { movement, .. } => Some(movement.kind()),
        };
        named.map(Cow::Borrowed)
    }
}

impl Address {
    /// What its messages are about, where that is said by the subject's last word.
    fn event(&self) -> Option<&'static str> {
        match self {
            Self::Topic(Topic::Progress(_)) => Some("progress"),
            Self::Topic(Topic::Status(_)) => Some("status"),
            Self::Topic(Topic::Result(..)) => Some("result"),
            Self::Topic(Topic::ExerciseUpdated | Topic::PoolUpdated) => Some("updated"),
            Self::Topic(Topic::User(_) | Topic::Room(_) | Topic::Project(_)) | Self::Everyone => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_says_what_it_is() {
        for (json, name) in [
            (r#"{"event":"a","type":"b"}"#, Some("a")),
            (" {\"type\":\"b\\u0021\"}", Some("b!")),
            (r#"{"event":1,"type":"b"}"#, Some("b")),
            (r#"{"event":null}"#, None),
            (r#"{"data":{"event":"a"}}"#, None),
            (r#"["a","b"]"#, None),
            (r#""event""#, None),
            (r#"{"event":"a","event":"b"}"#, None),
            ("event", None),
            ("{", None),
            ("", None),
        ] {
            assert_eq!(event_name(json).as_deref(), name, "{json}");
        }
        // However deep it is, it is read over.
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let json = format!(r#"{{"data":{deep},"event":"a"}}"#);
        assert_eq!(event_name(&json).as_deref(), Some("a"));
    }

    #[test]
    fn subjects_speak_for_what_has_no_name() {
        let event = |channel, text: &str| {
            let envelope = Envelope::read(channel, text.as_bytes()).unwrap();
            envelope.event_name().map(Cow::into_owned)
        };
        for (channel, name) in [
            ("exercise.42.progress", "progress"),
            ("exercise.42.status", "status"),
            ("grading.42.ex01.result", "result"),
            ("exercise.updated", "updated"),
            ("exercise.pool.updated", "updated"),
        ] {
            assert_eq!(event(channel, "{}").as_deref(), Some(name));
            let named = event(channel, r#"{"event":"own"}"#);
            assert_eq!(named.as_deref(), Some("own"));
        }
        assert_eq!(event("ws:42", "{}"), None);
    }
}
