//! A history in Redis Streams, which all replicas share: each thing it does is one script.
//!
//! What decides is Redis' own clock and Redis' own run, read where the entries are. An epoch is over
//! where entries may be gone for any other reason than their age or their number: the stream or what
//! is known of it is gone, or Redis was restarted or replaced and is not trusted to have kept all.
//! So the stream lasts longer than its entries count, and what is known of it longer than the stream.
//!
//! A script reads all its keys before it writes to any, so that a key of another kind or a lack of
//! memory refuses it whole. Whoever gives up on an answer does not know whether a message was recorded;
//! under an id, it can be recorded again without being there twice.

mod scripts;

use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::{
    Appended, Bounds, CURSORS_LAST, Entry, History, HistoryError, HistoryFuture, IDS_LAST,
    Idempotency, MAX_ID, Page, Portion,
};
use crate::ids::UserId;
use crate::link::{Link, LinkError, LinkFailure, Reply, Run, Script};
use crate::protocol::{Envelope, Position, Record, Topic};
use scripts::{Scripts, millis};

/// The most bytes that a script is asked for.
const MAX_PORTION: usize = 1 << 48;

/// Histories in a Redis. A clone shares its connection.
#[derive(Debug, Clone)]
pub struct RedisHistory {
    link: Link,
    bounds: Bounds,
    trust_restart: bool,
    scripts: Scripts,
    /// Why Redis refused the last time, which is logged once.
    refusal: Arc<Mutex<Option<LinkFailure>>>,
}

impl RedisHistory {
    /// The histories that are kept there. With `trust_restart` a Redis that was restarted is taken to
    /// have kept all that it had.
    pub fn new(link: Link, bounds: Bounds, trust_restart: bool) -> Self {
        Self {
            link,
            bounds,
            trust_restart,
            scripts: Scripts::new(),
            refusal: Arc::default(),
        }
    }

    /// A script on a topic, with the key of this kind beside those that every script uses, and with
    /// the arguments of them all.
    fn on<'a>(&self, script: &'a Script, topic: &Topic, also: Option<&str>) -> Run<'a> {
        let kinds = ["stream-meta", "stream"].into_iter().chain(also);
        // The braces keep a topic's keys on one server of a cluster.
        let keys = kinds.map(|kind| format!("mithril:{kind}:{{{topic}}}"));
        let mut epoch = Uuid::new_v4().simple().to_string();
        epoch.truncate(16);
        script
            .on(keys)
            .arg(epoch)
            .arg(if self.trust_restart { "1" } else { "0" })
            .arg(millis(self.bounds.age))
            .arg(millis(self.bounds.age.max(CURSORS_LAST)))
    }

    async fn run<T>(
        &self,
        run: Run<'_>,
        read: impl FnOnce(Reply) -> Option<T>,
    ) -> Result<T, LinkError> {
        let answer = self.link.run(run).await;
        let answer = answer.and_then(|reply| {
            let garbled = || LinkError {
                is_open: true,
                ..self.link.error(LinkFailure::Garbled)
            };
            read(reply).ok_or_else(garbled)
        });
        self.note(answer.as_ref().err());
        answer
    }

    /// What changes nothing that anyone waits for: done or not.
    async fn ask<T>(
        &self,
        run: Run<'_>,
        read: impl FnOnce(Reply) -> Option<T>,
    ) -> Result<T, HistoryError> {
        let answer = self.run(run, read).await;
        answer.map_err(|_| HistoryError::Unavailable)
    }

    /// Says why Redis refuses, once. Whether it is there at all, the broker says.
    fn note(&self, error: Option<&LinkError>) {
        let refused = error.filter(|error| !error.failure.is_of_connection());
        if let (Some(error), None) = (error, refused) {
            tracing::debug!(error = error as &dyn std::error::Error, "no history");
            return;
        }
        let refusal = refused.map(|error| &error.failure);
        let mut last = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() == refusal {
            return;
        }
        *last = refusal.cloned();
        if let Some(error) = refused {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "messages are not recorded, or not read");
        } else {
            tracing::info!("the history answers again");
        }
    }

    /// What [`History::append`] does, with the cause where it does not. An id must not be longer than
    /// [`MAX_ID`].
    pub async fn record(
        &self,
        topic: &Topic,
        record: &Record,
        known_by: Idempotency<'_>,
    ) -> Result<Appended, LinkError> {
        let (kind, id) = id_of(record, known_by);
        let run = self.on(&self.scripts.append, topic, Some("seen"));
        let run = run
            .arg(self.bounds.entries.max(1).to_string())
            .arg(millis(IDS_LAST))
            .arg(format!("{kind}{id}"))
            .arg(&*record.message_id)
            .arg(Envelope::live_channel(topic))
            .arg(&*record.payload);
        let read = |reply: Reply| {
            let [epoch, offset, message_id, is_new] = reply.list()?.try_into().ok()?;
            Some(Appended {
                position: position(epoch, &offset)?,
                message_id: message_id.text()?,
                is_new: is_new.integer()? == 1,
            })
        };
        self.run(run, read).await
    }

    async fn append(
        &self,
        topic: &Topic,
        record: &Record,
        known_by: Idempotency<'_>,
    ) -> Result<Appended, HistoryError> {
        if id_of(record, known_by).1.len() > MAX_ID {
            return Err(HistoryError::TooLarge);
        }
        let recorded = self.record(topic, record, known_by).await;
        recorded.map_err(|error| {
            if error.is_open {
                HistoryError::Unanswered
            } else {
                HistoryError::Unavailable
            }
        })
    }

    async fn read(&self, topic: &Topic, after: u64, most: Portion) -> Result<Page, HistoryError> {
        let run = self.on(&self.scripts.read, topic, None);
        // A script counts in floating point, which these fit into.
        let bytes = most.bytes.min(MAX_PORTION);
        let run = run
            .arg(after.to_string())
            .arg(most.entries.to_string())
            .arg(bytes.to_string());
        let read = |reply: Reply| {
            let [epoch, trimmed, last, entries] = reply.list()?.try_into().ok()?;
            Some(Page {
                epoch: epoch.text()?,
                trimmed: number(&trimmed)?,
                last: number(&last)?,
                entries: entries_of(entries.list()?)?,
            })
        };
        self.ask(run, read).await
    }
}

