//! What is said goes to the broker and comes back from it, to the sender too, so that all hear it in
//! one order.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Session, SessionError};
use crate::gateway::policy::{self, Forbidden, Intent};
use crate::protocol::{
    Address, Content, EncodeError, Envelope, ErrorCode, Json, MessageKind, RequestId, Stamp, Topic,
};

#[derive(Serialize)]
struct SaidAnswer<'a> {
    message_id: &'a str,
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
        let answer = SaidAnswer {
            message_id: &message_id,
        };
        let answer = serde_json::to_string(&answer).map_err(EncodeError::from)?;
        let content = Content::Said {
            kind: kind.as_str().to_owned(),
            user: self.principal.user.clone(),
            data: match data {
                Some(Json(data)) => data.to_owned(),
                None => RawValue::from_string("{}".to_owned()).map_err(EncodeError::from)?,
            },
            timestamp: stamp.time(),
            message_id,
        };
        let envelope = Envelope::new(Address::Topic(topic), content);
        self.services.relay.publish(&envelope).await?;
        self.answer(request_id, &answer)
    }

    /// Says who is in a room or a project.
    pub(super) fn presence(
        &self,
        topic: &str,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        let topic = Topic::parse_for(topic, &self.principal.user);
        let topic = topic.filter(|topic| self.may(Intent::Presence(topic)).is_ok());
        match topic {
            Some(topic) => {
                let answer = self.services.presence(&topic)?;
                self.answer(request_id, &answer)
            }
            None => self.forbid(Forbidden::Topic, request_id),
        }
    }

    /// There is no history yet, which is said to those alone who may read it.
    pub(super) fn history(
        &self,
        topic: &str,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        let topic = Topic::parse_for(topic, &self.principal.user);
        if topic.is_none_or(|topic| self.may(Intent::History(&topic)).is_err()) {
            return self.forbid(Forbidden::Topic, request_id);
        }
        let sentence = "this server keeps no history yet";
        self.refuse(ErrorCode::Unavailable, sentence, request_id)
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
