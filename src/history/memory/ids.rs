//! An id is remembered for its time, and of more than fit the latest are.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use crate::history::{IDS_LAST, Idempotency};
use crate::protocol::{Position, Record, Topic};

/// How many ids are remembered.
const MOST: usize = 65_536;

/// What was appended of late under an id.
#[derive(Debug, Default)]
pub(super) struct Ids {
    known: HashMap<Id, (Position, String)>,
    // In the order in which they are forgotten.
    order: VecDeque<(Timestamp, Id)>,
}

/// A publisher's key is not another one's message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Id {
    Message(Topic, String),
    Key(Topic, String),
}

impl Id {
    pub(super) fn of(topic: &Topic, record: &Record, known_by: Idempotency<'_>) -> Option<Self> {
        let topic = topic.clone();
        match known_by {
            Idempotency::None => None,
            Idempotency::MessageId => Some(Self::Message(topic, record.message_id.clone())),
            Idempotency::Key(key) => Some(Self::Key(topic, key.to_owned())),
        }
    }
}

impl Ids {
    /// Where the message with this id was recorded, and what it is called.
    pub(super) fn find(&mut self, id: &Id, now: Timestamp) -> Option<(Position, String)> {
        self.forget(|at| now.duration_since(at).unsigned_abs() > IDS_LAST);
        self.known.get(id).cloned()
    }

    pub(super) fn remember(&mut self, id: Id, as_what: (Position, String), now: Timestamp) {
        if self.order.len() >= MOST {
            let mut one = true;
            self.forget(|_| std::mem::take(&mut one));
        }
        if self.known.insert(id.clone(), as_what).is_none() {
            self.order.push_back((now, id));
        }
    }

    fn forget(&mut self, mut is_over: impl FnMut(Timestamp) -> bool) {
        while let Some((at, _)) = self.order.front()
            && is_over(*at)
            && let Some((_, id)) = self.order.pop_front()
        {
            self.known.remove(&id);
        }
        if self.known.len() < self.known.capacity() / 4 {
            self.known.shrink_to(self.known.len() * 2);
            self.order.shrink_to(self.order.len() * 2);
        }
    }
}
