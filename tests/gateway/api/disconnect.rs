//! An operator ends the sockets of a user.

use serde_json::{Value, json};

use super::client::{Answer, Ask};
use crate::fixture::{Fixture, NOW, signed};

async fn disconnect(fixture: &Fixture, scope: &Value, user: &str) -> Answer {
    let claims = json!({"sub": "operator", "exp": NOW + 60, "scope": scope});
    let ask = Ask::post("/api/v1/disconnect").token(&signed(&claims));
    ask.json(&json!({"user_id": user})).send(fixture).await
}

#[tokio::test]
async fn all_sockets_of_the_user_end_and_no_others() {
    let fixture = Fixture::start().await;
    let mut classic = fixture.connect().await;
    let claims = json!({"sub": "42", "exp": NOW + 60});
    let mut in_room = fixture.connect_v1(&claims, "/ws/algebra").await;
    let mut other = fixture.connect_as("421", "/ws").await;
    assert_eq!(in_room.receive().await["type"], "user_joined");
    for socket in [&mut classic, &mut other] {
        // It is open on both ends.
        socket.expect_silence().await;
    }
    let answer = disconnect(&fixture, &json!("admin"), "42").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"closed": 2}));
    for socket in [&mut classic, &mut in_room] {
        assert_eq!(
            socket.closed().await,
            (1008, json!({"code": "auth_failed"}))
        );
    }
    other.expect_silence().await;
    // It is no ban: the token is still good.
    let mut again = fixture.connect().await;
    again.expect_silence().await;
    let answer = disconnect(&fixture, &json!(["publish", "admin"]), "42").await;
    assert_eq!(answer.json(), json!({"closed": 1}));
    let answer = disconnect(&fixture, &json!("admin"), "nobody").await;
    assert_eq!((answer.status, answer.json()), (200, json!({"closed": 0})));
}

#[tokio::test]
async fn it_takes_the_scope_and_a_user() {
    let fixture = Fixture::start().await;
    let mut socket = fixture.connect().await;
    for scope in [
        json!(null),
        json!(""),
        json!("publish"),
        json!("publish:admin administrator"),
        json!(["admin,publish"]),
    ] {
        let answer = disconnect(&fixture, &scope, "42").await;
        let code = answer.code();
        assert_eq!(
            (answer.status, code.as_str()),
            (403, "forbidden"),
            "{scope}"
        );
    }
    // The own sockets are no exception: whoever wants to leave just leaves.
    let own = Ask::post("/api/v1/disconnect").json(&json!({"user_id": "42"}));
    assert_eq!(own.send(&fixture).await.status, 403);
    let answer = disconnect(&fixture, &json!("admin"), "*").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "bad_request")
    );
    let claims = json!({"sub": "operator", "exp": NOW + 60, "scopes": ["admin"]});
    for body in ["", "{}", r#"{"user_id":null}"#, r#"{"user":"42"}"#] {
        let ask = Ask::post("/api/v1/disconnect").token(&signed(&claims));
        let answer = ask.body(body).send(&fixture).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "bad_request")
        );
    }
    socket.expect_silence().await;
}
