//! Who may listen to what, and that listening begins with the answer and ends with it.

use mithril::gateway::{RoomPolicy, Rules};
use serde_json::{Value, json};

use crate::fixture::{Fixture, NOW, signed, take_position};

fn claim_policy() -> Rules {
    Rules {
        room_policy: RoomPolicy::Claim,
        ..Rules::default()
    }
}

#[tokio::test]
async fn a_subscription_is_answered_before_its_first_event() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    let mut answer = client
        .ask_with_id(json!({"type": "subscribe", "topics":
            ["exercise.{user_id}.progress", "exercise.updated", "ws:{user_id}", "room:*", "exercise.updated"]}))
        .await;
    take_position(&mut answer["data"]["subscribed"][0]);
    let sentence = &answer["data"]["rejected"][0]["error"];
    assert_eq!(
        answer["data"],
        json!({"subscribed": [{"topic": "ws:42"}, {"topic": "exercise.42.progress"},
                {"topic": "exercise.updated"}],
            "rejected": [{"topic": "room:*", "code": "forbidden", "error": sentence}]})
    );
    fixture
        .publish("exercise.42.progress", r#"{"progress":60}"#)
        .await;
    let event = client.receive().await;
    let expected =
        json!({"type": "event", "subject": "exercise.42.progress", "data": {"progress": 60}});
    assert_eq!(event, expected);
    // It was asked for twice, and is heard once.
    fixture.publish("exercise.updated", "{}").await;
    assert_eq!(client.receive().await["subject"], "exercise.updated");
    client.expect_silence().await;
}

#[tokio::test]
async fn after_the_answer_to_an_unsubscription_nothing_comes() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    client.subscribe(&["exercise.updated"]).await;
    let topics = [
        "exercise.updated",
        "exercise.pool.updated",
        "nonsense",
        "ws:{user_id}",
    ];
    let answer = client
        .ask_with_id(json!({"type": "unsubscribe", "topics": topics}))
        .await;
    let ended = json!({"unsubscribed": ["exercise.updated", "ws:42"]});
    assert_eq!(answer["data"], ended);
    fixture.publish("exercise.updated", "{}").await;
    fixture.publish("ws:42", "{}").await;
    client.expect_silence().await;
    client.subscribe(&["exercise.updated"]).await;
    fixture.publish("exercise.updated", "{}").await;
    assert_eq!(client.receive().await["type"], "event");
}

#[tokio::test]
async fn foreign_topics_are_forbidden_one_by_one() {
    let fixture = Fixture::with(|config| config.rules = claim_policy()).await;
    let mut client = fixture.connect().await;
    let topics = [
        "ws:4",
        "ws:421",
        "ws:*",
        "ws:>",
        "*",
        ">",
        "",
        "exercise.>",
        "exercise.*.progress",
        "exercise.4.status",
        "exercise.42.>",
        "grading.*.*.result",
        "grading.4.sum.result",
        "grading.42.sum.submit",
        "websocket:broadcast",
        "mithril:live:room:a",
        "room:a",
        "room:*",
        "project:*",
        "room:a.b",
        "room:../x",
        "room:\0",
        "_INBOX.x",
    ];
    let frame = json!({"type": "subscribe", "topics": topics});
    let answer = client.ask_with_id(frame.clone()).await;
    assert_eq!(answer["data"]["subscribed"], json!([]));
    let rejected = answer["data"]["rejected"].as_array().unwrap();
    let names: Vec<_> = rejected.iter().map(|one| &one["topic"]).collect();
    assert_eq!(names, topics);
    assert!(rejected.iter().all(|one| one["code"] == "forbidden"));
    // Without an id each is an error of its own.
    client.send(frame.to_string()).await;
    for topic in topics {
        let error = client.receive().await;
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("error"), &json!("forbidden"))
        );
        let sentence = error["error"].as_str().unwrap();
        assert!(sentence.ends_with(&format!("{topic:?}")), "{sentence}");
    }
    client.expect_silence().await;
}

