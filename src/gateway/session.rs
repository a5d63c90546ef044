//! A session answers every frame exactly once, and no frame ends it.
//!
//! It is the state of the protocol on one connection: text comes in, and answers go into the same
//! outbox as events, so that their order on the socket is the order in which they happened. An
//! internal cause is logged, never sent.

mod joining;
mod rooms;
mod subscriptions;
#[cfg(test)]
mod tests;
mod topics;
mod wishes;

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::ids::RoomId;
use crate::presence::Place;
use crate::protocol::{
    ClientBody, ClientMessage, CloseCode, Dialect, EncodeError, ErrorCode, Json, OtherTypes,
    RequestId, SentToken, ServerMessage, Stamp, Topic, Undecodable,
};

use super::auth::Principal;
use super::gatekeeper::Unproven;
use super::hub::{Membership, Recipient};
use super::outbox::{Full, Outbox};
use super::presence::Seat;
use super::services::Services;
use super::socket::Frame;
use joining::Unread;
use subscriptions::Subscriptions;

/// The answer to a `ping` that carries a `request_id`.
const PONG: &str = r#"{"type":"pong"}"#;

/// The protocol state of one connection.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) principal: Principal,
    recipient: Arc<Recipient>,
    /// The room that the connection was opened on.
    home: Option<Topic>,
    subscriptions: Subscriptions,
    /// Where the user is first sent what came while there was no connection.
    unread: Option<Unread>,
    /// The user's place among all who are connected, where other replicas ask for it.
    presence: Option<Box<Seat>>,
    pub(super) services: Arc<Services>,
    /// What is for everyone is for this connection.
    _entry: Membership,
}

/// Why a session can't go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    /// Its frames are not read.
    #[error(transparent)]
    Full(#[from] Full),
    /// An answer has no JSON form.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl SessionError {
    /// The code to close with.
    pub(super) fn code(&self) -> CloseCode {
        match self {
            Self::Full(_) => CloseCode::SlowConsumer,
            Self::Encode(_) => CloseCode::Internal,
        }
    }
}

/// What one text frame leads to.
#[derive(Debug)]
pub(super) enum Reaction {
    /// Nothing more: it has been answered.
    Answered,
    /// A token is to be checked, and then answered.
    Prove {
        /// The token.
        token: SentToken,
        /// What the answer carries back.
        request_id: Option<RequestId>,
    },
}

impl Session {
    /// The session of a connection with this number, which may have been opened on a room.
    pub(super) fn new(
        services: Arc<Services>,
        principal: Principal,
        dialect: Dialect,
        (number, home): (u64, Option<RoomId>),
        outbox: Arc<Outbox>,
    ) -> Self {
        let recipient = Arc::new(Recipient {
            number,
            dialect,
            outbox,
        });
        Self {
            _entry: services.hub.enter(&recipient),
            principal,
            recipient,
            home: home.map(Topic::Room),
            subscriptions: Subscriptions::default(),
            unread: None,
            presence: None,
            services,
        }
    }

    /// What the connection speaks.
    pub(super) fn dialect(&self) -> Dialect {
        self.recipient.dialect
    }

    /// When it opens, the user is first sent what came while there was no connection, on no replica,
    /// if this is the user's only one in this process. In any case it is one.
    pub(super) fn deliver_unread(&mut self, is_only: bool) {
        let services = &self.services;
        let mut first = None;
        if services.presence.renewal().is_some() {
            let user = &self.principal.user;
            let asks = is_only.then(|| {
                let (asks, answer) = oneshot::channel();
                first = Some(answer);
                asks
            });
            let seat = services.roster.enter(Place::Everyone, user, asks);
            self.presence = Some(Box::new(seat));
        }
        self.unread = is_only.then_some(Unread { first });
    }

    /// Follows what a connection follows without asking: its user, and the room it was opened on.
    pub(super) async fn open(&mut self) {
        let own = Topic::User(self.principal.user.clone());
        let topics = std::iter::once(own).chain(self.home.clone());
        for topic in topics {
            self.follow(topic).await;
        }
    }

    /// Answers one text frame, but for a token: that is for who can check it.
    pub(super) async fn receive(&mut self, frame: &str) -> Result<Reaction, SessionError> {
        match ClientMessage::decode(frame, self.others()) {
            // An expired connection may still refresh itself.
            Ok(ClientMessage {
                request_id,
                body: ClientBody::Auth { token },
            }) => Ok(Reaction::Prove { token, request_id }),
            Ok(ClientMessage { request_id, body }) => {
                self.react(body, request_id.as_ref()).await?;
                Ok(Reaction::Answered)
            }
            Err(Undecodable { request_id, error }) => {
                self.refuse(error.code(), &error.to_string(), request_id.as_ref())?;
                Ok(Reaction::Answered)
            }
        }
    }

