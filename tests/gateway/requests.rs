//! What a well-behaved client is answered.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use mithril::catalog::{Catalog, CatalogStore};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::fixture::{Fixture, content, soon, token};

fn error(answer: &Value) -> (&str, &str) {
    (
        answer["type"].as_str().unwrap(),
        answer["code"].as_str().unwrap(),
    )
}

#[tokio::test]
async fn the_five_requests_are_answered_from_the_catalog() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;

    let list = client.request("exercise.pool.list", json!({})).await;
    assert_eq!(list["type"], "response");
    let pools = list["data"]["pools"].as_array().unwrap();
    let ids: Vec<_> = pools.iter().map(|pool| &pool["id"]).collect();
    assert_eq!(ids, ["c-basics", "regex"]);
    assert_eq!(pools[0]["exercises"], json!(["hello", "sum"]));

    let pool = client
        .request("exercise.pool.get", json!({"pool_id": "regex"}))
        .await;
    assert_eq!(pool["data"], json!({"pool": pools[1]}));

    let data = json!({"pool_id": "c-basics"});
    let exercises = client.request("exercise.pool.exercises", data).await;
    let exercises = exercises["data"]["exercises"].as_array().unwrap();
    assert_eq!(exercises.len(), 2);

    let data = json!({"exercise_id": "sum"});
    let exercise = client.request("exercise.get", data.clone()).await;
    assert_eq!(exercise["data"], json!({"exercise": exercises[1]}));
    assert_eq!(exercises[1]["description"], "Ünïcode and a 🦀");
    assert_eq!(exercises[1].get("answer"), None);

    let first = client.request("exercise.launch", data.clone()).await;
    assert_eq!(first["data"]["exercise"], exercises[1]);
    let second = client.request("exercise.launch", data).await;
    let session = |launch: &Value| {
        let id = launch["data"]["session_id"].as_str().unwrap();
        id.parse::<Uuid>().unwrap()
    };
    assert_ne!(session(&first), session(&second));
}

#[tokio::test]
async fn a_request_speaks_for_its_own_user_only() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    for (user, allowed) in [("42", true), ("4", false), ("43", false), ("*", false)] {
        let data = json!({"user_id": user, "exercise_id": "sum"});
        let answer = client.request("exercise.launch", data).await;
        if allowed {
            assert_eq!(answer["type"], "response");
        } else {
            assert_eq!(error(&answer), ("error", "forbidden"), "{user}");
        }
    }
}

