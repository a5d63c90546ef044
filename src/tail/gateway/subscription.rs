//! What a gateway was asked for and has confirmed, and how far each topic has been read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::loss::{Loss, Rejection};
use super::{REQUEST_ID, is_for_everyone};
use crate::protocol::Position;
use crate::tail::Channels;

/// Topics, and the positions in their histories.
#[derive(Debug)]
pub(super) struct Subscription {
    topics: Vec<String>,
    positions: BTreeMap<String, Position>,
}

#[derive(Serialize)]
struct Ask<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    request_id: &'static str,
    topics: Vec<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    recover: &'a BTreeMap<String, Position>,
}

/// The answer to a subscription.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    subscribed: Vec<Subscribed>,
    rejected: Vec<Rejection>,
}

#[derive(Debug, Deserialize)]
struct Subscribed {
    topic: String,
    #[serde(default)]
    recovered: bool,
    epoch: Option<String>,
    offset: Option<u64>,
}

impl Subscription {
    pub(super) fn new(topics: &[String]) -> Self {
        Self {
            topics: topics.to_vec(),
            positions: BTreeMap::new(),
        }
    }

    /// The frame that asks for it.
    pub(super) fn request(&self) -> String {
        let topics = self.topics.iter().map(String::as_str);
        let request = Ask {
            kind: "subscribe",
            request_id: REQUEST_ID,
            topics: topics.filter(|topic| !is_for_everyone(topic)).collect(),
            recover: &self.positions,
        };
        // Texts and numbers always have a JSON form.
        serde_json::to_string(&request).unwrap_or_default()
    }

    /// Takes the answer; says whether nothing is missing since the connection before.
    pub(super) fn confirmed(&mut self, answer: Answer) -> Result<bool, Loss> {
        if !answer.rejected.is_empty() {
            return Err(Loss::Rejected(answer.rejected));
        }
        // What everyone is sent is in no history.
        let everyone: Vec<String> = self
            .topics
            .extract_if(.., |name| is_for_everyone(name))
            .collect();
        let mut is_complete = everyone.is_empty();
        self.topics.clear();
        for subscribed in answer.subscribed {
            is_complete &= subscribed.recovered;
            match (subscribed.epoch, subscribed.offset) {
                (Some(epoch), Some(offset)) => {
                    let position = Position { epoch, offset };
                    self.positions.insert(subscribed.topic.clone(), position);
                }
                (_, _) => {
                    self.positions.remove(&subscribed.topic);
                }
            }
            // The gateway writes out whose topic `{user_id}` means.
            self.topics.push(subscribed.topic);
        }
        self.topics.extend(everyone);
        Ok(is_complete)
    }

    /// The topics and where they stand; nothing where no history keeps what is published there.
    pub(super) fn positions(&self) -> impl Iterator<Item = (&str, Option<&Position>)> {
        let position = |topic| self.positions.get(topic);
        self.topics
            .iter()
            .map(move |topic| (topic.as_str(), position(topic)))
    }

    /// A message of a topic was read. Of a pattern's topics no position is kept.
    pub(super) fn reached(&mut self, topic: &str, position: Position) {
        if let Some(kept) = self.positions.get_mut(topic) {
            *kept = position;
        }
    }

    /// The topics that are followed.
    pub(super) fn channels(&self) -> Channels {
        Channels::new(&self.topics)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn subscription() -> Subscription {
        let topics = ["ws:{user_id}", "room:a", "websocket:broadcast"];
        Subscription::new(&topics.map(str::to_owned))
    }

    fn answer(answer: Value) -> Answer {
        serde_json::from_value(answer).unwrap()
    }

    fn position(offset: u64) -> Position {
        let epoch = "e".to_owned();
        Position { epoch, offset }
    }

    #[test]
    fn it_goes_on_where_it_was() {
        let mut subscription = subscription();
        let first = json!({"type": "subscribe", "request_id": "tail", "topics": ["ws:{user_id}", "room:a"]});
        let request: Value = serde_json::from_str(&subscription.request()).unwrap();
        assert_eq!(request, first);
        let confirmed = json!({"subscribed": [{"topic": "ws:42", "epoch": "e", "offset": 3}, {"topic": "room:a"}], "rejected": []});
        assert!(!subscription.confirmed(answer(confirmed)).unwrap());
        subscription.reached("ws:42", position(5));
        subscription.reached("room:b", position(1));
        let again = json!({"type": "subscribe", "request_id": "tail", "topics": ["ws:42", "room:a"],
                           "recover": {"ws:42": {"epoch": "e", "offset": 5}}});
        let request: Value = serde_json::from_str(&subscription.request()).unwrap();
        assert_eq!(request, again);
        let channels = subscription.channels();
        assert!(
            channels.has("ws:42") && channels.has("room:a") && channels.has("websocket:broadcast")
        );
    }

    #[test]
    fn it_is_complete_only_if_every_topic_was_recovered() {
        for (topics, subscribed, is_complete) in [
            (
                &["room:a"][..],
                json!([{"topic": "room:a", "recovered": true}]),
                true,
            ),
            (
                &["room:a"],
                json!([{"topic": "room:a", "recovered": false}]),
                false,
            ),
            (&["room:a"], json!([{"topic": "room:a"}]), false),
            (
                &["room:a", "websocket:broadcast"],
                json!([{"topic": "room:a", "recovered": true}]),
                false,
            ),
        ] {
            let topics: Vec<_> = topics.iter().map(|name| (*name).to_owned()).collect();
            let confirmed = json!({"subscribed": subscribed, "rejected": []});
            let mut subscription = Subscription::new(&topics);
            let complete = subscription.confirmed(answer(confirmed)).unwrap();
            assert_eq!(complete, is_complete, "{subscribed}");
        }
    }

    #[test]
    fn a_rejection_is_a_loss() {
        let rejected = json!({"subscribed": [], "rejected": [{"topic": "ws:7", "code": "forbidden", "error": "no"}]});
        let loss = subscription().confirmed(answer(rejected)).unwrap_err();
        assert_eq!(
            loss.to_string(),
            "the gateway does not let ws:7 be followed: no (forbidden)"
        );
    }
}
