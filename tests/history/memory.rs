//! The history of a process that has no other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use mithril::broker::memory::MemoryBroker;
use mithril::broker::{Broker, Inbox};
use mithril::clock::Clock;
use mithril::history::memory::MemoryHistory;
use mithril::history::{Bounds, History, Portion};

use crate::conformance::{self, Store, append, record, topic};

struct Memory {
    now: Arc<Mutex<Timestamp>>,
    broker: MemoryBroker,
    history: Arc<MemoryHistory>,
}

impl Store for Memory {
    async fn start(bounds: Bounds) -> Self {
        let now = Arc::new(Mutex::new("2026-01-01T00:00:00Z".parse().unwrap()));
        let clock = {
            let now = Arc::clone(&now);
            Clock::new(move || *now.lock().unwrap())
        };
        let broker = MemoryBroker::new();
        let history = Arc::new(MemoryHistory::new(bounds, clock, &broker));
        Self {
            now,
            broker,
            history,
        }
    }

    async fn connect(&self) -> Arc<dyn History> {
        self.history.clone()
    }

    async fn follow(&self, inbox: Arc<dyn Inbox>) -> Arc<dyn Broker> {
        Arc::new(self.broker.connect(inbox))
    }

    async fn pass(&self, time: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(time).unwrap();
    }

    async fn lose(&self) {
        self.history.forget();
    }

    async fn cut(&self) {
        self.broker.cut();
    }

    async fn restore(&self) {
        self.broker.restore();
    }
}

conformance::suite!(Memory);

/// A bound that holds some of the payloads of these tests.
const BYTES: usize = 64 * 1024;

fn bounds() -> Bounds {
    Bounds {
        bytes: BYTES,
        ..Bounds::default()
    }
}

#[tokio::test]
async fn of_too_many_bytes_the_oldest_go_whatever_their_topic() {
    let store = Memory::start(bounds()).await;
    let history = store.connect().await;
    let (quiet, loud) = (topic("room:quiet"), topic("room:loud"));
    let first = append(&*history, &quiet, "first").await;
    let payload = "x".repeat(8 * 1024);
    for _ in 0..4 {
        append(&*history, &loud, &payload).await;
    }
    append(&*history, &quiet, "second").await;
    for _ in 0..4 {
        append(&*history, &loud, &payload).await;
    }
    let page = history.read(&quiet, 0, Portion::of(10)).await.unwrap();
    assert_eq!((page.trimmed, page.last, page.entries.len()), (1, 2, 1));
    assert_eq!(page.epoch, first.position.epoch, "the offsets go on");
    let page = history.read(&loud, 0, Portion::of(10)).await.unwrap();
    assert!(
        (5..8).contains(&page.entries.len()),
        "{}",
        page.entries.len()
    );
}

#[tokio::test]
async fn topics_by_thousands_are_forgotten_and_come_back_under_another_epoch() {
    let store = Memory::start(bounds()).await;
    let history = store.connect().await;
    let first = topic("room:first");
    let before = append(&*history, &first, "1").await.position;
    for number in 0..2_000 {
        append(&*history, &topic(&format!("room:{number}")), "1").await;
    }
    let after = history.position(&first).await.unwrap();
    assert_eq!(after.offset, 0);
    assert_ne!(after.epoch, before.epoch);
    let again = append(&*history, &first, "1").await.position;
    assert_eq!((&again.epoch, again.offset), (&after.epoch, 1));
}

#[tokio::test]
async fn what_no_bound_can_hold_is_refused() {
    let store = Memory::start(bounds()).await;
    let history = store.connect().await;
    let large = record(&"x".repeat(BYTES));
    let known_by = mithril::history::Idempotency::None;
    let refused = history.append(&topic("room:a"), &large, known_by).await;
    assert_eq!(refused, Err(mithril::history::HistoryError::TooLarge));
    assert_eq!(history.position(&topic("room:a")).await.unwrap().offset, 0);
}

#[tokio::test]
async fn what_has_gone_is_given_back_and_no_more_is_held_than_fits() {
    const LARGE: usize = 4 * 1024;
    let store = Memory::start(bounds()).await;
    let history = store.connect().await;
    let topics: Vec<_> = (0..8).map(|n| topic(&format!("room:{n}"))).collect();
    let text = "x".repeat(LARGE);
    let mut gone = Vec::new();
    for number in 0..1_000 {
        let topic = &topics[number * 7 % 8];
        append(&*history, topic, &text).await;
        let page = history.read(topic, 0, Portion::of(1_000)).await.unwrap();
        let last = page.entries.last().unwrap();
        gone.push(Arc::downgrade(&last.payload));
        drop(page);
        let held = gone.iter().filter(|payload| payload.strong_count() > 0);
        assert!(held.count() <= BYTES / LARGE);
    }
    let mut kept = 0;
    for topic in &topics {
        let page = history.read(topic, 0, Portion::of(1_000)).await.unwrap();
        let sizes = page.entries.iter().map(|entry| entry.payload.len());
        kept += sizes.sum::<usize>();
    }
    assert!(kept <= BYTES && kept > BYTES * 3 / 4, "{kept}");
}
