//! `mithril schema protocol` and `mithril schema envelope` say what the real types say: every frame of
//! every test of this tier is held against them, and what is broken does not fit.

use std::sync::LazyLock;

use mithril::ids::UserId;
use mithril::protocol::{
    Address, ClientMessage, Content, DecodeError, Dialect, Envelope, ErrorCode, KindError,
    MessageKind, Movement, OtherTypes, Position, Recorded, ServerMessage, Stamp, Topic, schema,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::schema::Document;

static PROTOCOL: LazyLock<Document> = LazyLock::new(|| document(schema::PROTOCOL));

fn document(text: &str) -> Document {
    Document(serde_json::from_str(text).unwrap())
}

fn definition(name: &str) -> Value {
    json!({"$ref": format!("#/definitions/{name}")})
}

/// What only the server says.
fn reserved() -> &'static Vec<Value> {
    let types = &PROTOCOL.0["definitions"]["Notice"]["properties"]["type"];
    types["not"]["enum"].as_array().unwrap()
}

/// A frame that the gateway sends is one that is described. In the classic dialect what a service
/// publishes comes as it is, and only what the gateway itself says is known.
pub(crate) fn expect_described(text: &str, protocol: Option<&str>) {
    let frame: Option<Value> = serde_json::from_str(text).ok();
    let own = |frame: &Value| reserved().contains(&frame["type"]);
    let is_v1 = protocol == Some("mithril.v1");
    if !is_v1 && !frame.as_ref().is_some_and(own) {
        return;
    }
    let frame = frame.expect("a frame is JSON");
    let deviations = PROTOCOL.deviations(&definition("ServerMessage"), &frame);
    assert_eq!(deviations, [""; 0], "{frame}");
}

/// What the gateway reads is what fits, and what it refuses does not.
pub(crate) fn expect_one_opinion(text: &str) {
    let Ok(frame) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let decoded = ClientMessage::decode(text, OtherTypes::RoomMessage);
    let error = match &decoded {
        Ok(_) => None,
        // A key that stands there twice, or more levels than a schema can count.
        Err(refused) if matches!(refused.error, DecodeError::Json(_) | DecodeError::TooDeep) => {
            return;
        }
        Err(refused) => Some(refused.error.to_string()),
    };
    let fits = PROTOCOL.fits(&definition("ClientMessage"), &frame);
    assert_eq!(fits, error.is_none(), "{frame}: {error:?}");
}

#[test]
fn what_clients_send_is_read_if_and_only_if_it_fits() {
    let position = json!({"epoch": "e", "offset": 7});
    for frame in [
        json!({}),
        json!([]),
        json!({"type": null, "data": 1}),
        json!({"type": "wave", "data": [1]}),
        json!({"type": "Wave"}),
        json!({"type": "gap"}),
        json!({"type": "ping"}),
        json!({"type": "ping", "request_id": null, "timestamp": 5, "data": []}),
        json!({"type": "ping", "request_id": 5}),
        json!({"type": "request", "subject": "exercise.get", "data": {}, "request_id": "1"}),
        json!({"type": "request", "subject": "exercise.get"}),
        json!({"type": "request", "subject": "exercise.get", "request_id": ""}),
        json!({"type": "request", "request_id": "1"}),
        json!({"type": "subscribe", "topics": ["ws:42"]}),
        json!({"type": "subscribe", "topics": "ws:42"}),
        json!({"type": "subscribe", "topics": null}),
        json!({"type": "subscribe", "topics": [], "recover": {"ws:42": position, "room:a": "cursor"}}),
        json!({"type": "subscribe", "topics": [], "recover": {"ws:42": "start"}}),
        json!({"type": "subscribe", "topics": [], "recover": {"ws:42": {"epoch": "e"}}}),
        json!({"type": "subscribe", "topics": [], "recover": {"ws:42": null}}),
        json!({"type": "subscribe", "topics": [], "recover": null}),
        json!({"type": "subscribe", "topics": [], "recover": []}),
        json!({"type": "unsubscribe", "topics": []}),
        json!({"type": "unsubscribe"}),
        json!({"type": "publish", "topic": "room:a", "kind": "wave", "data": null}),
        json!({"type": "publish", "topic": "room:a", "kind": null}),
        json!({"type": "publish", "topic": "room:a", "kind": "event"}),
        json!({"type": "publish", "topic": "room:a", "kind": "a-b"}),
        json!({"type": "publish"}),
        json!({"type": "presence", "topic": "room:a"}),
        json!({"type": "presence", "topic": 1}),
        json!({"type": "history", "topic": "room:a", "since": position, "limit": 10}),
        json!({"type": "history", "topic": "room:a", "since": null, "limit": null}),
        json!({"type": "history", "topic": "room:a", "limit": -1}),
        json!({"type": "history", "topic": "room:a", "since": {"offset": 1}}),
        json!({"type": "ack", "topic": "ws:42", "offset": 0}),
        json!({"type": "ack", "topic": "ws:42", "offset": "1"}),
        json!({"type": "ack", "topic": "ws:42"}),
        json!({"type": "auth", "token": "t"}),
        json!({"type": "auth", "data": {"token": "t"}}),
        json!({"type": "auth_required", "data": {"token": "t"}}),
        json!({"type": "auth_required", "data": {}}),
        json!({"type": "subscription", "data": {"action": "subscribe", "project_id": "p"}}),
        json!({"type": "subscription", "data": {"action": "leave", "project_id": "p"}}),
        json!({"type": "subscription", "data": {"action": "subscribe"}}),
        json!({"type": "subscription"}),
    ] {
        expect_one_opinion(&frame.to_string());
    }
}

