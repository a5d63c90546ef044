//! The history of a process that has no other. It is gone with the process, and bounded in bytes:
//! entries and cursors of a topic go before their time where there is not room for all.
//!
//! Appends to one topic are delivered in the order of their offsets: a lock for each few topics is
//! held from the recording to the end of the delivery, which never waits. So an inbox must not wait
//! for an append while it is called. Who is lost with the broker is refused.

mod ids;
mod ring;
mod rings;

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    Appended, Bounds, History, HistoryError, HistoryFuture, Idempotency, MAX_ID, Page, Portion,
};
use crate::broker::memory::{MemoryBroker, MemoryConnection};
use crate::broker::{Broker, ConnectionChange, Delivery, Inbox};
use crate::clock::Clock;
use crate::ids::UserId;
use crate::protocol::{Envelope, Position, Record, Topic};
use rings::Rings;

/// How many locks the order of deliveries is spread over.
const SHARDS: u64 = 64;

/// Histories in the memory of this process.
#[derive(Debug)]
pub struct MemoryHistory {
    clock: Clock,
    broker: MemoryConnection,
    hasher: RandomState,
    order: Box<[Mutex<()>]>,
    rings: Mutex<Rings>,
}

impl MemoryHistory {
    /// An empty history that delivers through this broker.
    pub fn new(bounds: Bounds, clock: Clock, broker: &MemoryBroker) -> Self {
        Self {
            clock,
            broker: broker.connect(Arc::new(Deaf)),
            hasher: RandomState::new(),
            order: (0..SHARDS).map(|_| Mutex::default()).collect(),
            rings: Mutex::new(Rings::new(bounds)),
        }
    }

    /// Forgets everything: every topic begins another epoch.
    pub fn forget(&self) {
        self.rings().forget();
    }

    fn append(
        &self,
        topic: &Topic,
        record: &Record,
        known_by: Idempotency<'_>,
    ) -> Result<Appended, HistoryError> {
        let id = match known_by {
            Idempotency::None => None,
            Idempotency::MessageId => Some(&*record.message_id),
            Idempotency::Key(key) => Some(key),
        };
        if id.is_some_and(|id| id.len() > MAX_ID) {
            return Err(HistoryError::TooLarge);
        }
        if !self.broker.is_connected() {
            return Err(HistoryError::Unavailable);
        }
        let shard = usize::try_from(self.hasher.hash_one(topic) % SHARDS).unwrap_or(0);
        let _in_order = lock(&self.order[shard]);
        let now = self.clock.now();
        let appended = self.rings().append(topic, record, known_by, now)?;
        if appended.is_new {
            self.deliver(topic, record, &appended.position);
        }
        Ok(appended)
    }

    // What is recorded stays recorded: whoever missed the delivery finds it in the history.
    fn deliver(&self, topic: &Topic, record: &Record, position: &Position) {
        let delivered = Record::live(&record.payload, position)
            .map(|live| (Envelope::live_channel(topic), live))
            .map(|(channel, live)| self.broker.deliver(channel.into(), live.into()));
        match delivered {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error = &error as &dyn std::error::Error, "not live"),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "not live"),
        }
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        lock(&self.rings)
    }
}

impl History for MemoryHistory {
    fn append<'a>(
        &'a self,
        topic: &'a Topic,
        record: &'a Record,
        known_by: Idempotency<'a>,
    ) -> HistoryFuture<'a, Appended> {
        Box::pin(async move { self.append(topic, record, known_by) })
    }

    fn position<'a>(&'a self, topic: &'a Topic) -> HistoryFuture<'a, Position> {
        Box::pin(async move { Ok(self.rings().position(topic)) })
    }

    fn read<'a>(&'a self, topic: &'a Topic, after: u64, most: Portion) -> HistoryFuture<'a, Page> {
        Box::pin(async move { Ok(self.rings().read(topic, after, most, self.clock.now())) })
    }

    fn cursor<'a>(
        &'a self,
        topic: &'a Topic,
        user: &'a UserId,
    ) -> HistoryFuture<'a, Option<Position>> {
        Box::pin(async move { Ok(self.rings().cursor(topic, user)) })
    }

    fn move_cursor<'a>(
        &'a self,
        topic: &'a Topic,
        user: &'a UserId,
        epoch: Option<&'a str>,
        offset: u64,
    ) -> HistoryFuture<'a, u64> {
        Box::pin(async move {
            let now = self.clock.now();
            Ok(self.rings().move_cursor(topic, user, epoch, offset, now))
        })
    }
}

/// A history only publishes.
#[derive(Debug)]
struct Deaf;

impl Inbox for Deaf {
    fn deliver(&self, _: Delivery) {}

    fn changed(&self, _: ConnectionChange) {}
}

// Each change leaves the state consistent, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
