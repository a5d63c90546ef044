//! A socket that says whose it is once it is open, and says so again before its token ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use mithril::clock::Clock;
use mithril::gateway::AuthConfig;
use serde_json::{Value, json};

use crate::fixture::{Client, Fixture, NOW, signed, token};

const PING: &str = r#"{"type":"ping"}"#;
const V1: [(&str, &str); 1] = [("sec-websocket-protocol", "mithril.v1")];

fn auth(token: &str) -> String {
    json!({"type": "auth", "token": token}).to_string()
}

async fn stranger(fixture: &Fixture) -> Client {
    let mut client = fixture.connect_with("/ws/connect", &V1).await;
    assert_eq!(client.receive().await, json!({"type": "auth_required"}));
    client
}

fn success(user: &str) -> Value {
    json!({"type": "auth_success", "data": {"user_id": user}})
}

#[tokio::test]
async fn both_forms_of_the_answer_are_taken() {
    let fixture = Fixture::start().await;
    let other = json!({"type": "auth_required", "data": {"token": token("42")}}).to_string();
    for frame in [auth(&token("42")), other] {
        let mut client = stranger(&fixture).await;
        assert_eq!(client.ask(frame).await, success("42"));
        assert_eq!(client.ask(PING).await["type"], "pong");
        let launch = client
            .request(
                "exercise.launch",
                json!({"user_id": "42", "exercise_id": "sum"}),
            )
            .await;
        assert_eq!(launch["type"], "response");
    }
}

#[tokio::test]
async fn the_classic_dialect_asks_in_its_own_shape() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect_with("/ws/connect", &[]).await;
    let asked = client.receive().await;
    assert_eq!(asked["type"], "auth_required");
    assert!(asked["timestamp"].is_string() && asked["message_id"].is_string());
    let answer = client.ask(auth(&token("42"))).await;
    assert_eq!(answer["type"], "auth_success");
    assert_eq!(answer["data"], json!({"user_id": "42"}));
}

#[tokio::test]
async fn a_bad_token_ends_the_socket() {
    let fixture = Fixture::start().await;
    for (claims, code) in [
        (json!({"sub": "42", "exp": NOW}), "token_expired"),
        (json!({"sub": "*", "exp": NOW + 1}), "invalid_user_id"),
        (json!({"sub": "42"}), "invalid_token"),
    ] {
        let mut client = stranger(&fixture).await;
        let answer = client.ask(auth(&signed(&claims))).await;
        assert_eq!(answer["type"], "auth_failed");
        assert_eq!(answer["data"]["code"], code);
        assert_eq!(
            client.closed().await,
            (1008, json!({"code": "auth_failed"}))
        );
    }
}

