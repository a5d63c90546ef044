//! What services publish, and users with a scope: it has been recorded when it is answered.

use mithril::gateway::{AuthConfig, KeyError};
use serde_json::{Value, json};

use super::client::{Answer, Ask};
use crate::algorithms::auth;
use crate::fixture::{Fixture, NOW, SECRET, signed, token, upgrade};

const PATH: &str = "/api/v1/publish";
const KEY: &str = "a-key-of-at-least-thirty-two-bytes";
const OTHER_KEY: &str = "another-key-of-at-least-thirty-two-bytes";

/// Publishes as user 7 with this scope.
async fn publish(fixture: &Fixture, scope: &str, message: &Value) -> Answer {
    let claims = json!({"sub": "7", "exp": NOW + 60, "scope": scope});
    let ask = Ask::post(PATH).token(&signed(&claims)).json(message);
    ask.send(fixture).await
}

async fn publish_with_key(fixture: &Fixture, key: &str, message: &Value) -> Answer {
    let ask = Ask::post(PATH).no_token().header("x-api-key", key);
    ask.json(message).send(fixture).await
}

fn keys(keys: &str) -> AuthConfig {
    let secret = std::str::from_utf8(SECRET).unwrap();
    let auth = auth(&[("secret", secret), ("api_keys", keys)]);
    AuthConfig::of(&auth).unwrap().unwrap()
}

async fn with_keys() -> Fixture {
    let keys = keys(&format!("{KEY}\n{OTHER_KEY}"));
    Fixture::with(|config| config.auth = Some(keys)).await
}

/// Where the answer says that the message is.
fn position(answer: &Answer) -> (Value, Value) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 3);
    assert!(body["message_id"].is_string());
    (body["epoch"].clone(), body["offset"].clone())
}

