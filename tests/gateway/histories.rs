//! What was published can be asked for, and is recorded once however many replicas hear of it.

use std::sync::Arc;

use mithril::broker::memory::MemoryBroker;
use mithril::clock::Clock;
use mithril::history::Bounds;
use mithril::history::memory::MemoryHistory;
use serde_json::{Value, json};

use crate::fixture::{Client, Fixture, NOW, broker_of, take_position, unreachable_history};

fn claims(user: &str) -> Value {
    json!({"sub": user, "exp": NOW + 60})
}

async fn joined(client: &mut Client) {
    assert_eq!(client.receive().await["type"], "user_joined");
}

#[tokio::test]
async fn a_message_reads_the_same_now_and_later() {
    let fixture = Fixture::start().await;
    let mut anna = fixture.connect_v1(&claims("anna"), "/ws/maths").await;
    joined(&mut anna).await;
    let mut events = Vec::new();
    for data in [json!("hi"), json!({"n": 1})] {
        anna.send(json!({"data": data}).to_string()).await;
        events.push(anna.receive().await);
    }
    let text = fixture.record("room:maths", "not \"JSON\"").await;
    events.push(anna.receive().await);
    assert_eq!(
        (&events[2]["offset"], &events[2]["epoch"]),
        (&json!(3), &json!(text.epoch))
    );
    let ask = json!({"type": "history", "topic": "room:maths"});
    let answer = anna.ask_with_id(ask).await;
    let message = |event: &Value| json!({"offset": event["offset"], "data": event["data"]});
    let messages: Vec<_> = events.iter().map(message).collect();
    let expected = json!({"topic": "room:maths", "epoch": text.epoch, "offset": 3,
        "messages": messages, "truncated": false});
    assert_eq!(answer["data"], expected);
    // Both dialects are answered alike.
    let mut classic = fixture.connect_as("ben", "/ws").await;
    let ask = json!({"type": "history", "topic": "room:maths"});
    assert_eq!(classic.ask_with_id(ask).await["data"], expected);
}

#[tokio::test]
async fn it_is_read_page_by_page_and_says_what_is_gone() {
    let fixture = Fixture::with(|config| {
        let bounds = Bounds {
            entries: 10,
            ..Bounds::default()
        };
        let history = MemoryHistory::new(bounds, Clock::system(), &broker_of(config));
        config.history = Arc::new(history);
    });
    let fixture = fixture.await;
    let mut client = fixture.connect_v1(&claims("42"), "/ws").await;
    let ask = json!({"type": "history", "topic": "ws:42"});
    let mut empty = client.ask_with_id(ask).await["data"].take();
    assert_eq!(take_position(&mut empty).1, 0);
    assert_eq!(
        empty,
        json!({"topic": "ws:42", "messages": [], "truncated": false})
    );
    let mut epoch = String::new();
    for number in 1..=15 {
        epoch = fixture.record("ws:42", &number.to_string()).await.epoch;
        client.receive().await;
    }
    let other = "other".to_owned();
    let since = |epoch: &String, offset: u64| json!({"epoch": epoch, "offset": offset});
    for (since, limit, expected, truncated) in [
        (Value::Null, Value::Null, 6..16, true),
        (since(&epoch, 5), Value::Null, 6..16, false),
        (since(&epoch, 7), json!(3), 8..11, false),
        (since(&epoch, 15), json!(3), 16..16, false),
        (since(&epoch, 15), json!(0), 16..16, false),
        (since(&epoch, 3), json!(2), 6..8, true),
        (since(&epoch, 16), json!(2), 6..8, true),
        (since(&other, 7), json!(2), 6..8, true),
    ] {
        let ask = json!({"type": "history", "topic": "ws:42", "since": since, "limit": limit});
        let mut answer = client.ask_with_id(ask).await["data"].take();
        assert_eq!(take_position(&mut answer), (epoch.clone(), 15));
        let messages: Vec<_> = expected
            .map(|number| json!({"offset": number, "data": number}))
            .collect();
        let expected = json!({"topic": "ws:42", "messages": messages, "truncated": truncated});
        assert_eq!(answer, expected, "{since} {limit}");
    }
    for topic in [
        "ws:43",
        "room:*",
        "exercise.updated",
        "grading.42.e.result",
        "x",
    ] {
        let answer = client
            .ask_with_id(json!({"type": "history", "topic": topic}))
            .await;
        assert_eq!(answer["code"], "forbidden", "{topic}");
        let sentence = answer["error"].as_str().unwrap();
        assert!(sentence.contains("a history is that of"), "{sentence}");
    }
}

#[tokio::test]
async fn an_answer_has_no_more_than_a_connection_takes() {
    let fixture = Fixture::start().await;
    let large = "x".repeat(200 * 1024);
    for _ in 0..10 {
        fixture.record("ws:42", &large).await;
    }
    let mut client = fixture.connect_v1(&claims("42"), "/ws").await;
    let (mut since, mut asked) = (Value::Null, 0);
    loop {
        let ask = json!({"type": "history", "topic": "ws:42", "since": since});
        let answer = client.ask_with_id(ask).await["data"].take();
        let messages = answer["messages"].as_array().unwrap();
        assert!(messages.len() <= 3);
        asked += 1;
        since = json!({"epoch": answer["epoch"], "offset": messages.last().unwrap()["offset"]});
        if since["offset"] == answer["offset"] {
            break;
        }
    }
    assert_eq!(asked, 5);
}

