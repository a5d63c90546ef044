use insta::assert_snapshot;

use super::*;
use crate::protocol::TopicPattern;

fn golden(channel: &str, payload: &str, dialect: Dialect) -> String {
    let envelope = Envelope::read(channel, payload.as_bytes()).unwrap();
    let text = envelope.encode(dialect).unwrap();
    if text != payload {
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
    text
}

#[test]
fn text_for_a_user_or_a_room_is_passed_on_word_for_word() {
    let json = r#"{ "event":"slot",  "data":{}}"#;
    for channel in ["ws:42", "room:a"] {
        for text in [json, "not JSON", ""] {
            assert_eq!(golden(channel, text, Dialect::Classic), text);
        }
    }
    assert_snapshot!(golden("ws:42", json, Dialect::V1), @r#"{"type":"event","subject":"ws:42","data":{ "event":"slot",  "data":{}}}"#);
    assert_snapshot!(golden("room:a", "not \"JSON\"", Dialect::V1), @r#"{"type":"event","subject":"room:a","data":"not \"JSON\""}"#);
}

#[test]
fn text_on_a_subject_is_an_event_in_both_dialects() {
    let read = |dialect| golden("exercise.42.progress", r#"{"progress":60}"#, dialect);
    assert_snapshot!(read(Dialect::V1), @r#"{"type":"event","subject":"exercise.42.progress","data":{"progress":60}}"#);
    assert_eq!(read(Dialect::Classic), read(Dialect::V1));
}

#[test]
fn what_nests_too_deep_travels_as_text() {
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let frame = golden("ws:42", &deep, Dialect::V1);
    let frame: serde_json::Value = serde_json::from_str(&frame).unwrap();
    assert_eq!(frame["data"], deep);
}

const BROADCAST: &str = r#"{"type":"task_updated","data":{"n":1},"project_id":"p","user_id":"42","timestamp":"2023-12-01T10:00:00Z","message_id":"m","source":"worker"}"#;

#[test]
fn a_broadcast_goes_to_its_project_else_its_user_else_everyone() {
    let address = |payload: &str| {
        let envelope = Envelope::read("websocket:broadcast", payload.as_bytes()).unwrap();
        envelope.address.to_string()
    };
    assert_eq!(address(BROADCAST), "project:p");
    let without = BROADCAST.replace(r#""project_id":"p","#, "");
    assert_eq!(address(&without), "ws:42");
    let empty = BROADCAST.replace(r#""p""#, r#""""#);
    assert_eq!(address(&empty), "ws:42");
    let all = without.replace(r#""user_id":"42","#, "");
    assert_eq!(address(&all), "websocket:broadcast");
}

#[test]
fn a_broadcast_shows_type_data_timestamp_and_id() {
    let read = |dialect| golden("websocket:broadcast", BROADCAST, dialect);
    assert_snapshot!(read(Dialect::Classic), @r#"{"type":"task_updated","data":{"n":1},"timestamp":"2023-12-01T10:00:00Z","message_id":"m"}"#);
    assert_snapshot!(read(Dialect::V1), @r#"{"type":"event","subject":"project:p","data":{"type":"task_updated","data":{"n":1},"timestamp":"2023-12-01T10:00:00Z","message_id":"m"}}"#);
}

const SAID: &str =
    r#"{"type":"chat","user_id":"42","message_id":"m","timestamp":"t","data":{"text":"hi"}}"#;

#[test]
fn what_a_member_says() {
    let room = |dialect| golden("mithril:live:room:a", SAID, dialect);
    assert_snapshot!(room(Dialect::Classic), @r#"{"type":"chat","room":"a","data":{"text":"hi"},"user_id":"42","message_id":"m","timestamp":"t"}"#);
    assert_snapshot!(room(Dialect::V1), @r#"{"type":"event","subject":"room:a","data":{"type":"chat","room":"a","data":{"text":"hi"},"user_id":"42","message_id":"m","timestamp":"t"}}"#);
    let project = golden("mithril:live:project:p", SAID, Dialect::Classic);
    assert_snapshot!(project, @r#"{"type":"chat","project_id":"p","data":{"text":"hi"},"user_id":"42","message_id":"m","timestamp":"t"}"#);
}

#[test]
fn who_comes_and_goes() {
    let joined = SAID.replace("chat", "user_joined");
    assert_snapshot!(golden("mithril:live:room:a", &joined, Dialect::Classic), @r#"{"type":"user_joined","room":"a","data":{"user_id":"42","action":"joined"},"timestamp":"t","message_id":"m"}"#);
    assert_snapshot!(golden("mithril:live:room:a", &joined, Dialect::V1), @r#"{"type":"user_joined","room":"a","data":{"user_id":"42","action":"joined"}}"#);
    let left = SAID.replace("chat", "user_left");
    assert_snapshot!(golden("mithril:live:project:p", &left, Dialect::V1), @r#"{"type":"user_left","project_id":"p","data":{"user_id":"42","action":"left"}}"#);
}

#[test]
fn what_is_written_is_read_back() {
    for (channel, payload) in [
        ("mithril:live:room:a", SAID.to_owned()),
        (
            "mithril:live:project:p",
            SAID.replace("chat", "user_left")
                .replace(r#"{"text":"hi"}"#, "null"),
        ),
        ("ws:42", "any text".to_owned()),
    ] {
        let envelope = Envelope::read(channel, payload.as_bytes()).unwrap();
        assert_eq!(envelope.write().unwrap(), (channel.to_owned(), payload));
    }
}

#[test]
fn what_is_no_envelope_is_refused() {
    let no_user = SAID.replace("42", "*");
    let no_project = BROADCAST.replace(r#""p""#, r#""a.b""#);
    for (channel, payload) in [
        ("ws:*", b"{}".as_slice()),
        ("mithril:live:x", SAID.as_bytes()),
        ("websocket:other", BROADCAST.as_bytes()),
        ("ws:42", b"\xff"),
        ("mithril:live:room:a", b"{}"),
        ("mithril:live:room:a", no_user.as_bytes()),
        ("websocket:broadcast", b"not JSON"),
        ("websocket:broadcast", b"{\"data\":{}}"),
        ("websocket:broadcast", no_project.as_bytes()),
    ] {
        assert!(Envelope::read(channel, payload).is_err(), "{channel}");
    }
}

#[test]
fn every_topic_has_its_channels() {
    for (pattern, channels) in [
        ("ws:42", ("ws:42", Some("mithril:live:ws:42"))),
        ("room:a", ("room:a", Some("mithril:live:room:a"))),
        ("room:*", ("room:*", Some("mithril:live:room:*"))),
        ("project:p", ("mithril:live:project:p", None)),
        ("exercise.*.status", ("exercise.*.status", None)),
    ] {
        let pattern = TopicPattern::parse(pattern, None).unwrap();
        let (first, second) = Envelope::channels(&pattern);
        assert_eq!((first.as_str(), second.as_deref()), channels);
    }
}

fn stamp() -> Stamp {
    Stamp {
        timestamp: jiff::Timestamp::UNIX_EPOCH,
        message_id: uuid::Uuid::nil(),
    }
}

fn position() -> Position {
    Position {
        epoch: "e".to_owned(),
        offset: 7,
    }
}

/// What subscribers are sent of a message, before it is recorded and from its record.
fn recorded(envelope: &Envelope) -> (Record, Envelope) {
    let Address::Topic(topic) = &envelope.address else {
        panic!("{envelope:?} has no topic");
    };
    let record = envelope.record(&stamp()).unwrap().unwrap();
    let kept = Envelope::recorded(topic.clone(), position(), &record.payload).unwrap();
    let live = Record::live(&record.payload, &position()).unwrap();
    let channel = Envelope::live_channel(topic);
    let arrived = Envelope::read(&channel, live.as_bytes()).unwrap();
    assert_eq!(kept.recorded, arrived.recorded);
    for dialect in [Dialect::Classic, Dialect::V1] {
        assert_eq!(
            kept.encode(dialect).unwrap(),
            arrived.encode(dialect).unwrap()
        );
    }
    let classic = Dialect::Classic;
    assert_eq!(
        kept.encode(classic).unwrap(),
        envelope.encode(classic).unwrap()
    );
    (record, arrived)
}

#[test]
fn what_is_recorded_comes_back_as_it_was() {
    for (channel, payload) in [
        ("ws:42", r#"{ "n": 1.50 }"#),
        ("ws:42", " {} "),
        ("ws:42", "not \"JSON\""),
        ("ws:42", "null"),
        ("ws:42", ""),
        ("room:a", "[1]"),
        ("mithril:live:room:a", SAID),
        ("mithril:live:project:p", SAID),
        ("websocket:broadcast", BROADCAST),
        (
            "websocket:broadcast",
            r#"{"type":"t","user_id":"42","timestamp":"t","message_id":"m"}"#,
        ),
    ] {
        let envelope = Envelope::read(channel, payload.as_bytes()).unwrap();
        let (record, arrived) = recorded(&envelope);
        let at = arrived.recorded.as_ref().unwrap();
        assert_eq!(
            (&*at.position, &at.message_id),
            (&position(), &record.message_id)
        );
        let v1 = arrived.encode(Dialect::V1).unwrap();
        let v1: serde_json::Value = serde_json::from_str(&v1).unwrap();
        assert_eq!(
            (&v1["epoch"], &v1["offset"]),
            (&"e".into(), &7.into()),
            "{v1}"
        );
        assert_eq!(v1["data"].to_string(), {
            let data: serde_json::Value = serde_json::from_str(&envelope.data().unwrap()).unwrap();
            data.to_string()
        });
    }
}

#[test]
fn a_record_on_the_wire() {
    let live = |channel: &str, payload: &str| {
        let envelope = Envelope::read(channel, payload.as_bytes()).unwrap();
        let (record, _) = recorded(&envelope);
        Record::live(&record.payload, &position()).unwrap()
    };
    assert_snapshot!(live("mithril:live:room:a", SAID), @r#"{"offset":7,"epoch":"e","type":"chat","user_id":"42","message_id":"m","timestamp":"t","data":{"text":"hi"}}"#);
    assert_snapshot!(live("ws:42", "{}"), @r#"{"offset":7,"epoch":"e","message_id":"00000000-0000-0000-0000-000000000000","timestamp":"1970-01-01T00:00:00.000Z","data":{}}"#);
    assert_snapshot!(live("ws:42", "hi"), @r#"{"offset":7,"epoch":"e","message_id":"00000000-0000-0000-0000-000000000000","timestamp":"1970-01-01T00:00:00.000Z","text":"hi"}"#);
    assert_snapshot!(live("websocket:broadcast", BROADCAST), @r#"{"offset":7,"epoch":"e","type":"task_updated","message_id":"m","timestamp":"2023-12-01T10:00:00Z","data":{"n":1}}"#);
}

#[test]
fn who_comes_and_goes_is_not_kept_and_half_a_position_is_none() {
    let moved = SAID.replace("chat", "user_left");
    let moved = Envelope::read("mithril:live:room:a", moved.as_bytes()).unwrap();
    assert_eq!(moved.record(&stamp()).unwrap(), None);
    let all = Envelope::read("websocket:broadcast", br#"{"type":"t","message_id":"m"}"#).unwrap();
    assert_eq!(all.record(&stamp()).unwrap(), None);
    for half in [r#"{"offset":7,"#, r#"{"epoch":"e","#] {
        let payload = SAID.replacen('{', half, 1);
        assert!(Envelope::read("mithril:live:room:a", payload.as_bytes()).is_err());
    }
}
