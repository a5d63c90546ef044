//! A message that could not be recorded may come more than once: its id is shown once.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use crate::history::IDS_LAST;
use crate::protocol::Topic;

/// How many ids are remembered.
const MOST: usize = 4_096;

type Id = (Topic, Arc<str>);

/// The ids of late.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// Whether it was shown before it was recorded.
    known: HashMap<Id, bool>,
    order: VecDeque<(Instant, Id)>,
}

impl Repeats {
    /// Whether the id is one of late.
    pub(super) fn contains(&self, topic: &Topic, id: &str) -> bool {
        !self.known.is_empty() && self.known.contains_key(&(topic.clone(), Arc::from(id)))
    }

    /// Whether the message was shown before it was recorded.
    pub(super) fn showed(&self, topic: &Topic, id: &str) -> bool {
        !self.known.is_empty() && self.known.get(&(topic.clone(), Arc::from(id))) == Some(&true)
    }

    /// Whether the id of a message that is not recorded is new; from now on it is not.
    pub(super) fn show(&mut self, topic: &Topic, id: &str) -> bool {
        self.insert(topic, id, true)
    }

    /// The same of a message that is recorded.
    pub(super) fn record(&mut self, topic: &Topic, id: &str) -> bool {
        self.insert(topic, id, false)
    }

    fn insert(&mut self, topic: &Topic, id: &str, shown: bool) -> bool {
        let now = Instant::now();
        while let Some((since, id)) = self.order.front()
            && (self.order.len() >= MOST || now.duration_since(*since) > IDS_LAST)
        {
            self.known.remove(id);
            self.order.pop_front();
        }
        let id = (topic.clone(), Arc::from(id));
        let is_new = !self.known.contains_key(&id);
        if is_new {
            self.known.insert(id.clone(), shown);
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
            repeats.show(&room("room:c"), &number.to_string());
        }
        assert_eq!((repeats.known.len(), repeats.order.len()), (MOST, MOST));
    }
}
