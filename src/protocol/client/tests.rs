use super::*;
use OtherTypes::{RoomMessage, Unknown};

fn refused(frame: &str, others: OtherTypes) -> (ErrorCode, Option<String>) {
    match ClientMessage::decode(frame, others) {
        Ok(message) => panic!("{frame} is {message:?}"),
        Err(bad) => (bad.error.code(), bad.request_id.map(|id| id.0)),
    }
}

fn body(frame: &str) -> ClientBody<'_> {
    match ClientMessage::decode(frame, Unknown) {
        Ok(message) => message.body,
        Err(bad) => panic!("{frame}: {bad:?}"),
    }
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn position(epoch: &str, offset: u64) -> Position {
    Position {
        epoch: epoch.to_owned(),
        offset,
    }
}

#[test]
fn a_request_has_all_its_fields() {
    let frame = r#" {"type":"request","subject":"exercise.get","data":{"a":[1]},"request_id":"r"}"#;
    let message = ClientMessage::decode(frame, Unknown).unwrap();
    assert_eq!(message.request_id.unwrap().as_str(), "r");
    match message.body {
        ClientBody::Request { subject, data } => {
            assert_eq!(subject, "exercise.get");
            assert_eq!(data.unwrap().get(), r#"{"a":[1]}"#);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_message_is_read() {
    let topic = || "room:a".to_owned();
    let project = || texts(&["project:p"]);
    let recover = [
        ("a".to_owned(), Recover::After(position("e", 7))),
        ("b".to_owned(), Recover::Cursor),
    ];
    for (frame, expected) in [
        (r#"{"type":"ping"}"#, ClientBody::Ping),
        (
            r#"{"type":"subscribe","topics":["a","b"],"recover":{"a":{"epoch":"e","offset":7},"b":"cursor"}}"#,
            ClientBody::Subscribe {
                topics: texts(&["a", "b"]),
                recover: recover.into(),
            },
        ),
        (
            r#"{"type":"unsubscribe","topics":[]}"#,
            ClientBody::Unsubscribe { topics: Vec::new() },
        ),
        (
            r#"{"type":"publish","topic":"room:a"}"#,
            ClientBody::Publish {
                topic: topic(),
                kind: MessageKind::chat(),
                data: None,
            },
        ),
        (
            r#"{"type":"publish","topic":"room:a","kind":"typing"}"#,
            ClientBody::Publish {
                topic: topic(),
                kind: MessageKind::parse("typing").unwrap(),
                data: None,
            },
        ),
        (
            r#"{"type":"presence","topic":"room:a"}"#,
            ClientBody::Presence { topic: topic() },
        ),
        (
            r#"{"type":"history","topic":"room:a","since":{"epoch":"e","offset":0},"limit":10}"#,
            ClientBody::History {
                topic: topic(),
                since: Some(position("e", 0)),
                limit: Some(10),
            },
        ),
        (
            r#"{"type":"ack","topic":"room:a","offset":3}"#,
            ClientBody::Ack {
                topic: topic(),
                offset: 3,
            },
        ),
        (
            r#"{"type":"subscription","data":{"action":"subscribe","project_id":"p"}}"#,
            ClientBody::Subscribe {
                topics: project(),
                recover: BTreeMap::new(),
            },
        ),
        (
            r#"{"type":"subscription","data":{"action":"unsubscribe","project_id":"p"}}"#,
            ClientBody::Unsubscribe { topics: project() },
        ),
    ] {
        assert_eq!(body(frame), expected, "{frame}");
    }
}

#[test]
fn both_ways_to_authenticate_are_read_and_not_printed() {
    for frame in [
        r#"{"type":"auth","token":"a-secret"}"#,
        r#"{"type":"auth_required","data":{"token":"a-secret"}}"#,
    ] {
        for others in [Unknown, RoomMessage] {
            let message = ClientMessage::decode(frame, others).unwrap();
            assert!(!format!("{message:?}").contains("a-secret"));
            match message.body {
                ClientBody::Auth { token } => assert_eq!(token.expose(), "a-secret"),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn other_types_are_messages_where_there_is_a_room() {
    for (frame, kind, data) in [
        (
            r#"{"data":{"text":"hi"}}"#,
            "chat",
            Some(r#"{"text":"hi"}"#),
        ),
        (r#"{"type":null}"#, "chat", None),
        (r#"{"type":"typing","data":1}"#, "typing", Some("1")),
        // Fields of other messages are not this one's.
        (r#"{"type":"move","topic":7,"data":[]}"#, "move", Some("[]")),
    ] {
        let message = ClientMessage::decode(frame, RoomMessage).unwrap();
        match message.body {
            ClientBody::Room {
                kind: read,
                data: given,
            } => {
                assert_eq!(read.as_str(), kind);
                assert_eq!(given.map(Json::get), data);
            }
            other => panic!("{other:?}"),
        }
    }
    let known = ClientMessage::decode(r#"{"type":"ping"}"#, RoomMessage).unwrap();
    assert_eq!(known.body, ClientBody::Ping);
}

#[test]
fn nobody_speaks_in_the_name_of_the_server() {
    for kind in [
        "user_left",
        "user_joined",
        "error",
        "auth_success",
        "auth_required",
        "event",
    ] {
        let frame = format!(r#"{{"type":"{kind}","request_id":"r","data":{{}}}}"#);
        let id = || Some("r".to_owned());
        assert_eq!(refused(&frame, RoomMessage), (ErrorCode::Forbidden, id()));
        assert_eq!(refused(&frame, Unknown), (ErrorCode::UnknownType, id()));
        let frame = format!(r#"{{"type":"publish","topic":"room:a","kind":"{kind}"}}"#);
        assert_eq!(refused(&frame, Unknown), (ErrorCode::Forbidden, None));
    }
    let shouted = r#"{"type":"Chat"}"#;
    assert_eq!(refused(shouted, RoomMessage), (ErrorCode::BadRequest, None));
    assert_eq!(refused(shouted, Unknown), (ErrorCode::UnknownType, None));
}

#[test]
fn keys_of_other_protocols_are_skipped() {
    let frame = r#"{"type":"ping","timestamp":"2023-12-01T10:00:00Z","message_id":"m","data":{}}"#;
    assert_eq!(body(frame), ClientBody::Ping);
}

#[test]
fn an_empty_or_null_id_is_no_id() {
    for frame in [
        r#"{"type":"ping","request_id":""}"#,
        r#"{"type":"ping","request_id":null}"#,
    ] {
        let message = ClientMessage::decode(frame, Unknown).unwrap();
        assert_eq!(message.request_id, None);
    }
}

#[test]
fn what_is_no_message_is_a_bad_request() {
    for frame in [
        "",
        "nope",
        "[]",
        r#"["ping"]"#,
        "\"ping\"",
        "null",
        "{}",
        r#"{"type":null}"#,
        r#"{"type":1}"#,
        r#"{"type":"ping"} {}"#,
        r#"{"type":"ping","type":"ping"}"#,
        r#"{"type":"ping","request_id":1}"#,
        r#"{"type":"\ud800"}"#,
        r#"{"type":"request","subject":"x"}"#,
        r#"{"type":"subscribe"}"#,
        r#"{"type":"subscribe","topics":"a"}"#,
        r#"{"type":"subscribe","topics":[1]}"#,
        r#"{"type":"subscribe","topics":["a"],"topics":["b"]}"#,
        r#"{"type":"subscribe","topics":["a"],"recover":[]}"#,
        r#"{"type":"subscribe","topics":["a"],"recover":{"a":"start"}}"#,
        r#"{"type":"subscribe","topics":["a"],"recover":{"a":{"epoch":"e"}}}"#,
        r#"{"type":"subscribe","topics":["a"],"recover":{"a":["e",1]}}"#,
        r#"{"type":"subscribe","topics":["a"],"recover":{"a":null}}"#,
        r#"{"type":"unsubscribe","topics":{}}"#,
        r#"{"type":"publish","data":{}}"#,
        r#"{"type":"publish","topic":"room:a","kind":"No"}"#,
        r#"{"type":"publish","topic":"room:a","kind":1}"#,
        r#"{"type":"presence"}"#,
        r#"{"type":"history","topic":"a","limit":-1}"#,
        r#"{"type":"history","topic":"a","since":7}"#,
        r#"{"type":"ack","topic":"a"}"#,
        r#"{"type":"ack","topic":"a","offset":1.5}"#,
        r#"{"type":"auth"}"#,
        r#"{"type":"auth","token":1}"#,
        r#"{"type":"subscription"}"#,
        r#"{"type":"subscription","data":{"action":"dance","project_id":"p"}}"#,
        r#"{"type":"subscription","data":{"action":"subscribe"}}"#,
        r#"{"type":"subscription","data":["subscribe","p"]}"#,
    ] {
        assert_eq!(
            refused(frame, Unknown),
            (ErrorCode::BadRequest, None),
            "{frame}"
        );
    }
}

#[test]
fn the_error_carries_the_id_back() {
    let missing = r#"{"type":"request","request_id":"r"}"#;
    let id = || Some("r".to_owned());
    assert_eq!(refused(missing, Unknown), (ErrorCode::BadRequest, id()));
    let unknown = r#"{"type":"dance","request_id":"r"}"#;
    assert_eq!(refused(unknown, Unknown), (ErrorCode::UnknownType, id()));
}

#[test]
fn deep_nesting_is_refused_wherever_it_is() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for frame in [
        deep.clone(),
        format!(r#"{{"type":"ping","x":{deep}}}"#),
        format!(r#"{{"type":"request","subject":"s","request_id":"r","data":{deep}}}"#),
        "{\"a\":".repeat(10_000),
    ] {
        for others in [Unknown, RoomMessage] {
            assert_eq!(refused(&frame, others), (ErrorCode::BadRequest, None));
        }
    }
}
