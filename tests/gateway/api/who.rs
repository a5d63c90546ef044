//! Who may ask, and where they say who they are.

use mithril::gateway::{AuthConfig, Origins};
use serde_json::json;

use super::client::Ask;
use crate::fixture::{Fixture, NOW, signed, token, upgrade};

const PATH: &str = "/api/v1/pools";

#[tokio::test]
async fn a_token_stands_in_the_header_and_nowhere_else() {
    let fixture = Fixture::start().await;
    let good = token("42");
    for value in [good.clone(), format!("bearer {good}")] {
        let ask = Ask::get(PATH).no_token().header("authorization", &value);
        assert_eq!(ask.send(&fixture).await.status, 200);
    }
    let in_query = format!("{PATH}?token={good}");
    let offer = format!("mithril.v1, mithril.bearer.{good}");
    for ask in [
        Ask::get(PATH).no_token(),
        Ask::get(&in_query).no_token(),
        Ask::get(PATH)
            .no_token()
            .header("sec-websocket-protocol", &offer),
        Ask::get(PATH)
            .no_token()
            .header("cookie", &format!("token={good}")),
        Ask::get(PATH).no_token().header("authorization", ""),
    ] {
        let answer = ask.send(&fixture).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "missing_token")
        );
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    // Where sockets take it, that very token opens one.
    fixture
        .connect_with(&format!("/ws?token={good}"), &[])
        .await;
}

#[tokio::test]
async fn what_proves_nobody_is_refused_by_name() {
    let fixture = Fixture::start().await;
    for (token, code) in [
        ("nonsense".to_owned(), "invalid_token"),
        (
            signed(&json!({"sub": "42", "exp": NOW - 1})),
            "token_expired",
        ),
        (
            signed(&json!({"sub": "a b", "exp": NOW + 9})),
            "invalid_user_id",
        ),
        (signed(&json!({"exp": NOW + 9})), "invalid_user_id"),
    ] {
        for ask in [
            Ask::get(PATH),
            Ask::post("/api/v1/exercises/hello/launch"),
            Ask::post("/api/v1/disconnect").json(&json!({"user_id": "42"})),
            Ask::get("/api/v1/presence/room:a"),
        ] {
            let answer = ask.token(&token).send(&fixture).await;
            assert_eq!((answer.status, answer.code().as_str()), (401, code));
        }
    }
}

#[tokio::test]
async fn tokens_that_prove_nothing_count_against_the_address_for_both() {
    let fixture = Fixture::with(|config| config.limits.failures_per_address = 3).await;
    for _ in 0..3 {
        let ask = Ask::get(PATH).token("nonsense");
        assert_eq!(ask.send(&fixture).await.status, 401);
    }
    let answer = Ask::get(PATH).send(&fixture).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (429, "rate_limited")
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
    let good = format!("authorization: {}\r\n", token("42"));
    let socket = fixture.http(&upgrade("/ws", &good)).await;
    assert_eq!(socket.status, 429);
    // Without a token nothing is tried, so it is no failure.
    let missing = Ask::get(PATH).no_token().send(&fixture).await;
    assert_eq!(missing.status, 401);
}

#[tokio::test]
async fn pages_of_other_sites_ask_only_where_they_are_listed() {
    let fixture = Fixture::with(|config| {
        config.origins = Origins::new(&["https://school.example".to_owned()]);
    })
    .await;
    let listed = Ask::get(PATH).header("origin", "https://school.example");
    let answer = listed.send(&fixture).await;
    assert_eq!(answer.status, 200);
    let allowed = "access-control-allow-origin";
    assert_eq!(answer.header(allowed), Some("https://school.example"));
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("etag") && exposed.contains("retry-after"));
    let same = Ask::get(PATH).header("origin", "http://localhost");
    assert_eq!(same.send(&fixture).await.status, 200);
    for origin in ["https://evil.example", "null"] {
        let answer = Ask::get(PATH).header("origin", origin);
        let answer = answer.send(&fixture).await;
        let code = answer.code();
        assert_eq!((answer.status, code.as_str()), (403, "origin_not_allowed"));
        assert_eq!(answer.header(allowed), None);
    }
    let preflight = Ask::of("OPTIONS", "/api/v1/exercises/hello/launch")
        .no_token()
        .header("origin", "https://school.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");
    let answer = preflight.send(&fixture).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header(allowed), Some("https://school.example"));
    let headers = answer.header("access-control-allow-headers").unwrap();
    assert!(headers.contains("authorization") && headers.contains("if-none-match"));
    // An error can be read by the page that it is for.
    let refused = Ask::get(PATH).no_token();
    let refused = refused.header("origin", "https://school.example");
    let refused = refused.send(&fixture).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header(allowed), Some("https://school.example"));
}

#[tokio::test]
async fn where_nobody_proves_anything_everyone_may_ask_but_not_command() {
    let fixture = Fixture::with(|config| config.auth = Some(AuthConfig::anonymous())).await;
    for ask in [
        Ask::get(PATH),
        Ask::get("/api/v1/presence/room:a"),
        Ask::post("/api/v1/exercises/hello/launch"),
    ] {
        assert_eq!(ask.no_token().send(&fixture).await.status, 200);
    }
    let body = json!({"user_id": "42"});
    let ask = Ask::post("/api/v1/disconnect").json(&body).no_token();
    assert_eq!(ask.send(&fixture).await.status, 403);
}
