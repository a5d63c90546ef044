//! A message that exists is one that its topic carries.
//!
//! A user gets a notification, `{"event","correlation_id","timestamp","data"}`; a room or a project a
//! message with a type; and a subject the data alone.

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Outcome;
use crate::clock::Clock;
use crate::protocol::{
    self, Address, Content, Dialect, Envelope, MAX_DEPTH, MessageKind, Record, Stamp, Topic,
};

/// Who published what a project gets, as its envelope says.
const SOURCE: &str = "mithril";

/// JSON that any client can read.
#[derive(Debug)]
pub(super) struct Data(Box<RawValue>);

impl Data {
    /// Reads JSON.
    pub(super) fn parse(text: &str) -> Result<Self, anyhow::Error> {
        let json = RawValue::from_string(text.to_owned()).context("--data is no JSON")?;
        if !protocol::is_json(json.get()) {
            anyhow::bail!("--data nests more than {MAX_DEPTH} levels deep");
        }
        Ok(Self(json))
    }
}

/// A message on its way.
#[derive(Debug)]
pub(super) struct Outgoing {
    topic: Topic,
    /// Its type, in a room or a project.
    kind: Option<MessageKind>,
    /// Its id, of a notification.
    correlation_id: Option<String>,
    timestamp: Timestamp,
    /// What it says.
    data: Box<RawValue>,
}

#[derive(Serialize)]
struct Notification<'a> {
    event: &'a str,
    correlation_id: &'a str,
    timestamp: String,
    data: &'a RawValue,
}

/// What the HTTP API is asked.
#[derive(Serialize)]
struct Request<'a> {
    topic: &'a Topic,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a MessageKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
    data: &'a RawValue,
}

/// What services say to a project. Without an id it is recorded nowhere.
#[derive(Serialize)]
struct Broadcast<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    project_id: &'a str,
    timestamp: String,
    source: &'static str,
    data: &'a RawValue,
}

impl Outgoing {
    /// A message for a topic.
    pub(super) fn new(
        topic: &str,
        event: Option<&str>,
        Data(data): Data,
        clock: &Clock,
    ) -> Result<Self, anyhow::Error> {
        let topic = Topic::parse(topic).with_context(|| {
            format!(
                "{topic:?} is no topic: there are ws:USER, room:ROOM, project:PROJECT, \
                 exercise.USER.progress, exercise.USER.status and grading.USER.EXERCISE.result"
            )
        })?;
        let mut outgoing = Self {
            topic,
            kind: None,
            correlation_id: None,
            timestamp: clock.now(),
            data,
        };
        match &outgoing.topic {
            Topic::User(_) => {
                let event = event.filter(|event| !event.is_empty());
                outgoing.notify(event.context("a notification needs --event NAME")?)?;
            }
            Topic::Room(_) | Topic::Project(_) => {
                let kind = event.map_or_else(|| Ok(MessageKind::chat()), MessageKind::parse);
                outgoing.kind = Some(kind.context("--event can't be used here")?);
            }
            Topic::Progress(_)
            | Topic::Status(_)
            | Topic::Result(..)
            | Topic::ExerciseUpdated
            | Topic::PoolUpdated => {
                if event.is_some() {
                    anyhow::bail!("what is published on {} has no --event", outgoing.topic);
                }
            }
        }
        Ok(outgoing)
    }

    fn notify(&mut self, event: &str) -> Result<(), anyhow::Error> {
        let correlation_id = Uuid::new_v4().to_string();
        let notification = Notification {
            event,
            correlation_id: &correlation_id,
            timestamp: self.time(),
            data: &self.data,
        };
        self.data = serde_json::value::to_raw_value(&notification)?;
        self.correlation_id = Some(correlation_id);
        Ok(())
    }

    /// Refuses what no gateway would deliver.
    pub(super) fn check_size(&self, limit: u32) -> Result<(), anyhow::Error> {
        let size = self.data.get().len();
        if size > limit as usize {
            anyhow::bail!(
                "the message has {size} bytes, limits.payload allows {limit}: publish where to find it \
                 instead"
            );
        }
        Ok(())
    }

    /// What it is called.
    pub(super) fn names(&self) -> Outcome {
        vec![
            ("topic", self.topic.to_string().into()),
            ("correlation_id", self.correlation_id.clone().into()),
        ]
    }

    /// What the HTTP API is asked.
    pub(super) fn request(&self, idempotency_key: Option<&str>) -> Result<String, anyhow::Error> {
        Ok(serde_json::to_string(&Request {
            topic: &self.topic,
            kind: self.kind.as_ref(),
            idempotency_key,
            data: &self.data,
        })?)
    }

    /// What its topic's history keeps.
    pub(super) fn record(self) -> Result<(Topic, Record), anyhow::Error> {
        let stamp = Stamp::new(self.timestamp);
        let content = match self.kind {
            None => Content::Text(self.data.get().to_owned()),
            Some(kind) => Content::Notice {
                kind: kind.as_str().to_owned(),
                data: self.data,
                timestamp: Some(stamp.time()),
                message_id: Some(stamp.message_id.to_string()),
            },
        };
        let topic = self.topic.clone();
        let record = Envelope::new(Address::Topic(self.topic), content).record(&stamp)?;
        let record = record.filter(|_| topic.has_history());
        let record = record.with_context(|| {
            format!(
                "no history keeps what is published on {topic}: publish it to who listens now with \
                 --ephemeral"
            )
        })?;
        Ok((topic, record))
    }

