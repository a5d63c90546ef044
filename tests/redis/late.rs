//! A Redis that answers too late, or does what it was asked after it was given up: whoever is in the
//! room is sent what was said once, and it is recorded once.

use std::sync::Arc;

use mithril::broker::redis::{RedisConfig, RedisTiming};
use mithril::history::Bounds;
use mithril::history::redis::RedisHistory;
use mithril::link::Link;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::fixture::{Client, Fixture, soon};
use crate::history::{ROOM, connect, say, subscribe};
use crate::server::RedisServer;
use crate::subscriber::impatient;
use crate::unanswered::insist;

async fn replica(url: &str, timing: RedisTiming) -> Fixture {
    let url: mithril::config::RedisUrl = url.parse().unwrap();
    let link = Link::new(url.clone(), timing.limits);
    let history = RedisHistory::new(link, Bounds::default(), false);
    Fixture::with(|config| {
        config.broker = RedisConfig { url, timing }.into();
        config.history = Arc::new(history);
    })
    .await
}

/// What becomes of commands on their way, those that subscribe excepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// They arrive when it is open again.
    Held,
    /// They are done, and what is answered is lost.
    Deaf,
}

/// Stands before a Redis.
struct Gate {
    url: String,
    way: watch::Sender<Way>,
    _serving: JoinSet<()>,
}

impl Gate {
    async fn before(server: &RedisServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let (way, port) = (watch::Sender::new(Way::Open), server.port());
        let seen = way.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut streams = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let ((from_near, to_near), (from_far, to_far)) =
                    (near.into_split(), far.into_split());
                let subscribes = watch::Sender::new(false);
                streams.spawn(requests(
                    from_near,
                    to_far,
                    seen.subscribe(),
                    subscribes.clone(),
                ));
                streams.spawn(answers(from_far, to_near, seen.subscribe(), subscribes));
            }
        });
        Self {
            url,
            way,
            _serving: serving,
        }
    }

    fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
    subscribes: watch::Sender<bool>,
) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let bytes = &bytes[..count];
        if bytes.windows(9).any(|part| part == b"SUBSCRIBE") {
            subscribes.send_replace(true);
        }
        if !*subscribes.borrow() {
            way.wait_for(|way| *way != Way::Held).await.unwrap();
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    way: watch::Receiver<Way>,
    subscribes: watch::Sender<bool>,
) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let is_lost = *way.borrow() == Way::Deaf && !*subscribes.borrow();
        if !is_lost && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Anna, in both dialects, on the replica where she speaks, and Ben on the other one.
struct Room {
    anna: Client,
    others: Vec<Client>,
    position: Value,
}

async fn room(one: &Fixture, two: &Fixture) -> Room {
    let mut anna = connect(one, "anna").await;
    let mut ben = connect(two, "ben").await;
    let position = subscribe(&mut anna, json!({})).await;
    subscribe(&mut ben, json!({})).await;
    let mut others = vec![ben];
    for (replica, user) in [(one, "anna"), (two, "ben")] {
        let mut raw = replica.connect_as(user, "/ws/maths").await;
        there(&mut raw).await;
        others.push(raw);
    }
    // From now on Redis knows the script.
    say(&mut anna, "first").await;
    for client in &mut others {
        heard(client, "first").await;
    }
    let (mut is_heard, mut is_answered) = (false, false);
    while !(is_heard && is_answered) {
        let frame = anna.receive().await;
        is_heard |= said(&frame) == "first";
        is_answered |= frame["request_id"] == "p";
    }
    Room {
        anna,
        others,
        position,
    }
}

