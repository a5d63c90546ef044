//! The hub knows who is subscribed to what, and gives each of them a message once.
//!
//! A message is encoded at most once per dialect and put into outboxes, which never wait, so no lock
//! is held longer than the pushes of one message. Locks are split by topic: connections that leave
//! by thousands each hold one for a moment. A topic's lock is held while its message goes out, so
//! that all who hear a topic hear it in one order.

mod frames;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::protocol::{Address, Dialect, Envelope, ServerMessage, Stamp, Topic, TopicPattern};

use super::outbox::Outbox;
use frames::Frames;

/// How many locks topics are spread over.
const SHARDS: usize = 64;

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
    topics: Box<[Mutex<HashMap<Topic, Recipients>>]>,
    // Taken after a topic's lock, never before.
    patterns: RwLock<HashMap<TopicPattern, Recipients>>,
    everyone: Box<[Mutex<Recipients>]>,
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
        Arc::new(Self {
            hasher: RandomState::new(),
            topics: (0..SHARDS).map(|_| Mutex::default()).collect(),
            patterns: RwLock::default(),
            everyone: (0..SHARDS).map(|_| Mutex::default()).collect(),
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
            shard.entry(topic).or_default().insert(number, recipient);
        } else {
            let mut patterns = self.patterns_mut();
            let recipients = patterns.entry(pattern.clone()).or_default();
            recipients.insert(number, recipient);
        }
        self.membership(number, Some(pattern.clone()))
    }

    /// Gives a message to all whom it is for; returns how many took it.
    pub(super) fn publish(&self, envelope: &Envelope) -> usize {
        let mut frames = Frames::of(envelope);
        match &envelope.address {
            Address::Everyone => self
                .everyone
                .iter()
                .map(|shard| frames.push_to(lock(shard).values()))
                .sum(),
            Address::Topic(topic) => {
                let shard = self.shard(topic);
                let patterns = self.patterns.read().unwrap_or_else(PoisonError::into_inner);
                let exact = shard.get(topic);
                let wider = TopicPattern::wider_than(topic);
                let matching: Vec<&Recipients> = exact
                    .into_iter()
                    .chain(wider.iter().filter_map(|pattern| patterns.get(pattern)))
                    .collect();
                let mut taken = 0;
                for (index, recipients) in matching.iter().enumerate() {
                    let before = &matching[..index];
                    let first = recipients
                        .values()
                        .filter(|one| before.iter().all(|set| !set.contains_key(&one.number)));
                    taken += frames.push_to(first);
                }
                taken
            }
        }
    }

    /// Whether all who are subscribed to this very topic have taken most of what they were sent.
    pub(super) fn has_room(&self, topic: &Topic) -> bool {
        let shard = self.shard(topic);
        let mut recipients = shard.get(topic).into_iter().flat_map(HashMap::values);
        recipients.all(|recipient| recipient.outbox.is_roomy())
    }

    /// How many subscriptions there are. It looks at every topic: for whoever asks now and then.
    pub(super) fn subscriptions(&self) -> usize {
        let exact = self.topics.iter().map(|shard| {
            let topics = lock(shard);
            topics.values().map(HashMap::len).sum::<usize>()
        });
        let exact: usize = exact.sum();
        let patterns = self.patterns.read().unwrap_or_else(PoisonError::into_inner);
        exact + patterns.values().map(HashMap::len).sum::<usize>()
    }

    /// Tells every connection which of its topics may have missed messages.
    pub(super) fn tell_of_gap(&self) {
        let mut topics: HashMap<u64, (Arc<Recipient>, Vec<String>)> = HashMap::new();
        let mut note = |name: String, recipients: &Recipients| {
            for recipient in recipients.values() {
                let entry = topics
                    .entry(recipient.number)
                    .or_insert_with(|| (Arc::clone(recipient), Vec::new()));
                entry.1.push(name.clone());
            }
        };
        for shard in &self.topics {
            for (topic, recipients) in lock(shard).iter() {
                note(topic.to_string(), recipients);
            }
        }
        let patterns = self.patterns.read().unwrap_or_else(PoisonError::into_inner);
        for (pattern, recipients) in patterns.iter() {
            note(pattern.to_string(), recipients);
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
            Some(topic) => remove(&mut self.shard(&topic), &topic, number),
            None => remove(&mut *self.patterns_mut(), pattern, number),
        }
    }

    fn shard(&self, topic: &Topic) -> MutexGuard<'_, HashMap<Topic, Recipients>> {
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

fn remove<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Recipients>, key: &K, number: u64) {
    let Some(recipients) = map.get_mut(key) else {
        return;
    };
    recipients.remove(&number);
    if recipients.is_empty() {
        map.remove(key);
        shrink(map);
    } else {
        shrink(recipients);
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
