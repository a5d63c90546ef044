//! Decoding is strict, never panics, and hands out the `request_id` where there is a valid one.
//!
//! Keys that a message does not know are skipped, because clients of the older protocols send
//! `timestamp` and `message_id` with everything; a known key of the wrong type, or one given twice,
//! is an error.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    ClientBody, ClientMessage, DecodeError, Json, MessageKind, OtherTypes, Recover, RequestId,
    SentToken, Undecodable,
};
use crate::protocol::depth;

/// How deep a message may nest: what `serde_json` takes, and less than any client's parser does.
pub const MAX_DEPTH: usize = 128;

const TEXT: &str = "text";
const NUMBER: &str = "a whole number";
const TOPICS: &str = "a list of topics";
const POSITION: &str = "an epoch and an offset";
const RECOVER: &str = "an object of positions or \"cursor\" by topic";
const SUBSCRIPTION: &str = "an action, subscribe or unsubscribe, and a project_id";

/// Every field that some message reads.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    request_id: Option<&'a RawValue>,
    #[serde(borrow)]
    subject: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    topics: Option<&'a RawValue>,
    #[serde(borrow)]
    recover: Option<&'a RawValue>,
    #[serde(borrow)]
    topic: Option<&'a RawValue>,
    #[serde(borrow, rename = "kind")]
    message_kind: Option<&'a RawValue>,
    #[serde(borrow)]
    since: Option<&'a RawValue>,
    #[serde(borrow)]
    limit: Option<&'a RawValue>,
    #[serde(borrow)]
    offset: Option<&'a RawValue>,
    #[serde(borrow)]
    token: Option<&'a RawValue>,
}

/// The classic way to subscribe to a project.
#[derive(Deserialize)]
struct Subscription {
    action: SubscriptionAction,
    project_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum SubscriptionAction {
    Subscribe,
    Unsubscribe,
}

/// The classic way to authenticate.
#[derive(Deserialize)]
struct AuthData {
    token: String,
}

impl<'a> ClientMessage<'a> {
    /// Reads one text frame.
    pub fn decode(frame: &'a str, others: OtherTypes) -> Result<Self, Undecodable> {
        let mut request_id = None;
        match decode(frame, others, &mut request_id) {
            Ok(body) => Ok(Self { request_id, body }),
            Err(error) => Err(Undecodable { request_id, error }),
        }
    }
}

// The id is handed out as soon as it is known: an error later in the frame must carry it back.
fn decode<'a>(
    frame: &'a str,
    others: OtherTypes,
    id: &mut Option<RequestId>,
) -> Result<ClientBody<'a>, DecodeError> {
    if depth::exceeds(frame, MAX_DEPTH) {
        return Err(DecodeError::TooDeep);
    }
    // serde would read a struct from an array too.
    if !frame.trim_ascii_start().starts_with('{') {
        serde_json::from_str::<serde::de::IgnoredAny>(frame)?;
        return Err(DecodeError::NotAnObject);
    }
    let fields: Fields<'a> = serde_json::from_str(frame)?;
    // Encoders that cannot leave a key out write an empty id.
    *id = optional("request_id", fields.request_id, TEXT)?
        .filter(|id: &String| !id.is_empty())
        .map(RequestId);
    let kind: Option<String> = optional("type", fields.kind, TEXT)?;
    match (kind.as_deref(), others) {
        (Some(kind), _) => body(kind, &fields, others, id.is_some()),
        (None, OtherTypes::RoomMessage) => Ok(ClientBody::Room {
            kind: MessageKind::chat(),
            data: fields.data.map(Json),
        }),
        (None, OtherTypes::Unknown) => Err(DecodeError::Missing("type")),
    }
}

