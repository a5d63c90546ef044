//! A session answers every frame exactly once, and no frame ends it.
//!
//! It is the state of the protocol on one connection, without any input or output: text in, text
//! out. An internal cause is logged, never sent.

use std::sync::Arc;

use crate::clock::Clock;
use crate::protocol::{
    ClientBody, ClientMessage, Dialect, EncodeError, ErrorCode, Json, OtherTypes, RequestId,
    SentToken, ServerMessage, Stamp, Undecodable,
};

use super::auth::Principal;
use super::dispatch::Dispatch;

/// The answer to a `ping` that carries a `request_id`.
const PONG: &str = r#"{"type":"pong"}"#;

/// The protocol state of one connection.
#[derive(Debug)]
pub(super) struct Session {
    /// Who the connection belongs to.
    pub(super) principal: Principal,
    /// What the connection speaks.
    pub(super) dialect: Dialect,
    /// What answers its requests.
    pub(super) dispatch: Arc<Dispatch>,
    /// What time it is.
    pub(super) clock: Clock,
}

/// What one text frame leads to.
#[derive(Debug)]
pub(super) enum Reaction {
    /// An answer.
    Answer(String),
    /// A token that is to be checked.
    Prove {
        /// The token.
        token: SentToken,
        /// What the answer carries back.
        request_id: Option<RequestId>,
    },
}

impl Session {
    /// What one text frame leads to.
    pub(super) fn receive(&self, frame: &str) -> Result<Reaction, EncodeError> {
        match ClientMessage::decode(frame, OtherTypes::Unknown) {
            Ok(ClientMessage {
                request_id,
                body: ClientBody::Auth { token },
            }) => Ok(Reaction::Prove { token, request_id }),
            decoded => self.answer(decoded).map(Reaction::Answer),
        }
    }

    /// The principal is the same user with another token: what it grants counts from now on.
    pub(super) fn renewed(&mut self, principal: Principal) {
        self.principal = principal;
    }

    /// The answer to a frame that is one too many.
    pub(super) fn limited(&self, frame: &str) -> Result<String, EncodeError> {
        let request_id = match ClientMessage::decode(frame, OtherTypes::Unknown) {
            Ok(message) => message.request_id,
            Err(bad) => bad.request_id,
        };
        let sentence = "these are too many messages";
        self.refuse(ErrorCode::RateLimited, sentence, request_id.as_ref())
    }

    fn answer(
        &self,
        decoded: Result<ClientMessage<'_>, Undecodable>,
    ) -> Result<String, EncodeError> {
        let message = match decoded {
            Ok(message) => message,
            Err(bad) => {
                let sentence = bad.error.to_string();
                return self.refuse(bad.error.code(), &sentence, bad.request_id.as_ref());
            }
        };
        let request_id = message.request_id.as_ref();
        if self.clock.now() >= self.principal.expires {
            let sentence = "the token has expired";
            return self.refuse(ErrorCode::AuthFailed, sentence, request_id);
        }
        match (message.body, request_id) {
            (ClientBody::Ping, None) => self.encode(&ServerMessage::Pong),
            (ClientBody::Ping, Some(request_id)) => self.respond(request_id, PONG),
            (ClientBody::Request { subject, data }, Some(request_id)) => {
                let data = data.map(|Json(data)| data);
                match self.dispatch.answer(&self.principal, &subject, data) {
                    Ok(data) => self.respond(request_id, &data),
                    Err(error) => {
                        let code = error.code();
                        tracing::debug!(?request_id, ?subject, code = code.as_str(), "refused");
                        self.refuse(code, &error.to_string(), Some(request_id))
                    }
                }
            }
            (_, request_id) => {
                let sentence = "this server does not serve that yet";
                self.refuse(ErrorCode::Unavailable, sentence, request_id)
            }
        }
    }

    pub(super) fn respond(
        &self,
        request_id: &RequestId,
        data: &str,
    ) -> Result<String, EncodeError> {
        self.encode(&ServerMessage::Response { request_id, data })
    }

    pub(super) fn refuse(
        &self,
        code: ErrorCode,
        sentence: &str,
        request_id: Option<&RequestId>,
    ) -> Result<String, EncodeError> {
        self.encode(&ServerMessage::Error {
            code,
            sentence,
            request_id,
        })
    }

    pub(super) fn encode(&self, message: &ServerMessage<'_>) -> Result<String, EncodeError> {
        message.encode(self.dialect, || Stamp::new(self.clock.now()))
    }
}
