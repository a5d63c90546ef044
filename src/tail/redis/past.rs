//! What a topic's history has comes before what is live, each message once.
//!
//! The topics are listened to by then. What is recorded meanwhile is not kept here: it is read from
//! the history like all before it, until nothing was heard that has not been read.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::RedisError;
use crate::broker::Glob;
use crate::history::redis::RedisHistory;
use crate::history::{History as _, Page, Portion};
use crate::link::Link;
use crate::protocol::{Envelope, Position, Record, Topic};
use crate::tail::{Channels, Intake, decode};

/// How many messages are read at a time.
const PAGE: Portion = Portion {
    entries: 100,
    bytes: 1024 * 1024,
};
/// What the topics begin with that have a history.
const KEPT: [&str; 3] = ["ws:", "room:", "project:"];

/// What of the past is shown.
#[derive(Debug, Clone, Copy)]
pub struct Past {
    /// At most so many messages of each topic.
    pub last: Option<u64>,
    /// What was recorded since then.
    pub since: Option<Duration>,
}

/// How far each topic has been read.
#[derive(Debug)]
pub(super) struct Read {
    topics: Mutex<Topics>,
}

#[derive(Debug)]
struct Topics {
    known: HashMap<Topic, State>,
    /// Whether those that are not known need not be read.
    is_complete: bool,
}

#[derive(Debug)]
enum State {
    /// It is to be read; the last message that was heard since it was read last.
    Behind(Option<Position>),
    /// It was read up to here.
    Through(Position),
}

/// Where a message that arrived live was recorded.
#[derive(Deserialize)]
struct Recorded {
    offset: u64,
    epoch: String,
}

impl Read {
    /// Where nothing of the past is wanted, everything has been read.
    pub(super) fn new(wants_past: bool) -> Self {
        let topics = Mutex::new(Topics {
            known: HashMap::new(),
            is_complete: !wants_past,
        });
        Self { topics }
    }

    /// Whether what arrived is to be shown now: it is not where it was read, or will be.
    pub(super) fn lets_through(&self, channel: &str, payload: &[u8]) -> bool {
        let mut topics = self.topics();
        if topics.is_complete && topics.known.is_empty() {
            return true;
        }
        let Some(topic) = Envelope::topic_of_live_channel(channel) else {
            return true;
        };
        let Ok(Recorded { offset, epoch }) = serde_json::from_slice(payload) else {
            return true;
        };
        let position = Position { epoch, offset };
        if !topics.is_complete {
            let known = topics.known.entry(topic.clone());
            known.or_insert(State::Behind(None));
        }
        match topics.known.get_mut(&topic) {
            None => true,
            Some(State::Behind(heard)) => {
                *heard = Some(position);
                false
            }
            Some(State::Through(read)) => {
                position.epoch != read.epoch || position.offset > read.offset
            }
        }
    }

    /// These are to be read too, and those that were heard so far; no others.
    fn complete(&self, found: Vec<Topic>) -> Vec<Topic> {
        let mut topics = self.topics();
        for topic in found {
            topics.known.entry(topic).or_insert(State::Behind(None));
        }
        topics.is_complete = true;
        let mut all: Vec<Topic> = topics.known.keys().cloned().collect();
        all.sort_by_cached_key(ToString::to_string);
        all
    }

    /// The topic was read up to here; whether that is all that was heard.
    fn reached(&self, topic: &Topic, position: &Position) -> bool {
        let mut topics = self.topics();
        let Some(state) = topics.known.get_mut(topic) else {
            return true;
        };
        if let State::Behind(heard) = state
            && let Some(heard) = heard.take()
            && (heard.epoch != position.epoch || heard.offset > position.offset)
        {
            return false;
        }
        *state = State::Through(position.clone());
        true
    }