/// One of each message that a client can be sent, in each dialect that has it.
fn sent() -> Vec<Value> {
    let frame = json!({"type": "ping", "request_id": "r"}).to_string();
    let request_id = ClientMessage::decode(&frame, OtherTypes::Unknown).unwrap();
    let request_id = &request_id.request_id.unwrap();
    let user = UserId::parse("42").unwrap();
    let position = Position {
        epoch: "e".into(),
        offset: 7,
    };
    let own = [
        ServerMessage::Response {
            request_id,
            data: "{}",
        },
        ServerMessage::Error {
            code: ErrorCode::NotFound,
            sentence: "no",
            request_id: Some(request_id),
        },
        ServerMessage::Event {
            subject: "ws:42",
            data: "1",
            position: Some(&position),
        },
        ServerMessage::Gap {
            topics: &["ws:42".into()],
        },
        ServerMessage::Pong,
        ServerMessage::AuthRequired,
        ServerMessage::AuthSuccess { user: &user },
        ServerMessage::AuthFailed {
            code: "token_expired",
            sentence: "no",
        },
    ];
    let room = || Address::Topic(Topic::parse("room:a").unwrap());
    let project = Address::Topic(Topic::parse("project:p").unwrap());
    let data = || RawValue::from_string("[1]".into()).unwrap();
    let stamp = Stamp::new(jiff::Timestamp::UNIX_EPOCH);
    let said = Content::Said {
        kind: "chat".into(),
        user: user.clone(),
        data: data(),
        timestamp: stamp.time(),
        message_id: stamp.message_id.to_string(),
    };
    let mut said = Envelope::new(room(), said);
    said.recorded = Some(Recorded {
        position: position.clone().into(),
        message_id: "1".into(),
    });
    let moved = Content::Moved {
        user: user.clone(),
        movement: Movement::Left,
        timestamp: stamp.time(),
        message_id: stamp.message_id.to_string(),
    };
    let notice = Content::Notice {
        kind: "Announced!".into(),
        data: data(),
        timestamp: None,
        message_id: Some("1".into()),
    };
    let envelopes = [
        said,
        Envelope::new(project, moved),
        Envelope::new(room(), notice),
    ];
    let mut frames = Vec::new();
    for dialect in [Dialect::Classic, Dialect::V1] {
        frames.extend(
            own.iter()
                .map(|message| message.encode(dialect, || stamp).unwrap()),
        );
        frames.extend(
            envelopes
                .iter()
                .map(|envelope| envelope.encode(dialect).unwrap()),
        );
    }
    let frames = frames
        .iter()
        .map(|text| serde_json::from_str(text).unwrap());
    frames.collect()
}

