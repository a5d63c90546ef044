//! All rings together keep to one bound, and a topic that was forgotten comes back under another
//! epoch.
//!
//! A topic without entries costs nothing until something is appended. What is forgotten is
//! remembered as a number for each few topics: the epoch that a topic of theirs begins with next.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::ids::{Id, Ids};
use super::ring::Ring;
use crate::history::{Appended, Bounds, CURSORS_LAST, HistoryError, Idempotency, Page, Portion};
use crate::ids::UserId;
use crate::protocol::{Position, Record, Topic};

/// How many numbers stand for all topics that were forgotten.
const EPOCHS: usize = 4_096;
/// How much work is done before what is left of old topics is looked for.
const SWEEP: usize = 1_024;

/// Every topic's history.
#[derive(Debug)]
pub(super) struct Rings {
    bounds: Bounds,
    name: String,
    hasher: RandomState,
    epochs: Box<[u32]>,
    topics: HashMap<Topic, Ring>,
    numbers: u64,
    // Entries from the oldest on, some of them gone already.
    order: VecDeque<Place>,
    entries: usize,
    bytes: usize,
    since_sweep: usize,
    ids: Ids,
}

#[derive(Debug)]
struct Place {
    topic: Topic,
    ring: u64,
    offset: u64,
}

impl Rings {
    pub(super) fn new(bounds: Bounds) -> Self {
        let mut name = Uuid::new_v4().simple().to_string();
        name.truncate(16);
        Self {
            bounds,
            name,
            hasher: RandomState::new(),
            epochs: vec![0; EPOCHS].into(),
            topics: HashMap::new(),
            numbers: 0,
            order: VecDeque::new(),
            entries: 0,
            bytes: 0,
            since_sweep: 0,
            ids: Ids::default(),
        }
    }

    pub(super) fn forget(&mut self) {
        *self = Self::new(self.bounds);
    }

    pub(super) fn append(
        &mut self,
        topic: &Topic,
        record: &Record,
        known_by: Idempotency<'_>,
        now: Timestamp,
    ) -> Result<Appended, HistoryError> {
        let id = Id::of(topic, record, known_by);
        if let Some(id) = &id
            && let Some((position, message_id)) = self.ids.find(id, now)
        {
            return Ok(Appended {
                position,
                message_id,
                is_new: false,
            });
        }
        let cost = Ring::cost_of(&record.payload);
        if cost > self.bounds.bytes {
            return Err(HistoryError::TooLarge);
        }
        let position = self.push(topic, record, cost, now);
        self.trim(topic, now);
        if let Some(id) = id {
            let known = (position.clone(), record.message_id.clone());
            self.ids.remember(id, known, now);
        }
        Ok(Appended {
            position,
            message_id: record.message_id.clone(),
            is_new: true,
        })
    }

    pub(super) fn position(&self, topic: &Topic) -> Position {
        let ring = self.topics.get(topic).map(Ring::position);
        ring.unwrap_or_else(|| Position {
            epoch: self.next_epoch(topic),
            offset: 0,
        })
    }

    pub(super) fn read(
        &mut self,
        topic: &Topic,
        after: u64,
        most: Portion,
        now: Timestamp,
    ) -> Page {
        let oldest = before(now, self.bounds.age);
        let Some(ring) = self.topics.get_mut(topic) else {
            return Page {
                epoch: self.next_epoch(topic),
                trimmed: 0,
                last: 0,
                entries: Vec::new(),
            };
        };
        while ring.is_older(oldest)
            && let Some(cost) = ring.pop()
        {
            self.bytes -= cost;
            self.entries -= 1;
        }
        ring.read(after, most)
    }

    pub(super) fn cursor(&self, topic: &Topic, user: &UserId) -> Option<Position> {
        let ring = self.topics.get(topic)?;
        Some(Position {
            epoch: ring.epoch.to_string(),
            offset: ring.cursor(user)?,
        })
    }