#[tokio::test]
async fn what_has_no_type_arrives_word_for_word() {
    let fixture = Fixture::start().await;
    let mut classic = fixture.connect().await;
    let mut v1 = fixture
        .connect_v1(&json!({"sub": "42", "exp": NOW + 60}), "/ws")
        .await;
    for socket in [&mut classic, &mut v1] {
        socket.expect_silence().await;
    }
    let body = r#"{"topic":"ws:42","data":{"b":1.0, "a":"é\u00e9"}}"#;
    let claims = json!({"sub": "7", "exp": NOW + 60, "scope": "publish"});
    let ask = Ask::post(PATH).token(&signed(&claims)).body(body);
    let (epoch, offset) = position(&ask.send(&fixture).await);
    assert_eq!(offset, 1);
    assert_eq!(classic.receive_text().await, r#"{"b":1.0, "a":"é\u00e9"}"#);
    let event = v1.receive().await;
    assert_eq!(event["subject"], "ws:42");
    assert_eq!(event["data"], json!({"b": 1.0, "a": "éé"}));
    assert_eq!((&event["epoch"], &event["offset"]), (&epoch, &offset));
}

#[tokio::test]
async fn a_type_makes_a_frame_of_it() {
    let fixture = with_keys().await;
    let mut user = fixture.connect().await;
    let mut member = fixture.connect_as("8", "/ws/algebra").await;
    assert_eq!(member.receive().await["type"], "user_joined");
    user.expect_silence().await;
    let notice = json!({"topic": "ws:42", "type": "graded", "data": [1]});
    let answer = publish(&fixture, "publish:ws:*", &notice).await;
    let frame = user.receive().await;
    assert_eq!(
        (&frame["type"], &frame["data"]),
        (&json!("graded"), &json!([1]))
    );
    assert_eq!(frame["message_id"], answer.json()["message_id"]);
    assert!(frame["timestamp"].is_string());
    // A user says it in the own name, a service in nobody's.
    let said = json!({"topic": "room:algebra", "type": "hint", "data": "x"});
    let answer = publish(&fixture, "publish:room:*", &said).await;
    let frame = member.receive().await;
    assert_eq!(frame["type"], "hint");
    assert_eq!(
        (&frame["user_id"], &frame["room"]),
        (&json!("7"), &json!("algebra"))
    );
    assert_eq!(frame["message_id"], answer.json()["message_id"]);
    let answer = publish_with_key(&fixture, KEY, &said).await;
    let frame = member.receive().await;
    assert_eq!(
        (&frame["type"], &frame["data"]),
        (&json!("hint"), &json!("x"))
    );
    assert_eq!(frame.get("user_id"), None);
    assert_eq!(frame["message_id"], answer.json()["message_id"]);
}

#[tokio::test]
async fn whoever_is_away_hears_of_it_later() {
    let fixture = Fixture::start().await;
    let message = json!({"topic": "ws:42", "data": {"points": 5}});
    let (epoch, offset) = position(&publish(&fixture, "publish", &message).await);
    let read = Ask::get("/api/v1/history/ws:%7Buser_id%7D")
        .send(&fixture)
        .await;
    assert_eq!(read.status, 200);
    assert_eq!(
        read.json(),
        json!({
            "topic": "ws:42", "epoch": epoch, "offset": offset, "truncated": false,
            "messages": [{"offset": offset, "data": {"points": 5}}]
        })
    );
    let mut late = fixture.connect().await;
    assert_eq!(late.receive().await, json!({"points": 5}));
}

#[tokio::test]
async fn a_key_sent_along_makes_a_second_attempt_harmless() {
    let fixture = Fixture::start().await;
    let mut user = fixture.connect().await;
    user.expect_silence().await;
    let message = json!({"topic": "ws:42", "data": 1, "idempotency_key": "order 66"});
    let first = publish(&fixture, "publish", &message).await;
    let again = publish(&fixture, "publish", &message).await;
    assert_eq!(position(&first), position(&again));
    assert_eq!(first.json()["message_id"], again.json()["message_id"]);
    let other = json!({"topic": "ws:42", "data": 2, "idempotency_key": "order 67"});
    assert_ne!(
        position(&publish(&fixture, "publish", &other).await),
        position(&first)
    );
    assert_eq!(user.receive_text().await, "1");
    assert_eq!(user.receive_text().await, "2");
}

#[tokio::test]
async fn only_a_scope_or_a_key_lets_one_publish() {
    let fixture = with_keys().await;
    let mut user = fixture.connect().await;
    user.expect_silence().await;
    let message = json!({"topic": "ws:42", "data": 1});
    for scope in [
        "",
        "admin",
        "publish:room:*",
        "publish:ws:4",
        "publish:ws:7",
    ] {
        let answer = publish(&fixture, scope, &message).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "forbidden"),
            "{scope}"
        );
    }
    for key in [
        "",
        "nonsense",
        &KEY[1..],
        &format!("{KEY}x"),
        &format!("{KEY},{OTHER_KEY}"),
    ] {
        let answer = publish_with_key(&fixture, key, &message).await;
        let code = answer.code();
        assert_eq!(
            (answer.status, code.as_str()),
            (401, "invalid_api_key"),
            "{key}"
        );
    }
    // A key that is none is not made up for by a token.
    let claims = json!({"sub": "7", "exp": NOW + 60, "scope": "publish"});
    let both = Ask::post(PATH).token(&signed(&claims));
    let both = both.header("x-api-key", "nonsense").json(&message);
    assert_eq!(both.send(&fixture).await.status, 401);
    // A key is for publishing alone.
    for ask in [
        Ask::get("/api/v1/pools"),
        Ask::get("/api/v1/history/ws:42"),
        Ask::post("/api/v1/disconnect").json(&json!({"user_id": "42"})),
    ] {
        let answer = ask.no_token().header("x-api-key", KEY);
        let answer = answer.send(&fixture).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "missing_token")
        );
    }
    user.expect_silence().await;
    for key in [KEY, OTHER_KEY] {
        let answer = publish_with_key(&fixture, key, &message).await;
        assert_eq!(answer.status, 200);
        assert_eq!(user.receive_text().await, "1");
    }
}

