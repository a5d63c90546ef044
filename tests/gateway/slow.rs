//! A client that does not read harms itself alone.

use serde_json::json;

use crate::fixture::Fixture;

#[tokio::test]
async fn who_stops_reading_is_closed_and_the_others_miss_nothing() {
    // More than the queue and what the system buffers on both sides together.
    const MESSAGES: usize = 200;
    let fixture = Fixture::start().await;
    let mut slow = fixture.connect_as("slow", "/ws").await;
    let mut quick = fixture.connect_as("quick", "/ws").await;
    for client in [&mut slow, &mut quick] {
        client.subscribe(&["exercise.updated"]).await;
    }
    let filler = "x".repeat(200 * 1024);
    for number in 0..MESSAGES {
        let payload = json!({"n": number, "filler": filler}).to_string();
        fixture.publish("exercise.updated", payload).await;
        // The other one reads each message before the next is published.
        assert_eq!(quick.receive().await["data"]["n"], number);
    }
    let (code, reason) = slow.closed().await;
    assert_eq!((code, reason), (4008, json!({"code": "slow_consumer"})));
    quick.expect_silence().await;
    fixture
        .publish("exercise.updated", r#"{"n":"after"}"#)
        .await;
    assert_eq!(quick.receive().await["data"]["n"], "after");
}

#[tokio::test]
async fn one_of_many_stops_reading_and_the_others_miss_nothing() {
    const OTHERS: usize = 50;
    // More than the queue and what the system buffers on both sides together.
    const MESSAGES: usize = 150;
    let fixture = Fixture::start().await;
    let mut slow = fixture.connect_as("slow", "/ws").await;
    slow.subscribe(&["exercise.updated"]).await;
    let mut others = Vec::new();
    for number in 0..OTHERS {
        let mut other = fixture.connect_as(&format!("u{number}"), "/ws").await;
        other.subscribe(&["exercise.updated"]).await;
        others.push(other);
    }
    let filler = "x".repeat(64 * 1024);
    for number in 0..MESSAGES {
        let payload = json!({"n": number, "filler": filler}).to_string();
        fixture.publish("exercise.updated", payload).await;
        let last = format!(r#""n":{number}}}"#);
        let all = others.iter_mut().map(async |other| {
            let text = other.receive_text().await;
            assert!(text.contains(&last), "in order, and each");
        });
        futures_util::future::join_all(all).await;
    }
    let (code, reason) = slow.closed().await;
    assert_eq!((code, reason), (4008, json!({"code": "slow_consumer"})));
    for other in &mut others {
        other.expect_silence().await;
    }
}

#[tokio::test]
async fn a_slow_reader_in_a_room_does_not_hold_up_who_speaks() {
    let fixture = Fixture::with(|config| config.limits.queue_frames = 8).await;
    let mut slow = fixture.connect_as("slow", "/ws/maths").await;
    assert_eq!(slow.receive().await["type"], "user_joined");
    let mut loud = fixture.connect_as("loud", "/ws/maths").await;
    assert_eq!(loud.receive().await["type"], "user_joined");
    let filler = "x".repeat(60 * 1024);
    for _ in 0..400 {
        let said = loud.ask(json!({"data": filler}).to_string()).await;
        if said["type"] == "user_left" {
            // The slow one has been given up on meanwhile; the message follows.
            assert_eq!(loud.receive().await["type"], "chat");
        } else {
            assert_eq!(said["type"], "chat");
        }
    }
    assert_eq!(slow.closed().await.0, 4008);
}