#[tokio::test]
async fn nothing_else_is_heard_before() {
    let fixture = Fixture::start().await;
    let mut client = stranger(&fixture).await;
    for (frame, code) in [
        (PING, "auth_failed"),
        (
            r#"{"type":"request","subject":"exercise.pool.list","request_id":"r"}"#,
            "auth_failed",
        ),
        (r#"{"type":"auth"}"#, "bad_request"),
        (r#"{"type":"auth","token":7}"#, "bad_request"),
        ("{", "bad_request"),
    ] {
        let answer = client.ask(frame).await;
        assert_eq!(
            (&answer["type"], &answer["code"]),
            (&json!("error"), &json!(code)),
            "{frame}"
        );
    }
    assert_eq!(client.ask(auth(&token("42"))).await, success("42"));
}

#[tokio::test]
async fn whoever_says_nothing_is_closed() {
    let fixture = Fixture::with(|config| {
        config.limits.auth_timeout = Duration::from_millis(50);
    })
    .await;
    let mut client = stranger(&fixture).await;
    assert_eq!(
        client.closed().await,
        (1008, json!({"code": "auth_timeout"}))
    );
    // Who has said it is not.
    let mut known = fixture.connect().await;
    assert_eq!(known.ask(PING).await["type"], "pong");
}

#[tokio::test]
async fn strangers_have_few_places_and_leave_them() {
    let fixture = Fixture::with(|config| config.limits.strangers = 1).await;
    let mut first = stranger(&fixture).await;
    let upgrade = crate::fixture::upgrade("/ws/connect", "");
    let refused = fixture.http(&upgrade).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (503, &json!("at_capacity"))
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(first.ask(auth(&token("42"))).await, success("42"));
    // The answer to this comes after the place was left.
    assert_eq!(first.ask(PING).await["type"], "pong");
    stranger(&fixture).await;
}

#[tokio::test]
async fn a_stopping_daemon_does_not_wait_for_strangers() {
    let fixture = Fixture::with(|config| config.drain = Duration::from_hours(1)).await;
    let mut client = stranger(&fixture).await;
    let closed = async {
        let (code, reason) = client.closed().await;
        assert_eq!((code, &reason["code"]), (1012, &json!("draining")));
        drop(client);
    };
    let (late, ()) = tokio::join!(crate::fixture::soon(fixture.daemon.drain()), closed);
    assert_eq!(late, []);
}

#[tokio::test]
async fn a_live_connection_is_refreshed_or_refused_without_harm() {
    let fixture = Fixture::start().await;
    let mut client = fixture
        .connect_with("/ws/connect", &[V1[0], ("authorization", &token("42"))])
        .await;
    assert_eq!(client.ask(auth(&token("42"))).await, success("42"));
    let bad = client.ask(auth("nonsense")).await;
    assert_eq!(bad["type"], "auth_failed");
    assert_eq!(bad["data"]["code"], "invalid_token");
    assert_eq!(client.ask(PING).await["type"], "pong");
    let with_id = json!({"type": "auth", "token": "nonsense", "request_id": "a"}).to_string();
    assert_eq!(client.ask(with_id).await["type"], "auth_failed");
    let error = client.receive().await;
    assert_eq!(
        (&error["code"], &error["request_id"]),
        (&json!("auth_failed"), &json!("a"))
    );
    let other = client.ask(auth(&token("43"))).await;
    assert_eq!(other["type"], "auth_failed");
    assert_eq!(
        client.closed().await,
        (1008, json!({"code": "auth_failed"}))
    );
}

#[tokio::test]
async fn an_expired_token_is_good_for_nothing_but_a_refresh() {
    let now = Arc::new(AtomicI64::new(NOW));
    let clock = Arc::clone(&now);
    let fixture = Fixture::with(|config| {
        config.clock = Clock::new(move || {
            jiff::Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap()
        });
        // The clock is looked at with every ping.
        config.limits.ping_interval = Duration::from_millis(20);
    })
    .await;
    let mut client = fixture.connect().await;
    assert_eq!(client.ask(PING).await["type"], "pong");
    now.store(NOW + 60, Ordering::Relaxed);
    let answer = client.ask(PING).await;
    assert_eq!(
        (&answer["type"], &answer["code"]),
        (&json!("error"), &json!("auth_failed"))
    );
    let longer = signed(&json!({"sub": "42", "exp": NOW + 120}));
    assert_eq!(client.ask(auth(&longer)).await["type"], "auth_success");
    assert_eq!(client.ask(PING).await["type"], "pong");
    now.store(NOW + 120 + 25, Ordering::Relaxed);
    assert_eq!(
        client.closed().await,
        (1008, json!({"code": "token_expired"}))
    );
}

#[tokio::test]
async fn where_nobody_proves_anything_each_is_somebody() {
    let fixture = Fixture::with(|config| config.auth = Some(AuthConfig::anonymous())).await;
    let mut client = fixture.connect_with("/ws/connect", &V1).await;
    let mine = json!({"user_id": "42", "exercise_id": "sum"});
    assert_eq!(
        client.request("exercise.launch", mine).await["code"],
        "forbidden"
    );
    let nobodys = json!({"exercise_id": "sum"});
    assert_eq!(
        client.request("exercise.launch", nobodys).await["type"],
        "response"
    );
    let answer = client.ask(auth("whatever")).await;
    let user = answer["data"]["user_id"].as_str().unwrap();
    let id = user.strip_prefix("anonymous-").unwrap();
    id.parse::<uuid::Uuid>().unwrap();
}