#[tokio::test]
async fn keys_that_are_none_count_against_the_address() {
    let keys = keys(KEY);
    let fixture = Fixture::with(|config| {
        config.auth = Some(keys);
        config.limits.failures_per_address = 2;
    })
    .await;
    let message = json!({"topic": "ws:42", "data": 1});
    for _ in 0..2 {
        assert_eq!(
            publish_with_key(&fixture, "nonsense", &message)
                .await
                .status,
            401
        );
    }
    let answer = publish_with_key(&fixture, KEY, &message).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (429, "rate_limited")
    );
    let good = format!("authorization: {}\r\n", token("42"));
    assert_eq!(fixture.http(&upgrade("/ws", &good)).await.status, 429);
}

#[tokio::test]
async fn a_service_has_no_budget_and_a_user_has() {
    let keys = keys(KEY);
    let fixture = Fixture::with(|config| {
        config.auth = Some(keys);
        config.limits.frames_per_second = 1;
        config.limits.frames_burst = 2;
    })
    .await;
    let message = json!({"topic": "ws:42", "data": 1});
    for _ in 0..20 {
        assert_eq!(publish_with_key(&fixture, KEY, &message).await.status, 200);
    }
    while publish(&fixture, "publish", &message).await.status != 429 {}
}

#[tokio::test]
async fn what_cannot_be_published_is_told_apart() {
    let fixture = Fixture::with(|config| config.limits.payload = 1000).await;
    let with = |more: Value| {
        let mut message = json!({"topic": "ws:42", "data": 1});
        let more = more.as_object().unwrap().clone();
        message.as_object_mut().unwrap().extend(more);
        message
    };
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let deep = serde_json::from_str::<Value>(&deep);
    assert!(deep.is_err(), "no parser that recurses takes it");
    for (message, status, code) in [
        (with(json!({"topic": "nonsense"})), 400, "bad_request"),
        (with(json!({"topic": "ws:*"})), 400, "bad_request"),
        (
            with(json!({"topic": "websocket:broadcast"})),
            400,
            "bad_request",
        ),
        (
            with(json!({"topic": "exercise.42.progress"})),
            400,
            "bad_request",
        ),
        (with(json!({"topic": 1})), 400, "bad_request"),
        (with(json!({"type": "No Type"})), 400, "bad_request"),
        (with(json!({"type": "auth_success"})), 403, "forbidden"),
        (with(json!({"idempotency_key": ""})), 400, "bad_request"),
        (
            with(json!({"idempotency_key": "x".repeat(129)})),
            400,
            "bad_request",
        ),
        (with(json!({"data": "x".repeat(1000)})), 413, "too_large"),
        (with(json!({"data": "x".repeat(100_000)})), 413, "too_large"),
        (json!({"topic": "ws:42"}), 400, "bad_request"),
        (json!({"data": 1}), 400, "bad_request"),
    ] {
        let answer = publish(&fixture, "publish", &message).await;
        let code_found = answer.code();
        assert_eq!(
            (answer.status, code_found.as_str()),
            (status, code),
            "{message}"
        );
    }
    let deep = format!(
        "{{\"topic\":\"ws:42\",\"data\":{}1{}}}",
        "[".repeat(200),
        "]".repeat(200)
    );
    let claims = json!({"sub": "7", "exp": NOW + 60, "scope": "publish"});
    let answer = Ask::post(PATH).token(&signed(&claims)).body(&deep);
    assert_eq!(answer.send(&fixture).await.status, 400);
    for data in [json!(null), json!("x".repeat(998)), json!([[]])] {
        let answer = publish(&fixture, "publish", &with(json!({"data": data}))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[test]
fn keys_are_long_unless_short_ones_are_allowed() {
    let secret = std::str::from_utf8(SECRET).unwrap();
    let keys = |keys: &str, short: &str| {
        let auth = auth(&[
            ("secret", secret),
            ("api_keys", keys),
            ("allow_short_secret", short),
        ]);
        AuthConfig::of(&auth)
    };
    let error = keys(&format!("{KEY},short"), "false").unwrap_err();
    assert!(matches!(error, KeyError::ShortApiKey(5)), "{error}");
    assert!(!error.to_string().contains("short,") && !error.to_string().contains(KEY));
    assert!(
        keys(&format!("[\"{KEY}\",\"short\"]"), "true")
            .unwrap()
            .is_some()
    );
    let shown = format!("{:?}", keys(KEY, "false").unwrap());
    assert!(!shown.contains(KEY), "{shown}");
}
