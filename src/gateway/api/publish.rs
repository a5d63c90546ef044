//! `POST /api/v1/publish`: what is published has been recorded when it is answered.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::asker::Publisher;
use super::body::Object;
use super::error::ApiError;
use super::of_this_moment;
use crate::gateway::Gateway;
use crate::gateway::policy::{self, Intent};
use crate::history::{Appended, Idempotency, MAX_ID};
use crate::protocol::{Address, Content, EncodeError, Envelope, MessageKind, Stamp, Topic};

#[derive(Deserialize)]
pub(super) struct Message {
    topic: String,
    data: Box<RawValue>,
    #[serde(rename = "type")]
    kind: Option<String>,
    idempotency_key: Option<String>,
}

#[derive(Serialize)]
struct Published<'a> {
    message_id: &'a str,
    epoch: &'a str,
    offset: u64,
}

pub(super) async fn publish(
    State(gateway): State<Gateway>,
    publisher: Publisher,
    Object(message): Object<Message>,
) -> Result<Response, ApiError> {
    let services = &gateway.shared.services;
    let topic = match &publisher {
        Publisher::User(principal) => Topic::parse_for(&message.topic, &principal.user),
        Publisher::Service => Topic::parse(&message.topic),
    };
    let topic = topic.ok_or(ApiError::NoTopic)?;
    if let Publisher::User(principal) = &publisher {
        policy::authorize(principal, services.rules, Intent::Notify(&topic))?;
    }
    let known_by = match &message.idempotency_key {
        None => Idempotency::None,
        Some(key) if (1..=MAX_ID).contains(&key.len()) => Idempotency::Key(key),
        Some(_) => return Err(ApiError::IdempotencyKey),
    };
    let content = content(
        &publisher,
        &topic,
        &message,
        Stamp::new(services.clock.now()),
    )?;
    let envelope = Envelope::new(Address::Topic(topic), content);
    let Appended {
        position,
        message_id,
        ..
    } = services.publish_durable(&envelope, known_by).await?;
    let answer = serde_json::to_string(&Published {
        message_id: &message_id,
        epoch: &position.epoch,
        offset: position.offset,
    });
    Ok(of_this_moment(answer.map_err(EncodeError::from)?))
}

/// Without a type it is passed on word for word. With one it is what a member says where a user says
/// it in a place with members, and else a notice.
fn content(
    publisher: &Publisher,
    topic: &Topic,
    message: &Message,
    stamp: Stamp,
) -> Result<Content, ApiError> {
    let Some(kind) = &message.kind else {
        return Ok(Content::Text(message.data.get().to_owned()));
    };
    let kind = MessageKind::parse(kind)?.as_str().to_owned();
    let data = message.data.clone();
    let (timestamp, message_id) = (stamp.time(), stamp.message_id.to_string());
    Ok(match publisher {
        Publisher::User(principal) if topic.has_members() => Content::Said {
            kind,
            user: principal.user.clone(),
            data,
            timestamp,
            message_id,
        },
        Publisher::User(_) | Publisher::Service => Content::Notice {
            kind,
            data,
            timestamp: Some(timestamp),
            message_id: Some(message_id),
        },
    })
}