#[tokio::test]
async fn a_token_may_grant_patterns_and_one_frame_comes_however_many_match() {
    let fixture = Fixture::with(|config| config.rules = claim_policy()).await;
    let claims = json!({"sub": "tutor", "exp": NOW + 60,
        "topics": ["exercise.*.progress", "grading.*.*.result", "room:*", "ws:*"]});
    let mut tutor = fixture.connect_v1(&claims, "/ws").await;
    tutor
        .subscribe(&[
            "exercise.*.progress",
            "exercise.42.progress",
            "grading.*.*.result",
            "grading.42.*.result",
            "grading.*.sum.result",
            "grading.42.sum.result",
        ])
        .await;
    for subject in [
        "exercise.42.progress",
        "exercise.7.progress",
        "grading.42.sum.result",
        "grading.7.x.result",
    ] {
        fixture.publish(subject, "{}").await;
        let event = json!({"type": "event", "subject": subject, "data": {}});
        assert_eq!(tutor.receive().await, event, "the name is the concrete one");
        tutor.expect_silence().await;
    }
    // Names that only look alike match nothing.
    for subject in [
        "exercise.4.2.progress",
        "exercise..progress",
        "exercise.a b.progress",
    ] {
        fixture.publish(subject, "{}").await;
        tutor.expect_silence().await;
    }
    let frame = json!({"type": "subscribe", "topics": ["exercise.*.status", "ws:42", "ws:*"]});
    let answer = tutor.ask_with_id(frame).await;
    assert_eq!(answer["data"]["subscribed"], json!([]));
}

#[tokio::test]
async fn a_connection_has_a_limit_of_topics() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    let rooms = |from: usize, to: usize| -> Vec<String> {
        (from..to).map(|number| format!("room:{number}")).collect()
    };
    // The own notifications are one of the 128.
    let frame = json!({"type": "subscribe", "topics": rooms(0, 128)});
    let answer = client.ask_with_id(frame).await;
    assert_eq!(answer["data"]["subscribed"].as_array().unwrap().len(), 127);
    let rejected = &answer["data"]["rejected"];
    assert_eq!(rejected.as_array().unwrap().len(), 1);
    assert_eq!(rejected[0]["topic"], "room:127");
    assert_eq!(rejected[0]["code"], "too_many_topics");
    let frame = json!({"type": "unsubscribe", "topics": ["room:0"]});
    client.ask_past_events(frame).await;
    let frame = json!({"type": "subscribe", "topics": ["room:127"]});
    let answer = client.ask_past_events(frame).await;
    assert_eq!(answer["data"]["rejected"], json!([]));
}

#[tokio::test]
async fn ten_thousand_topics_in_one_frame_are_one_error() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    let topics: Vec<Value> = (0..10_000).map(|n| json!(format!("{}", n % 10))).collect();
    let frame = json!({"type": "subscribe", "topics": topics}).to_string();
    assert!(frame.len() < 64 * 1024);
    let answer = client.ask(frame).await;
    assert_eq!(answer["code"], "too_many_topics");
    let frame = json!({"type": "unsubscribe", "topics": topics});
    let answer = client.ask_with_id(frame).await;
    assert_eq!(answer["data"], json!({"unsubscribed": []}));
    client.expect_silence().await;
}

#[tokio::test]
async fn recovery_is_answered_honestly() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    let frame = json!({"type": "subscribe", "topics": ["ws:{user_id}", "exercise.updated"],
        "recover": {"ws:{user_id}": {"epoch": "e", "offset": 7}}});
    let mut answer = client.ask_with_id(frame).await;
    let subscribed = &mut answer["data"]["subscribed"];
    assert_eq!(take_position(&mut subscribed[0]).1, 0);
    let expected = json!([{"topic": "ws:42", "recovered": false}, {"topic": "exercise.updated"}]);
    assert_eq!(*subscribed, expected);
}

#[tokio::test]
async fn a_new_token_ends_what_it_does_not_grant_any_more() {
    let fixture = Fixture::with(|config| config.rules = claim_policy()).await;
    let claims = |rooms: &[&str]| json!({"sub": "42", "exp": NOW + 60, "rooms": rooms});
    let mut client = fixture
        .connect_v1(&claims(&["maths", "physics"]), "/ws")
        .await;
    client.subscribe(&["room:maths"]).await;
    client.receive().await;
    client.subscribe(&["room:physics"]).await;
    client.receive().await;
    let renew = |token: String| json!({"type": "auth", "token": token, "request_id": "r"});
    let frame = renew(signed(&claims(&["maths"])));
    assert_eq!(client.ask(frame.to_string()).await["type"], "auth_success");
    let answer = client.receive().await;
    assert_eq!(answer["request_id"], "r", "{answer}");
    let lost = client.receive().await;
    assert_eq!(lost["code"], "forbidden", "{lost}");
    assert!(lost["error"].as_str().unwrap().contains("room:physics"));
    fixture.publish("room:physics", "unheard").await;
    fixture.publish("room:maths", "heard").await;
    assert_eq!(client.receive().await["data"], "heard");
    let publish = json!({"type": "publish", "topic": "room:physics"});
    assert_eq!(client.ask_with_id(publish).await["code"], "forbidden");
}
