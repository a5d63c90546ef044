//! The last messages of a topic, page by page, up to a position: what comes behind it comes as events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::REQUEST_ID;
use super::frame::Event;
use crate::protocol::Position;
use crate::tail::Message;

/// The most messages that a gateway answers with.
const PAGE: u64 = 1_000;

/// What of a topic's history is still to be read.
#[derive(Debug)]
pub(super) struct Past<'a> {
    topic: &'a str,
    /// Behind this.
    after: Position,
    /// Up to this offset.
    until: u64,
}

#[derive(Serialize)]
struct Ask<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    request_id: &'static str,
    topic: &'a str,
    since: &'a Position,
    limit: u64,
}

/// A page of a history.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    epoch: String,
    messages: Vec<Recorded>,
}

#[derive(Debug, Deserialize)]
struct Recorded {
    offset: u64,
    data: Box<RawValue>,
}

impl<'a> Past<'a> {
    /// So many messages up to where the topic stands.
    pub(super) fn new(topic: &'a str, position: &Position, last: u64) -> Self {
        let (epoch, until) = (position.epoch.clone(), position.offset);
        let offset = until.saturating_sub(last);
        Self {
            topic,
            after: Position { epoch, offset },
            until,
        }
    }

    /// The frame that asks for the next page; nothing where there is none.
    pub(super) fn request(&self) -> Option<String> {
        let left = self.until.saturating_sub(self.after.offset);
        let ask = Ask {
            kind: "history",
            request_id: REQUEST_ID,
            topic: self.topic,
            since: &self.after,
            limit: left.min(PAGE),
        };
        if left == 0 {
            return None;
        }
        // Texts and numbers always have a JSON form.
        serde_json::to_string(&ask).ok()
    }

    /// The messages of a page.
    pub(super) fn take(&mut self, page: Page, now: Timestamp) -> Vec<Message> {
        let (first, until) = (self.after.offset, self.until);
        let is_wanted = |message: &Recorded| message.offset > first && message.offset <= until;
        // Another epoch is another history: of this one there is no more.
        let is_same = page.epoch == self.after.epoch;
        let wanted: Vec<_> = page
            .messages
            .into_iter()
            .filter(|one| is_same && is_wanted(one))
            .collect();
        self.after.offset = wanted.last().map_or(until, |last| last.offset);
        let message = |Recorded { offset, data }| {
            let epoch = page.epoch.clone();
            let event = Event::recorded(self.topic, &data, Position { epoch, offset });
            event.message(written_at(&data).unwrap_or(now))
        };
        wanted.into_iter().map(message).collect()
    }
}

/// When a message was written, where it says so: notifications and what is said in rooms do.
fn written_at(data: &RawValue) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Stamped {
        timestamp: String,
    }
    if !data.get().starts_with('{') {
        return None;
    }
    let stamped: Stamped = serde_json::from_str(data.get()).ok()?;
    stamped.timestamp.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn past(last: u64) -> Past<'static> {
        let position = Position {
            epoch: "e".into(),
            offset: 10,
        };
        Past::new("room:a", &position, last)
    }

    fn taken(past: &mut Past<'_>, epoch: &str, offsets: &[u64]) -> Vec<String> {
        let message = |offset: &u64| json!({"offset": offset, "data": offset.to_string()});
        let messages: Vec<_> = offsets.iter().map(message).collect();
        let page = json!({"topic": "room:a", "epoch": epoch, "messages": messages});
        let page = serde_json::from_value(page).unwrap();
        let messages = past.take(page, Timestamp::UNIX_EPOCH);
        assert!(messages.iter().all(|message| message.durable));
        messages
            .iter()
            .map(|message| message.body.shown().to_owned())
            .collect()
    }

    #[test]
    fn pages_are_asked_for_until_the_position() {
        let mut past = past(4);
        let request: Value = serde_json::from_str(&past.request().unwrap()).unwrap();
        assert_eq!(
            request,
            json!({"type": "history", "request_id": "tail", "topic": "room:a",
                   "since": {"epoch": "e", "offset": 6}, "limit": 4})
        );
        assert_eq!(taken(&mut past, "e", &[7, 8]), ["7", "8"]);
        assert!(past.request().unwrap().contains(r#""offset":8"#));
        assert_eq!(taken(&mut past, "e", &[9, 10, 11]), ["9", "10"]);
        assert_eq!(past.request(), None);
    }

    #[test]
    fn it_ends_where_nothing_more_is_kept() {
        let mut none = past(4);
        assert!(taken(&mut none, "e", &[]).is_empty());
        assert_eq!(none.request(), None);
        let mut other = past(4);
        assert!(
            taken(&mut other, "f", &[7]).is_empty(),
            "of another history"
        );
        assert_eq!(other.request(), None);
        assert!(past(1_000).request().unwrap().contains(r#""offset":0"#));
    }

    #[test]
    fn a_message_may_say_when_it_was_written() {
        let at = |json: &str| written_at(&RawValue::from_string(json.to_owned()).unwrap());
        assert!(at(r#"{"timestamp":"2026-01-01T00:00:00Z"}"#).is_some());
        for json in [
            r#"{"timestamp":1}"#,
            r#"["2026-01-01T00:00:00Z"]"#,
            "{}",
            "1",
        ] {
            assert!(at(json).is_none(), "{json}");
        }
    }
}