/// The client is where it wanted to be, whoever else comes meanwhile.
async fn there(client: &mut Client) {
    client.send(r#"{"type":"ping"}"#).await;
    while client.receive().await["type"] != "pong" {}
}

/// What a frame says in the room.
fn said(frame: &Value) -> &Value {
    let data = if frame["type"] == "event" {
        &frame["data"]
    } else {
        frame
    };
    data.get("data").unwrap_or(data)
}

/// Waits until the client is sent what was said; with which offset.
async fn heard(client: &mut Client, text: &str) -> Option<u64> {
    loop {
        let frame = client.receive().await;
        if said(&frame) == text {
            return frame["offset"].as_u64();
        }
    }
}

/// How often a client is sent what was said, until it is sent the end.
async fn times(client: &mut Client, text: &str) -> usize {
    let mut times = 0;
    loop {
        let frame = client.receive().await;
        if said(&frame) == "end" {
            return times;
        }
        times += usize::from(said(&frame) == text);
    }
}

impl Room {
    /// Everybody is sent it once, Anna's socket so many times more; and it is recorded once.
    async fn once(mut self, one: &Fixture, two: &Fixture, more: usize) {
        let end = json!({"topic": ROOM, "data": "end", "idempotency_key": "end"});
        insist(two, &end).await;
        assert_eq!(times(&mut self.anna, "late").await, more, "anna");
        for (index, client) in self.others.iter_mut().enumerate() {
            assert_eq!(times(client, "late").await, 1, "{index}");
        }
        for replica in [one, two] {
            let mut back = connect(replica, "carl").await;
            let recover = json!({ROOM: {"epoch": self.position["epoch"], "offset": 0}});
            let frame = json!({"type": "subscribe", "topics": [ROOM], "recover": recover});
            back.send(frame.to_string()).await;
            assert_eq!(times(&mut back, "late").await, 1, "recovered");
        }
    }
}

#[tokio::test]
async fn what_a_slow_redis_does_later_is_shown_once() {
    let server = RedisServer::start();
    let (one, two) = (
        replica(&server.url(), RedisTiming::default()).await,
        replica(&server.url(), RedisTiming::default()).await,
    );
    let mut room = room(&one, &two).await;
    server.freeze();
    say(&mut room.anna, "late").await;
    assert_eq!(heard(&mut room.anna, "late").await, None);
    // It goes on before anybody misses it.
    server.thaw();
    room.once(&one, &two, 0).await;
}

#[tokio::test]
async fn what_a_frozen_redis_does_when_it_goes_on_is_shown_once() {
    let server = RedisServer::start();
    let (one, two) = (
        replica(&server.url(), impatient()).await,
        replica(&server.url(), impatient()).await,
    );
    let mut room = room(&one, &two).await;
    server.freeze();
    say(&mut room.anna, "late").await;
    assert_eq!(heard(&mut room.anna, "late").await, None);
    for replica in [&one, &two] {
        soon(async {
            let is_away = "mithril_broker_up{broker=\"redis\"} 0";
            let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
            while !replica.http(request).await.body.contains(is_away) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    server.thaw();
    room.once(&one, &two, 0).await;
}

#[tokio::test]
async fn what_arrives_before_its_answer_is_given_up_is_shown_once() {
    let server = RedisServer::start();
    let gate = Gate::before(&server).await;
    let one = replica(&gate.url, RedisTiming::default()).await;
    let two = replica(&server.url(), RedisTiming::default()).await;
    let mut room = room(&one, &two).await;
    gate.set(Way::Deaf);
    say(&mut room.anna, "late").await;
    assert_eq!(heard(&mut room.anna, "late").await, Some(2));
    let mut answer = room.anna.receive().await;
    while answer["request_id"] != "p" {
        assert_ne!(said(&answer), "late", "{answer}");
        answer = room.anna.receive().await;
    }
    assert_eq!(
        (&answer["request_id"], answer["data"].get("offset")),
        (&json!("p"), None),
        "{answer}"
    );
    gate.set(Way::Open);
    room.once(&one, &two, 0).await;
}

#[tokio::test]
async fn what_is_tried_again_under_a_key_is_shown_once() {
    for way in [Way::Deaf, Way::Held] {
        let server = RedisServer::start();
        let gate = Gate::before(&server).await;
        let (one, two) = (
            replica(&gate.url, impatient()).await,
            replica(&server.url(), impatient()).await,
        );
        let mut room = room(&one, &two).await;
        gate.set(way);
        let message = json!({"topic": ROOM, "data": "late", "idempotency_key": "late"});
        let answer = crate::unanswered::publish(&one, &message).await;
        assert_eq!(answer.status, 503, "{}", answer.body);
        gate.set(Way::Open);
        assert_eq!(insist(&one, &message).await, 2);
        assert_eq!(insist(&two, &message).await, 2);
        assert_eq!(heard(&mut room.anna, "late").await, Some(2));
        room.once(&one, &two, 0).await;
    }
}

#[tokio::test]
async fn a_broadcast_that_is_recorded_too_late_is_shown_once() {
    for way in [Way::Deaf, Way::Held] {
        let server = RedisServer::start();
        let gate = Gate::before(&server).await;
        let (one, two) = (
            replica(&gate.url, RedisTiming::default()).await,
            replica(&gate.url, RedisTiming::default()).await,
        );
        let mut clients = Vec::new();
        for replica in [&one, &two] {
            let mut v1 = connect(replica, "anna").await;
            v1.subscribe(&["ws:anna"]).await;
            clients.push(v1);
            let mut raw = replica.connect_as("anna", "/ws").await;
            there(&mut raw).await;
            clients.push(raw);
        }
        let broadcast = |id: &str| {
            let broadcast = json!({"type": "news", "data": id, "user_id": "anna", "source": "test",
                "timestamp": "2026-01-01T00:00:00Z", "message_id": id});
            server.cli(&["PUBLISH", "websocket:broadcast", &broadcast.to_string()]);
        };
        broadcast("first");
        for client in &mut clients {
            heard(client, "first").await;
        }
        gate.set(way);
        broadcast("late");
        for client in &mut clients {
            let offset = heard(client, "late").await;
            assert!(way == Way::Deaf || offset.is_none(), "{offset:?}");
        }
        if way == Way::Deaf {
            // The answer is given up on both by now, or soon.
            for replica in [&one, &two] {
                soon(async {
                    let given_up = "mithril_history_appends_total{result=\"unanswered\"} 1";
                    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
                    while !replica.http(request).await.body.contains(given_up) {
                        tokio::task::yield_now().await;
                    }
                })
                .await;
            }
        }
        gate.set(Way::Open);
        broadcast("end");
        for client in &mut clients {
            assert_eq!(times(client, "late").await, 0);
        }
        assert_eq!(server.cli(&["XLEN", "mithril:stream:{ws:anna}"]), "3");
    }
}