#[tokio::test]
async fn a_broadcast_with_an_id_is_recorded_once_by_many_replicas() {
    let broker = MemoryBroker::new();
    let history = MemoryHistory::new(Bounds::default(), Clock::system(), &broker);
    let history = Arc::new(history);
    let (mut replicas, mut members) = (Vec::new(), Vec::new());
    for user in ["anna", "ben", "carl"] {
        let (broker, history) = (broker.clone(), history.clone());
        let replica = Fixture::with(|config| {
            config.broker = broker.into();
            config.history = history;
        });
        let replica = replica.await;
        let mut member = replica.connect_v1(&claims(user), "/ws").await;
        member.subscribe(&["project:p"]).await;
        for earlier in &mut members {
            joined(earlier).await;
        }
        joined(&mut member).await;
        replicas.push(replica);
        members.push(member);
    }
    let envelope = |id: &str| {
        json!({"type": "task", "data": 1, "project_id": "p",
        "timestamp": "t", "message_id": id, "source": "worker"})
    };
    // The service is not sure that it was heard.
    for id in ["m", "m", "n"] {
        let channel = "websocket:broadcast";
        replicas[0].publish(channel, envelope(id).to_string()).await;
    }
    for member in &mut members {
        for (offset, id) in [(1, "m"), (2, "n")] {
            let mut event = member.receive().await;
            assert_eq!(take_position(&mut event).1, offset);
            let data = json!({"type": "task", "data": 1, "timestamp": "t", "message_id": id});
            let expected = json!({"type": "event", "subject": "project:p", "data": data});
            assert_eq!(event, expected);
        }
    }
    // For a user it is kept too, as the classic dialect shows it.
    let mut for_user = envelope("m");
    for_user["project_id"] = Value::Null;
    for_user["user_id"] = json!("dora");
    let mut dora = replicas[0].connect_as("dora", "/ws").await;
    replicas[1]
        .publish("websocket:broadcast", for_user.to_string())
        .await;
    let frame = json!({"type": "task", "data": 1, "timestamp": "t", "message_id": "m"});
    assert_eq!(dora.receive().await, frame);
    for client in members.iter_mut().chain([&mut dora]) {
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn without_the_history_a_room_goes_on_here_without_offsets() {
    let fixture = Fixture::start().await;
    let mut anna = fixture.connect_v1(&claims("anna"), "/ws/maths").await;
    joined(&mut anna).await;
    let mut ben = fixture.connect_v1(&claims("ben"), "/ws/maths").await;
    joined(&mut ben).await;
    joined(&mut anna).await;
    fixture.broker.cut();
    let say = json!({"type": "publish", "topic": "room:maths", "data": "hi", "request_id": "p"});
    anna.send(say.to_string()).await;
    for client in [&mut anna, &mut ben] {
        let event = client.receive().await;
        assert_eq!(
            (&event["data"]["data"], event.get("offset")),
            (&json!("hi"), None)
        );
    }
    assert_eq!(anna.receive().await["data"].get("offset"), None);
    fixture.broker.restore();
    for client in [&mut anna, &mut ben] {
        assert_eq!(client.receive().await["type"], "gap");
    }
    anna.send(say.to_string()).await;
    for client in [&mut anna, &mut ben] {
        assert_eq!(client.receive().await["offset"], 1);
    }
    assert_eq!(anna.receive().await["data"]["offset"], 1);
    let page = fixture
        .http("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    for line in [
        "mithril_history_appends_total{result=\"new\"} 1\n",
        "mithril_history_appends_total{result=\"unavailable\"} 1\n",
    ] {
        assert!(page.body.contains(line), "{}", page.body);
    }
}

#[tokio::test]
async fn where_there_is_no_history_topics_are_heard_without_positions() {
    let fixture = Fixture::with(|config| config.history = unreachable_history()).await;
    let mut anna = fixture.connect_v1(&claims("anna"), "/ws/maths").await;
    joined(&mut anna).await;
    let frame = json!({"type": "subscribe", "topics": ["project:p", "ws:anna"]});
    let answer = anna.ask_with_id(frame).await;
    let topics = json!([{"topic": "ws:anna"}, {"topic": "project:p"}]);
    assert_eq!(
        answer["data"],
        json!({"subscribed": topics, "rejected": []})
    );
    joined(&mut anna).await;
    let mut heard = vec![anna.ask(json!({"data": "hi"}).to_string()).await];
    fixture.publish("ws:anna", "{}").await;
    heard.push(anna.receive().await);
    let envelope = json!({"type": "task", "data": 1, "project_id": "p", "message_id": "m"});
    let channel = "websocket:broadcast";
    fixture.publish(channel, envelope.to_string()).await;
    heard.push(anna.receive().await);
    for (event, subject) in heard.iter().zip(["room:maths", "ws:anna", "project:p"]) {
        assert_eq!(
            (&event["subject"], event.get("offset")),
            (&json!(subject), None)
        );
    }
    let ask = json!({"type": "history", "topic": "ws:anna"});
    assert_eq!(anna.ask_with_id(ask).await["code"], "unavailable");
    // It may be there later, so nobody is told that something is gone.
    let recover = json!({"room:a": "cursor"});
    let frame = json!({"type": "subscribe", "topics": ["room:a"], "recover": recover});
    let answer = anna.ask_with_id(frame).await;
    assert_eq!(answer["data"]["rejected"][0]["code"], "unavailable");
}