impl History for RedisHistory {
    fn append<'a>(
        &'a self,
        topic: &'a Topic,
        record: &'a Record,
        known_by: Idempotency<'a>,
    ) -> HistoryFuture<'a, Appended> {
        Box::pin(self.append(topic, record, known_by))
    }

    fn position<'a>(&'a self, topic: &'a Topic) -> HistoryFuture<'a, Position> {
        let run = self.on(&self.scripts.position, topic, None);
        Box::pin(self.ask(run, position_of))
    }

    fn read<'a>(&'a self, topic: &'a Topic, after: u64, most: Portion) -> HistoryFuture<'a, Page> {
        Box::pin(self.read(topic, after, most))
    }

    fn cursor<'a>(
        &'a self,
        topic: &'a Topic,
        user: &'a UserId,
    ) -> HistoryFuture<'a, Option<Position>> {
        let run = self.on(&self.scripts.cursor, topic, Some("cursor"));
        let run = run.arg(user.as_str());
        Box::pin(self.ask(run, |reply| match reply {
            Reply::Nil => Some(None),
            reply => position_of(reply).map(Some),
        }))
    }

    fn move_cursor<'a>(
        &'a self,
        topic: &'a Topic,
        user: &'a UserId,
        epoch: Option<&'a str>,
        offset: u64,
    ) -> HistoryFuture<'a, u64> {
        let run = self.on(&self.scripts.move_cursor, topic, Some("cursor"));
        let run = run
            .arg(user.as_str())
            .arg(millis(CURSORS_LAST))
            .arg(offset.to_string())
            .arg(epoch.map_or_else(String::new, |epoch| format!("={epoch}")));
        Box::pin(self.ask(run, |reply| number(&reply)))
    }
}

/// The kind of id that a message is known by, and the id; both empty where there is none.
fn id_of<'a>(record: &'a Record, known_by: Idempotency<'a>) -> (&'static str, &'a str) {
    match known_by {
        Idempotency::None => ("", ""),
        Idempotency::MessageId => ("m", &record.message_id),
        Idempotency::Key(key) => ("k", key),
    }
}

fn position_of(reply: Reply) -> Option<Position> {
    let [epoch, offset] = reply.list()?.try_into().ok()?;
    position(epoch, &offset)
}

fn position(epoch: Reply, offset: &Reply) -> Option<Position> {
    Some(Position {
        epoch: epoch.text()?,
        offset: number(offset)?,
    })
}

fn number(reply: &Reply) -> Option<u64> {
    reply.integer()?.try_into().ok()
}

/// Offsets and payloads in turn.
fn entries_of(replies: Vec<Reply>) -> Option<Vec<Entry>> {
    let mut replies = replies.into_iter();
    let mut entries = Vec::with_capacity(replies.len() / 2);
    while let Some(offset) = replies.next() {
        entries.push(Entry {
            offset: number(&offset)?,
            payload: replies.next()?.text()?.into(),
        });
    }
    Some(entries)
}
