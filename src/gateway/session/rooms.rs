//! What is said goes to the history and comes back from it, to the sender too, so that all hear it in
//! one order; where it can't, it goes to this process's connections alone.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Session, SessionError};
use crate::gateway::history::{DEFAULT_LIMIT, MAX_LIMIT, Unpublished, Unread};
use crate::gateway::policy::{self, Forbidden, Intent};
use crate::history::Idempotency;
use crate::protocol::{
    Address, Content, EncodeError, Envelope, ErrorCode, Json, MessageKind, Position, RequestId,
    Stamp, Topic,
};

#[derive(Serialize)]
struct SaidAnswer<'a> {
    message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
}

#[derive(Serialize)]
struct AckAnswer {
    offset: u64,
}

impl Session {
    /// Says something to all members of a room or a project.
    pub(super) async fn say(
        &self,
        topic: Option<Topic>,
        kind: MessageKind,
        data: Option<Json<'_>>,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        let topic = match self.place(topic) {
            Ok(topic) => topic,
            Err(error) => return self.forbid(error, request_id),
        };
        let stamp = Stamp::new(self.services.clock.now());
        let message_id = stamp.message_id.to_string();
        let content = Content::Said {
            kind: kind.as_str().to_owned(),
            user: self.principal.user.clone(),
            data: match data {
                Some(Json(data)) => data.to_owned(),
                None => RawValue::from_string("{}".to_owned()).map_err(EncodeError::from)?,
            },
            timestamp: stamp.time(),
            message_id: message_id.clone(),
        };
        let _expected = self.services.hub.expect(&topic, &message_id);
        let envelope = Envelope::new(Address::Topic(topic), content);
        let published = self.services.publish_durable(&envelope, Idempotency::None);
        let offset = match published.await {
            Ok(appended) => Some(appended.position.offset),
            // Where no history answers, it goes to who is there: on all replicas if the broker is.
            Err(Unpublished::Unavailable | Unpublished::NotKept) => {
                self.services.relay.publish(&envelope).await?;
                None
            }
            // It may have come to all, or still come: here it is shown now, unless it has been.
            Err(Unpublished::Unanswered) => {
                self.services.hub.publish_once(&envelope);
                None
            }
            Err(error @ Unpublished::TooLarge) => {
                return self.refuse(ErrorCode::TooLarge, &error.to_string(), request_id);
            }
            Err(Unpublished::Encode(error)) => return Err(error.into()),
        };
        let message_id = &message_id;
        let answer = SaidAnswer { message_id, offset };
        let answer = serde_json::to_string(&answer).map_err(EncodeError::from)?;
        self.answer(request_id, &answer)
    }

    /// Says who is in a room or a project.
    pub(super) async fn presence(
        &self,
        topic: &str,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        let topic = Topic::parse_for(topic, &self.principal.user);
        let topic = topic.filter(|topic| self.may(Intent::Presence(topic)).is_ok());
        match topic {
            Some(topic) => {
                let answer = self.services.presence_of(&topic).await?;
                self.answer(request_id, &answer)
            }
            None => self.forbid(Forbidden::Members, request_id),
        }
    }

    /// Says what was published on a topic.
    pub(super) async fn history(
        &self,
        topic: &str,
        since: Option<Position>,
        limit: Option<u64>,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        let Some(topic) = self.readable(topic) else {
            return self.forbid(Forbidden::History, request_id);
        };
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if limit > MAX_LIMIT {
            let sentence = format!("at most {MAX_LIMIT} messages are read at a time");
            return self.refuse(ErrorCode::BadRequest, &sentence, request_id);
        }
        let services = &self.services;
        let read = services.read_history(&topic, since.as_ref(), limit).await;
        match read {
            Ok(answer) => self.answer_at_leisure(request_id, &answer).await,
            Err(Unread::History(error)) => {
                self.refuse(ErrorCode::Unavailable, &error.to_string(), request_id)
            }
            Err(Unread::Encode(error)) => Err(error.into()),
        }
    }

    /// The user has read a topic up to here.
    pub(super) async fn ack(
        &self,
        topic: &str,
        offset: u64,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        let Some(topic) = self.readable(topic) else {
            return self.forbid(Forbidden::History, request_id);
        };
        let user = &self.principal.user;
        match self.services.acknowledge(&topic, user, offset).await {
            Ok(offset) => {
                let answer = serde_json::to_string(&AckAnswer { offset });
                self.answer(request_id, &answer.map_err(EncodeError::from)?)
            }
            Err(error) => self.refuse(ErrorCode::Unavailable, &error.to_string(), request_id),
        }
    }

    /// A topic whose history the principal may read.
    fn readable(&self, topic: &str) -> Option<Topic> {
        let topic = Topic::parse_for(topic, &self.principal.user);
        topic.filter(|topic| self.may(Intent::History(topic)).is_ok())
    }

    /// Where the principal may speak, if that is there.
    fn place(&self, topic: Option<Topic>) -> Result<Topic, Forbidden> {
        let topic = topic.ok_or(Forbidden::Publish)?;
        let joined = self.subscriptions.is_member(&topic);
        self.may(Intent::Publish {
            topic: &topic,
            joined,
        })?;
        Ok(topic)
    }

    fn may(&self, intent: Intent<'_>) -> Result<(), Forbidden> {
        policy::authorize(&self.principal, self.services.rules, intent)
    }

    fn forbid(&self, error: Forbidden, request_id: Option<&RequestId>) -> Result<(), SessionError> {
        self.refuse(ErrorCode::Forbidden, &error.to_string(), request_id)
    }
}
