//! The hub knows who is subscribed to what, and gives each of them a message once.
//!
//! A message is encoded at most once per dialect and put into outboxes, which never wait, so no lock
//! is held longer than the pushes of one message. Locks are split by topic: connections that leave
//! by thousands each hold one for a moment. A topic's lock is held while its message goes out, so
//! that all who hear a topic hear it in one order. What a history keeps goes through the topic's feed
//! first, and to those who have yet to be sent what they missed through a gate each.

mod following;
mod frames;
mod place;
mod repeats;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::Notify;

use crate::protocol::{
    Address, Content, Dialect, Envelope, ServerMessage, Stamp, Topic, TopicPattern,
};

use super::outbox::{Bounds, Outbox};
use place::Place;
use repeats::Repeats;

pub(super) use following::{Joined, Latecomer, Owed, Step, Watch};
pub(super) use frames::{Frames, Outgoing};

/// How many locks topics are spread over.
const SHARDS: usize = 64;
/// What may wait for one connection that is sent what it missed, or for one topic while its history
/// is read.
const WAITING: Bounds = Bounds {
    frames: 1_000,
    bytes: 1024 * 1024,
};

/// Who messages go to: one connection.
#[derive(Debug)]
pub(super) struct Recipient {
    /// The connection's number, unique in the process.
    pub(super) number: u64,
    /// What it speaks.
    pub(super) dialect: Dialect,
    /// Where its frames wait.
    pub(super) outbox: Arc<Outbox>,
}

type Recipients = HashMap<u64, Arc<Recipient>>;

/// All subscriptions of this process.
#[derive(Debug)]
pub(super) struct Hub {
    hasher: RandomState,
    topics: Box<[Mutex<HashMap<Topic, Place>>]>,
    // These are taken after a topic's lock, never before.
    patterns: RwLock<HashMap<TopicPattern, Recipients>>,
    repeats: Mutex<Repeats>,
    unsure: Mutex<VecDeque<Topic>>,
    everyone: Box<[Mutex<Recipients>]>,
    waiting: Bounds,
    feeds: AtomicU64,
    asked: Notify,
}

/// A subscription; it ends when it is dropped.
#[derive(Debug)]
#[must_use = "the subscription ends when it is dropped"]
pub(super) struct Membership {
    hub: Arc<Hub>,
    number: u64,
    what: Option<TopicPattern>,
}

impl Hub {
    pub(super) fn new() -> Arc<Self> {
        Self::with(WAITING)
    }

    /// A hub in which so much may wait.
    fn with(waiting: Bounds) -> Arc<Self> {
        Arc::new(Self {
            hasher: RandomState::new(),
            topics: (0..SHARDS).map(|_| Mutex::default()).collect(),
            patterns: RwLock::default(),
            repeats: Mutex::default(),
            unsure: Mutex::default(),
            everyone: (0..SHARDS).map(|_| Mutex::default()).collect(),
            waiting,
            feeds: AtomicU64::new(0),
            asked: Notify::new(),
        })
    }

    /// From now on messages for everyone go to this connection.
    pub(super) fn enter(self: &Arc<Self>, recipient: &Arc<Recipient>) -> Membership {
        let number = recipient.number;
        self.connections(number)
            .insert(number, Arc::clone(recipient));
        self.membership(number, None)
    }

    /// From now on messages on these topics go to this connection.
    pub(super) fn subscribe(
        self: &Arc<Self>,
        pattern: &TopicPattern,
        recipient: &Arc<Recipient>,
    ) -> Membership {
        let (number, recipient) = (recipient.number, Arc::clone(recipient));
        if let Some(topic) = pattern.concrete() {
            let mut shard = self.shard(&topic);
            let place = shard.entry(topic).or_default();
            place.live.insert(number, recipient);
        } else {
            let mut patterns = self.patterns_mut();
            let recipients = patterns.entry(pattern.clone()).or_default();
            recipients.insert(number, recipient);
        }
        self.membership(number, Some(pattern.clone()))
    }

    /// Gives a message that no history keeps to all whom it is for; returns how many took it.
    pub(super) fn publish(&self, envelope: &Envelope) -> usize {
        let mut frames = Frames::of(envelope);
        match &envelope.address {
            Address::Everyone => self
                .everyone
                .iter()
                .map(|shard| frames.push_to(lock(shard).values()))
                .sum(),
            Address::Topic(topic) => self.publish_on(&mut self.shard(topic), topic, &mut frames),
        }
    }

    fn publish_on(
        &self,
        shard: &mut HashMap<Topic, Place>,
        topic: &Topic,
        frames: &mut Frames<'_>,
    ) -> usize {
        let mut place = shard.get_mut(topic);
        let taken = self.publish_wider(frames, topic, place.as_deref());
        taken + place.as_mut().map_or(0, |place| place.publish(frames))
    }

    /// The same for a message whose id may have come before, from another replica or another way.
    pub(super) fn publish_once(&self, envelope: &Envelope) -> usize {
        let Address::Topic(topic) = &envelope.address else {
            return self.publish(envelope);
        };
        // It may be arriving at this moment: what is looked up counts under the topic's lock alone.
        let mut shard = self.shard(topic);
        let is_new = match &envelope.content {
            Content::Notice { message_id, .. } => message_id
                .as_ref()
                .is_none_or(|id| lock(&self.repeats).show(topic, id)),
            Content::Said { message_id, .. } => lock(&self.repeats).show(topic, message_id),
            // It comes once, and not at all where it was told already.
            Content::Moved { message_id, .. } => !lock(&self.repeats).contains(topic, message_id),
            Content::Text(_) => true,
        };
        if is_new {
            self.publish_on(&mut shard, topic, &mut Frames::of(envelope))
        } else {
            0
        }
    }

