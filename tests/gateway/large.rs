//! A history of large messages is read and replayed a part at a time, whatever a client asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mithril::clock::Clock;
use mithril::history::memory::MemoryHistory;
use mithril::history::{Appended, Bounds, History, HistoryFuture, Idempotency, Page, Portion};
use mithril::ids::UserId;
use mithril::protocol::{Position, Record, Topic};
use serde_json::{Value, json};

use crate::fixture::{Client, Fixture, NOW, broker_of, token};

const MESSAGES: u64 = 1_000;
const SIZE: usize = 64_000;
/// What is read at a time, at most: about half of what may wait for a connection.
const MOST: usize = 512 * 1024;

/// A history that notes the most bytes of one page.
#[derive(Debug)]
struct Weighing {
    history: MemoryHistory,
    heaviest: Arc<AtomicUsize>,
}

impl History for Weighing {
    fn append<'a>(
        &'a self,
        topic: &'a Topic,
        record: &'a Record,
        known_by: Idempotency<'a>,
    ) -> HistoryFuture<'a, Appended> {
        History::append(&self.history, topic, record, known_by)
    }

    fn position<'a>(&'a self, topic: &'a Topic) -> HistoryFuture<'a, Position> {
        self.history.position(topic)
    }

    fn read<'a>(&'a self, topic: &'a Topic, after: u64, most: Portion) -> HistoryFuture<'a, Page> {
        Box::pin(async move {
            let page = self.history.read(topic, after, most).await?;
            let bytes = page.entries.iter().map(|entry| entry.payload.len()).sum();
            self.heaviest.fetch_max(bytes, Ordering::Relaxed);
            Ok(page)
        })
    }

    fn cursor<'a>(
        &'a self,
        topic: &'a Topic,
        user: &'a UserId,
    ) -> HistoryFuture<'a, Option<Position>> {
        self.history.cursor(topic, user)
    }

    fn move_cursor<'a>(
        &'a self,
        topic: &'a Topic,
        user: &'a UserId,
        epoch: Option<&'a str>,
        offset: u64,
    ) -> HistoryFuture<'a, u64> {
        self.history.move_cursor(topic, user, epoch, offset)
    }
}

fn text(number: u64) -> String {
    format!("{number:06} {}", "x".repeat(SIZE))
}

fn number(data: &Value) -> u64 {
    let text = data.as_str().unwrap();
    assert_eq!(text.len(), SIZE + 7);
    text[..6].parse().unwrap()
}

/// A daemon whose connections may have this much waiting, with the messages; the epoch of these, and
/// the bytes of the heaviest page so far.
async fn filled(queue_bytes: usize) -> (Fixture, String, Arc<AtomicUsize>) {
    let heaviest = Arc::new(AtomicUsize::new(0));
    let fixture = Fixture::with(|config| {
        let bounds = Bounds {
            bytes: 256 * 1024 * 1024,
            ..Bounds::default()
        };
        config.history = Arc::new(Weighing {
            history: MemoryHistory::new(bounds, Clock::system(), &broker_of(config)),
            heaviest: Arc::clone(&heaviest),
        });
        config.limits.queue_bytes = queue_bytes;
    });
    let fixture = fixture.await;
    let mut epoch = String::new();
    for number in 1..=MESSAGES {
        epoch = fixture.record("room:a", &text(number)).await.epoch;
    }
    (fixture, epoch, heaviest)
}

async fn connect(fixture: &Fixture) -> Client {
    let mut client = fixture
        .connect_v1(&json!({"sub": "42", "exp": NOW + 60}), "/ws")
        .await;
    client.subscribe(&["exercise.updated"]).await;
    client
}

#[tokio::test]
async fn a_thousand_large_messages_are_recovered_beside_what_else_is_sent() {
    // No two of the messages fit into the queue, and not one beside what else is sent.
    let (fixture, epoch, heaviest) = filled(64 * 1024).await;
    let mut client = connect(&fixture).await;
    let recover = json!({"room:a": {"epoch": epoch, "offset": 0}});
    let frame = json!({"type": "subscribe", "topics": ["room:a"], "recover": recover,
        "request_id": "r"});
    client.send(frame.to_string()).await;
    assert_eq!(
        client.receive().await["data"]["subscribed"][0]["recovered"],
        true
    );
    let filler = "y".repeat(2 * 1024);
    let (mut next, mut others, mut last) = (1, 0, MESSAGES);
    while next <= last {
        if next.is_multiple_of(10) && others < next / 10 {
            others += 1;
            let other = json!({"n": others, "filler": filler});
            fixture.publish("exercise.updated", other.to_string()).await;
        }
        let event = client.receive().await;
        if event["subject"] == "room:a" {
            assert_eq!(
                (&event["offset"], number(&event["data"])),
                (&json!(next), next)
            );
            next += 1;
        } else {
            assert!(["event", "user_joined"].contains(&event["type"].as_str().unwrap()));
        }
        // What is published meanwhile waits at the gate.
        if next == 500 && last == MESSAGES {
            for number in MESSAGES + 1..=MESSAGES + 20 {
                fixture.record("room:a", &text(number)).await;
            }
            last += 20;
        }
    }
    assert_eq!(others, last / 10);
    let heaviest = heaviest.load(Ordering::Relaxed);
    assert!(heaviest <= MOST, "a page of {heaviest} bytes was read");
}

#[tokio::test]
async fn an_answer_of_large_messages_is_a_part_of_them() {
    let (fixture, _, heaviest) = filled(64 * 1024).await;
    let mut client = connect(&fixture).await;
    let (mut since, mut next) = (Value::Null, 1);
    while next <= MESSAGES {
        // Something waits already when the answer comes.
        let other = json!({"filler": "y".repeat(8 * 1024)});
        fixture.publish("exercise.updated", other.to_string()).await;
        let ask = json!({"type": "history", "topic": "room:a", "since": since, "limit": 1000});
        let answer = client.ask_past_events(ask).await["data"].take();
        let messages = answer["messages"].as_array().unwrap();
        for message in messages {
            assert_eq!(
                (&message["offset"], number(&message["data"])),
                (&json!(next), next)
            );
            next += 1;
        }
        since = json!({"epoch": answer["epoch"], "offset": next - 1});
    }
    let request = format!(
        "GET /api/v1/history/room:a?limit=1000 HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n",
        token("42")
    );
    let answer = fixture.http(&request).await;
    assert!(answer.body.len() <= MOST + 1024, "{}", answer.body.len());
    assert_eq!(answer.json()["offset"], MESSAGES);
    let heaviest = heaviest.load(Ordering::Relaxed);
    assert!(heaviest <= MOST, "a page of {heaviest} bytes was read");
}
