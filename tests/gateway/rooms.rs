//! What is said in a room is heard in that room, by all who are there, and names who said it.

use mithril::gateway::{RoomPolicy, Rules};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fixture::{Client, Fixture, NOW, signed, take_position, token, upgrade};

/// A socket on a room, after it has heard that its user has joined.
async fn member(fixture: &Fixture, user: &str, room: &str) -> Client {
    let mut client = fixture.connect_as(user, &format!("/ws/{room}")).await;
    joined(&mut client, user).await;
    client
}

async fn joined(client: &mut Client, user: &str) {
    moved(client, user, "joined").await;
}

async fn moved(client: &mut Client, user: &str, action: &str) {
    let frame = client.receive().await;
    assert_eq!(frame["type"], format!("user_{action}"), "{frame}");
    assert_eq!(frame["data"], json!({"user_id": user, "action": action}));
}

#[tokio::test]
async fn what_is_said_is_heard_by_all_in_the_room_and_by_nobody_else() {
    let fixture = Fixture::start().await;
    let mut anna = member(&fixture, "anna", "maths").await;
    let mut ben = member(&fixture, "ben", "maths").await;
    joined(&mut anna, "ben").await;
    let mut elsewhere = member(&fixture, "anna", "physics").await;
    let mut nowhere = fixture.connect_as("ben", "/ws").await;
    nowhere.expect_silence().await;

    // Who said it is the server's to say.
    let frame =
        json!({"data": {"text": "hi"}, "user_id": "ben", "room": "physics", "message_id": "m"});
    anna.send(frame.to_string()).await;
    let heard = anna.receive().await;
    let id: Uuid = heard["message_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    let expected = json!({"type": "chat", "room": "maths", "data": {"text": "hi"}, "user_id": "anna",
        "message_id": id.to_string(), "timestamp": "2027-01-15T08:00:00.000Z"});
    assert_eq!(heard, expected);
    assert_eq!(ben.receive().await, expected);

    ben.send(r#"{"type":"typing"}"#).await;
    let typing = anna.receive().await;
    assert_eq!(
        (&typing["type"], &typing["data"]),
        (&json!("typing"), &json!({}))
    );
    assert_eq!(ben.receive().await, typing);
    for client in [&mut anna, &mut ben, &mut elsewhere, &mut nowhere] {
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn users_come_and_go_not_sockets() {
    let fixture = Fixture::start().await;
    let mut anna = member(&fixture, "anna", "maths").await;
    let ben = member(&fixture, "ben", "maths").await;
    joined(&mut anna, "ben").await;
    // Another tab of ben's, which joins by subscribing, is no news.
    let mut tab = fixture.connect_as("ben", "/ws").await;
    tab.subscribe(&["room:maths"]).await;
    tab.expect_silence().await;
    drop(ben);
    let _carl = member(&fixture, "carl", "maths").await;
    joined(&mut anna, "carl").await;
    joined(&mut tab, "carl").await;
    let frame = json!({"type": "unsubscribe", "topics": ["room:maths"]});
    // Ben's first socket may be found to be gone later than the second has left.
    tab.ask_with_id(frame).await;
    moved(&mut anna, "ben", "left").await;
    anna.expect_silence().await;
    tab.expect_silence().await;
}

#[tokio::test]
async fn presence_counts_connections_by_user() {
    let fixture = Fixture::start().await;
    let mut anna = member(&fixture, "anna", "maths").await;
    let _ben = member(&fixture, "ben", "maths").await;
    joined(&mut anna, "ben").await;
    let mut tab = fixture.connect_as("ben", "/ws/maths").await;
    let ask = json!({"type": "presence", "topic": "room:maths"});
    // The tab's own answer says that it has joined.
    let answer = tab.ask_with_id(ask.clone()).await;
    let users =
        json!([{"user_id": "anna", "connections": 1}, {"user_id": "ben", "connections": 2}]);
    assert_eq!(answer["data"], json!({"users": users, "total": 2}));
    assert_eq!(anna.ask_with_id(ask).await, answer);
    let empty = json!({"type": "presence", "topic": "room:empty"});
    let answer = anna.ask_with_id(empty).await;
    assert_eq!(answer["data"], json!({"users": [], "total": 0}));
    for topic in ["room:*", "ws:anna", "exercise.updated", "nonsense"] {
        let answer = anna
            .ask_with_id(json!({"type": "presence", "topic": topic}))
            .await;
        assert_eq!(answer["code"], "forbidden", "{topic}");
    }
}

#[tokio::test]
async fn who_has_joined_may_publish_and_is_told_the_message_s_id() {
    let fixture = Fixture::start().await;
    let mut anna = fixture.connect_as("anna", "/ws").await;
    let publish = json!({"type": "publish", "topic": "room:maths", "kind": "note", "data": [1]});
    let early = anna.ask_with_id(publish.clone()).await;
    assert_eq!(early["code"], "forbidden", "anna is not in the room");
    anna.subscribe(&["room:maths"]).await;
    joined(&mut anna, "anna").await;
    let mut publish_with_id = publish.clone();
    publish_with_id["request_id"] = json!("p");
    let heard = anna.ask(publish_with_id.to_string()).await;
    let answer = anna.receive().await;
    assert_eq!(
        (&heard["type"], &heard["room"]),
        (&json!("note"), &json!("maths"))
    );
    let expected = json!({"type": "response", "request_id": "p",
        "data": {"message_id": heard["message_id"], "offset": 1}});
    assert_eq!(answer, expected);
    for topic in [
        "ws:anna",
        "exercise.anna.status",
        "project:p",
        "room:other",
        "room:*",
        "x",
    ] {
        let mut other = publish.clone();
        other["topic"] = json!(topic);
        assert_eq!(
            anna.ask_with_id(other).await["code"],
            "forbidden",
            "{topic}"
        );
    }
    let frame = json!({"type": "unsubscribe", "topics": ["room:maths"]});
    anna.ask_with_id(frame).await;
    assert_eq!(anna.ask_with_id(publish).await["code"], "forbidden");
}

#[tokio::test]
async fn nobody_speaks_in_the_name_of_the_server() {
    let fixture = Fixture::start().await;
    let mut anna = member(&fixture, "anna", "maths").await;
    let mut ben = member(&fixture, "ben", "maths").await;
    joined(&mut anna, "ben").await;
    let mut outside = fixture.connect_as("carl", "/ws").await;
    for kind in [
        "user_left",
        "user_joined",
        "error",
        "auth_success",
        "auth_failed",
        "event",
        "response",
        "gap",
        "pong",
    ] {
        let frame = json!({"type": kind, "data": {"user_id": "ben", "action": "left"}});
        assert_eq!(
            anna.ask(frame.to_string()).await["code"],
            "forbidden",
            "{kind}"
        );
        assert_eq!(
            outside.ask(frame.to_string()).await["code"],
            "unknown_type",
            "{kind}"
        );
        let publish = json!({"type": "publish", "topic": "room:maths", "kind": kind});
        assert_eq!(
            anna.ask(publish.to_string()).await["code"],
            "forbidden",
            "{kind}"
        );
    }
    for kind in ["Chat", "", "a b", "é", "user-left", &"x".repeat(33)] {
        let frame = json!({"type": kind});
        assert_eq!(
            anna.ask(frame.to_string()).await["code"],
            "bad_request",
            "{kind}"
        );
    }
    anna.expect_silence().await;
    ben.expect_silence().await;
}

#[tokio::test]
async fn a_room_s_name_is_an_id() {
    let fixture = Fixture::start().await;
    let authorization = format!("Authorization: {}\r\n", token("42"));
    let long = "x".repeat(129);
    for name in [
        "..",
        "%2e%2e",
        "a%2Fb",
        "..%2f..%2fetc",
        "%00",
        "a%00",
        "%0a",
        "%ff",
        "a.b",
        "*",
        "%3E",
        "a:b",
        "%20",
        "%C3%A9",
        &long,
    ] {
        let path = format!("/ws/{name}");
        let answer = fixture.http(&upgrade(&path, &authorization)).await;
        assert_eq!(answer.status, 400, "{name}");
        assert_eq!(answer.json()["code"], "bad_request", "{name}");
    }
    for path in ["/ws/a/b", "/ws/a/../b", "/ws//"] {
        let answer = fixture.http(&upgrade(path, &authorization)).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    // What is encoded without need, and what looks like a wildcard elsewhere, is a name like others.
    for (path, room) in [("%61", "a"), ("a@b+c=d~e%7Cf", "a@b+c=d~e|f")] {
        let mut client = fixture.connect_as("42", &format!("/ws/{path}")).await;
        assert_eq!(client.receive().await["room"], room);
    }
}

#[tokio::test]
async fn rooms_may_be_for_those_whose_token_names_them() {
    let fixture = Fixture::with(|config| {
        config.rules = Rules {
            room_policy: RoomPolicy::Claim,
            ..Rules::default()
        };
    })
    .await;
    let claims = json!({"sub": "42", "exp": NOW + 60, "rooms": ["maths"], "topics": ["room:*"]});
    let header = ("authorization", signed(&claims));
    let headers = [(header.0, header.1.as_str())];
    let mut client = fixture.connect_with("/ws/maths", &headers).await;
    joined(&mut client, "42").await;
    let line = format!("Authorization: {}\r\n", header.1);
    let answer = fixture.http(&upgrade("/ws/physics", &line)).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["code"], "forbidden");
    // The other claim lets one listen, unseen, and not speak.
    client.subscribe(&["room:physics"]).await;
    let publish = json!({"type": "publish", "topic": "room:physics"});
    assert_eq!(client.ask_with_id(publish).await["code"], "forbidden");
    let presence = json!({"type": "presence", "topic": "room:physics"});
    assert_eq!(client.ask_with_id(presence).await["data"]["total"], 0);
    fixture.publish("room:physics", "overheard").await;
    assert_eq!(client.receive_text().await, "overheard");
}

#[tokio::test]
async fn v1_gets_the_whole_classic_frame_as_an_event() {
    let fixture = Fixture::start().await;
    let mut classic = member(&fixture, "anna", "maths").await;
    let claims = json!({"sub": "ben", "exp": NOW + 60});
    let mut v1 = fixture.connect_v1(&claims, "/ws/maths").await;
    let data = json!({"user_id": "ben", "action": "joined"});
    let bare = json!({"type": "user_joined", "room": "maths", "data": data});
    assert_eq!(v1.receive().await, bare);
    let stamped = classic.receive().await;
    assert_eq!(stamped["timestamp"], "2027-01-15T08:00:00.000Z");
    assert!(stamped["message_id"].is_string());
    v1.send(r#"{"data":"hi"}"#).await;
    let frame = classic.receive().await;
    assert_eq!(
        (&frame["user_id"], &frame["data"]),
        (&json!("ben"), &json!("hi"))
    );
    let event = json!({"type": "event", "subject": "room:maths", "data": frame});
    let mut heard = v1.receive().await;
    assert_eq!(take_position(&mut heard).1, 1);
    assert_eq!(heard, event);
    // What a service publishes is passed on as it is.
    fixture.publish("room:maths", "the lesson is over").await;
    assert_eq!(classic.receive_text().await, "the lesson is over");
    let event = json!({"type": "event", "subject": "room:maths", "data": "the lesson is over"});
    assert_eq!(v1.receive().await, event);
}

#[tokio::test]
async fn the_lobby_is_where_all_are_and_only_where_it_is_wanted() {
    let fixture = Fixture::with(|config| config.rules.lobby = true).await;
    let mut anna = fixture.connect_as("anna", "/ws").await;
    joined(&mut anna, "anna").await;
    let mut ben = fixture.connect_as("ben", "/ws/").await;
    joined(&mut ben, "ben").await;
    joined(&mut anna, "ben").await;
    let mut outside = fixture.connect_as("carl", "/ws/connect").await;
    anna.send(r#"{"data":"hi all"}"#).await;
    for client in [&mut anna, &mut ben] {
        let frame = client.receive().await;
        assert_eq!(
            (&frame["room"], &frame["data"]),
            (&json!("lobby"), &json!("hi all"))
        );
    }
    outside.expect_silence().await;
    let without = Fixture::start().await;
    let mut client = without.connect().await;
    assert_eq!(
        client.ask(r#"{"type":"chat"}"#).await["code"],
        "unknown_type"
    );
}

#[tokio::test]
async fn projects_have_members_and_a_voice_where_it_is_allowed() {
    let fixture = Fixture::with(|config| config.rules.project_publish = true).await;
    let mut anna = fixture.connect_as("anna", "/ws").await;
    let subscription = |action: &str| json!({"type": "subscription", "data": {"action": action, "project_id": "p-1"}});
    let mut answer = anna.ask_with_id(subscription("subscribe")).await;
    take_position(&mut answer["data"]["subscribed"][0]);
    assert_eq!(
        answer["data"]["subscribed"],
        json!([{"topic": "project:p-1"}])
    );
    let frame = anna.receive().await;
    assert_eq!(
        (&frame["type"], &frame["project_id"]),
        (&json!("user_joined"), &json!("p-1"))
    );
    let mut ben = fixture.connect_as("ben", "/ws").await;
    ben.subscribe(&["project:p-1"]).await;
    joined(&mut ben, "ben").await;
    joined(&mut anna, "ben").await;
    ben.send(r#"{"type":"publish","topic":"project:p-1","data":{"n":1}}"#)
        .await;
    for client in [&mut anna, &mut ben] {
        let frame = client.receive().await;
        assert_eq!(
            (&frame["project_id"], &frame["data"]),
            (&json!("p-1"), &json!({"n": 1}))
        );
        assert_eq!(frame["user_id"], "ben");
        assert_eq!(frame.get("room"), None);
    }
    let answer = anna.ask_with_id(subscription("unsubscribe")).await;
    assert_eq!(answer["data"], json!({"unsubscribed": ["project:p-1"]}));
    moved(&mut ben, "anna", "left").await;
}

#[tokio::test]
async fn a_class_that_leaves_at_once_is_told_of_one_by_one() {
    const CLASS: usize = 100;
    let fixture = Fixture::start().await;
    let mut teacher = member(&fixture, "teacher", "class").await;
    let mut pupils = Vec::new();
    for number in 0..CLASS {
        let name = format!("pupil-{number}");
        pupils.push(fixture.connect_as(&name, "/ws/class").await);
        joined(&mut teacher, &name).await;
    }
    drop(pupils);
    let mut gone: Vec<Value> = Vec::new();
    for _ in 0..CLASS {
        let frame = teacher.receive().await;
        assert_eq!(frame["type"], "user_left");
        gone.push(frame["data"]["user_id"].clone());
    }
    gone.sort_by_key(ToString::to_string);
    gone.dedup();
    assert_eq!(gone.len(), CLASS);
    let presence = json!({"type": "presence", "topic": "room:class"});
    assert_eq!(teacher.ask_with_id(presence).await["data"]["total"], 1);
}
