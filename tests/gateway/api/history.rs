//! What was published, for whoever may hear it.

use serde_json::json;

use super::client::Ask;
use crate::fixture::{Fixture, NOW, signed};

#[tokio::test]
async fn http_and_sockets_read_the_same() {
    let fixture = Fixture::start().await;
    let mut member = fixture.connect_as("42", "/ws/algebra").await;
    assert_eq!(member.receive().await["type"], "user_joined");
    for number in 0..5 {
        let said = json!({"type": "chat", "data": number});
        assert_eq!(member.ask(said.to_string()).await["data"], number);
    }
    let on_socket = json!({"type": "history", "topic": "room:algebra"});
    let whole = member.ask_past_events(on_socket).await["data"].clone();
    assert_eq!(whole["messages"].as_array().unwrap().len(), 5);
    let epoch = whole["epoch"].as_str().unwrap();
    let path = "/api/v1/history/room:algebra";
    for (query, frame) in [
        (String::new(), json!({})),
        ("?limit=2".to_owned(), json!({"limit": 2})),
        ("?limit=0".to_owned(), json!({"limit": 0})),
        (
            format!("?offset=3&epoch={epoch}"),
            json!({"since": {"epoch": epoch, "offset": 3}}),
        ),
        (
            format!("?offset=1&limit=1&epoch={epoch}&token=x"),
            json!({"since": {"epoch": epoch, "offset": 1}, "limit": 1}),
        ),
        (
            "?epoch=another&offset=3".to_owned(),
            json!({"since": {"epoch": "another", "offset": 3}}),
        ),
    ] {
        let answer = Ask::get(&format!("{path}{query}")).send(&fixture).await;
        assert_eq!(answer.status, 200, "{query}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let mut on_socket = json!({"type": "history", "topic": "room:algebra"});
        let more = frame.as_object().unwrap().clone();
        on_socket.as_object_mut().unwrap().extend(more);
        let on_socket = member.ask_past_events(on_socket).await;
        assert_eq!(answer.json(), on_socket["data"], "{query}");
    }
    for query in [
        "?limit=1001",
        "?limit=-1",
        "?limit=many",
        "?offset=1",
        "?epoch=e",
        "?offset=x&epoch=e",
        "?limit=1&limit=2",
    ] {
        let answer = Ask::get(&format!("{path}{query}")).send(&fixture).await;
        let code = answer.code();
        assert_eq!(
            (answer.status, code.as_str()),
            (400, "bad_request"),
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_others_were_told_is_theirs() {
    let fixture = Fixture::with(|config| {
        config.rules.room_policy = mithril::gateway::RoomPolicy::Claim;
    })
    .await;
    let claims = json!({"sub": "42", "exp": NOW + 60, "rooms": ["a"], "scope": "admin publish"});
    let token = signed(&claims);
    for (topic, status) in [
        ("ws:42", 200),
        ("room:a", 200),
        ("ws:7", 403),
        ("room:b", 403),
        ("project:p", 403),
        ("ws:*", 403),
        ("exercise.42.status", 403),
        ("nonsense", 403),
        ("%FF", 400),
    ] {
        let ask = Ask::get(&format!("/api/v1/history/{topic}")).token(&token);
        assert_eq!(ask.send(&fixture).await.status, status, "{topic}");
    }
}