    /// Answers a frame that is one too many.
    pub(super) fn limited(&self, frame: &str) -> Result<(), SessionError> {
        let request_id = match ClientMessage::decode(frame, self.others()) {
            Ok(message) => message.request_id,
            Err(bad) => bad.request_id,
        };
        let sentence = "these are too many messages";
        self.refuse(ErrorCode::RateLimited, sentence, request_id.as_ref())
    }

    /// The same user with another token: what it grants counts from now on.
    pub(super) async fn renewed(
        &mut self,
        principal: Principal,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        let user = &principal.user;
        self.send(&ServerMessage::AuthSuccess { user })?;
        self.answer(request_id, "{}")?;
        self.refresh(principal).await
    }

    /// A token that changes nothing.
    pub(super) fn unproven(
        &self,
        unproven: &Unproven,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        self.send(&unproven.message())?;
        match request_id {
            Some(_) => self.refuse(ErrorCode::AuthFailed, unproven.sentence(), request_id),
            None => Ok(()),
        }
    }

    /// What a message of no known type is.
    fn others(&self) -> OtherTypes {
        match self.home {
            Some(_) => OtherTypes::RoomMessage,
            None => OtherTypes::Unknown,
        }
    }

    async fn react(
        &mut self,
        body: ClientBody<'_>,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        if self.services.clock.now() >= self.principal.expires {
            let sentence = "the token has expired";
            return self.refuse(ErrorCode::AuthFailed, sentence, request_id);
        }
        match body {
            ClientBody::Ping => match request_id {
                None => self.send(&ServerMessage::Pong),
                Some(_) => self.answer(request_id, PONG),
            },
            ClientBody::Request { subject, data } => {
                let data = data.map(|Json(data)| data);
                self.request(&subject, data, request_id).await
            }
            ClientBody::Subscribe { topics, recover } => {
                self.subscribe(&topics, &recover, request_id).await
            }
            ClientBody::Unsubscribe { topics } => self.unsubscribe(&topics, request_id),
            ClientBody::Publish { topic, kind, data } => {
                let topic = Topic::parse_for(&topic, &self.principal.user);
                self.say(topic, kind, data, request_id).await
            }
            ClientBody::Room { kind, data } => {
                self.say(self.home.clone(), kind, data, request_id).await
            }
            ClientBody::Presence { topic } => self.presence(&topic, request_id).await,
            ClientBody::History {
                topic,
                since,
                limit,
            } => self.history(&topic, since, limit, request_id).await,
            ClientBody::Ack { topic, offset } => self.ack(&topic, offset, request_id).await,
            // `receive` hands tokens on.
            ClientBody::Auth { .. } => Ok(()),
        }
    }

    async fn request(
        &self,
        subject: &str,
        data: Option<&serde_json::value::RawValue>,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        let services = &self.services;
        let answer = services
            .dispatch
            .answer(&self.principal, services.rules, subject, data)
            .await;
        match answer {
            Ok(answer) => {
                self.answer(request_id, &answer.data)?;
                if let Some(launch) = answer.launched {
                    services.announce_launch(&launch).await?;
                }
                Ok(())
            }
            Err(error) => {
                let code = error.code();
                tracing::debug!(?request_id, ?subject, code = code.as_str(), "refused");
                self.refuse(code, &error.to_string(), request_id)
            }
        }
    }

    /// Answers a message that was done as asked, where it wants an answer.
    fn answer(&self, request_id: Option<&RequestId>, data: &str) -> Result<(), SessionError> {
        match request_id {
            Some(request_id) => self.send(&ServerMessage::Response { request_id, data }),
            None => Ok(()),
        }
    }

    /// The same with what may be large: it waits until there is room, so that whoever asks while
    /// events come is not taken for one who does not read.
    async fn answer_at_leisure(
        &self,
        request_id: Option<&RequestId>,
        data: &str,
    ) -> Result<(), SessionError> {
        let Some(request_id) = request_id else {
            return Ok(());
        };
        let mut frame = Frame::from(self.encode(&ServerMessage::Response { request_id, data })?);
        let outbox = &self.recipient.outbox;
        loop {
            outbox.room_for(frame.len()).await;
            match outbox.offer(frame, None) {
                Ok(()) => return Ok(()),
                Err((back, _)) => frame = back,
            }
        }
    }

    fn refuse(
        &self,
        code: ErrorCode,
        sentence: &str,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        self.send(&ServerMessage::Error {
            code,
            sentence,
            request_id,
        })
    }

    fn send(&self, message: &ServerMessage<'_>) -> Result<(), SessionError> {
        Ok(self.recipient.outbox.push(self.encode(message)?.into())?)
    }

    fn encode(&self, message: &ServerMessage<'_>) -> Result<String, EncodeError> {
        let stamp = || Stamp::new(self.services.clock.now());
        message.encode(self.recipient.dialect, stamp)
    }
}
