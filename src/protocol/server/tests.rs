use insta::assert_snapshot;

use super::*;
use crate::protocol::{ClientMessage, OtherTypes};

fn id(text: &str) -> RequestId {
    let frame = serde_json::json!({"type": "ping", "request_id": text}).to_string();
    let message = ClientMessage::decode(&frame, OtherTypes::Unknown).unwrap();
    message.request_id.unwrap()
}

fn golden(message: &ServerMessage<'_>, dialect: Dialect) -> String {
    let stamp = || Stamp {
        timestamp: "2026-01-02T03:04:05.678901Z".parse().unwrap(),
        message_id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
    };
    let text = message.encode(dialect, stamp).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
    text
}

#[test]
fn response() {
    let request_id = id("a \"quoted\"\nid");
    let message = ServerMessage::Response {
        request_id: &request_id,
        data: r#"{"pools":[]}"#,
    };
    let text = golden(&message, Dialect::Classic);
    assert_snapshot!(text, @r#"{"type":"response","request_id":"a \"quoted\"\nid","data":{"pools":[]}}"#);
    assert_eq!(text, golden(&message, Dialect::V1));
}

#[test]
fn error() {
    let request_id = id("r1");
    let message = ServerMessage::Error {
        code: ErrorCode::NotFound,
        sentence: "no pool has the id \"x\"",
        request_id: Some(&request_id),
    };
    assert_snapshot!(golden(&message, Dialect::Classic), @r#"{"type":"error","error":"no pool has the id \"x\"","code":"not_found","request_id":"r1","data":{"code":"not_found","message":"no pool has the id \"x\""},"timestamp":"2026-01-02T03:04:05.678Z","message_id":"01900000-0000-7000-8000-000000000001"}"#);
    assert_snapshot!(golden(&message, Dialect::V1), @r#"{"type":"error","error":"no pool has the id \"x\"","code":"not_found","request_id":"r1","data":{"code":"not_found","message":"no pool has the id \"x\""}}"#);
    let message = ServerMessage::Error {
        code: ErrorCode::BadRequest,
        sentence: "no",
        request_id: None,
    };
    assert_snapshot!(golden(&message, Dialect::V1), @r#"{"type":"error","error":"no","code":"bad_request","data":{"code":"bad_request","message":"no"}}"#);
}

#[test]
fn pong() {
    let message = ServerMessage::Pong;
    assert_snapshot!(golden(&message, Dialect::Classic), @r#"{"type":"pong","data":{},"timestamp":"2026-01-02T03:04:05.678Z","message_id":"01900000-0000-7000-8000-000000000001"}"#);
    assert_snapshot!(golden(&message, Dialect::V1), @r#"{"type":"pong"}"#);
}

#[test]
fn event() {
    let position = Position {
        epoch: "e1".to_owned(),
        offset: 7,
    };
    let message = ServerMessage::Event {
        subject: "exercise.42.status",
        data: r#"{"status":"started"}"#,
        position: Some(&position),
    };
    assert_snapshot!(golden(&message, Dialect::Classic), @r#"{"type":"event","subject":"exercise.42.status","data":{"status":"started"}}"#);
    assert_snapshot!(golden(&message, Dialect::V1), @r#"{"type":"event","subject":"exercise.42.status","epoch":"e1","offset":7,"data":{"status":"started"}}"#);
}

#[test]
fn gap() {
    let topics = ["ws:42".to_owned(), "room:a".to_owned()];
    let message = ServerMessage::Gap { topics: &topics };
    assert_snapshot!(golden(&message, Dialect::V1), @r#"{"type":"gap","topics":["ws:42","room:a"]}"#);
}

#[test]
fn authentication() {
    let user = UserId::parse("42").unwrap();
    let failed = ServerMessage::AuthFailed {
        code: "token_expired",
        sentence: "the token has expired",
    };
    let success = ServerMessage::AuthSuccess { user: &user };
    assert_snapshot!(golden(&ServerMessage::AuthRequired, Dialect::Classic), @r#"{"type":"auth_required","data":{},"timestamp":"2026-01-02T03:04:05.678Z","message_id":"01900000-0000-7000-8000-000000000001"}"#);
    assert_snapshot!(golden(&ServerMessage::AuthRequired, Dialect::V1), @r#"{"type":"auth_required"}"#);
    assert_snapshot!(golden(&success, Dialect::Classic), @r#"{"type":"auth_success","data":{"user_id":"42"},"timestamp":"2026-01-02T03:04:05.678Z","message_id":"01900000-0000-7000-8000-000000000001"}"#);
    assert_snapshot!(golden(&success, Dialect::V1), @r#"{"type":"auth_success","data":{"user_id":"42"}}"#);
    assert_snapshot!(golden(&failed, Dialect::Classic), @r#"{"type":"auth_failed","data":{"code":"token_expired","message":"the token has expired"},"timestamp":"2026-01-02T03:04:05.678Z","message_id":"01900000-0000-7000-8000-000000000001"}"#);
    assert_snapshot!(golden(&failed, Dialect::V1), @r#"{"type":"auth_failed","data":{"code":"token_expired","message":"the token has expired"}}"#);
}

#[test]
fn a_stamp_is_of_its_moment() {
    let now = "2026-01-02T03:04:05.678Z".parse::<Timestamp>().unwrap();
    let stamp = Stamp::new(now);
    let (seconds, _) = stamp.message_id.get_timestamp().unwrap().to_unix();
    assert_eq!(i64::try_from(seconds).unwrap(), now.as_second());
    assert_ne!(stamp.message_id, Stamp::new(now).message_id);
    assert_eq!(Stamp::new(Timestamp::MIN).timestamp, Timestamp::MIN);
}

#[test]
fn every_code_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> =
        ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), ErrorCode::ALL.len());
}
