//! The daemon over Redis: what others publish reaches sockets, whichever replica they are on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use mithril::broker::Carrier;
use mithril::broker::redis::{RedisConfig, RedisTiming};
use mithril::clock::Clock;
use mithril::history::Bounds;
use mithril::history::redis::RedisHistory;
use mithril::link::{Link, LinkLimits};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::fixture::{Fixture, NOW, soon};
use crate::server::RedisServer;
use crate::subscriber::impatient;

fn carrier(server: &RedisServer) -> Carrier {
    let config = RedisConfig {
        url: server.url().parse().unwrap(),
        timing: impatient(),
    };
    config.into()
}

async fn replica(server: &RedisServer) -> Fixture {
    Fixture::with(|config| {
        config.broker = carrier(server);
        let link = Link::new(server.url().parse().unwrap(), impatient().limits);
        config.history = Arc::new(RedisHistory::new(link, Bounds::default(), false));
    })
    .await
}

/// The status and the body of an answer.
async fn get(fixture: &Fixture, path: &str) -> (u16, Value) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = fixture.http(&request).await;
    (answer.status, answer.json())
}

/// Waits until the daemon says this of Redis.
async fn state(fixture: &Fixture, wanted: &str) {
    soon(async {
        loop {
            let (_, health) = get(fixture, "/healthz").await;
            if health["redis"]["state"] == wanted {
                let is_well = health["status"] == "ok";
                assert_eq!(is_well, wanted == "ok", "{health}");
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn redis_cli_reaches_all_sockets_of_a_user_once_each_and_nobody_else() {
    let server = RedisServer::start();
    let mut sockets = Vec::new();
    let mut others = Vec::new();
    let mut replicas = Vec::new();
    for _ in 0..3 {
        let replica = replica(&server).await;
        for _ in 0..2 {
            let mut socket = replica.connect_as("42", "/ws").await;
            // The answer comes once Redis has confirmed it.
            socket.subscribe(&["ws:42"]).await;
            sockets.push(socket);
        }
        others.push(replica.connect_as("7", "/ws").await);
        replicas.push(replica);
    }
    assert_eq!(server.cli(&["PUBLISH", "ws:42", "hello"]), "3");
    for socket in &mut sockets {
        assert_eq!(socket.receive_text().await, "hello");
    }
    for socket in sockets.iter_mut().chain(&mut others) {
        socket.expect_silence().await;
    }
    let broadcast = json!({"type": "news", "data": 1, "timestamp": "2026-01-01T00:00:00Z",
                           "message_id": "m1", "source": "test"});
    server.cli(&["PUBLISH", "websocket:broadcast", &broadcast.to_string()]);
    for socket in sockets.iter_mut().chain(&mut others) {
        assert_eq!(socket.receive().await["type"], "news");
        socket.expect_silence().await;
    }
}

#[tokio::test]
async fn without_redis_the_daemon_goes_on_and_comes_back_by_itself() {
    let mut server = RedisServer::start();
    server.kill();
    let replica = replica(&server).await;
    state(&replica, "down").await;
    let mut anna = replica.connect_as("anna", "/ws/maths").await;
    assert_eq!(anna.receive().await["type"], "user_joined");
    let mut ben = replica.connect_as("ben", "/ws/maths").await;
    assert_eq!(anna.receive().await["data"]["user_id"], "ben");
    assert_eq!(ben.receive().await["data"]["user_id"], "ben");
    anna.send(r#"{"data":"in process"}"#).await;
    assert_eq!(ben.receive().await["data"], "in process");
    assert_eq!(anna.receive().await["data"], "in process");
    server.restart();
    state(&replica, "ok").await;
    // The subscriptions that were made meanwhile are tried again twice a second.
    soon(async {
        while server.cli(&["PUBLISH", "ws:ben", "back"]) == "0" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(ben.receive_text().await, "back");
    server.freeze();
    state(&replica, "down").await;
    anna.send(r#"{"data":"again in process"}"#).await;
    assert_eq!(ben.receive().await["data"], "again in process");
    server.thaw();
    state(&replica, "ok").await;
    ben.expect_silence().await;
}

#[tokio::test]
async fn a_token_ends_and_pings_go_on_while_redis_is_frozen() {
    let server = RedisServer::start();
    let now = Arc::new(AtomicI64::new(NOW));
    let clock = Arc::clone(&now);
    let replica = Fixture::with(|config| {
        let hour = Duration::from_hours(1);
        let limits = LinkLimits {
            answer: hour,
            dial: hour,
        };
        config.broker = RedisConfig {
            url: server.url().parse().unwrap(),
            timing: RedisTiming {
                limits,
                idle: hour,
                patience: hour,
                ..RedisTiming::default()
            },
        }
        .into();
        let link = Link::new(server.url().parse().unwrap(), limits);
        config.history = Arc::new(RedisHistory::new(link, Bounds::default(), false));
        config.limits.request_timeout = hour;
        config.limits.ping_interval = Duration::from_millis(50);
        config.clock =
            Clock::new(move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap());
    })
    .await;
    let mut client = replica.connect_as("42", "/ws").await;
    let ws = r#"{"type":"subscribe","topics":["ws:42"],"request_id":"ws"}"#;
    client.send(ws).await;
    // The answer comes once Redis has confirmed it, and between pings.
    loop {
        match soon(client.socket.next()).await.unwrap().unwrap() {
            Message::Ping(_) => {}
            Message::Text(_) => break,
            other => panic!("{other:?}"),
        }
    }
    server.freeze();
    client
        .send(r#"{"type":"subscribe","topics":["room:a"],"request_id":"never"}"#)
        .await;
    // The daemon asks on, although it does not hear the answers.
    for _ in 0..3 {
        let asked = soon(client.socket.next()).await.unwrap().unwrap();
        assert!(matches!(asked, Message::Ping(_)), "{asked:?}");
    }
    // The token and the grace for another one.
    now.fetch_add(60 + 26, Ordering::Relaxed);
    let closed = loop {
        match soon(client.socket.next()).await.unwrap().unwrap() {
            Message::Ping(_) => {}
            Message::Close(frame) => break frame.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(u16::from(closed.code), 1008);
    assert_eq!(closed.reason.as_str(), r#"{"code":"token_expired"}"#);
}

#[tokio::test]
async fn health_says_whether_a_message_comes_back() {
    let mut server = RedisServer::start();
    let replica = replica(&server).await;
    state(&replica, "ok").await;
    let (status, body) = get(&replica, "/healthz/redis").await;
    assert_eq!(status, 200);
    assert_eq!(body["state"], "ok");
    server.kill();
    state(&replica, "down").await;
    soon(async {
        // The last answer counts for a second.
        while get(&replica, "/healthz/redis").await.0 == 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (status, body) = get(&replica, "/healthz/redis").await;
    assert_eq!((status, &body["state"]), (503, &json!("down")));
    let (status, _) = get(&replica, "/readyz").await;
    assert_eq!(status, 200, "it serves all the same");
    let alone = Fixture::start().await;
    let (status, body) = get(&alone, "/healthz/redis").await;
    assert_eq!((status, body), (200, json!({"state": "off"})));
}

#[tokio::test]
async fn a_replica_that_stops_tells_the_others_who_leaves() {
    let server = RedisServer::start();
    let (leaving, staying) = (replica(&server).await, replica(&server).await);
    let mut ben = staying.connect_as("ben", "/ws/maths").await;
    assert_eq!(ben.receive().await["data"]["user_id"], "ben");
    ben.subscribe(&["ws:ben"]).await;
    let mut anna = leaving.connect_as("anna", "/ws/maths").await;
    let joined = ben.receive().await;
    assert_eq!(joined["data"]["user_id"], "anna", "{joined}");
    let drained = tokio::join!(leaving.daemon.drain(), anna.closed());
    assert_eq!(drained.0, []);
    let left = ben.receive().await;
    assert_eq!(
        (&left["type"], &left["data"]["user_id"]),
        (&json!("user_left"), &json!("anna"))
    );
}
