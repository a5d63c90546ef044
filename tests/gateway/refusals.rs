//! Who does not get a socket is told why in plain HTTP.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mithril::gateway::AuthConfig;
use serde_json::{Value, json};

use crate::fixture::{Fixture, NOW, SECRET, signed, token, upgrade};

async fn refused(fixture: &Fixture, path: &str, headers: &str) -> (u16, String) {
    let answer = fixture.http(&upgrade(path, headers)).await;
    let body = answer.json();
    let keys: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["code", "error"]);
    assert_eq!(answer.header("connection"), Some("close"));
    if answer.status == 401 {
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    (answer.status, body["code"].as_str().unwrap().to_owned())
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

#[tokio::test]
async fn a_token_must_be_there_and_prove_a_user() {
    let fixture = Fixture::start().await;
    let hs512 = jsonwebtoken::encode(
        &Header::new(Algorithm::HS512),
        &json!({"sub": "42", "exp": NOW + 60}),
        &EncodingKey::from_secret(SECRET),
    )
    .unwrap();
    let other_key = jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &json!({"sub": "42", "exp": NOW + 60}),
        &EncodingKey::from_secret(b"another secret of thirty-two bytes"),
    )
    .unwrap();
    // {"alg":"none","typ":"JWT"} and {"sub":"42","exp":9999999999}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiI0MiIsImV4cCI6OTk5OTk5OTk5OX0.";
    let claims = |claims: Value| signed(&claims);
    for (token, code) in [
        ("x".to_owned(), "invalid_token"),
        (hs512, "invalid_token"),
        (other_key, "invalid_token"),
        (none.to_owned(), "invalid_token"),
        (claims(json!({"sub": "42"})), "invalid_token"),
        (
            claims(json!({"sub": "42", "exp": NOW + 60, "nbf": NOW + 1})),
            "invalid_token",
        ),
        (claims(json!({"sub": "42", "exp": NOW})), "token_expired"),
        (
            claims(json!({"sub": "*", "exp": NOW + 60})),
            "invalid_user_id",
        ),
        (
            claims(json!({"sub": "a\nb", "exp": NOW + 60})),
            "invalid_user_id",
        ),
        (
            claims(json!({"sub": "x".repeat(10_000), "exp": NOW + 60})),
            "invalid_user_id",
        ),
        (claims(json!({"exp": NOW + 60})), "invalid_user_id"),
    ] {
        let answer = refused(&fixture, "/ws", &bearer(&token)).await;
        assert_eq!(answer, (401, code.to_owned()), "{token}");
    }
    for path in ["/ws", "/ws/"] {
        let answer = refused(&fixture, path, "").await;
        assert_eq!(answer, (401, "missing_token".to_owned()), "{path}");
    }
    let answer = refused(&fixture, "/ws?token=x", "").await;
    assert_eq!(answer, (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn a_refusal_does_not_repeat_the_token() {
    let fixture = Fixture::start().await;
    let request = upgrade("/ws?token=a-secret", &bearer("a-secret"));
    let answer = fixture.http(&request).await;
    assert_eq!(answer.status, 401);
    assert!(!answer.head.contains("a-secret") && !answer.body.contains("a-secret"));
}

#[tokio::test]
async fn the_query_is_not_read_where_it_is_turned_off() {
    let fixture = Fixture::with(|config| {
        let mut auth = AuthConfig::hs256(SECRET);
        auth.query_token = false;
        config.auth = Some(auth);
    })
    .await;
    let path = format!("/ws?token={}", token("42"));
    let answer = refused(&fixture, &path, "").await;
    assert_eq!(answer, (401, "missing_token".to_owned()));
}

#[tokio::test]
async fn a_token_alone_in_the_subprotocol_cannot_be_echoed() {
    let fixture = Fixture::start().await;
    let line = format!("Sec-WebSocket-Protocol: mithril.bearer.{}\r\n", token("42"));
    let answer = refused(&fixture, "/ws", &line).await;
    assert_eq!(answer, (400, "subprotocol_missing".to_owned()));
}

#[tokio::test]
async fn a_page_of_another_site_is_refused() {
    let fixture = Fixture::start().await;
    let origin = |origin: &str| format!("Origin: {origin}\r\n{}", bearer(&token("42")));
    for other in ["https://evil.example", "null", "http://localhost:1"] {
        let answer = refused(&fixture, "/ws", &origin(other)).await;
        assert_eq!(answer, (403, "origin_not_allowed".to_owned()), "{other}");
    }
    let same = fixture
        .http(&upgrade("/ws", &origin("http://localhost")))
        .await;
    assert_eq!(same.status, 101);
}

#[tokio::test]
async fn what_is_no_upgrade_is_told_so() {
    let fixture = Fixture::start().await;
    let good = upgrade("/ws", "");
    for (request, status) in [
        (
            "GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
            400,
        ),
        (good.replace("Upgrade: websocket\r\n", ""), 400),
        (good.replace("Key: dGhl", "Key: "), 400),
        (good.replace("Version: 13", "Version: 8"), 426),
        (upgrade("/ws", "Content-Length: 2\r\n") + "{}", 400),
    ] {
        let answer = fixture.http(&request).await;
        assert_eq!(answer.status, status, "{request}");
        assert_eq!(answer.json()["code"], "bad_request");
        assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    }
}
