//! The API over HTTP: the answers of sockets, for whoever has no socket.

mod budget;
mod client;
mod content;
mod described;
mod disconnect;
mod history;
mod publish;
mod who;

use serde_json::json;

use crate::fixture::{Fixture, signed};
use client::Ask;

#[tokio::test]
async fn a_launch_is_told_to_the_users_sockets() {
    let fixture = Fixture::start().await;
    let mut socket = fixture.connect().await;
    socket.subscribe(&["exercise.42.status"]).await;
    let path = "/api/v1/exercises/hello/launch";
    let launched = Ask::post(path).send(&fixture).await;
    assert_eq!(launched.status, 200);
    let first = launched.json();
    assert_eq!(first["exercise"]["id"], "hello");
    let event = socket.receive().await;
    assert_eq!(event["subject"], "exercise.42.status");
    assert_eq!(event["data"]["status"], "started");
    assert_eq!(event["data"]["session_id"], first["session_id"]);
    // Each launch is a session of its own; the body may name the own user.
    let again = Ask::post(path).json(&json!({"user_id": "42", "more": []}));
    let again = again.send(&fixture).await;
    assert_eq!(again.status, 200);
    assert_ne!(again.json()["session_id"], first["session_id"]);
    assert_eq!(socket.receive().await["data"]["exercise_id"], "hello");
    socket.expect_silence().await;
}

#[tokio::test]
async fn nobody_launches_for_another() {
    let fixture = Fixture::start().await;
    let mut socket = fixture.connect_as("7", "/ws").await;
    socket.subscribe(&["exercise.7.status"]).await;
    let path = "/api/v1/exercises/hello/launch";
    let ask = Ask::post(path).json(&json!({"user_id": "7"}));
    let refused = ask.send(&fixture).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "forbidden")
    );
    let unknown = Ask::post("/api/v1/exercises/nope/launch");
    let unknown = unknown.send(&fixture).await;
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (404, "not_found")
    );
    socket.expect_silence().await;
}

#[tokio::test]
async fn presence_is_for_those_who_may_enter() {
    let fixture = Fixture::start().await;
    let mut member = fixture.connect_as("7", "/ws/algebra").await;
    assert_eq!(member.receive().await["type"], "user_joined");
    for topic in ["room:algebra", "room%3Aalgebra"] {
        let answer = Ask::get(&format!("/api/v1/presence/{topic}"));
        let answer = answer.send(&fixture).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let expected = json!({"total": 1, "users": [{"user_id": "7", "connections": 1}]});
        assert_eq!(answer.json(), expected);
        let on_socket = json!({"type": "presence", "topic": "room:algebra"});
        assert_eq!(member.ask_past_events(on_socket).await["data"], expected);
    }
    let empty = Ask::get("/api/v1/presence/project:p").send(&fixture).await;
    assert_eq!(empty.json(), json!({"total": 0, "users": []}));
    for topic in ["ws:42", "ws:7", "room:*", "exercise.42.status", "nonsense"] {
        let answer = Ask::get(&format!("/api/v1/presence/{topic}"));
        let answer = answer.send(&fixture).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
    }
}

#[tokio::test]
async fn rooms_by_claim_are_so_over_http_too() {
    let fixture = Fixture::with(|config| {
        config.rules.room_policy = mithril::gateway::RoomPolicy::Claim;
    })
    .await;
    let token = signed(&json!({"sub": "42", "exp": crate::fixture::NOW + 60, "rooms": ["a"]}));
    for (room, status) in [("a", 200), ("b", 403)] {
        let ask = Ask::get(&format!("/api/v1/presence/room:{room}")).token(&token);
        assert_eq!(ask.send(&fixture).await.status, status, "{room}");
    }
}

#[tokio::test]
async fn a_body_is_a_json_object_that_is_not_too_large() {
    let fixture = Fixture::with(|config| config.limits.payload = 1000).await;
    let path = "/api/v1/exercises/hello/launch";
    let large = format!("{{\"user_id\":\"42\",\"x\":\"{}\"}}", "x".repeat(6000));
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(200), "]".repeat(200));
    for (kind, body, status, code) in [
        ("application/json", "[]", 400, "bad_request"),
        ("application/json", "null", 400, "bad_request"),
        ("application/json", "{", 400, "bad_request"),
        ("application/json", "{} {}", 400, "bad_request"),
        ("application/json", r#"{"user_id":42}"#, 400, "bad_request"),
        (
            "application/json",
            r#"{"user_id":"42","user_id":"42"}"#,
            400,
            "bad_request",
        ),
        ("application/json", &deep, 400, "bad_request"),
        ("application/json", &large, 413, "too_large"),
        ("text/plain", "{}", 415, "unsupported_media_type"),
        ("application/jsonx", "{}", 415, "unsupported_media_type"),
        ("", "{}", 415, "unsupported_media_type"),
    ] {
        let ask = Ask::post(path).header("content-type", kind).body(body);
        let answer = ask.send(&fixture).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{kind} {body}"
        );
        let chunked = Ask::post(path).header("content-type", kind).chunked(body);
        let answer = chunked.send(&fixture).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{kind} {body}"
        );
    }
    for kind in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/problem+json",
    ] {
        let ask = Ask::post(path).header("content-type", kind).body(" {} ");
        assert_eq!(ask.send(&fixture).await.status, 200, "{kind}");
    }
    let untyped = Ask::post(path).body("{}").send(&fixture).await;
    assert_eq!(untyped.status, 200);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_comes() {
    let fixture = Fixture::start().await;
    let ask = Ask::post("/api/v1/exercises/hello/launch")
        .header("content-length", "1000000000000")
        .header("expect", "100-continue");
    let answer = ask.send(&fixture).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "too_large"));
}

#[tokio::test]
async fn the_api_stands_behind_the_base_path() {
    let fixture = Fixture::with(|config| config.base_path = "/api/chat-api".to_owned()).await;
    let pools = Ask::get("/api/chat-api/api/v1/pools").send(&fixture).await;
    assert_eq!(pools.status, 200);
    assert_eq!(Ask::get("/api/v1/pools").send(&fixture).await.status, 404);
    for path in ["/openapi.json", "/api/chat-api/openapi.json"] {
        let answer = Ask::get(path).no_token().send(&fixture).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json()["servers"], json!([{"url": "/api/chat-api"}]));
    }
    for path in ["/healthz", "/metrics", "/livez", "/readyz"] {
        let answer = Ask::get(path).no_token().send(&fixture).await;
        assert_eq!(answer.status, 200, "{path}");
        let behind = format!("/api/chat-api{path}");
        assert_eq!(Ask::get(&behind).send(&fixture).await.status, 404);
    }
}

#[tokio::test]
async fn what_is_no_route_and_what_is_no_method_is_json() {
    let fixture = Fixture::start().await;
    for path in [
        "/api/v1",
        "/api/v1/",
        "/api/v1/pools/",
        "/api/v1/pools/c-basics/",
        "/api/v1/pools/c-basics/exercises/hello",
        "/api/v2/pools",
    ] {
        let answer = Ask::get(path).send(&fixture).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
    for (method, path, allowed) in [
        ("POST", "/api/v1/pools", "GET,HEAD"),
        ("DELETE", "/api/v1/exercises/hello", "GET,HEAD"),
        ("GET", "/api/v1/exercises/hello/launch", "POST"),
        ("PUT", "/api/v1/disconnect", "POST"),
    ] {
        let answer = Ask::of(method, path).send(&fixture).await;
        let code = answer.code();
        assert_eq!(
            (answer.status, code.as_str()),
            (405, "method_not_allowed"),
            "{path}"
        );
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
    }
}