#[test]
fn what_is_sent_fits_and_does_not_when_it_is_broken() {
    let message = definition("ServerMessage");
    for frame in sent() {
        assert_eq!(PROTOCOL.deviations(&message, &frame), [""; 0], "{frame}");
        for key in frame.as_object().unwrap().keys() {
            if key != "data" {
                let mut broken = frame.clone();
                broken[key] = json!([[]]);
                assert!(!PROTOCOL.fits(&message, &broken), "{broken}");
            }
            if ["type", "data", "subject", "code", "topics", "epoch"].contains(&&**key) {
                let mut broken = frame.clone();
                broken.as_object_mut().unwrap().remove(key);
                // What says nothing but its type says so with and without data.
                let says_nothing = frame["data"] == json!({}) && frame.get("request_id").is_none();
                let may_lack = key == "data" && says_nothing;
                assert_eq!(PROTOCOL.fits(&message, &broken), may_lack, "{broken}");
            }
        }
    }
}

#[test]
fn the_words_are_those_of_the_types() {
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(PROTOCOL.0["definitions"]["ErrorCode"]["enum"], json!(codes));
    for name in reserved() {
        let parsed = MessageKind::parse(name.as_str().unwrap());
        assert_eq!(parsed, Err(KindError::Reserved), "{name}");
    }
    for frame in sent() {
        let kind = &frame["type"];
        let others = [json!("chat"), json!("Announced!")];
        assert!(reserved().contains(kind) || others.contains(kind), "{kind}");
    }
}

#[tokio::test]
async fn the_answers_are_as_described() {
    let fixture = Fixture::start().await;
    let claims = json!({"sub": "42", "exp": crate::fixture::NOW + 60});
    let mut client = fixture.connect_v1(&claims, "/ws").await;
    let answers = [
        (
            "Subscribed",
            json!({"type": "subscribe", "topics": ["room:a", "ws:7"], "recover": {"room:a": {"epoch": "e", "offset": 1}}}),
        ),
        (
            "Published",
            json!({"type": "publish", "topic": "room:a", "data": 1}),
        ),
        ("Presence", json!({"type": "presence", "topic": "room:a"})),
        ("History", json!({"type": "history", "topic": "room:a"})),
        (
            "Acknowledged",
            json!({"type": "ack", "topic": "ws:42", "offset": 0}),
        ),
        (
            "Unsubscribed",
            json!({"type": "unsubscribe", "topics": ["room:a"]}),
        ),
    ];
    for (name, frame) in answers {
        let answer = client.ask_past_events(frame).await;
        let deviations = PROTOCOL.deviations(&definition(name), &answer["data"]);
        assert_eq!(deviations, [""; 0], "{name}: {answer}");
    }
}

#[test]
fn an_envelope_is_read_if_and_only_if_it_fits() {
    let envelopes = document(schema::ENVELOPE);
    let live = json!({"message_id": "1", "timestamp": "t", "data": {}});
    let with = |key: &str, value: Value| {
        let mut changed = live.clone();
        changed[key] = value;
        changed
    };
    let recorded = json!({"offset": 1, "epoch": "e", "user_id": "7", "type": "chat", "message_id": "1", "timestamp": "t", "text": "x"});
    for (channel, name, payload) in [
        ("websocket:broadcast", "Broadcast", json!({"type": "t"})),
        (
            "websocket:broadcast",
            "Broadcast",
            json!({"type": "t", "data": null, "project_id": "p", "user_id": "", "source": "s"}),
        ),
        (
            "websocket:broadcast",
            "Broadcast",
            json!({"type": "t", "user_id": "7", "timestamp": null, "message_id": "1"}),
        ),
        ("websocket:broadcast", "Broadcast", json!({"data": 1})),
        ("websocket:broadcast", "Broadcast", json!({"type": 1})),
        (
            "websocket:broadcast",
            "Broadcast",
            json!({"type": "t", "user_id": 7}),
        ),
        (
            "websocket:broadcast",
            "Broadcast",
            json!({"type": "t", "user_id": "a.b"}),
        ),
        (
            "websocket:broadcast",
            "Broadcast",
            json!({"type": "t", "timestamp": 7}),
        ),
        ("mithril:live:room:a", "Live", live.clone()),
        ("mithril:live:room:a", "Live", recorded),
        ("mithril:live:room:a", "Live", with("message_id", json!(1))),
        ("mithril:live:room:a", "Live", with("text", json!(1))),
        ("mithril:live:room:a", "Live", json!({"message_id": "1"})),
    ] {
        let read = Envelope::read(channel, payload.to_string().as_bytes());
        let fits = envelopes.fits(&definition(name), &payload);
        assert_eq!(fits, read.is_ok(), "{payload}: {read:?}");
    }
}
