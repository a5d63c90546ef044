//! A session answers every frame exactly once, and no frame ends it.
//!
//! It is the state of the protocol on one connection, without any input or output: text in, text
//! out. An internal cause is logged, never sent.

use std::sync::Arc;

use crate::clock::Clock;
use crate::protocol::{
    ClientBody, ClientMessage, Dialect, EncodeError, ErrorCode, Json, OtherTypes, RequestId,
    ServerMessage, Stamp,
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

impl Session {
    /// The answer to one text frame.
    pub(super) fn receive(&self, frame: &str) -> Result<String, EncodeError> {
        let message = match ClientMessage::decode(frame, OtherTypes::Unknown) {
            Ok(message) => message,
            Err(bad) => {
                let sentence = bad.error.to_string();
                return self.refuse(bad.error.code(), &sentence, bad.request_id.as_ref());
            }
        };
        // An expired connection may still refresh itself, so `auth` goes past.
        let refreshes = matches!(message.body, ClientBody::Auth { .. });
        let request_id = message.request_id.as_ref();
        if self.clock.now() >= self.principal.expires && !refreshes {
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

    fn respond(&self, request_id: &RequestId, data: &str) -> Result<String, EncodeError> {
        self.encode(&ServerMessage::Response { request_id, data })
    }

    fn refuse(
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

    fn encode(&self, message: &ServerMessage<'_>) -> Result<String, EncodeError> {
        message.encode(self.dialect, || Stamp::new(self.clock.now()))
    }
}
