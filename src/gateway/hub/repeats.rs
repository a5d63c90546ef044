//! A message that could not be recorded, or is not known to be, may come more than once: its id is
//! shown once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::{Hub, lock};
use crate::history::IDS_LAST;
use crate::protocol::Topic;

/// How many ids of each kind are remembered.
const MOST: usize = 4_096;

type Id = (Topic, Arc<str>);

/// The ids of late.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// Those that were shown before they were recorded. There are few: what is recorded does not
    /// push them out.
    shown: Ids,
    recorded: Ids,
    /// What a history is being asked to record, and whether it has arrived meanwhile.
    expected: HashMap<Id, bool>,
}

#[derive(Debug, Default)]
struct Ids {
    known: HashSet<Id>,
    order: VecDeque<(Instant, Id)>,
}

/// A message that a history is being asked to record; it is expected no more when this is dropped.
#[derive(Debug)]
#[must_use = "the message is not expected when this is dropped"]
pub(in crate::gateway) struct Expected {
    hub: Arc<Hub>,
    id: Id,
}

impl Hub {
    /// From now on this message may arrive before its history answers, and counts as shown then.
    pub(in crate::gateway) fn expect(self: &Arc<Self>, topic: &Topic, id: &str) -> Expected {
        let id = (topic.clone(), Arc::from(id));
        lock(&self.repeats).expected.insert(id.clone(), false);
        let hub = Arc::clone(self);
        Expected { hub, id }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        let mut repeats = lock(&self.hub.repeats);
        repeats.expected.remove(&self.id);
        if repeats.expected.is_empty() {
            repeats.expected = HashMap::new();
        }
    }
}

impl Repeats {
    /// Whether the id is one of late.
    pub(super) fn contains(&self, topic: &Topic, id: &str) -> bool {
        self.shown.contains(topic, id) || self.recorded.contains(topic, id)
    }

    /// Whether the message was shown before it was recorded.
    pub(super) fn showed(&self, topic: &Topic, id: &str) -> bool {
        self.shown.contains(topic, id)
    }

    /// Whether the id of a message that is not recorded is new; from now on it is not.
    pub(super) fn show(&mut self, topic: &Topic, id: &str) -> bool {
        let is_known = self.recorded.contains(topic, id) || self.has_arrived(topic, id);
        !is_known && self.shown.insert(topic, id)
    }

    /// The same of a message that is recorded.
    pub(super) fn record(&mut self, topic: &Topic, id: &str) -> bool {
        !self.shown.contains(topic, id) && self.recorded.insert(topic, id)
    }

    /// A message has arrived that may be expected.
    pub(super) fn arrive(&mut self, topic: &Topic, id: &str) {
        if !self.expected.is_empty()
            && let Some(has_arrived) = self.expected.get_mut(&(topic.clone(), Arc::from(id)))
        {
            *has_arrived = true;
        }
    }

    fn has_arrived(&self, topic: &Topic, id: &str) -> bool {
        !self.expected.is_empty()
            && self.expected.get(&(topic.clone(), Arc::from(id))) == Some(&true)
    }
}

impl Ids {
    fn contains(&self, topic: &Topic, id: &str) -> bool {
        !self.known.is_empty() && self.known.contains(&(topic.clone(), Arc::from(id)))
    }

    /// Whether the id is new; from now on it is not.
    fn insert(&mut self, topic: &Topic, id: &str) -> bool {
        let now = Instant::now();
        while let Some((since, id)) = self.order.front()
            && (self.order.len() >= MOST || now.duration_since(*since) > IDS_LAST)
        {
            self.known.remove(id);
            self.order.pop_front();
        }
        let id = (topic.clone(), Arc::from(id));
        let is_new = self.known.insert(id.clone());
        if is_new {
            self.order.push_back((now, id));
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_id_is_new_once_in_its_topic_and_its_time() {
        let mut repeats = Repeats::default();
        let room = |name: &str| Topic::parse(name).unwrap();
        assert!(repeats.show(&room("room:a"), "1"));
        assert!(!repeats.show(&room("room:a"), "1"));
        assert!(repeats.show(&room("room:b"), "1"));
        tokio::time::advance(IDS_LAST + Duration::from_secs(1)).await;
        assert!(repeats.show(&room("room:a"), "1"));
        assert!(!repeats.record(&room("room:a"), "1") && repeats.showed(&room("room:a"), "1"));
        assert!(repeats.record(&room("room:a"), "2") && !repeats.showed(&room("room:a"), "2"));
        for number in 0..2 * MOST {
            repeats.record(&room("room:c"), &number.to_string());
        }
        assert!(repeats.showed(&room("room:a"), "1"));
        for number in 0..2 * MOST {
            repeats.show(&room("room:d"), &number.to_string());
        }
        for ids in [&repeats.shown, &repeats.recorded] {
            assert_eq!((ids.known.len(), ids.order.len()), (MOST, MOST));
        }
    }
}