    pub(super) fn move_cursor(
        &mut self,
        topic: &Topic,
        user: &UserId,
        epoch: Option<&str>,
        offset: u64,
        now: Timestamp,
    ) -> u64 {
        let Some(ring) = self.topics.get_mut(topic) else {
            return 0;
        };
        let is_current = epoch.is_none_or(|epoch| epoch == &*ring.epoch);
        let offset = if is_current { offset } else { 0 };
        let before = ring.own_cost();
        let moved = ring.move_cursor(user, offset, now);
        self.bytes = self.bytes - before + ring.own_cost();
        self.trim(topic, now);
        moved
    }

    fn push(&mut self, topic: &Topic, record: &Record, cost: usize, now: Timestamp) -> Position {
        if !self.topics.contains_key(topic) {
            self.numbers += 1;
            let ring = Ring::new(self.next_epoch(topic).into(), self.numbers, now);
            self.bytes += ring.own_cost();
            self.topics.insert(topic.clone(), ring);
        }
        let Some(ring) = self.topics.get_mut(topic) else {
            // It has just been inserted.
            return self.position(topic);
        };
        let offset = ring.push(Arc::from(&*record.payload), now);
        self.order.push_back(Place {
            topic: topic.clone(),
            ring: ring.number,
            offset,
        });
        self.bytes += cost;
        self.entries += 1;
        while ring.len() > self.bounds.entries
            && let Some(cost) = ring.pop()
        {
            self.bytes -= cost;
            self.entries -= 1;
        }
        Position {
            epoch: ring.epoch.to_string(),
            offset,
        }
    }

    /// Lets go of what is too old or too much; the topic in hand stays, if only by name.
    fn trim(&mut self, in_hand: &Topic, now: Timestamp) {
        let oldest = before(now, self.bounds.age);
        while let Some(place) = self.order.front() {
            let ring = self.topics.get_mut(&place.topic);
            let holds = |ring: &&mut Ring| {
                ring.number == place.ring && ring.trimmed() + 1 == place.offset && ring.len() > 0
            };
            match ring.filter(holds) {
                None => {}
                Some(ring) if self.bytes > self.bounds.bytes || ring.is_older(oldest) => {
                    self.bytes -= ring.pop().unwrap_or(0);
                    self.entries -= 1;
                }
                Some(_) => break,
            }
            self.order.pop_front();
        }
        if self.order.len() > 2 * self.entries + SWEEP {
            let rings = &self.topics;
            self.order.retain(|place| {
                let ring = rings.get(&place.topic);
                ring.is_some_and(|ring| ring.number == place.ring && ring.trimmed() < place.offset)
            });
            self.order.shrink_to_fit();
        }
        self.since_sweep += 1;
        let too_much = self.bytes > self.bounds.bytes;
        if too_much || self.since_sweep > self.topics.len() + SWEEP {
            self.since_sweep = 0;
            self.sweep(in_hand, (!too_much).then(|| before(now, CURSORS_LAST)));
        }
    }

    /// Forgets the topics without entries that nothing was done with since; all of them where there
    /// is no such moment.
    fn sweep(&mut self, in_hand: &Topic, since: Option<Timestamp>) {
        let (epochs, hasher, bytes) = (&mut self.epochs, &self.hasher, &mut self.bytes);
        self.topics.retain(|topic, ring| {
            let stays = topic == in_hand
                || ring.len() > 0
                || since.is_some_and(|since| ring.touched >= since);
            if !stays {
                *bytes -= ring.own_cost();
                if let Some(epoch) = epochs.get_mut(spread(hasher, topic)) {
                    *epoch = epoch.wrapping_add(1);
                }
            }
            stays
        });
        if self.topics.len() < self.topics.capacity() / 4 {
            self.topics.shrink_to(self.topics.len() * 2);
        }
    }

    /// The epoch that a topic without a ring begins with.
    fn next_epoch(&self, topic: &Topic) -> String {
        let number = self.epochs.get(spread(&self.hasher, topic));
        format!("{}-{}", self.name, number.copied().unwrap_or(0))
    }
}

// Before all that can be told there is nothing.
fn before(now: Timestamp, duration: Duration) -> Timestamp {
    now.saturating_sub(duration).unwrap_or(Timestamp::MIN)
}

// The remainder is below the number of epochs, which fits any integer.
fn spread(hasher: &RandomState, topic: &Topic) -> usize {
    usize::try_from(hasher.hash_one(topic) % EPOCHS as u64).unwrap_or(0)
}
