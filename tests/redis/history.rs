//! Replicas that share one history in Redis: where a message was recorded does not matter, and a
//! Redis that has lost some is never taken for one that has all.

use std::sync::Arc;

use mithril::broker::redis::RedisConfig;
use mithril::history::Bounds;
use mithril::history::redis::RedisHistory;
use mithril::link::Link;
use mithril::protocol::Topic;
use serde_json::{Value, json};

use crate::fixture::{Client, Fixture, NOW, soon};
use crate::server::RedisServer;
use crate::subscriber::impatient;

const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];
pub(crate) const ROOM: &str = "room:maths";

pub(crate) async fn replica(server: &RedisServer, trust_restart: bool) -> Fixture {
    let url: mithril::config::RedisUrl = server.url().parse().unwrap();
    let link = Link::new(url.clone(), impatient().limits);
    let history = RedisHistory::new(link, Bounds::default(), trust_restart);
    Fixture::with(|config| {
        config.broker = RedisConfig {
            url,
            timing: impatient(),
        }
        .into();
        config.history = Arc::new(history);
    })
    .await
}

pub(crate) async fn connect(replica: &Fixture, user: &str) -> Client {
    let claims = json!({"sub": user, "exp": NOW + 60});
    replica.connect_v1(&claims, "/ws").await
}

/// The answer to a subscription, with what is known of the topic's position.
pub(crate) async fn subscribe(client: &mut Client, recover: Value) -> Value {
    let frame = json!({"type": "subscribe", "topics": [ROOM], "recover": recover});
    client.ask_past_events(frame).await["data"]["subscribed"][0].clone()
}

/// The next message that was recorded, whatever is said of members meanwhile.
pub(crate) async fn recorded(client: &mut Client) -> (u64, Value) {
    loop {
        let event = client.receive().await;
        if let Some(offset) = event["offset"].as_u64() {
            return (offset, event["data"].clone());
        }
    }
}

/// No message with an offset is on its way to the client.
pub(crate) async fn nothing_recorded(client: &mut Client) {
    let mut answer = client.ask(r#"{"type":"ping"}"#).await;
    while answer["type"] != "pong" {
        assert_eq!(answer.get("offset"), None, "{answer}");
        answer = client.receive().await;
    }
}

pub(crate) async fn say(client: &mut Client, data: &str) {
    let frame = json!({"type": "publish", "topic": ROOM, "data": data, "request_id": "p"});
    client.send(frame.to_string()).await;
}

#[tokio::test]
async fn a_room_s_message_reaches_every_replica_once_under_one_offset() {
    let server = RedisServer::start();
    let mut replicas = Vec::new();
    let mut clients = Vec::new();
    for user in ["anna", "ben", "carl"] {
        let replica = replica(&server, false).await;
        let mut client = connect(&replica, user).await;
        subscribe(&mut client, json!({})).await;
        replicas.push(replica);
        clients.push(client);
    }
    for (number, index) in (1..=6).zip([0, 1, 2, 2, 1, 0]) {
        let text = number.to_string();
        say(&mut clients[index], &text).await;
        for client in &mut clients {
            let (offset, data) = recorded(client).await;
            assert_eq!((offset, &data["data"]), (number, &json!(text)));
        }
    }
    for client in &mut clients {
        nothing_recorded(client).await;
    }
}

#[tokio::test]
async fn whoever_was_away_recovers_on_another_replica() {
    let server = RedisServer::start();
    let (one, two) = (replica(&server, false).await, replica(&server, false).await);
    let mut away = connect(&one, "anna").await;
    let position = subscribe(&mut away, json!({})).await;
    one.record(ROOM, "1").await;
    assert_eq!(recorded(&mut away).await.0, 1);
    drop(away);
    for number in 2..=150 {
        one.record(ROOM, &number.to_string()).await;
    }
    let mut back = connect(&two, "anna").await;
    let recover = json!({ROOM: {"epoch": position["epoch"], "offset": 1}});
    let answer = subscribe(&mut back, recover).await;
    assert_eq!(answer["recovered"], true, "{answer}");
    for number in 2..=150 {
        assert_eq!(recorded(&mut back).await, (number, json!(number)));
    }
    two.record(ROOM, "151").await;
    assert_eq!(recorded(&mut back).await.0, 151);
    nothing_recorded(&mut back).await;
}

#[tokio::test]
async fn a_broadcast_with_an_id_is_stored_once_and_reaches_each_socket_once() {
    let server = RedisServer::start();
    let mut replicas = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..3 {
        let replica = replica(&server, false).await;
        let mut client = connect(&replica, "anna").await;
        client.subscribe(&["ws:anna"]).await;
        replicas.push(replica);
        clients.push(client);
    }
    let broadcast = json!({"type": "news", "data": 1, "user_id": "anna", "source": "test",
        "timestamp": "2026-01-01T00:00:00Z", "message_id": "m1"});
    for _ in 0..2 {
        server.cli(&["PUBLISH", "websocket:broadcast", &broadcast.to_string()]);
    }
    for client in &mut clients {
        assert_eq!(recorded(client).await.0, 1);
    }
    // Every replica has answered for both by the time it delivers a third, in their order.
    let mut third = broadcast;
    third["message_id"] = json!("m2");
    server.cli(&["PUBLISH", "websocket:broadcast", &third.to_string()]);
    for client in &mut clients {
        assert_eq!(recorded(client).await.0, 2);
        nothing_recorded(client).await;
    }
    assert_eq!(server.cli(&["XLEN", "mithril:stream:{ws:anna}"]), "2");
}

/// What becomes of a client that was away while Redis was killed and started again.
async fn after_a_restart(mut server: RedisServer, trust_restart: bool) -> (Value, Value) {
    let replica = replica(&server, trust_restart).await;
    let mut client = connect(&replica, "anna").await;
    let before = subscribe(&mut client, json!({})).await;
    drop(client);
    replica.record(ROOM, "1").await;
    replica.record(ROOM, "2").await;
    server.restart();
    let room = Topic::parse(ROOM).unwrap();
    soon(async {
        while replica.history.position(&room).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let recover = json!({ROOM: {"epoch": before["epoch"], "offset": 1}});
    // The broker may not be back yet.
    let answer = Box::pin(soon(async {
        loop {
            let mut client = connect(&replica, "anna").await;
            let answer = subscribe(&mut client, recover.clone()).await;
            if answer["recovered"] == true {
                assert_eq!(recorded(&mut client).await, (2, json!(2)));
            }
            if !answer.is_null() {
                return answer;
            }
        }
    }));
    (before, answer.await)
}

#[tokio::test]
async fn a_redis_that_lost_everything_begins_another_epoch() {
    let (before, after) = Box::pin(after_a_restart(RedisServer::start(), false)).await;
    assert_eq!(
        (&after["recovered"], &after["offset"]),
        (&json!(false), &json!(0))
    );
    assert_ne!(after["epoch"], before["epoch"]);
}

#[tokio::test]
async fn a_redis_that_may_have_lost_something_begins_another_epoch() {
    let (before, after) = Box::pin(after_a_restart(RedisServer::with(&DURABLE), false)).await;
    assert_eq!(after["recovered"], false);
    assert_ne!(after["epoch"], before["epoch"]);
}

#[tokio::test]
async fn a_redis_that_is_trusted_to_have_kept_all_goes_on() {
    let (before, after) = Box::pin(after_a_restart(RedisServer::with(&DURABLE), true)).await;
    assert_eq!(
        (&after["recovered"], &after["offset"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(after["epoch"], before["epoch"]);
}