#[tokio::test]
async fn whatever_is_wrong_is_answered_and_the_client_stays() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    for (subject, data, code) in [
        ("exercise.pool.get", json!({"pool_id": "nope"}), "not_found"),
        (
            "exercise.pool.exercises",
            json!({"pool_id": "nope"}),
            "not_found",
        ),
        ("exercise.get", json!({"exercise_id": "nope"}), "not_found"),
        (
            "exercise.launch",
            json!({"exercise_id": "nope"}),
            "not_found",
        ),
        (
            "exercise.get",
            json!({"exercise_id": "../etc"}),
            "bad_request",
        ),
        ("exercise.get", json!({}), "bad_request"),
        ("exercise.get", json!([]), "bad_request"),
        ("exercise.delete", json!({}), "unknown_subject"),
        ("grading.42.sum.submit", json!(["x"]), "unavailable"),
        ("grading.43.sum.submit", json!(["x"]), "forbidden"),
    ] {
        let answer = client.request(subject, data.clone()).await;
        assert_eq!(error(&answer), ("error", code), "{subject} {data}");
        let message = &answer["data"]["message"];
        assert_eq!(answer["data"], json!({"code": code, "message": message}));
        assert_eq!(&answer["error"], message);
    }
    for (frame, code) in [
        ("", "bad_request"),
        ("{", "bad_request"),
        ("[]", "bad_request"),
        ("{}", "bad_request"),
        (r#"{"type":"dance"}"#, "unknown_type"),
        (r#"{"type":"auth_success"}"#, "unknown_type"),
        (
            r#"{"type":"request","subject":"exercise.pool.list"}"#,
            "bad_request",
        ),
        (
            r#"{"type":"history","topic":"ws:{user_id}","limit":1001}"#,
            "bad_request",
        ),
        (r#"{"type":"history","topic":"ws:43"}"#, "forbidden"),
        (r#"{"type":"ack","topic":"ws:43","offset":1}"#, "forbidden"),
        (r#"{"type":"subscribe","topics":["ws:43"]}"#, "forbidden"),
    ] {
        let answer = client.ask(frame).await;
        assert_eq!(error(&answer), ("error", code), "{frame}");
        assert_eq!(answer.get("request_id"), None);
    }
    let list = client.request("exercise.pool.list", json!({})).await;
    assert_eq!(list["type"], "response");
}

#[tokio::test]
async fn the_dialect_is_the_first_one_offered() {
    let fixture = Fixture::start().await;
    let ping = r#"{"type":"ping"}"#;
    let bearer = format!("mithril.bearer.{}", token("42"));

    let offer = format!("mithril.v1, {bearer}");
    let headers = [("sec-websocket-protocol", offer.as_str())];
    let mut client = fixture.connect_with("/ws/connect", &headers).await;
    assert_eq!(client.protocol.as_deref(), Some("mithril.v1"));
    assert_eq!(client.ask(ping).await, json!({"type": "pong"}));
    let with_id = client.ask(r#"{"type":"ping","request_id":"p"}"#).await;
    let response = json!({"type": "response", "request_id": "p", "data": {"type": "pong"}});
    assert_eq!(with_id, response);

    let offer = format!("{bearer}, mithril.classic, mithril.v1");
    let headers = [("sec-websocket-protocol", offer.as_str())];
    let mut client = fixture.connect_with("/ws/", &headers).await;
    assert_eq!(client.protocol.as_deref(), Some("mithril.classic"));
    let answer = client.ask(ping).await;
    assert_eq!(answer["type"], "pong");
    assert_eq!(answer["data"], json!({}));
    assert_eq!(answer["timestamp"], "2027-01-15T08:00:00.000Z");
    let id: Uuid = answer["message_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
}

#[tokio::test]
async fn a_token_may_be_in_the_query() {
    let fixture = Fixture::start().await;
    let path = format!("/ws?token={}", token("42"));
    let mut client = fixture.connect_with(&path, &[]).await;
    assert_eq!(client.protocol, None);
    assert_eq!(client.ask(r#"{"type":"ping"}"#).await["type"], "pong");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    // Far more than the queue of a connection holds: the daemon must slow the client down.
    const REQUESTS: usize = 10_000;
    let fixture = Fixture::start().await;
    let (mut sending, mut receiving) = fixture.connect().await.socket.split();
    let id = |number: usize| {
        if number.is_multiple_of(3) {
            "nope"
        } else {
            "sum"
        }
    };
    let send = async {
        for number in 0..REQUESTS {
            let frame = json!({"type": "request", "subject": "exercise.get",
                "data": {"exercise_id": id(number)}, "request_id": number.to_string()});
            let message = Message::text(frame.to_string());
            soon(sending.feed(message)).await.unwrap();
        }
        soon(sending.flush()).await.unwrap();
    };
    let receive = async {
        for number in 0..REQUESTS {
            let message = soon(receiving.next()).await.unwrap().unwrap();
            let answer: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
            assert_eq!(answer["request_id"], number.to_string());
            let exercise = &answer["data"]["exercise"]["id"];
            assert_eq!(exercise == "sum", id(number) == "sum");
        }
    };
    tokio::join!(send, receive);
}

#[tokio::test]
async fn an_answer_that_does_not_fit_a_frame_is_told() {
    let fixture = Fixture::with(|config| {
        let mut content = content();
        content[0].exercises[0].description = Some("x".repeat(17 * 1024 * 1024));
        content[0].exercises[1].description = Some("x".repeat(3 * 1024 * 1024));
        config.catalog = Arc::new(CatalogStore::new(Catalog::build(content).unwrap()));
    })
    .await;
    let mut client = fixture.connect().await;
    let data = json!({"exercise_id": "hello"});
    let answer = client.request("exercise.get", data).await;
    assert_eq!(error(&answer), ("error", "too_large"));
    // Larger than the queue may be, but alone in it.
    let data = json!({"exercise_id": "sum"});
    let answer = client.request("exercise.get", data).await;
    assert_eq!(answer["data"]["exercise"]["id"], "sum");
}
