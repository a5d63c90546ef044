//! One of many readers stops reading: it is closed, and the others notice nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

use super::client::Client;
use super::daemon::Daemon;
use super::measure::quantile;

/// How often everybody in the room is sent a message.
const PACE: Duration = Duration::from_millis(10);
/// Messages of one turn.
const MESSAGES: usize = 300;
/// With and without a stalled reader, so many times each.
const TURNS: usize = 3;
/// What the stalled one alone is sent beside each message, in bytes: more in a turn than the system
/// buffers for it, so that its queue fills.
const BALLAST: usize = 24 * 1024;

/// When each message was published, since the beginning.
struct Journal {
    begin: Instant,
    sent: Vec<AtomicU64>,
}

impl Journal {
    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_nanos()).unwrap()
    }
}

pub(crate) async fn one_of(sockets: usize) {
    let daemon = Daemon::start();
    let journal = Arc::new(Journal {
        begin: Instant::now(),
        sent: (0..MESSAGES * 2 * TURNS)
            .map(|_| AtomicU64::new(0))
            .collect(),
    });
    let mut readers = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        let client = Client::connect(&daemon, "/ws/bench").await;
        readers.push(tokio::spawn(read(client, Arc::clone(&journal))));
    }
    let mut publisher = Client::connect(&daemon, "/ws/bench").await;
    let mut ballast = Client::connect(&daemon, "/ws/ballast").await;
    let mut codes = Vec::new();
    for (turn, sent) in journal.sent.chunks(MESSAGES).enumerate() {
        let mut stalled = None;
        if turn % 2 == 1 {
            let mut client = Client::connect(&daemon, "/ws/bench").await;
            client.subscribe("room:ballast").await;
            stalled = Some(client);
        }
        let mut ticks = interval(PACE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for moment in sent {
            ticks.tick().await;
            moment.store(journal.now(), Ordering::Release);
            publisher.publish("room:bench", super::PAYLOAD).await;
            ballast.publish("room:ballast", BALLAST).await;
            ballast.next_of("chat").await;
        }
        if let Some(mut client) = stalled {
            codes.push(client.close_code().await);
        }
    }
    let mut latencies = [Vec::new(), Vec::new()];
    for reader in readers {
        let turns = reader.await.unwrap();
        for (turn, found) in turns.chunks(MESSAGES).enumerate() {
            latencies[turn % 2].extend(found);
        }
    }
    println!(
        "a room of {sockets} readers, a message each {PACE:?}, publish to receipt; one stops reading"
    );
    for (name, values) in ["all read", "one stopped"].into_iter().zip(&mut latencies) {
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|part| quantile(values, part));
        println!("  {name:<16} p50 {p50:?}   p99 {p99:?}   slowest {most:?}");
    }
    println!("  the stopped ones were closed with {codes:?}");
}

/// Reads every message of the room; returns how long each took.
async fn read(mut client: Client, journal: Arc<Journal>) -> Vec<Duration> {
    let mut took = Vec::with_capacity(journal.sent.len());
    while took.len() < journal.sent.len() {
        let messages = client.messages().await.expect("a reader is not closed");
        let now = journal.now();
        for sent in journal.sent.iter().skip(took.len()).take(messages) {
            let sent = sent.load(Ordering::Acquire);
            took.push(Duration::from_nanos(now - sent));
        }
    }
    took
}
