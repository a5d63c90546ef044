//! What arrives on a channel of the broker is read as the gateways read it; what they could not read
//! is shown as it is.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;

use super::message::{Body, Message};
use crate::protocol::{Dialect, Envelope};

/// What arrived on a channel, as it is shown.
pub(super) fn published(channel: &str, payload: Bytes, arrived: Timestamp) -> Message {
    if Envelope::is_live_channel(channel)
        && let Some(message) = said(channel, &payload, arrived)
    {
        return message;
    }
    let body = Body::new(payload);
    Message {
        time: arrived,
        channel: channel.to_owned(),
        event: body.event(),
        body,
        durable: false,
    }
}

/// What travels on a live channel, under the name of its topic.
fn said(channel: &str, payload: &[u8], arrived: Timestamp) -> Option<Message> {
    #[derive(Deserialize)]
    struct Label {
        #[serde(rename = "type")]
        kind: Option<String>,
        timestamp: String,
    }
    let envelope = Envelope::read(channel, payload).ok()?;
    let label: Label = serde_json::from_slice(payload).ok()?;
    // Text as it was published, and a room's or a project's message as its members see it.
    let body = Body::new(Bytes::from(envelope.encode(Dialect::Classic).ok()?));
    Some(Message {
        time: label.timestamp.parse().unwrap_or(arrived),
        channel: envelope.address.to_string(),
        event: body.event().or(label.kind),
        body,
        durable: envelope.recorded.is_some(),
    })
}

/// The project that an envelope of a service is for.
pub(super) fn project(payload: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct ForProject {
        project_id: Option<String>,
    }
    let envelope: ForProject = serde_json::from_slice(payload).ok()?;
    envelope.project_id.filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tail::message::Content;

    fn read(channel: &str, payload: &'static str) -> Message {
        published(
            channel,
            Bytes::from_static(payload.as_bytes()),
            Timestamp::UNIX_EPOCH,
        )
    }

    fn shown(message: &Message) -> (&str, Option<&str>, &str, bool) {
        let event = message.event.as_deref();
        (
            &message.channel,
            event,
            message.body.shown(),
            message.durable,
        )
    }

    #[test]
    fn a_raw_message_is_shown_whole() {
        let message = read("ws:42", r#"{"event":"done", "data": {}}"#);
        let whole = r#"{"event":"done","data":{}}"#;
        assert_eq!(shown(&message), ("ws:42", Some("done"), whole, false));
        assert_eq!(message.time, Timestamp::UNIX_EPOCH);
        assert_eq!(
            &message.body.written[..],
            br#"{"event":"done", "data": {}}"#
        );
        let message = read("ws:42", "hello");
        assert_eq!(shown(&message), ("ws:42", None, "hello", false));
        assert!(matches!(message.body.content, Content::Text(_)));
    }

    #[test]
    fn what_is_recorded_is_shown_as_its_topic_has_it() {
        let message = read(
            "mithril:live:ws:42",
            r#"{"offset":7,"epoch":"e","message_id":"m","timestamp":"2026-01-01T00:00:00.500Z",
                "data":{"event":"done", "data":{}}}"#,
        );
        let data = r#"{"event":"done","data":{}}"#;
        assert_eq!(shown(&message), ("ws:42", Some("done"), data, true));
        assert_eq!(message.time.to_string(), "2026-01-01T00:00:00.5Z");
        assert_eq!(&message.body.written[..], br#"{"event":"done", "data":{}}"#);
        let message = read(
            "mithril:live:ws:42",
            r#"{"offset":8,"epoch":"e","message_id":"m","timestamp":"2026-01-01T00:00:00Z","text":"{"}"#,
        );
        assert_eq!(shown(&message), ("ws:42", None, "{", true));
        assert!(matches!(message.body.content, Content::Text(_)));
    }

    #[test]
    fn what_a_member_says_is_shown_as_members_see_it() {
        let message = read(
            "mithril:live:room:a",
            r#"{"offset":1,"epoch":"e","type":"chat","user_id":"7","message_id":"m","timestamp":"2026-01-01T00:00:00Z","data":{"a":1}}"#,
        );
        let frame = r#"{"type":"chat","room":"a","data":{"a":1},"user_id":"7","message_id":"m","timestamp":"2026-01-01T00:00:00Z"}"#;
        assert_eq!(shown(&message), ("room:a", Some("chat"), frame, true));
        let message = read(
            "mithril:live:room:a",
            r#"{"type":"user_left","user_id":"7","message_id":"m","timestamp":"2026-01-01T00:00:00Z","data":null}"#,
        );
        assert_eq!(message.event.as_deref(), Some("user_left"));
        assert!(!message.durable, "who comes and goes is in no history");
    }

    #[test]
    fn what_can_not_be_read_is_shown_as_it_is() {
        for payload in ["", "x", "{}", "[1]", r#"{"offset":"7","data":1}"#] {
            let message = read("mithril:live:ws:42", payload);
            let (channel, event, text, durable) = shown(&message);
            assert_eq!(
                (channel, event, durable),
                ("mithril:live:ws:42", None, false)
            );
            assert_eq!(text, payload);
        }
    }

    #[test]
    fn an_envelope_names_its_project() {
        assert_eq!(project(br#"{"project_id":"p"}"#).as_deref(), Some("p"));
        for payload in [&br#"{"project_id":""}"#[..], b"{}", b"x"] {
            assert_eq!(project(payload), None);
        }
    }
}
