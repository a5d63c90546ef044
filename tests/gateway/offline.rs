//! A user who was away is sent what came meanwhile: by itself in the classic dialect, and in
//! `mithril.v1` to whoever asks.

use mithril::ids::UserId;
use mithril::protocol::Topic;
use serde_json::{Value, json};

use crate::fixture::{Client, Fixture, NOW, soon};

fn claims() -> Value {
    json!({"sub": "42", "exp": NOW + 60})
}

/// Waits until the daemon has noticed that all are gone.
async fn gone(fixture: &Fixture, mut client: Client) {
    client.socket.close(None).await.unwrap();
    drop(client);
    soon(async {
        while fixture.daemon.connections() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn cursor(fixture: &Fixture) -> Option<u64> {
    let (topic, user) = (Topic::parse("ws:42").unwrap(), UserId::parse("42").unwrap());
    let cursor = fixture.history.cursor(&topic, &user).await.unwrap();
    cursor.map(|position| position.offset)
}

#[tokio::test]
async fn what_came_meanwhile_comes_first_once_and_word_for_word() {
    let fixture = Fixture::start().await;
    let texts = [r#"{ "n" : 1.50 }"#, "not JSON", " {} "];
    for text in texts {
        fixture.record("ws:42", text).await;
    }
    fixture.record("ws:43", "for another").await;
    let mut client = fixture.connect().await;
    fixture.record("ws:42", "live").await;
    for text in texts {
        assert_eq!(client.receive_text().await, text);
    }
    assert_eq!(client.receive_text().await, "live");
    client.expect_silence().await;
    gone(&fixture, client).await;
    fixture.publish("ws:42", "nobody keeps this").await;
    fixture.record("ws:42", "later").await;
    let mut client = fixture.connect().await;
    assert_eq!(client.receive_text().await, "later");
    client.expect_silence().await;
    gone(&fixture, client).await;
    let mut client = fixture.connect().await;
    client.expect_silence().await;
}

#[tokio::test]
async fn how_far_the_user_was_written_to_is_stored_when_the_connection_ends() {
    let fixture = Fixture::start().await;
    for _ in 0..3 {
        fixture.record("ws:42", "{}").await;
    }
    let mut client = fixture.connect().await;
    for _ in 0..3 {
        client.receive().await;
    }
    gone(&fixture, client).await;
    soon(async {
        while cursor(&fixture).await != Some(3) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_first_connection_alone_is_sent_it_and_v1_not_at_all() {
    let fixture = Fixture::start().await;
    fixture.record("ws:42", "1").await;
    let mut v1 = fixture.connect_v1(&claims(), "/ws").await;
    v1.expect_silence().await;
    // The user is there, and may recover.
    let mut classic = fixture.connect().await;
    classic.expect_silence().await;
    drop(classic);
    gone(&fixture, v1).await;
    let mut first = fixture.connect().await;
    assert_eq!(first.receive_text().await, "1");
    let mut second = fixture.connect().await;
    second.expect_silence().await;
    fixture.record("ws:42", "2").await;
    for client in [&mut first, &mut second] {
        assert_eq!(client.receive_text().await, "2");
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn it_is_not_sent_where_it_is_not_wanted() {
    let fixture = Fixture::with(|config| config.deliver_on_connect = false).await;
    fixture.record("ws:42", "1").await;
    let mut client = fixture.connect().await;
    client.expect_silence().await;
}

#[tokio::test]
async fn what_is_acknowledged_is_read_and_nothing_is_unread_again() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect_v1(&claims(), "/ws").await;
    let ack = |offset: u64| json!({"type": "ack", "topic": "ws:{user_id}", "offset": offset});
    assert_eq!(
        client.ask_with_id(ack(7)).await["data"],
        json!({"offset": 0})
    );
    for number in 1..=5_u64 {
        fixture.record("ws:42", &number.to_string()).await;
        client.receive().await;
    }
    for (offset, now) in [(2, 2), (1, 2), (4, 4)] {
        assert_eq!(
            client.ask_with_id(ack(offset)).await["data"],
            json!({"offset": now})
        );
    }
    for topic in ["ws:43", "room:*", "exercise.updated", "nonsense"] {
        let other = json!({"type": "ack", "topic": topic, "offset": 1});
        assert_eq!(
            client.ask_with_id(other).await["code"],
            "forbidden",
            "{topic}"
        );
    }
    gone(&fixture, client).await;
    assert_eq!(
        cursor(&fixture).await,
        Some(4),
        "what was sent is not what was read"
    );
    let mut classic = fixture.connect().await;
    assert_eq!(classic.receive_text().await, "5");
    classic.expect_silence().await;
}

#[tokio::test]
async fn v1_recovers_from_the_cursor() {
    let fixture = Fixture::start().await;
    let mut epoch = String::new();
    for number in 1..=3 {
        epoch = fixture.record("ws:42", &number.to_string()).await.epoch;
    }
    let frame = json!({"type": "subscribe", "topics": ["ws:42"], "recover": {"ws:42": "cursor"}});
    // Who has read nothing is sent everything.
    for (acknowledged, unread) in [(0, 1..4), (2, 3..4), (3, 4..4)] {
        let mut client = fixture.connect_v1(&claims(), "/ws").await;
        if acknowledged > 0 {
            let ack = json!({"type": "ack", "topic": "ws:42", "offset": acknowledged});
            client.ask_with_id(ack).await;
        }
        let answer = client.ask_with_id(frame.clone()).await;
        let expected = json!({"topic": "ws:42", "recovered": true, "epoch": epoch,
            "offset": acknowledged});
        assert_eq!(answer["data"]["subscribed"], json!([expected]));
        for offset in unread {
            let event = client.receive().await;
            assert_eq!(
                (&event["offset"], &event["data"]),
                (&json!(offset), &json!(offset))
            );
        }
        client.expect_silence().await;
        gone(&fixture, client).await;
    }
}