    /// The channel and the payload for who listens at this moment.
    pub(super) fn plain(self) -> Result<(String, String), anyhow::Error> {
        let (kind, timestamp) = (self.kind.clone(), self.time());
        Ok(match (&self.topic, kind) {
            (Topic::Project(project), Some(kind)) => {
                let broadcast = Broadcast {
                    kind: kind.as_str(),
                    project_id: project.as_str(),
                    timestamp,
                    source: SOURCE,
                    data: &self.data,
                };
                let channel = Envelope::broadcast_channel().to_owned();
                (channel, serde_json::to_string(&broadcast)?)
            }
            (_, Some(kind)) => {
                let channel = self.topic.to_string();
                let notice = Content::Notice {
                    kind: kind.as_str().to_owned(),
                    data: self.data,
                    timestamp: Some(timestamp),
                    message_id: Some(Uuid::now_v7().to_string()),
                };
                let envelope = Envelope::new(Address::Topic(self.topic), notice);
                (channel, envelope.encode(Dialect::Classic)?)
            }
            (topic, None) => (topic.to_string(), self.data.get().to_owned()),
        })
    }

    fn time(&self) -> String {
        format!("{:.3}", self.timestamp)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn outgoing(topic: &str, event: Option<&str>) -> Result<Outgoing, String> {
        let data = Data::parse(r#"{"points": 1.50}"#).unwrap();
        let clock = Clock::new(|| Timestamp::UNIX_EPOCH);
        Outgoing::new(topic, event, data, &clock).map_err(|error| format!("{error:#}"))
    }

    fn plain(topic: &str, event: Option<&str>) -> (String, String) {
        outgoing(topic, event).unwrap().plain().unwrap()
    }

    const DATA: &str = r#""data":{"points": 1.50}}"#;

    #[test]
    fn a_user_gets_a_notification() {
        let outgoing = outgoing("ws:42", Some("done")).unwrap();
        let id = outgoing.correlation_id.clone().unwrap();
        let notification = format!(
            r#"{{"event":"done","correlation_id":"{id}","timestamp":"1970-01-01T00:00:00.000Z",{DATA}"#
        );
        assert_eq!(
            outgoing.request(Some("k")).unwrap(),
            format!(r#"{{"topic":"ws:42","idempotency_key":"k","data":{notification}}}"#)
        );
        assert_eq!(
            outgoing.plain().unwrap(),
            ("ws:42".to_owned(), notification)
        );
    }

    #[test]
    fn a_room_and_a_project_get_a_type() {
        let (channel, payload) = plain("room:a", None);
        let frame: Value = serde_json::from_str(&payload).unwrap();
        assert_eq!(channel, "room:a");
        assert_eq!(
            (&frame["type"], &frame["room"]),
            (&json!("chat"), &json!("a"))
        );
        assert!(payload.contains(r#""data":{"points": 1.50}"#), "{payload}");
        let (channel, payload) = plain("project:p", Some("built"));
        assert_eq!(channel, "websocket:broadcast");
        assert_eq!(
            payload,
            format!(
                r#"{{"type":"built","project_id":"p","timestamp":"1970-01-01T00:00:00.000Z","source":"mithril",{DATA}"#
            )
        );
        let request = outgoing("room:a", Some("news"))
            .unwrap()
            .request(None)
            .unwrap();
        assert_eq!(
            request,
            format!(r#"{{"topic":"room:a","type":"news",{DATA}"#)
        );
    }

    #[test]
    fn a_history_keeps_what_members_and_users_are_shown() {
        let keep = |topic, event| outgoing(topic, event).unwrap().record();
        let (topic, record) = keep("project:p", Some("built")).unwrap();
        let id = &record.message_id;
        let payload = format!(
            r#"{{"type":"built","message_id":"{id}","timestamp":"1970-01-01T00:00:00.000Z",{DATA}"#
        );
        assert_eq!(
            (topic.to_string(), record.payload),
            ("project:p".into(), payload)
        );
        let (_, record) = keep("ws:42", Some("done")).unwrap();
        assert!(record.payload.contains(r#""data":{"event":"done","#));
        let error = keep("exercise.42.progress", None).unwrap_err();
        assert!(error.to_string().contains("--ephemeral"), "{error}");
    }

    #[test]
    fn a_subject_gets_the_data_alone() {
        let expected = (
            "exercise.42.progress".to_owned(),
            r#"{"points": 1.50}"#.to_owned(),
        );
        assert_eq!(plain("exercise.42.progress", None), expected);
    }

    #[test]
    fn what_a_topic_does_not_carry_is_refused() {
        for (topic, event, why) in [
            ("ws:42", None, "needs --event"),
            ("ws:42", Some(""), "needs --event"),
            ("ws:*", Some("a"), "is no topic"),
            ("websocket:broadcast", Some("a"), "is no topic"),
            ("room:a", Some("No"), "a lower-case letter"),
            ("room:a", Some("error"), "from the server alone"),
            ("exercise.42.status", Some("a"), "has no --event"),
        ] {
            let error = outgoing(topic, event).unwrap_err();
            assert!(error.contains(why), "{topic}: {error}");
        }
        for data in ["", "{", "{} {}", "nul"] {
            assert!(Data::parse(data).is_err(), "{data}");
        }
        assert!(Data::parse(&("[".repeat(200) + &"]".repeat(200))).is_err());
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let outgoing = outgoing("ws:42", Some("a")).unwrap();
        let size = u32::try_from(outgoing.data.get().len()).unwrap();
        assert!(outgoing.check_size(size).is_ok());
        assert!(outgoing.check_size(size - 1).is_err());
    }
}