    // Each change leaves the state consistent, so a panic elsewhere does not spoil it.
    fn topics(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Past {
    /// Shows it, topic by topic, as fast as somebody takes it.
    pub(super) async fn show(
        self,
        link: &Link,
        history: &RedisHistory,
        read: &Read,
        intake: &Intake,
    ) -> Result<(), RedisError> {
        let found = find(link, &intake.channels).await?;
        for topic in read.complete(found) {
            self.show_topic(&topic, history, read, intake).await?;
        }
        Ok(())
    }

    async fn show_topic(
        self,
        topic: &Topic,
        history: &RedisHistory,
        read: &Read,
        intake: &Intake,
    ) -> Result<(), RedisError> {
        let page = async |after, most| {
            let page = history.read(topic, after, most).await;
            page.map_err(|source| RedisError::NotRead {
                topic: topic.to_string(),
                source,
            })
        };
        let begin = self.since.and_then(|since| {
            let since = SignedDuration::try_from(since).ok()?;
            intake.clock.now().checked_sub(since).ok()
        });
        let Page {
            epoch,
            trimmed,
            last,
            ..
        } = page(0, Portion::of(0)).await?;
        let wanted = self.last.unwrap_or(u64::MAX);
        let mut position = Position {
            epoch,
            offset: last.saturating_sub(wanted).max(trimmed),
        };
        loop {
            let next = page(position.offset, PAGE).await?;
            let is_next = next.epoch == position.epoch
                && next
                    .entries
                    .first()
                    .is_none_or(|entry| entry.offset == position.offset + 1);
            if !is_next {
                intake.gap(None);
            }
            if next.epoch != position.epoch {
                position = Position {
                    epoch: next.epoch,
                    offset: 0,
                };
                continue;
            }
            for entry in &next.entries {
                position.offset = entry.offset;
                intake.queue.room().await;
                show(topic, &position, &entry.payload, begin, intake);
            }
            let is_end = next.entries.is_empty() || position.offset >= next.last;
            if is_end && read.reached(topic, &position) {
                return Ok(());
            }
        }
    }
}

fn show(
    topic: &Topic,
    position: &Position,
    payload: &str,
    begin: Option<Timestamp>,
    intake: &Intake,
) {
    // Texts and numbers always have a JSON form.
    let Ok(live) = Record::live(payload, position) else {
        return;
    };
    let channel = Envelope::live_channel(topic);
    let message = decode::published(&channel, Bytes::from(live), intake.clock.now());
    if begin.is_none_or(|begin| message.time >= begin) {
        intake.message(message);
    }
}

/// The topics that are asked for and have a history.
async fn find(link: &Link, channels: &Channels) -> Result<Vec<Topic>, RedisError> {
    let mut found = Vec::new();
    for glob in channels.globs() {
        match glob.name() {
            Some(name) => found.push(kept(&name).ok_or(RedisError::NoHistory(name))?),
            None => found.extend(matching(link, glob).await?),
        }
    }
    Ok(found)
}

async fn matching(link: &Link, glob: &Glob) -> Result<Vec<Topic>, RedisError> {
    if !KEPT.iter().any(|kind| glob.may_begin_with(kind)) {
        return Err(RedisError::NoHistory(glob.as_str().to_owned()));
    }
    let keys = link
        .keys(&format!("mithril:stream:{{{}}}", glob.as_str()))
        .await?;
    let topic = |key: &String| {
        let name = key.strip_prefix("mithril:stream:{")?.strip_suffix('}')?;
        kept(name)
    };
    Ok(keys.iter().filter_map(topic).collect())
}

fn kept(name: &str) -> Option<Topic> {
    Topic::parse(name).filter(Topic::has_history)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNEL: &str = "mithril:live:room:a";

    fn live(offset: u64) -> Vec<u8> {
        format!(r#"{{"offset":{offset},"epoch":"e"}}"#).into_bytes()
    }

    fn at(offset: u64) -> Position {
        let epoch = "e".to_owned();
        Position { epoch, offset }
    }

    #[test]
    fn a_message_is_shown_from_the_history_or_as_it_comes() {
        let room = Topic::parse("room:a").unwrap();
        let read = Read::new(true);
        assert!(
            !read.lets_through(CHANNEL, &live(4)),
            "it is still looked for"
        );
        assert_eq!(read.complete(Vec::new()), std::slice::from_ref(&room));
        assert!(!read.reached(&room, &at(3)), "what was heard is to be read");
        assert!(read.reached(&room, &at(4)));
        assert!(!read.lets_through(CHANNEL, &live(4)));
        assert!(read.lets_through(CHANNEL, &live(5)));
        assert!(read.lets_through(CHANNEL, br#"{"offset":1,"epoch":"f"}"#));
        assert!(
            read.lets_through("mithril:live:room:b", &live(1)),
            "it is new"
        );
        assert!(read.lets_through("room:a", b"raw"));
        assert!(read.lets_through(CHANNEL, br#"{"type":"user_left"}"#));
    }

    #[test]
    fn another_epoch_is_read_anew() {
        let room = Topic::parse("room:a").unwrap();
        let read = Read::new(true);
        read.complete(vec![room.clone()]);
        assert!(!read.lets_through(CHANNEL, br#"{"offset":1,"epoch":"f"}"#));
        assert!(!read.reached(&room, &at(9)));
        assert!(read.reached(&room, &at(9)), "unless the history has none");
    }

    #[test]
    fn where_no_past_is_wanted_all_is_shown_as_it_comes() {
        assert!(Read::new(false).lets_through(CHANNEL, &live(1)));
    }
}