fn body<'a>(
    kind: &str,
    fields: &Fields<'a>,
    others: OtherTypes,
    has_id: bool,
) -> Result<ClientBody<'a>, DecodeError> {
    let data = fields.data.map(Json);
    let topic = || required("topic", fields.topic, TEXT);
    Ok(match kind {
        "ping" => ClientBody::Ping,
        "request" => ClientBody::Request {
            subject: required("subject", fields.subject, TEXT)?,
            data: if has_id {
                data
            } else {
                return Err(DecodeError::Missing("request_id"));
            },
        },
        "subscribe" => ClientBody::Subscribe {
            topics: required("topics", fields.topics, TOPICS)?,
            recover: recover(fields.recover)?,
        },
        "unsubscribe" => ClientBody::Unsubscribe {
            topics: required("topics", fields.topics, TOPICS)?,
        },
        "publish" => ClientBody::Publish {
            topic: topic()?,
            kind: message_kind(fields.message_kind)?,
            data,
        },
        "presence" => ClientBody::Presence { topic: topic()? },
        "history" => ClientBody::History {
            topic: topic()?,
            since: object("since", fields.since, POSITION)?,
            limit: optional("limit", fields.limit, NUMBER)?,
        },
        "ack" => ClientBody::Ack {
            topic: topic()?,
            offset: required("offset", fields.offset, NUMBER)?,
        },
        "auth" => ClientBody::Auth {
            token: SentToken(required("token", fields.token, TEXT)?),
        },
        "subscription" => subscription(fields.data)?,
        other => return unnamed(other, fields, others),
    })
}

fn unnamed<'a>(
    kind: &str,
    fields: &Fields<'a>,
    others: OtherTypes,
) -> Result<ClientBody<'a>, DecodeError> {
    // Some clients authenticate by answering the server in its own words.
    let token = (kind == "auth_required")
        .then(|| object::<AuthData>("data", fields.data, TEXT).ok().flatten())
        .flatten();
    match (token, others) {
        (Some(AuthData { token }), _) => Ok(ClientBody::Auth {
            token: SentToken(token),
        }),
        (None, OtherTypes::Unknown) => Err(DecodeError::UnknownType),
        (None, OtherTypes::RoomMessage) => Ok(ClientBody::Room {
            kind: MessageKind::parse(kind)?,
            data: fields.data.map(Json),
        }),
    }
}

fn subscription<'a>(data: Option<&RawValue>) -> Result<ClientBody<'a>, DecodeError> {
    let data: Subscription =
        object("data", data, SUBSCRIPTION)?.ok_or(DecodeError::Missing("data"))?;
    let topics = vec![format!("project:{}", data.project_id)];
    Ok(match data.action {
        SubscriptionAction::Subscribe => ClientBody::Subscribe {
            topics,
            recover: BTreeMap::new(),
        },
        SubscriptionAction::Unsubscribe => ClientBody::Unsubscribe { topics },
    })
}

fn message_kind(value: Option<&RawValue>) -> Result<MessageKind, DecodeError> {
    match optional::<String>("kind", value, TEXT)? {
        Some(kind) => Ok(MessageKind::parse(&kind)?),
        None => Ok(MessageKind::chat()),
    }
}

fn recover(value: Option<&RawValue>) -> Result<BTreeMap<String, Recover>, DecodeError> {
    let wrong = || DecodeError::Field {
        field: "recover",
        expected: RECOVER,
    };
    let by_topic: BTreeMap<String, &RawValue> =
        object("recover", value, RECOVER)?.unwrap_or_default();
    let from = |value: &RawValue| match value.get() {
        "\"cursor\"" => Ok(Recover::Cursor),
        _ => object("recover", Some(value), RECOVER)?
            .map(Recover::After)
            .ok_or_else(wrong),
    };
    by_topic
        .into_iter()
        .map(|(topic, value)| Ok((topic, from(value)?)))
        .collect()
}

/// A field that may be absent; `null` is absent.
fn optional<'a, T: Deserialize<'a>>(
    field: &'static str,
    value: Option<&'a RawValue>,
    expected: &'static str,
) -> Result<Option<T>, DecodeError> {
    let Some(value) = value else { return Ok(None) };
    serde_json::from_str(value.get()).map_err(|_| DecodeError::Field { field, expected })
}

fn required<'a, T: Deserialize<'a>>(
    field: &'static str,
    value: Option<&'a RawValue>,
    expected: &'static str,
) -> Result<T, DecodeError> {
    optional(field, value, expected)?.ok_or(DecodeError::Missing(field))
}

/// An object that may be absent. serde would read a struct from an array too.
fn object<'a, T: Deserialize<'a>>(
    field: &'static str,
    value: Option<&'a RawValue>,
    expected: &'static str,
) -> Result<Option<T>, DecodeError> {
    if value.is_some_and(|value| value.get().starts_with('[')) {
        return Err(DecodeError::Field { field, expected });
    }
    optional(field, value, expected)
}
