//! What is published reaches whom it is for, once, in order, in the words of each dialect.

use std::sync::Arc;

use mithril::broker::memory::MemoryBroker;
use mithril::clock::Clock;
use mithril::history::Bounds;
use mithril::history::memory::MemoryHistory;
use serde_json::{Value, json};

use crate::fixture::{Client, Fixture, NOW, take_position};

fn claims(user: &str) -> Value {
    json!({"sub": user, "exp": NOW + 60})
}

async fn ready(client: &mut Client) {
    // Frames are read once the connection follows what it follows unasked.
    client.expect_silence().await;
}

#[tokio::test]
async fn every_tab_of_a_user_gets_each_notification_once() {
    let fixture = Fixture::start().await;
    let mut tabs = Vec::new();
    for path in ["/ws", "/ws/", "/ws/connect"] {
        let mut tab = fixture.connect_as("42", path).await;
        ready(&mut tab).await;
        tabs.push(tab);
    }
    // Ids that are alike are not the same.
    let mut others = Vec::new();
    for user in ["4", "421", "43"] {
        let mut other = fixture.connect_as(user, "/ws").await;
        ready(&mut other).await;
        others.push(other);
    }
    assert_eq!(
        fixture.broker.followers("ws:42"),
        1,
        "one upstream, not one per tab"
    );
    for number in 0..20 {
        fixture
            .publish("ws:42", format!(r#"{{"n": {number}}}"#))
            .await;
    }
    for tab in &mut tabs {
        for number in 0..20 {
            assert_eq!(tab.receive().await, json!({"n": number}));
        }
        tab.expect_silence().await;
    }
    for other in &mut others {
        other.expect_silence().await;
    }
}

#[tokio::test]
async fn a_second_connection_does_not_replace_the_first_and_one_that_ends_ends_alone() {
    let fixture = Fixture::start().await;
    let mut first = fixture.connect().await;
    ready(&mut first).await;
    let mut second = fixture.connect().await;
    ready(&mut second).await;
    second.socket.close(None).await.unwrap();
    drop(second);
    fixture.publish("ws:42", r#"{"still":"here"}"#).await;
    assert_eq!(first.receive().await, json!({"still": "here"}));
}

#[tokio::test]
async fn a_notification_is_word_for_word_in_classic_and_an_event_in_v1() {
    let fixture = Fixture::start().await;
    let mut classic = fixture.connect().await;
    let mut v1 = fixture.connect_v1(&claims("42"), "/ws").await;
    ready(&mut classic).await;
    ready(&mut v1).await;
    let text = r#"{ "event" : "slot",  "data":{"n":1.50}}"#;
    fixture.publish("ws:42", text).await;
    assert_eq!(classic.receive_text().await, text);
    let event = v1.receive_text().await;
    let expected = format!(r#"{{"type":"event","subject":"ws:42","data":{text}}}"#);
    assert_eq!(event, expected);

    fixture.publish("ws:42", "not \"JSON\"").await;
    assert_eq!(classic.receive_text().await, "not \"JSON\"");
    assert_eq!(v1.receive().await["data"], "not \"JSON\"");
}

#[tokio::test]
async fn what_is_no_text_or_too_large_is_dropped_and_the_rest_arrives() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    ready(&mut client).await;
    fixture.publish("ws:42", b"\xff\xfe".to_vec()).await;
    fixture.publish("ws:42", " ".repeat(256 * 1024 + 1)).await;
    for payload in [
        "",
        "{",
        "[]",
        r#"{"type":1}"#,
        r#"{"type":"x","project_id":"a.b"}"#,
    ] {
        fixture.publish("websocket:broadcast", payload).await;
    }
    fixture.publish("ws:42", "{}").await;
    assert_eq!(client.receive().await, json!({}));
    client.expect_silence().await;
}

#[tokio::test]
async fn a_broadcast_goes_to_its_project_else_its_user_else_everyone() {
    let fixture = Fixture::start().await;
    let mut member = fixture.connect_v1(&claims("1"), "/ws").await;
    let mut user = fixture.connect_as("2", "/ws").await;
    let mut other = fixture.connect_as("3", "/ws").await;
    member.subscribe(&["project:p"]).await;
    assert_eq!(member.receive().await["type"], "user_joined");
    ready(&mut user).await;
    ready(&mut other).await;

    let envelope = |address: Value| {
        let mut envelope = json!({"type": "task_updated", "data": {"n": 1},
            "timestamp": "2023-12-01T10:00:00Z", "message_id": "m", "source": "worker"});
        envelope
            .as_object_mut()
            .unwrap()
            .extend(address.as_object().unwrap().clone());
        envelope.to_string()
    };
    let frame = json!({"type": "task_updated", "data": {"n": 1},
        "timestamp": "2023-12-01T10:00:00Z", "message_id": "m"});
    let event = |subject: &str| json!({"type": "event", "subject": subject, "data": frame});

    let channel = "websocket:broadcast";
    fixture
        .publish(
            channel,
            envelope(json!({"project_id": "p", "user_id": "2"})),
        )
        .await;
    let mut recorded = member.receive().await;
    assert_eq!(take_position(&mut recorded).1, 1);
    assert_eq!(recorded, event("project:p"));
    user.expect_silence().await;

    fixture
        .publish(channel, envelope(json!({"user_id": "2"})))
        .await;
    assert_eq!(user.receive().await, frame);
    member.expect_silence().await;

    fixture.publish(channel, envelope(json!({}))).await;
    assert_eq!(user.receive().await, frame);
    assert_eq!(other.receive().await, frame);
    assert_eq!(member.receive().await, event("websocket:broadcast"));
    for client in [&mut member, &mut user, &mut other] {
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn a_launch_is_announced_once_to_those_who_subscribed() {
    let fixture = Fixture::start().await;
    let mut launching = fixture.connect().await;
    let mut watching = fixture.connect().await;
    let mut other = fixture.connect_as("43", "/ws").await;
    launching.subscribe(&["exercise.{user_id}.status"]).await;
    watching
        .subscribe(&["exercise.42.status", "exercise.42.progress"])
        .await;
    other.subscribe(&["exercise.43.status"]).await;

    let answer = launching
        .request("exercise.launch", json!({"exercise_id": "sum"}))
        .await;
    assert_eq!(answer["type"], "response", "the answer comes first");
    let expected = json!({"type": "event", "subject": "exercise.42.status", "data": {
        "user_id": "42", "exercise_id": "sum", "status": "started",
        "session_id": answer["data"]["session_id"], "timestamp": "2027-01-15T08:00:00.000Z"}});
    for client in [&mut launching, &mut watching] {
        assert_eq!(client.receive().await, expected);
        client.expect_silence().await;
    }
    other.expect_silence().await;
}

#[tokio::test]
async fn when_the_broker_is_lost_and_back_v1_is_told_and_goes_on() {
    let fixture = Fixture::start().await;
    let mut v1 = fixture.connect_v1(&claims("42"), "/ws").await;
    let mut classic = fixture.connect().await;
    v1.subscribe(&["exercise.42.status"]).await;
    ready(&mut classic).await;
    fixture.broker.cut();
    // Content is served, and what happens in this process is heard in this process.
    v1.subscribe_in_vain("exercise.updated").await;
    let launch = json!({"exercise_id": "sum"});
    let answer = v1.request("exercise.launch", launch).await;
    assert_eq!(answer["type"], "response");
    assert_eq!(v1.receive().await["subject"], "exercise.42.status");
    fixture.broker.restore();
    let gap = json!({"type": "gap", "topics": ["exercise.42.status", "ws:42"]});
    assert_eq!(v1.receive().await, gap);
    fixture.publish("ws:42", "{}").await;
    assert_eq!(v1.receive().await["type"], "event");
    assert_eq!(classic.receive().await, json!({}));
}

#[tokio::test]
async fn replicas_that_share_a_broker_are_one_gateway() {
    let broker = MemoryBroker::new();
    let history = MemoryHistory::new(Bounds::default(), Clock::system(), &broker);
    let history = Arc::new(history);
    let mut replicas = Vec::new();
    for _ in 0..3 {
        let (broker, history) = (broker.clone(), history.clone());
        let replica = Fixture::with(|config| {
            config.broker = broker.into();
            config.history = history;
        });
        replicas.push(replica.await);
    }
    let mut members = Vec::new();
    for (replica, user) in replicas.iter().zip(["anna", "ben", "carl"]) {
        let mut member = replica.connect_as(user, "/ws/maths").await;
        // Who came before hears of who comes now, and so does who comes.
        for earlier in &mut members {
            let earlier: &mut Client = earlier;
            assert_eq!(earlier.receive().await["data"]["user_id"], user);
        }
        assert_eq!(member.receive().await["data"]["user_id"], user);
        members.push(member);
    }
    members[0].send(r#"{"data":"to all"}"#).await;
    for member in &mut members {
        let frame = member.receive().await;
        assert_eq!(
            (&frame["data"], &frame["user_id"]),
            (&json!("to all"), &json!("anna"))
        );
        member.expect_silence().await;
    }
    // One tab of a user on each replica: each gets a notification once.
    let mut tabs = Vec::new();
    for replica in &replicas {
        let mut tab = replica.connect().await;
        ready(&mut tab).await;
        tabs.push(tab);
    }
    assert_eq!(
        broker.followers("ws:42"),
        replicas.len(),
        "one upstream for each process"
    );
    replicas[0].publish("ws:42", "{}").await;
    for tab in &mut tabs {
        assert_eq!(tab.receive().await, json!({}));
        tab.expect_silence().await;
    }
}
