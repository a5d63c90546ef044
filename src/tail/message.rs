//! A message is what was published and where, whichever way it came.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::compact::compact;
use crate::protocol;

/// Something that was published.
#[derive(Debug, Clone)]
pub struct Message {
    /// When it was recorded, or else when it arrived here.
    pub time: Timestamp,
    /// The topic, or the channel of the broker where that is none.
    pub channel: String,
    /// What kind of message it is, where it says so.
    pub event: Option<String>,
    /// What it says.
    pub body: Body,
    /// Whether it is in a history.
    pub durable: bool,
}

/// What a message says.
#[derive(Debug, Clone)]
pub struct Body {
    /// Byte for byte as it was published.
    pub written: Bytes,
    /// The same as it is shown.
    pub content: Content,
}

/// What a message says, as it is shown.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// JSON, on one line.
    Data(Box<RawValue>),
    /// Anything else. What is not UTF-8 is replaced.
    Text(String),
}

impl Body {
    /// JSON where it is some that every client is given as such, else text.
    pub fn new(written: Bytes) -> Self {
        let json = str::from_utf8(&written)
            .ok()
            .filter(|text| protocol::is_json(text))
            .and_then(|text| RawValue::from_string(compact(text).into_owned()).ok());
        let content = match json {
            Some(json) => Content::Data(json),
            None => Content::Text(String::from_utf8_lossy(&written).into_owned()),
        };
        Self { written, content }
    }

    /// Text, also where it could be read as JSON.
    pub fn text(text: String) -> Self {
        Self {
            written: Bytes::copy_from_slice(text.as_bytes()),
            content: Content::Text(text),
        }
    }

    /// What it calls itself: `event`, or else `type`.
    pub fn event(&self) -> Option<String> {
        match &self.content {
            Content::Data(json) => protocol::event_name(json.get()),
            Content::Text(_) => None,
        }
    }

    /// How it is shown.
    pub fn shown(&self) -> &str {
        match &self.content {
            Content::Data(json) => json.get(),
            Content::Text(text) => text,
        }
    }
}

impl Message {
    /// How much memory it takes, about.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.channel.len() + self.body.written.len() + self.body.shown().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_shown_as_json_says_what_it_is() {
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        let deep = format!(r#"{{"event":"a","data":{deep}}}"#);
        for (json, name) in [
            (r#"{ "event" : "a" }"#, Some("a")),
            ("event", None),
            (&deep, None),
        ] {
            let body = Body::new(Bytes::copy_from_slice(json.as_bytes()));
            assert_eq!(body.event().as_deref(), name);
        }
    }

    #[test]
    fn what_breaks_parsers_is_text() {
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        let body = Body::new(Bytes::from(deep));
        assert!(matches!(body.content, Content::Text(_)));
        let body = Body::new(Bytes::from_static(b"\xff{}"));
        assert_eq!(body.shown(), "\u{fffd}{}");
        assert_eq!(&body.written[..], b"\xff{}");
    }
}
