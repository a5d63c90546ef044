//! A queue between what arrives and a terminal or pipe that may be slow: it never grows beyond its
//! bound, and what it leaves out is counted at the place where it is missing.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::message::Message;

/// The most messages that wait.
const MOST: usize = 10_000;
/// The most memory that they take.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What is shown.
#[derive(Debug, Clone)]
pub enum Item {
    /// A message.
    Message(Message),
    /// A word about messages that are not there.
    Mark(Mark),
}

/// What is known of messages that are not there.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// Messages may be missing here, for a connection was lost.
    Gap {
        /// How long it was; nothing where only the other side knows.
        seconds: Option<f64>,
    },
    /// Messages are missing here, for they came faster than they could be shown.
    Dropped {
        /// How many.
        count: u64,
    },
}

/// Items in their order.
#[derive(Debug)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    taken: Notify,
    most: usize,
    most_bytes: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    items: Vec<Item>,
    bytes: usize,
    closed: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self::new(MOST, MOST_BYTES)
    }
}

impl Queue {
    /// A queue of so many messages and bytes.
    pub fn new(most: usize, most_bytes: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            taken: Notify::new(),
            most,
            most_bytes,
        }
    }

    /// Adds a message, or counts it where there is no room.
    pub fn push(&self, message: Message) {
        let weight = message.weight();
        let mut waiting = self.waiting();
        if waiting.closed {
            return;
        }
        // One message always has room, however large it is.
        let is_room = waiting.items.is_empty()
            || waiting.items.len() < self.most
                && waiting.bytes.saturating_add(weight) <= self.most_bytes;
        if is_room {
            waiting.bytes += weight;
            waiting.items.push(Item::Message(message));
        } else if let Some(Item::Mark(Mark::Dropped { count })) = waiting.items.last_mut() {
            *count += 1;
        } else {
            waiting.items.push(Item::Mark(Mark::Dropped { count: 1 }));
        }
        self.changed.notify_one();
    }

    /// Marks that messages may be missing. Where some were dropped it is marked already.
    pub fn push_gap(&self, seconds: Option<f64>) {
        let mut waiting = self.waiting();
        let is_marked = matches!(waiting.items.last(), Some(Item::Mark(Mark::Dropped { .. })));
        let is_full = waiting.items.len() > self.most;
        if !waiting.closed && !is_marked && !is_full {
            waiting.items.push(Item::Mark(Mark::Gap { seconds }));
            self.changed.notify_one();
        }
    }

    /// Waits until half of the queue is free, or nobody takes from it any more: for who can wait.
    pub async fn room(&self) {
        loop {
            let mut taken = std::pin::pin!(self.taken.notified());
            taken.as_mut().enable();
            let is_roomy = {
                let waiting = self.waiting();
                let (items, bytes) = (waiting.items.len(), waiting.bytes);
                waiting.closed || items <= self.most / 2 && bytes <= self.most_bytes / 2
            };
            if is_roomy {
                return;
            }
            taken.await;
        }
    }

    /// Waits for items and takes all that there are; nothing once the queue is closed and empty.
    pub fn take(&self) -> Option<Vec<Item>> {
        let is_idle = |waiting: &mut Waiting| waiting.items.is_empty() && !waiting.closed;
        let mut waiting = self
            .changed
            .wait_while(self.waiting(), is_idle)
            .unwrap_or_else(PoisonError::into_inner);
        waiting.bytes = 0;
        let items = std::mem::take(&mut waiting.items);
        drop(waiting);
        self.taken.notify_waiters();
        (!items.is_empty()).then_some(items)
    }

    /// Takes no more; what waits is still handed out.
    pub fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_all();
        self.taken.notify_waiters();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::tail::decode;

    fn message(text: &str) -> Message {
        let payload = Bytes::copy_from_slice(text.as_bytes());
        decode::published("ws:42", payload, Timestamp::UNIX_EPOCH)
    }

    /// The messages as texts, what is dropped as numbers.
    fn taken(queue: &Queue) -> Vec<String> {
        let item = |item: &Item| match item {
            Item::Message(message) => message.body.shown().to_owned(),
            Item::Mark(Mark::Dropped { count }) => format!("-{count}"),
            Item::Mark(Mark::Gap { .. }) => "gap".to_owned(),
        };
        queue.take().unwrap().iter().map(item).collect()
    }

    #[test]
    fn what_has_no_room_is_counted_where_it_is_missing() {
        let queue = Queue::new(2, usize::MAX);
        for text in ["a", "b", "c", "d"] {
            queue.push(message(text));
        }
        queue.push_gap(Some(1.0));
        assert_eq!(taken(&queue), ["a", "b", "-2"]);
        queue.push(message("e"));
        queue.push_gap(Some(1.0));
        queue.push(message("f"));
        assert_eq!(taken(&queue), ["e", "gap", "-1"]);
    }

    #[test]
    fn memory_is_bounded_and_one_message_always_fits() {
        let queue = Queue::new(100, 10_000);
        queue.push(message(&"x".repeat(100_000)));
        queue.push(message("y"));
        assert_eq!(taken(&queue).len(), 2);
        for _ in 0..1_000 {
            queue.push(message(&"x".repeat(1_000)));
        }
        assert!(taken(&queue).len() < 10);
    }

    #[test]
    fn gaps_do_not_pile_up() {
        let queue = Queue::new(3, usize::MAX);
        for _ in 0..100 {
            queue.push_gap(None);
        }
        assert!(taken(&queue).len() < 6);
    }

    #[test]
    fn a_closed_queue_hands_out_what_it_has() {
        let queue = Queue::default();
        queue.push(message("a"));
        queue.close();
        queue.push(message("b"));
        assert_eq!(taken(&queue), ["a"]);
        assert!(queue.take().is_none());
    }

    #[tokio::test]
    async fn who_can_wait_waits_for_room() {
        let queue = Queue::new(2, usize::MAX);
        queue.room().await;
        queue.push(message("a"));
        queue.push(message("b"));
        let ((), taken) = tokio::join!(queue.room(), async { taken(&queue) });
        assert_eq!(taken, ["a", "b"]);
        queue.push(message("c"));
        queue.push(message("d"));
        tokio::join!(queue.room(), async { queue.close() });
    }

    #[test]
    fn whoever_waits_is_woken() {
        let queue = Queue::default();
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| queue.take().map(|items| items.len()));
            queue.push(message("a"));
            assert_eq!(reader.join().unwrap(), Some(1));
            let reader = scope.spawn(|| queue.take().is_none());
            queue.close();
            assert!(reader.join().unwrap());
        });
    }

    proptest! {
        #[test]
        fn nothing_is_lost_uncounted(most in 1_usize..5, steps in prop::collection::vec(0..4, 0..60)) {
            let queue = Queue::new(most, usize::MAX);
            let mut pushed = 0_u64;
            let mut seen = 0_u64;
            let mut look = |items: Vec<Item>| {
                for item in items {
                    match item {
                        Item::Message(message) => {
                            assert_eq!(message.body.shown(), seen.to_string());
                            seen += 1;
                        }
                        Item::Mark(Mark::Dropped { count }) => seen += count,
                        Item::Mark(Mark::Gap { .. }) => panic!("there was none"),
                    }
                }
                seen
            };
            for step in steps {
                if step > 0 {
                    queue.push(message(&pushed.to_string()));
                    pushed += 1;
                } else if pushed > 0 && !queue.waiting().items.is_empty() {
                    prop_assert_eq!(look(queue.take().unwrap()), pushed);
                }
            }
            queue.close();
            if let Some(items) = queue.take() {
                look(items);
            }
            prop_assert_eq!(look(Vec::new()), pushed);
        }
    }
}