    /// From now on somebody's coming or going is known here, and not told again when it arrives.
    pub(super) fn told(&self, envelope: &Envelope) {
        if let (Address::Topic(topic), Content::Moved { message_id, .. }) =
            (&envelope.address, &envelope.content)
        {
            lock(&self.repeats).show(topic, message_id);
        }
    }

    /// Those who hear a topic by a pattern hear it as it comes, those who hear it by name too
    /// excepted.
    fn publish_wider(
        &self,
        frames: &mut Frames<'_>,
        topic: &Topic,
        place: Option<&Place>,
    ) -> usize {
        let patterns = self.patterns.read().unwrap_or_else(PoisonError::into_inner);
        let wider = TopicPattern::wider_than(topic);
        let matching: Vec<&Recipients> = wider
            .iter()
            .filter_map(|pattern| patterns.get(pattern))
            .collect();
        let mut taken = 0;
        for (index, recipients) in matching.iter().enumerate() {
            let before = &matching[..index];
            let first = recipients.values().filter(|one| {
                let is_here = place.is_some_and(|place| place.holds(one.number));
                !is_here && before.iter().all(|set| !set.contains_key(&one.number))
            });
            taken += frames.push_to(first);
        }
        taken
    }

    /// Whether all who hear this very topic have taken most of what they were sent.
    pub(super) fn has_room(&self, topic: &Topic) -> bool {
        let shard = self.shard(topic);
        let mut has_room = true;
        if let Some(place) = shard.get(topic) {
            place.each(|recipient| has_room &= recipient.outbox.is_roomy());
        }
        has_room
    }

    /// How many subscriptions there are. It looks at every topic: for whoever asks now and then.
    pub(super) fn subscriptions(&self) -> usize {
        let exact = self.topics.iter().map(|shard| {
            let topics = lock(shard);
            topics.values().map(Place::len).sum::<usize>()
        });
        let exact: usize = exact.sum();
        let patterns = self.patterns.read().unwrap_or_else(PoisonError::into_inner);
        exact + patterns.values().map(HashMap::len).sum::<usize>()
    }

    /// Tells every connection which of its topics may have missed messages.
    pub(super) fn tell_of_gap(&self) {
        let mut topics: HashMap<u64, (Arc<Recipient>, Vec<String>)> = HashMap::new();
        let mut note = |name: String, recipient: &Arc<Recipient>| {
            let entry = topics
                .entry(recipient.number)
                .or_insert_with(|| (Arc::clone(recipient), Vec::new()));
            entry.1.push(name);
        };
        for shard in &self.topics {
            for (topic, place) in lock(shard).iter() {
                place.each(|recipient| note(topic.to_string(), recipient));
            }
        }
        let patterns = self.patterns.read().unwrap_or_else(PoisonError::into_inner);
        for (pattern, recipients) in patterns.iter() {
            for recipient in recipients.values() {
                note(pattern.to_string(), recipient);
            }
        }
        drop(patterns);
        for (recipient, mut topics) in topics.into_values() {
            topics.sort_unstable();
            match recipient.dialect {
                // The classic dialect has no word for it.
                Dialect::Classic => continue,
                Dialect::V1 => {}
            }
            let gap = ServerMessage::Gap { topics: &topics };
            let stamp = || Stamp::new(jiff::Timestamp::UNIX_EPOCH);
            match gap.encode(recipient.dialect, stamp) {
                // A full outbox has closed its connection, which recovers when it comes back.
                Ok(text) => drop(recipient.outbox.push(text.into())),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "no gap");
                }
            }
        }
    }

    fn membership(self: &Arc<Self>, number: u64, what: Option<TopicPattern>) -> Membership {
        Membership {
            hub: Arc::clone(self),
            number,
            what,
        }
    }

    fn leave(&self, number: u64, pattern: &TopicPattern) {
        match pattern.concrete() {
            Some(topic) => change(&mut self.shard(&topic), &topic, |place| {
                place.remove(number)
            }),
            None => change(&mut *self.patterns_mut(), pattern, |recipients| {
                recipients.remove(&number);
                shrink(recipients);
                recipients.is_empty()
            }),
        }
    }

    fn shard(&self, topic: &Topic) -> MutexGuard<'_, HashMap<Topic, Place>> {
        lock(&self.topics[spread(self.hasher.hash_one(topic))])
    }

    fn connections(&self, number: u64) -> MutexGuard<'_, Recipients> {
        lock(&self.everyone[spread(number)])
    }

    fn patterns_mut(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<TopicPattern, Recipients>> {
        self.patterns
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        if let Some(pattern) = &self.what {
            self.hub.leave(self.number, pattern);
            return;
        }
        let mut connections = self.hub.connections(self.number);
        connections.remove(&self.number);
        shrink(&mut connections);
    }
}

/// Changes an entry; one that is empty then goes.
fn change<K: std::hash::Hash + Eq, V>(
    map: &mut HashMap<K, V>,
    key: &K,
    change: impl FnOnce(&mut V) -> bool,
) {
    let is_empty = map.get_mut(key).is_some_and(change);
    if is_empty {
        map.remove(key);
        shrink(map);
    }
}

// A map keeps the memory of its busiest moment. Halving at a quarter costs each removal a constant.
fn shrink<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>) {
    if map.len() < map.capacity() / 4 {
        map.shrink_to(map.len() * 2);
    }
}

// The remainder is below the number of shards, which fits any integer.
fn spread(hash: u64) -> usize {
    usize::try_from(hash % SHARDS as u64).unwrap_or(0)
}

// Each change leaves a map consistent, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
